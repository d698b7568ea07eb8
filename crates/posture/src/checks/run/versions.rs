//! Runtimes and kernels with a known way out of a container.
//!
//! Kernels are judged by the numbers of upstream's stable releases.  A distribution that keeps its own numbers, or
//! carries patches on top (`5.15.0-101-generic`, `4.18.0-553.el8`, `6.1.75+`), mends without changing them: HST-071
//! tells whether its updates are there.

use evidence::Object;

use crate::finding::Status;
use crate::scan::Scan;
use crate::words::{Words, words};

pub(super) const IDS: &[&str] = &["RUN-007"];

/// Three numbers of a version.
type Version = (u32, u32, u32);

/// Something that was mended.
struct Fix {
    /// The runtime as nodes call it, or `linux`.
    what: &'static str,
    cve: &'static str,
    /// The first version that has it.
    since: Version,
    /// The first version without it, a branch each; branches after the last have never had it.
    fixed: &'static [Version],
}

const fn fix(what: &'static str, cve: &'static str, since: Version, fixed: &'static [Version]) -> Fix {
    Fix { what, cve, since, fixed }
}

/// From the Go vulnerability database (vuln.go.dev), the release notes of containerd and CRI-O, the CVE records of
/// cve.org and the change logs of kernel.org, as of August 2026.
const FIXES: &[Fix] = &[
    fix("containerd", "CVE-2020-15257", (0, 0, 0), &[(1, 3, 9), (1, 4, 3)]),
    fix("containerd", "CVE-2021-43816", (1, 5, 0), &[(1, 5, 9)]),
    fix("containerd", "CVE-2022-23648", (0, 0, 0), &[(1, 4, 13), (1, 5, 10), (1, 6, 1)]),
    fix("containerd", "CVE-2023-25173", (0, 0, 0), &[(1, 5, 18), (1, 6, 18)]),
    fix("containerd", "CVE-2024-25621", (0, 0, 0), &[(1, 7, 29), (2, 0, 7), (2, 1, 5)]),
    fix("containerd", "CVE-2025-47290", (2, 1, 0), &[(2, 1, 1)]),
    fix(
        "containerd",
        "CVE-2026-53488",
        (1, 7, 0),
        &[(1, 7, 33), (2, 0, 10), (2, 1, 9), (2, 2, 5), (2, 3, 2)],
    ),
    fix("cri-o", "CVE-2022-0811", (1, 19, 0), &[(1, 19, 6), (1, 20, 7), (1, 21, 6), (1, 22, 3), (1, 23, 2)]),
    fix("cri-o", "CVE-2024-3154", (0, 0, 0), &[(1, 27, 6), (1, 28, 6), (1, 29, 4)]),
    // Each branch has got it in a patch release.
    fix("cri-o", "CVE-2024-5154", (1, 28, 6), &[(1, 28, 7)]),
    fix("cri-o", "CVE-2024-5154", (1, 29, 4), &[(1, 29, 5)]),
    fix("cri-o", "CVE-2024-5154", (1, 30, 0), &[(1, 30, 1)]),
    fix("docker", "CVE-2019-5736", (0, 0, 0), &[(18, 6, 2), (18, 9, 2)]),
    fix("linux", "CVE-2022-0847", (5, 8, 0), &[(5, 10, 102), (5, 15, 25), (5, 16, 11)]),
    fix(
        "linux",
        "CVE-2024-1086",
        (3, 15, 0),
        &[(4, 19, 307), (5, 4, 269), (5, 10, 210), (5, 15, 149), (6, 1, 76), (6, 6, 15), (6, 7, 3)],
    ),
];

/// What stands behind the numbers of a kernel whose builder follows upstream's stable releases.
const FOLLOWERS: [&str; 7] = ["arch", "flatcar", "linuxkit", "lts", "microsoft-standard", "talos", "virt"];

const OPEN: Words = words("{} {} has {}, mended in {}", "{} {}에 {} 취약점이 있음 ({}에서 수정됨)");
const UNKNOWN: Words = words("node {} does not tell its runtime", "{} 노드의 런타임을 알 수 없음");

pub(super) fn run(scan: &mut Scan<'_>) {
    let nodes: Vec<&Object> = scan.input.objects.of_kind("", "Node").collect();
    for node in nodes {
        let info = |member| node.value.str_at(&["status", "nodeInfo", member]);
        let Some((runtime, version)) = info("containerRuntimeVersion").split_once("://") else {
            scan.lack("RUN-007", UNKNOWN.with([node.name()]));
            continue;
        };
        scan.examine("RUN-007");
        judge(scan, node, runtime, version, "containerRuntimeVersion");
        if info("operatingSystem") != "windows" && has_upstreams_numbers(info("kernelVersion")) {
            judge(scan, node, "linux", info("kernelVersion"), "kernelVersion");
        }
    }
}

