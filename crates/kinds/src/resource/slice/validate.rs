//! What is wrong with a ResourceSlice and its devices.
//!
//! Entry point: [`check`].

use api::{Map, Value, field};

use crate::core::volume_sources::csi_driver;
use crate::resource::parts::{self, MAX_QUALIFIED, by};
use crate::shown::{Holds, Member, internal, pointer, text};
use crate::{Cursor, amounts, equal, names, selectors};

use super::{LIST_VALUES, NODE_RESOURCES, capacity};

/// Most devices of a slice, and most when one has taints, counters or lists of values.
const MAX_DEVICES: usize = 128;
const MAX_ADVANCED_DEVICES: usize = 64;
const MAX_COUNTER_SETS: usize = 8;
const MAX_COUNTERS: usize = 32;
const MAX_CONSUMPTIONS: usize = 2;
const MAX_ATTRIBUTES_AND_CAPACITIES: usize = 32;
const MAX_ATTRIBUTE_VALUES: usize = 48;
const MAX_TAINTS: usize = 16;
/// Longest text or version of an attribute, in bytes.
const MAX_TEXT: usize = 64;
const SCALARS: [&str; 4] = ["bool", "int", "string", "version"];
const WHERE: &str =
    "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required";
const DEVICE_WHERE: &str = "exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when \
                            `perDeviceNodeSelection` is set to true in the ResourceSlice spec";
const ATTRIBUTE: [Member; 8] = [
    pointer("int", "IntValue"),
    pointer("bool", "BoolValue"),
    pointer("string", "StringValue"),
    pointer("version", "VersionValue"),
    pointer("ints", "IntValues"),
    pointer("bools", "BoolValues"),
    pointer("strings", "StringValues"),
    pointer("versions", "VersionValues"),
];
const REQUIREMENT: [Member; 3] =
    [text("key", "Key"), text("operator", "Operator"), pointer("values", "Values")];
const TERM: [Member; 2] = [
    Member { name: "matchExpressions", go: "MatchExpressions", holds: Holds::List(&REQUIREMENT) },
    Member { name: "matchFields", go: "MatchFields", holds: Holds::List(&REQUIREMENT) },
];

/// All failures of a slice, new or changed.
pub(super) fn check(slice: &Value, old: Option<&Value>, errors: &mut field::Errors) {
    let root = Cursor::root(slice);
    let spec = root.child("spec");
    csi_driver(&spec.child("driver"), errors);
    check_pool(&spec.child("pool"), errors);
    if let Some(old) = old.map(|old| old.at(&["spec"])) {
        equal::immutable(&spec.child("pool").child("name"), old.at(&["pool", "name"]), errors);
        equal::immutable(&spec.child("driver"), old.at(&["driver"]), errors);
        equal::immutable(&spec.child("nodeName"), old.at(&["nodeName"]), errors);
    }
    check_where(&spec, errors);
    let (counters, devices) = (spec.child("sharedCounters"), spec.child("devices"));
    if counters.is_set() && devices.is_set() {
        spec.bad(errors, "", "only one of `sharedCounters` or `devices` is allowed");
    }
    let max = if devices.list().iter().any(is_advanced) { MAX_ADVANCED_DEVICES } else { MAX_DEVICES };
    let check_one = |device: &Cursor, errors: &mut field::Errors| {
        let old = old.map_or(&[][..], |old| old.array_at(&["spec", "devices"]));
        let old = old.iter().find(|other| other.str_at(&["name"]) == device.text("name"));
        check_device(device, old, spec.flag("perDeviceNodeSelection"), errors);
    };
    parts::set(&devices, max, errors, check_one, by("name"));
    parts::set(
        &counters,
        MAX_COUNTER_SETS,
        errors,
        |set, errors| check_counters(set, "name", errors),
        by("name"),
    );
}

fn is_advanced(device: &Value) -> bool {
    let some = |key: &str| !device.array_at(&[key]).is_empty();
    let mut attributes = device.at(&["attributes"]).as_object().into_iter().flat_map(Map::values);
    some("taints")
        || some("consumesCounters")
        || attributes.any(|value| LIST_VALUES.iter().any(|key| value.get(key).is_some()))
}

fn check_pool(pool: &Cursor, errors: &mut field::Errors) {
    parts::pool(&pool.child("name"), errors);
    let (count, generation) = (pool.child("resourceSliceCount"), pool.child("generation"));
    if count.int() <= 0 {
        count.bad(errors, count.int(), "must be greater than zero");
    }
    if generation.int() < 0 {
        generation.bad(errors, generation.int(), "must be greater than or equal to zero");
    }
}

