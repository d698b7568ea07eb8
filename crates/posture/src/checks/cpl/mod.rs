//! The control plane: flags of its components, the files they name, webhooks and policies.

use super::Family;

pub(super) const FAMILIES: &[Family] = &[];
