//! Volumes of a pod.
//!
//! Entry point: [`all`].  Each kind of source is one line of a table: its member, and the names it has in paths.

use std::collections::{BTreeMap, BTreeSet};

use api::Value;
use api::field::Errors;

use super::containers::pull_policy;
use super::env::{file_of_pod, resource_field};
use super::{Options, projections};
use crate::core::claim_spec;
use crate::core::volume_sources::{self as sources, Holder};
use crate::{Cursor, amounts, names};

/// All failures of the volumes; the sound ones by name.  Upstream takes an unsound volume for a missing one.
pub(super) fn all<'a>(
    volumes: &Cursor<'a, '_>,
    metadata: Option<&Value>,
    options: &Options,
    errors: &mut Errors,
) -> BTreeMap<&'a str, &'a Value> {
    let pod = metadata.map_or("", |meta| meta.str_at(&["name"]));
    let claims = made_claims(volumes.value(), pod);
    let mut sound = BTreeMap::new();
    for (volume, value) in volumes.items().zip(volumes.list()) {
        let before = errors.len();
        source(&volume, pod, options, errors);
        let name = volume.child("name");
        if name.is_empty() {
            name.required(errors, "");
        } else {
            name.faults(errors, &names::dns1123_label(name.str()));
        }
        if sound.contains_key(name.str()) {
            name.duplicate(errors);
        }
        if errors.len() == before {
            sound.insert(value.str_at(&["name"]), value);
        }
        let claim = volume.child("persistentVolumeClaim");
        let claim = claim.child("claimName");
        if claims.contains(claim.str()) {
            claim.bad(
                errors,
                claim.str(),
                "must not reference a PVC that gets created for an ephemeral volume",
            );
        }
    }
    sound
}

/// The claims that the volumes of a pod make, by name; unknown as long as the pod has no name.
fn made_claims(volumes: &Value, pod: &str) -> BTreeSet<String> {
    let volumes = volumes.as_array().unwrap_or(&[]).iter();
    let made = volumes.filter(|volume| !pod.is_empty() && !volume.at(&["ephemeral"]).is_null());
    made.map(|volume| format!("{pod}-{}", volume.str_at(&["name"]))).collect()
}

type Check = fn(&Cursor, &Options, &mut Errors);

