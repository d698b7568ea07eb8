//! Flags of the API server that take more than a look: ports, certificates, tokens, its way to etcd.

use std::net::IpAddr;

use crate::certificate::Certificate;
use crate::checks::components::{Look, is_loopback};
use crate::finding::Status;
use crate::sources::cloud::Cloud;
use crate::words::{Words, words};

/// When flags disappeared, or what they meant changed.
const NO_BASIC_AUTHENTICATION: u32 = 19;
const INSECURE_PORT_CLOSED: u32 = 20;
const NO_INSECURE_PORT: u32 = 24;

/// Suites that Go itself calls insecure begin or end so, or have this in them.
const WEAK: [&str; 4] = ["TLS_RSA_", "_RC4_", "_3DES_", "_CBC_SHA256"];

/// The smallest RSA key that is still good.
const LEAST_RSA_BITS: usize = 2048;

const BASIC: Words =
    words("passwords stand in {} (--basic-auth-file)", "비밀번호가 {}에 저장되어 있음 (--basic-auth-file)");
const INSECURE: Words = words(
    "port {} takes requests without TLS, authentication and authorization",
    "{}번 포트가 TLS, 인증, 인가 없이 요청을 받음",
);
const STALE_PORT: Words = words(
    "--insecure-port is no flag of this version: the server does not start",
    "이 버전에 없는 --insecure-port가 있어 서버가 시작되지 않음",
);
const INSECURE_ADDRESS: Words =
    words("--insecure-bind-address={} is open to others", "--insecure-bind-address={}가 외부에 열려 있음");
const INSECURE_LOOPBACK: Words = words(
    "--insecure-bind-address={} is open to everything on the host",
    "--insecure-bind-address={}가 같은 호스트의 모든 프로세스에 열려 있음",
);
const NO_TLS: Words =
    words("nothing is served over TLS (--secure-port=0)", "TLS로 제공하지 않음 (--secure-port=0)");
const BROKEN: Words = words("{}: {}", "{}: {}");
const ENDED: Words = words("its certificate ended on {}", "인증서가 {}에 만료됨");
const ENDS: Words = words("its certificate ends on {}", "인증서가 {}에 만료될 예정임");
const SHORT: Words = words("its RSA key has {} bits", "RSA 키가 {}비트임");
const OLD_TLS: Words =
    words("--tls-min-version={} allows old protocols", "--tls-min-version={}이 오래된 프로토콜을 허용함");
const WEAK_SUITE: Words = words("{} is weak", "{}는 취약함");
const OLD_SUITE: Words = words("{} has no authenticated encryption", "{}는 인증 암호화가 아님");
const LONG: Words = words("--request-timeout={}", "--request-timeout={}");
const SAME_KEY: Words = words(
    "tokens are checked by the key of the server's own certificate ({})",
    "토큰 검증에 서버 인증서의 키를 함께 사용함 ({})",
);
const NO_ISSUER: Words =
    words("--service-account-issuer is not set", "--service-account-issuer가 설정되지 않음");
const PLAIN_ISSUER: Words = words("the issuer {} is no https URL", "발급자 {}가 https URL이 아님");
const MANY_ISSUERS: Words = words(
    "there are {} issuers and no --api-audiences: tokens of each are for all of them",
    "발급자가 {}개인데 --api-audiences가 없어 토큰 대상이 구분되지 않음",
);
const NO_ETCD_AUTHORITY: Words = words("--etcd-cafile is not set", "--etcd-cafile이 설정되지 않음");
const PLAIN_ETCD: Words = words("{} is not asked over TLS", "{}에 TLS 없이 연결함");
const SHARED_AUTHORITY: Words = words(
    "clients and the front proxy are signed by one authority ({})",
    "클라이언트와 프런트 프록시가 같은 인증 기관을 사용함 ({})",
);
const ANYBODY: Words = words(
    "every client that {} signs may speak for anybody: --requestheader-allowed-names is empty",
    "{}가 서명한 모든 클라이언트가 다른 사용자로 행세할 수 있음: --requestheader-allowed-names가 비어 있음",
);
const PUBLIC: Words = words("--{}={} is an address of the internet", "--{}={}는 공인 IP 주소임");

/// The flag is gone since 1.19: what cannot be set needs no look.
pub(super) fn basic_authentication(look: &mut Look<'_, '_>) -> bool {
    let path = look.flags().text("basic-auth-file");
    if path.is_empty() {
        return !look.component.since(NO_BASIC_AUTHENTICATION);
    }
    look.fail("basic-auth-file", BASIC.with([path]));
    true
}

