//! ABAC by hand: every line.

use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::{Map, Value, json};
use sumun_authz::Authorizer;
use sumun_authz::abac::{Abac, Policies};

use super::random::Random;
use super::{Answer, Naive, Question};

/// The lines of a file.
pub struct Lines(Vec<Value>);

/// A random file.
pub fn world(random: &mut Random) -> (Arc<dyn Authorizer>, Lines) {
    let lines: Vec<Value> = (0..random.below(25)).map(|_| line(random)).collect();
    let mut text = "# policies\n\n".to_owned();
    for line in &lines {
        writeln!(text, "{line}").unwrap();
    }
    (Arc::new(Abac::new(Policies::parse(&text).unwrap().0)), Lines(lines))
}

fn line(random: &mut Random) -> Value {
    let old = random.one_in(3);
    let mut spec = Map::new();
    let mut put = |key: &str, chance: usize, values: &[&str]| {
        if random.below(10) < chance {
            spec.insert(key.to_owned(), random.pick(values).into());
        }
    };
    put("user", 6, &["u0", "u1", "u2", "system:serviceaccount:n1:a", "system:node:m1", "*", ""]);
    put("group", 3, &["g0", "g1", "system:authenticated", "*"]);
    put("namespace", 8, &["*", "n1", "n2", "", "*"]);
    put("resource", 8, &["*", "pods", "secrets", "events", "nodes"]);
    if !old {
        put("apiGroup", 6, &["*", "", "apps"]);
        put("nonResourcePath", 4, &["*", "/a", "/a/*", "/a*", "/healthz", ""]);
    }
    if random.one_in(2) {
        spec.insert("readonly".to_owned(), random.one_in(2).into());
    }
    if old {
        return Value::Object(spec);
    }
    json!({"apiVersion": "abac.authorization.kubernetes.io/v1beta1", "kind": "Policy", "spec": spec})
}

impl Naive for Lines {
    fn answer(&self, question: &Question) -> Answer {
        self.0.iter().any(|line| allows(line, question)).then_some(true)
    }
}

fn allows(line: &Value, question: &Question) -> bool {
    let old = line.get("spec").is_none();
    let spec = if old { line } else { &line["spec"] };
    let text = |key: &str| spec.get(key).and_then(Value::as_str).unwrap_or("");
    let in_group = |group: &str| question.groups.iter().any(|g| g == group);
    let (user, group) = (text("user"), text("group"));
    let everybody = user == "*" || group == "*" || (old && user.is_empty() && group.is_empty());
    let is_meant = if everybody {
        in_group("system:authenticated")
    } else {
        (!user.is_empty() || !group.is_empty())
            && (user.is_empty() || user == question.user)
            && (group.is_empty() || in_group(group))
    };
    let readonly = spec.get("readonly").and_then(Value::as_bool).unwrap_or(false);
    if !is_meant || (readonly && !["get", "list", "watch"].contains(&question.verb.as_str())) {
        return false;
    }
    let fits = |key: &str, value: &str| {
        let pattern = text(key);
        pattern == "*" || pattern == value || (old && pattern.is_empty())
    };
    match &question.resource {
        Some(r) => {
            fits("namespace", &r.namespace)
                && fits("resource", &r.resource)
                && (old || fits("apiGroup", &r.group))
        }
        None if old => {
            (text("namespace").is_empty() && text("resource").is_empty()) || question.path.is_empty()
        }
        None => {
            let pattern = text("nonResourcePath");
            pattern == question.path
                || (pattern.ends_with('*') && question.path.starts_with(pattern.trim_end_matches('*')))
        }
    }
}
