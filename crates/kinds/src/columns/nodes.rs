//! Nodes, runtime classes and dynamic resources.

use std::collections::BTreeSet;

use api::Value;

use super::NAME_AND_AGE;
use super::format::{age, bool, deleting, members, name, or};
use super::sheet::{AGE, NAME, Sheet, core_message, field, string, text, wide};

/// The sheet of a kind of this file.
pub fn sheet(kind: &str) -> Option<&'static Sheet> {
    match kind {
        "DeviceClass" | "ResourceClaimTemplate" => Some(&NAME_AND_AGE),
        "Node" => Some(&NODE),
        "ResourceClaim" => Some(&RESOURCE_CLAIM),
        "ResourceSlice" => Some(&RESOURCE_SLICE),
        "RuntimeClass" => Some(&RUNTIME_CLASS),
        _ => None,
    }
}

macro_rules! resource {
    ($name:literal) => {
        concat!("io.k8s.api.resource.v1.", $name)
    };
}

static NODE: Sheet = Sheet {
    columns: &[
        NAME,
        string("Status", text("Ready or not, and whether new pods may come.")),
        string("Roles", text("Roles that its labels give it.")),
        AGE,
        string("Version", field(core_message!("NodeSystemInfo"), "kubeletVersion")),
        wide("Internal-IP", field(core_message!("NodeStatus"), "addresses")),
        wide("External-IP", field(core_message!("NodeStatus"), "addresses")),
        wide("OS-Image", field(core_message!("NodeSystemInfo"), "osImage")),
        wide("Kernel-Version", field(core_message!("NodeSystemInfo"), "kernelVersion")),
        wide("Container-Runtime", field(core_message!("NodeSystemInfo"), "containerRuntimeVersion")),
    ],
    cells: |o, now| {
        let info = o.at(&["status", "nodeInfo"]);
        vec![
            name(o),
            node_status(o).into(),
            roles(o).into(),
            age(o, now),
            info.str_at(&["kubeletVersion"]).into(),
            address(o, "InternalIP").into(),
            address(o, "ExternalIP").into(),
            or(info, &["osImage"], "<unknown>").into(),
            kernel(info).into(),
            or(info, &["containerRuntimeVersion"], "<unknown>").into(),
        ]
    },
    ..Sheet::BARE
};

fn node_status(o: &Value) -> String {
    let conditions = o.array_at(&["status", "conditions"]);
    let ready = conditions.iter().rev().find(|c| c.str_at(&["type"]) == "Ready");
    let status = match ready.map(|c| c.str_at(&["status"])) {
        None => "Unknown",
        Some("True") => "Ready",
        Some(_) => "NotReady",
    };
    format!("{status}{}", if bool(o, &["spec", "unschedulable"]) { ",SchedulingDisabled" } else { "" })
}

fn roles(o: &Value) -> String {
    let role = |(key, value): (&str, &Value)| match key.strip_prefix("node-role.kubernetes.io/") {
        Some(role) => Some(role.to_owned()),
        None if key == "kubernetes.io/role" => value.as_str().map(str::to_owned),
        None => None,
    };
    let labels = members(o, &["metadata", "labels"]);
    let roles: BTreeSet<String> =
        labels.into_iter().flat_map(api::Map::iter).filter_map(role).filter(|r| !r.is_empty()).collect();
    if roles.is_empty() { "<none>".to_owned() } else { roles.into_iter().collect::<Vec<_>>().join(",") }
}

fn address<'a>(o: &'a Value, ty: &str) -> &'a str {
    let addresses = o.array_at(&["status", "addresses"]);
    addresses.iter().find(|a| a.str_at(&["type"]) == ty).map_or("<none>", |a| a.str_at(&["address"]))
}

fn kernel(info: &Value) -> String {
    let version = or(info, &["kernelVersion"], "<unknown>");
    match info.str_at(&["architecture"]) {
        "" => version.to_owned(),
        architecture => format!("{version} ({architecture})"),
    }
}

static RUNTIME_CLASS: Sheet = Sheet {
    columns: &[NAME, string("Handler", text("")), AGE],
    cells: |o, now| vec![name(o), o.str_at(&["handler"]).into(), age(o, now)],
    ..Sheet::BARE
};

static RESOURCE_CLAIM: Sheet = Sheet {
    columns: &[
        NAME,
        string("State", text("Whether it is pending, allocated, reserved or being deleted.")),
        AGE,
    ],
    cells: |o, now| vec![name(o), claim_state(o).into(), age(o, now)],
    ..Sheet::BARE
};

fn claim_state(o: &Value) -> String {
    let allocated = !o.at(&["status", "allocation"]).is_null();
    let reserved = !o.array_at(&["status", "reservedFor"]).is_empty();
    let states = [
        (deleting(o), "deleted"),
        (!allocated && !deleting(o), "pending"),
        (allocated, "allocated"),
        (allocated && reserved, "reserved"),
    ];
    states.iter().filter(|(holds, _)| *holds).map(|(_, word)| *word).collect::<Vec<_>>().join(",")
}

static RESOURCE_SLICE: Sheet = Sheet {
    columns: &[
        NAME,
        string("Node", field(resource!("ResourceSliceSpec"), "nodeName")),
        string("Driver", field(resource!("ResourceSliceSpec"), "driver")),
        string("Pool", field(resource!("ResourcePool"), "name")),
        AGE,
    ],
    cells: |o, now| {
        vec![
            name(o),
            o.str_at(&["spec", "nodeName"]).into(),
            o.str_at(&["spec", "driver"]).into(),
            o.str_at(&["spec", "pool", "name"]).into(),
            age(o, now),
        ]
    },
    ..Sheet::BARE
};
