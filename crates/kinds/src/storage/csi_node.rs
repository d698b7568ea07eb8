//! CSINode: the volume drivers of a node.

use crate::kind::Kind;

pub(crate) static CSI_NODE: Kind = Kind { unconditional_update: false, ..Kind::PLAIN };
