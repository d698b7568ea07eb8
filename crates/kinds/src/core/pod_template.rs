//! Pod templates as objects of their own, and what all kinds with a template share.

use api::Value;

use super::pod_spec::{defaults, prepare};
use crate::kind::{Generation, Kind};

/// The kind `PodTemplate`.
pub(crate) static POD_TEMPLATE: Kind = Kind {
    generation: Generation::Of(&["template"]),
    default: |object, _| defaults::pod_template(object.make_object().entry("template")),
    prepare_create: |object, _| prepare::drop_disabled(object, None, &["template", "spec"]),
    prepare_update: |new, old, _| prepare::drop_disabled(new, Some(old), &["template", "spec"]),
    ..Kind::PLAIN
};

/// Where workloads keep the spec of their template.
pub(crate) const SPEC: [&str; 3] = ["spec", "template", "spec"];

/// A workload with a template at `spec.template`; only `/status` writes its status.
pub(crate) const WORKLOAD: Kind = Kind {
    prepare_create: |object, _| prepare::drop_disabled(object, None, &SPEC),
    prepare_update: |new, old, _| prepare::drop_disabled(new, Some(old), &SPEC),
    ..Kind::WITH_STATUS
};

/// Fills the template at `spec.template`.
pub(crate) fn fill(object: &mut Value) {
    defaults::pod_template(object.object_at_mut(&["spec"]).entry("template"));
}
