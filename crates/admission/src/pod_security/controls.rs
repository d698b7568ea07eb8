//! Every control, from which version on it counts, and how a pod is held against them.

mod app_armor;
mod capabilities;
mod host_namespaces;
mod host_path_volumes;
mod host_ports;
mod host_probes;
mod privilege_escalation;
mod privileged;
mod proc_mount;
mod restricted_volumes;
mod run_as_non_root;
mod run_as_user;
mod se_linux;
mod seccomp;
mod sysctls;
mod text;
mod windows_host_process;

use super::level::{Level, LevelVersion, Version};
use super::pod::Pod;

/// Something that a pod must not do.
#[derive(Debug)]
pub struct Control {
    /// Upstream's name of it.
    pub id: &'static str,
    /// The lowest level it belongs to: baseline or restricted.
    pub level: Level,
    /// What it asks for over time, the oldest first.
    pub revisions: &'static [Revision],
}

/// What a control asks for from a version on.
#[derive(Debug)]
pub struct Revision {
    /// The minor version of Kubernetes that brought it.
    pub since: u32,
    /// What a pod does wrong.
    pub check: fn(&Pod<'_>) -> Option<Violation>,
    /// Controls of the baseline that need not be looked at besides.
    pub overrides: &'static [&'static str],
}

/// What a pod does that it must not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// In a few words, the same for all pods.
    pub reason: &'static str,
    /// With the names of this pod.
    pub detail: String,
}

const fn since(minor: u32, check: fn(&Pod<'_>) -> Option<Violation>) -> Revision {
    Revision { since: minor, check, overrides: &[] }
}

const fn instead(
    minor: u32,
    check: fn(&Pod<'_>) -> Option<Violation>,
    overrides: &'static [&'static str],
) -> Revision {
    Revision { since: minor, check, overrides }
}

const fn baseline(id: &'static str, revisions: &'static [Revision]) -> Control {
    Control { id, level: Level::Baseline, revisions }
}

const fn restricted(id: &'static str, revisions: &'static [Revision]) -> Control {
    Control { id, level: Level::Restricted, revisions }
}

/// Every control, in the order of messages: baseline before restricted, each by name.
pub const CONTROLS: &[Control] = &[
    baseline("appArmorProfile", &[since(0, app_armor::check)]),
    baseline("capabilities_baseline", &[since(0, capabilities::baseline)]),
    baseline("hostNamespaces", &[since(0, host_namespaces::check)]),
    baseline("hostPathVolumes", &[since(0, host_path_volumes::check)]),
    baseline("hostPorts", &[since(0, host_ports::check)]),
    baseline("hostProbesAndHostLifecycle", &[since(34, host_probes::check)]),
    baseline("privileged", &[since(0, privileged::check)]),
    baseline("procMount", &[since(0, proc_mount::check), since(35, proc_mount::unless_own_users)]),
    baseline("seLinuxOptions", &[since(0, se_linux::check), since(31, se_linux::with_engine)]),
    baseline("seccompProfile_baseline", &[since(0, seccomp::annotations), since(19, seccomp::baseline)]),
    baseline(
        "sysctls",
        &[
            since(0, sysctls::since_0),
            since(27, sysctls::since_27),
            since(29, sysctls::since_29),
            since(32, sysctls::since_32),
        ],
    ),
    baseline("windowsHostProcess", &[since(0, windows_host_process::check)]),
    restricted(
        "allowPrivilegeEscalation",
        &[since(8, privilege_escalation::check), since(25, privilege_escalation::unless_windows)],
    ),
    restricted(
        "capabilities_restricted",
        &[
            instead(22, capabilities::restricted, &["capabilities_baseline"]),
            instead(25, capabilities::restricted_unless_windows, &["capabilities_baseline"]),
        ],
    ),
    restricted("procMount_restricted", &[instead(35, proc_mount::check, &["procMount"])]),
    restricted("restrictedVolumes", &[instead(0, restricted_volumes::check, &["hostPathVolumes"])]),
    restricted(
        "runAsNonRoot",
        &[since(0, run_as_non_root::check), since(35, run_as_non_root::unless_own_users)],
    ),
    restricted("runAsUser", &[since(23, run_as_user::check), since(35, run_as_user::unless_own_users)]),
    restricted(
        "seccompProfile_restricted",
        &[
            instead(19, seccomp::restricted, &["seccompProfile_baseline"]),
            instead(25, seccomp::restricted_unless_windows, &["seccompProfile_baseline"]),
        ],
    ),
];

/// Everything that a pod does beyond a level, in the order of [`CONTROLS`].
pub fn evaluate(level: LevelVersion, pod: &Pod<'_>) -> Vec<Violation> {
    let in_force =
        || CONTROLS.iter().filter(|c| c.level <= level.level).filter_map(|c| Some((c, c.at(level.version)?)));
    let overridden = |id: &str| in_force().any(|(_, revision)| revision.overrides.contains(&id));
    in_force()
        .filter(|(control, _)| control.level == Level::Restricted || !overridden(control.id))
        .filter_map(|(_, revision)| (revision.check)(pod))
        .collect()
}

impl Control {
    /// What the control asks for in a version; nothing before its time.
    pub fn at(&self, version: Version) -> Option<&'static Revision> {
        self.revisions.iter().rev().find(|revision| match version {
            Version::Latest => true,
            Version::Minor(minor) => revision.since <= minor,
        })
    }
}

impl Violation {
    fn some(reason: &'static str, detail: String) -> Option<Self> {
        Some(Self { reason, detail })
    }

    /// `reason (detail), …`: for whoever made the one pod.
    pub fn details(violations: &[Self]) -> String {
        let texts: Vec<_> = violations.iter().map(|v| format!("{} ({})", v.reason, v.detail)).collect();
        texts.join(", ")
    }

    /// The reasons alone: for many pods.
    pub fn reasons(violations: &[Self]) -> String {
        let texts: Vec<_> = violations.iter().map(|v| v.reason).collect();
        texts.join(", ")
    }
}

#[cfg(test)]
mod tests;
