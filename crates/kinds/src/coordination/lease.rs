//! Lease: who holds something and until when.

use api::{Value, field};

use crate::kind::Kind;
use crate::{Context, Cursor, meta};

/// Members of `spec` that belong to coordinated leader election, which is off.
const DISABLED: [&str; 2] = ["strategy", "preferredHolder"];

pub(crate) static LEASE: Kind = Kind {
    create_on_update: true,
    unconditional_update: false,
    prepare_create: |lease, _| drop_disabled(lease, &Value::Null),
    prepare_update: |new: &mut Value, old: &Value, _: &Context| drop_disabled(new, old),
    validate: |lease, _, errors| validate(lease, errors),
    validate_update: |lease, _, _, errors| validate(lease, errors),
    ..Kind::PLAIN
};

fn drop_disabled(lease: &mut Value, old: &Value) {
    for member in DISABLED {
        if old.at(&["spec", member]).is_null() {
            lease.remove_at(&["spec", member]);
        }
    }
}

fn validate(lease: &Value, errors: &mut field::Errors) {
    let root = Cursor::root(lease);
    let spec = root.child("spec");
    let (seconds, transitions) = (spec.child("leaseDurationSeconds"), spec.child("leaseTransitions"));
    if seconds.is_set() && seconds.int() <= 0 {
        seconds.invalid(errors, "must be greater than 0");
    }
    if transitions.int() < 0 {
        transitions.invalid(errors, meta::NOT_NEGATIVE);
    }
    if !spec.text("preferredHolder").is_empty() && spec.text("strategy").is_empty() {
        let why = "may only be specified if `strategy` is defined";
        spec.child("preferredHolder").forbidden(errors, why);
    }
}
