//! `flowcontrol.apiserver.k8s.io`: priority and fairness among requests.

use std::collections::HashSet;

use api::{Value, field};

use crate::{Cursor, equal};

pub(crate) mod flow_schema;
pub(crate) mod priority_level;

/// The conditions of a status have types, each once.
fn conditions(object: &Value, errors: &mut field::Errors) {
    let mut seen = HashSet::new();
    let status = Cursor::at("status", object.at(&["status"]));
    for condition in status.child("conditions").items() {
        let kind = condition.child("type");
        if !seen.insert(condition.text("type")) {
            errors.duplicate(&kind.path(), &kind.str().into());
        }
        if kind.str().is_empty() {
            kind.required(errors, "");
        }
    }
}

/// Reports a spec that must be what the server makes it, and is not.  `fixed` is its JSON.
fn must_equal(spec: &Cursor, have: &Value, fixed: &str, why: &str, errors: &mut field::Errors) {
    let fixed = codec::json::parse(fixed.as_bytes()).map(|parsed| parsed.value).unwrap_or_default();
    if !equal::semantic(have, &fixed) {
        spec.invalid(errors, why);
    }
}
