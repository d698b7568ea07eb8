//! Paths of the host that lead to root on it, in pods and in the PersistentVolumes behind their claims.

use evidence::Object;

use crate::checks::Family;
use crate::finding::Status;
use crate::scan::Scan;
use crate::words::{Words, words};
use crate::workload::Workload;

const ID: &str = "POD-026";

pub(super) const FAMILY: Family = Family { ids: || vec![ID], run };

/// Paths that lead to root on the host, or to the secrets of other pods.  Whatever holds one of them, and whatever is in
/// one of them, counts too.
const SENSITIVE: [&str; 35] = [
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/lib",
    "/lib64",
    "/opt/cni",
    "/proc",
    "/root",
    "/run/containerd",
    "/run/cri-dockerd.sock",
    "/run/crio",
    "/run/dbus",
    "/run/docker",
    "/run/docker.sock",
    "/run/dockershim.sock",
    "/run/k3s",
    "/run/podman",
    "/run/secrets",
    "/run/systemd",
    "/sbin",
    "/sys",
    "/usr",
    "/var/lib/cloud",
    "/var/lib/containerd",
    "/var/lib/containers",
    "/var/lib/docker",
    "/var/lib/etcd",
    "/var/lib/k0s",
    "/var/lib/kubelet",
    "/var/lib/rancher",
    "/var/log",
    "/var/snap/microk8s",
    "/var/spool/at",
    "/var/spool/cron",
];

/// Parts of them that everybody may read.
const OPEN: [&str; 12] = [
    "/etc/ca-certificates",
    "/etc/localtime",
    "/etc/machine-id",
    "/etc/os-release",
    "/etc/ssl/certs",
    "/etc/timezone",
    "/lib/modules",
    "/usr/lib/os-release",
    "/usr/local/share/ca-certificates",
    "/usr/share/ca-certificates",
    "/usr/share/zoneinfo",
    "/usr/src",
];

/// The same on nodes with Windows, without the drive.
const SENSITIVE_WINDOWS: [&str; 8] =
    ["/etc", "/k", "/program files", "/programdata", "/users", "/var/lib", "/var/log", "/windows"];

/// Folders of homes with keys and credentials.
const CREDENTIALS: [&str; 7] = [".aws", ".azure", ".docker", ".gcloud", ".gnupg", ".kube", ".ssh"];

const LEADS_TO_ROOT: Words = words("volume \"{}\" is {} of the host", "볼륨 \"{}\"이 호스트의 {}임");
const VOLUME_LEADS: Words =
    words("whoever claims it gets {} of the host", "이 볼륨을 쓰는 파드는 호스트의 {}을(를) 받음");

fn run(scan: &mut Scan<'_>) {
    scan.lack_refused([ID]);
    for workload in scan.workloads.0.clone() {
        scan.examine(ID);
        for (i, volume) in workload.volumes() {
            let (name, path) = (volume.str_at(&["name"]), volume.str_at(&["hostPath", "path"]));
            if !path.is_empty() && is_sensitive(path) && !(is_open(path) && only_read(&workload, name)) {
                let field = workload.field(&format!("volumes[{i}].hostPath.path"));
                scan.find(ID, Status::Fail, workload.object, field, LEADS_TO_ROOT.with([name, path]));
            }
        }
    }
    let input = scan.input;
    input.objects.of_kind("", "PersistentVolume").for_each(|volume| persistent(scan, volume));
}

/// The rules for pods do not reach what a claim leads to.
fn persistent(scan: &mut Scan<'_>, volume: &Object) {
    for source in ["hostPath", "local"] {
        let path = volume.value.str_at(&["spec", source, "path"]);
        if path.is_empty() {
            continue;
        }
        scan.examine(ID);
        if is_sensitive(path) {
            let field = format!("spec.{source}.path");
            scan.find(ID, Status::Fail, volume, field, VOLUME_LEADS.with([path]));
        }
    }
}

/// True when every container that mounts a volume only reads it.
fn only_read(workload: &Workload<'_>, volume: &str) -> bool {
    let mut mounts = workload.containers().flat_map(|c| c.value.array_at(&["volumeMounts"]));
    mounts.all(|m| m.str_at(&["name"]) != volume || m.at(&["readOnly"]).as_bool() == Some(true))
}

fn is_open(path: &str) -> bool {
    let path = plain_path(path);
    OPEN.iter().any(|open| within(&path, open))
}

fn is_sensitive(path: &str) -> bool {
    if let Some(path) = on_windows(path) {
        return path == "/" || SENSITIVE_WINDOWS.iter().any(|known| overlap(&path, known));
    }
    let path = plain_path(path);
    // `/var/run` is `/run` on every host of today.
    let path = path.strip_prefix("/var/run").map_or(path.clone(), |rest| format!("/run{rest}"));
    path == "/"
        || path == "/home"
        || path.split('/').any(|step| CREDENTIALS.contains(&step))
        || path.ends_with("/.config/gcloud")
        || SENSITIVE.iter().any(|known| overlap(&path, known))
}

fn within(inner: &str, outer: &str) -> bool {
    inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn overlap(a: &str, b: &str) -> bool {
    within(a, b) || within(b, a)
}

/// A path without `.`, `..` and double slashes.
fn plain_path(path: &str) -> String {
    let mut steps: Vec<&str> = Vec::new();
    for step in path.split('/') {
        match step {
            "" | "." => {}
            ".." => {
                steps.pop();
            }
            step => steps.push(step),
        }
    }
    format!("/{}", steps.join("/"))
}

/// A path of Windows without its drive; a pipe is the service behind it, and as good as everything.
fn on_windows(path: &str) -> Option<String> {
    let path = path.replace('\\', "/").to_ascii_lowercase();
    if path.starts_with("//./pipe/") {
        return Some("/".to_owned());
    }
    let (drive, rest) = path.split_once(':')?;
    (drive.len() == 1 && drive.starts_with(|c: char| c.is_ascii_alphabetic())).then(|| plain_path(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sensitive() {
        for bad in [
            "/",
            "//",
            "/etc/",
            "/etc/ssl",
            "/var",
            "/var/run/docker.sock",
            "/run",
            "/var/run/../run",
            "/data/../etc",
            "/usr/local/bin",
            "/var/lib",
            "/home",
            "/home/admin/.ssh",
            "/srv/.config/gcloud",
            "C:\\",
            "c:/Windows/System32",
            "D:\\ProgramData\\docker",
            r"\\.\pipe\docker_engine",
        ] {
            assert!(is_sensitive(bad), "{bad}");
        }
        for good in [
            "/data",
            "/etcetera",
            "/var/lib/data",
            "/mnt/etc",
            "/home/app",
            "/run/xtables.lock",
            "C:\\data",
            "/mnt/c:d",
        ] {
            assert!(!is_sensitive(good), "{good}");
        }
    }
}
