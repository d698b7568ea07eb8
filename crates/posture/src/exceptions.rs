//! Risks that somebody has taken, for a time: findings that do not count until then.
//!
//! Entry points: [`Exceptions::parse`] reads a file, [`Exceptions::apply`] marks the findings of a report.

use std::collections::HashMap;
use std::sync::Arc;

use api::Value;
use api::time::Timestamp;
use codec::yaml::{Located, locate};
use evidence::{Origin, Problem, ProblemKind};

use crate::catalogue::catalogue;
use crate::finding::{Finding, Status, Subject};
use crate::input::Input;
use crate::report::Report;
use crate::when::{day, end_of_day, moment};

const VERSION: &str = "posture.sumun.io/v1";

/// What an exception may say.
const MEMBERS: [&str; 5] = ["check", "selector", "reason", "owner", "expires"];

/// What a selector may say.
const SELECTOR: [&str; 4] = ["kind", "namespace", "name", "labels"];

/// A risk that somebody has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// The name of a check; `*` stands for anything, `?` for one character, here and in what follows.
    pub check: String,
    /// In what: kind, namespace and name; `""` for any.
    pub subject: Subject,
    /// Labels that the object must have.
    pub labels: Vec<(String, String)>,
    /// Why that is all right.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// Until when.
    pub until: Timestamp,
    /// Where it is written.
    pub origin: Origin,
}

/// Exceptions of any number of files, in their order; of several that fit the first one in force counts.
#[derive(Clone, Debug, Default)]
pub struct Exceptions {
    all: Vec<Arc<Exception>>,
}

/// What became of exceptions.
#[derive(Clone, Debug, Default)]
pub struct Applied {
    /// Those that fit a finding and have ended.
    pub expired: Vec<Arc<Exception>>,
    /// Those that fit no finding.
    pub unused: Vec<Arc<Exception>>,
}

impl Exceptions {
    /// Reads a file in YAML or JSON.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with its line.
    pub fn parse(name: &str, text: &[u8]) -> Result<Self, Vec<Problem>> {
        let origin = Origin { source: name.into(), line: 1, document: 1 };
        let value = codec::yaml::parse(text)
            .map_err(|why| vec![problem(&Origin { line: why.line(), ..origin.clone() }, why.to_string())])?;
        let value = value.value;
        let written = std::str::from_utf8(text).ok().and_then(|text| locate(text).ok().flatten());
        let mut reader = Reader { origin, problems: Vec::new() };
        let (version, kind) = (value.str_at(&["apiVersion"]), value.str_at(&["kind"]));
        if version != VERSION || !matches!(kind, "Exceptions" | "ExceptionList") {
            reader.wrong(None, format!("not exceptions: apiVersion must be {VERSION}, kind Exceptions"));
        }
        let known = ["apiVersion", "kind", "metadata", "exceptions"];
        reader.known_only(&value, written.as_ref(), &known, "the file");
        let list = written.as_ref().and_then(|root| root.member("exceptions"));
        let items = value.array_at(&["exceptions"]).iter().enumerate();
        let all: Vec<_> =
            items.filter_map(|(i, item)| reader.exception(item, list.and_then(|l| l.item(i)))).collect();
        if reader.problems.is_empty() { Ok(Self { all }) } else { Err(reader.problems) }
    }

    /// Adds those of another file.
    pub fn extend(&mut self, other: Self) {
        self.all.extend(other.all);
    }

    /// Marks the findings that exceptions fit, and says how each check comes out then.
    pub fn apply(&self, report: &mut Report, input: &Input, now: Timestamp) -> Applied {
        if self.all.is_empty() {
            return Applied::default();
        }
        let labels =
            if self.all.iter().any(|e| !e.labels.is_empty()) { labels(input) } else { HashMap::new() };
        let mut fate = vec![Fate::Unused; self.all.len()];
        for outcome in &mut report.outcomes {
            let id = outcome.check.id;
            let about: Vec<_> = self.all.iter().zip(&mut fate).filter(|(e, _)| fits(&e.check, id)).collect();
            for (exception, fate) in about {
                for finding in &mut outcome.findings {
                    if exception.covers(finding, &labels) {
                        *fate = exception.mark(finding, now);
                    }
                }
            }
            if let Some(worst) = outcome.findings.iter().map(|finding| finding.status).max() {
                outcome.status = worst;
            }
        }
        let those = |wanted: Fate| {
            let all = self.all.iter().zip(&fate).filter(|(_, fate)| **fate == wanted);
            all.map(|(exception, _)| Arc::clone(exception)).collect()
        };
        Applied { expired: those(Fate::Expired), unused: those(Fate::Unused) }
    }
}

/// What became of an exception.
#[derive(Clone, Copy, PartialEq)]
enum Fate {
    Unused,
    InForce,
    Expired,
}

type Labels<'a> = HashMap<(&'a Origin, Subject), &'a Value>;

