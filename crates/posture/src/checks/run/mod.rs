//! Container runtime: confinement and isolation.

mod confinement;
mod versions;

use super::Family;

pub(super) const FAMILIES: &[Family] = &[
    Family { ids: || confinement::IDS.to_vec(), run: confinement::run },
    Family { ids: || versions::IDS.to_vec(), run: versions::run },
];
