//! Evidence that somebody has analysed the code and the running application, and what is still open.

use crate::checks::Family;
use crate::finding::{Place, Status};
use crate::scan::Scan;
use crate::sources::analyses::{Analysis, Manner, analyses};
use crate::sources::attestation;
use crate::when::day;
use crate::words::{Words, words};

pub(super) const FAMILY: Family = Family { ids: || ROWS.iter().map(|row| row.0).collect(), run };

const ROWS: [(&str, Manner, Words); 2] = [
    (
        "COD-001",
        Manner::Static,
        words("no result of a static analysis (SARIF) was given", "정적 분석 결과(SARIF)가 주어지지 않음"),
    ),
    (
        "COD-002",
        Manner::Dynamic,
        words(
            "no result of a dynamic analysis (ZAP, SARIF) was given",
            "동적 분석 결과(ZAP, SARIF)가 주어지지 않음",
        ),
    ),
];

const OPEN: Words = words("{} finds {} at {} places, the first is {}", "{}: {} 발견 {}건, 첫 위치 {}");
const OLD: Words = words("the newest analysis is {} days old ({})", "가장 최근 분석이 {}일 전 것임 ({})");
const UNDATED: Words = words("{} does not say when it looked", "{} 결과에 분석 시각이 없음");
const CUT: Words = words("{} did not come to an end", "{} 분석이 끝나지 못함");

fn run(scan: &mut Scan<'_>) {
    for (id, manner, none) in ROWS {
        let all = analyses(scan.input, manner);
        if all.is_empty() {
            if attestation::decide(scan, id, Status::Warn).is_none() {
                scan.lack(id, none.plain());
            }
            continue;
        }
        for analysis in &all {
            scan.examine(id);
            open(scan, id, analysis);
        }
        // Tools are run at different times: the newest run counts.
        if let Some(newest) = all.iter().max_by_key(|analysis| analysis.taken) {
            age(scan, id, newest);
        }
    }
}

fn open(scan: &mut Scan<'_>, id: &'static str, analysis: &Analysis<'_>) {
    let tool = analysis.tool;
    for (rule, places) in &analysis.open {
        let first = places.first().map_or("", String::as_str);
        let reason = OPEN.with([tool, rule, &places.len().to_string(), first]);
        scan.find(id, Status::Fail, place(analysis), (*rule).to_owned(), reason);
    }
    if !analysis.is_whole {
        scan.find(id, Status::Warn, place(analysis), String::new(), CUT.with([tool]));
    }
}

fn age(scan: &mut Scan<'_>, id: &'static str, newest: &Analysis<'_>) {
    let age = newest.taken.map(|taken| (scan.settings.days_since(taken), day(taken)));
    let reason = match age {
        None => UNDATED.with([newest.tool]),
        Some((days, day)) if days > scan.settings.limits.evidence_days => OLD.with([days.to_string(), day]),
        Some(_) => return,
    };
    scan.find(id, Status::Warn, place(newest), String::new(), reason);
}

fn place(analysis: &Analysis<'_>) -> Place {
    let origin = &analysis.document.origin;
    Place::named("Analysis", &*origin.source, origin)
}
