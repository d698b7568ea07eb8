//! Profiles of seccomp that a site has written itself.

use std::collections::BTreeSet;

use crate::checks::Family;
use crate::finding::Status;
use crate::scan::Scan;
use crate::sources::seccomp::profiles;
use crate::words::{Words, words};
use crate::workload::Workload;

const ID: &str = "RUN-003";

pub(super) const FAMILY: Family = Family { ids: || vec![ID], run };

/// Calls by which programs leave their confinement or change the kernel.
const GRAVE: [&str; 14] = [
    "bpf",
    "delete_module",
    "finit_module",
    "init_module",
    "kexec_file_load",
    "kexec_load",
    "keyctl",
    "mount",
    "open_by_handle_at",
    "perf_event_open",
    "ptrace",
    "setns",
    "unshare",
    "userfaultfd",
];

const OPEN: Words =
    words("calls that it does not name are let through: {}", "명시하지 않은 호출을 허용함: {}");
const ALLOWED: Words = words("it allows {}", "{}를 허용함");
const NOT_GIVEN: Words =
    words("profiles that pods ask for were not given: {}", "파드가 쓰는 프로파일이 주어지지 않음: {}");

fn run(scan: &mut Scan<'_>) {
    let profiles = profiles(scan.input);
    let wanted: BTreeSet<&str> = scan.workloads.0.iter().flat_map(local).collect();
    let missing: Vec<&str> = wanted.into_iter().filter(|path| !profiles.iter().any(|p| p.is(path))).collect();
    for profile in &profiles {
        scan.examine(ID);
        if let Some(action) = profile.lets_all_through() {
            let reason = OPEN.with([action]);
            scan.find(ID, Status::Fail, profile.place.clone(), "defaultAction".to_owned(), reason);
            continue;
        }
        let allowed = profile.allows(&GRAVE);
        if !allowed.is_empty() {
            let reason = ALLOWED.with([allowed.join(", ")]);
            scan.find(ID, Status::Warn, profile.place.clone(), "syscalls".to_owned(), reason);
        }
    }
    if !missing.is_empty() {
        scan.lack(ID, NOT_GIVEN.with([missing.join(", ")]));
    }
}

/// Profiles on the node's disk that the pod and its containers ask for.
fn local<'a>(workload: &Workload<'a>) -> Vec<&'a str> {
    let pod = workload.spec().at(&["securityContext", "seccompProfile"]);
    let own = workload.containers().map(|container| container.security("seccompProfile"));
    let named = own.chain([pod]).filter(|profile| profile.str_at(&["type"]) == "Localhost");
    named.map(|profile| profile.str_at(&["localhostProfile"])).filter(|path| !path.is_empty()).collect()
}
