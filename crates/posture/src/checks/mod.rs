//! The functions behind the catalogue: a folder an area, a file a family.

mod aud;
mod cld;
mod cod;
mod components;
mod cpl;
mod hst;
mod iam;
mod img;
mod net;
mod pod;
mod run;

use std::collections::HashSet;
use std::rc::Rc;
use std::sync::LazyLock;

pub(crate) use pod::{DANGEROUS, SMUGGLING};

use crate::finding::Status;
use crate::objects::Objects;
use crate::scan::Scan;
use crate::settings::Settings;
use crate::words::Said;
use crate::workload::Workload;

/// Checks that are run together.
pub(crate) struct Family {
    /// Which: all that it decides, alone or with others.
    pub ids: fn() -> Vec<&'static str>,
    /// Runs them.
    pub run: fn(&mut Scan<'_>),
}

/// Every family, area by area.
pub(crate) fn families() -> impl Iterator<Item = &'static Family> {
    let areas: [&'static [Family]; 10] = [
        cpl::FAMILIES,
        hst::FAMILIES,
        iam::FAMILIES,
        pod::FAMILIES,
        run::FAMILIES,
        net::FAMILIES,
        img::FAMILIES,
        aud::FAMILIES,
        cld::FAMILIES,
        cod::FAMILIES,
    ];
    areas.into_iter().flatten()
}

/// True when a function decides the check.
pub(crate) fn has(id: &str) -> bool {
    static DECIDED: LazyLock<HashSet<&'static str>> =
        LazyLock::new(|| families().flat_map(|family| (family.ids)()).collect());
    DECIDED.contains(id)
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
    pub objects: &'a Objects<'a>,
}

fn ids(rows: &[Row]) -> Vec<&'static str> {
    rows.iter().map(|row| row.id).collect()
}

fn over_workloads(scan: &mut Scan<'_>, rows: &[Row]) {
    let (objects, settings) = (Rc::clone(&scan.objects), scan.settings);
    scan.lack_refused(rows.iter().map(|row| row.id));
    for workload in scan.workloads.0.clone() {
        let look = Look { workload, settings, objects: &objects };
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
    fn every_check_of_the_catalogue_has_a_function() {
        let mut all: Vec<_> = families().flat_map(|family| (family.ids)()).collect();
        all.sort_unstable();
        // Some checks are decided from several kinds of evidence, a family each.
        all.dedup();
        let known: Vec<_> = crate::catalogue().iter().map(|check| check.id).collect();
        assert_eq!(all, known);
    }
}
