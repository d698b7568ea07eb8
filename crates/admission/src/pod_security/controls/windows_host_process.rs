//! Windows containers that are processes of the host are privileged.

use super::{Violation, text};
use crate::pod_security::pod::{Pod, name, security};

const MEMBER: &[&str] = &["windowsOptions", "hostProcess"];

pub(super) fn check(pod: &Pod<'_>) -> Option<Violation> {
    let is = |value: &api::Value| value.as_bool() == Some(true);
    let bad: Vec<_> = pod.containers().filter(|c| is(security(c, MEMBER))).map(name).collect();
    let setters = text::setters(is(pod.security(MEMBER)), &bad);
    if setters.is_empty() {
        return None;
    }
    let setters = setters.join(" and ");
    Violation::some(
        "hostProcess",
        format!("{setters} must not set securityContext.windowsOptions.hostProcess=true"),
    )
}
