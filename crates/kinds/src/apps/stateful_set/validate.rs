//! What is wrong with a stateful set.
//!
//! Entry points: [`create`] and [`update`].

use api::field::{Errors, Path};
use api::{Value, object};

use crate::core::claim_spec;
use crate::core::pod_spec::validate::{Options, annotations};
use crate::edit::carry_over;
use crate::{Context, Cursor, equal, int_or_percent, meta, names, selectors, shown, workload};

/// All failures of a new set, but for `metadata`.
pub(super) fn create(object: &Value, cx: &Context, errors: &mut Errors) {
    spec(object, &workload::options_of(None, cx), Check::New, errors);
}

/// Members of the spec that may change.
const CHANGEABLE: [&str; 7] = [
    "replicas",
    "template",
    "updateStrategy",
    "minReadySeconds",
    "ordinals",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
];

/// All failures of a changed set, but for `metadata`.
pub(super) fn update(new: &Value, old: &Value, cx: &Context, errors: &mut Errors) {
    let options = workload::options_of(Some(old), cx);
    // A template that never was sound stays changeable.
    let mut before = Errors::new();
    spec(old, &options, Check::Changed, &mut before);
    let check = if before.is_empty() { Check::Changed } else { Check::ChangedWithoutTemplate };
    spec(new, &options, check, errors);
    let mut kept = new.clone();
    CHANGEABLE.iter().for_each(|name| carry_over(&mut kept, old, &["spec", name]));
    if !equal::semantic(kept.at(&["spec"]), old.at(&["spec"])) {
        let why = "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', \
                   'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and \
                   'minReadySeconds' are forbidden";
        errors.forbidden(&Path::new("spec"), why);
    }
}

/// How much of the set is looked at; what cannot change is not looked at again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Check {
    New,
    Changed,
    ChangedWithoutTemplate,
}

fn spec(object: &Value, options: &Options, check: Check, errors: &mut Errors) {
    let root = Cursor::root(object);
    let spec = root.child("spec");
    let policy = spec.child("podManagementPolicy");
    match policy.str() {
        "" => policy.required(errors, ""),
        "OrderedReady" | "Parallel" => {}
        other => policy.bad(errors, other, "must be 'OrderedReady' or 'Parallel'"),
    }
    strategy(&spec.child("updateStrategy"), errors);
    let retention = spec.child("persistentVolumeClaimRetentionPolicy");
    for when in ["whenDeleted", "whenScaled"] {
        if retention.is_set() {
            retention.child(when).one_of(errors, &["Retain", "Delete"]);
        }
    }
    if check == Check::New {
        for claim in spec.child("volumeClaimTemplates").items() {
            claim_spec::validate(&claim.child("spec"), claim_spec::Lax::default(), errors);
        }
    }
    spec.child("replicas").not_negative(errors);
    spec.child("minReadySeconds").not_negative(errors);
    spec.child("ordinals").child("start").not_negative(errors);
    let service = spec.child("serviceName");
    if check == Check::New && !service.is_empty() {
        service.faults(errors, &names::dns1123_label(service.str()));
    }
    let selector = spec.child("selector");
    workload::selector(&selector, "statefulset", errors);
    if selectors::matches(selector.value(), &Value::Null).is_none() {
        selector.invalid(errors, "");
    } else {
        template(&spec, options, check, errors);
    }
    workload::lasting(&spec.child("template"), "StatefulSet", errors);
}

fn strategy(strategy: &Cursor, errors: &mut Errors) {
    let rolling = strategy.child("rollingUpdate");
    match strategy.text("type") {
        "" => strategy.required(errors, ""),
        "OnDelete" if rolling.is_set() => {
            let shown = shown::of_type(rolling.value(), "RollingUpdateStatefulSetStrategy");
            rolling.bad(errors, shown, "only allowed for updateStrategy 'RollingUpdate'");
        }
        "OnDelete" => {}
        "RollingUpdate" => rolling_update(&rolling, errors),
        _ => {
            let shown = shown::of_type(strategy.value(), "StatefulSetUpdateStrategy");
            strategy.bad(errors, shown, "must be 'RollingUpdate' or 'OnDelete'");
        }
    }
}

fn rolling_update(rolling: &Cursor, errors: &mut Errors) {
    rolling.child("partition").not_negative(errors);
    let unavailable = rolling.child("maxUnavailable");
    if unavailable.is_set() {
        int_or_percent::not_negative(&unavailable, errors);
        if int_or_percent::amount(unavailable.value()) == 0 {
            unavailable.invalid(errors, "cannot be 0");
        }
        int_or_percent::at_most_all(&unavailable, errors);
    }
}

/// The controller sets host name and subdomain and makes volumes of the claims; the template is checked as it will be.
/// Labels and annotations are looked at twice, as upstream does.
fn template(spec: &Cursor, options: &Options, check: Check, errors: &mut Errors) {
    let mut template = spec.child("template").value().clone();
    template.remove_at(&["spec", "subdomain"]);
    template.remove_at(&["spec", "hostname"]);
    add_claims(&mut template, spec.value().array_at(&["volumeClaimTemplates"]));
    let path = spec.child("template").path().to_string();
    let at = Cursor::at(&path, &template);
    if !workload::is_empty(spec.value().at(&["selector"])) || !spec.has("selector") {
        workload::labels_match(spec.value().at(&["selector"]), &at, errors);
    }
    if check != Check::ChangedWithoutTemplate {
        workload::template(&at, options, errors);
    }
    let metadata = at.child("metadata");
    meta::labels(metadata.value().at(&["labels"]), &at.child("labels").path(), errors);
    let (list, shown) = (metadata.value().at(&["annotations"]), at.child("annotations").path());
    meta::annotations(list, &shown, errors);
    annotations::pod_specific(list, &shown, at.value().at(&["spec"]), options, errors);
}

fn add_claims(template: &mut Value, claims: &[Value]) {
    let name = |claim: &Value| api::Str::from(claim.str_at(&["metadata", "name"]));
    let mut volumes: Vec<Value> = Vec::new();
    for claim in claims.iter().map(name) {
        if !volumes.iter().any(|volume| volume.str_at(&["name"]) == claim) {
            let source = object! { "claimName" => claim.clone() };
            volumes.push(object! { "name" => claim, "persistentVolumeClaim" => source });
        }
    }
    let own = template.array_at(&["spec", "volumes"]).iter();
    let others = own.filter(|volume| !claims.iter().any(|claim| name(claim) == volume.str_at(&["name"])));
    volumes.extend(others.cloned().collect::<Vec<_>>());
    if !claims.is_empty() {
        template.set_at(&["spec", "volumes"], volumes);
    }
}
