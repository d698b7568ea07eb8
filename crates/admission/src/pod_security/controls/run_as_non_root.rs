//! Containers promise not to run as root.

use super::{Violation, text};
use crate::pod_security::pod::{Pod, name, security};

const REASON: &str = "runAsNonRoot != true";
const MEMBER: &[&str] = &["runAsNonRoot"];

pub(super) fn check(pod: &Pod<'_>) -> Option<Violation> {
    let by_pod = pod.security(MEMBER).as_bool();
    let (mut roots, mut silent) = (Vec::new(), Vec::new());
    for container in pod.containers() {
        match security(container, MEMBER).as_bool() {
            Some(false) => roots.push(name(container)),
            None if by_pod != Some(true) => silent.push(name(container)),
            _ => {}
        }
    }
    let setters = text::setters(by_pod == Some(false), &roots);
    if !setters.is_empty() {
        let detail = format!("{} must not set securityContext.runAsNonRoot=false", setters.join(" and "));
        return Violation::some(REASON, detail);
    }
    if silent.is_empty() {
        return None;
    }
    let detail = format!("pod or {} must set securityContext.runAsNonRoot=true", text::containers(&silent));
    Violation::some(REASON, detail)
}

/// Root is nobody on the host when its users are others.
pub(super) fn unless_own_users(pod: &Pod<'_>) -> Option<Violation> {
    if pod.has_own_users() { None } else { check(pod) }
}
