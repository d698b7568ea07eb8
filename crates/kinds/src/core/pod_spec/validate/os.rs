//! What the operating system of a pod rules out.
//!
//! Entry point: [`all`].

use api::field::Errors;

use super::{Facts, each_container};
use crate::Cursor;

/// Members of the pod's security context that Windows does not know, in upstream's order; some live in the spec.
const OF_POD: [(Place, &str); 15] = [
    (Place::Context, "appArmorProfile"),
    (Place::Context, "seLinuxOptions"),
    (Place::Spec, "hostUsers"),
    (Place::SpecFlag, "hostPID"),
    (Place::SpecFlag, "hostIPC"),
    (Place::Context, "seccompProfile"),
    (Place::Context, "fsGroup"),
    (Place::Context, "fsGroupChangePolicy"),
    (Place::Context, "sysctls"),
    (Place::Spec, "shareProcessNamespace"),
    (Place::Context, "runAsUser"),
    (Place::Context, "runAsGroup"),
    (Place::Context, "supplementalGroups"),
    (Place::Context, "supplementalGroupsPolicy"),
    (Place::Context, "seLinuxChangePolicy"),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// In the security context.
    Context,
    /// In the spec; any value counts.
    Spec,
    /// In the spec; true counts.
    SpecFlag,
}

/// Members of a container's security context that Windows does not know, in upstream's order.
const OF_CONTAINER: [&str; 10] = [
    "appArmorProfile",
    "seLinuxOptions",
    "seccompProfile",
    "capabilities",
    "readOnlyRootFilesystem",
    "privileged",
    "allowPrivilegeEscalation",
    "procMount",
    "runAsUser",
    "runAsGroup",
];

/// All failures of `os` and of what does not go with it.
pub(super) fn all(spec: &Cursor, facts: &Facts, errors: &mut Errors) {
    let os = spec.child("os");
    match facts.os() {
        None => {}
        Some("") => os.child("name").required(errors, ""),
        Some("linux") => linux(spec, errors),
        Some("windows") => windows(spec, errors),
        Some(other) => errors.not_supported(&os.path(), &other.into(), &["linux", "windows"]),
    }
}

fn linux(spec: &Cursor, errors: &mut Errors) {
    let mut check = |holder: &Cursor| {
        let context = holder.child("securityContext");
        if context.has("windowsOptions") {
            let why = "windows options cannot be set for a linux pod";
            context.child("windowsOptions").forbidden(errors, why);
        }
    };
    check(spec);
    each_container(spec, check);
}

fn windows(spec: &Cursor, errors: &mut Errors) {
    let why = "cannot be set for a windows pod";
    let context = spec.child("securityContext");
    for (place, name) in OF_POD {
        let holder = if place == Place::Context { &context } else { spec };
        let counts = match place {
            Place::SpecFlag => holder.flag(name),
            _ if name == "sysctls" => !holder.child(name).is_empty(),
            _ => holder.has(name),
        };
        if counts {
            holder.child(name).forbidden(errors, why);
        }
    }
    each_container(spec, |container| {
        let context = container.child("securityContext");
        for name in OF_CONTAINER.iter().filter(|name| context.has(name)) {
            context.child(name).forbidden(errors, why);
        }
    });
}
