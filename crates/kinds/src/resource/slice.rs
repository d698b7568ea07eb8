//! ResourceSlice: devices that a driver offers.

use api::{Map, Value, field};

use crate::Context;
use crate::kind::{Generation, Kind, default_member, each, instant, text_field};

mod capacity;
mod validate;

/// Attribute values that are lists, a feature that is off.
const LIST_VALUES: [&str; 4] = ["bools", "ints", "strings", "versions"];
/// Mapping of devices to a node's own resources, a feature that is off.
const NODE_RESOURCES: &str = "nodeAllocatableResourceMappings";

pub(crate) static RESOURCE_SLICE: Kind = Kind {
    generation: Generation::Of(&["spec"]),
    default: default_devices,
    validate: |slice, _, errors| validate::check(slice, None, errors),
    validate_update: |new, old, _, errors| validate::check(new, Some(old), errors),
    prepare_create: |slice, cx| prepare(slice, &Value::Null, cx),
    prepare_update: prepare,
    warnings: |slice, _, _| warnings(slice),
    fields: |slice| {
        vec![
            ("spec.driver", text_field(slice, &["spec", "driver"])),
            ("spec.nodeName", text_field(slice, &["spec", "nodeName"])),
        ]
    },
    ..Kind::PLAIN
};

fn default_devices(slice: &mut Value, _version: &str) {
    each(slice, &["spec", "devices"], |device| {
        let mappings = device.get_mut(NODE_RESOURCES).and_then(Value::as_object_mut);
        for (_, mapping) in mappings.into_iter().flat_map(Map::iter_mut) {
            default_member(mapping.make_object(), "allocationMultiplier", "1");
        }
    });
}

/// A taint without a time was added now.
fn prepare(slice: &mut Value, old: &Value, cx: &Context) {
    drop_disabled(slice, old);
    each(slice, &["spec", "devices"], |device| {
        let taints = device.get_mut("taints").and_then(Value::as_array_mut);
        for taint in taints.into_iter().flatten() {
            default_member(taint.make_object(), "timeAdded", instant(cx.now));
        }
    });
}

/// Drops what belongs to features that are off, unless an earlier version of the object uses them.
fn drop_disabled(slice: &mut Value, old: &Value) {
    let devices = old.array_at(&["spec", "devices"]);
    let maps =
        devices.iter().any(|device| device.at(&[NODE_RESOURCES]).as_object().is_some_and(|m| !m.is_empty()));
    let attributes = devices.iter().filter_map(|device| device.at(&["attributes"]).as_object());
    let lists =
        attributes.flat_map(Map::values).any(|value| LIST_VALUES.iter().any(|key| value.get(key).is_some()));
    each(slice, &["spec", "devices"], |device| {
        if !maps {
            device.remove(NODE_RESOURCES);
        }
        let attributes = device.get_mut("attributes").filter(|_| !lists).and_then(Value::as_object_mut);
        for (_, value) in attributes.into_iter().flat_map(Map::iter_mut) {
            LIST_VALUES.iter().for_each(|key| drop(value.remove_at(&[key])));
        }
    });
}

fn warnings(slice: &Value) -> Vec<String> {
    let driver = slice.str_at(&["spec", "driver"]);
    if driver.to_lowercase() == driver {
        return Vec::new();
    }
    let quoted = field::go_quote(driver);
    vec![format!("spec.driver: driver names should be lowercase; {quoted} contains uppercase characters")]
}
