//! DeviceClass: which devices a request for a class may get.

use crate::kind::{Generation, Kind};

pub(crate) static DEVICE_CLASS: Kind = Kind { generation: Generation::Of(&["spec"]), ..Kind::PLAIN };
