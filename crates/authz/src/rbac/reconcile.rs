//! What must happen to a bootstrap role or binding that may exist already (upstream's `rbac/reconciliation`).
//!
//! Missing permissions, subjects, labels and annotations are added; nothing that an administrator added is taken away;
//! an object with `rbac.authorization.kubernetes.io/autoupdate: "false"` is left alone.

use std::sync::Arc;

use api::{Map, Value};

use super::escalation::uncovered;
use super::key::Keys;
use super::rule::Rule;
use super::table::Table;

/// The annotation that protects an object when it is `"false"`.
const AUTOUPDATE: &str = "rbac.authorization.kubernetes.io/autoupdate";

/// What to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Nothing: it is as it should be.
    Keep,
    /// Nothing, although it is not as it should be: it is protected.
    Protected,
    /// Create this object.
    Create(Value),
    /// Replace the object by this one.
    Update(Value),
    /// Delete the object, then create this one: a `roleRef` cannot change.
    Recreate(Value),
}

/// What to do with a `Role` or `ClusterRole`.
pub fn reconcile_role(existing: Option<&Value>, expected: &Value) -> Step {
    let Some(existing) = existing else { return Step::Create(expected.clone()) };
    let mut role = existing.clone();
    merge_metadata(&mut role, expected);
    add_rules(&mut role, expected);
    add_selectors(&mut role, expected);
    finish(existing, role)
}

/// What to do with a `RoleBinding` or `ClusterRoleBinding`.
pub fn reconcile_binding(existing: Option<&Value>, expected: &Value) -> Step {
    let Some(existing) = existing else { return Step::Create(expected.clone()) };
    if existing.at(&["roleRef"]) != expected.at(&["roleRef"]) {
        return if is_protected(existing) { Step::Protected } else { Step::Recreate(expected.clone()) };
    }
    let mut binding = existing.clone();
    merge_metadata(&mut binding, expected);
    add_missing(&mut binding, &["subjects"], expected.array_at(&["subjects"]));
    finish(existing, binding)
}

fn finish(existing: &Value, wanted: Value) -> Step {
    if *existing == wanted {
        Step::Keep
    } else if is_protected(existing) {
        Step::Protected
    } else {
        Step::Update(wanted)
    }
}

fn is_protected(object: &Value) -> bool {
    object.str_at(&["metadata", "annotations", AUTOUPDATE]) == "false"
}

/// Adds labels and annotations; what is there stays.
fn merge_metadata(object: &mut Value, expected: &Value) {
    for part in ["annotations", "labels"] {
        let Some(wanted) = expected.at(&["metadata", part]).as_object() else { continue };
        let have = object.at(&["metadata", part]);
        let missing: Map =
            wanted.iter().filter(|(k, _)| have.get(k).is_none()).map(|(k, v)| (k, v.clone())).collect();
        if !missing.is_empty() {
            let have = object.object_at_mut(&["metadata", part]);
            missing.iter().for_each(|(k, v)| {
                have.insert(k, v.clone());
            });
        }
    }
}

/// Adds what the existing rules do not cover, taken apart into single permissions.
fn add_rules(role: &mut Value, expected: &Value) {
    let read = |v: &Value| v.array_at(&["rules"]).iter().map(Rule::from_value).collect::<Vec<_>>();
    let keys = Keys::new();
    let have: Vec<_> = read(role).into_iter().map(Arc::new).collect();
    let table = Table::compile(&keys, &have);
    let missing = uncovered(&read(expected), |p| table.find(&keys.permission(p)).is_some());
    let missing: Vec<Value> = missing.iter().map(Rule::value).collect();
    if !missing.is_empty() {
        let mut rules = role.array_at(&["rules"]).to_vec();
        rules.extend(missing);
        role.set_at(&["rules"], rules);
    }
}

