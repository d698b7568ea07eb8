//! Which files are looked at, and of which the contents are taken: only of those that are known to be configuration.
//!
//! Entry point: [`Watch::all`].

use std::collections::{BTreeMap, BTreeSet};

use api::{Value, object};

use super::kubeconfig;
use super::programs::Program;
use super::redact;
use super::root::Root;

/// The most files that are told of.
const MOST_FILES: usize = 20_000;
/// How deep directories are looked into.
const DEEP: usize = 6;

/// Directories that are told of with everything below them.
const TREES: &[&str] = &[
    "/etc/kubernetes",
    "/etc/cni/net.d",
    "/var/lib/kubelet/pki",
    "/var/lib/rancher/k3s/agent/etc/cni/net.d",
    "/var/lib/rancher/k3s/agent/pod-manifests",
    "/var/lib/rancher/k3s/server/cred",
    "/var/lib/rancher/k3s/server/tls",
    "/var/lib/rancher/rke2/agent/pod-manifests",
    "/var/lib/rancher/rke2/server/cred",
    "/var/lib/rancher/rke2/server/tls",
    "/etc/rancher",
    "/var/snap/microk8s/current/args",
    "/var/snap/microk8s/current/certs",
    "/var/snap/microk8s/current/credentials",
];

/// Files and directories that are told of by themselves.
const PLACES: &[&str] = &[
    "/var/lib/etcd",
    "/var/lib/kubelet",
    "/var/lib/kubelet/config.yaml",
    "/var/lib/kubelet/kubeconfig",
    "/var/lib/kube-proxy/kubeconfig",
    "/etc/docker/daemon.json",
    "/etc/containerd/config.toml",
    "/etc/crio/crio.conf",
    "/run/containerd/containerd.sock",
    "/run/docker.sock",
    "/run/crio/crio.sock",
    "/run/cri-dockerd.sock",
    "/run/podman/podman.sock",
    "/run/k3s/containerd/containerd.sock",
    "/var/snap/microk8s/common/run/containerd.sock",
    "/var/log",
    "/var/log/audit",
    "/var/log/syslog",
    "/var/log/messages",
    "/var/log/journal",
];

/// Configuration that is neither YAML nor JSON: the file, the directory of its drop-ins, and the settings that are told.
const LINES: &[(&str, &str, &[&str])] = &[
    ("/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d", &["PasswordAuthentication", "Match", "Include"]),
    ("/etc/systemd/journald.conf", "/etc/systemd/journald.conf.d", &["Storage"]),
];

/// Flags whose files are configuration: their contents are taken.
const CONFIGURATION: &[&str] = &[
    "config",
    "audit-policy-file",
    "admission-control-config-file",
    "authentication-config",
    "authorization-config",
    "egress-selector-config-file",
    "encryption-provider-config",
    "openshift-config",
    "tracing-config-file",
];

/// The most bytes of contents that are told, all taken together.
const MOST_CONTENT: usize = 64 << 20;

/// Members of configuration by which the kubelet, kube-proxy and etcd name files.
const NAMED: &[&[&str]] = &[
    &["authentication", "x509", "clientCAFile"],
    &["tlsCertFile"],
    &["tlsPrivateKeyFile"],
    &["clientConnection", "kubeconfig"],
    &["data-dir"],
    &["client-transport-security", "cert-file"],
    &["client-transport-security", "key-file"],
    &["client-transport-security", "trusted-ca-file"],
    &["peer-transport-security", "cert-file"],
    &["peer-transport-security", "key-file"],
    &["peer-transport-security", "trusted-ca-file"],
];

/// Flags whose directories hold nothing but what belongs to them: they are told of with all below them.
const DIRECTORIES: &[&str] = &["config-dir", "pod-manifest-path", "cert-dir"];

/// Where static pods are.
const MANIFESTS: [&str; 3] = [
    "/etc/kubernetes/manifests",
    "/var/lib/rancher/k3s/agent/pod-manifests",
    "/var/lib/rancher/rke2/agent/pod-manifests",
];

