//! What came out of a scan, and the forms in which it is told.

mod guideline;
mod html;
mod junit;
mod oscal;
mod policy_report;
mod sarif;
mod table;
mod text;
mod value;

use crate::catalogue::{Area, Check, Severity};
use crate::finding::{Finding, Status};
use crate::frameworks::Framework;
use crate::when::day;
use crate::words::{Language, Said, Words, words};

pub use guideline::ItemOutcome;
pub use html::html;
pub use junit::junit;
pub use oscal::oscal;
pub use policy_report::policy_report;
pub use sarif::sarif;
pub use table::{csv, markdown};
pub use text::text;
pub use value::value;

/// How one check came out for everything it looked at.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The check.
    pub check: &'static Check,
    /// The worst of its findings; without any, whether there was something to look at.
    pub status: Status,
    /// How many things it looked at.
    pub examined: usize,
    /// What is not as it should be.
    pub findings: Vec<Finding>,
    /// What would have to be given to decide about more.
    pub lacking: Vec<Said>,
}

/// How every check came out, by name.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// One for each check.
    pub outcomes: Vec<Outcome>,
    /// Guidelines by whose items it is told besides.
    pub frameworks: Vec<Framework>,
}

impl Report {
    /// Everything that is not as it should be, the worst first.
    pub fn findings(&self) -> Vec<&Finding> {
        let mut all: Vec<_> = self.outcomes.iter().flat_map(|outcome| &outcome.findings).collect();
        all.sort_by_key(|f| std::cmp::Reverse((f.status, f.check.severity)));
        all
    }

    /// How many checks came out so.
    pub fn count(&self, status: Status) -> usize {
        self.outcomes.iter().filter(|outcome| outcome.status == status).count()
    }

    /// The checks that fail, not counting what a baseline has.
    pub fn new_failures(&self) -> impl Iterator<Item = &Outcome> {
        let is_new = |finding: &Finding| finding.status == Status::Fail && finding.known != Some(true);
        self.outcomes.iter().filter(move |o| o.status == Status::Fail && o.findings.iter().any(is_new))
    }

    /// The severity of the worst failure.
    pub fn worst(&self) -> Option<Severity> {
        let failed = self.outcomes.iter().filter(|outcome| outcome.status == Status::Fail);
        failed.map(|outcome| outcome.check.severity).max()
    }
}

/// How an area came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AreaScore {
    /// The area.
    pub area: Area,
    /// Checks that passed.
    pub passed: usize,
    /// Checks that warned.
    pub warned: usize,
    /// Checks that failed.
    pub failed: usize,
    /// Checks for which nothing was given.
    pub not_evaluated: usize,
    /// Checks about things that are not there, and those that are left to people.
    pub other: usize,
}

impl AreaScore {
    /// Checks that were decided, one way or the other.
    pub fn decided(&self) -> usize {
        self.passed + self.warned + self.failed
    }

    /// 0 to 100: how many of the checks that were decided passed; a warning is half a pass.  `None` when none was.
    pub fn score(&self) -> Option<usize> {
        (100 * self.passed + 50 * self.warned).checked_div(self.decided())
    }

    /// 0 to 100: how many checks could be decided, or are about nothing that is there.
    pub fn coverage(&self) -> usize {
        let all = self.decided() + self.other + self.not_evaluated;
        (100 * (all - self.not_evaluated)).checked_div(all).unwrap_or(0)
    }

    fn add(&mut self, status: Status) {
        match status {
            Status::Pass => self.passed += 1,
            Status::Warn => self.warned += 1,
            Status::Fail => self.failed += 1,
            Status::NotEvaluated => self.not_evaluated += 1,
            Status::NotApplicable | Status::Manual | Status::Excepted => self.other += 1,
        }
    }
}

impl Report {
    /// How each area came out, in the order of the catalogue.
    pub fn areas(&self) -> Vec<AreaScore> {
        let mut areas: Vec<AreaScore> = Vec::new();
        for outcome in &self.outcomes {
            let area = outcome.check.area();
            if areas.last().is_none_or(|last| last.area != area) {
                let (passed, warned, failed, not_evaluated, other) = (0, 0, 0, 0, 0);
                areas.push(AreaScore { area, passed, warned, failed, not_evaluated, other });
            }
            if let Some(last) = areas.last_mut() {
                last.add(outcome.status);
            }
        }
        areas
    }

