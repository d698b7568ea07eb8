//! PersistentVolume: storage that outlives pods.

pub(crate) mod validate;

use api::{Value, field};

use crate::kind::{Generation, Kind, Status, default_member, default_text, inside, instant};
use crate::{Context, MetaCheck, amounts, nodes};

const DEPRECATED_ANNOTATIONS: [(&str, &str); 2] = [
    (
        "volume.beta.kubernetes.io/storage-class",
        "deprecated since v1.8; use \"storageClassName\" attribute instead",
    ),
    (
        "volume.beta.kubernetes.io/mount-options",
        "deprecated since v1.31; use \"mountOptions\" attribute instead",
    ),
];

/// Volume sources that are on their way out: member, since when deprecated, since when without function.
const DEPRECATED_SOURCES: [(&str, &str, &str); 6] = [
    ("cephfs", "v1.28", "v1.31+"),
    ("photonPersistentDisk", "v1.11", "v1.16+"),
    ("scaleIO", "v1.16", "v1.22+"),
    ("storageos", "v1.22", "v1.25+"),
    ("glusterfs", "v1.25", "v1.26+"),
    ("rbd", "v1.28", "v1.31+"),
];

pub(crate) static PERSISTENT_VOLUME: Kind = Kind {
    generation: Generation::Ignored,
    status: Status::Own,
    default: default_volume,
    prepare_create: |volume, cx| {
        volume.set_at(&["status", "phase"], "Pending");
        volume.set_at(&["status", "lastPhaseTransitionTime"], instant(cx.now));
    },
    prepare_update,
    update_checks: &[MetaCheck::New, MetaCheck::New],
    validate: validate::create,
    validate_update: validate::update,
    warnings: |volume, _, _| warnings(volume),
    ..Kind::PLAIN
};

fn default_volume(volume: &mut Value, _version: &str) {
    default_text(volume.object_at_mut(&["status"]), "phase", "Pending");
    let spec = volume.object_at_mut(&["spec"]);
    default_text(spec, "persistentVolumeReclaimPolicy", "Retain");
    default_member(spec, "volumeMode", "Filesystem");
    inside(volume, &["spec", "hostPath"], |source| default_member(source, "type", ""));
    amounts::round_lists(volume, &[&["spec", "capacity"]]);
}

/// A status write that moves the phase without saying when happened now.
fn prepare_update(new: &mut Value, old: &Value, cx: &Context) {
    if cx.subresource != "status" {
        return;
    }
    const SINCE: [&str; 2] = ["status", "lastPhaseTransitionTime"];
    let same_phase = old.str_at(&["status", "phase"]) == new.str_at(&["status", "phase"]);
    let (old_since, new_since) = (old.at(&SINCE), new.at(&SINCE));
    if same_phase && new_since.is_null() && !old_since.is_null() {
        let kept = old_since.clone();
        new.set_at(&SINCE, kept);
    } else if !same_phase && (new_since.is_null() || new_since == old_since) {
        new.set_at(&SINCE, instant(cx.now));
    }
}

fn warnings(volume: &Value) -> Vec<String> {
    let annotated = |key: &str| !volume.at(&["metadata", "annotations", key]).is_null();
    let mut texts: Vec<String> = DEPRECATED_ANNOTATIONS
        .iter()
        .filter(|(key, _)| annotated(key))
        .map(|(key, advice)| format!("metadata.annotations[{key}]: {advice}"))
        .collect();
    if volume.str_at(&["spec", "persistentVolumeReclaimPolicy"]) == "Recycle" {
        let advice = "The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic \
                      provisioning.";
        texts.push(format!("spec.persistentVolumeReclaimPolicy: {advice}"));
    }
    let terms = field::Path::new("spec.nodeAffinity.required.nodeSelectorTerms");
    for (i, term) in
        volume.array_at(&["spec", "nodeAffinity", "required", "nodeSelectorTerms"]).iter().enumerate()
    {
        texts.extend(nodes::term_warnings(term, &terms.index(i)));
    }
    let used = DEPRECATED_SOURCES.iter().filter(|(source, ..)| !volume.at(&["spec", source]).is_null());
    texts.extend(used.map(|(source, since, gone)| {
        let shown = if *source == "storageos" { "storageOS" } else { source };
        format!("spec.{shown}: deprecated in {since}, non-functional in {gone}")
    }));
    texts
}
