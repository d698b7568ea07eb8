//! Whether the audit log is whole: gaps, events twice, clocks that go back, broken lines.

use audit::log::Problem;
use evidence::Origin;

use crate::finding::{Place, Status, Subject};
use crate::scan::Scan;
use crate::sources::audit_log::{Integrity, Mark};
use crate::words::{Said, Words, words};

pub(super) const IDS: &[&str] = &["AUD-018"];

const GAP: Words = words("no event from {} to {}, {} minutes", "{}부터 {}까지 {}분 동안 이벤트가 없음");
const MORE_GAPS: Words = words("{} more gaps", "그 밖의 공백 {}개");
const TWICE: Words =
    words("{} events were there before, in the same stage: {}", "같은 단계의 이벤트 {}건이 중복됨: {}");
const BACK: Words =
    words("the clock goes back {} times, by {} s and more: {}", "시각이 {}번 뒤로 감({}초 이상): {}");
const EARLY: Words = words(
    "{} events ended before their request came: {}",
    "요청을 받기 전에 끝난 것으로 기록된 이벤트 {}건: {}",
);
const BROKEN: Words = words("{} lines are broken: {}", "손상된 줄 {}개: {}");
const FUTURE: Words =
    words("the last event is of {}, which is yet to come", "마지막 이벤트의 시각 {}이 미래임");
const TIMELESS: Words = words("its events have no times", "이벤트에 시각이 없음");

/// How many gaps are told one by one.
const MOST_GAPS: usize = 10;
/// How far clocks may be apart, in seconds.
const SKEW: i64 = 300;

pub(super) fn run(scan: &mut Scan<'_>) {
    let Some(log) = scan.input.audit_log.as_ref().filter(|log| log.events() > 0) else { return };
    let integrity = log.integrity();
    let Some((_, last)) = integrity.period() else {
        return scan.lack("AUD-018", TIMELESS.plain());
    };
    scan.examine("AUD-018");
    gaps(scan, integrity);
    let (steps, marks) = &integrity.steps_back;
    let least = marks.iter().map(|(seconds, _)| *seconds).min().unwrap_or(0);
    let marks: Vec<Mark> = marks.iter().map(|(_, mark)| mark.clone()).collect();
    told(scan, *steps, &marks, |list| BACK.with([steps.to_string(), least.to_string(), list]));
    for (words, (count, marks)) in [(TWICE, &integrity.duplicates), (EARLY, &integrity.ended_early)] {
        told(scan, *count, marks, |list| words.with([count.to_string(), list]));
    }
    let (broken, problems) = &integrity.broken;
    if *broken > 0 {
        let list: Vec<String> = problems.iter().map(Problem::to_string).collect();
        let origin = problems.first().map(|problem| Origin::whole(problem.file.as_str()));
        warn(scan, origin, BROKEN.with([broken.to_string(), list.join("; ")]));
    }
    if last.seconds() > scan.settings.now.seconds() + SKEW {
        warn(scan, None, FUTURE.with([last.text()]));
    }
}

fn gaps(scan: &mut Scan<'_>, integrity: &Integrity) {
    let gaps = integrity.gaps(scan.settings.limits.log_gap);
    for (from, to) in gaps.iter().take(MOST_GAPS) {
        let minutes = (to.seconds() - from.seconds()) / 60;
        let reason = GAP.with([from.text().to_string(), to.text().to_string(), minutes.to_string()]);
        warn(scan, None, reason);
    }
    if gaps.len() > MOST_GAPS {
        warn(scan, None, MORE_GAPS.with([gaps.len() - MOST_GAPS]));
    }
}

fn told(scan: &mut Scan<'_>, count: u64, marks: &[Mark], reason: impl FnOnce(String) -> Said) {
    if count > 0 {
        let list: Vec<String> = marks.iter().map(Mark::to_string).collect();
        warn(scan, marks.first().map(Mark::origin), reason(list.join(", ")));
    }
}

fn warn(scan: &mut Scan<'_>, origin: Option<Origin>, reason: Said) {
    let name = origin.as_ref().map_or_else(|| "kube-audit".to_owned(), |origin| origin.source.to_string());
    let subject = Subject { kind: "AuditLog".to_owned(), name, ..Subject::default() };
    scan.find("AUD-018", Status::Warn, Place { subject, origin }, String::new(), reason);
}
