//! Container runtime: confinement and isolation.

mod agents;
mod confinement;
mod isolation;
mod seccomp;
mod versions;

use super::Family;

pub(super) use agents::{Everywhere, everywhere};

pub(super) const FAMILIES: &[Family] = &[
    Family { ids: || confinement::IDS.to_vec(), run: confinement::run },
    Family { ids: isolation::ids, run: isolation::run },
    Family { ids: agents::ids, run: agents::run },
    Family { ids: || versions::IDS.to_vec(), run: versions::run },
    seccomp::FAMILY,
];
