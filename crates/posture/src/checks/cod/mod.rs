//! Code: evidence that somebody has looked at it.

mod analyses;

use super::Family;

pub(super) const FAMILIES: &[Family] = &[analyses::FAMILY];
