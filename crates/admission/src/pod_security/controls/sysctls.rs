//! Settings of the kernel that are the pod's own may be set, others not.

use super::Violation;
use crate::pod_security::pod::{Pod, name};

/// From which version on a setting may be set.
const ALLOWED: [(u32, &str); 12] = [
    (0, "kernel.shm_rmid_forced"),
    (0, "net.ipv4.ip_local_port_range"),
    (0, "net.ipv4.tcp_syncookies"),
    (0, "net.ipv4.ping_group_range"),
    (0, "net.ipv4.ip_unprivileged_port_start"),
    (27, "net.ipv4.ip_local_reserved_ports"),
    (29, "net.ipv4.tcp_keepalive_time"),
    (29, "net.ipv4.tcp_fin_timeout"),
    (29, "net.ipv4.tcp_keepalive_intvl"),
    (29, "net.ipv4.tcp_keepalive_probes"),
    (32, "net.ipv4.tcp_rmem"),
    (32, "net.ipv4.tcp_wmem"),
];

pub(super) fn since_0(pod: &Pod<'_>) -> Option<Violation> {
    check(pod, 0)
}

pub(super) fn since_27(pod: &Pod<'_>) -> Option<Violation> {
    check(pod, 27)
}

pub(super) fn since_29(pod: &Pod<'_>) -> Option<Violation> {
    check(pod, 29)
}

pub(super) fn since_32(pod: &Pod<'_>) -> Option<Violation> {
    check(pod, 32)
}

fn check(pod: &Pod<'_>, version: u32) -> Option<Violation> {
    let allowed = |setting: &str| ALLOWED.iter().any(|(since, name)| *since <= version && *name == setting);
    let set = pod.security(&["sysctls"]).as_array().unwrap_or(&[]).iter().map(name);
    let bad: Vec<_> = set.filter(|setting| !allowed(setting)).collect();
    if bad.is_empty() {
        return None;
    }
    Violation::some("forbidden sysctls", bad.join(", "))
}
