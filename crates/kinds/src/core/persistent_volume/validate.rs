//! What is wrong with a PersistentVolume.

use api::{Value, field};

use crate::core::volume_sources::{self as sources, Holder};
use crate::{Context, Cursor, amounts, edit, equal, names, selectors};

pub(crate) const ACCESS_MODES: [&str; 4] =
    ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];
const RECLAIM_POLICIES: [&str; 3] = ["Delete", "Recycle", "Retain"];
const VOLUME_MODES: [&str; 2] = ["Block", "Filesystem"];
const MOUNT_OPTIONS: &str = "volume.beta.kubernetes.io/mount-options";
const INLINE: &str = "in the context of inline volumes";
/// Longest volume name and portal together, when an initiator is named.
const MAX_PORTAL: usize = 64;

/// Where the spec of a volume stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place<'a> {
    /// In a PersistentVolume of this name; `lax` lets label values through that were there before.
    Volume { name: &'a str, lax: bool },
    /// Inside another object, for CSI volumes alone.
    Inline,
}

type Check = fn(&Cursor, &mut field::Errors);

/// The sources of volumes in upstream's order: member, name in the path of a second one, check, whether it understands
/// mount options.
const SOURCES: [(&str, &str, Check, bool); 22] = [
    ("hostPath", "hostPath", sources::host_path, false),
    ("gcePersistentDisk", "gcePersistentDisk", sources::gce_disk, true),
    ("awsElasticBlockStore", "awsElasticBlockStore", sources::aws_disk, true),
    ("glusterfs", "glusterfs", glusterfs, true),
    ("flocker", "flocker", sources::flocker, false),
    ("nfs", "nfs", sources::nfs, true),
    ("rbd", "rbd", sources::rbd, true),
    ("quobyte", "quobyte", sources::quobyte, true),
    ("cephfs", "cephFS", sources::cephfs, true),
    ("iscsi", "iscsi", |s, e| sources::iscsi(s, Holder::PersistentVolume, e), true),
    ("cinder", "cinder", |s, e| sources::cinder(s, Holder::PersistentVolume, e), true),
    ("fc", "fc", sources::fc, false),
    ("flexVolume", "", sources::flex_volume, false),
    ("azureFile", "azureFile", azure_file, true),
    ("vsphereVolume", "vsphereVolume", sources::vsphere, true),
    ("photonPersistentDisk", "photonPersistentDisk", sources::photon, true),
    ("portworxVolume", "portworxVolume", sources::portworx, false),
    ("azureDisk", "azureDisk", sources::azure_disk, true),
    ("scaleIO", "scaleIO", sources::scale_io, false),
    ("local", "local", local, false),
    ("storageos", "storageos", |s, e| sources::storage_os(s, Holder::PersistentVolume, e), false),
    ("csi", "csi", csi, false),
];

pub(super) fn create(volume: &Value, _cx: &Context, errors: &mut field::Errors) {
    whole(volume, false, errors);
    mount_options(volume, errors);
}

pub(super) fn update(new: &Value, old: &Value, cx: &Context, errors: &mut field::Errors) {
    if cx.subresource == "status" {
        if new.str_at(&["metadata", "resourceVersion"]).is_empty() {
            errors.required(&field::Path::new("resourceVersion"), "");
        }
        return;
    }
    let lax = has_bad_label_values(old.at(&["spec", "nodeAffinity", "required"]));
    whole(new, lax, errors);
    mount_options(new, errors);
    whole(new, lax, errors);
    fixed(new, old, errors);
}

fn has_bad_label_values(selector: &Value) -> bool {
    let terms = selector.array_at(&["nodeSelectorTerms"]).iter();
    let expressions = terms.flat_map(|term| term.array_at(&["matchExpressions"]));
    let mut values = expressions.flat_map(|expression| expression.array_at(&["values"]));
    values.any(|value| !names::label_value(value.as_str().unwrap_or("")).is_empty())
}

fn whole(volume: &Value, lax: bool, errors: &mut field::Errors) {
    let place = Place::Volume { name: volume.str_at(&["metadata", "name"]), lax };
    validate_spec(&Cursor::at("spec", volume.at(&["spec"])), place, errors);
}

