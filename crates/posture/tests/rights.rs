//! Roles and bindings that every cluster starts with, and access that is expected.

use std::path::PathBuf;

use evidence::{Evidence, Reader, Wanted};
use sumun_posture::{Input, Language, Report, Settings, Severity, Status, scan};

fn read(name: &str, text: &[u8]) -> Evidence {
    let mut reader = Reader::new(Wanted::All);
    reader.text(name, &mut &*text);
    reader.finish()
}

/// What was found at that severity or above, in words.
fn bad(report: &Report, least: Severity) -> Vec<String> {
    let outcomes =
        report.outcomes.iter().filter(|o| o.check.id.starts_with("IAM-") && o.check.severity >= least);
    let findings = outcomes.flat_map(|o| &o.findings);
    findings
        .map(|f| format!("{} {} {}: {}", f.check.id, f.subject, f.field, f.reason.of(Language::English)))
        .collect()
}

fn stock() -> String {
    let values = authz::bootstrap::objects().into_iter().map(|(_, value)| value);
    values.map(|value| api::json::to_string(&value) + "\n---\n").collect()
}

#[test]
fn what_every_cluster_starts_with_is_no_finding() {
    let evidence = read("stock", stock().as_bytes());
    assert!(evidence.objects.len() > 100);
    let report = scan(&Input::of(evidence, true), &Settings::default());
    assert_eq!(bad(&report, Severity::Info), [""; 0]);
    let examined = report.outcomes.iter().find(|o| o.check.id == "IAM-006").unwrap();
    assert_eq!(examined.status, Status::Pass);
}

#[test]
fn what_a_server_of_upstream_starts_with_is_no_finding() {
    let shared = std::env::var_os("SUMUN_SHARED").map(PathBuf::from);
    let shared = shared.unwrap_or_else(|| concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared").into());
    let folder = shared.join("data/bootstrap");
    if !folder.is_dir() {
        eprintln!("{} is not there: nothing compared", folder.display());
        return;
    }
    let mut reader = Reader::new(Wanted::All);
    reader.path(&folder);
    let evidence = reader.finish();
    assert!(evidence.of_kind("rbac.authorization.k8s.io", "ClusterRole").count() > 50);
    let report = scan(&Input::of(evidence, true), &Settings::default());
    assert_eq!(bad(&report, Severity::High), [""; 0]);
}

#[test]
fn a_stock_role_that_was_widened_is_a_finding() {
    let widened =
        stock().replacen(r#""resources":["endpoints","services"]"#, r#""resources":["secrets"]"#, 1);
    assert_ne!(widened, stock());
    let report = scan(&Input::of(read("widened", widened.as_bytes()), true), &Settings::default());
    let found = bad(&report, Severity::High);
    assert!(found.iter().any(|f| f.starts_with("IAM-006 ClusterRole system:")), "{found:?}");
}

#[test]
fn the_example_of_expected_access_holds() {
    let text = include_bytes!("../../../examples/access-expectations.yaml");
    let report = |text: &[u8]| scan(&Input::of(read("example", text), false), &Settings::default());
    let of = |report: &Report| report.outcomes.iter().find(|o| o.check.id == "IAM-048").unwrap().clone();
    let held = of(&report(text));
    assert_eq!((held.status, held.examined), (Status::Pass, 4));
    let wider = String::from_utf8_lossy(text).replace("readonly: true", "readonly: false");
    let broken = of(&report(wider.as_bytes()));
    assert_eq!((broken.status, broken.findings.len()), (Status::Fail, 1));
    assert_eq!(broken.findings[0].field, "spec.cases[1].allowed");
}
