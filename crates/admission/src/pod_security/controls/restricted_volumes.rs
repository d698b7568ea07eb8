//! Volumes come from the API or through a claim, not from whatever the host can mount.

use api::Value;

use super::Violation;
use super::text::{self, Values};
use crate::pod_security::pod::{Pod, name};

const ALLOWED: [&str; 9] = [
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

/// Every other source, in the order in which upstream looks.
const OTHERS: [&str; 21] = [
    "hostPath",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "gitRepo",
    "nfs",
    "iscsi",
    "glusterfs",
    "rbd",
    "flexVolume",
    "cinder",
    "cephfs",
    "flocker",
    "fc",
    "azureFile",
    "vsphereVolume",
    "quobyte",
    "azureDisk",
    "photonPersistentDisk",
    "portworxVolume",
    "scaleIO",
    "storageos",
];

pub(super) fn check(pod: &Pod<'_>) -> Option<Violation> {
    let has = |volume: &Value, source: &str| !volume.at(&[source]).is_null();
    let mut names = Vec::new();
    let mut kinds = Values::new();
    for volume in pod.spec.array_at(&["volumes"]) {
        if !is_defaulted(volume) && !ALLOWED.iter().any(|source| has(volume, source)) {
            names.push(name(volume));
            kinds.insert(OTHERS.into_iter().find(|source| has(volume, source)).unwrap_or("unknown"));
        }
    }
    if names.is_empty() {
        return None;
    }
    let detail = format!(
        "{} {} {} {} {}",
        text::plural(names.len(), "volume", "volumes"),
        text::quoted(names.iter().copied()),
        text::plural(names.len(), "uses", "use"),
        text::plural(kinds.len(), "restricted volume type", "restricted volume types"),
        text::quoted(kinds)
    );
    Violation::some("restricted volume types", detail)
}

/// A volume without a source is an `emptyDir`: in manifests, before defaults are filled in.
fn is_defaulted(volume: &Value) -> bool {
    let mut members = volume.as_object().into_iter().flat_map(|volume| volume.iter());
    members.all(|(member, value)| member == "name" || value.is_null())
}
