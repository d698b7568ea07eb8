//! ServiceAccount: an identity for processes in pods.

use api::{Value, object};

use crate::MetaCheck;
use crate::kind::Kind;

const ENFORCE_MOUNTABLE: &str = "kubernetes.io/enforce-mountable-secrets";

pub(crate) static SERVICE_ACCOUNT: Kind = Kind {
    prepare_create: |account, _| keep_names_of_secrets(account),
    prepare_update: |account, _, _| keep_names_of_secrets(account),
    update_checks: &[MetaCheck::Change, MetaCheck::New],
    warnings: |account, old, _| warn_of_annotation(account, old),
    ..Kind::PLAIN
};

/// Of a reference to a secret only the name counts.
fn keep_names_of_secrets(account: &mut Value) {
    if let Some(secrets) = account.get_mut("secrets").and_then(Value::as_array_mut) {
        for secret in secrets {
            *secret = match secret.get("name") {
                Some(name) => object! { "name" => name.clone() },
                None => Value::object(),
            };
        }
    }
}

fn warn_of_annotation(account: &Value, old: Option<&Value>) -> Vec<String> {
    let set = |account: &Value| !account.at(&["metadata", "annotations", ENFORCE_MOUNTABLE]).is_null();
    if !set(account) || old.is_some_and(set) {
        return Vec::new();
    }
    let advice = "deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets";
    vec![format!("metadata.annotations[{ENFORCE_MOUNTABLE}]: {advice}")]
}
