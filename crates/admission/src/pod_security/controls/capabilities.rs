//! Capabilities beyond those that containers have anyway must not be added; hardened pods drop all.

use api::Value;

use super::Violation;
use super::text::{self, Values};
use crate::pod_security::pod::{Pod, name, security};

/// What containers have without asking.
const DEFAULT: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

pub(super) fn baseline(pod: &Pod<'_>) -> Option<Violation> {
    let detail = added(pod, |capability| DEFAULT.contains(&capability))?;
    Violation::some("non-default capabilities", detail)
}

pub(super) fn restricted(pod: &Pod<'_>) -> Option<Violation> {
    let drops_all = |c: &Value| listed(c, "drop").any(|capability| capability == "ALL");
    let missing: Vec<_> = pod.containers().filter(|c| !drops_all(c)).map(name).collect();
    let missing = (!missing.is_empty()).then(|| {
        format!("{} must set securityContext.capabilities.drop=[\"ALL\"]", text::containers(&missing))
    });
    let added = added(pod, |capability| capability == "NET_BIND_SERVICE");
    let details: Vec<_> = missing.into_iter().chain(added).collect();
    if details.is_empty() {
        return None;
    }
    Violation::some("unrestricted capabilities", details.join("; "))
}

/// Windows has no such thing.
pub(super) fn restricted_unless_windows(pod: &Pod<'_>) -> Option<Violation> {
    if pod.is_windows() { None } else { restricted(pod) }
}

/// Which containers add what they may not.
fn added(pod: &Pod<'_>, allowed: fn(&str) -> bool) -> Option<String> {
    let mut names = Vec::new();
    let mut values = Values::new();
    for container in pod.containers() {
        let before = listed(container, "add").filter(|capability| !allowed(capability));
        let bad: Vec<_> = before.collect();
        if !bad.is_empty() {
            names.push(name(container));
            values.extend(bad);
        }
    }
    (!names.is_empty()).then(|| {
        let (names, values) = (text::containers(&names), text::quoted(values));
        format!("{names} must not include {values} in securityContext.capabilities.add")
    })
}

fn listed<'a>(container: &'a Value, list: &str) -> impl Iterator<Item = &'a str> {
    security(container, &["capabilities"]).array_at(&[list]).iter().filter_map(Value::as_str)
}
