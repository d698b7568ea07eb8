//! The network, processes and messages of the host are not the pod's.

use super::Violation;
use crate::pod_security::pod::Pod;

pub(super) fn check(pod: &Pod<'_>) -> Option<Violation> {
    let shared = ["hostNetwork", "hostPID", "hostIPC"]
        .into_iter()
        .filter(|member| pod.spec.at(&[member]).as_bool() == Some(true));
    let shared: Vec<_> = shared.map(|member| format!("{member}=true")).collect();
    if shared.is_empty() {
        return None;
    }
    Violation::some("host namespaces", shared.join(", "))
}
