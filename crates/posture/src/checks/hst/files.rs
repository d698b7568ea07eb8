//! Who may read and change the files of Kubernetes on a host: a row a check.
//!
//! Entry points: [`run`]; [`permissions`] for files of other areas.

use crate::finding::Status;
use crate::scan::Scan;
use crate::sources::host::{File, Host, Seen};
use crate::sources::kubelet::{CLIENT_CA, Unread};
use crate::sources::machine::Machine;
use crate::sources::proxy::Proxy;
use crate::words::{Said, Words, words};

/// A check of some files.
struct Row {
    id: &'static str,
    of: Of,
    ask: Ask,
}

/// What is asked of a file.
#[derive(Clone, Copy)]
enum Ask {
    /// No permissions but these.
    Mode(u32),
    /// To belong to root and its group.
    Root,
    /// To belong to etcd; to root when it runs as a static pod or inside another program is almost as good.
    Etcd,
}

/// Which files.
#[derive(Clone, Copy)]
enum Of {
    StaticPod(&'static str),
    Cni,
    EtcdData,
    /// Kubeconfigs of administrators.
    Admin,
    /// The kubeconfig of a component, and where kubeadm puts it.
    Kubeconfig(&'static str, &'static str),
    Pki,
    PkiEnding(&'static [&'static str], &'static [&'static str]),
    KubeletUnit,
    Proxy,
    KubeletKubeconfig,
    ClientCa,
    KubeletConfig,
}

const fn row(id: &'static str, of: Of, ask: Ask) -> Row {
    Row { id, of, ask }
}

const SCHEDULER: Of = Of::Kubeconfig("kube-scheduler", "/etc/kubernetes/scheduler.conf");
const MANAGER: Of = Of::Kubeconfig("kube-controller-manager", "/etc/kubernetes/controller-manager.conf");
const PRIVATE: Ask = Ask::Mode(0o600);

const ROWS: &[Row] = &[
    row("HST-001", Of::StaticPod("kube-apiserver"), PRIVATE),
    row("HST-002", Of::StaticPod("kube-apiserver"), Ask::Root),
    row("HST-003", Of::StaticPod("kube-controller-manager"), PRIVATE),
    row("HST-004", Of::StaticPod("kube-controller-manager"), Ask::Root),
    row("HST-005", Of::StaticPod("kube-scheduler"), PRIVATE),
    row("HST-006", Of::StaticPod("kube-scheduler"), Ask::Root),
    row("HST-007", Of::StaticPod("etcd"), PRIVATE),
    row("HST-008", Of::StaticPod("etcd"), Ask::Root),
    row("HST-009", Of::Cni, PRIVATE),
    row("HST-010", Of::Cni, Ask::Root),
    row("HST-011", Of::EtcdData, Ask::Mode(0o700)),
    row("HST-012", Of::EtcdData, Ask::Etcd),
    row("HST-013", Of::Admin, PRIVATE),
    row("HST-014", Of::Admin, Ask::Root),
    row("HST-015", SCHEDULER, PRIVATE),
    row("HST-016", SCHEDULER, Ask::Root),
    row("HST-017", MANAGER, PRIVATE),
    row("HST-018", MANAGER, Ask::Root),
    row("HST-019", Of::Pki, Ask::Root),
    row("HST-020", Of::PkiEnding(&[".crt", ".pem"], &["-key.pem"]), Ask::Mode(0o644)),
    row("HST-021", Of::PkiEnding(&[".key", "-key.pem"], &[]), PRIVATE),
    row("HST-031", Of::KubeletUnit, PRIVATE),
    row("HST-032", Of::KubeletUnit, Ask::Root),
    row("HST-033", Of::Proxy, PRIVATE),
    row("HST-034", Of::Proxy, Ask::Root),
    row("HST-035", Of::KubeletKubeconfig, PRIVATE),
    row("HST-036", Of::KubeletKubeconfig, Ask::Root),
    row("HST-037", Of::ClientCa, Ask::Mode(0o644)),
    row("HST-038", Of::ClientCa, Ask::Root),
    row("HST-039", Of::KubeletConfig, PRIVATE),
    row("HST-040", Of::KubeletConfig, Ask::Root),
];

/// Where the interfaces of containers are configured.
const CNI: [&str; 3] = [
    "/etc/cni/net.d",
    "/var/lib/rancher/k3s/agent/etc/cni/net.d",
    "/var/snap/microk8s/current/args/cni-network",
];

