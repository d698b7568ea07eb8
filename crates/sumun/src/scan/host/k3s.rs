//! k3s: one program has all of Kubernetes inside.  By what flags each part runs follows from the unit, the configuration
//! files, and what k3s sets by itself.
//!
//! Entry point: [`programs`].

use std::collections::BTreeMap;

use api::Value;

use super::programs::Program;
use super::root::Root;
use super::units;

pub(super) const NAME: &str = "k3s";

const CONFIGURATION: &str = "/etc/rancher/k3s/config.yaml";
const DATA: &str = "/var/lib/rancher/k3s";

/// A part: its name, the options with flags for it, the options that switch it off, and its own flags.
struct Part {
    name: &'static str,
    extra: &'static [&'static str],
    off: &'static [&'static str],
    flags: fn(&Options, &mut Root) -> Vec<(&'static str, String)>,
}

const SERVER: &[Part] = &[
    Part {
        name: "kube-apiserver",
        extra: &["kube-apiserver-arg"],
        off: &["disable-apiserver"],
        flags: api_server,
    },
    Part {
        name: "kube-controller-manager",
        extra: &["kube-controller-manager-arg", "kube-controller-arg"],
        off: &["disable-controller-manager"],
        flags: controller_manager,
    },
    Part {
        name: "kube-scheduler",
        extra: &["kube-scheduler-arg"],
        off: &["disable-scheduler"],
        flags: scheduler,
    },
];

const AGENT: &[Part] = &[
    Part { name: "kubelet", extra: &["kubelet-arg"], off: &["disable-agent"], flags: kubelet },
    Part {
        name: "kube-proxy",
        extra: &["kube-proxy-arg"],
        off: &["disable-kube-proxy", "disable-agent"],
        flags: proxy,
    },
];

/// What k3s was told: of its files, then of its command line.
struct Options(BTreeMap<String, Vec<String>>);

/// The parts that a k3s runs.
pub(super) fn programs(root: &mut Root, args: &[String]) -> Vec<Program> {
    let words: Vec<&str> = args.iter().flat_map(|word| word.split_ascii_whitespace()).skip(1).collect();
    let (role, service) = match words.first() {
        Some(&"server") => ("server", "k3s.service"),
        Some(&"agent") => ("agent", "k3s-agent.service"),
        _ => return Vec::new(),
    };
    // It hides its command line, as that may hold passwords; the unit has it.
    let started = if words.len() > 1 {
        Some(words.iter().map(|word| (*word).to_owned()).collect())
    } else {
        units::command(root, service)
    };
    let Some(started) = started else {
        root.lack("processes", "how k3s was started is not known: it hides its arguments", "tell by hand");
        return Vec::new();
    };
    let words: Vec<String> = started.into_iter().skip_while(|word| word != role).skip(1).collect();
    let Some(options) = Options::of(root, &words) else { return Vec::new() };
    let mut found = Vec::new();
    if role == "server" {
        found.extend(SERVER.iter().filter_map(|part| part.program(root, &options)));
        found.extend(etcd(root, &options));
    }
    found.extend(AGENT.iter().filter_map(|part| part.program(root, &options)));
    found
}

/// The members of etcd that k3s runs have a configuration file.
fn etcd(root: &mut Root, options: &Options) -> Option<Program> {
    let path = options.below("server/db/etcd/config");
    root.exists(&path).then(|| Program::inside(NAME, "etcd", [format!("--config-file={path}")]))
}

impl Part {
    fn program(&self, root: &mut Root, options: &Options) -> Option<Program> {
        if self.off.iter().any(|off| options.is(off)) {
            return None;
        }
        let own = (self.flags)(options, root);
        let extra: Vec<&str> = self.extra.iter().flat_map(|name| options.all(name)).collect();
        Some(Program::inside(NAME, self.name, merged(own, &extra)))
    }
}

impl Options {
    /// `None` when a file that would tell cannot be read, which is said.
    fn of(root: &mut Root, words: &[String]) -> Option<Self> {
        let mut of_words = Self(BTreeMap::new());
        of_words.read_words(words);
        let path = of_words.last("config").or(of_words.last("c")).unwrap_or(CONFIGURATION).to_owned();
        let directory = format!("{path}.d");
        let mut files = vec![path];
        let inside = root.list(&directory).into_iter();
        let inside = inside.filter(|name| name.ends_with(".yaml") || name.ends_with(".yml"));
        files.extend(inside.map(|name| format!("{directory}/{name}")));
        let mut options = Self(BTreeMap::new());
        for file in files {
            let there = root.exists(&file) || root.is_missing(&file);
            let text = root.read(&file);
            let value = text.and_then(|text| codec::yaml::parse(text.as_bytes()).ok());
            match value {
                Some(parsed) => options.read_file(&parsed.value),
                None if there => {
                    root.lack(
                        "processes",
                        format!("{file}, by which k3s runs, cannot be read"),
                        "run as root",
                    );
                    return None;
                }
                None => {}
            }
        }
        // The command line comes behind the files: lists add up, else the last one counts.
        for (name, values) in of_words.0 {
            options.0.entry(name).or_default().extend(values);
        }
        Some(options)
    }

