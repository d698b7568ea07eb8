//! Pods.
//!
//! Entry point: [`Pod`].  Its subresources `status`, `ephemeralcontainers` and `resize` are updates of the pod with
//! rules of their own; see [`prepare`].

pub(crate) mod app_armor;
mod prepare;
mod resize;
mod status;
mod validate;

use api::{Str, Value, field};

use super::pod_spec::{defaults, warnings};
use crate::{Context, Cursor, MetaCheck, Strategy, workload};

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

    fn metadata_checks(&self, cx: &Context) -> &'static [MetaCheck] {
        if cx.subresource == "status" { &[MetaCheck::Change] } else { &[MetaCheck::Change, MetaCheck::New] }
    }

    fn knows_finalizers(&self) -> bool {
        true
    }

    fn validate_create(&self, object: &Value, cx: &Context, errors: &mut field::Errors) {
        validate::create(object, cx, errors);
    }

    fn validate_update(&self, new: &Value, old: &Value, cx: &Context, errors: &mut field::Errors) {
        validate::update(new, old, cx, errors);
    }

    /// Updates of pods come from machines mostly and say nothing, but for addresses in the status.
    fn warnings(&self, object: &Value, old: Option<&Value>, cx: &Context) -> Vec<String> {
        match (old, cx.subresource) {
            (Some(_), "status") => status::warnings(object),
            (Some(_), _) => Vec::new(),
            (None, _) => {
                let mut texts = app_armor::warnings(object);
                texts.extend(workload::host_name_warning("the Pod's hostname", object));
                texts.extend(warnings::of(&Cursor::root(object), false));
                texts
            }
        }
    }

    fn field_aliases(&self) -> &'static [(&'static str, &'static str)] {
        &[("spec.host", "spec.nodeName")]
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
            // Upstream takes it in a selector and gives it no value.
            ("status.podIPs", Str::default()),
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

#[cfg(test)]
mod tests;
