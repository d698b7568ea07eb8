//! What somebody vouches for, with an owner and an end.
//!
//! Entry points: [`attested`] finds what is attested for a check; [`decide`] decides a check by that.  An attestation
//! counts while its end has not come, and for a year at the most.

use api::Value;
use api::time::Timestamp;
use evidence::{Problem, ProblemKind};

use crate::catalogue::{Kind, catalogue, check};
use crate::document::Document;
use crate::finding::Status;
use crate::input::Input;
use crate::scan::Scan;
use crate::settings::Settings;
use crate::sources::{analyses, checker, review, seccomp};
use crate::when::{day, end_of_day, moment};
use crate::words::{Said, Words, words};

/// How long an attestation may count, in days.
const LONGEST: i64 = 365;

/// Evidence of other kinds.
const KNOWN: &[fn(&Value) -> bool] =
    &[analyses::fits, checker::fits, checker::is_table, review::fits, seccomp::fits];

const UNKNOWN: &str = "neither an attestation (apiVersion posture.sumun.io/v1) nor evidence that is known: SARIF, a report of \
ZAP, results of a checker of hosts, a seccomp profile or reviewed rights";

const NO_OWNER: Words = words("it has no owner", "책임자가 없음");
const NO_STATEMENT: Words = words("it does not say what is vouched for", "무엇을 확인하는지 적혀 있지 않음");
const NO_DATE: Words = words("it does not say when it was given", "작성일이 없음");
const NO_END: Words = words("it has no end", "만료일이 없음");
const TOO_LONG: Words =
    words("it is to count for {} days; 365 are the most", "유효 기간이 {}일로 365일을 넘음");
const TO_COME: Words = words("it is dated {}, which is still to come", "작성일 {}이(가) 아직 오지 않음");
const EXPIRED: Words = words("it ended on {} ({})", "{}에 만료됨 ({})");

/// Something that somebody vouches for.
#[derive(Clone, Debug)]
pub(crate) struct Attested<'a> {
    /// Where it is said.
    pub document: &'a Document,
    /// Until when.
    pub until: Option<Timestamp>,
    /// The field because of which it does not count, and why.
    pub flaw: Option<(&'static str, Said)>,
}

/// What is attested for a check, by its name or by an item of a guideline that it decides: an attestation that counts
/// before others, then the one that counts longest.
pub(crate) fn attested<'a>(input: &'a Input, settings: &Settings, id: &str) -> Option<Attested<'a>> {
    let all = attestations(input).filter(|document| covers(document, id));
    all.map(|document| Attested::of(document, settings)).max_by_key(|a| (a.counts(), a.until))
}

/// Decides a check by what is attested for it: examined when there is something, a finding when that does not count.
/// `None` when nobody vouches, `Some(true)` when somebody does.
pub(crate) fn decide(scan: &mut Scan<'_>, id: &'static str, bad: Status) -> Option<bool> {
    let attested = attested(scan.input, scan.settings, id)?;
    scan.examine(id);
    let counts = attested.counts();
    if let Some((field, reason)) = attested.flaw {
        scan.find(id, bad, attested.document, field.to_owned(), reason);
    }
    Some(counts)
}

/// True when a document is an attestation, not evidence of another kind.
pub(crate) fn is_attestation(document: &Document) -> bool {
    document.value.str_at(&["apiVersion"]).starts_with("posture.sumun.io/")
        && document.value.str_at(&["kind"]) == "Attestation"
}

/// Every attestation.
pub(crate) fn attestations(input: &Input) -> impl Iterator<Item = &Document> {
    input.of_kind(Kind::Attestation).filter(|document| is_attestation(document))
}

/// Documents that are neither attestations nor evidence of a known kind; attestations for checks that do not exist,
/// and for none.
pub(super) fn problems(input: &Input) -> Vec<Problem> {
    let mut problems = Vec::new();
    let known =
        |document: &&Document| is_attestation(document) || KNOWN.iter().any(|fits| fits(&document.value));
    for document in input.of_kind(Kind::Attestation).filter(|document| !known(document)) {
        let (origin, kind) = (document.origin.clone(), ProblemKind::Broken);
        problems.push(Problem { origin, kind, text: UNKNOWN.to_owned() });
    }
    for document in attestations(input) {
        let problem = |text| Problem { origin: document.origin.clone(), kind: ProblemKind::Broken, text };
        let named: Vec<&str> = names(document, "checks").chain(names(document, "items")).collect();
        if named.is_empty() {
            problems.push(problem("the attestation names no check: set spec.checks".to_owned()));
        }
        let unknown = |name: &&str| !catalogue().iter().any(|check| is_named(check.id, name));
        for name in named.into_iter().filter(unknown) {
            problems.push(problem(format!("the attestation is for {name}, which is no check and no item")));
        }
    }
    problems
}

fn names<'a>(document: &'a Document, list: &str) -> impl Iterator<Item = &'a str> + use<'a> {
    document.value.array_at(&["spec", list]).iter().filter_map(|name| name.as_str())
}

