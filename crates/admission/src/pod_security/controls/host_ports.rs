//! The ports of the host are not the pod's.

use std::collections::BTreeSet;

use super::{Violation, text};
use crate::pod_security::pod::{Pod, name};

pub(super) fn check(pod: &Pod<'_>) -> Option<Violation> {
    let mut names = Vec::new();
    let mut ports = BTreeSet::new();
    for container in pod.containers() {
        let all = container.array_at(&["ports"]).iter().filter_map(|p| p.at(&["hostPort"]).as_i64());
        let taken: Vec<_> = all.filter(|port| *port != 0).map(|port| port.to_string()).collect();
        if !taken.is_empty() {
            names.push(name(container));
            ports.extend(taken);
        }
    }
    if names.is_empty() {
        return None;
    }
    let detail = format!(
        "{} {} {} {}",
        text::containers(&names),
        text::plural(names.len(), "uses", "use"),
        text::plural(ports.len(), "hostPort", "hostPorts"),
        ports.into_iter().collect::<Vec<_>>().join(", ")
    );
    Violation::some("hostPort", detail)
}
