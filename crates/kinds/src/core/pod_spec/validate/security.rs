//! Security contexts of a pod and of its containers.
//!
//! Entry points: [`of_pod`] and [`of_container`].

use std::collections::BTreeSet;

use api::Value;
use api::field::Errors;

use super::{Facts, Options, windows};
use crate::core::volume_sources::local_descending_path;
use crate::{Cursor, names};

/// Longest name of a sysctl, in bytes.
const SYSCTL_MAX: usize = 253;
const SYSCTL_FORMAT: &str = r"^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";

/// Longest path of an AppArmor profile on the node, in bytes.
const APP_ARMOR_MAX: usize = 4095;

/// All failures of the pod's `securityContext`.
pub(super) fn of_pod(spec: &Cursor, options: &Options, errors: &mut Errors) {
    let context = spec.child("securityContext");
    for name in ["fsGroup", "runAsUser", "runAsGroup"] {
        unix_id(&context.child(name), errors);
    }
    context.child("supplementalGroups").items().for_each(|group| unix_id(&group, errors));
    if spec.flag("shareProcessNamespace") && spec.flag("hostPID") {
        let why = "ShareProcessNamespace and HostPID cannot both be enabled";
        context.child("shareProcessNamespace").bad(errors, true, why);
    }
    sysctls(spec, &context.child("sysctls"), options, errors);
    closed(&context.child("fsGroupChangePolicy"), &["Always", "OnRootMismatch"], errors);
    seccomp(&context.child("seccompProfile"), errors);
    windows::options(&context.child("windowsOptions"), errors);
    app_armor(&context.child("appArmorProfile"), errors);
    closed(&context.child("supplementalGroupsPolicy"), &["Merge", "Strict"], errors);
    let allowed: &[&str] =
        if options.any_selinux_policy { &["MountOption", "Recursive"] } else { &["Recursive"] };
    closed(&context.child("seLinuxChangePolicy"), allowed, errors);
}

fn unix_id(id: &Cursor, errors: &mut Errors) {
    if id.is_set() {
        id.number_faults(errors, &names::unix_id(id.int()));
    }
}

fn closed(value: &Cursor, allowed: &[&str], errors: &mut Errors) {
    if value.is_set() {
        value.one_of(errors, allowed);
    }
}

/// All failures of a container's `securityContext`.
pub(super) fn of_container(context: &Cursor, facts: &Facts, errors: &mut Errors) {
    let privileged = context.flag("privileged");
    if privileged && !facts.options.allow_privileged {
        context.child("privileged").forbidden(errors, "disallowed by cluster policy");
    }
    unix_id(&context.child("runAsUser"), errors);
    unix_id(&context.child("runAsGroup"), errors);
    let mount = context.child("procMount");
    closed(&mount, &["Default", "Unmasked"], errors);
    if facts.host_users() && mount.str() == "Unmasked" {
        mount.bad(errors, mount.str(), "`hostUsers` must be false to use `Unmasked`");
    }
    seccomp(&context.child("seccompProfile"), errors);
    if context.has("allowPrivilegeEscalation") && !context.flag("allowPrivilegeEscalation") {
        escalation(context, privileged, errors);
    }
    windows::options(&context.child("windowsOptions"), errors);
    app_armor(&context.child("appArmorProfile"), errors);
}