/// All failures of the spec of a volume.
pub(crate) fn validate_spec(spec: &Cursor, place: Place, errors: &mut field::Errors) {
    if place == Place::Inline {
        inline(spec, errors);
    }
    access_modes(&spec.child("accessModes"), errors);
    let affinity = spec.child("nodeAffinity");
    if let Place::Volume { lax, .. } = place {
        capacity(&spec.child("capacity"), errors);
        let policy = spec.child("persistentVolumeReclaimPolicy");
        if !policy.str().is_empty() {
            policy.one_of(errors, &RECLAIM_POLICIES);
        }
        if affinity.is_set() && !affinity.has("required") {
            affinity.child("required").required(errors, "must specify required node constraints");
        } else if affinity.is_set() {
            selectors::node_selector(&affinity.child("required"), lax, errors);
        }
    } else {
        inline_only(spec, "persistentVolumeReclaimPolicy", "Retain", "may only be Retain", errors);
        if affinity.is_set() {
            affinity.forbidden(errors, &format!("may not be specified {INLINE}"));
        }
    }
    one_source(spec, place, errors);
    recycled_root(spec, errors);
    class_and_mode(spec, place, errors);
    attributes_class(spec, errors);
}

fn inline(spec: &Cursor, errors: &mut field::Errors) {
    if spec.has("claimRef") {
        spec.child("claimRef").forbidden(errors, &format!("may not be specified {INLINE}"));
    }
    if !spec.child("capacity").is_empty() {
        spec.child("capacity").forbidden(errors, &format!("may not be specified {INLINE}"));
    }
    if !spec.has("csi") {
        spec.child("csi").required(errors, &format!("has to be specified {INLINE}"));
    }
}

/// A member that has one value inside other objects.
fn inline_only(spec: &Cursor, member: &str, only: &str, why: &str, errors: &mut field::Errors) {
    let value = spec.child(member);
    if !value.str().is_empty() && value.str() != only {
        value.forbidden(errors, &format!("{why} {INLINE}"));
    }
}

/// Reports modes that are none, and a mode for one pod beside others.
pub(crate) fn access_modes(modes: &Cursor, errors: &mut field::Errors) {
    if modes.is_empty() {
        modes.required(errors, "");
    }
    let known = |mode: &Cursor| ACCESS_MODES.contains(&mode.str());
    for mode in modes.items().filter(|mode| !known(mode)) {
        errors.not_supported(&modes.path(), &mode.str().into(), &ACCESS_MODES);
    }
    let single = |mode: &Cursor| mode.str() == "ReadWriteOncePod";
    if modes.items().any(|mode| single(&mode)) && modes.items().any(|mode| known(&mode) && !single(&mode)) {
        modes.forbidden(errors, "may not use ReadWriteOncePod with other access modes");
    }
}

fn capacity(capacity: &Cursor, errors: &mut field::Errors) {
    if capacity.is_empty() {
        capacity.required(errors, "");
    }
    if !capacity.has("storage") || capacity.len() > 1 {
        errors.not_supported(&capacity.path(), capacity.value(), &["storage"]);
    }
    for (_, entry) in capacity.entries() {
        let amount = amounts::quantity(&entry);
        if amount.value() < 0 {
            entry.bad(errors, amount.value(), "must be a valid resource quantity");
        }
        if amount.sign() <= 0 {
            entry.bad(errors, amounts::shown(&amount), "must be greater than zero");
        }
    }
}

/// A volume is made of one thing.
fn one_source(spec: &Cursor, place: Place, errors: &mut field::Errors) {
    let mut found = false;
    for (member, shown, check, _) in SOURCES.iter().filter(|(member, ..)| spec.has(member)) {
        let source = spec.child(member);
        // Upstream counts a Flex volume without looking for others.
        if found && *member != "flexVolume" {
            spec.child_as(member, shown).forbidden(errors, "may not specify more than 1 volume type");
            continue;
        }
        found = true;
        if let (Place::Volume { name, .. }, "iscsi") = (place, *member) {
            portal(&source, name, errors);
        }
        check(&source, errors);
        if *member == "local" && !spec.has("nodeAffinity") {
            spec.child("nodeAffinity").required(errors, "Local volume requires node affinity");
        }
    }
    if !found {
        spec.required(errors, "must specify a volume type");
    }
}

