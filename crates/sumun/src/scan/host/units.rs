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
    "kubelet.service",
    "kube-proxy.service",
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