/// Kubeconfigs of administrators, where kubeadm, k3s, RKE2 and MicroK8s put them.
const ADMINISTRATORS: [&str; 7] = [
    "/etc/kubernetes/admin.conf",
    "/etc/kubernetes/super-admin.conf",
    "/etc/rancher/k3s/k3s.yaml",
    "/etc/rancher/rke2/rke2.yaml",
    "/var/lib/rancher/k3s/server/cred/admin.kubeconfig",
    "/var/lib/rancher/rke2/server/cred/admin.kubeconfig",
    "/var/snap/microk8s/current/credentials/client.config",
];

const TOO_OPEN: Words = words("its mode is {}; {} is the most", "권한이 {}로 {}보다 넓음");
const OTHERS: Words = words("it belongs to {}:{} instead of {}", "소유자가 {}:{}임 ({}이어야 함)");
const RUNS_AS_ROOT: Words = words(
    "it belongs to root:root, as whom etcd runs here; a user of its own would be safer",
    "etcd가 root로 실행되어 소유자가 root:root임. 전용 사용자가 더 안전함",
);
const NOT_SEEN: Words = words("{} could not be looked at: {}", "{} 경로를 확인할 수 없음: {}");
const NO_MODE: Words =
    words("the mode and owner of {} were not collected", "{} 경로의 권한과 소유자가 수집되지 않음");
const NOT_READ: Words =
    words("{} was not collected, and it names the file", "대상을 정하는 {} 파일이 수집되지 않음");

pub(super) fn ids() -> Vec<&'static str> {
    ROWS.iter().map(|row| row.id).collect()
}

pub(super) fn run(scan: &mut Scan<'_>) {
    let machines = Machine::all(scan.input);
    let proxies = Proxy::all(scan.input);
    for machine in &machines {
        for row in ROWS {
            match row.of.paths(machine, &proxies) {
                Ok(paths) => {
                    paths.iter().for_each(|path| look(scan, row, machine, path));
                }
                Err(Unread(path)) => scan.lack(row.id, NOT_READ.with([path])),
            }
        }
    }
}

fn look(scan: &mut Scan<'_>, row: &Row, machine: &Machine<'_>, path: &str) {
    // What is in a directory into which nobody could look.
    if path.ends_with('/') {
        let why = machine.host.missing(path).unwrap_or("");
        return scan.lack(row.id, NOT_SEEN.with([path, why]));
    }
    if let Ask::Mode(most) = row.ask {
        permissions(scan, row.id, &machine.host, path, most);
        return;
    }
    let Some(file) = there(scan, row.id, &machine.host, path) else { return };
    let bad = match row.ask {
        Ask::Etcd if is_root(&file) && machine.runs_etcd_as_root() => {
            Some((Status::Warn, RUNS_AS_ROOT.plain()))
        }
        Ask::Etcd => belongs(&file, "etcd", "etcd"),
        _ if is_root(&file) => None,
        _ => belongs(&file, "root", "root"),
    };
    if let Some((status, reason)) = bad {
        scan.find(row.id, status, machine.host.place(kind_of(&file), file.path), "owner".to_owned(), reason);
    }
}

fn belongs(file: &File<'_>, owner: &str, group: &str) -> Option<(Status, Said)> {
    if file.owner == owner && file.group == group {
        return None;
    }
    Some((Status::Fail, OTHERS.with([file.owner, file.group, &format!("{owner}:{group}")])))
}

/// By name or by number, as a host without names tells.
fn is_root(file: &File<'_>) -> bool {
    [file.owner, file.group].iter().all(|name| matches!(*name, "root" | "0"))
}

/// Holds the permissions of something on a host against the most it may have.  True when it is there.
pub(in crate::checks) fn permissions(
    scan: &mut Scan<'_>,
    id: &'static str,
    host: &Host<'_>,
    path: &str,
    most: u32,
) -> bool {
    let Some(file) = there(scan, id, host, path) else { return false };
    let Some(mode) = file.mode.filter(|mode| mode & !most != 0) else { return true };
    let reason = TOO_OPEN.with([format!("{mode:04o}"), format!("{most:04o}")]);
    scan.find(id, Status::Fail, host.place(kind_of(&file), file.path), "mode".to_owned(), reason);
    true
}

/// Something that is there and was looked at; says so when nobody could look.
fn there<'a>(scan: &mut Scan<'_>, id: &'static str, host: &Host<'a>, path: &str) -> Option<File<'a>> {
    match host.seen(path) {
        Seen::There(file) if file.mode.is_none() || file.owner.is_empty() => {
            scan.lack(id, NO_MODE.with([path]));
            None
        }
        Seen::There(file) => {
            scan.examine(id);
            Some(file)
        }
        Seen::Absent => None,
        Seen::Unknown(why) => {
            scan.lack(id, NOT_SEEN.with([path, why]));
            None
        }
    }
}