    /// A later file replaces what an earlier one said, unless the name ends in `+`.
    fn read_file(&mut self, file: &Value) {
        for (name, value) in file.as_object().into_iter().flat_map(|members| members.iter()) {
            let values =
                value.as_array().map_or_else(|| vec![text(value)], |all| all.iter().map(text).collect());
            match name.strip_suffix('+') {
                Some(name) => self.0.entry(name.to_owned()).or_default().extend(values),
                None => {
                    self.0.insert(name.to_owned(), values);
                }
            }
        }
    }

    fn read_words(&mut self, words: &[String]) {
        let mut words = words.iter().peekable();
        while let Some(word) = words.next() {
            let Some(flag) = word.strip_prefix("--").or_else(|| word.strip_prefix('-')) else { continue };
            let (name, value) = match flag.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (flag, words.next_if(|next| !next.starts_with('-')).cloned()),
            };
            self.0.entry(name.to_owned()).or_default().push(value.unwrap_or_else(|| "true".to_owned()));
        }
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.get(name).into_iter().flatten().map(String::as_str)
    }

    fn last(&self, name: &str) -> Option<&str> {
        self.all(name).last()
    }

    fn is(&self, name: &str) -> bool {
        self.last(name).is_some_and(|value| value != "false")
    }

    /// A path below the directory where k3s keeps everything.
    fn below(&self, path: &str) -> String {
        let data = self.last("data-dir").or(self.last("d")).unwrap_or(DATA);
        format!("{}/{path}", data.trim_end_matches('/'))
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| api::json::to_string(value), str::to_owned)
}

