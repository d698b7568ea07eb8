//! Programs must not gain more than their parent has (set-user-ID and the like).

use super::{Violation, text};
use crate::pod_security::pod::{Pod, name, security};

pub(super) fn check(pod: &Pod<'_>) -> Option<Violation> {
    let allows = |c: &&api::Value| security(c, &["allowPrivilegeEscalation"]).as_bool() != Some(false);
    let bad: Vec<_> = pod.containers().filter(allows).map(name).collect();
    if bad.is_empty() {
        return None;
    }
    let detail =
        format!("{} must set securityContext.allowPrivilegeEscalation=false", text::containers(&bad));
    Violation::some("allowPrivilegeEscalation != false", detail)
}

/// Windows has no such thing.
pub(super) fn unless_windows(pod: &Pod<'_>) -> Option<Violation> {
    if pod.is_windows() { None } else { check(pod) }
}
