//! Who can reach the container runtime of a host: whoever does, is root there.

use api::Value;

use super::files::kind_of;
use crate::finding::Status;
use crate::scan::Scan;
use crate::sources::flags::Flags;
use crate::sources::host::Host;
use crate::words::{Words, words};

pub(super) const IDS: &[&str] = &["HST-074"];

/// Names of sockets of runtimes.
const SOCKETS: [&str; 6] =
    ["containerd.sock", "docker.sock", "crio.sock", "cri-dockerd.sock", "dockershim.sock", "podman.sock"];

const OVER_NETWORK: Words = words(
    "{} listens at {} without asking for client certificates",
    "{}가 클라이언트 인증서 확인 없이 {}에서 요청을 받음",
);
const WRITABLE: Words =
    words("everybody on the host may use it: its mode is {}", "호스트의 모든 사용자가 쓸 수 있음: 권한 {}");
const NO_SOCKETS: Words = words(
    "the sockets of runtimes on {} could not be looked at: {}",
    "{}의 런타임 소켓을 확인할 수 없음: {}",
);

/// Daemons, their file, and how the file names addresses and what clients are checked with.
const FILES: [(&str, &str); 2] =
    [("dockerd", "/etc/docker/daemon.json"), ("containerd", "/etc/containerd/config.toml")];

pub(super) fn run(scan: &mut Scan<'_>) {
    for host in Host::all(scan.input) {
        sockets(scan, &host);
        let docker = host.flags("dockerd").unwrap_or_default();
        let [docker_file, containerd_file] = FILES;
        over_network(scan, &host, "dockerd", docker_addresses(&docker, host.content(docker_file.1)));
        over_network(scan, &host, "containerd", containerd_addresses(host.content(containerd_file.1)));
        if let Some(why) = host.missing("processes").or_else(|| host.missing("/run")) {
            scan.lack("HST-074", NO_SOCKETS.with([host.name(), why]));
        }
    }
}

fn sockets(scan: &mut Scan<'_>, host: &Host<'_>) {
    let all = host.below("").filter(|file| file.kind != "directory");
    for file in all.filter(|file| SOCKETS.contains(&file.base_name())).collect::<Vec<_>>() {
        let Some(mode) = file.mode else { continue };
        scan.examine("HST-074");
        if mode & 0o002 != 0 {
            let reason = WRITABLE.with([format!("{mode:04o}")]);
            scan.find(
                "HST-074",
                Status::Fail,
                host.place(kind_of(&file), file.path),
                "mode".to_owned(),
                reason,
            );
        }
    }
}

fn over_network(scan: &mut Scan<'_>, host: &Host<'_>, daemon: &str, addresses: Vec<String>) {
    if host.processes(daemon).next().is_some() || !addresses.is_empty() {
        scan.examine("HST-074");
    }
    for address in addresses {
        let reason = OVER_NETWORK.with([daemon, &address]);
        scan.find("HST-074", Status::Fail, host.place("Process", daemon), String::new(), reason);
    }
}

/// Addresses at which Docker answers whoever comes.
fn docker_addresses(flags: &Flags<'_>, file: Option<&str>) -> Vec<String> {
    let file = file.and_then(|text| codec::yaml::parse(text.as_bytes()).ok());
    let file = file.map(|parsed| parsed.value).unwrap_or_default();
    let verifies =
        flags.last("tlsverify").map_or(file.at(&["tlsverify"]).as_bool() == Some(true), |v| v != "false");
    if verifies {
        return Vec::new();
    }
    let hosts = file.array_at(&["hosts"]).iter().filter_map(Value::as_str);
    let all = flags.all("host").chain(flags.all("H")).chain(hosts);
    all.filter(|address| address.starts_with("tcp://")).map(str::to_owned).collect()
}

/// Addresses at which containerd answers whoever comes: what `[grpc]` says, one member a line.
fn containerd_addresses(file: Option<&str>) -> Vec<String> {
    let member = |name: &str| {
        let lines = file.unwrap_or("").lines().map(str::trim);
        let mut said =
            lines.filter_map(|line| Some(line.strip_prefix(name)?.trim_start().strip_prefix('=')?.trim()));
        said.next().map(|value| value.trim_matches(['"', '\'']).to_owned()).filter(|value| !value.is_empty())
    };
    match member("tcp_address") {
        Some(address) if member("tcp_tls_ca").is_none() => vec![address],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_ask_nobody_who_he_is() {
        let docker = |words: &[&str], file| docker_addresses(&Flags::parse(words.iter().copied()), file);
        assert_eq!(docker(&["--host=tcp://0.0.0.0:2375"], None), ["tcp://0.0.0.0:2375"]);
        assert_eq!(
            docker(&[], Some("{\"hosts\": [\"tcp://:2376\", \"unix:///a\"], \"tls\": true}")),
            ["tcp://:2376"]
        );
        assert!(docker(&["--host", "tcp://:2376", "--tlsverify"], None).is_empty());
        assert!(docker(&["--host", "fd://"], None).is_empty());
        let containerd = |file| containerd_addresses(Some(file));
        assert_eq!(containerd("[grpc]\n  tcp_address = \"0.0.0.0:10\"\n"), ["0.0.0.0:10"]);
        assert!(containerd("tcp_address = \":1\"\ntcp_tls_ca = \"/ca\"").is_empty());
        assert!(containerd("tcp_address = ''").is_empty());
    }
}