fn covers(document: &Document, id: &str) -> bool {
    names(document, "checks").chain(names(document, "items")).any(|name| is_named(id, name))
}

fn is_named(id: &str, name: &str) -> bool {
    let is_item = || check(id).is_some_and(|check| check.items.iter().any(|i| i.eq_ignore_ascii_case(name)));
    id.eq_ignore_ascii_case(name) || is_item()
}

impl<'a> Attested<'a> {
    fn of(document: &'a Document, settings: &Settings) -> Self {
        let text = |field: &str| document.value.str_at(&["spec", field]).trim();
        let (given, until) = (moment(text("date")), moment(text("expires")).map(end_of_day));
        let (owner, statement) = (text("owner"), text("statement"));
        let flaw = match (given, until) {
            _ if owner.is_empty() => Some(("spec.owner", NO_OWNER.plain())),
            _ if statement.is_empty() => Some(("spec.statement", NO_STATEMENT.plain())),
            (None, _) => Some(("spec.date", NO_DATE.plain())),
            (_, None) => Some(("spec.expires", NO_END.plain())),
            (Some(given), Some(until)) => in_time(given, until, owner, settings),
        };
        Self { document, until, flaw }
    }

    /// True while it can be relied on.
    pub(crate) fn counts(&self) -> bool {
        self.flaw.is_none()
    }
}

fn in_time(
    given: Timestamp,
    until: Timestamp,
    owner: &str,
    settings: &Settings,
) -> Option<(&'static str, Said)> {
    let days = (until.seconds() - given.seconds()).div_euclid(86_400);
    if given > settings.now {
        return Some(("spec.date", TO_COME.with([day(given)])));
    }
    if until < settings.now {
        return Some(("spec.expires", EXPIRED.with([day(until).as_str(), owner])));
    }
    (days > LONGEST).then(|| ("spec.expires", TOO_LONG.with([days])))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str =
        "{owner: Ada, date: 2026-06-01, expires: 2026-07-01, statement: done, checks: [img-001]}";

    fn input(specs: &[&str]) -> Input {
        let mut input = Input::default();
        for spec in specs {
            let text = format!("{{apiVersion: posture.sumun.io/v1, kind: Attestation, spec: {spec}}}");
            input.documents.extend(Document::parse(Kind::Attestation, "a", text.as_bytes()).unwrap());
        }
        input
    }

    fn settings() -> Settings {
        Settings { now: Timestamp::parse("2026-07-01T12:00:00Z").unwrap(), ..Settings::default() }
    }

    #[test]
    fn an_attestation_counts_to_the_end_of_its_last_day() {
        let input = input(&[GOOD]);
        let attested = attested(&input, &settings(), "IMG-001").unwrap();
        assert!(attested.counts());
        let late = Settings { now: Timestamp::parse("2026-07-02T00:00:00Z").unwrap(), ..settings() };
        assert_eq!(super::attested(&input, &late, "IMG-001").unwrap().flaw.unwrap().0, "spec.expires");
        assert!(super::attested(&input, &settings(), "IMG-002").is_none());
    }

    #[test]
    fn one_without_owner_words_or_dates_does_not_count() {
        for (from, to, field) in [
            ("owner: Ada", "owner: ''", "spec.owner"),
            ("statement: done", "x: y", "spec.statement"),
            ("date: 2026-06-01", "date: once", "spec.date"),
            ("date: 2026-06-01", "date: 2026-07-02", "spec.date"),
            ("expires: 2026-07-01, ", "", "spec.expires"),
            ("expires: 2026-07-01", "expires: 2026-06-30", "spec.expires"),
            ("expires: 2026-07-01", "expires: 2027-06-02", "spec.expires"),
        ] {
            let input = input(&[&GOOD.replace(from, to)]);
            let attested = attested(&input, &settings(), "IMG-001").unwrap();
            assert_eq!(attested.flaw.as_ref().map(|(field, _)| *field), Some(field), "{to}");
        }
    }

    #[test]
    fn one_that_counts_is_taken_before_others() {
        let old = GOOD.replace("2026-07-01", "2026-06-20");
        for order in [[GOOD, &old], [&old, GOOD]] {
            let input = input(&order);
            assert!(attested(&input, &settings(), "IMG-001").unwrap().counts());
        }
        let by_item = input(&[&GOOD.replace("checks: [img-001]", "items: [B7.2]")]);
        assert!(attested(&by_item, &settings(), "IMG-001").unwrap().counts());
    }

    #[test]
    fn one_for_what_does_not_exist_is_a_problem() {
        let texts = |spec: &str| problems(&input(&[spec])).into_iter().map(|p| p.text).collect::<Vec<_>>();
        assert!(texts(GOOD).is_empty());
        assert_eq!(
            texts("{checks: [IMG-999]}"),
            ["the attestation is for IMG-999, which is no check and no item"]
        );
        assert_eq!(texts("{}"), ["the attestation names no check: set spec.checks"]);
    }
}
