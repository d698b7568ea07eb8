//! Label selectors and node selectors: what is wrong with them, and whether they match.
//!
//! Entry points: [`label_selector`], [`node_selector`] and [`matches`].

use api::{Map, Value, field};

use crate::{Cursor, meta, names};

const LABEL_SELECTOR: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector";

/// All failures of a `metav1.LabelSelector`; a missing one is sound.  `lax` leaves the values of expressions unchecked,
/// for objects that hold bad ones already.
pub(crate) fn label_selector(selector: &Cursor, lax: bool, errors: &mut field::Errors) {
    if !selector.is_set() {
        return;
    }
    let labels = selector.child("matchLabels");
    if !labels.is_empty() {
        meta::labels(labels.value(), &labels.path(), errors);
    }
    for expression in selector.child("matchExpressions").items() {
        label_expression(&expression, lax, errors);
    }
}

/// A label selector as messages show it: without what is empty.
pub(crate) fn shown(selector: &Value) -> Value {
    let mut selector = selector.clone();
    if let (Some(message), Value::Object(_)) = (schema::message(LABEL_SELECTOR), &selector) {
        schema::canonicalize_with(&mut selector, message, schema::Empties::Written);
    }
    selector
}

fn label_expression(expression: &Cursor, lax: bool, errors: &mut field::Errors) {
    let (operator, values) = (expression.child("operator"), expression.child("values"));
    match operator.str() {
        "In" | "NotIn" if values.is_empty() => {
            values.required(errors, "must be specified when `operator` is 'In' or 'NotIn'");
        }
        "Exists" | "DoesNotExist" if !values.is_empty() => {
            values.forbidden(errors, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
        }
        "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
        other => operator.bad(errors, other, "not a valid selector operator"),
    }
    label_name(&expression.child("key"), errors);
    if !lax {
        label_values(&values, errors);
    }
}

/// Faults of a label's name.
pub(crate) fn label_name(key: &Cursor, errors: &mut field::Errors) {
    key.faults(errors, &names::qualified_name(key.str()));
}

fn label_values(values: &Cursor, errors: &mut field::Errors) {
    for value in values.items() {
        value.faults(errors, &names::label_value(value.str()));
    }
}

/// All failures of a `core.NodeSelector`; `lax` as for [`label_selector`].
pub(crate) fn node_selector(selector: &Cursor, lax: bool, errors: &mut field::Errors) {
    let terms = selector.child("nodeSelectorTerms");
    if terms.is_empty() {
        return terms.required(errors, "must have at least one node selector term");
    }
    for term in terms.items() {
        node_selector_term(&term, lax, errors);
    }
}

/// All failures of one term of a node selector.
pub(crate) fn node_selector_term(term: &Cursor, lax: bool, errors: &mut field::Errors) {
    for expression in term.child("matchExpressions").items() {
        node_expression(&expression, lax, errors);
    }
    for expression in term.child("matchFields").items() {
        node_field(&expression, errors);
    }
}

fn node_expression(expression: &Cursor, lax: bool, errors: &mut field::Errors) {
    let (operator, values) = (expression.child("operator"), expression.child("values"));
    match operator.str() {
        "In" | "NotIn" if values.is_empty() => {
            values.required(errors, "must be specified when `operator` is 'In' or 'NotIn'");
        }
        "Exists" | "DoesNotExist" if !values.is_empty() => {
            values.forbidden(errors, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
        }
        "Gt" | "Lt" if values.len() != 1 => {
            values.required(errors, "must be specified single value when `operator` is 'Lt' or 'Gt'");
        }
        "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt" => {}
        other => operator.bad(errors, other, "not a valid selector operator"),
    }
    label_name(&expression.child("key"), errors);
    if !lax {
        label_values(&values, errors);
    }
}

/// The only field of nodes that can be asked for is their name.
fn node_field(expression: &Cursor, errors: &mut field::Errors) {
    let (operator, values) = (expression.child("operator"), expression.child("values"));
    match operator.str() {
        "In" | "NotIn" if values.len() != 1 => {
            let why = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
            values.required(errors, why);
        }
        "In" | "NotIn" => {}
        other => operator.bad(errors, other, "not a valid selector operator"),
    }
    let key = expression.child("key");
    if key.str() != "metadata.name" {
        return key.bad(errors, key.str(), "not a valid field selector key");
    }
    for value in values.items() {
        value.faults(errors, &names::dns1123_subdomain(value.str()));
    }
}

/// Whether the labels satisfy a `metav1.LabelSelector`; a missing selector matches nothing, an empty one everything.
/// `None` when the selector is unsound.
pub(crate) fn matches(selector: &Value, labels: &Value) -> Option<bool> {
    if selector.is_null() {
        return Some(false);
    }
    let mut errors = field::Errors::new();
    label_selector(&Cursor::root(selector), false, &mut errors);
    let matched = |expression: &Value| {
        let label = labels.get(expression.str_at(&["key"]));
        let listed = label.is_some_and(|label| expression.array_at(&["values"]).contains(label));
        match expression.str_at(&["operator"]) {
            "In" => listed,
            "NotIn" => !listed,
            "Exists" => label.is_some(),
            _ => label.is_none(),
        }
    };
    let all = has_all(labels, selector.at(&["matchLabels"]))
        && selector.array_at(&["matchExpressions"]).iter().all(matched);
    errors.is_empty().then_some(all)
}

/// True when the labels are all there with these values.
pub(crate) fn has_all(labels: &Value, wanted: &Value) -> bool {
    let mut wanted = wanted.as_object().into_iter().flat_map(Map::iter);
    wanted.all(|(key, value)| labels.get(key) == Some(value))
}

/// True when an expression of the selector has a value that no label can have.
pub(crate) fn has_bad_value(selector: &Value) -> bool {
    let values = selector.array_at(&["matchExpressions"]).iter().flat_map(|e| e.array_at(&["values"]));
    values.filter_map(Value::as_str).any(|value| !names::label_value(value).is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::object;

    fn expression(key: &str, operator: &str, values: &[&str]) -> Value {
        object! { "key" => key, "operator" => operator, "values" => values.to_vec() }
    }

    #[test]
    fn label_selectors() {
        let selector = object! {
            "matchLabels" => object! { "a" => "-" },
            "matchExpressions" => vec![
                expression("k", "In", &[]), expression("k", "Exists", &["v"]), expression("", "Is", &["-"]),
                expression("k", "NotIn", &["v"]),
            ],
        };
        let mut errors = field::Errors::new();
        label_selector(&Cursor::at("s", &selector), false, &mut errors);
        let fields: Vec<String> = errors.0.iter().map(|e| e.field.to_string()).collect();
        assert_eq!(
            fields,
            [
                "s.matchLabels",
                "s.matchExpressions[0].values",
                "s.matchExpressions[1].values",
                "s.matchExpressions[2].operator",
                "s.matchExpressions[2].key",
                "s.matchExpressions[2].key",
                "s.matchExpressions[2].values[0]",
            ]
        );
    }

    #[test]
    fn node_selectors() {
        let term = object! {
            "matchExpressions" => vec![expression("k", "Gt", &["1", "2"]), expression("k", "Lt", &["1"])],
            "matchFields" => vec![expression("metadata.name", "In", &["A"]), expression("x", "Exists", &[])],
        };
        let mut errors = field::Errors::new();
        node_selector(&Cursor::at("s", &object! { "nodeSelectorTerms" => vec![term] }), false, &mut errors);
        node_selector(&Cursor::at("t", &object! {}), false, &mut errors);
        let fields: Vec<String> = errors.0.iter().map(|e| e.field.to_string()).collect();
        assert_eq!(
            fields,
            [
                "s.nodeSelectorTerms[0].matchExpressions[0].values",
                "s.nodeSelectorTerms[0].matchFields[0].values[0]",
                "s.nodeSelectorTerms[0].matchFields[1].operator",
                "s.nodeSelectorTerms[0].matchFields[1].key",
                "t.nodeSelectorTerms",
            ]
        );
    }

    #[test]
    fn matching() {
        let labels = object! { "a" => "1" };
        let by = |expressions: Vec<Value>| matches(&object! { "matchExpressions" => expressions }, &labels);
        assert_eq!(matches(&Value::Null, &labels), Some(false));
        assert_eq!(matches(&Value::object(), &labels), Some(true));
        assert_eq!(matches(&object! { "matchLabels" => object! { "a" => "2" } }, &labels), Some(false));
        assert_eq!(
            by(vec![expression("a", "In", &["1", "2"]), expression("b", "NotIn", &["1"])]),
            Some(true)
        );
        assert_eq!(
            by(vec![expression("a", "Exists", &[]), expression("a", "DoesNotExist", &[])]),
            Some(false)
        );
        assert_eq!(by(vec![expression("a", "Is", &[])]), None);
    }
}
