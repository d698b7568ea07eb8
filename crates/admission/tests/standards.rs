//! The Pod Security Standards against pods that upstream's own tests pass and refuse, in every version.
//!
//! They are in a directory `LEVEL/VERSION/{pass,fail}/NAME.yaml` that `POD_SECURITY_TESTDATA` names, or in
//! `../shared/pod-security/testdata`; without it the test says so and ends.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use sumun_admission::pod_security::{Level, LevelVersion, Pod, Version, evaluate};

fn directory() -> Option<PathBuf> {
    let named = std::env::var_os("POD_SECURITY_TESTDATA").map(PathBuf::from);
    let shared = std::env::var_os("SUMUN_SHARED").map(PathBuf::from);
    let shared = shared.unwrap_or_else(|| concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared").into());
    named.or_else(|| Some(shared.join("pod-security/testdata"))).filter(|dir| dir.is_dir())
}

/// The names in a directory, sorted.
fn entries(dir: &Path) -> BTreeSet<String> {
    let all = std::fs::read_dir(dir).unwrap();
    all.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Why a pod goes beyond a level, as admission would say.
fn judge(file: &Path, level: LevelVersion) -> Vec<String> {
    let pod = codec::yaml::parse(&std::fs::read(file).unwrap()).unwrap().value;
    let pod = Pod { metadata: pod.at(&["metadata"]), spec: pod.at(&["spec"]) };
    evaluate(level, &pod).into_iter().map(|violation| violation.detail).collect()
}

#[test]
fn every_pod_is_judged_as_upstream_does() {
    let Some(root) = directory() else {
        return println!("skipped: no pods to judge, see POD_SECURITY_TESTDATA");
    };
    let (mut judged, mut wrong) = (0, Vec::new());
    for level in [Level::Baseline, Level::Restricted] {
        let of_level = root.join(level.name());
        for version in entries(&of_level) {
            let level = LevelVersion { level, version: Version::parse(&version).unwrap() };
            for (folder, passes) in [("pass", true), ("fail", false)] {
                let folder = of_level.join(&version).join(folder);
                for name in entries(&folder) {
                    let violations = judge(&folder.join(&name), level);
                    judged += 1;
                    if violations.is_empty() != passes {
                        wrong.push(format!("{}: {violations:?}", folder.join(&name).display()));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {judged}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(judged > 1000, "only {judged}");
    println!("{judged} pods");
}