/// What is told of files.
#[derive(Default)]
pub(super) struct Watch {
    files: BTreeMap<String, Value>,
    contents: BTreeMap<String, String>,
    certificates: Vec<(String, String)>,
    /// Bytes of contents and certificates.
    taken: usize,
    full: bool,
}

impl Watch {
    /// Everything that is to be told, by what always is and by what running programs name.
    pub(super) fn all(root: &mut Root, programs: &[Program], more: &[String]) -> Self {
        let mut watch = Self::default();
        TREES.iter().for_each(|path| watch.tree(root, path, DEEP));
        LINES.iter().for_each(|(path, directory, known)| watch.lines(root, path, directory, known));
        PLACES.iter().for_each(|path| watch.place(root, path));
        root.lack_unmounted("/run");
        more.iter().for_each(|path| watch.place(root, path));
        let mut seen = BTreeSet::new();
        for program in programs {
            watch.named_by(root, &program.name, &program.words(), &mut seen);
        }
        // Static pods name files too, such as those of the API server; also when it does not run.
        for (name, words) in watch.manifests(root, programs) {
            watch.named_by(root, &name, &words, &mut seen);
        }
        watch.content_of(root, "/etc/docker/daemon.json");
        if let Some(text) = root.read("/etc/containerd/config.toml") {
            watch.keep(root, "/etc/containerd/config.toml", redact::toml(&text));
        }
        let networks = root.list("/etc/cni/net.d").into_iter();
        for file in networks.filter(|f| f.ends_with(".conf") || f.ends_with(".conflist")) {
            watch.content_of(root, &format!("/etc/cni/net.d/{file}"));
        }
        watch.certificates(root);
        watch
    }

    /// Files, sorted by path; contents beside them.
    pub(super) fn files(&self) -> Vec<Value> {
        let told = |(path, facts): (&String, &Value)| {
            let mut facts = facts.clone();
            if let Some(content) = self.contents.get(path) {
                facts.set_at(&["content"], content.as_str());
            }
            facts
        };
        self.files.iter().map(told).collect()
    }

    /// Certificates, sorted by path.
    pub(super) fn pems(&self) -> Vec<Value> {
        let told =
            |(path, pem): &(String, String)| object! { "path" => path.as_str(), "pem" => pem.as_str() };
        self.certificates.iter().map(told).collect()
    }

    fn place(&mut self, root: &mut Root, path: &str) {
        let path = if path.len() > 1 { path.trim_end_matches('/') } else { path };
        if self.files.len() >= MOST_FILES {
            if !std::mem::replace(&mut self.full, true) {
                root.lack("files", "there are more than 20000", "look at the rest by hand");
            }
        } else if let Some(stat) = root.stat(path) {
            self.files.insert(path.to_owned(), root.facts(path, &stat));
        }
    }

    fn tree(&mut self, root: &mut Root, path: &str, deep: usize) {
        self.branch(root, path, deep, &mut Vec::new());
    }

    /// `above` are the directories that lead there: a link to one of them leads nowhere new.
    fn branch(&mut self, root: &mut Root, path: &str, deep: usize, above: &mut Vec<String>) {
        self.place(root, path);
        let Some(deep) = deep.checked_sub(1) else { return };
        let Some(stat) = root.stat(path).filter(|stat| stat.kind == "directory") else { return };
        if self.full || above.contains(&stat.target) {
            return;
        }
        above.push(stat.target);
        for name in root.list(path) {
            self.branch(root, &format!("{path}/{name}"), deep, above);
        }
        above.pop();
    }

    /// Lines of a configuration and its drop-ins.
    fn lines(&mut self, root: &mut Root, path: &str, directory: &str, known: &[&str]) {
        let drop_ins = root.list(directory).into_iter().filter(|name| name.ends_with(".conf"));
        let drop_ins = drop_ins.map(|name| format!("{directory}/{name}"));
        for path in std::iter::once(path.to_owned()).chain(drop_ins) {
            self.place(root, &path);
            if let Some(text) = root.read(&path) {
                self.keep(root, &path, redact::lines(&text, known));
            }
        }
    }

