//! What is wrong with a pod: when it is new, and when it changes through one of its ways.
//!
//! Entry points: [`create`] and [`update`].

use api::field::{Errors, Path};
use api::{Value, object};

use super::{resize, status};
use crate::core::pod_spec::validate::{
    NOWHERE, Options, annotations, image_of_pod, narrower_node_affinity, pod_spec, tolerations,
};
use crate::edit::carry_over;
use crate::{Context, Cursor, diff, equal, names, shown};

/// All failures of a new pod, but for `metadata`.
pub(super) fn create(pod: &Value, cx: &Context, errors: &mut Errors) {
    whole(pod, &options(None, cx), errors);
    let root = Cursor::root(pod);
    let spec = root.child("spec");
    if !spec.child("ephemeralContainers").is_empty() {
        spec.child("ephemeralContainers").forbidden(errors, "cannot be set on create");
    }
    if !spec.text("nodeName").is_empty() && !spec.child("schedulingGates").is_empty() {
        let why = "cannot be set until all schedulingGates have been cleared";
        spec.child("nodeName").forbidden(errors, why);
    }
    annotations::match_fields(pod.at(&["metadata", "annotations"]), &spec, errors);
}

/// All failures of a changed pod, but for `metadata`.
pub(super) fn update(new: &Value, old: &Value, cx: &Context, errors: &mut Errors) {
    let options = options(Some(old), cx);
    match cx.subresource {
        "status" => status::update(new, old, &options, errors),
        "ephemeralcontainers" => ephemeral_containers(new, old, &options, errors),
        "resize" => {
            whole(new, &options, errors);
            resize::update(new, old, errors);
        }
        _ => {
            whole(new, &options, errors);
            changed_annotations(new, old, &options, errors);
            changed_spec(new, old, &options, errors);
        }
    }
}

fn options(old: Option<&Value>, cx: &Context) -> Options {
    let known = old.map(|old| Options::of(old.at(&["spec"]), old.at(&["metadata"]))).unwrap_or_default();
    Options { is_pod: true, allow_privileged: cx.allow_privileged, ..known }
}

/// What holds for a pod at any time.
fn whole(pod: &Value, options: &Options, errors: &mut Errors) {
    let metadata = pod.at(&["metadata"]);
    let path = Path::new("metadata").child("annotations");
    annotations::pod_specific(metadata.at(&["annotations"]), &path, pod.at(&["spec"]), options, errors);
    let root = Cursor::root(pod);
    let spec = root.child("spec");
    pod_spec(&spec, Some(metadata), options, errors);
    if spec.text("serviceAccountName").is_empty() {
        no_tokens(&spec, errors);
    }
    for list in ["containers", "initContainers"] {
        spec.child(list).items().for_each(|container| image_of_pod(&container, errors));
    }
}

/// A token belongs to a service account.
fn no_tokens(spec: &Cursor, errors: &mut Errors) {
    for volume in spec.child("volumes").items() {
        let projected = volume.child("projected");
        for source in projected.child("sources").items() {
            if source.has("serviceAccountToken") {
                let why = "must not be specified when serviceAccountName is not set";
                source.child("serviceAccountToken").forbidden(errors, why);
            }
        }
    }
}

/// Reports annotations that may not change, and what is wrong with the new ones.
pub(super) fn changed_annotations(new: &Value, old: &Value, options: &Options, errors: &mut Errors) {
    let of = |pod: &'_ Value| pod.at(&["metadata", "annotations"]).clone();
    let path = Path::new("metadata").child("annotations");
    annotations::changed(&of(new), &of(old), &path, errors);
    annotations::pod_specific(&of(new), &path, new.at(&["spec"]), options, errors);
}

/// True for a pod that a kubelet mirrors from a file of its own.
pub(super) fn is_mirror(pod: &Value) -> bool {
    pod.at(&["metadata", "annotations"]).get(annotations::MIRROR).is_some()
}

/// Ephemeral containers can be added; they stay as they are then.
fn ephemeral_containers(new: &Value, old: &Value, options: &Options, errors: &mut Errors) {
    if is_mirror(old) {
        return errors.forbidden(&Path::new(NOWHERE), "static pods do not support ephemeral containers");
    }
    whole(new, options, errors);
    changed_annotations(new, old, options, errors);
    let path = Path::new("spec.ephemeralContainers");
    let containers = new.array_at(&["spec", "ephemeralContainers"]);
    for container in old.array_at(&["spec", "ephemeralContainers"]) {
        let name = container.str_at(&["name"]);
        let quoted = api::field::go_quote(name);
        match containers.iter().rev().find(|c| c.str_at(&["name"]) == name) {
            None => errors
                .forbidden(&path, format!("existing ephemeral containers {quoted} may not be removed\n")),
            Some(same) if equal::semantic(same, container) => {}
            Some(changed) => {
                let [old, new] = [container, changed].map(|c| shown::of_type(c, "EphemeralContainer"));
                let difference = diff::unified(&old, &new);
                let why = format!("existing ephemeral containers {quoted} may not be changed\n{difference}");
                errors.forbidden(&path, why);
            }
        }
    }
}

const CHANGEABLE: &str = "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,\
                          `spec.tolerations` (only additions to existing tolerations),\
                          `spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

