//! Cloud: what a provider exports of a cluster and its network.

use super::Family;

pub(super) const FAMILIES: &[Family] = &[];
