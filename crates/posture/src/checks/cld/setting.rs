//! Settings of clusters that are on or off: a row a check.
//!
//! Entry point: [`run`].

use crate::checks::cld::not_exported;
use crate::finding::Status;
use crate::scan::Scan;
use crate::sources::cloud::{At, Cloud, Cluster, Given};
use crate::words::{Said, Words, words};

/// A setting that should be on.
pub(in crate::checks) struct Setting {
    pub id: &'static str,
    pub of: for<'c> fn(&'c Cluster<'_>) -> &'c Option<At<bool>>,
    /// How bad it is when it is off, and what to say.
    pub off: fn(&Cluster<'_>) -> (Status, Said),
}

const NO_CLUSTER: Words = words("the export has no cluster", "내보내기에 클러스터가 없음");
const NOT_TOLD: Words =
    words("the export does not tell how cluster {} is set", "내보내기에 클러스터 {}의 해당 설정이 없음");

/// Holds every cluster against the rows.
pub(in crate::checks) fn run(scan: &mut Scan<'_>, cloud: &Cloud<'_>, rows: &[Setting]) {
    for row in rows {
        no_cluster(scan, cloud, row.id);
        for cluster in &cloud.clusters {
            match (row.of)(cluster) {
                None => scan.lack(row.id, NOT_TOLD.with([cluster.resource.title()])),
                Some(at) => {
                    scan.examine(row.id);
                    if !at.value {
                        let (status, reason) = (row.off)(cluster);
                        scan.find(row.id, status, &cluster.resource, at.field.clone(), reason);
                    }
                }
            }
        }
    }
}

/// Without a cluster a check of clusters cannot decide; an empty list of clusters is an answer.
pub(in crate::checks) fn no_cluster(scan: &mut Scan<'_>, cloud: &Cloud<'_>, id: &'static str) {
    let is_there = !cloud.clusters.is_empty() || cloud.given.contains(&Given::Clusters);
    not_exported(scan, id, is_there, NO_CLUSTER.plain());
}
