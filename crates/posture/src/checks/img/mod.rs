//! Images: where they come from, and what is known of them.

mod contents;
mod images;
mod known;
mod reports;

use super::{Family, ids, over_workloads};

pub(super) const FAMILIES: &[Family] = &[
    Family { ids: || ids(images::ROWS), run: |scan| over_workloads(scan, images::ROWS) },
    Family { ids: known::ids, run: known::run },
];
