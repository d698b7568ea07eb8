//! PersistentVolumeClaim: a request for storage.

use api::{Map, Value};

use crate::core::claim_spec::{self, Lax};
use crate::core::pod_spec::defaults::claim_spec as claim_defaults;
use crate::kind::{Generation, Kind, Status, default_text};
use crate::{Context, Cursor, MetaCheck, amounts};

mod validate;

pub(crate) static PERSISTENT_VOLUME_CLAIM: Kind = Kind {
    generation: Generation::Ignored,
    status: Status::Own,
    default: default_claim,
    prepare_create: |claim, _| {
        claim.set_at(&["status"], api::object! { "phase" => "Pending" });
        reconcile_sources(claim.object_at_mut(&["spec"]), &Value::Null);
    },
    prepare_update: |new: &mut Value, old: &Value, cx: &Context| {
        if cx.subresource.is_empty() {
            reconcile_sources(new.object_at_mut(&["spec"]), old.at(&["spec"]));
        }
    },
    update_checks: &[MetaCheck::Change, MetaCheck::New],
    validate: |claim, _, errors| {
        claim_spec::validate(&Cursor::root(claim).child("spec"), Lax::default(), errors);
    },
    validate_update: |new, old, cx, errors| match cx.subresource {
        "status" => validate::status(new, errors),
        _ => validate::change(new, old, errors),
    },
    warnings: |claim, _, cx| if cx.subresource.is_empty() { warnings(claim) } else { Vec::new() },
    ..Kind::PLAIN
};

fn default_claim(claim: &mut Value, _version: &str) {
    default_text(claim.object_at_mut(&["status"]), "phase", "Pending");
    claim_defaults(claim.object_at_mut(&["spec"]));
    amounts::round_lists(claim, &[&["status", "capacity"], &["status", "allocatedResources"]]);
}

/// Name of a claim's storage class in objects older than `spec.storageClassName`.
const CLASS_ANNOTATION: &str = "volume.beta.kubernetes.io/storage-class";

fn warnings(claim: &Value) -> Vec<String> {
    let annotated = !claim.at(&["metadata", "annotations", CLASS_ANNOTATION]).is_null();
    let advice = format!(
        "metadata.annotations[{CLASS_ANNOTATION}]: deprecated since v1.8; use \"storageClassName\" attribute instead"
    );
    let mut texts: Vec<String> = annotated.then_some(advice).into_iter().collect();
    texts.extend(claim_spec::warnings(&Cursor::root(claim).child("spec")));
    texts
}

/// Makes `dataSource` and `dataSourceRef` say the same (KEP-1495).
///
/// References across namespaces are not enabled and are dropped, as are old-style sources that were never allowed;
/// what an earlier version of the object holds stays.
pub(crate) fn reconcile_sources(spec: &mut Map, old: &Value) {
    let had = |key| !old.at(&[key]).is_null();
    let across = |reference: &Value| !reference.str_at(&["namespace"]).is_empty();
    if !had("dataSourceRef") && spec.get("dataSourceRef").is_some_and(across) {
        spec.remove("dataSourceRef");
    }
    let legacy = !had("dataSource") && !had("dataSourceRef") && !spec.contains_key("dataSourceRef");
    if legacy && spec.get("dataSource").is_some_and(|source| !is_claim_or_snapshot(source)) {
        spec.remove("dataSource");
    }
    match (spec.get("dataSource"), spec.get("dataSourceRef")) {
        (Some(source), None) => {
            let reference = typed_reference(source);
            spec.insert("dataSourceRef", reference);
        }
        (None, Some(reference)) if !across(reference) => {
            let source = typed_reference(reference);
            spec.insert("dataSource", source);
        }
        _ => {}
    }
}

fn is_claim_or_snapshot(source: &Value) -> bool {
    matches!(
        (source.str_at(&["apiGroup"]), source.str_at(&["kind"])),
        ("", "PersistentVolumeClaim") | ("snapshot.storage.k8s.io", "VolumeSnapshot")
    )
}

fn typed_reference(from: &Value) -> Value {
    let members = ["apiGroup", "kind", "name"].into_iter();
    members.filter_map(|key| Some((key, from.get(key)?.clone()))).collect::<Map>().into()
}
