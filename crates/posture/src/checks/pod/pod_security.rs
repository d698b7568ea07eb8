//! Pod Security Standards, by the code that admission uses.

use admission::pod_security::{CONTROLS, Control};

use crate::finding::Status;
use crate::scan::Scan;
use crate::words::{Words, words};

/// A check, the control that decides it, the field it is about, and, where one control decides several checks, what its
/// answer says of this one.
struct Row {
    id: &'static str,
    control: &'static str,
    field: &'static str,
    part: &'static str,
}

const fn row(id: &'static str, control: &'static str, field: &'static str) -> Row {
    Row { id, control, field, part: "" }
}

const fn part(id: &'static str, control: &'static str, field: &'static str, part: &'static str) -> Row {
    Row { id, control, field, part }
}

const ROWS: &[Row] = &[
    row("POD-001", "windowsHostProcess", "securityContext.windowsOptions.hostProcess"),
    part("POD-002", "hostNamespaces", "hostNetwork", "hostNetwork=true"),
    part("POD-003", "hostNamespaces", "hostPID", "hostPID=true"),
    part("POD-004", "hostNamespaces", "hostIPC", "hostIPC=true"),
    row("POD-005", "privileged", "containers[*].securityContext.privileged"),
    row("POD-006", "capabilities_baseline", "containers[*].securityContext.capabilities.add"),
    row("POD-007", "hostPathVolumes", "volumes[*].hostPath"),
    row("POD-008", "hostPorts", "containers[*].ports[*].hostPort"),
    row("POD-009", "hostProbesAndHostLifecycle", "containers[*]"),
    row("POD-010", "appArmorProfile", "securityContext.appArmorProfile.type"),
    row("POD-011", "seLinuxOptions", "securityContext.seLinuxOptions"),
    row("POD-012", "procMount", "containers[*].securityContext.procMount"),
    row("POD-013", "seccompProfile_baseline", "securityContext.seccompProfile.type"),
    row("POD-014", "sysctls", "securityContext.sysctls"),
    row("POD-015", "restrictedVolumes", "volumes"),
    row("POD-016", "allowPrivilegeEscalation", "containers[*].securityContext.allowPrivilegeEscalation"),
    row("POD-017", "runAsNonRoot", "securityContext.runAsNonRoot"),
    row("POD-018", "runAsUser", "securityContext.runAsUser"),
    row("POD-019", "seccompProfile_restricted", "securityContext.seccompProfile.type"),
    row("POD-020", "capabilities_restricted", "containers[*].securityContext.capabilities"),
    row("POD-021", "procMount_restricted", "containers[*].securityContext.procMount"),
];

const VIOLATES: Words = words("{}: {}", "{}: {}");

pub(super) fn ids() -> Vec<&'static str> {
    ROWS.iter().map(|row| row.id).collect()
}

pub(super) fn run(scan: &mut Scan<'_>) {
    let version = scan.settings.pod_security;
    scan.lack_refused(ids());
    for workload in scan.workloads.0.clone() {
        for row in ROWS {
            // Before its time a control asks for nothing.
            let Some(revision) = control(row.control).and_then(|c| c.at(version)) else { continue };
            scan.examine(row.id);
            let Some(violation) = (revision.check)(&workload.pod) else { continue };
            let detail = violation.detail.as_str();
            let detail = match row.part {
                "" => detail,
                part if detail.split(", ").any(|shared| shared == part) => part,
                _ => continue,
            };
            let reason = VIOLATES.with([violation.reason, detail]);
            scan.find(row.id, Status::Fail, workload.object, workload.field(row.field), reason);
        }
    }
}

fn control(id: &str) -> Option<&'static Control> {
    CONTROLS.iter().find(|control| control.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_control_decides_a_check() {
        for control in CONTROLS {
            assert!(ROWS.iter().any(|row| row.control == control.id), "{}", control.id);
        }
        assert!(ROWS.iter().all(|row| control(row.control).is_some()));
    }
}
