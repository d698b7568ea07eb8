//! Pods.
//!
//! Entry point: [`Pod`].  Its subresources `status`, `ephemeralcontainers` and `resize` are updates of the pod with
//! rules of their own; see [`prepare`].

mod app_armor;
mod prepare;

use api::{Str, Value};

use super::pod_spec::defaults;
use crate::{Context, Strategy, names};

/// The strategy of pods.
#[derive(Debug)]
pub(crate) struct Pod;

impl Strategy for Pod {
    fn default(&self, object: &mut Value, _version: &str) {
        defaults::pod(object);
        defaults::pod_spec(object.object_at_mut(&["spec"]));
        prepare::same_pod_ip(object);
    }

    fn prepare_create(&self, object: &mut Value, cx: &Context) {
        prepare::create(object, cx.now);
    }

    fn prepare_update(&self, new: &mut Value, old: &Value, cx: &Context) {
        prepare::update(new, old, cx.subresource);
    }

    /// Updates of pods come from machines mostly and say nothing.
    fn warnings(&self, object: &Value, old: Option<&Value>, _cx: &Context) -> Vec<String> {
        if old.is_some() {
            return Vec::new();
        }
        let mut warnings = app_armor::warnings(object);
        warnings.extend(host_name_warning("the Pod's hostname", object));
        warnings
    }

    fn selectable_fields(&self, object: &Value) -> Vec<(&'static str, Str)> {
        let host_network = object.at(&["spec", "hostNetwork"]).as_bool().unwrap_or(false);
        let pod_ip = object.array_at(&["status", "podIPs"]).first().map_or("", |ip| ip.str_at(&["ip"]));
        vec![
            ("spec.nodeName", object.str_at(&["spec", "nodeName"]).into()),
            ("spec.restartPolicy", object.str_at(&["spec", "restartPolicy"]).into()),
            ("spec.schedulerName", object.str_at(&["spec", "schedulerName"]).into()),
            ("spec.serviceAccountName", object.str_at(&["spec", "serviceAccountName"]).into()),
            ("spec.hostNetwork", if host_network { "true" } else { "false" }.into()),
            ("status.phase", object.str_at(&["status", "phase"]).into()),
            ("status.podIP", pod_ip.into()),
            ("status.nominatedNodeName", object.str_at(&["status", "nominatedNodeName"]).into()),
        ]
    }

    /// The grace of the request or of the pod, none at all when nothing runs (yet or any more).
    fn grace_period(&self, object: &Value, requested: Option<i64>) -> Option<i64> {
        let unscheduled = object.str_at(&["spec", "nodeName"]).is_empty();
        let finished = matches!(object.str_at(&["status", "phase"]), "Failed" | "Succeeded");
        if unscheduled || finished {
            return Some(0);
        }
        let own = object.at(&["spec", "terminationGracePeriodSeconds"]).as_i64();
        let seconds = requested.or(own).unwrap_or(0);
        Some(if seconds < 0 { 1 } else { seconds })
    }
}

/// A name that pods carry as a host name should be a label; `what` it is used in.
pub(crate) fn host_name_warning(what: &str, object: &Value) -> Option<String> {
    let faults = names::dns1123_label(object.str_at(&["metadata", "name"]));
    (!faults.is_empty()).then(|| {
        format!(
            "metadata.name: this is used in {what}, which can result in surprising behavior; a DNS label is \
             recommended: [{}]",
            faults.join(" ")
        )
    })
}

#[cfg(test)]
mod tests;
