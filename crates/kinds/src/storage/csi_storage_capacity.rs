//! CSIStorageCapacity: how much room a driver has for a storage class.

use api::field;

use crate::kind::Kind;
use crate::nodes;

pub(crate) static CSI_STORAGE_CAPACITY: Kind = Kind {
    unconditional_update: false,
    warnings: |capacity, _, _| {
        nodes::selector_warnings(capacity.at(&["nodeTopology"]), &field::Path::new("nodeTopology"))
    },
    ..Kind::PLAIN
};