    /// The checks that did not come out well, the worst first; those that would not but for an exception last.
    pub fn flawed(&self) -> Vec<&Outcome> {
        let mut flawed: Vec<_> =
            self.outcomes.iter().filter(|outcome| outcome.status >= Status::Excepted).collect();
        flawed.sort_by_key(|outcome| std::cmp::Reverse((outcome.status, outcome.check.severity)));
        flawed
    }
}

/// Words that reports use, by language.
pub(crate) struct Terms {
    pub status: [&'static str; 7],
    pub severity: [&'static str; 5],
    pub area: &'static str,
    pub score: &'static str,
    pub coverage: &'static str,
    pub remedy: &'static str,
    pub nothing: &'static str,
    pub more: &'static str,
    pub needs: &'static str,
    pub title: &'static str,
    pub known: &'static str,
    pub item: &'static str,
    pub checks: &'static str,
}

const ENGLISH: Terms = Terms {
    status: ["pass", "not applicable", "not evaluated", "manual", "excepted", "warn", "fail"],
    severity: ["info", "low", "medium", "high", "critical"],
    area: "AREA",
    score: "SCORE",
    coverage: "COVERAGE",
    remedy: "do",
    nothing: "Nothing to mend.",
    more: "more",
    needs: "Not evaluated",
    title: "Security posture",
    known: "known before",
    item: "ITEM",
    checks: "CHECKS",
};

const KOREAN: Terms = Terms {
    status: ["통과", "해당 없음", "평가 안 됨", "수동 확인", "예외", "경고", "실패"],
    severity: ["참고", "낮음", "중간", "높음", "심각"],
    area: "영역",
    score: "점수",
    coverage: "범위",
    remedy: "조치",
    nothing: "고칠 것이 없습니다.",
    more: "더",
    needs: "평가 안 됨",
    title: "보안 태세",
    known: "이미 알려짐",
    item: "항목",
    checks: "점검",
};

const EXCEPTED: Words = words("excepted until {} by {}: {}", "{}까지 예외, 책임자 {}: {}");
const ENDED: Words =
    words("the exception ended on {}, {} answers for it: {}", "{}에 예외 만료, 책임자 {}: {}");

/// What exceptions and baselines say of a finding, `""` when they say nothing.
pub(crate) fn remark(finding: &Finding, language: Language) -> String {
    let excepted = finding.exception.as_ref().map(|exception| {
        let words = if finding.status == Status::Excepted { EXCEPTED } else { ENDED };
        let until = day(exception.until);
        words.with([until.as_str(), &exception.owner, &exception.reason]).of(language)
    });
    let known = (finding.known == Some(true)).then(|| Terms::of(language).known.to_owned());
    excepted.into_iter().chain(known).collect::<Vec<_>>().join("; ")
}

impl Terms {
    pub(crate) fn of(language: Language) -> &'static Self {
        match language {
            Language::English => &ENGLISH,
            Language::Korean => &KOREAN,
        }
    }

    pub(crate) fn status(&self, status: Status) -> &'static str {
        let order = [
            Status::Pass,
            Status::NotApplicable,
            Status::NotEvaluated,
            Status::Manual,
            Status::Excepted,
            Status::Warn,
            Status::Fail,
        ];
        order.iter().zip(self.status).find(|(s, _)| **s == status).map_or("", |(_, word)| word)
    }

    pub(crate) fn severity(&self, severity: Severity) -> &'static str {
        Severity::ALL.iter().zip(self.severity).find(|(s, _)| **s == severity).map_or("", |(_, word)| word)
    }
}

/// What would have to be given to decide more, each with the checks that want it: what is missing of what was given,
/// or else what the check is decided from.
pub(crate) fn missing(report: &Report, language: Language) -> Vec<(String, Vec<&'static str>)> {
    let mut wants: Vec<(String, Vec<&'static str>)> = Vec::new();
    let mut want = |needs: String, id: &'static str| match wants.iter_mut().find(|(n, _)| *n == needs) {
        Some((_, ids)) if ids.last() == Some(&id) => {}
        Some((_, ids)) => ids.push(id),
        None => wants.push((needs, vec![id])),
    };
    for outcome in &report.outcomes {
        for reason in &outcome.lacking {
            want(reason.of(language), outcome.check.id);
        }
        if outcome.status == Status::NotEvaluated && outcome.lacking.is_empty() {
            let kinds: Vec<_> = outcome.check.inputs.iter().map(|kind| kind.words().of(language)).collect();
            want(kinds.join(" / "), outcome.check.id);
        }
    }
    wants.sort_by_key(|(_, ids)| std::cmp::Reverse(ids.len()));
    wants
}
