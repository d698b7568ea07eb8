//! Controller revisions: snapshots of a workload's template.

use crate::kind::Kind;

/// The kind `ControllerRevision`.
pub(crate) static CONTROLLER_REVISION: Kind = Kind { ..Kind::PLAIN };
