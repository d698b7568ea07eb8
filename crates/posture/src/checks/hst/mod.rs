//! Hosts: files, the kubelet, the operating system.

mod certificates;
mod checker;
pub(super) mod files;
mod kubelet;
mod nodes;
mod proxy;
mod runtime;
pub(super) mod system;

use super::Family;

pub(super) const FAMILIES: &[Family] = &[
    Family { ids: files::ids, run: files::run },
    Family { ids: kubelet::ids, run: kubelet::run },
    Family { ids: || proxy::IDS.to_vec(), run: proxy::run },
    Family { ids: || system::IDS.to_vec(), run: system::run },
    Family { ids: || runtime::IDS.to_vec(), run: runtime::run },
    Family { ids: || certificates::IDS.to_vec(), run: certificates::run },
    Family { ids: || nodes::IDS.to_vec(), run: nodes::run },
    checker::FAMILY,
];
