//! FlowSchema: which requests belong together and at which priority level they run.

use crate::kind::{Kind, Status, default_number};

/// The exact range of `matchingPrecedence` is 1 to 10000; the lower, the earlier.
const DEFAULT_PRECEDENCE: i64 = 1000;

pub(crate) static FLOW_SCHEMA: Kind = Kind {
    status: Status::OwnWithoutMetadata,
    default: |schema, _| {
        default_number(schema.object_at_mut(&["spec"]), "matchingPrecedence", DEFAULT_PRECEDENCE);
    },
    ..Kind::WITH_STATUS
};
