use api::Value;

use super::*;

/// One line a case: level and version, the pod's members in YAML's flow form, and what is said (nothing: allowed).
const CASES: &str = include_str!("cases.txt");

fn pod(text: &str) -> Value {
    codec::yaml::parse(text.as_bytes()).unwrap_or_else(|e| panic!("{text}: {e}")).value
}

#[test]
fn every_case() {
    let mut count = 0;
    for case in CASES.split("\n\n").filter(|case| !case.trim().is_empty() && !case.starts_with('#')) {
        let mut lines = case.trim().lines();
        let (asked, text) = lines.next().unwrap().split_once(' ').unwrap();
        let (level, version) = asked.split_once(':').unwrap();
        let level =
            LevelVersion { level: Level::parse(level).unwrap(), version: Version::parse(version).unwrap() };
        let pod = pod(text);
        let pod = Pod { metadata: pod.at(&["metadata"]), spec: &pod };
        let found = Violation::details(&evaluate(level, &pod));
        assert_eq!(found, lines.collect::<Vec<_>>().join("\n"), "{case}");
        count += 1;
    }
    assert!(count > 60, "{count}");
}

#[test]
fn controls_stand_in_the_order_of_messages() {
    let keys: Vec<_> = CONTROLS.iter().map(|c| (c.level, c.id)).collect();
    assert!(keys.is_sorted(), "{keys:?}");
    for control in CONTROLS {
        assert_ne!(control.level, Level::Privileged);
        assert!(control.revisions.is_sorted_by(|a, b| a.since < b.since), "{}", control.id);
        for id in control.revisions.iter().flat_map(|r| r.overrides) {
            let other = CONTROLS.iter().find(|c| c.id == *id);
            assert!(other.is_some_and(|c| c.level == Level::Baseline), "{id}");
        }
    }
}

#[test]
fn privileged_allows_everything() {
    let pod = pod("{hostNetwork: true, containers: [{name: a, securityContext: {privileged: true}}]}");
    let pod = Pod { metadata: &Value::Null, spec: &pod };
    for minor in 0..40 {
        let level = LevelVersion { level: Level::Privileged, version: Version::Minor(minor) };
        assert!(evaluate(level, &pod).is_empty());
    }
}
