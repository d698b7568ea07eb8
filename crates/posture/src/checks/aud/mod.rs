//! Audit and logs.

mod backend;

use super::{Family, components};

pub(super) const FAMILIES: &[Family] =
    &[Family { ids: || components::ids(backend::RULES), run: |scan| components::run(scan, backend::RULES) }];
