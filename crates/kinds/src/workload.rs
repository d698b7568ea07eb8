//! What kinds that keep or run pods have in common: a template, a selector that must match it, counters in the status.
//!
//! Entry points: [`WORKLOAD`] to start a kind from, [`selector`], [`template`], [`lasting`] and [`Counters`] for its
//! checks, [`warnings`].

use api::Value;
use api::field::Errors;

use crate::core::pod_spec::validate::{self, Options};
use crate::core::pod_spec::{defaults, prepare, warnings};
use crate::kind::Kind;
use crate::{Context, Cursor, meta, names, selectors};

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

/// What a template may keep of the `old` one.
pub(crate) fn options(old: Option<&Value>, cx: &Context) -> Options {
    let known = old.map(|old| Options::of(old.at(&["spec"]), old.at(&["metadata"]))).unwrap_or_default();
    Options { allow_privileged: cx.allow_privileged, ..known }
}

/// What the template at `spec.template` may keep of that of the `old` object.
pub(crate) fn options_of(old: Option<&Value>, cx: &Context) -> Options {
    options(old.map(|old| old.at(&["spec", "template"])), cx)
}

/// Reports a selector that is missing, unsound, or empty, which upstream calls invalid for a `kind`.
pub(crate) fn selector(selector: &Cursor, kind: &str, errors: &mut Errors) {
    if !selector.is_set() {
        return selector.required(errors, "");
    }
    selectors::label_selector(selector, false, errors);
    if is_empty(selector.value()) {
        let why = format!("empty selector is invalid for {kind}");
        selector.bad(errors, selectors::shown(selector.value()), &why);
    }
}

/// True for a selector that asks for nothing.
pub(crate) fn is_empty(selector: &Value) -> bool {
    selector.at(&["matchLabels"]).as_object().is_none_or(|labels| labels.is_empty())
        && selector.array_at(&["matchExpressions"]).is_empty()
}

/// Reports template labels that the selector does not match.  False when the selector cannot be read.
pub(crate) fn labels_match(selector: &Value, template: &Cursor, errors: &mut Errors) -> bool {
    let metadata = template.child("metadata");
    let labels = metadata.child("labels");
    let matched = selectors::matches(selector, labels.value());
    if matched == Some(false) {
        labels.invalid(errors, "`selector` does not match template `labels`");
    }
    matched.is_some()
}

/// All failures of a template.
pub(crate) fn template(template: &Cursor, options: &Options, errors: &mut Errors) {
    validate::template(template, options, errors);
}

/// Reports a template whose pods may end; `kind` is the name upstream gives.
pub(crate) fn lasting(template: &Cursor, kind: &str, errors: &mut Errors) {
    let spec = template.child("spec");
    let (policy, deadline) = (spec.child("restartPolicy"), spec.child("activeDeadlineSeconds"));
    policy.one_of(errors, &["Always"]);
    if deadline.is_set() {
        deadline.forbidden(errors, &format!("activeDeadlineSeconds in {kind} is not Supported"));
    }
}

/// The counters of a status: which there are, and which count some of the replicas.
pub(crate) struct Counters {
    /// All that must not be negative, in upstream's order.
    pub(crate) all: &'static [&'static str],
    /// Those that cannot be greater than `replicas`.
    pub(crate) of_replicas: &'static [&'static str],
    /// What `availableReplicas` cannot be greater than, as upstream's message says it; `""` where it does not matter.
    pub(crate) ready: &'static str,
}

impl Counters {
    /// All failures of the status of an object.
    pub(crate) fn check(&self, new: &Value, old: &Value, errors: &mut Errors) {
        let root = Cursor::root(new);
        let status = root.child("status");
        for name in self.all {
            status.child(name).not_negative(errors);
        }
        for name in self.of_replicas {
            no_more_than(&status.child(name), &status.child("replicas"), "status.replicas", errors);
        }
        if !self.ready.is_empty() {
            no_more_than(
                &status.child("availableReplicas"),
                &status.child("readyReplicas"),
                self.ready,
                errors,
            );
        }
        collisions(&status.child("collisionCount"), old.at(&["status", "collisionCount"]), errors);
    }
}

fn no_more_than(part: &Cursor, whole: &Cursor, name: &str, errors: &mut Errors) {
    if part.int() > whole.int() {
        part.bad(errors, part.int(), &format!("cannot be greater than {name}"));
    }
}

/// The count of collisions only grows.
fn collisions(count: &Cursor, old: &Value, errors: &mut Errors) {
    if let Some(old) = old.as_i64()
        && count.int() < old
    {
        count.bad(errors, count.int(), "cannot be decremented");
    }
}

/// Reports a member that changed; it is shown as it is now.
pub(crate) fn immutable(new: &Cursor, old: &Value, errors: &mut Errors) {
    if !crate::equal::semantic(new.value(), old) {
        new.invalid(errors, meta::IMMUTABLE);
    }
}

/// Warnings of a kind whose pods are named after it, with a template at `spec.template`.
pub(crate) fn warnings(object: &Value, old: Option<&Value>, cx: &Context) -> Vec<String> {
    let name = host_name_warning("Pod names and hostnames", object).filter(|_| old.is_none());
    name.into_iter().chain(template_warnings(object, old, cx)).collect()
}

/// Warnings about the template at `spec.template`, when it may have changed.
pub(crate) fn template_warnings(object: &Value, old: Option<&Value>, cx: &Context) -> Vec<String> {
    if old.is_some_and(|old| !is_new_generation(object, old, cx)) {
        return Vec::new();
    }
    warnings::of(&Cursor::at("spec.template", object.at(&["spec", "template"])), true)
}

/// The write changes what the generation counts.
pub(crate) fn is_new_generation(new: &Value, old: &Value, cx: &Context) -> bool {
    let generation = |object: &Value| object.at(&["metadata", "generation"]).as_i64().unwrap_or(0);
    cx.subresource.is_empty() && generation(new) != generation(old)
}

/// A name that pods carry in their host name should be a label; `what` it is used in.
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