/// A kind of source: its member, its name when there is another one beside it, its name in front of what is wrong
/// inside it, and the check.
struct Source(&'static str, &'static str, &'static str, Check);

/// In upstream's order.  The names in paths are upstream's, slips included.
const SOURCES: [Source; 29] = [
    Source("hostPath", "hostPath", "hostPath", |s, _, e| sources::host_path(s, e)),
    Source("gitRepo", "gitRepo", "gitRepo", |s, _, e| sources::git_repo(s, e)),
    Source("gcePersistentDisk", "gcePersistentDisk", "persistentDisk", |s, _, e| sources::gce_disk(s, e)),
    Source("awsElasticBlockStore", "awsElasticBlockStore", "awsElasticBlockStore", |s, _, e| {
        sources::aws_disk(s, e);
    }),
    Source("secret", "secret", "secret", |s, _, e| object_files(s, "secretName", e)),
    Source("nfs", "nfs", "nfs", |s, _, e| sources::nfs(s, e)),
    Source("iscsi", "iscsi", "iscsi", |s, _, e| sources::iscsi(s, Holder::Pod, e)),
    Source("glusterfs", "glusterfs", "glusterfs", |s, _, e| sources::glusterfs(s, e)),
    Source("flocker", "flocker", "flocker", |s, _, e| sources::flocker(s, e)),
    Source("persistentVolumeClaim", "persistentVolumeClaim", "persistentVolumeClaim", |s, _, e| {
        s.require(e, &["claimName"]);
    }),
    Source("rbd", "rbd", "rbd", |s, _, e| sources::rbd(s, e)),
    Source("cinder", "cinder", "cinder", |s, _, e| sources::cinder(s, Holder::Pod, e)),
    Source("cephfs", "cephFS", "cephfs", |s, _, e| sources::cephfs(s, e)),
    Source("quobyte", "quobyte", "quobyte", |s, _, e| sources::quobyte(s, e)),
    Source("downwardAPI", "downwarAPI", "downwardAPI", |s, _, e| downward_api(s, e)),
    Source("fc", "fc", "fc", |s, _, e| sources::fc(s, e)),
    Source("flexVolume", "flexVolume", "flexVolume", |s, _, e| sources::flex_volume(s, e)),
    Source("configMap", "configMap", "configMap", |s, _, e| object_files(s, "name", e)),
    Source("azureFile", "azureFile", "azureFile", |s, _, e| sources::azure_file(s, e)),
    Source("vsphereVolume", "vsphereVolume", "vsphereVolume", |s, _, e| sources::vsphere(s, e)),
    Source("photonPersistentDisk", "photonPersistentDisk", "photonPersistentDisk", |s, _, e| {
        sources::photon(s, e);
    }),
    Source("portworxVolume", "portworxVolume", "portworxVolume", |s, _, e| sources::portworx(s, e)),
    Source("azureDisk", "azureDisk", "azureDisk", |s, _, e| sources::azure_disk(s, e)),
    Source("storageos", "storageos", "storageos", |s, _, e| sources::storage_os(s, Holder::Pod, e)),
    Source("projected", "projected", "projected", projections::all),
    Source("scaleIO", "scaleIO", "scaleIO", |s, _, e| sources::scale_io(s, e)),
    Source("csi", "csi", "csi", |s, _, e| csi(s, e)),
    Source("ephemeral", "ephemeral", "ephemeral", |s, _, e| ephemeral(s, e)),
    Source("image", "image", "image", image),
];

fn source(volume: &Cursor, pod: &str, options: &Options, errors: &mut Errors) {
    let mut taken = volume.has("emptyDir");
    let limit = volume.child("emptyDir");
    let limit = limit.child("sizeLimit");
    if limit.is_set() && amounts::quantity(&limit).sign() < 0 {
        limit.forbidden(errors, "SizeLimit field must be a valid resource quantity");
    }
    for Source(member, beside, inside, check) in &SOURCES {
        if !volume.has(member) {
            continue;
        }
        if taken {
            volume.child_as(member, beside).forbidden(errors, "may not specify more than 1 volume type");
        } else {
            check(&volume.child_as(member, inside), options, errors);
            if *member == "ephemeral" {
                made_claim_name(volume, pod, errors);
            }
        }
        if *member == "iscsi" {
            initiator_length(volume, errors);
        }
        taken = true;
    }
    if !taken {
        volume.required(errors, "must specify a volume type");
    }
}

fn initiator_length(volume: &Cursor, errors: &mut Errors) {
    let (name, iscsi) = (volume.child("name"), volume.child("iscsi"));
    if iscsi.has("initiatorName") && name.str().len() + 1 + iscsi.text("targetPortal").len() > 64 {
        let why = "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if \
                   iscsi.initiatorName is specified.";
        name.bad(errors, name.str(), why);
    }
}

/// The claim is named after pod and volume.
fn made_claim_name(volume: &Cursor, pod: &str, errors: &mut Errors) {
    let name = volume.child("name");
    if pod.is_empty() || name.is_empty() {
        return;
    }
    let claim = format!("{pod}-{}", name.str());
    for fault in names::dns1123_subdomain(&claim) {
        name.bad(errors, name.str(), &format!("PVC name \"{claim}\": {fault}"));
    }
}

/// Files made of a Secret or ConfigMap, which the member `name` names.
fn object_files(source: &Cursor, name: &str, errors: &mut Errors) {
    source.require(errors, &[name]);
    sources::file_mode(&source.child("defaultMode"), errors);
    source.child("items").items().for_each(|item| key_to_path(&item, errors));
}

/// One key of an object as a file.
pub(super) fn key_to_path(item: &Cursor, errors: &mut Errors) {
    item.require(errors, &["key", "path"]);
    sources::local_path(&item.child("path"), errors);
    sources::file_mode(&item.child("mode"), errors);
}

fn downward_api(source: &Cursor, errors: &mut Errors) {
    sources::file_mode(&source.child("defaultMode"), errors);
    for file in source.child("items").items() {
        downward_file(&file, source, errors);
    }
}

/// One field of the pod as a file; failures stand at the source, not at the item, as upstream has it.
pub(super) fn downward_file(file: &Cursor, source: &Cursor, errors: &mut Errors) {
    let path = source.path().to_string();
    let at = Cursor::at(&path, file.value());
    at.require(errors, &["path"]);
    sources::local_path(&at.child("path"), errors);
    let (field, resource) = (at.child("fieldRef"), at.child("resourceFieldRef"));
    if field.is_set() {
        file_of_pod(&field, errors);
        if resource.is_set() {
            at.bad(errors, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously");
        }
    } else if resource.is_set() {
        resource_field(&resource, true, errors);
    } else {
        at.required(errors, "one of fieldRef and resourceFieldRef is required");
    }
    sources::file_mode(&at.child("mode"), errors);
}

fn csi(source: &Cursor, errors: &mut Errors) {
    sources::csi_driver(&source.child("driver"), errors);
    let secret = source.child("nodePublishSecretRef");
    if !secret.is_set() {
        return;
    }
    let name = secret.child("name");
    if name.is_empty() {
        name.required(errors, "");
    } else {
        let shown = source.child("name").path();
        names::report(errors, &shown, name.str(), &names::dns1123_subdomain(name.str()));
    }
}

fn ephemeral(source: &Cursor, errors: &mut Errors) {
    let template = source.child("volumeClaimTemplate");
    if template.is_set() {
        claim_spec::validate_template(&template, errors);
    } else {
        template.required(errors, "");
    }
}

fn image(source: &Cursor, options: &Options, errors: &mut Errors) {
    if options.is_pod {
        source.require(errors, &["reference"]);
    }
    pull_policy(&source.child("pullPolicy"), errors);
}
