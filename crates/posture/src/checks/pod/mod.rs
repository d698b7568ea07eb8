//! Pods: what they may do to their host, and what they carry.

mod containers;
mod credentials;
mod engines;
mod host_paths;
mod namespaces;
mod pod_security;
mod pods;
mod tenancy;

use super::{Family, ids, over_workloads};

pub(crate) use containers::DANGEROUS;
pub(crate) use pods::SMUGGLING;

pub(super) const FAMILIES: &[Family] = &[
    Family { ids: pod_security::ids, run: pod_security::run },
    Family { ids: || ids(containers::ROWS), run: |scan| over_workloads(scan, containers::ROWS) },
    Family { ids: || ids(pods::ROWS), run: |scan| over_workloads(scan, pods::ROWS) },
    host_paths::FAMILY,
    Family { ids: credentials::ids, run: credentials::run },
    Family { ids: || namespaces::IDS.to_vec(), run: namespaces::run },
    Family { ids: || tenancy::IDS.to_vec(), run: tenancy::run },
];
