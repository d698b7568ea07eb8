//! System calls stay filtered; hardened pods say so.

use std::collections::BTreeSet;

use api::Value;
use api::field::go_quote;

use super::Violation;
use super::text::{self, Values};
use crate::pod_security::pod::{Pod, name, security};

const REASON: &str = "seccompProfile";
const PROFILE: &[&str] = &["seccompProfile"];
/// How profiles were chosen before there was a field: for a pod, and for a container by its name.
const POD_ANNOTATION: &str = "seccomp.security.alpha.kubernetes.io/pod";
const CONTAINER_ANNOTATION: &str = "container.seccomp.security.alpha.kubernetes.io/";

/// Before there was a field.
pub(super) fn annotations(pod: &Pod<'_>) -> Option<Violation> {
    let good = |v: &str| matches!(v, "runtime/default" | "docker/default") || v.starts_with("localhost/");
    let by_container = pod.containers().map(|c| format!("{CONTAINER_ANNOTATION}{}", name(c)));
    let keys = std::iter::once(POD_ANNOTATION.to_owned()).chain(by_container);
    let bad: BTreeSet<_> = keys
        .filter_map(|key| {
            let value = pod.annotation(&key).filter(|value| !good(value))?;
            Some(format!("{key}={}", go_quote(value)))
        })
        .collect();
    if bad.is_empty() {
        return None;
    }
    let noun = text::plural(bad.len(), "annotation", "annotations");
    let list: Vec<_> = bad.into_iter().collect();
    Violation::some(REASON, format!("forbidden {noun} {}", list.join(", ")))
}

pub(super) fn baseline(pod: &Pod<'_>) -> Option<Violation> {
    Found::in_pod(pod).explicit()
}

pub(super) fn restricted(pod: &Pod<'_>) -> Option<Violation> {
    let found = Found::in_pod(pod);
    if found.good_pod || found.silent.is_empty() {
        return found.explicit();
    }
    let silent = text::containers(&found.silent);
    found.explicit().or_else(|| {
        let what = "must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\"";
        Violation::some(REASON, format!("pod or {silent} {what}"))
    })
}

/// Windows has no such thing.
pub(super) fn restricted_unless_windows(pod: &Pod<'_>) -> Option<Violation> {
    if pod.is_windows() { None } else { restricted(pod) }
}

/// Who sets which profile.
struct Found<'a> {
    good_pod: bool,
    bad_pod: bool,
    bad: Vec<&'a str>,
    silent: Vec<&'a str>,
    values: Values<'a>,
}

impl<'a> Found<'a> {
    fn in_pod(pod: &Pod<'a>) -> Self {
        let mut found =
            Self { good_pod: false, bad_pod: false, bad: vec![], silent: vec![], values: Values::new() };
        match judge(pod.security(PROFILE)) {
            Some(Ok(())) => found.good_pod = true,
            Some(Err(value)) => {
                found.bad_pod = true;
                found.values.insert(value);
            }
            None => {}
        }
        for container in pod.containers() {
            match judge(security(container, PROFILE)) {
                Some(Ok(())) => {}
                Some(Err(value)) => {
                    found.bad.push(name(container));
                    found.values.insert(value);
                }
                None => found.silent.push(name(container)),
            }
        }
        found
    }

    fn explicit(&self) -> Option<Violation> {
        let setters = text::setters(self.bad_pod, &self.bad);
        if setters.is_empty() {
            return None;
        }
        let (setters, values) = (setters.join(" and "), text::quoted(self.values.iter().copied()));
        Violation::some(
            REASON,
            format!("{setters} must not set securityContext.seccompProfile.type to {values}"),
        )
    }
}

/// Nothing is said; it is good; or the type that is not.
fn judge(profile: &Value) -> Option<Result<(), &str>> {
    let kind = profile.str_at(&["type"]);
    let good = matches!(kind, "RuntimeDefault" | "Localhost");
    (!profile.is_null()).then_some(if good { Ok(()) } else { Err(kind) })
}