fn portal(iscsi: &Cursor, volume: &str, errors: &mut field::Errors) {
    let portal = iscsi.text("targetPortal");
    if iscsi.has("initiatorName") && volume.len() + 1 + portal.len() > MAX_PORTAL {
        let why = "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if \
                   iscsi.initiatorName is specified.";
        iscsi.child_as("targetPortal", "targetportal").bad(errors, portal, why);
    }
}

fn glusterfs(source: &Cursor, errors: &mut field::Errors) {
    sources::glusterfs(source, errors);
    let namespace = source.child("endpointsNamespace");
    if namespace.is_set() && namespace.str().is_empty() {
        namespace.bad(errors, "", "if the endpointnamespace is set, it must be a valid namespace name");
    } else if namespace.is_set() {
        namespace.faults(errors, &names::dns1123_label(namespace.str()));
    }
}

fn azure_file(source: &Cursor, errors: &mut field::Errors) {
    sources::azure_file(source, errors);
    let namespace = source.child("secretNamespace");
    if namespace.is_set() && namespace.str().is_empty() {
        namespace.required(errors, "");
    }
}

fn local(source: &Cursor, errors: &mut field::Errors) {
    let path = source.child("path");
    if path.str().is_empty() {
        path.required(errors, "");
    } else {
        sources::no_backsteps(&path, errors);
    }
}

fn csi(source: &Cursor, errors: &mut field::Errors) {
    sources::csi_driver(&source.child("driver"), errors);
    source.require(errors, &["volumeHandle"]);
    let secrets = [
        "controllerPublishSecretRef",
        "controllerExpandSecretRef",
        "nodePublishSecretRef",
        "nodeExpandSecretRef",
    ];
    for member in secrets.iter().filter(|member| source.has(member)) {
        secret_reference(&source.child(member), errors);
    }
}

fn secret_reference(secret: &Cursor, errors: &mut field::Errors) {
    let (name, namespace) = (secret.child("name"), secret.child("namespace"));
    if name.str().is_empty() {
        name.required(errors, "");
    } else {
        name.faults(errors, &names::dns1123_subdomain(name.str()));
    }
    if namespace.str().is_empty() {
        namespace.required(errors, "");
    } else {
        namespace.faults(errors, &names::dns1123_label(namespace.str()));
    }
}

/// Nobody wants the root of a host emptied.
fn recycled_root(spec: &Cursor, errors: &mut field::Errors) {
    let path = spec.value().str_at(&["hostPath", "path"]);
    let is_root = path.starts_with('/') && {
        let depth = path.split('/').fold(0_usize, |depth, step| match step {
            "" | "." => depth,
            ".." => depth.saturating_sub(1),
            _ => depth + 1,
        });
        depth == 0
    };
    if is_root && spec.text("persistentVolumeReclaimPolicy") == "Recycle" {
        let why = "may not be 'recycle' for a hostPath mount of '/'";
        spec.child("persistentVolumeReclaimPolicy").forbidden(errors, why);
    }
}

fn class_and_mode(spec: &Cursor, place: Place, errors: &mut field::Errors) {
    let (class, mode) = (spec.child("storageClassName"), spec.child("volumeMode"));
    if place == Place::Inline {
        if !class.str().is_empty() {
            class.forbidden(errors, &format!("may not be specified {INLINE}"));
        }
        let why = "may not specify volumeMode other than Filesystem";
        if mode.is_set() && mode.str() != "Filesystem" {
            mode.forbidden(errors, &format!("{why} {INLINE}"));
        }
        return;
    }
    if !class.str().is_empty() {
        class.faults(errors, &names::dns1123_subdomain(class.str()));
    }
    if mode.is_set() {
        mode.one_of(errors, &VOLUME_MODES);
    }
}

