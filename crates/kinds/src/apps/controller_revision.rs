//! Controller revisions: snapshots of a workload's template.

use api::Value;
use api::field::{Errors, Path};

use crate::kind::Kind;
use crate::{Cursor, MetaCheck, workload};

/// The kind `ControllerRevision`.
pub(crate) static CONTROLLER_REVISION: Kind = Kind {
    update_checks: &[MetaCheck::Change, MetaCheck::New],
    validate: |object, _, errors| {
        Cursor::root(object).child("revision").not_negative(errors);
        data(object, errors);
    },
    validate_update: |new, old, _, errors| {
        let root = Cursor::root(new);
        root.child("revision").not_negative(errors);
        workload::immutable(&root.child("data"), old.at(&["data"]), errors);
    },
    ..Kind::PLAIN
};

fn data(object: &Value, errors: &mut Errors) {
    let path = Path::new("data");
    match object.at(&["data"]) {
        Value::Object(_) => {}
        Value::Null => errors.required(&path, "data is mandatory"),
        _ => errors.required(&path, "data must be a valid JSON object"),
    }
}