fn judge(scan: &mut Scan<'_>, node: &Object, what: &str, text: &str, member: &str) {
    let Some(version) = numbers(text) else { return };
    for fix in FIXES.iter().filter(|fix| fix.what == what) {
        let Some((a, b, c)) = fix.mended(version) else { continue };
        let reason = OPEN.with([what, text, fix.cve, &format!("{a}.{b}.{c}")]);
        scan.find("RUN-007", Status::Fail, node, format!("status.nodeInfo.{member}"), reason);
    }
}

impl Fix {
    /// The version that mends it, when that version has it: of its own branch, else of the next one.
    fn mended(&self, version: Version) -> Option<Version> {
        let branch = |v: &Version| (v.0, v.1);
        let next = self.fixed.iter().find(|fixed| branch(fixed) >= branch(&version))?;
        (version >= self.since && version < *next).then_some(*next)
    }
}

/// `1.7.27`, `1.6.12-0ubuntu1`, `v2.0.0-rc.1`; a missing number is 0.
fn numbers(text: &str) -> Option<Version> {
    let text = text.strip_prefix('v').unwrap_or(text);
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let mut parts = text.get(..end)?.split('.').map(|part| part.parse::<u32>().ok());
    Some((parts.next()??, parts.next()??, parts.next().flatten().unwrap_or(0)))
}

/// A stable release of upstream has a third number that is not 0, and nothing behind it, or what a builder that
/// follows upstream puts there.
fn has_upstreams_numbers(kernel: &str) -> bool {
    let end = kernel.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(kernel.len());
    let rest = kernel.get(end..).unwrap_or_default();
    // A build of Alpine counts itself: `6.6.14-0-lts`.
    let name = rest.trim_start_matches(|c: char| c == '-' || c.is_ascii_digit());
    let follows = FOLLOWERS.iter().any(|follower| name.starts_with(follower));
    numbers(kernel).is_some_and(|(_, _, patch)| patch > 0) && (rest.is_empty() || follows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cves(what: &str, text: &str) -> Vec<&'static str> {
        let version = numbers(text).unwrap();
        let open = FIXES.iter().filter(|fix| fix.what == what && fix.mended(version).is_some());
        open.map(|fix| fix.cve).collect()
    }

    #[test]
    fn each_branch_is_mended_by_itself() {
        assert_eq!(cves("containerd", "2.3.2"), [""; 0]);
        assert_eq!(cves("containerd", "2.4.0"), [""; 0]);
        assert_eq!(cves("containerd", "1.7.33"), [""; 0]);
        assert_eq!(cves("containerd", "1.7.29"), ["CVE-2026-53488"]);
        assert_eq!(cves("containerd", "2.2.0"), ["CVE-2026-53488"]);
        assert_eq!(cves("containerd", "1.6.39"), ["CVE-2024-25621"]);
        assert_eq!(cves("containerd", "1.4.12").len(), 3);
        assert_eq!(cves("containerd", "2.1.0").len(), 3);
        assert_eq!(cves("cri-o", "1.28.6"), ["CVE-2024-5154"]);
        assert_eq!(cves("cri-o", "1.28.5"), ["CVE-2024-3154"]);
        assert_eq!(cves("cri-o", "1.30.0"), ["CVE-2024-5154"]);
        assert_eq!(cves("linux", "4.19.320"), [""; 0]);
        assert_eq!(cves("cri-o", "1.31.0"), [""; 0]);
        assert_eq!(cves("linux", "6.6.15-talos"), [""; 0]);
        assert_eq!(cves("linux", "6.5.9"), ["CVE-2024-1086"]);
    }

    #[test]
    fn numbers_of_distributions_are_their_own() {
        for own in [
            "5.15.0-101-generic",
            "4.18.0-553.el8.x86_64",
            "5.14.0-427.el9",
            "6.1.0-18-amd64",
            "6.1.75+",
            "5.14.21-150500.55.44-default",
            "4.14.355-275.570.amzn2.x86_64",
            "5.10.134-16.1.al8.x86_64",
            "6.8.12-4-pve",
            "",
        ] {
            assert!(!has_upstreams_numbers(own), "{own}");
        }
        for upstream in ["6.1.75", "6.1.62-flatcar", "6.6.14-0-lts", "6.12.6-talos", "6.9.9-arch1-1"] {
            assert!(has_upstreams_numbers(upstream), "{upstream}");
        }
    }
}