    /// Keeps what stands in a file, as long as there is room.
    fn keep(&mut self, root: &mut Root, path: &str, text: String) {
        self.taken = self.taken.saturating_add(text.len());
        if self.has_room(root) {
            self.contents.insert(path.to_owned(), text);
        }
    }

    fn has_room(&self, root: &mut Root) -> bool {
        let has_room = self.taken <= MOST_CONTENT;
        if !has_room {
            root.lack("contents", "more than 64 MiB were read", "look at the rest by hand");
        }
        has_room
    }

    /// Files that a command line names: by flags with a path, each once.
    fn named_by(&mut self, root: &mut Root, name: &str, words: &[String], seen: &mut BTreeSet<String>) {
        let mut words = words.iter().peekable();
        while let Some(word) = words.next() {
            let Some(flag) = word.strip_prefix("--") else { continue };
            let (flag, path) = match flag.split_once('=') {
                Some((flag, value)) => (flag, value.to_owned()),
                None => (flag, words.next_if(|w| is_path(w)).cloned().unwrap_or_default()),
            };
            let path = path.strip_prefix("unix://").unwrap_or(&path).trim_end_matches('/');
            let flag = flag.replace('_', "-");
            if !path.starts_with('/') || !seen.insert(format!("{name} {flag} {path}")) {
                continue;
            }
            root.lack_unmounted(path);
            self.flag(root, name, &flag, path);
        }
    }

    fn flag(&mut self, root: &mut Root, name: &str, flag: &str, path: &str) {
        match flag {
            flag if DIRECTORIES.contains(&flag) => {
                self.tree(root, path, DEEP);
                let inside: Vec<_> = self.below(path).filter(|file| is_text(file)).collect();
                for file in inside {
                    self.content_of(root, &file);
                    self.named_inside(root, &file);
                }
            }
            // Others have other configuration, with who knows what in it.
            flag if CONFIGURATION.contains(&flag) && name.starts_with("kube")
                || flag == "config-file" && name == "etcd" =>
            {
                self.place(root, path);
                self.content_of(root, path);
                self.named_inside(root, path);
            }
            "kubeconfig" => {
                self.place(root, path);
                self.credentials(root, path);
            }
            "audit-log-path" => {
                let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
                if !directory.is_empty() {
                    self.tree(root, directory, 2);
                }
                self.place(root, path);
            }
            _ => self.place(root, path),
        }
    }

    /// By what a kubeconfig proves who somebody is.
    fn credentials(&mut self, root: &mut Root, path: &str) {
        let kinds = root.read(path).and_then(|text| kubeconfig::credentials(&text));
        if let (Some(kinds), Some(facts)) = (kinds, self.files.get_mut(path)) {
            facts.set_at(&["credentials"], kinds.into_iter().map(Value::from).collect::<Vec<_>>());
        }
    }

    /// Files that a configuration names: plug-ins of admission, static pods, certificates.
    fn named_inside(&mut self, root: &mut Root, path: &str) {
        let Some(parsed) = self.contents.get(path).and_then(|text| codec::yaml::parse(text.as_bytes()).ok())
        else {
            return;
        };
        let value = parsed.value;
        for plugin in value.array_at(&["plugins"]) {
            let named = plugin.str_at(&["path"]);
            if named.starts_with('/') {
                self.place(root, named);
                self.content_of(root, named);
            }
        }
        let named = NAMED.iter().map(|member| value.str_at(member));
        for named in named.filter(|path| path.starts_with('/')) {
            root.lack_unmounted(named);
            self.place(root, named);
        }
        let manifests = value.str_at(&["staticPodPath"]);
        if manifests.starts_with('/') {
            self.tree(root, manifests, 2);
        }
    }

