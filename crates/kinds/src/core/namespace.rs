//! Namespace: a room for names; its `finalize` subresource lets go of it once it is empty.

use api::{Value, field};

use crate::kind::{Generation, Kind, Status, carry_over, text_field};
use crate::{Context, Cursor, MetaCheck, NameRule, meta, names};

const FINALIZER: &str = "kubernetes";
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

pub(crate) static NAMESPACE: Kind = Kind {
    name_rule: NameRule::Label,
    update_checks: &[MetaCheck::New, MetaCheck::Change],
    generation: Generation::Ignored,
    status: Status::Own,
    default: default_namespace,
    prepare_create,
    prepare_update,
    validate: |namespace, _, errors| finalizers(namespace, false, errors),
    validate_update: |new: &Value, _: &Value, cx: &Context, errors: &mut field::Errors| match cx.subresource {
        "" => finalizers(new, false, errors),
        "finalize" => finalizers(new, true, errors),
        _ => phase(new, errors),
    },
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

/// Finalizers are qualified names, or those that Kubernetes knows.
fn finalizers(namespace: &Value, indexed: bool, errors: &mut field::Errors) {
    let list = Cursor::at("spec.finalizers", namespace.at(&["spec", "finalizers"]));
    for item in list.items() {
        let path = if indexed { item.path() } else { list.path() };
        let name = item.str();
        names::report(errors, &path, name, &names::qualified_name(name));
        meta::known_finalizer(name, &path, errors);
    }
}

fn phase(namespace: &Value, errors: &mut field::Errors) {
    let deleted = !namespace.at(&["metadata", "deletionTimestamp"]).is_null();
    let (wanted, why) = if deleted {
        ("Terminating", "may only be 'Terminating' if `deletionTimestamp` is not empty")
    } else {
        ("Active", "may only be 'Active' if `deletionTimestamp` is empty")
    };
    let phase = namespace.str_at(&["status", "phase"]);
    if phase != wanted {
        errors.invalid(&field::Path::new("status.Phase"), &phase.into(), why);
    }
}
