//! Lease: who holds something and until when.

use api::Value;

use crate::Context;
use crate::kind::Kind;

/// Members of `spec` that belong to coordinated leader election, which is off.
const DISABLED: [&str; 2] = ["strategy", "preferredHolder"];

pub(crate) static LEASE: Kind = Kind {
    create_on_update: true,
    unconditional_update: false,
    prepare_create: |lease, _| drop_disabled(lease, &Value::Null),
    prepare_update: |new: &mut Value, old: &Value, _: &Context| drop_disabled(new, old),
    ..Kind::PLAIN
};

fn drop_disabled(lease: &mut Value, old: &Value) {
    for member in DISABLED {
        if old.at(&["spec", member]).is_null() {
            lease.remove_at(&["spec", member]);
        }
    }
}
