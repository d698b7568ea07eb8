//! Something that watches what containers do, on every node.

use crate::finding::{Place, Status};
use crate::scan::Scan;
use crate::sources::attestation;
use crate::sources::nodes::{Coverage, Found, Installed, names, nodes};
use crate::sources::products::Role;
use crate::words::{Words, words};

const ID: &str = "RUN-006";

const NONE: Words = words(
    "no agent was found that watches what containers do",
    "컨테이너 동작을 감시하는 에이전트를 찾지 못함",
);
const PARTLY: Words = words("{} is not on {} of {} nodes: {}", "{}이(가) 노드 {}/{}에 없음: {}");
const NO_NODES: Words = words(
    "{} is there, and no Node was given to tell whether it is everywhere",
    "{}이(가) 있으나 노드 정보가 없어 모든 노드에 있는지 알 수 없음",
);

/// The most nodes that are named.
const MOST_NAMED: usize = 3;

pub(super) fn ids() -> Vec<&'static str> {
    vec![ID]
}

pub(super) fn run(scan: &mut Scan<'_>) {
    let vouched = attestation::decide(scan, ID, Status::Warn);
    if vouched == Some(true) || !scan.input.whole_cluster {
        return;
    }
    let agents = Installed::of(&scan.input.objects, &scan.workloads).with(&[Role::RuntimeSecurity]);
    match everywhere(scan, &agents) {
        Everywhere::Unknown => scan.lack(ID, NO_NODES.with([names(&agents)])),
        Everywhere::Yes => scan.examine(ID),
        Everywhere::No(missing, of) => {
            scan.examine(ID);
            let reason = if agents.is_empty() {
                NONE.plain()
            } else {
                let named = missing.iter().take(MOST_NAMED).copied().collect::<Vec<_>>().join(", ");
                PARTLY.with([names(&agents), missing.len().to_string(), of.to_string(), named])
            };
            let place = agents.iter().find_map(|found| found.workload);
            let place = place.map_or_else(Place::cluster, |(workload, _)| Place::from(workload.object));
            scan.find(ID, Status::Warn, place, String::new(), reason);
        }
    }
}

/// Whether agents are on every node.
pub(in crate::checks) enum Everywhere<'a> {
    Yes,
    /// Where they are not, and how many nodes there are.
    No(Vec<&'a str>, usize),
    /// There are agents, and nobody says which nodes there are.
    Unknown,
}

/// Whether products, taken together, are on every node.
pub(in crate::checks) fn everywhere<'a>(scan: &Scan<'a>, found: &[Found<'_>]) -> Everywhere<'a> {
    let nodes = nodes(&scan.input.objects);
    let workloads: Vec<_> = found.iter().filter_map(|found| Some(found.workload?.0)).collect();
    let coverage = Coverage::of(&nodes, &workloads);
    match (workloads.is_empty(), coverage.nodes) {
        (true, _) => Everywhere::No(coverage.missing, coverage.nodes),
        (false, 0) => Everywhere::Unknown,
        (false, _) if coverage.missing.is_empty() => Everywhere::Yes,
        (false, _) => Everywhere::No(coverage.missing, coverage.nodes),
    }
}
