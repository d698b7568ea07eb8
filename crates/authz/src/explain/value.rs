//! Explanations as JSON, the same from the server and from the command.

use api::{Map, Value, object};

use super::{Asked, Explanation, Held, Holder, Miss, MissedGrant};
use crate::authorizer::{Decision, Verdict};
use crate::rbac::{Binding, Grant, RoleKey, RoleKind, Rule, Subject, SubjectKind};

/// An explanation with its members.
pub fn explanation_value(explanation: &Explanation) -> Value {
    let mut map = Map::new();
    map.insert("authorizer", explanation.authorizer.as_str().into());
    match explanation.asked {
        Asked::Yes => {
            if let Value::Object(verdict) = verdict_value(&explanation.verdict) {
                verdict.into_iter().for_each(|(key, value)| drop(map.insert(key, value)));
            }
        }
        asked => {
            map.insert(
                "notAsked",
                (if asked == Asked::NotReached { "NotReached" } else { "Unavailable" }).into(),
            );
        }
    }
    list(&mut map, "grants", explanation.grants.iter().map(grant_value));
    list(&mut map, "nearMisses", explanation.misses.iter().map(miss_value));
    list(&mut map, "notes", explanation.notes.iter().map(|n| n.as_str().into()));
    list(&mut map, "members", explanation.members.iter().map(explanation_value));
    map.into()
}

/// `decision`, `reason` and `evaluationError`, empty ones left out.
pub fn verdict_value(verdict: &Verdict) -> Value {
    let decision = match verdict.decision {
        Decision::Allow => "Allow",
        Decision::Deny => "Deny",
        Decision::NoOpinion => "NoOpinion",
    };
    let mut value = object! { "decision" => decision };
    if !verdict.reason.is_empty() {
        value.set_at(&["reason"], verdict.reason.to_string());
    }
    if let Some(error) = &verdict.error {
        value.set_at(&["evaluationError"], error.as_str());
    }
    value
}

fn list(map: &mut Map, key: &str, items: impl Iterator<Item = Value>) {
    let items: Vec<Value> = items.collect();
    if !items.is_empty() {
        map.insert(key, items.into());
    }
}

/// A grant: the binding, which of its subjects, the role and the rule.
pub fn grant_value(grant: &Grant) -> Value {
    let mut value =
        object! { "binding" => binding_value(&grant.binding), "role" => role_value(&grant.role.key) };
    if let Some(subject) = &grant.subject {
        value.set_at(&["subject"], subject_value(subject));
    }
    if let Some(rule) = grant.role.rules.get(grant.rule) {
        value.set_at(&["rule"], rule_value(grant.rule, rule));
    }
    value
}

fn miss_value(miss: &Miss) -> Value {
    let differs: Vec<&str> = miss.differs.iter().map(|d| d.name()).collect();
    let mut value = object! { "differs" => differs, "message" => miss.text.as_str() };
    if let Some(MissedGrant { examples, bindings, role, rule }) = &miss.grant {
        if !examples.is_empty() {
            let examples: Vec<Value> = examples.iter().map(|b| binding_value(b)).collect();
            value.set_at(&["bindings"], examples);
            value.set_at(&["bindingCount"], i64::try_from(*bindings).unwrap_or(i64::MAX));
        }
        value.set_at(&["role"], role_value(role));
        if let Some((position, rule)) = rule {
            value.set_at(&["rule"], rule_value(*position, rule));
        }
    }
    value
}

/// Somebody who may do something.
pub fn holder_value(holder: &Holder) -> Value {
    let mut value = match &holder.grant {
        Some(grant) => grant_value(grant),
        None => object! { "source" => holder.source.as_str() },
    };
    value.set_at(&["subject"], subject_value(&holder.subject));
    value.set_at(&["authorizer"], holder.authorizer.as_str());
    value
}

/// Something that somebody may do.
pub fn held_value(held: &Held) -> Value {
    let mut value = object! { "authorizer" => held.authorizer.as_str() };
    if !held.namespace.is_empty() {
        value.set_at(&["namespace"], held.namespace.as_str());
    }
    if let Some((binding, subject)) = &held.binding {
        value.set_at(&["binding"], binding_value(binding));
        if let Some(subject) = subject {
            value.set_at(&["subject"], subject_value(subject));
        }
    }
    if let Some(role) = &held.role {
        value.set_at(&["role"], role_value(role));
        if held.is_missing {
            value.set_at(&["role", "missing"], true);
        }
    }
    if let Some((position, rule)) = &held.rule {
        value.set_at(&["rule"], rule_value(*position, rule));
    }
    if !held.source.is_empty() {
        value.set_at(&["source"], held.source.as_str());
    }
    value
}

fn binding_value(binding: &Binding) -> Value {
    named(
        if binding.namespace.is_empty() { "ClusterRoleBinding" } else { "RoleBinding" },
        &binding.namespace,
        &binding.name,
    )
}

fn role_value(role: &RoleKey) -> Value {
    let kind = match &role.kind {
        RoleKind::Role => "Role",
        RoleKind::ClusterRole => "ClusterRole",
        RoleKind::Other(kind) => kind,
    };
    named(kind, &role.namespace, &role.name)
}

fn subject_value(subject: &Subject) -> Value {
    let kind = match &subject.kind {
        SubjectKind::User => "User",
        SubjectKind::Group => "Group",
        SubjectKind::ServiceAccount => "ServiceAccount",
        SubjectKind::Other(kind) => kind,
    };
    named(kind, &subject.namespace, &subject.name)
}

fn named(kind: &str, namespace: &str, name: &str) -> Value {
    let mut value = object! { "kind" => kind };
    if !namespace.is_empty() {
        value.set_at(&["namespace"], namespace);
    }
    value.set_at(&["name"], name);
    value
}

/// A rule as `PolicyRule`, with its position in the role.
fn rule_value(position: usize, rule: &Rule) -> Value {
    let mut value = rule.value();
    value.set_at(&["index"], i64::try_from(position).unwrap_or(i64::MAX));
    value
}
