//! Access rules by hand: every rule, with conditions whose meaning is written down here once more.

use std::sync::Arc;

use api::time::Timestamp;
use api::{Value, object};
use sumun_authz::Authorizer;
use sumun_authz::access::AccessRules;

use super::random::Random;
use super::{Answer, Naive, Question};

/// Whether a condition holds; `None` when it cannot be evaluated.
type Meaning = fn(&Question) -> Option<bool>;

/// Conditions, what they mean, and whether they are about resources (`Some(true)`) or paths alone.
const CONDITIONS: &[(&str, Meaning, Option<bool>)] = &[
    ("request.user == 'u1'", |q| Some(q.user == "u1"), None),
    (
        "request.user in ['u0', 'u2'] && !('g1' in request.groups)",
        |q| Some((q.user == "u0" || q.user == "u2") && !q.groups.iter().any(|g| g == "g1")),
        None,
    ),
    ("'g0' in request.groups", |q| Some(q.groups.iter().any(|g| g == "g0")), None),
    (
        "request.resourceAttributes.namespace == 'n1' && request.resourceAttributes.verb in ['get', 'list']",
        |q| {
            let r = q.resource.as_ref()?;
            Some(r.namespace == "n1" && (q.verb == "get" || q.verb == "list"))
        },
        Some(true),
    ),
    (
        "request.resourceAttributes.resource == 'secrets'",
        |q| Some(q.resource.as_ref()?.resource == "secrets"),
        Some(true),
    ),
    (
        "has(request.resourceAttributes.fieldSelector)",
        |q| Some(q.resource.as_ref()?.node.is_some()),
        Some(true),
    ),
    (
        "request.resourceAttributes.fieldSelector.requirements[0].values == ['m1']",
        |q| Some(q.resource.as_ref()?.node.as_ref()?.1 == "m1"),
        Some(true),
    ),
    (
        "request.nonResourceAttributes.path.startsWith('/a')",
        |q| {
            if q.resource.is_some() { None } else { Some(q.path.starts_with("/a")) }
        },
        Some(false),
    ),
    ("!has(request.resourceAttributes)", |q| Some(q.resource.is_none()), None),
    ("request.extra['team'][0] == 'x'", |_| None, None),
    (
        "request.user == 'u1' && request.extra['team'][0] == 'x'",
        |q| if q.user == "u1" { None } else { Some(false) },
        None,
    ),
    ("now < timestamp('2030-01-01T00:00:00Z')", |_| Some(true), None),
];

/// The rules as they are.
pub struct Rules(Vec<(Value, Vec<usize>)>);

/// Random rules.
pub fn world(random: &mut Random, now: Timestamp) -> (Arc<dyn Authorizer>, Rules) {
    let rules: Vec<_> = (0..random.below(12)).map(|i| rule(random, i)).collect();
    let real = AccessRules::new(Arc::new(move || now));
    let broken = real.upsert(rules.iter().map(|(object, _)| object));
    assert!(broken.is_empty(), "{broken:?}");
    (Arc::new(real), Rules(rules))
}

fn rule(random: &mut Random, number: usize) -> (Value, Vec<usize>) {
    let mut spec = object! { "effect" => random.pick(&["Allow", "Allow", "Deny", "NoOpinion"]) };
    if random.one_in(2) {
        let subjects: Vec<Value> = (0..1 + random.below(2)).map(|_| subject(random)).collect();
        spec.set_at(&["subjects"], subjects);
    }
    if random.one_in(2) {
        let entries: Vec<Value> = (0..1 + random.below(2)).map(|_| entry(random)).collect();
        spec.set_at(&["match"], entries);
    }
    let chosen: Vec<usize> = (0..random.below(3)).map(|_| random.below(CONDITIONS.len())).collect();
    let conditions: Vec<Value> =
        chosen.iter().map(|i| object! { "expression" => CONDITIONS[*i].0 }).collect();
    if !conditions.is_empty() {
        spec.set_at(&["conditions"], conditions);
    }
    if random.one_in(6) {
        spec.set_at(&["notAfter"], random.pick(&["2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"]));
    }
    if random.one_in(6) {
        spec.set_at(&["notBefore"], random.pick(&["2025-01-01T00:00:00Z", "2026-12-01T00:00:00Z"]));
        spec.remove_at(&["notAfter"]);
    }
    let object = object! {
        "apiVersion" => "authz.sumun.io/v1alpha1", "kind" => "AccessRule",
        "metadata" => object! { "name" => format!("r{number:02}") }, "spec" => spec,
    };
    (object, chosen)
}

