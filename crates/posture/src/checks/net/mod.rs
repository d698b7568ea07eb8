//! Network: who can reach whom, and how.

mod dashboards;
mod encryption;
mod endpoint;
mod ingress_nginx;
mod plugin;
mod policies;
mod ports;
mod reach;
mod services;
mod tls;
mod tls_versions;

use super::Family;
use crate::network::Reach;
use crate::scan::Scan;

pub(super) const FAMILIES: &[Family] = &[
    Family { ids: || plugin::IDS.to_vec(), run: plugin::run },
    Family { ids: || [policies::IDS, reach::IDS].concat(), run: of_policies },
    Family { ids: || endpoint::IDS.to_vec(), run: endpoint::run },
    Family { ids: || services::IDS.to_vec(), run: services::run },
    Family { ids: || tls::IDS.to_vec(), run: tls::run },
    Family { ids: || tls_versions::IDS.to_vec(), run: tls_versions::run },
    Family { ids: || ingress_nginx::IDS.to_vec(), run: ingress_nginx::run },
    Family { ids: || encryption::IDS.to_vec(), run: encryption::run },
    Family { ids: || ports::IDS.to_vec(), run: ports::run },
    Family { ids: || dashboards::IDS.to_vec(), run: dashboards::run },
];

fn of_policies(scan: &mut Scan<'_>) {
    let reach = Reach::of(&scan.input.objects, &scan.workloads);
    policies::run(scan, &reach);
    reach::run(scan, &reach);
}
