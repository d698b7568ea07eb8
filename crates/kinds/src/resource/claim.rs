//! ResourceClaim: devices that somebody asks for, and what was given.

use api::{Map, Value, field};

use crate::kind::{Generation, Kind, Status, default_number, default_text};
use crate::{Context, Cursor, MetaCheck, equal, meta};

use super::requests;

mod status;

pub(crate) static RESOURCE_CLAIM: Kind = Kind {
    generation: Generation::Ignored,
    status: Status::OwnWithoutMetadata,
    update_checks: &[MetaCheck::New, MetaCheck::Change],
    validate: |claim, _, errors| requests::check(&Cursor::root(claim).child("spec"), errors),
    validate_update: |new, old, cx, errors| match cx.subresource {
        "status" => status::check(new, old, errors),
        _ => keep_spec(new, old, requests::shown, errors),
    },
    default: |claim, _| {
        if let Some(spec) = claim.get_mut("spec") {
            default_requests(spec);
        }
    },
    prepare_update: |new: &mut Value, old: &Value, cx: &Context| {
        if cx.subresource == "status" {
            drop_deallocated(new, old);
        }
    },
    ..Kind::PLAIN
};

/// Fills the requests of a claim's spec: one device unless told otherwise.
pub(super) fn default_requests(spec: &mut Value) {
    crate::kind::each(spec, &["devices", "requests"], |request| {
        if let Some(exactly) = request.get_mut("exactly").and_then(Value::as_object_mut) {
            default_count(exactly);
        }
        if let Some(choices) = request.get_mut("firstAvailable").and_then(Value::as_array_mut) {
            choices.iter_mut().filter_map(Value::as_object_mut).for_each(default_count);
        }
    });
}

fn default_count(request: &mut Map) {
    default_text(request, "allocationMode", "ExactCount");
    if request.get("allocationMode").and_then(Value::as_str) == Some("ExactCount") {
        default_number(request, "count", 1);
    }
}

/// The spec stays as it is.
pub(super) fn keep_spec(new: &Value, old: &Value, shown: fn(&Value) -> Value, errors: &mut field::Errors) {
    let spec = new.at(&["spec"]);
    if !equal::semantic(spec, old.at(&["spec"])) {
        errors.invalid(&field::Path::new("spec"), &shown(spec), meta::IMMUTABLE);
    }
}

/// Status of devices goes with their allocation.
fn drop_deallocated(new: &mut Value, old: &Value) {
    let id =
        |device: &Value| ["driver", "pool", "device", "shareID"].map(|key| device.str_at(&[key]).to_owned());
    let allocated = |claim: &Value| {
        let results = claim.array_at(&["status", "allocation", "devices", "results"]);
        results.iter().map(id).collect::<Vec<_>>()
    };
    let kept = allocated(new);
    let gone: Vec<_> = allocated(old).into_iter().filter(|device| !kept.contains(device)).collect();
    if gone.is_empty() {
        return;
    }
    let status = new.object_at_mut(&["status"]);
    if let Some(devices) = status.get_mut("devices").and_then(Value::as_array_mut) {
        devices.retain(|device| !gone.contains(&id(device)));
        if devices.is_empty() {
            status.remove("devices");
        }
    }
}
