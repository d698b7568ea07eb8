//! The files of the host are not the pod's.

use super::{Violation, text};
use crate::pod_security::pod::{Pod, name};

pub(super) fn check(pod: &Pod<'_>) -> Option<Violation> {
    let volumes = pod.spec.array_at(&["volumes"]).iter();
    let bad: Vec<_> = volumes.filter(|v| !v.at(&["hostPath"]).is_null()).map(name).collect();
    if bad.is_empty() {
        return None;
    }
    let detail = format!("{} {}", text::plural(bad.len(), "volume", "volumes"), text::quoted(bad));
    Violation::some("hostPath volumes", detail)
}
