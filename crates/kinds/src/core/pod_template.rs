//! Pod templates as objects of their own.

use api::Value;
use api::field::Errors;

use super::pod_spec::{defaults, prepare, warnings};
use crate::kind::{Generation, Kind};
use crate::{Context, Cursor, workload};

/// The kind `PodTemplate`.
pub(crate) static POD_TEMPLATE: Kind = Kind {
    generation: Generation::Of(&["template"]),
    default: |object, _| defaults::pod_template(object.make_object().entry("template")),
    prepare_create: |object, _| prepare::drop_disabled(object, None, &["template", "spec"]),
    prepare_update: |new, old, _| prepare::drop_disabled(new, Some(old), &["template", "spec"]),
    validate: |object, cx, errors| validate(object, None, cx, errors),
    validate_update: |new, old, cx, errors| validate(new, Some(old), cx, errors),
    warnings: |object, old, cx| match old {
        Some(old) if !workload::is_new_generation(object, old, cx) => Vec::new(),
        _ => warnings::of(&Cursor::root(object).child("template"), true),
    },
    ..Kind::PLAIN
};

fn validate(object: &Value, old: Option<&Value>, cx: &Context, errors: &mut Errors) {
    let options = workload::options(old.map(|old| old.at(&["template"])), cx);
    workload::template(&Cursor::root(object).child("template"), &options, errors);
}
