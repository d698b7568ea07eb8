//! Certificates that end soon, on hosts and in kubeconfigs.

use crate::certificate::Certificate;
use crate::finding::{Place, Status};
use crate::scan::Scan;
use crate::sources::host::Host;
use crate::sources::kubeconfig::{Pem, User, kubeconfigs};
use crate::when::day;
use crate::words::{Words, words};

pub(super) const IDS: &[&str] = &["HST-075"];

const ENDED: Words = words("the certificate of \"{}\" ended on {}", "\"{}\" 인증서가 {}에 만료됨");
const ENDS: Words = words(
    "the certificate of \"{}\" ends on {}, in {} days",
    "\"{}\" 인증서가 {}에 만료될 예정임 ({}일 남음)",
);
const TO_COME: Words =
    words("the certificate of \"{}\" is not valid before {}", "\"{}\" 인증서가 {}부터 유효함");
const UNREADABLE: Words = words("{} cannot be read as certificates: {}", "{} 인증서를 읽을 수 없음: {}");
const NOT_GIVEN: Words =
    words("{} was not given, and holds a certificate", "인증서가 있는 {} 파일이 주어지지 않음");
const HIDDEN: Words = words("{} could not be looked at: {}", "{} 경로를 확인할 수 없음: {}");

pub(super) fn run(scan: &mut Scan<'_>) {
    let hosts = Host::all(scan.input);
    let known: Vec<&str> = hosts.iter().flat_map(files).map(|(path, _)| path).collect();
    for kubeconfig in kubeconfigs(scan.input) {
        for user in &kubeconfig.users {
            of_user(scan, &kubeconfig.place(), user, &known);
        }
    }
    for host in &hosts {
        for (path, pem) in files(host) {
            judge(scan, &host.place("File", path), path, pem.as_bytes());
        }
        if let Some(why) = host.missing("certificates") {
            scan.lack("HST-075", HIDDEN.with([host.name(), why]));
        }
    }
}

/// The certificates that were collected on a host, by their files.
fn files<'a>(host: &Host<'a>) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
    let all = host.at(&["certificates"]).as_array().unwrap_or(&[]).iter();
    all.map(|file| (file.str_at(&["path"]), file.str_at(&["pem"])))
}

fn of_user(scan: &mut Scan<'_>, place: &Place, user: &User<'_>, known: &[&str]) {
    match &user.certificate {
        Some(Pem::Inline(Ok(all))) => {
            all.iter().for_each(|certificate| ends(scan, place, &user.certificate_field(), certificate));
        }
        Some(Pem::Inline(Err(why))) => {
            scan.lack("HST-075", UNREADABLE.with([&user.certificate_field(), why]));
        }
        // A host has told it.
        Some(Pem::File(path)) if known.contains(path) => {}
        Some(Pem::File(path)) => scan.lack("HST-075", NOT_GIVEN.with([path])),
        None => {}
    }
}

/// Holds every certificate of a text against the time of the scan.
fn judge(scan: &mut Scan<'_>, place: &Place, name: &str, pem: &[u8]) {
    match Certificate::parse_all(pem) {
        Ok(all) => all.iter().for_each(|certificate| ends(scan, place, "notAfter", certificate)),
        Err(why) => scan.lack("HST-075", UNREADABLE.with([name, &why])),
    }
}

fn ends(scan: &mut Scan<'_>, place: &Place, field: &str, certificate: &Certificate) {
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
    } else if left < scan.settings.limits.certificate_days {
        (Status::Warn, ENDS.with([name, &day(until), &left.to_string()]))
    } else {
        return;
    };
    scan.find("HST-075", status, place.clone(), field.to_owned(), reason);
}
