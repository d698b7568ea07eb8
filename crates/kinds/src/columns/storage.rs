//! Volumes, claims and the `storage.k8s.io` group.

use api::Value;

use super::format::{age, annotated, bool, deleting, join, name, plain, pointer_or, quantity};
use super::sheet::{AGE, NAME, Sheet, boolean, core_message, field, integer, string, text, wide};
use crate::Column;

/// The sheet of a kind of this file.  Storage capacities have no columns of their own.
pub fn sheet(kind: &str) -> Option<&'static Sheet> {
    match kind {
        "CSIDriver" => Some(&CSI_DRIVER),
        "CSINode" => Some(&CSI_NODE),
        "PersistentVolume" => Some(&PERSISTENT_VOLUME),
        "PersistentVolumeClaim" => Some(&PERSISTENT_VOLUME_CLAIM),
        "StorageClass" => Some(&STORAGE_CLASS),
        "VolumeAttachment" => Some(&VOLUME_ATTACHMENT),
        "VolumeAttributesClass" => Some(&VOLUME_ATTRIBUTES_CLASS),
        _ => None,
    }
}

macro_rules! storage {
    ($name:literal) => {
        concat!("io.k8s.api.storage.v1.", $name)
    };
}

static PERSISTENT_VOLUME: Sheet = Sheet {
    columns: &[
        NAME,
        string("Capacity", field(core_message!("PersistentVolumeSpec"), "capacity")),
        string("Access Modes", field(core_message!("PersistentVolumeSpec"), "accessModes")),
        string(
            "Reclaim Policy",
            field(core_message!("PersistentVolumeSpec"), "persistentVolumeReclaimPolicy"),
        ),
        string("Status", field(core_message!("PersistentVolumeStatus"), "phase")),
        string("Claim", field(core_message!("PersistentVolumeSpec"), "claimRef")),
        string("StorageClass", text("Storage class of the volume.")),
        string("VolumeAttributesClass", text("Volume attributes class of the volume.")),
        string("Reason", field(core_message!("PersistentVolumeStatus"), "reason")),
        AGE,
        wide("VolumeMode", field(core_message!("PersistentVolumeSpec"), "volumeMode")),
    ],
    cells: |o, now| {
        vec![
            name(o),
            quantity(o, &["spec", "capacity", "storage"]).into(),
            access_modes(o.array_at(&["spec", "accessModes"])).into(),
            o.str_at(&["spec", "persistentVolumeReclaimPolicy"]).into(),
            phase(o).into(),
            claim(o.at(&["spec", "claimRef"])).into(),
            class(o).into(),
            pointer_or(o, &["spec", "volumeAttributesClassName"], "<unset>").into(),
            o.str_at(&["status", "reason"]).into(),
            age(o, now),
            pointer_or(o, &["spec", "volumeMode"], "<unset>").into(),
        ]
    },
    ..Sheet::BARE
};

static PERSISTENT_VOLUME_CLAIM: Sheet = Sheet {
    columns: &[
        NAME,
        string("Status", field(core_message!("PersistentVolumeClaimStatus"), "phase")),
        string("Volume", field(core_message!("PersistentVolumeClaimSpec"), "volumeName")),
        string("Capacity", field(core_message!("PersistentVolumeClaimStatus"), "capacity")),
        string("Access Modes", field(core_message!("PersistentVolumeClaimStatus"), "accessModes")),
        string("StorageClass", text("Storage class of the claim.")),
        string("VolumeAttributesClass", text("Volume attributes class of the claim.")),
        AGE,
        wide("VolumeMode", field(core_message!("PersistentVolumeClaimSpec"), "volumeMode")),
    ],
    cells: |o, now| {
        let volume = o.str_at(&["spec", "volumeName"]);
        let (capacity, modes) = if volume.is_empty() {
            ("", String::new())
        } else {
            (
                quantity(o, &["status", "capacity", "storage"]),
                access_modes(o.array_at(&["status", "accessModes"])),
            )
        };
        vec![
            name(o),
            phase(o).into(),
            volume.into(),
            capacity.into(),
            modes.into(),
            class(o).into(),
            pointer_or(o, &["spec", "volumeAttributesClassName"], "<unset>").into(),
            age(o, now),
            pointer_or(o, &["spec", "volumeMode"], "<unset>").into(),
        ]
    },
    ..Sheet::BARE
};

fn phase(o: &Value) -> &str {
    if deleting(o) { "Terminating" } else { o.str_at(&["status", "phase"]) }
}

/// The storage class: an old annotation comes before the field.
fn class(o: &Value) -> &str {
    pointer_or(
        o,
        &["metadata", "annotations", "volume.beta.kubernetes.io/storage-class"],
        o.str_at(&["spec", "storageClassName"]),
    )
}

fn claim(reference: &Value) -> String {
    if reference.is_null() {
        return String::new();
    }
    format!("{}/{}", reference.str_at(&["namespace"]), reference.str_at(&["name"]))
}

