//! CSINode: the volume drivers of a node.

use std::collections::HashSet;

use api::{Value, field};

use crate::core::volume_sources;
use crate::kind::Kind;
use crate::{Cursor, MetaCheck, equal, meta, names};

/// Longest id of a node, in bytes.
const MAX_NODE_ID: usize = 256;

pub(crate) static CSI_NODE: Kind = Kind {
    unconditional_update: false,
    update_checks: &[MetaCheck::New],
    validate: |node, _, errors| validate(node, errors),
    validate_update: |new, old, _, errors| {
        validate(new, errors);
        fixed(new, old, errors);
    },
    ..Kind::PLAIN
};

fn validate(node: &Value, errors: &mut field::Errors) {
    let mut seen = HashSet::new();
    for driver in Cursor::at("spec.drivers", node.at(&["spec", "drivers"])).items() {
        let (name, id) = (driver.child("name"), driver.child("nodeID"));
        volume_sources::csi_driver(&name, errors);
        if id.str().is_empty() {
            id.required(errors, "");
        }
        if id.str().len() > MAX_NODE_ID {
            id.invalid(errors, &format!("must be {MAX_NODE_ID} characters or less"));
        }
        driver.child("allocatable").child("count").not_negative(errors);
        if !seen.insert(driver.text("name")) {
            errors.duplicate(&name.path(), &name.str().into());
        }
        topology_keys(&driver, errors);
    }
}

/// Keys are reported at their driver.
fn topology_keys(driver: &Cursor, errors: &mut field::Errors) {
    let mut seen = HashSet::new();
    for key in driver.child("topologyKeys").items() {
        if key.str().is_empty() {
            driver.required(errors, "");
        }
        if !seen.insert(key.value().as_str().unwrap_or("")) {
            errors.duplicate(&driver.path(), &key.str().into());
        }
        names::report(errors, &driver.path(), key.str(), &names::qualified_name(key.str()));
    }
}

/// A driver that stays changes nothing but how many volumes it can have.
fn fixed(new: &Value, old: &Value, errors: &mut field::Errors) {
    let without_count = |driver: &Value| {
        let mut driver = driver.clone();
        driver.remove_at(&["allocatable"]);
        driver
    };
    let path = field::Path::new("spec.drivers");
    for was in old.array_at(&["spec", "drivers"]) {
        let name = was.str_at(&["name"]);
        let drivers = new.array_at(&["spec", "drivers"]).iter();
        for is in drivers.filter(|driver| driver.str_at(&["name"]) == name).map(without_count) {
            if !equal::semantic(&is, &without_count(was)) {
                errors.invalid(&path, &shown(&is), meta::IMMUTABLE);
            }
        }
    }
}

/// Upstream shows its internal structure here.
fn shown(driver: &Value) -> Value {
    api::object! {
        "Name" => driver.str_at(&["name"]), "NodeID" => driver.str_at(&["nodeID"]),
        "TopologyKeys" => driver.at(&["topologyKeys"]).clone(), "Allocatable" => Value::Null,
    }
}
