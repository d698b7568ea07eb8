//! ConfigMap: configuration as text and bytes.

use api::{Value, field};

use super::keyed::{self, MAX_BYTES};
use crate::kind::Kind;
use crate::{Context, Cursor, MetaCheck};

pub(crate) static CONFIG_MAP: Kind = Kind {
    update_checks: &[MetaCheck::Change, MetaCheck::New],
    validate: |map, _, errors| validate(map, errors),
    validate_update: |new: &Value, old: &Value, _: &Context, errors: &mut field::Errors| {
        keyed::frozen(new, old, &["data", "binaryData"], errors);
        validate(new, errors);
    },
    ..Kind::PLAIN
};

fn validate(map: &Value, errors: &mut field::Errors) {
    let root = Cursor::root(map);
    let (data, bytes) = (root.child("data"), root.child("binaryData"));
    for (key, entry) in data.entries() {
        keyed::key(&entry, key, errors);
        if bytes.has(key) {
            entry.bad(errors, key, "duplicate of key present in binaryData");
        }
    }
    for (key, entry) in bytes.entries() {
        keyed::key(&entry, key, errors);
    }
    let texts: usize = data.entries().map(|(_, entry)| entry.str().len()).sum();
    if texts + keyed::decoded_size(&bytes) > MAX_BYTES {
        // Upstream names a field without a name here.
        errors.too_long(&field::Path::new("[]"), MAX_BYTES);
    }
}