/// Access modes in their short forms, always in the same order.
fn access_modes(modes: &[Value]) -> String {
    const SHORT: [(&str, &str); 4] = [
        ("ReadWriteOnce", "RWO"),
        ("ReadOnlyMany", "ROX"),
        ("ReadWriteMany", "RWX"),
        ("ReadWriteOncePod", "RWOP"),
    ];
    let there = SHORT.iter().filter(|(mode, _)| modes.iter().any(|m| m.as_str() == Some(mode)));
    there.map(|(_, short)| *short).collect::<Vec<_>>().join(",")
}

static CSI_NODE: Sheet = Sheet {
    columns: &[NAME, integer("Drivers", text("How many CSI drivers are registered on the node.")), AGE],
    cells: |o, now| vec![name(o), super::count(o, &["spec", "drivers"]), age(o, now)],
    ..Sheet::BARE
};

static CSI_DRIVER: Sheet = Sheet {
    columns: &[
        NAME,
        boolean("AttachRequired", field(storage!("CSIDriverSpec"), "attachRequired")),
        boolean("PodInfoOnMount", field(storage!("CSIDriverSpec"), "podInfoOnMount")),
        boolean("StorageCapacity", field(storage!("CSIDriverSpec"), "storageCapacity")),
        string("TokenRequests", field(storage!("CSIDriverSpec"), "tokenRequests")),
        boolean("RequiresRepublish", field(storage!("CSIDriverSpec"), "requiresRepublish")),
        string("Modes", field(storage!("CSIDriverSpec"), "volumeLifecycleModes")),
        AGE,
    ],
    cells: |o, now| {
        let tokens = o.at(&["spec", "tokenRequests"]);
        let audiences = join(o, &["spec", "tokenRequests"], |t| t.str_at(&["audience"]).to_owned());
        let modes = join(o, &["spec", "volumeLifecycleModes"], plain);
        vec![
            name(o),
            o.at(&["spec", "attachRequired"]).as_bool().unwrap_or(true).into(),
            bool(o, &["spec", "podInfoOnMount"]).into(),
            bool(o, &["spec", "storageCapacity"]).into(),
            if tokens.is_null() { "<unset>".into() } else { audiences.into() },
            bool(o, &["spec", "requiresRepublish"]).into(),
            if modes.is_empty() { "<none>".into() } else { modes.into() },
            age(o, now),
        ]
    },
    ..Sheet::BARE
};

static STORAGE_CLASS: Sheet = Sheet {
    columns: &[
        NAME,
        string("Provisioner", field(storage!("StorageClass"), "provisioner")),
        string("ReclaimPolicy", field(storage!("StorageClass"), "reclaimPolicy")),
        string("VolumeBindingMode", field(storage!("StorageClass"), "volumeBindingMode")),
        string("AllowVolumeExpansion", field(storage!("StorageClass"), "allowVolumeExpansion")),
        AGE,
    ],
    cells: |o, now| {
        let default = [
            "storageclass.kubernetes.io/is-default-class",
            "storageclass.beta.kubernetes.io/is-default-class",
        ]
        .iter()
        .any(|key| annotated(o, key, "true"));
        let name = o.str_at(&["metadata", "name"]);
        vec![
            format!("{name}{}", if default { " (default)" } else { "" }).into(),
            o.str_at(&["provisioner"]).into(),
            pointer_or(o, &["reclaimPolicy"], "Delete").into(),
            pointer_or(o, &["volumeBindingMode"], "Immediate").into(),
            bool(o, &["allowVolumeExpansion"]).into(),
            age(o, now),
        ]
    },
    ..Sheet::BARE
};

static VOLUME_ATTRIBUTES_CLASS: Sheet = Sheet {
    columns: &[NAME, string("DriverName", field(storage!("VolumeAttributesClass"), "driverName")), AGE],
    cells: |o, now| vec![name(o), o.str_at(&["driverName"]).into(), age(o, now)],
    ..Sheet::BARE
};

static VOLUME_ATTACHMENT: Sheet = Sheet {
    columns: &[
        NAME,
        Column { format: "name", ..string("Attacher", field(storage!("VolumeAttachmentSpec"), "attacher")) },
        string("PV", field(storage!("VolumeAttachmentSource"), "persistentVolumeName")),
        string("Node", field(storage!("VolumeAttachmentSpec"), "nodeName")),
        boolean("Attached", field(storage!("VolumeAttachmentStatus"), "attached")),
        AGE,
    ],
    cells: |o, now| {
        vec![
            name(o),
            o.str_at(&["spec", "attacher"]).into(),
            o.str_at(&["spec", "source", "persistentVolumeName"]).into(),
            o.str_at(&["spec", "nodeName"]).into(),
            bool(o, &["status", "attached"]).into(),
            age(o, now),
        ]
    },
    ..Sheet::BARE
};