pub(super) fn insecure_port(look: &mut Look<'_, '_>) -> bool {
    let flag = "insecure-port";
    match look.flags().last(flag).map(|f| f.value.as_str()) {
        Some(_) if look.component.version.is_some() && look.component.since(NO_INSECURE_PORT) => {
            look.fail(flag, STALE_PORT.plain());
        }
        Some("0") => {}
        Some(port) => look.fail(flag, INSECURE.with([port])),
        None if look.component.since(INSECURE_PORT_CLOSED) => {}
        None => look.fail(flag, INSECURE.with(["8080"])),
    }
    true
}

pub(super) fn insecure_address(look: &mut Look<'_, '_>) -> bool {
    let flag = "insecure-bind-address";
    match look.flags().last(flag).map(|f| f.value.as_str()) {
        None => {}
        Some(address) if is_loopback(address) => look.warn(flag, INSECURE_LOOPBACK.with([address])),
        Some(address) => look.fail(flag, INSECURE_ADDRESS.with([address])),
    }
    true
}

pub(super) fn secure_port(look: &mut Look<'_, '_>) -> bool {
    if look.flags().number("secure-port") == Some(0) {
        look.fail("secure-port", NO_TLS.plain());
    }
    true
}

/// Both files are named; what stands in the certificate counts when it was given.
pub(super) fn serving_certificate(look: &mut Look<'_, '_>) -> bool {
    let flags = ["tls-cert-file", "tls-private-key-file"];
    for flag in flags.into_iter().filter(|flag| !look.component.flags.has(flag)) {
        look.unset(Status::Fail, flag);
    }
    let [flag, _] = flags;
    let Some(file) = look.plane.file(look.component, look.flags().text(flag)) else { return true };
    let first = Certificate::parse_all(file.text().as_bytes()).map(|all| all.into_iter().next());
    let certificate = match first {
        Ok(Some(certificate)) => certificate,
        Ok(None) => return true,
        Err(why) => {
            look.find_in(Status::Fail, file.place(), "", BROKEN.with([file.path.clone(), why]));
            return true;
        }
    };
    let (end, left) = (certificate.not_after, -look.settings().days_since(certificate.not_after));
    if left < 0 {
        look.find_in(Status::Fail, file.place(), "", ENDED.with([end.text()]));
    } else if left < look.settings().limits.certificate_days {
        look.find_in(Status::Warn, file.place(), "", ENDS.with([end.text()]));
    }
    if let Some(bits) = certificate.rsa_bits.filter(|bits| *bits < LEAST_RSA_BITS) {
        look.find_in(Status::Warn, file.place(), "", SHORT.with([bits]));
    }
    true
}

/// What is not set is TLS 1.2 and suites that are strong.
pub(super) fn transport(look: &mut Look<'_, '_>) -> bool {
    let version = look.flags().text("tls-min-version");
    if matches!(version, "VersionTLS10" | "VersionTLS11") {
        look.fail("tls-min-version", OLD_TLS.with([version]));
    }
    // TLS 1.3 has its own suites, which nobody can choose.
    if version == "VersionTLS13" {
        return true;
    }
    let flag = "tls-cipher-suites";
    for suite in look.flags().list(flag) {
        if WEAK.iter().any(|part| suite.contains(part)) {
            look.fail(flag, WEAK_SUITE.with([suite]));
        } else if suite.contains("_CBC_") {
            look.warn(flag, OLD_SUITE.with([suite]));
        }
    }
    true
}

pub(super) fn request_timeout(look: &mut Look<'_, '_>) -> bool {
    let flag = "request-timeout";
    let text = look.flags().text(flag);
    let longest = look.settings().limits.request_seconds;
    let seconds = api::time::duration::parse(text).map(|nanos| nanos / 1_000_000_000);
    if seconds.is_ok_and(|seconds| seconds <= 0 || seconds > longest) {
        look.warn(flag, LONG.with([text]));
    }
    true
}

/// A signer elsewhere has keys of its own.
pub(super) fn service_account_key(look: &mut Look<'_, '_>) -> bool {
    let flag = "service-account-key-file";
    let keys = look.flags().list(flag);
    if keys.is_empty() && !look.flags().has("service-account-signing-endpoint") {
        look.unset(Status::Fail, flag);
    }
    let serving = look.flags().text("tls-private-key-file");
    if keys.contains(&serving) {
        look.warn(flag, SAME_KEY.with([serving]));
    }
    true
}