fn node_name(name: &Cursor, empty: &str, errors: &mut field::Errors) -> bool {
    if name.str().is_empty() {
        name.invalid(errors, empty);
        return false;
    }
    name.faults(errors, &names::dns1123_subdomain(name.str()));
    true
}

fn true_or_unset(at: &Cursor, errors: &mut field::Errors) -> bool {
    if !at.bool() {
        at.invalid(errors, "must be either unset or set to true");
    }
    at.bool()
}

/// From which nodes the devices can be reached: exactly one way to say so.
fn check_where(spec: &Cursor, errors: &mut field::Errors) {
    let mut given = Vec::new();
    let name = spec.child("nodeName");
    if name.is_set() && node_name(&name, "must be either unset or set to a non-empty string", errors) {
        given.push("`nodeName`");
    }
    let selector = spec.child("nodeSelector");
    if selector.is_set() {
        given.push("`nodeSelector`");
        selectors::node_selector(&selector, false, errors);
        let terms = selector.child("nodeSelectorTerms");
        if terms.len() != 1 {
            let shown: Vec<Value> = terms.list().iter().map(|term| internal(term, &TERM)).collect();
            let shown = if terms.is_set() { shown.into() } else { Value::Null };
            terms.bad(errors, shown, "must have exactly one node selector term");
        }
    }
    for (member, shown) in
        [("allNodes", "`allNodes`"), ("perDeviceNodeSelection", "`perDeviceNodeSelection`")]
    {
        let member = spec.child(member);
        if member.is_set() && true_or_unset(&member, errors) {
            given.push(shown);
        }
    }
    match given.len() {
        0 => spec.required(errors, WHERE),
        1 => {}
        _ => {
            let shown = format!("{{{}}}", given.join(", "));
            spec.bad(errors, shown, &format!("{WHERE}, but multiple fields are set"));
        }
    }
}

/// The same for one device.
fn check_device_where(device: &Cursor, wanted: bool, errors: &mut field::Errors) {
    if !wanted {
        if ["nodeName", "nodeSelector", "allNodes"].iter().any(|name| device.has(name)) {
            let why = "`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set \
                       to true in the ResourceSlice spec";
            device.bad(errors, Value::Null, why);
        }
        return;
    }
    let mut given = Vec::new();
    let (name, selector, all) =
        (device.child("nodeName"), device.child("nodeSelector"), device.child("allNodes"));
    if name.is_set() && node_name(&name, "must not be empty", errors) {
        given.push("`nodeName`");
    }
    if selector.is_set() {
        given.push("`nodeSelector`");
        selectors::node_selector(&selector, false, errors);
    }
    if all.is_set() && true_or_unset(&all, errors) {
        given.push("`allNodes`");
    }
    match given.len() {
        0 => device.required(errors, DEVICE_WHERE),
        1 => {}
        _ => device.bad(errors, format!("{{{}}}", given.join(", ")), DEVICE_WHERE),
    }
}

fn check_device(device: &Cursor, old: Option<&Value>, own_place: bool, errors: &mut field::Errors) {
    parts::label(&device.child("name"), errors);
    let (attributes, capacities) = (device.child("attributes"), device.child("capacity"));
    let at_most = |count: usize, max: usize, what: &str, errors: &mut field::Errors| {
        if count > max {
            let shown = i64::try_from(count).unwrap_or(i64::MAX);
            device.bad(errors, shown, &format!("the total number of {what} must not exceed {max}"));
        }
    };
    at_most(
        attributes.len() + capacities.len(),
        MAX_ATTRIBUTES_AND_CAPACITIES,
        "attributes and capacities",
        errors,
    );
    let values = attributes.entries().map(|(_, value)| value_count(value.value())).sum();
    at_most(values, MAX_ATTRIBUTE_VALUES, "attribute values", errors);
    parts::map(&attributes, MAX_QUALIFIED, errors, parts::qualified_name, check_attribute);
    let shareable = device.flag("allowMultipleAllocations");
    parts::map(&capacities, MAX_QUALIFIED, errors, parts::qualified_name, |capacity, errors| {
        capacity::check(capacity, shareable, errors);
    });
    let taints = device.child("taints");
    if !old.is_some_and(|old| equal::semantic(old.at(&["taints"]), taints.value())) {
        parts::items(&taints, MAX_TAINTS, errors, parts::taint);
    }
    let consumptions = device.child("consumesCounters");
    let check = |set: &Cursor, errors: &mut field::Errors| check_counters(set, "counterSet", errors);
    parts::set(&consumptions, MAX_CONSUMPTIONS, errors, check, by("counterSet"));
    check_device_where(device, own_place, errors);
    parts::binding_conditions(device, errors);
    check_node_resources(&device.child(NODE_RESOURCES), &capacities, errors);
}

