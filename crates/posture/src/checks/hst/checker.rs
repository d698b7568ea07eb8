//! What a checker of hosts has found and nobody has mended.

use std::collections::BTreeMap;

use crate::catalogue::Severity;
use crate::checks::Family;
use crate::finding::{Place, Status};
use crate::scan::Scan;
use crate::sources::checker::{Item, Outcome, results};
use crate::when::day;
use crate::words::{Words, words};

const ID: &str = "HST-073";

pub(super) const FAMILY: Family = Family { ids: || vec![ID], run };

const NONE: Words = words("no results of a checker of hosts were given", "서버 점검 결과가 주어지지 않음");
const OPEN: Words = words("{} {} of severity {} came out {}", "{} {} (위험도 {})의 결과가 {}");
const OLD: Words = words("it was checked {} days ago ({})", "{}일 전에 점검함 ({})");
const UNDATED: Words = words("nothing says when it was checked", "점검 시각이 없음");

fn run(scan: &mut Scan<'_>) {
    let items = results(scan.input);
    if items.is_empty() {
        return scan.lack(ID, NONE.plain());
    }
    let mut hosts: BTreeMap<&str, &Item<'_>> = BTreeMap::new();
    for item in &items {
        hosts.entry(item.host).or_insert(item);
        scan.examine(ID);
        let status = match (item.result, item.severity) {
            (Outcome::Good | Outcome::Nothing, _) => continue,
            (Outcome::Open, _) => Status::Manual,
            (Outcome::Bad, Severity::Critical | Severity::High) => Status::Fail,
            (Outcome::Bad, _) => Status::Warn,
        };
        let reason = OPEN.with([item.id, item.title, item.severity.name(), item.said]);
        scan.find(ID, status, place(item), String::new(), reason);
    }
    for item in hosts.into_values() {
        let age = item.taken.map(|taken| (scan.settings.days_since(taken), day(taken)));
        let reason = match age {
            None => UNDATED.plain(),
            Some((days, day)) if days > scan.settings.limits.evidence_days => {
                OLD.with([days.to_string(), day])
            }
            Some(_) => continue,
        };
        scan.find(ID, Status::Warn, place(item), String::new(), reason);
    }
}

fn place(item: &Item<'_>) -> Place {
    let origin = &item.document.origin;
    let name = if item.host.is_empty() { &*origin.source } else { item.host };
    Place::named("Host", name, origin)
}
