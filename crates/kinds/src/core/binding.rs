//! Bindings of pods to nodes: the body of `pods/NAME/binding`.
//!
//! Entry points: [`BINDING`] checks one, [`bind`] carries it out on the pod.

use api::{Map, Value, field, object};

use crate::Cursor;
use crate::edit::objects_mut;
use crate::kind::Kind;

/// The kind `Binding`.
pub(crate) static BINDING: Kind =
    Kind { validate: |binding, _, errors| validate(&Cursor::root(binding), errors), ..Kind::PLAIN };

fn validate(binding: &Cursor, errors: &mut field::Errors) {
    let target = binding.child("target");
    if !matches!(target.text("kind"), "" | "Node") {
        target.child("kind").not_supported(errors, &["Node", "<empty>"]);
    }
    if target.text("name").is_empty() {
        target.child("name").required(errors, "");
    }
}

/// Assigns the pod to the node the binding names, with the binding's labels and annotations; `now` is an RFC 3339
/// time.  A refusal is the text of a conflict.
pub fn bind(pod: &mut Value, binding: &Value, now: &str) -> Result<(), String> {
    let name = pod.str_at(&["metadata", "name"]);
    if !pod.at(&["metadata", "deletionTimestamp"]).is_null() {
        return Err(format!("pod {name} is being deleted, cannot be assigned to a host"));
    }
    let node = pod.str_at(&["spec", "nodeName"]);
    if !node.is_empty() {
        return Err(format!("pod {name} is already assigned to node {}", field::go_quote(node)));
    }
    if !pod.array_at(&["spec", "schedulingGates"]).is_empty() {
        return Err(format!("pod {name} has non-empty .spec.schedulingGates"));
    }
    pod.set_at(&["spec", "nodeName"], binding.str_at(&["target", "name"]));
    pod.remove_at(&["status", "nominatedNodeName"]);
    for member in ["annotations", "labels"] {
        for (key, value) in binding.at(&["metadata", member]).as_object().into_iter().flat_map(Map::iter) {
            pod.set_at(&["metadata", member, key], value.clone());
        }
    }
    set_condition(pod, object! { "type" => "PodScheduled", "status" => "True" }, now);
    Ok(())
}

/// Sets a condition of the pod; one that keeps its status keeps the time of its last change.
pub fn set_condition(pod: &mut Value, mut condition: Value, now: &str) {
    condition.make_object().insert("lastProbeTime", Value::Null);
    condition.make_object().insert("lastTransitionTime", now.into());
    let same_type = |c: &&mut Value| c.str_at(&["type"]) == condition.str_at(&["type"]);
    if let Some(existing) = objects_mut(pod, &["status", "conditions"]).find(same_type) {
        if existing.str_at(&["status"]) == condition.str_at(&["status"]) {
            condition.set_at(&["lastTransitionTime"], existing.at(&["lastTransitionTime"]).clone());
        }
        *existing = condition;
        return;
    }
    let status = pod.object_at_mut(&["status"]);
    match status.get_mut("conditions").and_then(Value::as_array_mut) {
        Some(list) => list.push(condition),
        None => drop(status.insert("conditions", vec![condition].into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binding_once() {
        let binding = object! {
            "metadata" => object! { "name" => "p", "labels" => object! { "zone" => "a" } },
            "target" => object! { "name" => "node-1" },
        };
        let gated =
            object! { "type" => "PodScheduled", "status" => "False", "lastTransitionTime" => Value::Null };
        let mut pod = object! {
            "metadata" => object! { "name" => "p" },
            "status" => object! { "nominatedNodeName" => "x", "conditions" => vec![gated] },
        };
        assert_eq!(bind(&mut pod, &binding, "2026-01-01T00:00:00Z"), Ok(()));
        assert_eq!(pod.str_at(&["spec", "nodeName"]), "node-1");
        assert_eq!(pod.str_at(&["metadata", "labels", "zone"]), "a");
        assert!(pod.at(&["status", "nominatedNodeName"]).is_null());
        let condition = object! {
            "type" => "PodScheduled", "status" => "True", "lastProbeTime" => Value::Null,
            "lastTransitionTime" => "2026-01-01T00:00:00Z",
        };
        assert_eq!(pod.array_at(&["status", "conditions"]), [condition]);
        assert_eq!(
            bind(&mut pod, &binding, ""),
            Err("pod p is already assigned to node \"node-1\"".to_owned())
        );
    }

    #[test]
    fn targets() {
        let mut errors = field::Errors::new();
        validate(&Cursor::root(&object! { "target" => object! { "kind" => "Pod" } }), &mut errors);
        assert_eq!(
            errors.to_string(),
            "[target.kind: Unsupported value: \"Pod\": supported values: \"Node\", \"<empty>\", target.name: Required value]"
        );
    }
}
