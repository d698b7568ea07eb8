//! Containers do not ask to run as root.

use super::{Violation, text};
use crate::pod_security::pod::{Pod, name, security};

const MEMBER: &[&str] = &["runAsUser"];

pub(super) fn check(pod: &Pod<'_>) -> Option<Violation> {
    let root = |value: &api::Value| value.as_i64() == Some(0);
    let bad: Vec<_> = pod.containers().filter(|c| root(security(c, MEMBER))).map(name).collect();
    let setters = text::setters(root(pod.security(MEMBER)), &bad);
    if setters.is_empty() {
        return None;
    }
    Violation::some("runAsUser=0", format!("{} must not set runAsUser=0", setters.join(" and ")))
}

/// Root is nobody on the host when its users are others.
pub(super) fn unless_own_users(pod: &Pod<'_>) -> Option<Violation> {
    if pod.has_own_users() { None } else { check(pod) }
}
