//! The functions behind the catalogue, one file a family.

mod containers;
mod credentials;
mod images;
mod namespaces;
mod network;
mod pod_security;
mod pods;
mod services;
mod tenancy;

use crate::finding::Status;
use crate::input::Settings;
use crate::scan::Scan;
use crate::words::Said;
use crate::workload::Workload;

/// Checks that are run together.
pub(crate) struct Family {
    /// Which.
    pub ids: fn() -> Vec<&'static str>,
    /// Runs them.
    pub run: fn(&mut Scan<'_>),
}

/// Every family.
pub(crate) const FAMILIES: &[Family] = &[
    Family { ids: pod_security::ids, run: pod_security::run },
    Family { ids: || ids(containers::ROWS), run: |scan| over_workloads(scan, containers::ROWS) },
    Family { ids: || ids(pods::ROWS), run: |scan| over_workloads(scan, pods::ROWS) },
    Family { ids: || ids(images::ROWS), run: |scan| over_workloads(scan, images::ROWS) },
    Family { ids: || network::IDS.to_vec(), run: network::run },
    Family { ids: || services::IDS.to_vec(), run: services::run },
    Family { ids: credentials::ids, run: credentials::run },
    Family { ids: || namespaces::IDS.to_vec(), run: namespaces::run },
    Family { ids: || tenancy::IDS.to_vec(), run: tenancy::run },
];

/// True when a function decides the check.
pub(crate) fn has(id: &str) -> bool {
    FAMILIES.iter().any(|family| (family.ids)().contains(&id))
}

/// Something that is not as it should be.
pub(crate) struct Flaw {
    pub status: Status,
    pub field: String,
    pub reason: Said,
}

/// A check of one workload.
pub(crate) struct Row {
    pub id: &'static str,
    /// Everything that is wrong; `None` when it is not about this workload.
    pub look: fn(&Look<'_>) -> Option<Vec<Flaw>>,
}

/// A workload and what else counts.
pub(crate) struct Look<'a> {
    pub workload: Workload<'a>,
    pub settings: &'a Settings,
    pub input: &'a crate::input::Input,
}

fn ids(rows: &[Row]) -> Vec<&'static str> {
    rows.iter().map(|row| row.id).collect()
}

fn over_workloads(scan: &mut Scan<'_>, rows: &[Row]) {
    let (input, settings) = (scan.input, scan.settings);
    for workload in scan.workloads.0.clone() {
        let look = Look { workload, settings, input };
        for row in rows {
            let Some(flaws) = (row.look)(&look) else { continue };
            scan.examine(row.id);
            for flaw in flaws {
                scan.find(row.id, flaw.status, workload.object, flaw.field, flaw.reason);
            }
        }
    }
}

impl Look<'_> {
    /// A failure in a field of the pod's specification.
    fn fail(&self, field: &str, reason: Said) -> Flaw {
        Flaw { status: Status::Fail, field: self.workload.field(field), reason }
    }

    /// A warning about a field of the pod's specification.
    fn warn(&self, field: &str, reason: Said) -> Flaw {
        Flaw { status: Status::Warn, field: self.workload.field(field), reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_of_the_catalogue_has_one_function() {
        let mut all: Vec<_> = FAMILIES.iter().flat_map(|family| (family.ids)()).collect();
        all.sort_unstable();
        let known: Vec<_> = crate::catalogue().iter().map(|check| check.id).collect();
        assert_eq!(all, known);
    }
}
