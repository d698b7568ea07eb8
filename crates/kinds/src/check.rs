//! All failures of an object, `metadata` and the rest, in upstream's order.
//!
//! Entry points: [`check_create`] and [`check_update`]; the write path calls them after `prepare_create` or
//! `prepare_update` and after name, uid and timestamps are in place.

use api::{Value, field};

use crate::{Context, MetaCheck, NameRule, Strategy, meta, names};

/// All failures of a new object.
pub fn check_create(
    strategy: &dyn Strategy,
    object: &Value,
    namespaced: bool,
    cx: &Context,
) -> field::Errors {
    let mut errors = field::Errors::new();
    if strategy.checks_metadata_on_create() {
        own_metadata(strategy, object, namespaced, &mut errors);
    }
    strategy.validate_create(object, cx, &mut errors);
    if errors.is_empty() {
        common_metadata(object, namespaced, &mut errors);
    }
    errors
}

/// All failures of a changed object.
///
/// A failure of `metadata` appears as often as upstream reports it: once from the common path and once for each check
/// the kind makes again ([`Strategy::metadata_checks`]).
pub fn check_update(
    strategy: &dyn Strategy,
    new: &Value,
    old: &Value,
    namespaced: bool,
    cx: &Context,
) -> field::Errors {
    let mut errors = field::Errors::new();
    common_metadata(new, namespaced, &mut errors);
    changed_metadata(new, old, &mut errors);
    for check in strategy.metadata_checks(cx) {
        match check {
            MetaCheck::New => own_metadata(strategy, new, namespaced, &mut errors),
            MetaCheck::Change => {
                changed_metadata(new, old, &mut errors);
                known_finalizers(strategy, new, &mut errors);
            }
        }
    }
    strategy.validate_update(new, old, cx, &mut errors);
    errors
}

fn own_metadata(strategy: &dyn Strategy, object: &Value, namespaced: bool, errors: &mut field::Errors) {
    let rule = |name: &str, prefix: bool| strategy.name_faults(name, prefix);
    meta::validate(object.at(&["metadata"]), namespaced, &rule, &path(), errors);
    known_finalizers(strategy, object, errors);
}

fn known_finalizers(strategy: &dyn Strategy, object: &Value, errors: &mut field::Errors) {
    if !strategy.knows_finalizers() {
        return;
    }
    let path = path().child("finalizers");
    for (i, name) in object.array_at(&["metadata", "finalizers"]).iter().enumerate() {
        meta::known_finalizer(name.as_str().unwrap_or(""), &path.index(i), errors);
    }
}

fn common_metadata(object: &Value, namespaced: bool, errors: &mut field::Errors) {
    let rule = |name: &str, prefix: bool| names::object_name(NameRule::PathSegment, name, prefix);
    meta::validate(object.at(&["metadata"]), namespaced, &rule, &path(), errors);
}

fn changed_metadata(new: &Value, old: &Value, errors: &mut field::Errors) {
    meta::validate_change(new.at(&["metadata"]), old.at(&["metadata"]), &path(), errors);
}

fn path() -> field::Path {
    field::Path::new("metadata")
}
