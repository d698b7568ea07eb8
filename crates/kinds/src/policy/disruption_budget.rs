//! PodDisruptionBudget: how many pods may be away at once.

use crate::kind::Kind;

pub(crate) static POD_DISRUPTION_BUDGET: Kind = Kind { unconditional_update: false, ..Kind::WITH_STATUS };
