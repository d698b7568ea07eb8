//! ResourceQuota: how much the objects of a namespace may use together.

use crate::kind::{Generation, Kind};

pub(crate) static RESOURCE_QUOTA: Kind = Kind { generation: Generation::Ignored, ..Kind::WITH_STATUS };