/// Adds missing selectors of an aggregated role; a role that should not be aggregated stops being so.
fn add_selectors(role: &mut Value, expected: &Value) {
    let path = ["aggregationRule", "clusterRoleSelectors"];
    match expected.get("aggregationRule").filter(|v| !v.is_null()) {
        None => {
            if role.get("aggregationRule").is_some_and(|v| !v.is_null()) {
                role.remove_at(&["aggregationRule"]);
            }
        }
        Some(_) => add_missing(role, &path, expected.array_at(&path)),
    }
}

fn add_missing(object: &mut Value, path: &[&str], wanted: &[Value]) {
    let have = object.array_at(path);
    let mut missing: Vec<Value> = Vec::new();
    for item in wanted {
        if !have.contains(item) && !missing.contains(item) {
            missing.push(item.clone());
        }
    }
    if !missing.is_empty() {
        let list = have.iter().cloned().chain(missing).collect::<Vec<_>>();
        object.set_at(path, list);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::object;

    fn role(rules: &[Rule]) -> Value {
        object! {
            "metadata" => object! { "name" => "r", "labels" => object! { "a" => "1" } },
            "rules" => rules.iter().map(Rule::value).collect::<Vec<_>>(),
        }
    }

    fn updated(step: Step) -> Value {
        match step {
            Step::Update(v) => v,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn roles_gain_what_is_missing_and_keep_the_rest() {
        let expected = role(&[Rule::resources("get list", "-", "pods")]);
        assert_eq!(reconcile_role(None, &expected), Step::Create(expected.clone()));
        assert_eq!(reconcile_role(Some(&expected), &expected), Step::Keep);
        let mut existing = role(&[Rule::resources("get", "*", "*"), Rule::resources("delete", "-", "pods")]);
        existing.set_at(&["metadata", "labels", "a"], "mine");
        let got = updated(reconcile_role(Some(&existing), &expected));
        let rules = [
            Rule::resources("get", "*", "*"),
            Rule::resources("delete", "-", "pods"),
            Rule::resources("list", "-", "pods"),
        ];
        assert_eq!(got.array_at(&["rules"]), rules.map(|r| r.value()));
        assert_eq!(got.str_at(&["metadata", "labels", "a"]), "mine");
        existing.set_at(&["metadata", "annotations", AUTOUPDATE], "false");
        assert_eq!(reconcile_role(Some(&existing), &expected), Step::Protected);
    }

    #[test]
    fn aggregation_follows_the_expected_role() {
        let selector = |l: &str| object! { "matchLabels" => object! { l => "true" } };
        let mut aggregated = role(&[]);
        aggregated.set_at(&["aggregationRule", "clusterRoleSelectors"], vec![selector("a"), selector("b")]);
        let mut existing = role(&[]);
        existing.set_at(&["aggregationRule", "clusterRoleSelectors"], vec![selector("c"), selector("a")]);
        let got = updated(reconcile_role(Some(&existing), &aggregated));
        let path = ["aggregationRule", "clusterRoleSelectors"];
        assert_eq!(got.array_at(&path), ["c", "a", "b"].map(selector));
        let got = updated(reconcile_role(Some(&existing), &role(&[])));
        assert!(got.get("aggregationRule").is_none());
    }

    #[test]
    fn bindings() {
        let binding = |role: &str, subjects: &[&str]| {
            let subjects: Vec<Value> =
                subjects.iter().map(|s| object! { "kind" => "User", "name" => *s }).collect();
            object! { "roleRef" => object! { "name" => role }, "subjects" => subjects }
        };
        let got = updated(reconcile_binding(Some(&binding("r", &["x", "a"])), &binding("r", &["a", "b"])));
        assert_eq!(got, binding("r", &["x", "a", "b"]));
        let expected = binding("r", &["a"]);
        assert_eq!(reconcile_binding(Some(&binding("r", &["a", "x"])), &expected), Step::Keep);
        assert_eq!(
            reconcile_binding(Some(&binding("q", &["a"])), &expected),
            Step::Recreate(expected.clone())
        );
    }
}
