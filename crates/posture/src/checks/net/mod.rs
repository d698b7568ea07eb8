//! Network: who can reach whom, and how.

mod policies;
mod services;

use super::Family;

pub(super) const FAMILIES: &[Family] = &[
    Family { ids: || policies::IDS.to_vec(), run: policies::run },
    Family { ids: || services::IDS.to_vec(), run: services::run },
];
