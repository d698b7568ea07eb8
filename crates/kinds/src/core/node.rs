//! Node: a machine that runs pods.

use api::{Str, Value};

use crate::Context;
use crate::kind::{Generation, Kind, Status};

pub(crate) static NODE: Kind = Kind {
    generation: Generation::Ignored,
    // A node registers itself together with its status.
    status: Status::Free,
    default: default_allocatable,
    prepare_create: |node, _| {
        node.remove_at(&["spec", "configSource"]);
        node.remove_at(&["status", "config"]);
    },
    prepare_update,
    fields: selectable,
    ..Kind::PLAIN
};

fn default_allocatable(node: &mut Value, _version: &str) {
    let capacity = node.at(&["status", "capacity"]).clone();
    if !capacity.is_null() && node.at(&["status", "allocatable"]).is_null() {
        node.set_at(&["status", "allocatable"], capacity);
    }
}

/// The dynamic kubelet configuration is gone: it may stay where it is, not come new.
fn prepare_update(new: &mut Value, old: &Value, cx: &Context) {
    let drop_new = |new: &mut Value, path: &[&str]| {
        if old.at(path).is_null() {
            new.remove_at(path);
        }
    };
    if cx.subresource == "status" {
        crate::kind::carry_over(new, old, "spec");
        drop_new(new, &["status", "config"]);
    } else {
        crate::kind::carry_over(new, old, "status");
        drop_new(new, &["spec", "configSource"]);
    }
}

fn selectable(node: &Value) -> Vec<(&'static str, Str)> {
    let unschedulable = node.at(&["spec", "unschedulable"]).as_bool().unwrap_or(false);
    vec![("spec.unschedulable", if unschedulable { "true" } else { "false" }.into())]
}