impl Exception {
    /// Marks a finding that this covers; one in force goes before one that has ended.
    fn mark(self: &Arc<Self>, finding: &mut Finding, now: Timestamp) -> Fate {
        if self.until < now {
            finding.exception.get_or_insert_with(|| Arc::clone(self));
            return Fate::Expired;
        }
        if finding.status != Status::Excepted {
            finding.status = Status::Excepted;
            finding.exception = Some(Arc::clone(self));
        }
        Fate::InForce
    }

    fn covers(&self, finding: &Finding, labels: &Labels<'_>) -> bool {
        let (want, is) = (&self.subject, &finding.subject);
        let pairs = [(&want.kind, &is.kind), (&want.namespace, &is.namespace), (&want.name, &is.name)];
        let named = pairs.iter().all(|(want, is)| want.is_empty() || fits(want, is));
        let labelled = || {
            let key = finding.origin.as_ref().map(|origin| (origin, is.clone()));
            let has = key.and_then(|key| labels.get(&key));
            self.labels.iter().all(|(key, want)| {
                has.and_then(|labels| labels.get(key))
                    .and_then(Value::as_str)
                    .is_some_and(|is| fits(want, is))
            })
        };
        named && (self.labels.is_empty() || labelled())
    }
}

impl std::fmt::Display for Exception {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: exception for {} ({}, until {})", self.origin, self.check, self.owner, day(self.until))
    }
}

fn labels(input: &Input) -> Labels<'_> {
    let objects = input.objects.objects.iter();
    objects.map(|o| ((&o.origin, Subject::of(o)), o.value.at(&["metadata", "labels"]))).collect()
}

/// True when a pattern of `*` and `?` fits a whole text.
fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // The last star, and up to where it reaches: when what follows does not fit, it reaches one further.
    let mut star = None;
    while t < text.len() {
        match (pattern.get(p), text.get(t)) {
            (Some('*'), _) => {
                star = Some((p, t));
                p += 1;
            }
            (Some(want), Some(is)) if *want == '?' || want == is => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((at, reached)) = star else { return false };
                star = Some((at, reached + 1));
                (p, t) = (at + 1, reached + 1);
            }
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|c| *c == '*')
}

fn problem(origin: &Origin, text: String) -> Problem {
    Problem { origin: origin.clone(), kind: ProblemKind::Broken, text }
}

/// Reads the exceptions of a file and collects what is wrong with them.
struct Reader {
    origin: Origin,
    problems: Vec<Problem>,
}

impl Reader {
    fn place(&self, written: Option<&Located>) -> Origin {
        Origin { line: written.map_or(self.origin.line, |written| written.line), ..self.origin.clone() }
    }

    fn wrong(&mut self, written: Option<&Located>, text: String) {
        let origin = self.place(written);
        self.problems.push(problem(&origin, text));
    }

    /// A misspelt word would make an exception wider than it was meant.
    fn known_only(&mut self, value: &Value, written: Option<&Located>, known: &[&str], what: &str) {
        let members = value.as_object().into_iter().flat_map(api::Map::iter);
        let unknown: Vec<String> =
            members.map(|(key, _)| key.to_string()).filter(|key| !known.contains(&key.as_str())).collect();
        for key in unknown {
            let text = format!("{what} has an unknown member `{key}`; known are {}", known.join(", "));
            self.wrong(written, text);
        }
    }

    fn exception(&mut self, item: &Value, written: Option<&Located>) -> Option<Arc<Exception>> {
        let before = self.problems.len();
        let text = |path: &[&str]| item.str_at(path).trim().to_owned();
        self.known_only(item, written, &MEMBERS, "the exception");
        self.known_only(item.at(&["selector"]), written, &SELECTOR, "the selector");
        for member in ["check", "reason", "owner", "expires"] {
            if text(&[member]).is_empty() {
                self.wrong(written, format!("the exception has no {member}"));
            }
        }
        let (check, expires) = (text(&["check"]).to_ascii_uppercase(), text(&["expires"]));
        if !check.is_empty() && !catalogue().iter().any(|known| fits(&check, known.id)) {
            self.wrong(written, format!("there is no check `{check}`"));
        }
        let until = moment(&expires).map(end_of_day);
        if until.is_none() && !expires.is_empty() {
            self.wrong(written, format!("expires `{expires}` is no day such as 2026-12-31"));
        }
        let labels = self.labels(item.at(&["selector", "labels"]), written);
        let subject = Subject {
            kind: text(&["selector", "kind"]),
            namespace: text(&["selector", "namespace"]),
            name: text(&["selector", "name"]),
            ..Subject::default()
        };
        let origin = self.place(written);
        let (reason, owner) = (text(&["reason"]), text(&["owner"]));
        let exception = Exception { check, subject, labels, reason, owner, until: until?, origin };
        (self.problems.len() == before).then(|| Arc::new(exception))
    }

