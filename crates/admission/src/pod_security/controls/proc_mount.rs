//! `/proc` stays masked.

use super::Violation;
use super::text::{self, Values};
use crate::pod_security::pod::{Pod, name, security};

pub(super) fn check(pod: &Pod<'_>) -> Option<Violation> {
    let mut names = Vec::new();
    let mut values = Values::new();
    for container in pod.containers() {
        if let Some(kind) = security(container, &["procMount"]).as_str().filter(|kind| *kind != "Default") {
            names.push(name(container));
            values.insert(kind);
        }
    }
    if names.is_empty() {
        return None;
    }
    let (names, values) = (text::containers(&names), text::quoted(values));
    Violation::some("procMount", format!("{names} must not set securityContext.procMount to {values}"))
}

/// What an unmasked `/proc` shows is harmless to the host when its users are others.
pub(super) fn unless_own_users(pod: &Pod<'_>) -> Option<Violation> {
    if pod.has_own_users() { None } else { check(pod) }
}
