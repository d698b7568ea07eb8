//! StorageClass: a way to make volumes.

use std::collections::{BTreeMap, BTreeSet};

use api::{Value, field};

use super::{parameters, provisioner};
use crate::kind::{Kind, default_member};
use crate::{Cursor, MetaCheck, equal, names, nodes};

const RECLAIM_POLICIES: [&str; 2] = ["Delete", "Retain"];
const BINDING_MODES: [&str; 2] = ["Immediate", "WaitForFirstConsumer"];

pub(crate) static STORAGE_CLASS: Kind = Kind {
    update_checks: &[MetaCheck::New, MetaCheck::Change],
    default: |class, _| {
        let class = class.make_object();
        default_member(class, "reclaimPolicy", "Delete");
        default_member(class, "volumeBindingMode", "Immediate");
    },
    validate: |class, _, errors| validate(class, errors),
    validate_update: |new, old, _, errors| {
        validate(new, errors);
        let root = Cursor::root(new);
        for member in ["parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"] {
            equal::immutable(&root.child(member), old.at(&[member]), errors);
        }
    },
    warnings: |class, _, _| warnings(class),
    ..Kind::PLAIN
};

fn validate(class: &Value, errors: &mut field::Errors) {
    let root = Cursor::root(class);
    provisioner(&root.child("provisioner"), errors);
    parameters(&root.child("parameters"), true, errors);
    let (policy, mode) = (root.child("reclaimPolicy"), root.child("volumeBindingMode"));
    if !policy.str().is_empty() {
        policy.one_of(errors, &RECLAIM_POLICIES);
    }
    if mode.is_set() {
        mode.one_of(errors, &BINDING_MODES);
    } else {
        mode.required(errors, "");
    }
    topologies(&root.child("allowedTopologies"), errors);
}

/// Terms must differ.  Upstream compares each with as many empty ones as there are terms, so that an empty term is
/// reported once for each.
fn topologies(terms: &Cursor, errors: &mut field::Errors) {
    let mut seen = vec![BTreeMap::new(); terms.len()];
    for term in terms.items() {
        let expressions = topology_term(&term, errors);
        for _ in seen.iter().filter(|other| **other == expressions) {
            errors.duplicate(&term.child("matchLabelExpressions").path(), &"".into());
        }
        seen.push(expressions);
    }
}

fn topology_term(term: &Cursor, errors: &mut field::Errors) -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::new();
    for expression in term.child("matchLabelExpressions").items() {
        let (key, values) = (expression.child("key"), expression.child("values"));
        if values.is_empty() {
            values.required(errors, "");
        }
        let mut texts = BTreeSet::new();
        for value in values.items() {
            if !texts.insert(value.str().to_owned()) {
                value.duplicate(errors);
            }
        }
        key.faults(errors, &names::qualified_name(key.str()));
        if found.insert(key.str().to_owned(), texts).is_some() {
            key.duplicate(errors);
        }
    }
    found
}

fn warnings(class: &Value) -> Vec<String> {
    let mut texts = Vec::new();
    for (i, topology) in class.array_at(&["allowedTopologies"]).iter().enumerate() {
        let path = field::Path::new("allowedTopologies").index(i).child("matchLabelExpressions");
        for (j, expression) in topology.array_at(&["matchLabelExpressions"]).iter().enumerate() {
            if let Some(advice) = nodes::deprecated_label(expression.str_at(&["key"])) {
                texts.push(format!("{}: {advice}", path.index(j).child("key")));
            }
        }
    }
    texts
}