/// Little of a pod's spec may change.
fn changed_spec(new: &Value, old: &Value, options: &Options, errors: &mut Errors) {
    let root = Cursor::root(new);
    let spec = root.child("spec");
    for list in ["containers", "initContainers"] {
        if !same_length(&spec.child(list), old.array_at(&["spec", list]), errors) {
            return;
        }
    }
    if !deadline(&spec.child("activeDeadlineSeconds"), old.at(&["spec", "activeDeadlineSeconds"]), errors) {
        return;
    }
    added_tolerations(&spec, old, options, errors);
    removed_gates(&spec, old, errors);
    let mut munged = new.at(&["spec"]).clone();
    let before = old.at(&["spec"]);
    if equal::semantic(&munged, before) {
        return;
    }
    hide_allowed_changes(&mut munged, before);
    if !before.array_at(&["schedulingGates"]).is_empty() {
        gated_changes(&spec, &mut munged, before, errors);
    }
    if !equal::semantic(&munged, before) {
        let difference =
            diff::unified(&shown::of_type(before, "PodSpec"), &shown::of_type(&munged, "PodSpec"));
        let why = format!("pod updates may not change fields other than {CHANGEABLE}\n{difference}");
        spec.forbidden(errors, &why);
    }
}

fn same_length(containers: &Cursor, old: &[Value], errors: &mut Errors) -> bool {
    if containers.len() != old.len() {
        containers.forbidden(errors, "pod updates may not add or remove containers");
        return false;
    }
    for container in containers.items() {
        container.require(errors, &["image"]);
        image_of_pod(&container, errors);
    }
    true
}

/// The deadline can be set and come nearer; false when upstream stops here.
fn deadline(deadline: &Cursor, old: &Value, errors: &mut Errors) -> bool {
    let before = errors.len();
    match (deadline.value().as_i64(), old.as_i64()) {
        (Some(new), _) if !(0..=i64::from(i32::MAX)).contains(&new) => {
            deadline.number_faults(errors, &names::in_range(new, 0, i64::from(i32::MAX)));
        }
        (Some(new), Some(old)) if old < new => {
            deadline.bad(errors, new, "must be less than or equal to previous value");
        }
        (None, Some(_)) => {
            deadline.invalid(errors, "must not update from a positive integer to nil value");
            return true;
        }
        _ => {}
    }
    errors.len() == before
}

fn added_tolerations(spec: &Cursor, old: &Value, options: &Options, errors: &mut Errors) {
    let list = spec.child("tolerations");
    let plain = |toleration: &Value| {
        let mut toleration = toleration.clone();
        toleration.remove_at(&["tolerationSeconds"]);
        toleration
    };
    for toleration in old.array_at(&["spec", "tolerations"]) {
        if !list.list().iter().any(|other| plain(other) == plain(toleration)) {
            let why = "existing toleration can not be modified except its tolerationSeconds";
            return list.forbidden(errors, why);
        }
    }
    tolerations(&list, options, errors);
}

fn removed_gates(spec: &Cursor, old: &Value, errors: &mut Errors) {
    for gate in spec.child("schedulingGates").items() {
        let name = gate.child("name");
        if !old.array_at(&["spec", "schedulingGates"]).iter().any(|o| o.str_at(&["name"]) == name.str()) {
            let why = format!("only deletion is allowed, but found new scheduling gate '{}'", name.str());
            name.forbidden(errors, &why);
        }
    }
}

/// Undoes in `munged` what may change and was checked.
fn hide_allowed_changes(munged: &mut Value, old: &Value) {
    for list in ["containers", "initContainers"] {
        let containers = munged.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten();
        for (container, old) in containers.zip(old.array_at(&[list])) {
            carry_over(container, old, &["image"]);
        }
    }
    for name in ["activeDeadlineSeconds", "schedulingGates", "tolerations"] {
        carry_over(munged, old, &[name]);
    }
    let grace = ["terminationGracePeriodSeconds"];
    if old.at(&grace).as_i64().is_some_and(|n| n < 0) && munged.at(&grace).as_i64() == Some(1) {
        carry_over(munged, old, &grace);
    }
}

/// While a gate is closed the choice of nodes may become narrower (KEP-3838).
fn gated_changes(spec: &Cursor, munged: &mut Value, old: &Value, errors: &mut Errors) {
    let (selector, before) = (spec.child("nodeSelector"), old.at(&["nodeSelector"]));
    let kept = before.as_object().into_iter().flat_map(api::Map::iter);
    if kept.into_iter().any(|(key, value)| selector.value().get(key) != Some(value)) {
        selector
            .invalid(errors, "only additions to spec.nodeSelector are allowed (no mutations or deletions)");
    }
    carry_over(munged, old, &["nodeSelector"]);
    let affinity = spec.child("affinity");
    let (new_nodes, old_nodes) = (affinity.child("nodeAffinity"), old.at(&["affinity", "nodeAffinity"]));
    if equal::semantic(new_nodes.value(), old_nodes) {
        return;
    }
    narrower_node_affinity(&new_nodes, old_nodes, errors);
    carry_over(
        munged,
        &object! { "affinity" => object! { "nodeAffinity" => old_nodes.clone() } },
        &["affinity", "nodeAffinity"],
    );
    let empty = munged.at(&["affinity"]).as_object().is_some_and(|map| map.values().all(Value::is_null));
    if empty && old.at(&["affinity"]).is_null() {
        munged.remove_at(&["affinity"]);
    }
}
