//! Container runtime: confinement and isolation.

use super::Family;

pub(super) const FAMILIES: &[Family] = &[];