fn subject(random: &mut Random) -> Value {
    match random.below(3) {
        0 => object! { "kind" => "User", "name" => random.user() },
        1 => object! { "kind" => "Group", "name" => random.pick(&["g0", "g1", "g2"]) },
        _ => object! { "kind" => "ServiceAccount", "name" => random.pick(&["a", "b"]), "namespace" => "n1" },
    }
}

fn entry(random: &mut Random) -> Value {
    let mut entry = object! {};
    let lists: [(&str, &[&str]); 6] = [
        ("verbs", &["get", "list", "delete", "*"]),
        ("apiGroups", &["", "apps", "*"]),
        ("resources", &["pods", "secrets", "*/status", "pods/log", "*"]),
        ("resourceNames", &["a", "b"]),
        ("namespaces", &["n1", "n2*", "", "*"]),
        ("nonResourceURLs", &["/a*", "/healthz", "*"]),
    ];
    for (key, values) in lists {
        let list = random.some(values, 2);
        if random.one_in(3) && !list.is_empty() {
            entry.set_at(&[key], list);
        }
    }
    entry
}

impl Naive for Rules {
    fn answer(&self, question: &Question) -> Answer {
        let mut answers = [false; 3];
        for (rule, conditions) in &self.0 {
            let spec = rule.at(&["spec"]);
            if !concerns(spec, question) || !suits(conditions, question) {
                continue;
            }
            let said: Vec<_> = conditions.iter().map(|i| (CONDITIONS[*i].1)(question)).collect();
            let (no, unsure) = (said.contains(&Some(false)), said.contains(&None));
            let (place, holds) = match spec.str_at(&["effect"]) {
                "Deny" => (0, !no),
                "NoOpinion" => (1, !no),
                _ => (2, !no && !unsure),
            };
            answers[place] |= holds;
        }
        match answers {
            [true, ..] => Some(false),
            [_, false, true] => Some(true),
            _ => None,
        }
    }
}

/// Conditions that read only what resources have are about resources, and so for paths.
fn suits(conditions: &[usize], question: &Question) -> bool {
    let mentions = |what: &str| conditions.iter().any(|i| CONDITIONS[*i].0.contains(what));
    let asks = mentions("has(request.resourceAttributes)");
    let (resource, path) = (
        conditions.iter().any(|i| CONDITIONS[*i].2 == Some(true)),
        conditions.iter().any(|i| CONDITIONS[*i].2 == Some(false)),
    );
    match question.resource {
        Some(_) => !path || resource || asks,
        None => !resource || path || asks,
    }
}

fn concerns(spec: &Value, question: &Question) -> bool {
    let text = |key: &str| spec.str_at(&[key]);
    // It is November 2026.
    if text("notBefore") == "2026-12-01T00:00:00Z" || text("notAfter") == "2026-01-01T00:00:00Z" {
        return false;
    }
    let subjects = spec.array_at(&["subjects"]);
    let is_meant = |s: &Value| {
        let name = s.str_at(&["name"]);
        match s.str_at(&["kind"]) {
            "User" => question.user == name,
            "Group" => question.groups.iter().any(|g| g == name),
            _ => question.user == format!("system:serviceaccount:{}:{name}", s.str_at(&["namespace"])),
        }
    };
    let entries = spec.array_at(&["match"]);
    (subjects.is_empty() || subjects.iter().any(is_meant))
        && (entries.is_empty() || entries.iter().any(|e| covers(e, question)))
}

fn covers(entry: &Value, question: &Question) -> bool {
    let given = |key: &str| !entry.array_at(&[key]).is_empty();
    let any = |key: &str, fits: &dyn Fn(&str) -> bool| {
        !given(key) || entry.array_at(&[key]).iter().any(|v| fits(v.as_str().unwrap()))
    };
    let about_resources = ["apiGroups", "resources", "resourceNames", "namespaces"].into_iter().any(given);
    if !any("verbs", &|v| v == "*" || v == question.verb) {
        return false;
    }
    let Some(r) = &question.resource else {
        let path = &question.path;
        return (given("nonResourceURLs") || !about_resources)
            && any("nonResourceURLs", &|u| match u.strip_suffix('*') {
                Some(start) => path.starts_with(start),
                None => u == path,
            });
    };
    let full = if r.subresource.is_empty() {
        r.resource.clone()
    } else {
        format!("{}/{}", r.resource, r.subresource)
    };
    let sub = format!("*/{}", r.subresource);
    (about_resources || !given("nonResourceURLs"))
        && any("apiGroups", &|g| g == "*" || g == r.group)
        && any("resources", &|x| x == "*" || x == full || (!r.subresource.is_empty() && x == sub))
        && any("resourceNames", &|n| n == r.name)
        && any("namespaces", &|n| match n.strip_suffix('*') {
            Some(start) => !r.namespace.is_empty() && r.namespace.starts_with(start),
            None => n == r.namespace,
        })
}
