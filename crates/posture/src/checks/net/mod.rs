//! Network: who can reach whom, and how.

mod endpoint;
mod policies;
mod reach;
mod services;

use super::Family;
use crate::network::Reach;
use crate::scan::Scan;

pub(super) const FAMILIES: &[Family] = &[
    Family { ids: || [policies::IDS, reach::IDS].concat(), run: of_policies },
    Family { ids: || endpoint::IDS.to_vec(), run: endpoint::run },
    Family { ids: || services::IDS.to_vec(), run: services::run },
];

fn of_policies(scan: &mut Scan<'_>) {
    let reach = Reach::of(&scan.input.objects, &scan.workloads);
    policies::run(scan, &reach);
    reach::run(scan, &reach);
}
