//! What a run found, for people and for programs.
//!
//! Entry points: [`Report::text`] and [`Report::value`].

use std::fmt::Write as _;

use api::{Value, object};
use audit::log::Summary;

use super::{Aside, BindingUse, Comparison, Observed, Plan, Proof, Question, RuleUse, SubjectClass};

/// How many lines of a list people are shown.
const MOST_LINES: usize = 40;

/// Everything there is to tell about a run.
#[derive(Clone, Copy)]
pub struct Report<'a> {
    /// What was read.
    pub summary: &'a Summary,
    /// What was seen in it.
    pub observed: &'a Observed,
    /// What was made of it.
    pub plan: &'a Plan,
    /// What the trial of that showed.
    pub proof: &'a Proof,
    /// What present grants have beside.
    pub comparison: Option<&'a Comparison>,
}

impl Report<'_> {
    /// For people.
    pub fn text(&self) -> String {
        let mut out = String::new();
        self.read(&mut out);
        self.made(&mut out);
        self.proved(&mut out);
        aside(&mut out, self.observed.aside());
        let denied = self.observed.denied();
        let lines = denied.iter().map(|q| format!("{} × {}", q.count, self.words(q)));
        list(&mut out, "Forbidden requests, which are not granted", lines);
        let excess = self.proof.excess.iter().map(ToString::to_string);
        list(&mut out, "Allowed beside what was asked for", excess);
        if let Some(comparison) = self.comparison {
            compared(&mut out, comparison);
        }
        out
    }

    fn read(&self, out: &mut String) {
        let s = self.summary;
        let forms: Vec<String> = s.forms.iter().map(|(form, n)| format!("{n} {form}")).collect();
        let forms = if forms.is_empty() { String::new() } else { format!(" ({})", forms.join(", ")) };
        line(out, &format!("Read {} events{forms}, {:.1} MB of JSON", s.events, s.bytes as f64 / 1e6));
        let (first, last) = self.observed.period();
        if !first.is_empty() {
            line(out, &format!("From {first} to {last}"));
        }
        if s.broken + s.other > 0 {
            let text = format!("{} broken, {} that are no audit events; the first:", s.broken, s.other);
            line(out, &text);
            s.problems.iter().take(10).for_each(|p| line(out, &format!("  {p}")));
        }
    }

    fn made(&self, out: &mut String) {
        let granted = self.observed.subjects().filter(|s| s.class.is_granted()).count();
        let (roles, bindings) = (self.plan.roles.len(), self.plan.bindings.len());
        let rules: usize = self.plan.roles.iter().map(|r| r.rules.len()).sum();
        line(out, &format!("{granted} subjects: {roles} roles with {rules} rules, {bindings} bindings"));
        if self.plan.covered_by_defaults > 0 {
            let n = self.plan.covered_by_defaults;
            line(out, &format!("{n} questions need nothing: the bindings of every cluster allow them"));
        }
    }

    fn proved(&self, out: &mut String) {
        let Proof { asked, requests, refused, .. } = self.proof;
        line(
            out,
            &format!(
                "Replayed {asked} distinct questions for {requests} requests: {} refused",
                if refused.is_empty() { "none".to_owned() } else { refused.len().to_string() }
            ),
        );
        list(out, "REFUSED", refused.iter().cloned());
    }

    fn words(&self, question: &Question) -> String {
        let who = self.observed.subject_of(question).map_or("", |s| s.name.as_str());
        let names = match question.names.as_slice() {
            [] => String::new(),
            [one] if !question.more_names => format!(" {one}"),
            names => format!(" ({}{} names)", names.len(), if question.more_names { "+" } else { "" }),
        };
        format!("{who}: {}{names}", question.ask.words())
    }

    /// For programs.
    pub fn value(&self) -> Value {
        let s = self.summary;
        let (first, last) = self.observed.period();
        let forms: api::Map = s.forms.iter().map(|(f, n)| (f.to_string(), Value::Int(int(*n)))).collect();
        let problems: Vec<Value> = s.problems.iter().map(|p| p.to_string().into()).collect();
        let mut value = object! {
            "read" => object! {
                "events" => int(s.events), "bytes" => int(s.bytes), "broken" => int(s.broken),
                "other" => int(s.other), "forms" => Value::Object(forms), "problems" => problems,
                "first" => first, "last" => last,
            },
            "subjects" => self.subjects(),
            "proof" => self.proof_value(),
            "aside" => aside_value(self.observed.aside()),
            "forbidden" => self.observed.denied().iter().map(|q| object! {
                "question" => self.words(q), "count" => int(q.count),
            }).collect::<Vec<_>>(),
        };
        if let Some(comparison) = self.comparison {
            value.set_at(&["current"], comparison_value(comparison));
        }
        value
    }

    fn subjects(&self) -> Vec<Value> {
        let one = |s: &super::Subject| {
            object! {
                "name" => s.name.as_str(),
                "class" => class(s.class),
                "allowed" => int(s.allowed),
                "denied" => int(s.denied),
            }
        };
        let mut subjects: Vec<&super::Subject> = self.observed.subjects().collect();
        subjects.sort_by(|a, b| a.name.cmp(&b.name));
        subjects.into_iter().map(one).collect()
    }

    fn proof_value(&self) -> Value {
        let excess = self.proof.excess.iter().map(|e| {
            object! {
                "to" => e.grantee.to_string(), "what" => e.what.as_str(), "why" => e.why.words(),
                "namespaces" => e.namespaces.iter().map(|ns| Value::from(ns.as_str())).collect::<Vec<_>>(),
            }
        });
        object! {
            "asked" => int(self.proof.asked as u64),
            "requests" => int(self.proof.requests),
            "coveredByDefaults" => int(self.plan.covered_by_defaults as u64),
            "refused" => texts(&self.proof.refused),
            "excess" => excess.collect::<Vec<_>>(),
        }
    }
}

