//! CSIStorageCapacity: how much room a driver has for a storage class.

use api::{Value, field};

use crate::kind::Kind;
use crate::{Cursor, MetaCheck, amounts, equal, meta, names, nodes, selectors};

pub(crate) static CSI_STORAGE_CAPACITY: Kind = Kind {
    unconditional_update: false,
    update_checks: &[MetaCheck::New, MetaCheck::Change],
    validate: |capacity, _, errors| validate(capacity, false, errors),
    validate_update: |new, old, _, errors| {
        let mut before = field::Errors::new();
        selectors::label_selector(&Cursor::root(old).child("nodeTopology"), false, &mut before);
        validate(new, !before.is_empty(), errors);
        let root = Cursor::root(new);
        equal::immutable(&root.child("nodeTopology"), old.at(&["nodeTopology"]), errors);
        let class = root.child("storageClassName");
        if class.str() != old.str_at(&["storageClassName"]) {
            class.bad(errors, class.str(), meta::IMMUTABLE);
        }
    },
    warnings: |capacity, _, _| {
        nodes::selector_warnings(capacity.at(&["nodeTopology"]), &field::Path::new("nodeTopology"))
    },
    ..Kind::PLAIN
};

fn validate(capacity: &Value, lax: bool, errors: &mut field::Errors) {
    let root = Cursor::root(capacity);
    selectors::label_selector(&root.child("nodeTopology"), lax, errors);
    let (class, room) = (root.child("storageClassName"), root.child("capacity"));
    names::report(errors, &class.path(), class.str(), &names::dns1123_subdomain(class.str()));
    if room.is_set() {
        amounts::not_negative(&room, &amounts::quantity(&room), errors);
    }
}
