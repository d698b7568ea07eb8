//! Images: where they come from, and what is known of them.

mod admission;
mod contents;
mod images;
mod known;
mod pull;
mod registry;
mod reports;

use super::{Family, ids, over_workloads};

pub(super) const FAMILIES: &[Family] = &[
    Family { ids: || ids(images::ROWS), run: |scan| over_workloads(scan, images::ROWS) },
    Family { ids: known::ids, run: known::run },
    Family { ids: admission::ids, run: admission::run },
    Family { ids: pull::ids, run: pull::run },
    Family { ids: registry::ids, run: registry::run },
];