    fn labels(&mut self, value: &Value, written: Option<&Located>) -> Vec<(String, String)> {
        if !value.is_null() && value.as_object().is_none() {
            self.wrong(written, "the labels of the selector are no mapping".to_owned());
        }
        let members = value.as_object().into_iter().flat_map(api::Map::iter);
        members.map(|(key, value)| (key.to_string(), value.as_str().unwrap_or("").to_owned())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;
    use evidence::{Evidence, Object};

    const HEAD: &str = "apiVersion: posture.sumun.io/v1\nkind: Exceptions\nexceptions:\n";

    const PODS: [(&str, &str); 2] = [("web", "shop"), ("db", "infra")];

    fn input() -> Input {
        let pod = |(i, (name, tier)): (usize, &(&str, &str))| {
            let text = format!(
                "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, namespace: ns, labels: {{tier: {tier}}}}}, \
                 spec: {{hostPID: true, containers: [{{name: a}}]}}}}"
            );
            let value = codec::yaml::parse(text.as_bytes()).unwrap().value;
            Object { value, origin: Origin { source: "pods.yaml".into(), line: i + 1, document: i + 1 } }
        };
        let objects = PODS.iter().enumerate().map(pod).collect();
        Input { objects: Evidence { objects, ..Evidence::default() }, ..Input::default() }
    }

    /// What is excepted of POD-003, how it comes out, and how many exceptions have ended or fit nothing.
    fn judged(items: &str) -> (Vec<String>, Status, usize, usize) {
        let (input, settings) = (input(), Settings::default());
        let now = Timestamp::parse("2026-07-01T12:00:00Z").unwrap();
        let exceptions = Exceptions::parse("e.yaml", format!("{HEAD}{items}").as_bytes()).unwrap();
        let mut report = crate::scan(&input, &settings);
        let applied = exceptions.apply(&mut report, &input, now);
        let outcome = report.outcomes.iter().find(|o| o.check.id == "POD-003").unwrap();
        let excepted = outcome.findings.iter().filter(|f| f.status == Status::Excepted);
        let names = excepted.map(|f| f.subject.name.clone()).collect();
        (names, outcome.status, applied.expired.len(), applied.unused.len())
    }

    #[test]
    fn findings_are_excepted_by_check_object_and_labels() {
        let rest = "reason: r, owner: o, expires: 2026-07-01";
        for (which, want, unused) in [
            ("check: POD-003", vec!["web", "db"], 0),
            ("check: 'pod-00?'", vec!["web", "db"], 0),
            ("check: POD-003, selector: {kind: Pod, namespace: n*, name: w*b}", vec!["web"], 0),
            ("check: POD-003, selector: {labels: {tier: infra}}", vec!["db"], 0),
            ("check: POD-003, selector: {labels: {tier: infra, x: y}}", vec![], 1),
            ("check: POD-003, selector: {kind: Deployment}", vec![], 1),
            ("check: POD-002", vec![], 1),
        ] {
            let status = if want.len() == 2 { Status::Excepted } else { Status::Fail };
            let want: Vec<String> = want.into_iter().map(str::to_owned).collect();
            assert_eq!(judged(&format!("- {{{which}, {rest}}}\n")), (want, status, 0, unused), "{which}");
        }
    }

    #[test]
    fn one_that_has_ended_excepts_nothing() {
        let old = "- {check: POD-003, reason: r, owner: o, expires: 2026-06-30}\n";
        assert_eq!(judged(old), (vec![], Status::Fail, 1, 0));
        let both = format!("{old}- {{check: POD-*, reason: r, owner: o, expires: 2027-01-01}}\n");
        assert_eq!(judged(&both), (vec!["web".to_owned(), "db".to_owned()], Status::Excepted, 1, 0));
    }

    #[test]
    fn everything_that_is_wrong_is_told_with_its_line() {
        let items = "- check: POD-003\n  owner: o\n- {check: POD-999, reason: r, owner: o, expires: soon}\n\
                     # A word that is none.\n- check: POD-003\n  reason: r\n  owner: o\n  expires: 2026-12-31\n  selector: {namespaces: a}\n";
        let wrong = Exceptions::parse("e.yaml", format!("{HEAD}{items}").as_bytes()).unwrap_err();
        let texts: Vec<_> = wrong.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "e.yaml:4: the exception has no reason",
                "e.yaml:4: the exception has no expires",
                "e.yaml:6: there is no check `POD-999`",
                "e.yaml:6: expires `soon` is no day such as 2026-12-31",
                "e.yaml:8: the selector has an unknown member `namespaces`; known are kind, namespace, name, labels",
            ]
        );
        assert!(Exceptions::parse("e.yaml", b"a: [").is_err() && Exceptions::parse("e.yaml", b"").is_err());
    }

    #[test]
    fn patterns() {
        for (pattern, text, want) in [
            ("", "", true),
            ("*", "", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-b-b", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*é", "caf\u{e9}", true),
            ("abc", "abcd", false),
        ] {
            assert_eq!(fits(pattern, text), want, "{pattern} {text}");
        }
    }
}