fn attributes_class(spec: &Cursor, errors: &mut field::Errors) {
    let class = spec.child("volumeAttributesClassName");
    if !class.is_set() {
        return;
    }
    if class.str().is_empty() {
        class.required(errors, "an empty string is disallowed");
    } else {
        class.faults(errors, &names::dns1123_subdomain(class.str()));
    }
    if !spec.has("csi") {
        spec.child("csi").required(errors, "has to be specified when using volumeAttributesClassName");
    }
}

/// Not every kind of volume is mounted with options.
fn mount_options(volume: &Value, errors: &mut field::Errors) {
    let set = !volume.at(&["metadata", "annotations", MOUNT_OPTIONS]).is_null();
    let spec = volume.at(&["spec"]);
    if set && !SOURCES.iter().any(|(member, _, _, mountable)| *mountable && !spec.at(&[member]).is_null()) {
        let path = field::Path::new("metadata.annotations").child(MOUNT_OPTIONS);
        errors.forbidden(&path, "may not specify mount options for this volume type");
    }
}

/// What a volume is made of and where it can be used stays.
fn fixed(new: &Value, old: &Value, errors: &mut field::Errors) {
    if !equal::semantic(&source_of(new, old), &source_of(old, old)) {
        let path = field::Path::new("spec.persistentvolumesource");
        errors.forbidden(&path, "spec.persistentvolumesource is immutable after creation");
    }
    equal::immutable(
        &Cursor::at("volumeMode", new.at(&["spec", "volumeMode"])),
        old.at(&["spec", "volumeMode"]),
        errors,
    );
    let (affinity, was) = (new.at(&["spec", "nodeAffinity"]), old.at(&["spec", "nodeAffinity"]));
    if !was.is_null() && !equal::semantic(affinity, &relabelled(was, affinity)) {
        let why = "field is immutable, except for updating from beta label to GA";
        errors.invalid(&field::Path::new("nodeAffinity"), affinity, why);
    }
    let class = ["spec", "volumeAttributesClassName"];
    if !old.at(&class).is_null() && new.at(&class).is_null() {
        let path = field::Path::new("spec.volumeAttributesClassName");
        errors.forbidden(&path, "update from non-nil value to nil is forbidden");
    }
}

/// The source of a volume, without a secret that may be added later.
fn source_of(volume: &Value, old: &Value) -> Value {
    const SECRET: [&str; 3] = ["spec", "csi", "controllerExpandSecretRef"];
    let mut found = Value::object();
    for (member, ..) in SOURCES {
        if let Some(source) = volume.at(&["spec"]).get(member) {
            found.set_at(&[member], source.clone());
        }
    }
    if !old.at(&["spec", "csi"]).is_null() && old.at(&SECRET).is_null() {
        found.remove_at(&["csi", "controllerExpandSecretRef"]);
    }
    found
}

/// Node affinity `was`, with beta labels replaced where `is` has what replaced them.
fn relabelled(was: &Value, is: &Value) -> Value {
    let terms = is.array_at(&["required", "nodeSelectorTerms"]);
    let key_at = |i: usize, j: usize| {
        let expressions = terms.get(i).map(|term| term.array_at(&["matchExpressions"]));
        expressions.and_then(|list| list.get(j)).map_or("", |expression| expression.str_at(&["key"]))
    };
    let mut was = was.clone();
    for (i, term) in edit::objects_mut(&mut was, &["required", "nodeSelectorTerms"]).enumerate() {
        for (j, expression) in edit::objects_mut(term, &["matchExpressions"]).enumerate() {
            let key = key_at(i, j);
            if current_label(expression.str_at(&["key"])) == Some(key) {
                expression.set_at(&["key"], key);
            }
        }
    }
    was
}

/// The label that replaced a beta one.
fn current_label(key: &str) -> Option<&'static str> {
    Some(match key {
        "failure-domain.beta.kubernetes.io/zone" => "topology.kubernetes.io/zone",
        "failure-domain.beta.kubernetes.io/region" => "topology.kubernetes.io/region",
        "beta.kubernetes.io/os" => "kubernetes.io/os",
        "beta.kubernetes.io/arch" => "kubernetes.io/arch",
        "beta.kubernetes.io/instance-type" => "node.kubernetes.io/instance-type",
        _ => return None,
    })
}
