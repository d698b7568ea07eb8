//! How the API is reached: over TLS, in versions that hold, with a certificate that is good.

use std::collections::BTreeMap;

use api::url::Url;

use crate::catalogue::Kind;
use crate::certificate::Certificate;
use crate::document::Document;
use crate::finding::{Place, Status};
use crate::scan::Scan;
use crate::sources::kubeconfig::kubeconfigs;
use crate::words::{Words, words};

pub(super) const IDS: &[&str] = &["NET-020"];
const ID: &str = "NET-020";

/// Versions of TLS that nobody should speak any more.
const OLD: [&str; 2] = ["1.0", "1.1"];

const PLAIN: Words = words("{} is reached without TLS", "{}에 TLS 없이 연결함");
const NOT_ASKED: Words = words(
    "which versions of TLS {} takes was not asked (--probe)",
    "{}가 받는 TLS 버전을 확인하지 않음 (--probe)",
);
const TAKES: Words = words("it takes TLS {}", "TLS {}을 받음");
const NO_TLS: Words = words("{} did not answer over TLS", "{}가 TLS로 응답하지 않음");
const BROKEN: Words = words("its certificate cannot be read: {}", "인증서를 읽을 수 없음: {}");
const ENDED: Words = words("its certificate ended on {}", "인증서가 {}에 만료됨");
const ENDS: Words = words("its certificate ends on {}", "인증서가 {}에 만료될 예정임");
const EARLY: Words = words("its certificate counts from {} on", "인증서가 {}부터 유효함");
const OTHER_NAME: Words = words("its certificate is not for {}", "인증서가 {}용이 아님");

pub(super) fn run(scan: &mut Scan<'_>) {
    let probes = scan.input.of_kind(Kind::Probe);
    let probes: BTreeMap<&str, &Document> =
        probes.map(|probe| (probe.value.str_at(&["server"]).trim_end_matches('/'), probe)).collect();
    for kubeconfig in kubeconfigs(scan.input) {
        for cluster in kubeconfig.clusters.iter().filter(|cluster| !cluster.server.is_empty()) {
            scan.examine(ID);
            if !cluster.server.to_ascii_lowercase().starts_with("https://") {
                let field = format!("clusters[{}].cluster.server", cluster.index);
                scan.find(ID, Status::Fail, kubeconfig.place(), field, PLAIN.with([cluster.server]));
            } else if !probes.contains_key(cluster.server.trim_end_matches('/')) {
                scan.lack(ID, NOT_ASKED.with([cluster.server]));
            }
        }
    }
    for (server, probe) in probes {
        scan.examine(ID);
        judge(scan, server, probe);
    }
}

fn judge(scan: &mut Scan<'_>, server: &str, probe: &Document) {
    let place = || Place::named("Endpoint", server, &probe.origin);
    if !server.starts_with("https://") {
        return scan.find(ID, Status::Fail, place(), String::new(), PLAIN.with([server]));
    }
    let tls = probe.value.at(&["tls"]);
    let takes = |version: &str| tls.get(version).and_then(api::Value::as_bool);
    for version in OLD.into_iter().filter(|version| takes(version) == Some(true)) {
        scan.find(ID, Status::Fail, place(), format!("tls[{version}]"), TAKES.with([version]));
    }
    if OLD.into_iter().any(|version| takes(version).is_none()) {
        scan.lack(ID, NOT_ASKED.with([server]));
    }
    let pem = probe.value.str_at(&["certificate"]);
    if pem.is_empty() {
        return scan.lack(ID, NO_TLS.with([server]));
    }
    match Certificate::parse_all(pem.as_bytes()).map(|all| all.into_iter().next()) {
        Ok(Some(certificate)) => is_good(scan, server, &certificate, &place()),
        Ok(None) => {}
        Err(why) => scan.find(ID, Status::Fail, place(), "certificate".to_owned(), BROKEN.with([why])),
    }
}

fn is_good(scan: &mut Scan<'_>, server: &str, certificate: &Certificate, place: &Place) {
    let (start, end) = (certificate.not_before, certificate.not_after);
    let (now, left) = (scan.settings.now, -scan.settings.days_since(end));
    let soon = scan.settings.limits.certificate_days;
    let mut tell = |status, reason| scan.find(ID, status, place.clone(), "certificate".to_owned(), reason);
    if left < 0 {
        tell(Status::Fail, ENDED.with([end.text()]));
    } else if left < soon {
        tell(Status::Warn, ENDS.with([end.text()]));
    }
    if now.seconds() < start.seconds() {
        tell(Status::Fail, EARLY.with([start.text()]));
    }
    let authority = Url::parse(server).unwrap_or_default().host;
    let host = host(&authority);
    if !certificate.covers(host) {
        tell(Status::Fail, OTHER_NAME.with([host]));
    }
}

/// The host of `host:port`; of an address in brackets, the address.
fn host(authority: &str) -> &str {
    if let Some((address, _)) = authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return address;
    }
    authority.rsplit_once(':').map_or(authority, |(host, _)| host)
}
