//! Certificates that end soon, on hosts and in kubeconfigs.

use crate::certificate::Certificate;
use crate::finding::{Place, Status};
use crate::scan::Scan;
use crate::sources::host::Host;
use crate::when::day;
use crate::words::{Words, words};

pub(super) const IDS: &[&str] = &["HST-075"];

/// How many days ahead somebody has to act.
const AHEAD: i64 = 30;

const ENDED: Words = words("the certificate of \"{}\" ended on {}", "\"{}\" 인증서가 {}에 만료됨");
const ENDS: Words =
    words("the certificate of \"{}\" ends on {}, in {} days", "\"{}\" 인증서가 {}에 만료됨 ({}일 남음)");
const TO_COME: Words =
    words("the certificate of \"{}\" is not valid before {}", "\"{}\" 인증서가 {}부터 유효함");
const UNREADABLE: Words = words("{} cannot be read as certificates: {}", "{} 인증서를 읽을 수 없음: {}");
const HIDDEN: Words = words("{} could not be looked at: {}", "{} 경로를 확인할 수 없음: {}");

pub(super) fn run(scan: &mut Scan<'_>) {
    for host in Host::all(scan.input) {
        for file in host.at(&["certificates"]).as_array().unwrap_or(&[]) {
            let path = file.str_at(&["path"]);
            judge(scan, &host.place("File", path), path, file.str_at(&["pem"]).as_bytes());
        }
        if let Some(why) = host.missing("certificates") {
            scan.lack("HST-075", HIDDEN.with([host.name(), why]));
        }
    }
}

/// Holds every certificate of a text against the time of the scan.
fn judge(scan: &mut Scan<'_>, place: &Place, name: &str, pem: &[u8]) {
    match Certificate::parse_all(pem) {
        Ok(all) => all.iter().for_each(|certificate| ends(scan, place, certificate)),
        Err(why) => scan.lack("HST-075", UNREADABLE.with([name, &why])),
    }
}

fn ends(scan: &mut Scan<'_>, place: &Place, certificate: &Certificate) {
    scan.examine("HST-075");
    let (from, until) = (certificate.not_before, certificate.not_after);
    let name = match (certificate.common_name.as_str(), certificate.names.first()) {
        ("", Some(name)) => name,
        (name, _) => name,
    };
    let left = -scan.settings.days_since(until);
    let (status, reason) = if until.seconds() < scan.settings.now.seconds() {
        (Status::Fail, ENDED.with([name, &day(until)]))
    } else if from.seconds() > scan.settings.now.seconds() {
        (Status::Fail, TO_COME.with([name, &day(from)]))
    } else if left < AHEAD {
        (Status::Warn, ENDS.with([name, &day(until), &left.to_string()]))
    } else {
        return;
    };
    scan.find("HST-075", status, place.clone(), "notAfter".to_owned(), reason);
}
