//! Node labels that are deprecated, and warnings about selectors that use them.

use api::{Value, field};

use crate::names;

/// Why a node label should not be used any more, `None` when it is fine.
pub fn deprecated_label(key: &str) -> Option<&'static str> {
    Some(match key {
        "beta.kubernetes.io/arch" => "deprecated since v1.14; use \"kubernetes.io/arch\" instead",
        "beta.kubernetes.io/os" => "deprecated since v1.14; use \"kubernetes.io/os\" instead",
        "failure-domain.beta.kubernetes.io/region" => {
            "deprecated since v1.17; use \"topology.kubernetes.io/region\" instead"
        }
        "failure-domain.beta.kubernetes.io/zone" => {
            "deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead"
        }
        "beta.kubernetes.io/instance-type" => {
            "deprecated since v1.17; use \"node.kubernetes.io/instance-type\" instead"
        }
        "app.kubernetes.io/created-by" => "deprecated since v1.9",
        "scheduler.alpha.kubernetes.io/preferAvoidPods" => {
            "deprecated since v1.22; use Taints and Tolerations instead"
        }
        "node-role.kubernetes.io/master" => "use \"node-role.kubernetes.io/control-plane\" instead",
        _ => return None,
    })
}

/// Warnings about the expressions of a node selector term (or of a label selector) at `path`.
pub fn term_warnings(term: &Value, path: &field::Path) -> Vec<String> {
    let expressions = term.array_at(&["matchExpressions"]).iter().enumerate();
    let warn = |(i, expression): (usize, &Value)| {
        let key = expression.str_at(&["key"]);
        let advice = deprecated_label(key)?;
        Some(format!("{}: {key} is {advice}", path.child("matchExpressions").index(i).child("key")))
    };
    expressions.filter_map(warn).collect()
}

/// The same for a term that is preferred only: its values are not validated.
pub fn preference_warnings(term: &Value, path: &field::Path) -> Vec<String> {
    let mut texts = Vec::new();
    for (i, expression) in term.array_at(&["matchExpressions"]).iter().enumerate() {
        let path = path.child("matchExpressions").index(i);
        let key = expression.str_at(&["key"]);
        texts.extend(deprecated_label(key).map(|advice| format!("{}: {key} is {advice}", path.child("key"))));
        for (j, value) in expression.array_at(&["values"]).iter().enumerate() {
            let value = value.as_str().unwrap_or("");
            let path = path.child("values").index(j);
            let faults = names::label_value(value);
            texts.extend(faults.iter().map(|fault| format!("{path}: {value} is invalid, {fault}")));
        }
    }
    texts
}

/// Warnings about a label selector over nodes at `path`.
pub fn selector_warnings(selector: &Value, path: &field::Path) -> Vec<String> {
    let mut texts = term_warnings(selector, path);
    let labels = selector.at(&["matchLabels"]).as_object().into_iter().flat_map(api::Map::keys);
    let warn =
        |key: &str| Some(format!("{}: {}", path.child("matchLabels").child(key), deprecated_label(key)?));
    texts.extend(labels.filter_map(warn));
    texts
}
