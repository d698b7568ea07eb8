//! etcd: who its members trust, and who reaches them.

use crate::certificate::Certificate;
use crate::checks::components::Look;
use crate::finding::Status;
use crate::sources::cloud::Cloud;
use crate::sources::control_plane::Program;
use crate::words::{Words, words};

/// Where etcd listens for clients when nothing is said.
const DEFAULT_CLIENT_URLS: &str = "http://localhost:2379";

/// Ports for clients and for peers.
const PORTS: [u16; 2] = [2379, 2380];

const OPEN: Words = words(
    "it listens at {}, on every interface, and firewalls let everybody come to the port",
    "{}로 모든 인터페이스에서 수신하는데 방화벽도 모두에게 열려 있음",
);
const NOT_ON: Words = words("--{} is not true", "--{}가 true가 아님");
const SAME_AUTHORITY: Words = words(
    "etcd trusts the authority of the API's clients: each of them may read everything ({})",
    "etcd가 API 클라이언트와 같은 인증 기관을 신뢰하여 모든 클라이언트가 전체 데이터를 읽을 수 있음 ({})",
);
const UNREADABLE: Words =
    words("the certificates of {} and {} cannot be compared", "{}와 {}의 인증서를 비교할 수 없음");
const NO_API_SERVER: Words = words(
    "no kube-apiserver was found whose authority could be compared",
    "비교할 kube-apiserver의 인증 기관이 주어지지 않음",
);
const PLAIN: Words = words("it listens at {} without TLS", "{}에서 TLS 없이 수신함");
const EVERYWHERE: Words = words(
    "it listens at {}, on every interface, and nothing that was given says that a firewall closes the port",
    "{}로 모든 인터페이스에서 수신하는데 방화벽으로 막았는지 알 수 없음",
);

/// A member alone has no peers.
fn is_alone(look: &Look<'_, '_>) -> bool {
    let members = look.flags().list("initial-cluster").len();
    members < 2 && look.plane.all(Program::Etcd).count() < 2
}

pub(super) fn peer_certificate(look: &mut Look<'_, '_>) -> bool {
    let flags = ["peer-cert-file", "peer-key-file"];
    let unset: Vec<_> = flags.into_iter().filter(|flag| !look.component.flags.has(flag)).collect();
    if !unset.is_empty() && is_alone(look) {
        return false;
    }
    unset.into_iter().for_each(|flag| look.unset(Status::Fail, flag));
    true
}

pub(super) fn peer_authentication(look: &mut Look<'_, '_>) -> bool {
    let flag = "peer-client-cert-auth";
    if look.flags().is(flag, false) {
        return true;
    }
    if is_alone(look) {
        return false;
    }
    look.fail(flag, NOT_ON.with([flag]));
    true
}

pub(super) fn own_authority(look: &mut Look<'_, '_>) -> bool {
    let flag = "trusted-ca-file";
    let own = look.flags().text(flag);
    if own.is_empty() {
        // Who trusts nobody trusts no client of the API; CPL-071 says what is missing.
        return false;
    }
    let plane = look.plane;
    let servers: Vec<_> = plane.all(Program::ApiServer).filter(|s| s.flags.has("client-ca-file")).collect();
    if servers.is_empty() {
        look.lack(NO_API_SERVER.plain());
    }
    for server in servers {
        let clients = server.flags.text("client-ca-file");
        if look.component.on_host(own) == server.on_host(clients) {
            look.fail(flag, SAME_AUTHORITY.with([own]));
            continue;
        }
        let texts = plane.file(look.component, own).zip(plane.file(server, clients));
        match texts.and_then(|(a, b)| Certificate::share_a_key(&a.text(), &b.text())) {
            None => look.lack(UNREADABLE.with([own, clients])),
            Some(true) => look.fail(flag, SAME_AUTHORITY.with([own])),
            Some(false) => {}
        }
    }
    true
}

pub(super) fn reachable(look: &mut Look<'_, '_>) -> bool {
    let flag = "listen-client-urls";
    let urls = look.flags().list(flag);
    let urls = if urls.is_empty() { vec![DEFAULT_CLIENT_URLS] } else { urls };
    for url in urls {
        let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
        let host = rest.split('/').next().unwrap_or(rest).rsplit_once(':').map_or(rest, |(host, _)| host);
        if scheme == "http" {
            look.fail(flag, PLAIN.with([url]));
        } else if matches!(host, "0.0.0.0" | "[::]" | "") && scheme != "unix" {
            everywhere(look, url);
        }
    }
    true
}

/// Who listens everywhere leaves the rest to firewalls.
fn everywhere(look: &mut Look<'_, '_>, url: &str) {
    let flag = "listen-client-urls";
    let cloud = Cloud::of(look.input());
    let opened = PORTS.into_iter().map(|port| cloud.firewall_opens(port));
    match opened.collect::<Option<Vec<_>>>() {
        None => look.warn(flag, EVERYWHERE.with([url])),
        Some(rules) if rules.iter().any(|rules| !rules.is_empty()) => look.fail(flag, OPEN.with([url])),
        Some(_) => {}
    }
}