/// Flags of k3s's own, over which those that somebody gave count: in their stead, or beside them behind a `+` or `-`.
fn merged(own: Vec<(&'static str, String)>, extra: &[&str]) -> Vec<String> {
    let mut all: BTreeMap<String, Vec<String>> =
        own.into_iter().map(|(name, value)| (name.to_owned(), vec![value])).collect();
    let mut given: BTreeMap<String, ()> = BTreeMap::new();
    for flag in extra {
        let flag = flag.trim_start_matches("--");
        let (name, value) = flag.split_once('=').unwrap_or((flag, "true"));
        let bare = name.trim_end_matches(['+', '-']).to_owned();
        let values = all.entry(bare.clone()).or_default();
        let first = given.insert(bare, ()).is_none();
        if first && !name.ends_with(['+', '-']) {
            values.clear();
        }
        let at = if name.ends_with('-') { 0 } else { values.len() };
        values.insert(at, value.to_owned());
    }
    let flags = |(name, values): (String, Vec<String>)| {
        values.into_iter().map(move |value| format!("--{name}={value}"))
    };
    all.into_iter().flat_map(flags).collect()
}

fn api_server(options: &Options, root: &mut Root) -> Vec<(&'static str, String)> {
    let tls = |name: &str| options.below(&format!("server/tls/{name}"));
    let domain = options.last("cluster-domain").unwrap_or("cluster.local");
    let issuer = format!("https://kubernetes.default.svc.{domain}");
    let mut flags = vec![
        ("anonymous-auth", "false".to_owned()),
        ("api-audiences", format!("{issuer},{NAME}")),
        ("authorization-mode", "Node,RBAC".to_owned()),
        ("bind-address", "127.0.0.1".to_owned()),
        ("client-ca-file", tls("client-ca.crt")),
        ("egress-selector-config-file", options.below("server/etc/egress-selector-config.yaml")),
        ("enable-admission-plugins", "NodeRestriction".to_owned()),
        ("kubelet-certificate-authority", tls("server-ca.crt")),
        ("kubelet-client-certificate", tls("client-kube-apiserver.crt")),
        ("kubelet-client-key", tls("client-kube-apiserver.key")),
        ("profiling", "false".to_owned()),
        ("proxy-client-cert-file", tls("client-auth-proxy.crt")),
        ("proxy-client-key-file", tls("client-auth-proxy.key")),
        ("requestheader-allowed-names", "system:auth-proxy".to_owned()),
        ("requestheader-client-ca-file", tls("request-header-ca.crt")),
        ("secure-port", "6444".to_owned()),
        ("service-account-issuer", issuer),
        ("service-account-key-file", tls("service.key")),
        ("service-account-signing-key-file", tls("service.current.key")),
        ("tls-cert-file", tls("serving-kube-apiserver.crt")),
        ("tls-private-key-file", tls("serving-kube-apiserver.key")),
    ];
    if options.is("secrets-encryption") {
        flags.push(("encryption-provider-config", options.below("server/cred/encryption-config.json")));
    }
    flags.extend(datastore(options, root));
    flags
}

/// Its own etcd, somebody's etcd, or a database behind a socket of its own.
fn datastore(options: &Options, root: &mut Root) -> Vec<(&'static str, String)> {
    let tls = |name: &str| options.below(&format!("server/tls/etcd/{name}"));
    let endpoint = options.last("datastore-endpoint").unwrap_or("");
    let mut flags = Vec::new();
    if endpoint.starts_with("http") {
        flags.push(("etcd-servers", endpoint.to_owned()));
        for (option, flag) in [
            ("datastore-cafile", "etcd-cafile"),
            ("datastore-certfile", "etcd-certfile"),
            ("datastore-keyfile", "etcd-keyfile"),
        ] {
            flags.extend(options.last(option).map(|path| (flag, path.to_owned())));
        }
    } else if etcd(root, options).is_some() {
        flags.push(("etcd-servers", "https://127.0.0.1:2379".to_owned()));
        flags.push(("etcd-cafile", tls("server-ca.crt")));
        flags.push(("etcd-certfile", tls("client.crt")));
        flags.push(("etcd-keyfile", tls("client.key")));
    } else {
        flags.push(("etcd-servers", format!("unix://{}", options.below("server/kine.sock"))));
    }
    flags
}

fn controller_manager(options: &Options, _: &mut Root) -> Vec<(&'static str, String)> {
    vec![
        ("bind-address", "127.0.0.1".to_owned()),
        ("kubeconfig", options.below("server/cred/controller.kubeconfig")),
        ("profiling", "false".to_owned()),
        ("root-ca-file", options.below("server/tls/server-ca.crt")),
        ("service-account-private-key-file", options.below("server/tls/service.current.key")),
        ("use-service-account-credentials", "true".to_owned()),
    ]
}

fn scheduler(options: &Options, _: &mut Root) -> Vec<(&'static str, String)> {
    vec![
        ("bind-address", "127.0.0.1".to_owned()),
        ("kubeconfig", options.below("server/cred/scheduler.kubeconfig")),
        ("profiling", "false".to_owned()),
    ]
}

/// Since it writes a configuration for the kubelet, most stands there; before, all were flags.
fn kubelet(options: &Options, root: &mut Root) -> Vec<(&'static str, String)> {
    let mut flags = vec![
        ("cloud-provider", "external".to_owned()),
        ("kubeconfig", options.below("agent/kubelet.kubeconfig")),
        ("read-only-port", "0".to_owned()),
    ];
    let directory = options.below("agent/etc/kubelet.conf.d");
    if root.exists(&directory) {
        flags.push(("config-dir", directory));
        return flags;
    }
    flags.extend([
        ("anonymous-auth", "false".to_owned()),
        ("authentication-token-webhook", "true".to_owned()),
        ("authorization-mode", "Webhook".to_owned()),
        ("client-ca-file", options.below("agent/client-ca.crt")),
        ("pod-manifest-path", options.below("agent/pod-manifests")),
        ("tls-cert-file", options.below("agent/serving-kubelet.crt")),
        ("tls-private-key-file", options.below("agent/serving-kubelet.key")),
    ]);
    if options.is("protect-kernel-defaults") {
        flags.push(("protect-kernel-defaults", "true".to_owned()));
    }
    flags
}

fn proxy(options: &Options, _: &mut Root) -> Vec<(&'static str, String)> {
    vec![
        ("healthz-bind-address", "127.0.0.1".to_owned()),
        ("kubeconfig", options.below("agent/kubeproxy.kubeconfig")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merge(own: &[(&'static str, &str)], extra: &[&str]) -> Vec<String> {
        merged(own.iter().map(|(name, value)| (*name, (*value).to_owned())).collect(), extra)
    }

    #[test]
    fn what_somebody_gives_counts_in_the_stead_of_its_own() {
        let own = [("a", "1"), ("b", "2")];
        assert_eq!(merge(&own, &["b=3", "c"]), ["--a=1", "--b=3", "--c=true"]);
        assert_eq!(merge(&own, &["--a+=2", "b-=1"]), ["--a=1", "--a=2", "--b=1", "--b=2"]);
        assert_eq!(merge(&own, &["a=2", "a=3"]), ["--a=2", "--a=3", "--b=2"]);
    }
}
