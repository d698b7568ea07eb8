//! Webhook configurations and admission policies.

use std::fmt::Write as _;

use api::Value;

use super::format::{age, name};
use super::sheet::{AGE, NAME, Sheet, integer, string, text};

/// The sheet of a kind of this file.
pub fn sheet(kind: &str) -> Option<&'static Sheet> {
    match kind {
        "MutatingAdmissionPolicy" => Some(&MUTATING_POLICY),
        "MutatingAdmissionPolicyBinding" | "ValidatingAdmissionPolicyBinding" => Some(&POLICY_BINDING),
        "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration" => Some(&WEBHOOKS),
        "ValidatingAdmissionPolicy" => Some(&VALIDATING_POLICY),
        _ => None,
    }
}

static WEBHOOKS: Sheet = Sheet {
    columns: &[NAME, integer("Webhooks", text("How many webhooks it registers.")), AGE],
    cells: |o, now| vec![name(o), super::count(o, &["webhooks"]), age(o, now)],
    ..Sheet::BARE
};

static VALIDATING_POLICY: Sheet = Sheet {
    columns: &[
        NAME,
        integer("Validations", text("How many validation rules it has.")),
        string("ParamKind", text("The kind of its parameters.")),
        AGE,
    ],
    cells: |o, now| policy(o, "validations", now),
    ..Sheet::BARE
};

static MUTATING_POLICY: Sheet = Sheet {
    columns: &[
        NAME,
        integer("Mutations", text("How many mutations it makes.")),
        string("ParamKind", text("The kind of its parameters.")),
        AGE,
    ],
    cells: |o, now| policy(o, "mutations", now),
    ..Sheet::BARE
};

fn policy(o: &Value, rules: &str, now: i64) -> Vec<Value> {
    let kind = match o.at(&["spec", "paramKind"]) {
        Value::Null => "<unset>".to_owned(),
        kind => format!("{}/{}", kind.str_at(&["apiVersion"]), kind.str_at(&["kind"])),
    };
    vec![name(o), super::count(o, &["spec", rules]), kind.into(), age(o, now)]
}

static POLICY_BINDING: Sheet = Sheet {
    columns: &[
        NAME,
        string("PolicyName", text("The policy it puts in force.")),
        string("ParamRef", text("The object with the parameters.")),
        AGE,
    ],
    cells: |o, now| {
        let policy = o.str_at(&["spec", "policyName"]);
        vec![name(o), policy.into(), param(o.at(&["spec", "paramRef"])).into(), age(o, now)]
    },
    ..Sheet::BARE
};

/// The namespace of a parameter is not known to be none here, so a missing one reads as any.
fn param(reference: &Value) -> String {
    match (reference.str_at(&["namespace"]), reference.str_at(&["name"])) {
        (_, "") if reference.at(&["selector"]).is_null() => "<unset>".to_owned(),
        (_, "") => go_selector(reference.at(&["selector"])),
        ("", name) => format!("*/{name}"),
        (namespace, name) => format!("{namespace}/{name}"),
    }
}

/// A label selector as gogo-protobuf's `String` writes it, which upstream shows in this cell.
fn go_selector(selector: &Value) -> String {
    let mut out = String::from("&LabelSelector{MatchLabels:map[string]string{");
    let labels = selector.at(&["matchLabels"]).as_object();
    let mut labels: Vec<(&str, &str)> =
        labels.into_iter().flat_map(api::Map::iter).map(|(k, v)| (k, v.as_str().unwrap_or(""))).collect();
    labels.sort_unstable();
    for (key, value) in labels {
        let _ = write!(out, "{key}: {value},");
    }
    out.push_str("},MatchExpressions:[]LabelSelectorRequirement{");
    for term in selector.array_at(&["matchExpressions"]) {
        let values: Vec<&str> = term.array_at(&["values"]).iter().filter_map(Value::as_str).collect();
        let (key, operator, values) = (term.str_at(&["key"]), term.str_at(&["operator"]), values.join(" "));
        let _ = write!(out, "LabelSelectorRequirement{{Key:{key},Operator:{operator},Values:[{values}],}},");
    }
    out.push_str("},}");
    out
}
