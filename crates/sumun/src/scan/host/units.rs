//! Services of systemd, by the files that describe them: no program is asked.

use api::{Value, object};

use super::root::Root;

/// Services that are told of.
const UNITS: &[&str] = &[
    "auditd.service",
    "chrony.service",
    "chronyd.service",
    "containerd.service",
    "crio.service",
    "docker.service",
    "docker.socket",
    "etcd.service",
    "k3s-agent.service",
    "k3s.service",
    "kubelet.service",
    "kube-proxy.service",
    "rke2-agent.service",
    "rke2-server.service",
    "systemd-timesyncd.service",
];

/// Where units are looked for: what comes first counts.
const DIRECTORIES: &[&str] = &[
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

/// The services that are there, and the paths of the files that describe them.
pub(super) fn units(root: &mut Root) -> (Vec<Value>, Vec<String>) {
    let (mut units, mut paths) = (Vec::new(), Vec::new());
    for name in UNITS {
        let found = DIRECTORIES.iter().map(|d| format!("{d}/{name}")).find(|path| root.exists(path));
        let drop_ins = drop_ins(root, name);
        if found.is_none() && drop_ins.is_empty() {
            continue;
        }
        let active = root.exists(&format!("/sys/fs/cgroup/system.slice/{name}"))
            || root.exists(&format!("/sys/fs/cgroup/systemd/system.slice/{name}"));
        let enabled = ["multi-user.target.wants", "sysinit.target.wants", "sockets.target.wants"]
            .iter()
            .any(|wants| root.exists(&format!("/etc/systemd/system/{wants}/{name}")));
        units.push(object! {
            "name" => *name,
            "path" => found.as_deref().unwrap_or(""),
            "dropIns" => drop_ins.iter().map(|path| Value::from(path.as_str())).collect::<Vec<_>>(),
            "active" => active,
            "enabled" => enabled,
        });
        paths.extend(found.into_iter().chain(drop_ins));
    }
    (units, paths)
}

/// The command line by which a service is started: what the last file says, drop-ins by their names behind the unit.
pub(super) fn command(root: &mut Root, name: &str) -> Option<Vec<String>> {
    let found = DIRECTORIES.iter().map(|d| format!("{d}/{name}")).find(|path| root.exists(path));
    let mut drop_ins = drop_ins(root, name);
    drop_ins.sort_by(|a, b| a.rsplit('/').next().cmp(&b.rsplit('/').next()));
    let mut command = None;
    for path in found.into_iter().chain(drop_ins) {
        // What cannot be read may say otherwise.
        let text = root.read(&path)?.replace("\\\n", " ");
        for line in text.lines().filter_map(|line| line.trim().strip_prefix("ExecStart=")) {
            let words = words(line.trim_start_matches(['@', '-', ':', '+', '!']));
            command = Some(words).filter(|words| !words.is_empty());
        }
    }
    command
}

/// The words of a line: quotes hold words together.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (c, quote) {
            ('\\', _) => word.get_or_insert_default().extend(chars.next()),
            (c, Some(q)) if c == q => quote = None,
            ('"' | '\'', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (c, None) if c.is_whitespace() => words.extend(word.take()),
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// Drop-ins of a unit in every directory; `/lib` is mostly a link to `/usr/lib`, and what lies there counts once.
fn drop_ins(root: &mut Root, name: &str) -> Vec<String> {
    let (mut paths, mut targets) = (Vec::new(), Vec::new());
    for directory in DIRECTORIES {
        let directory = format!("{directory}/{name}.d");
        for file in root.list(&directory).into_iter().filter(|file| file.ends_with(".conf")) {
            let path = format!("{directory}/{file}");
            let Some(stat) = root.stat(&path) else { continue };
            if !targets.contains(&stat.target) {
                targets.push(stat.target);
                paths.push(path);
            }
        }
    }
    paths
}
