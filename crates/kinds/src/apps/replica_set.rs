//! Replica sets.

use crate::core::pod_template::{self, WORKLOAD};
use crate::core::replication_controller::count_field;
use crate::kind::{Kind, default_member};

/// The kind `ReplicaSet`.
pub(crate) static REPLICA_SET: Kind = Kind {
    default: |object, _| {
        pod_template::fill(object);
        default_member(object.object_at_mut(&["spec"]), "replicas", 1);
    },
    fields: |object| vec![("status.replicas", count_field(object, "replicas"))],
    ..WORKLOAD
};
