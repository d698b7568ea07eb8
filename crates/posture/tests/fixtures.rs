//! Every check with something that passes, something that does not, and nothing to look at.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use evidence::{Evidence, Object, Origin};
use sumun_posture::{Input, Language, Settings, Status, catalogue, scan};

const FIXTURES: &[&str] =
    &[include_str!("fixtures/img.txt"), include_str!("fixtures/net.txt"), include_str!("fixtures/pod.txt")];

fn object(line: &str) -> Object {
    let text = match line.strip_prefix("P ") {
        Some(spec) => {
            format!("{{apiVersion: v1, kind: Pod, metadata: {{name: p, namespace: ns}}, spec: {spec}}}")
        }
        None => line.to_owned(),
    };
    let value = codec::yaml::parse(text.as_bytes()).map_err(|e| format!("{line}: {e}")).unwrap().value;
    Object { value, origin: Origin::whole("fixture") }
}

fn input(lines: &[&str], whole_cluster: bool) -> Input {
    let objects = lines.iter().map(|line| object(line)).collect();
    Input { objects: Evidence { objects, ..Evidence::default() }, whole_cluster }
}

/// How a check came out, and what it said.
fn ask(id: &str, input: &Input) -> (Status, String) {
    let settings = Settings { registries: vec!["registry.example.com".to_owned()], ..Settings::default() };
    let report = scan(input, &settings);
    let outcome = report.outcomes.iter().find(|o| o.check.id == id).ok_or(id).unwrap();
    let said = outcome.findings.iter().map(|f| {
        for language in [Language::English, Language::Korean] {
            let text = f.reason.of(language);
            assert!(!text.is_empty() && !text.contains("{}"), "{id}: {text}");
        }
        format!("{}: {}\n", f.field, f.reason.of(Language::English))
    });
    (outcome.status, said.collect())
}

#[test]
fn every_fixture_comes_out_as_it_says() {
    let mut seen: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for text in FIXTURES {
        for case in text.split("\n\n").filter(|case| !case.starts_with('#')) {
            let mut lines = case.trim().lines();
            let head: Vec<_> = lines.next().unwrap().split(' ').collect();
            let (id, want) = (head[0], head[1]);
            let input = input(&lines.collect::<Vec<_>>(), head.get(2) == Some(&"cluster"));
            let (got, said) = ask(id, &input);
            assert_eq!(got.name(), want, "{case}\n{said}");
            seen.entry(id).or_default().insert(want);
        }
    }
    for check in catalogue() {
        let wants = seen.get(check.id).unwrap_or_else(|| panic!("{} has no fixture", check.id));
        let bad = wants.contains("fail") || wants.contains("warn");
        let good = wants.contains("pass") || wants.contains("not-applicable");
        assert!(bad && good, "{}: {wants:?}", check.id);
    }
}

#[test]
fn what_is_not_given_is_never_a_pass() {
    let report = scan(&Input::default(), &Settings::default());
    assert!(report.outcomes.iter().all(|o| o.status == Status::NotEvaluated), "{report:?}");
    // Manifests alone do not tell what a cluster lacks.
    let manifests = input(&["{apiVersion: v1, kind: Namespace, metadata: {name: ns}}"], false);
    for id in ["POD-034", "POD-035", "POD-042", "POD-039"] {
        assert_eq!(ask(id, &manifests).0, Status::NotEvaluated, "{id}");
    }
}

#[test]
fn values_of_credentials_are_never_shown() {
    let manifests = input(
        &[
            "P {containers: [{name: a, env: [{name: DB_PASSWORD, value: hunter2}], args: ['--token=AKIAIOSFODNN7EXAMPLE']}]}",
        ],
        false,
    );
    let report = format!("{:?}", scan(&manifests, &Settings::default()));
    assert!(report.contains("DB_PASSWORD") && !report.contains("hunter2") && !report.contains("AKIAIOSF"));
}

#[test]
fn pods_that_a_workload_has_made_are_not_counted_again() {
    let owned = "{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: r, uid: u2, ownerReferences: [{controller: true, uid: u1}]}, spec: {template: {spec: {hostPID: true, containers: [{name: a}]}}}}";
    let lines = [
        "{apiVersion: apps/v1, kind: Deployment, metadata: {name: d, uid: u1}, spec: {template: {spec: {hostPID: true, containers: [{name: a}]}}}}",
        owned,
    ];
    let findings = |lines: &[&str]| {
        let report = scan(&input(lines, false), &Settings::default());
        let outcome = report.outcomes.iter().find(|o| o.check.id == "POD-003").unwrap();
        outcome.findings.iter().map(|f| f.subject.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(findings(&lines), ["Deployment d"]);
    assert_eq!(findings(&[owned]), ["ReplicaSet r"]);
}

/// Every row of the catalogue of guidelines, when it is there, is decided or listed with a reason, and nothing else is.
#[test]
fn the_whole_catalogue_is_accounted_for() {
    let shared = std::env::var_os("SUMUN_SHARED").map(std::path::PathBuf::from);
    let shared = shared.unwrap_or_else(|| concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared").into());
    let pending: BTreeSet<&str> = include_str!("../catalogue/pending.tsv")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split_once('\t').filter(|(_, why)| !why.is_empty()).unwrap().0)
        .collect();
    let decided: BTreeSet<&str> = catalogue().iter().map(|check| check.id).collect();
    assert!(pending.is_disjoint(&decided));
    let Ok(text) = std::fs::read_to_string(shared.join("posture/catalogue.tsv")) else { return };
    let rows: BTreeSet<&str> = text.lines().skip(1).filter_map(|row| row.split('\t').next()).collect();
    assert_eq!(rows, pending.union(&decided).copied().collect());
}