pub(super) fn service_account_issuer(look: &mut Look<'_, '_>) -> bool {
    let flag = "service-account-issuer";
    let issuers = look.flags().list(flag);
    if issuers.is_empty() {
        look.warn(flag, NO_ISSUER.plain());
    }
    for issuer in issuers.iter().filter(|issuer| !issuer.starts_with("https://")) {
        look.warn(flag, PLAIN_ISSUER.with([issuer]));
    }
    if issuers.len() > 1 && !look.flags().has("api-audiences") {
        look.warn("api-audiences", MANY_ISSUERS.with([issuers.len()]));
    }
    true
}

/// Behind a socket of the host is a database of its own, not a member of etcd: nobody else reaches it.
fn is_behind_a_socket(look: &Look<'_, '_>) -> bool {
    let servers = look.flags().list("etcd-servers");
    !servers.is_empty() && servers.iter().all(|server| server.starts_with("unix"))
}

pub(super) fn storage_client(look: &mut Look<'_, '_>) -> bool {
    if is_behind_a_socket(look) {
        return false;
    }
    for flag in ["etcd-certfile", "etcd-keyfile"].into_iter().filter(|flag| !look.component.flags.has(flag)) {
        look.unset(Status::Fail, flag);
    }
    true
}

pub(super) fn storage(look: &mut Look<'_, '_>) -> bool {
    if is_behind_a_socket(look) {
        return false;
    }
    if !look.flags().has("etcd-cafile") {
        look.fail("etcd-cafile", NO_ETCD_AUTHORITY.plain());
    }
    let told = |flag: &'static str| look.flags().list(flag).into_iter().map(move |text| (flag, text));
    // `GROUP/RESOURCE#SERVER;SERVER` keeps some resources elsewhere.
    let others = told("etcd-servers-overrides").flat_map(|(flag, text)| {
        let (_, servers) = text.split_once('#').unwrap_or(("", text));
        servers.split(';').map(move |server| (flag, server))
    });
    for (flag, server) in told("etcd-servers").chain(others).collect::<Vec<_>>() {
        // What goes through a socket does not leave the host.
        if !server.starts_with("https://") && !server.starts_with("unix") {
            look.fail(flag, PLAIN_ETCD.with([server]));
        }
    }
    true
}

/// Whoever the front proxy's authority signs may speak for others, so it signs nobody else.
pub(super) fn front_proxy(look: &mut Look<'_, '_>) -> bool {
    let flag = "requestheader-client-ca-file";
    let (proxy, clients) = (look.flags().text(flag), look.flags().text("client-ca-file"));
    if proxy.is_empty() {
        return false;
    }
    if !clients.is_empty()
        && share_an_authority(look, [(flag, proxy), ("client-ca-file", clients)]) == Some(true)
    {
        look.warn(flag, SHARED_AUTHORITY.with([proxy]));
        if look.flags().list("requestheader-allowed-names").is_empty() {
            look.fail("requestheader-allowed-names", ANYBODY.with([proxy]));
        }
    }
    true
}

/// True when two files have an authority in common; `None` when nobody can tell.
fn share_an_authority(look: &mut Look<'_, '_>, [(one, a), (other, b)]: [(&str, &str); 2]) -> Option<bool> {
    if a == b {
        return Some(true);
    }
    let (a, b) = (look.named(&format!("--{one}"), a)?, look.named(&format!("--{other}"), b)?);
    Certificate::share_a_key(&a.text(), &b.text())
}

/// Where it listens by its own account: an address of the internet is for firewalls to close.
pub(super) fn address(look: &mut Look<'_, '_>) -> bool {
    if Cloud::of(look.input()).api_is_restricted() == Some(true) {
        return true;
    }
    for flag in ["bind-address", "advertise-address"] {
        let address = look.flags().text(flag);
        if address.parse().is_ok_and(is_public) {
            look.warn(flag, PUBLIC.with([flag, address]));
        }
    }
    true
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            let shared = a == 100 && (64..128).contains(&b);
            !(v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_unspecified() || shared)
        }
        IpAddr::V6(v6) => {
            let local = v6.is_loopback() || v6.is_unspecified() || v6.is_unique_local();
            !(local || v6.is_unicast_link_local())
        }
    }
}
