//! VolumeAttributesClass: qualities of a volume that can change.

use api::{Value, field};

use super::{parameters, provisioner};
use crate::kind::Kind;
use crate::{Cursor, MetaCheck, equal};

pub(crate) static VOLUME_ATTRIBUTES_CLASS: Kind = Kind {
    update_checks: &[MetaCheck::Change, MetaCheck::New],
    validate: |class, _, errors| validate(class, errors),
    validate_update: |new, old, _, errors| {
        for member in ["driverName", "parameters"] {
            if !equal::semantic(new.at(&[member]), old.at(&[member])) {
                errors.forbidden(&field::Path::new(member), format!("updates to {member} are forbidden."));
            }
        }
        validate(new, errors);
    },
    ..Kind::PLAIN
};

fn validate(class: &Value, errors: &mut field::Errors) {
    let root = Cursor::root(class);
    provisioner(&root.child("driverName"), errors);
    parameters(&root.child("parameters"), false, errors);
}