/// What a report calls it.
pub(super) fn kind_of(file: &File<'_>) -> &'static str {
    match file.kind {
        "directory" => "Directory",
        "socket" => "Socket",
        _ => "File",
    }
}

impl Of {
    /// The paths, whether anything is there or not.
    fn paths(self, machine: &Machine<'_>, proxies: &[Proxy<'_>]) -> Result<Vec<String>, Unread> {
        let host = &machine.host;
        let of_process =
            matches!(self, Self::Proxy | Self::KubeletKubeconfig | Self::ClientCa | Self::KubeletConfig);
        if of_process && machine.kubelet.is_none() && host.missing("processes").is_some() {
            return Err(Unread("/proc".to_owned()));
        }
        Ok(match self {
            Self::StaticPod(name) => {
                let usual = || format!("{}/{name}.yaml", machine.manifests());
                vec![machine.manifest(name).map_or_else(usual, str::to_owned)]
            }
            Self::Cni => CNI.iter().flat_map(|directory| below(host, directory)).collect(),
            Self::EtcdData => machine.etcd_data().into_iter().collect(),
            Self::Admin => ADMINISTRATORS.map(str::to_owned).to_vec(),
            Self::Kubeconfig(component, usual) => {
                vec![machine.flag(component, "kubeconfig").unwrap_or_else(|| usual.to_owned())]
            }
            Self::Pki => pki(machine),
            Self::PkiEnding(ends, but) => {
                let ends_in = |path: &String, ends: &[&str]| ends.iter().any(|end| path.ends_with(end));
                let all = pki(machine).into_iter();
                all.filter(|path| path.ends_with('/') || ends_in(path, ends) && !ends_in(path, but)).collect()
            }
            Self::KubeletUnit => units(host)?,
            Self::Proxy => {
                let here = |p: &&Proxy<'_>| p.host.as_ref().is_some_and(|h| h.name() == host.name());
                let named = proxies.iter().filter(here).filter_map(|proxy| proxy.kubeconfig.clone());
                named.filter(|path| !path.is_empty()).collect()
            }
            Self::KubeletKubeconfig => kubelet_flag(machine, &["kubeconfig", "bootstrap-kubeconfig"]),
            Self::ClientCa => match &machine.kubelet {
                Some(kubelet) => Some(kubelet.text(&CLIENT_CA)?).filter(|p| !p.is_empty()).map(str::to_owned),
                None => None,
            }
            .into_iter()
            .collect(),
            Self::KubeletConfig => machine.kubelet.iter().flat_map(|kubelet| kubelet.files.clone()).collect(),
        })
    }
}

/// Files of a directory; the directory with a `/` behind it when nobody could look into it.
fn below(host: &Host<'_>, directory: &str) -> Vec<String> {
    if host.missing(directory).is_some() {
        return vec![format!("{directory}/")];
    }
    let files = host.below(directory).filter(|file| file.kind != "directory");
    files.map(|file| file.path.to_owned()).collect()
}

fn pki(machine: &Machine<'_>) -> Vec<String> {
    let mut all = Vec::new();
    for directory in machine.pki() {
        all.extend(machine.host.below(&directory).map(|file| file.path.to_owned()));
        if machine.host.missing(&directory).is_some() {
            all.push(format!("{directory}/"));
        }
        all.push(directory);
    }
    all
}

fn units(host: &Host<'_>) -> Result<Vec<String>, Unread> {
    if host.missing("units").is_some() {
        return Err(Unread("kubelet.service".to_owned()));
    }
    let units = host.at(&["units"]).as_array().unwrap_or(&[]).iter();
    let of_kubelet = units.filter(|unit| unit.str_at(&["name"]) == "kubelet.service");
    let paths = of_kubelet.flat_map(|unit| {
        let drop_ins = unit.array_at(&["dropIns"]).iter().filter_map(api::Value::as_str);
        std::iter::once(unit.str_at(&["path"])).chain(drop_ins)
    });
    Ok(paths.filter(|path| !path.is_empty()).map(str::to_owned).collect())
}

fn kubelet_flag(machine: &Machine<'_>, names: &[&str]) -> Vec<String> {
    let Some(flags) = machine.kubelet.as_ref().and_then(|kubelet| kubelet.flags.as_ref()) else {
        return Vec::new();
    };
    let said = names.iter().filter_map(|name| flags.last(name));
    said.filter(|path| !path.is_empty()).map(str::to_owned).collect()
}
