//! What the endpoint answers to whoever does not say who they are.

use crate::catalogue::Kind;
use crate::finding::{Place, Status};
use crate::scan::Scan;
use crate::words::{Words, words};

pub(super) const IDS: &[&str] = &["CPL-045"];

const ANSWERED: Words =
    words("it answers {} to a request without credentials", "인증 정보가 없는 요청에 {}로 응답함");
const ODD: Words = words(
    "it answers {} to a request without credentials, neither 401 nor 403",
    "인증 정보가 없는 요청에 401이나 403이 아닌 {}로 응답함",
);
const SILENT: Words = words("{} did not answer", "{}가 응답하지 않음");

pub(super) fn run(scan: &mut Scan<'_>) {
    let [id] = IDS else { return };
    for probe in scan.input.of_kind(Kind::Probe) {
        let server = probe.value.str_at(&["server"]);
        let place = Place::named("Endpoint", server, &probe.origin);
        let Some(status) = probe.value.at(&["anonymousStatus"]).as_i64() else {
            scan.lack(id, SILENT.with([server]));
            continue;
        };
        scan.examine(id);
        match status {
            401 | 403 => {}
            200..300 => scan.find(id, Status::Fail, place, "/api".to_owned(), ANSWERED.with([status])),
            _ => scan.find(id, Status::Warn, place, "/api".to_owned(), ODD.with([status])),
        }
    }
}
