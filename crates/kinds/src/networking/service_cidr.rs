//! ServiceCIDR: a range of addresses for Services.

use crate::kind::{Generation, Kind, Status};

pub(crate) static SERVICE_CIDR: Kind =
    Kind { generation: Generation::Ignored, status: Status::OwnWithoutMetadata, ..Kind::PLAIN };