    /// Static pods: their contents are taken, and their commands are given back.
    fn manifests(&mut self, root: &mut Root, programs: &[Program]) -> Vec<(String, Vec<String>)> {
        let configured = self.contents.values().filter_map(|text| {
            let value = codec::yaml::parse(text.as_bytes()).ok()?.value;
            Some(value.str_at(&["staticPodPath"]).to_owned())
        });
        let flags = programs.iter().filter(|program| program.name == "kubelet").flat_map(Program::words);
        let flags = flags.filter_map(|word| Some(word.strip_prefix("--pod-manifest-path=")?.to_owned()));
        let mut directories: BTreeSet<_> = configured.chain(flags).filter(|p| p.starts_with('/')).collect();
        directories.extend(MANIFESTS.map(str::to_owned));
        let mut commands = Vec::new();
        for directory in directories {
            let files: Vec<_> = self.below(&directory).collect();
            for path in files {
                self.content_of(root, &path);
                commands.extend(self.contents.get(&path).into_iter().flat_map(|text| pod_commands(text)));
            }
        }
        commands
    }

    fn below(&self, directory: &str) -> impl Iterator<Item = String> {
        let start = format!("{}/", directory.trim_end_matches('/'));
        let files = self.files.iter().filter(|(_, facts)| facts.str_at(&["type"]) == "file");
        let paths = files.map(|(path, _)| path.clone()).filter(|path| path.starts_with(&start));
        paths.collect::<Vec<_>>().into_iter()
    }

    /// Takes the contents of a file without credentials.
    fn content_of(&mut self, root: &mut Root, path: &str) {
        if !self.has_room(root) {
            return;
        }
        let Some(text) = root.read(path) else { return };
        match redact::document(&text) {
            Some(text) => self.keep(root, path, text),
            None => root.lack(path, "it is neither YAML nor JSON", "look at it by hand"),
        }
    }

    /// Certificates: of files that end as such, and of kubeconfigs.
    fn certificates(&mut self, root: &mut Root) {
        let paths: Vec<_> = self.files.keys().cloned().collect();
        for path in paths {
            let pem = if path.ends_with(".crt") || path.ends_with(".pem") && !path.ends_with("-key.pem") {
                root.read(&path).and_then(|text| redact::certificates(&text))
            } else if path.starts_with("/etc/kubernetes/") && path.ends_with(".conf") {
                root.read(&path).and_then(|text| kubeconfig::certificates(&text))
            } else {
                continue;
            };
            let Some(pem) = pem else { continue };
            self.taken = self.taken.saturating_add(pem.len());
            if !self.has_room(root) {
                root.lack("certificates", "more than 64 MiB were read", "look at the rest by hand");
                return;
            }
            self.certificates.push((path, pem));
        }
    }
}

fn is_path(word: &str) -> bool {
    word.starts_with('/') || word.starts_with("unix:///")
}

fn is_text(path: &str) -> bool {
    [".conf", ".yaml", ".yml", ".json", ".manifest"].iter().any(|end| path.ends_with(end))
}

/// The commands of a pod's containers with their arguments, by the name of the program: behind a launcher, or in a script.
fn pod_commands(text: &str) -> Vec<(String, Vec<String>)> {
    let Ok(parsed) = codec::yaml::parse(text.as_bytes()) else { return Vec::new() };
    let command = |container: &Value| {
        let words = ["command", "args"].into_iter().flat_map(|list| container.array_at(&[list]).to_vec());
        let words = words.filter_map(|word| word.as_str().map(str::to_owned));
        let words = words.flat_map(|word| {
            let parts = word.split_whitespace().map(|part| part.trim_matches(['"', '\'']).to_owned());
            parts.collect::<Vec<_>>()
        });
        let words: Vec<_> = words.collect();
        let base = |word: &String| word.rsplit('/').next().unwrap_or("").to_owned();
        let name = words.iter().map(base).find(|name| name.starts_with("kube-") || name == "etcd");
        Some((name.or_else(|| words.first().map(base))?, words))
    };
    parsed.value.array_at(&["spec", "containers"]).iter().filter_map(command).collect()
}