/// What escalates by itself cannot go without.
fn escalation(context: &Cursor, privileged: bool, errors: &mut Errors) {
    if privileged {
        context.invalid(errors, "cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
    }
    let added = context.value().array_at(&["capabilities", "add"]).iter();
    for _ in added.filter(|capability| capability.as_str() == Some("CAP_SYS_ADMIN")) {
        let why = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN";
        context.invalid(errors, why);
    }
}

const PROFILE_TYPES: [&str; 3] = ["Localhost", "RuntimeDefault", "Unconfined"];

fn seccomp(profile: &Cursor, errors: &mut Errors) {
    if !profile.is_set() {
        return;
    }
    let (kind, file) = (profile.child("type"), profile.child("localhostProfile"));
    if kind.is_empty() {
        kind.required(errors, "type is required when seccompProfile is set");
    } else {
        kind.one_of(errors, &PROFILE_TYPES);
    }
    if kind.str() == "Localhost" {
        if file.is_set() {
            local_descending_path(&file, errors);
        } else {
            file.required(errors, "must be set when seccomp type is Localhost");
        }
    } else if file.is_set() {
        file.bad(errors, profile.value().clone(), "can only be set when seccomp type is Localhost");
    }
}

fn app_armor(profile: &Cursor, errors: &mut Errors) {
    if !profile.is_set() {
        return;
    }
    let (kind, file) = (profile.child("type"), profile.child("localhostProfile"));
    match kind.str() {
        "Localhost" => app_armor_file(&file, errors),
        "RuntimeDefault" | "Unconfined" if file.is_set() => {
            file.invalid(errors, "can only be set when AppArmor type is Localhost");
        }
        "RuntimeDefault" | "Unconfined" => {}
        "" => kind.required(errors, "type is required when appArmorProfile is set"),
        _ => kind.not_supported(errors, &PROFILE_TYPES),
    }
}

fn app_armor_file(file: &Cursor, errors: &mut Errors) {
    let text = file.str();
    if file.is_set() && text.trim() != text {
        file.bad(errors, text, "must not be padded with whitespace");
    } else if text.is_empty() {
        file.required(errors, "must be set when AppArmor type is Localhost");
    }
    if text.len() > APP_ARMOR_MAX {
        errors.too_long(&file.path(), APP_ARMOR_MAX);
    }
}

fn sysctls(spec: &Cursor, sysctls: &Cursor, options: &Options, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for sysctl in sysctls.items() {
        let name = sysctl.child("name");
        if name.is_empty() {
            name.required(errors, "");
        } else if !is_sysctl(name.str()) {
            let why = format!("must have at most {SYSCTL_MAX} characters and match regex {SYSCTL_FORMAT}");
            name.bad(errors, name.str(), &why);
        } else if seen.contains(name.str()) {
            name.duplicate(errors);
        }
        if let Some(shared) = shared_namespace(spec.value(), name.str())
            && !options.lax_sysctls
        {
            name.bad(errors, name.str(), &format!("may not be specified when '{shared}' is true"));
        }
        seen.insert(name.str());
    }
}

/// Segments of lower case letters, digits, `-` and `_`, joined by `.` or `/`.
fn is_sysctl(name: &str) -> bool {
    let is_edge = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let is_segment = |segment: &str| {
        let bytes = segment.as_bytes();
        bytes.first().is_some_and(|b| is_edge(*b))
            && bytes.last().is_some_and(|b| is_edge(*b))
            && bytes.iter().all(|&b| is_edge(b) || b == b'-' || b == b'_')
    };
    name.len() <= SYSCTL_MAX && name.split(['.', '/']).all(is_segment)
}

/// Sysctls of the kernel's namespace for communication between processes.
const IPC_SYSCTLS: [&str; 10] = [
    "kernel.sem",
    "kernel.shmall",
    "kernel.shmmax",
    "kernel.shmmni",
    "kernel.shm_rmid_forced",
    "kernel.shm",
    "kernel.msgmax",
    "kernel.msgmnb",
    "kernel.msgmni",
    "kernel.msg",
];

/// The member of the pod spec that shares the namespace of a sysctl with the host.
fn shared_namespace(spec: &Value, sysctl: &str) -> Option<&'static str> {
    let dotted = with_dots(sysctl);
    let name = dotted.split_once('*').map_or(dotted.as_str(), |(prefix, _)| prefix);
    let member = if IPC_SYSCTLS.contains(&name) || name.starts_with("fs.mqueue.") {
        "hostIPC"
    } else if name.starts_with("net.") {
        "hostNetwork"
    } else {
        return None;
    };
    (spec.at(&[member]).as_bool() == Some(true)).then_some(member)
}

/// In a name whose first separator is a slash, dots and slashes stand for each other.
fn with_dots(name: &str) -> String {
    match name.find(['.', '/']) {
        Some(at) if name.get(at..).is_some_and(|rest| rest.starts_with('/')) => name
            .chars()
            .map(|c| {
                if c == '.' {
                    '/'
                } else if c == '/' {
                    '.'
                } else {
                    c
                }
            })
            .collect(),
        _ => name.to_owned(),
    }
}

/// True when a pod spec sets a sysctl of a namespace that it shares with the host.
pub(super) fn has_host_sysctl(spec: &Value) -> bool {
    let sysctls = spec.array_at(&["securityContext", "sysctls"]);
    sysctls.iter().any(|sysctl| shared_namespace(spec, sysctl.str_at(&["name"])).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::object;

    #[test]
    fn sysctl_names() {
        assert!(is_sysctl("net.ipv4.ip_forward") && is_sysctl("kernel/shm-x") && is_sysctl("a"));
        assert!(!is_sysctl("") && !is_sysctl("a..b") && !is_sysctl("A.b") && !is_sysctl("_a"));
        assert_eq!(with_dots("net/ipv4/conf/eth0.1/x"), "net.ipv4.conf.eth0/1.x");
        assert_eq!(with_dots("net.ipv4"), "net.ipv4");
    }

    #[test]
    fn namespaces() {
        let spec = object! { "hostNetwork" => true };
        assert_eq!(shared_namespace(&spec, "net.core.somaxconn"), Some("hostNetwork"));
        assert_eq!(shared_namespace(&spec, "kernel.shmmax"), None);
        assert_eq!(shared_namespace(&object! { "hostIPC" => true }, "fs/mqueue/x"), Some("hostIPC"));
    }
}
