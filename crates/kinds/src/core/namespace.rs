//! Namespace: a room for names; its `finalize` subresource lets go of it once it is empty.

use api::Value;

use crate::kind::{Generation, Kind, Status, carry_over, text_field};
use crate::{Context, NameRule};

const FINALIZER: &str = "kubernetes";
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

pub(crate) static NAMESPACE: Kind = Kind {
    name_rule: NameRule::Label,
    generation: Generation::Ignored,
    status: Status::Own,
    default: default_namespace,
    prepare_create,
    prepare_update,
    fields: |namespace| vec![("status.phase", text_field(namespace, &["status", "phase"]))],
    ..Kind::PLAIN
};

fn default_namespace(namespace: &mut Value, _version: &str) {
    label(namespace);
    if namespace.str_at(&["status", "phase"]).is_empty() {
        namespace.set_at(&["status", "phase"], "Active");
    }
}

fn prepare_create(namespace: &mut Value, _cx: &Context) {
    namespace.set_at(&["status", "phase"], "Active");
    let finalizers = namespace.object_at_mut(&["spec"]).entry("finalizers");
    match finalizers.as_array_mut() {
        Some(list) if list.iter().any(|f| f.as_str() == Some(FINALIZER)) => {}
        Some(list) => list.push(FINALIZER.into()),
        None => *finalizers = vec![FINALIZER].into(),
    }
    label(namespace);
}

/// Only `finalize` may change the finalizers of the spec, and it may not change the status.
fn prepare_update(new: &mut Value, old: &Value, cx: &Context) {
    match cx.subresource {
        "" => {
            let spec = new.make_object().entry("spec");
            spec.make_object();
            carry_over(spec, old.at(&["spec"]), "finalizers");
        }
        "finalize" => carry_over(new, old, "status"),
        _ => {}
    }
    label(new);
}

/// Every namespace with a name carries it as a label, whatever the client wrote there.
fn label(namespace: &mut Value) {
    let name = namespace.at(&["metadata", "name"]).clone();
    if name.as_str().is_some_and(|name| !name.is_empty()) {
        namespace.set_at(&["metadata", "labels", NAME_LABEL], name);
    }
}
