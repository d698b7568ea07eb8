//! Code: evidence that somebody has looked at it.

use super::Family;

pub(super) const FAMILIES: &[Family] = &[];
