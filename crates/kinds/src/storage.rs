//! `storage.k8s.io`: where volumes come from and where they are attached.

use api::field;

use crate::{Cursor, names};

pub(crate) mod csi_driver;
pub(crate) mod csi_node;
pub(crate) mod csi_storage_capacity;
pub(crate) mod storage_class;
pub(crate) mod volume_attachment;
pub(crate) mod volume_attributes_class;

/// Most parameters of a class.
const MAX_PARAMETERS: usize = 512;
/// Most bytes of all parameters of a class, and of the metadata of an attachment.
const MAX_PARAMETER_BYTES: usize = 256 * 1024;

/// The name of what makes volumes.
fn provisioner(name: &Cursor, errors: &mut field::Errors) {
    if name.str().is_empty() {
        return name.required(errors, "");
    }
    let lower = name.str().to_lowercase();
    names::report(errors, &name.path(), &lower, &names::qualified_name(&lower));
}

fn parameters(map: &Cursor, may_be_empty: bool, errors: &mut field::Errors) {
    if map.len() > MAX_PARAMETERS {
        return errors.too_long(&map.path(), MAX_PARAMETERS);
    }
    for (key, _) in map.entries().filter(|(key, _)| key.is_empty()) {
        map.bad(errors, key, "field can not be empty.");
    }
    bounded_bytes(map, errors);
    if !may_be_empty && map.is_empty() {
        map.required(errors, "must contain at least one key/value pair");
    }
}

/// Reports a map of texts that is too large altogether.
fn bounded_bytes(map: &Cursor, errors: &mut field::Errors) {
    let size: usize = map.entries().map(|(key, value)| key.len() + value.str().len()).sum();
    if size > MAX_PARAMETER_BYTES {
        errors.too_long(&map.path(), MAX_PARAMETER_BYTES);
    }
}
