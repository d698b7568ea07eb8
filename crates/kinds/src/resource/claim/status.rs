//! What is wrong with the status of a claim: who uses it, which devices it got, how they are.
//!
//! Entry point: [`check`].

use api::{Value, field, object};

use crate::core::volume_sources::csi_driver;
use crate::resource::parts::{self, by};
use crate::resource::requests::Names;
use crate::{Cursor, conditions, equal, net, selectors};

/// Most users of one claim.
const MAX_RESERVED: usize = 256;
/// Most devices of one claim.
const MAX_RESULTS: usize = 32;
/// Most conditions of one device.
const MAX_CONDITIONS: usize = 8;
const MAX_ADDRESSES: usize = 16;
const MAX_INTERFACE_NAME: usize = 256;
const MAX_HARDWARE_ADDRESS: usize = 128;

/// All failures of a changed status.
pub(super) fn check(new: &Value, old: &Value, errors: &mut field::Errors) {
    let root = Cursor::root(new);
    let status = root.child("status");
    let (reserved, allocation) = (status.child("reservedFor"), status.child("allocation"));
    parts::set(
        &reserved,
        MAX_RESERVED,
        errors,
        |user, errors| user.require(errors, &["resource", "name", "uid"]),
        by("uid"),
    );
    let allocated: Vec<Value> =
        allocation.value().array_at(&["devices", "results"]).iter().map(identity).collect();
    let check_device =
        |device: &Cursor, errors: &mut field::Errors| device_status(device, &allocated, errors);
    parts::set(&status.child("devices"), usize::MAX, errors, check_device, identity);
    if !reserved.is_empty() {
        check_users(&reserved, new, old, errors);
    }
    if !allocation.is_set() {
        return;
    }
    match old.at(&["status", "allocation"]) {
        Value::Null => check_allocation(&allocation, &Names::of(new.at(&["spec"])), errors),
        kept => equal::immutable(&allocation, kept, errors),
    }
}

/// What tells a device, or a share of one, from others.
fn identity(device: &Value) -> Value {
    let part = |key: &str| device.str_at(&[key]);
    object! { "Driver" => part("driver"), "Pool" => part("pool"), "Device" => part("device"), "ShareID" => part("shareID") }
}

fn check_users(reserved: &Cursor, new: &Value, old: &Value, errors: &mut field::Errors) {
    if new.at(&["status", "allocation"]).is_null() {
        return reserved.forbidden(errors, "may not be specified when `allocated` is not set");
    }
    let before = old.array_at(&["status", "reservedFor"]);
    let deleted = !new.at(&["metadata", "deletionTimestamp"]).is_null();
    if deleted && reserved.list().iter().any(|user| !before.iter().any(|other| equal::semantic(user, other)))
    {
        let why = "new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set";
        reserved.forbidden(errors, why);
    }
}

fn check_allocation(allocation: &Cursor, names: &Names, errors: &mut field::Errors) {
    let devices = allocation.child("devices");
    parts::items(&devices.child("results"), MAX_RESULTS, errors, |result, errors| {
        names.check(&result.child("request"), errors);
        check_identity(result, true, errors);
    });
    parts::items(&devices.child("config"), 2 * parts::MAX_CONFIG, errors, |config, errors| {
        let source = config.child("source");
        if source.is_empty() {
            source.required(errors, "");
        } else {
            source.one_of(errors, &["FromClaim", "FromClass"]);
        }
        names.check_all(&config.child("requests"), errors);
        parts::configuration(config, false, errors);
    });
    let selector = allocation.child("nodeSelector");
    if selector.is_set() {
        selectors::node_selector(&selector, false, errors);
    }
}

fn check_identity(device: &Cursor, binds: bool, errors: &mut field::Errors) {
    csi_driver(&device.child("driver"), errors);
    parts::pool(&device.child("pool"), errors);
    parts::label(&device.child("device"), errors);
    if binds {
        parts::binding_conditions(device, errors);
    }
    let share = device.child("shareID");
    if share.is_set() {
        parts::uuid(&share, errors);
    }
}

fn device_status(device: &Cursor, allocated: &[Value], errors: &mut field::Errors) {
    check_identity(device, false, errors);
    let identity = identity(device.value());
    if !allocated.contains(&identity) {
        device.bad(errors, identity, "must be an allocated device in the claim");
    }
    let list = device.child("conditions");
    if list.len() > MAX_CONDITIONS {
        errors.too_many(&list.path(), list.len(), MAX_CONDITIONS);
    }
    conditions::validate(&list, errors);
    let data = device.child("data");
    if data.is_set() {
        parts::raw(&data, false, errors);
    }
    check_network(&device.child("networkData"), errors);
}

fn check_network(network: &Cursor, errors: &mut field::Errors) {
    for (member, max) in [("interfaceName", MAX_INTERFACE_NAME), ("hardwareAddress", MAX_HARDWARE_ADDRESS)] {
        let member = network.child(member);
        if member.str().len() > max {
            errors.too_long(&member.path(), max);
        }
    }
    let check = |address: &Cursor, errors: &mut field::Errors| {
        net::check_interface_address(errors, &address.path(), address.str());
    };
    parts::set(&network.child("ips"), MAX_ADDRESSES, errors, check, Value::clone);
}
