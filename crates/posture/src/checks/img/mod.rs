//! Images: where they come from, and what is known of them.

mod images;

use super::{Family, ids, over_workloads};

pub(super) const FAMILIES: &[Family] =
    &[Family { ids: || ids(images::ROWS), run: |scan| over_workloads(scan, images::ROWS) }];
