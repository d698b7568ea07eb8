//! Privileged containers are the host in all but name.

use super::{Violation, text};
use crate::pod_security::pod::{Pod, name, security};

pub(super) fn check(pod: &Pod<'_>) -> Option<Violation> {
    let is = |c: &&api::Value| security(c, &["privileged"]).as_bool() == Some(true);
    let bad: Vec<_> = pod.containers().filter(is).map(name).collect();
    if bad.is_empty() {
        return None;
    }
    let detail = format!("{} must not set securityContext.privileged=true", text::containers(&bad));
    Violation::some("privileged", detail)
}
