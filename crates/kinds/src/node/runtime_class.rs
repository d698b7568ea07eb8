//! RuntimeClass: a way to run containers.

use std::collections::HashSet;

use api::{Map, Value, field};

use crate::core::pod_spec::validate::{Options, overhead, tolerations};
use crate::kind::Kind;
use crate::shown::{self, Member};
use crate::{Cursor, MetaCheck, equal, meta, names, nodes};

pub(crate) static RUNTIME_CLASS: Kind = Kind {
    create_on_update: true,
    unconditional_update: false,
    update_checks: &[MetaCheck::New, MetaCheck::Change],
    validate: |class, _, errors| check(class, errors),
    validate_update: |new, old, _, errors| {
        check(new, errors);
        equal::immutable(&Cursor::root(new).child("handler"), old.at(&["handler"]), errors);
    },
    warnings: |class, _, _| warnings(class),
    ..Kind::PLAIN
};

/// Members of a toleration that tell it from others, and the one that does not.
const TOLERATION: [Member; 5] = [
    shown::text("key", "Key"),
    shown::text("operator", "Operator"),
    shown::text("value", "Value"),
    shown::text("effect", "Effect"),
    shown::pointer("tolerationSeconds", "TolerationSeconds"),
];

fn check(class: &Value, errors: &mut field::Errors) {
    let root = Cursor::root(class);
    let (handler, scheduling) = (root.child("handler"), root.child("scheduling"));
    if handler.is_empty() {
        handler.required(errors, "");
    } else {
        handler.faults(errors, &names::dns1123_label(handler.str()));
    }
    overhead(&Cursor::at("overhead", class.at(&["overhead", "podFixed"])), &Options::default(), errors);
    let labels = scheduling.child("nodeSelector");
    if labels.is_set() {
        meta::labels(labels.value(), &labels.path(), errors);
    }
    check_tolerations(&scheduling.child("tolerations"), errors);
}

fn check_tolerations(list: &Cursor, errors: &mut field::Errors) {
    tolerations(list, &Options::default(), errors);
    let mut seen = HashSet::new();
    for toleration in list.items() {
        let key = ["key", "operator", "value", "effect"].map(|member| toleration.text(member));
        if !seen.insert(key) {
            errors.duplicate(&toleration.path(), &shown::internal(toleration.value(), &TOLERATION));
        }
    }
}

fn warnings(class: &Value) -> Vec<String> {
    let labels = class.at(&["scheduling", "nodeSelector"]).as_object().into_iter().flat_map(Map::keys);
    labels
        .filter_map(nodes::deprecated_label)
        .map(|advice| format!("scheduling.nodeSelector: {advice}"))
        .collect()
}
