//! Changing the resources of a running pod (KEP-1287, KEP-5419).
//!
//! Entry point: [`update`].

use api::field::{Errors, Path};
use api::{Map, Value};

use super::validate::is_mirror;
use crate::core::pod_spec::resources::{is_sidecar, qos_class};
use crate::core::pod_spec::validate::NOWHERE;
use crate::{Cursor, equal};

const LISTS: [&str; 2] = ["containers", "initContainers"];

/// All failures of a pod whose resources change; nothing else differs unless the lists of containers do.
pub(super) fn update(new: &Value, old: &Value, errors: &mut Errors) {
    let nowhere = Path::new(NOWHERE);
    if is_mirror(old) {
        return errors.forbidden(&nowhere, "static pods cannot be resized");
    }
    if old.str_at(&["spec", "os", "name"]) == "windows" {
        return errors.forbidden(&nowhere, "windows pods cannot be resized");
    }
    let before = errors.len();
    let root = Cursor::root(new);
    let spec = root.child("spec");
    quality(&spec, new, old, errors);
    let mut munged = new.at(&["spec"]).clone();
    pod_level(&spec, &mut munged, old.at(&["spec"]), errors);
    if !old.array_at(&["status", "nodeAllocatableResourceClaimStatuses"]).is_empty() {
        spec.forbidden(errors, "pods with node allocatable resource claims cannot be resized");
    }
    if !same_order(&spec, old.at(&["spec"]), errors) {
        return;
    }
    for list in ["initContainers", "containers"] {
        for (container, old) in spec.child(list).items().zip(old.array_at(&["spec", list])) {
            nothing_removed(&container.child("resources"), old.at(&["resources"]), "resource", errors);
        }
    }
    for list in LISTS {
        only_processor_and_memory(&spec.child(list), &mut munged, old.array_at(&["spec", list]), errors);
    }
    if errors.len() == before && !equal::semantic(&munged, old.at(&["spec"])) {
        spec.forbidden(errors, "only cpu and memory resources are mutable");
    }
}

fn quality(spec: &Cursor, new: &Value, old: &Value, errors: &mut Errors) {
    let given = old.str_at(&["status", "qosClass"]);
    let class = if given.is_empty() { qos_class(old.at(&["spec"])) } else { given };
    if class != qos_class(spec.value()) {
        let shown = new.str_at(&["status", "qosClass"]);
        spec.bad(errors, shown, "Pod QOS Class may not change as a result of resizing");
    }
    let mut statuses = old.array_at(&["status", "containerStatuses"]).iter();
    let running = statuses.find(|status| !status.at(&["state", "running"]).is_null());
    if running.is_some_and(|status| status.at(&["resources"]).is_null()) {
        spec.forbidden(errors, "Pod running on node without support for resize");
    }
}

fn pod_level(spec: &Cursor, munged: &mut Value, old: &Value, errors: &mut Errors) {
    let (resources, before) = (spec.child("resources"), old.at(&["resources"]));
    let is_set = |resources: &Value| {
        ["requests", "limits"]
            .iter()
            .any(|list| resources.at(&[list]).as_object().is_some_and(|l| !l.is_empty()))
    };
    if !is_set(before) && !is_set(resources.value()) {
        return;
    }
    if !before.is_null() {
        if !resources.is_set() {
            return resources.forbidden(errors, "pod-level resources cannot be removed");
        }
        nothing_removed(&resources, before, "pod-level resource", errors);
    }
    hide_processor_and_memory(munged, old);
    let left = munged.at(&["resources"]).as_object().is_some_and(|map| {
        map.values().any(|list| {
            list.as_object().is_some_and(|l| !l.is_empty()) || !list.as_array().unwrap_or(&[]).is_empty()
        })
    });
    if before.is_null() && !left {
        munged.remove_at(&["resources"]);
    }
    if !equal::semantic(munged.at(&["resources"]), before) {
        spec.forbidden(errors, "only cpu and memory resources are mutable at pod-level");
    }
}

fn nothing_removed(resources: &Cursor, old: &Value, what: &str, errors: &mut Errors) {
    for which in ["requests", "limits"] {
        let list = resources.child(which);
        let mut before = old.at(&[which]).as_object().into_iter().flat_map(Map::keys);
        if before.any(|name| list.value().get(name).is_none()) {
            list.forbidden(errors, &format!("{what} {which} cannot be removed"));
        }
    }
}

fn same_order(spec: &Cursor, old: &Value, errors: &mut Errors) -> bool {
    let before = errors.len();
    for name in LISTS {
        let (list, old) = (spec.child(name), old.array_at(&[name]));
        if list.len() != old.len() {
            list.forbidden(errors, &format!("{name} may not be added or removed on resize"));
            continue;
        }
        for (container, old) in list.items().zip(old) {
            if container.text("name") != old.str_at(&["name"]) {
                let why = format!("{name} may not be renamed or reordered on resize");
                container.child("name").forbidden(errors, &why);
            }
        }
    }
    errors.len() == before
}

/// Reports what else changed in each container; `munged` gets the old amounts back.
fn only_processor_and_memory(list: &Cursor, munged: &mut Value, old: &[Value], errors: &mut Errors) {
    let main = list.path() == Path::new("spec.containers");
    let name = if main { "containers" } else { "initContainers" };
    let containers = munged.get_mut(name).and_then(Value::as_array_mut).into_iter().flatten();
    for ((container, old), at) in containers.zip(old).zip(list.items()) {
        let changed = !equal::semantic(container, old);
        let policies = container.array_at(&["resizePolicy"]);
        let restarts = policies.iter().any(|policy| policy.str_at(&["restartPolicy"]) == "RestartContainer");
        hide_processor_and_memory(container, old);
        // Upstream compares without claims, so that a container with claims never passes.
        container.remove_at(&["resources", "claims"]);
        let else_changed = !equal::semantic(container, old);
        if main && else_changed {
            errors.forbidden(&Path::new("spec"), "only cpu and memory resources are mutable");
        } else if else_changed {
            at.forbidden(errors, "only cpu and memory resources for init or sidecar containers are mutable");
        }
        if !main && changed && restarts && !is_sidecar(container) {
            let why =
                "non-sidecar init containers with a resize policy of RestartContainer cannot be resized";
            at.forbidden(errors, why);
        }
    }
}

/// Gives `holder` the old amounts of processor and memory.
fn hide_processor_and_memory(holder: &mut Value, old: &Value) {
    for which in ["requests", "limits"] {
        for name in ["cpu", "memory"] {
            crate::edit::carry_over(holder, old, &["resources", which, name]);
        }
        let path = ["resources", which];
        if holder.at(&path).as_object().is_some_and(Map::is_empty) {
            holder.remove_at(&path);
        }
    }
}