fn value_count(attribute: &Value) -> usize {
    let lists: usize = LIST_VALUES.iter().map(|key| attribute.array_at(&[key]).len()).sum();
    lists.max(1)
}

fn check_attribute(attribute: &Cursor, errors: &mut field::Errors) {
    for (one, many) in SCALARS.iter().zip(LIST_VALUES) {
        let (value, list) = (attribute.child(one), attribute.child(many));
        if value.is_set() {
            check_scalar(&value, one, errors);
        }
        if list.is_set() && list.is_empty() {
            list.invalid(errors, "must not be empty if specified");
        }
        list.items().for_each(|item| check_scalar(&item, one, errors));
    }
    let given = SCALARS.iter().chain(&LIST_VALUES).filter(|key| attribute.has(key)).count();
    match given {
        0 => attribute.bad(errors, "", "exactly one value must be specified"),
        1 => {}
        _ => attribute.bad(
            errors,
            internal(attribute.value(), &ATTRIBUTE),
            "exactly one value must be specified",
        ),
    }
}

fn check_scalar(value: &Cursor, kind: &str, errors: &mut field::Errors) {
    if kind == "version" && !is_semantic_version(value.str()) {
        value.invalid(errors, "must be a string compatible with semver.org spec 2.0.0");
    }
    if matches!(kind, "version" | "string") && value.str().len() > MAX_TEXT {
        errors.too_long(&value.path(), MAX_TEXT);
    }
}

/// `1.2.3-pre.1+build.5`, see <https://semver.org>.
fn is_semantic_version(text: &str) -> bool {
    let (rest, build) = text.split_once('+').map_or((text, None), |(rest, build)| (rest, Some(build)));
    let (core, pre) = rest.split_once('-').map_or((rest, None), |(core, pre)| (core, Some(pre)));
    let word = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let number = |part: &str| !part.is_empty() && digits(part) && (part == "0" || !part.starts_with('0'));
    core.split('.').count() == 3
        && core.split('.').all(number)
        && pre.is_none_or(|pre| pre.split('.').all(|part| word(part) && (!digits(part) || number(part))))
        && build.is_none_or(|build| build.split('.').all(word))
}

/// A set of counters, or what a device takes of one; `name` is the member that names the set.
fn check_counters(set: &Cursor, name: &str, errors: &mut field::Errors) {
    let (name, counters) = (set.child(name), set.child("counters"));
    if name.is_empty() {
        name.required(errors, "");
    } else {
        parts::label(&name, errors);
    }
    if counters.is_empty() {
        return counters.required(errors, "");
    }
    if counters.len() > MAX_COUNTERS {
        return errors.too_many(&counters.path(), counters.len(), MAX_COUNTERS);
    }
    for (name, _) in counters.entries() {
        names::report(errors, &counters.path(), name, &names::dns1123_label(name));
    }
}

fn check_node_resources(mappings: &Cursor, capacities: &Cursor, errors: &mut field::Errors) {
    for (resource, mapping) in mappings.entries() {
        if !amounts::is_native(resource) {
            mapping.bad(errors, resource, "must be a node allocatable resource name");
        }
        let (multiplier, key) = (mapping.child("allocationMultiplier"), mapping.child("capacityKey"));
        if !multiplier.is_set() && !key.is_set() {
            mapping.bad(errors, "", "at least one of allocationMultiplier or capacityKey must be set");
        }
        let amount = amounts::quantity(&multiplier);
        if multiplier.is_set() && amount.sign() <= 0 {
            multiplier.bad(errors, amounts::shown(&amount), "must be positive");
        }
        if key.is_set() && key.is_empty() {
            key.bad(errors, "", "capacityKey must not be an empty string");
        } else if key.is_set() && !capacities.has(key.str()) {
            key.not_found(errors);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        for sound in ["0.0.0", "1.2.3", "1.2.3-alpha.1.0a", "1.2.3+01.x", "1.2.3-a-b+c-d"] {
            assert!(is_semantic_version(sound), "{sound}");
        }
        for bad in ["", "1.2", "01.2.3", "1.2.3-", "1.2.3-01", "1.2.3+", "v1.2.3", "1.2.3.4", "1.2.3-a..b"] {
            assert!(!is_semantic_version(bad), "{bad}");
        }
    }
}