fn class(class: SubjectClass) -> &'static str {
    match class {
        SubjectClass::ServiceAccount => "ServiceAccount",
        SubjectClass::User => "User",
        SubjectClass::Anonymous => "Anonymous",
        SubjectClass::Masters => "system:masters",
        SubjectClass::Node => "Node",
    }
}

fn aside(out: &mut String, aside: &Aside) {
    let masters: u64 = aside.masters.values().sum();
    if masters > 0 {
        let names: Vec<&str> = aside.masters.keys().take(5).map(String::as_str).collect();
        let names = names.join(", ");
        line(
            out,
            &format!(
                "{masters} requests by system:masters ({names}): nothing limits them, so no roles are made"
            ),
        );
    }
    let rest = [
        (aside.nodes, "requests of kubelets: the Node authorizer decides, so no roles are made"),
        (
            aside.anonymous,
            "requests without a credential were allowed; no roles are made for system:anonymous",
        ),
        (aside.unauthenticated, "requests by nobody knows whom (401)"),
        (aside.undecided, "events from before a decision (RequestReceived), not counted"),
    ];
    for (n, what) in rest.into_iter().filter(|(n, _)| *n > 0) {
        line(out, &format!("{n} {what}"));
    }
    for (who, n) in &aside.impersonations {
        line(
            out,
            &format!("{n} requests by {who} as somebody else: the other one is granted what was asked for"),
        );
    }
}

fn compared(out: &mut String, comparison: &Comparison) {
    let (unused, partly): (Vec<&BindingUse>, Vec<&BindingUse>) =
        comparison.bindings.iter().partition(|b| b.is_unused());
    line(out, &format!("\nPresent grants: {} bindings looked at", comparison.looked_at));
    let unused = unused.into_iter().map(|b| {
        let missing = if b.role_missing { ", which does not exist" } else { "" };
        format!("{} of {}{missing}  [{}]", b.binding, b.role, b.origin)
    });
    list(out, "Unused bindings", unused);
    let partly = partly.into_iter().map(|b| {
        let who = match b.unused_subjects.as_slice() {
            [] => String::new(),
            unused => format!("; unused by {}", unused.join(", ")),
        };
        format!(
            "{} of {}: {} of {} rules used{who}  [{}]",
            b.binding, b.role, b.used_rules, b.rules, b.origin
        )
    });
    list(out, "Bindings of which a part is used", partly);
    list(out, "Rules that are wider than their use", comparison.rules.iter().map(rule_words));
}

fn rule_words(rule: &RuleUse) -> String {
    let mut parts = Vec::new();
    if rule.unused {
        parts.push("unused".to_owned());
    } else {
        let join = |what: &str, list: &[String]| {
            if list.is_empty() { None } else { Some(format!("{what} {} unused", list.join(", "))) }
        };
        parts.extend(join("verbs", &rule.unused_verbs));
        parts.extend(join("resources", &rule.unused_targets));
        parts.extend(rule.used.iter().map(|used| format!("wildcard; used: {used}")));
    }
    format!("{} rule {} {}: {}  [{}]", rule.role, rule.number, rule.rule, parts.join("; "), rule.origin)
}

fn line(out: &mut String, text: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{text}");
}

fn list(out: &mut String, heading: &str, lines: impl ExactSizeIterator<Item = String>) {
    let count = lines.len();
    if count == 0 {
        return;
    }
    line(out, &format!("\n{heading} ({count}):"));
    lines.take(MOST_LINES).for_each(|text| line(out, &format!("  {text}")));
    if count > MOST_LINES {
        line(out, &format!("  … and {} more; --report has all", count - MOST_LINES));
    }
}

fn aside_value(aside: &Aside) -> Value {
    let counts = |map: &std::collections::BTreeMap<String, u64>| {
        Value::Object(map.iter().map(|(who, n)| (who.as_str(), Value::Int(int(*n)))).collect())
    };
    object! {
        "masters" => counts(&aside.masters),
        "impersonations" => counts(&aside.impersonations),
        "nodes" => int(aside.nodes),
        "anonymous" => int(aside.anonymous),
        "unauthenticated" => int(aside.unauthenticated),
        "undecided" => int(aside.undecided),
    }
}

fn comparison_value(comparison: &Comparison) -> Value {
    let binding = |b: &BindingUse| {
        object! {
            "binding" => b.binding.as_str(), "role" => b.role.as_str(), "origin" => b.origin.to_string(),
            "requests" => int(b.requests), "unused" => b.is_unused(),
            "unusedSubjects" => texts(&b.unused_subjects), "roleMissing" => b.role_missing,
            "usedRules" => int(b.used_rules as u64), "rules" => int(b.rules as u64),
        }
    };
    let rule = |r: &RuleUse| {
        object! {
            "role" => r.role.as_str(), "origin" => r.origin.to_string(), "number" => int(r.number as u64),
            "rule" => r.rule.value(), "unused" => r.unused, "unusedVerbs" => texts(&r.unused_verbs),
            "unusedTargets" => texts(&r.unused_targets), "used" => texts(&r.used),
        }
    };
    object! {
        "bindings" => comparison.bindings.iter().map(binding).collect::<Vec<_>>(),
        "rules" => comparison.rules.iter().map(rule).collect::<Vec<_>>(),
    }
}

fn texts(list: &[String]) -> Vec<Value> {
    list.iter().map(|text| text.as_str().into()).collect()
}

fn int(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
