//! The two clusters of `examples/ncp-export`: one that keeps to every rule, one that keeps to none.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use api::time::Timestamp;
use sumun_posture::{Document, Input, Kind, Report, Settings, Status, scan, unreadable};

/// Checks that the export of a cluster alone decides.
const CHECKS: [&str; 22] = [
    "AUD-014", "AUD-015", "AUD-016", "AUD-017", "CLD-001", "CLD-002", "CLD-003", "CLD-004", "CLD-005",
    "CLD-006", "CLD-007", "CLD-008", "CLD-009", "CLD-010", "CLD-011", "CLD-012", "CLD-013", "IAM-038",
    "IAM-039", "IMG-018", "IMG-019", "IMG-020",
];

/// Every file of an example, each as a document.
fn export(name: &str) -> Input {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/ncp-export").join(name);
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut input = Input::default();
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        input.documents.extend(Document::parse(Kind::Cloud, &name, &std::fs::read(&file).unwrap()).unwrap());
    }
    input
}

fn report(name: &str) -> Report {
    let now = Timestamp::parse("2026-07-01T00:00:00Z").unwrap();
    scan(&export(name), &Settings { now, ..Settings::default() })
}

fn outcomes(report: &Report) -> Vec<(&str, Status)> {
    let all = report.outcomes.iter().map(|outcome| (outcome.check.id, outcome.status));
    all.filter(|(id, _)| CHECKS.contains(id)).collect()
}

#[test]
fn every_answer_is_known() {
    for name in ["good", "bad"] {
        let input = export(name);
        assert!(input.documents.len() >= 20, "{name}");
        let problems = unreadable(&input);
        assert!(problems.is_empty(), "{problems:?}");
    }
}

#[test]
fn a_cluster_that_keeps_to_the_rules() {
    let report = report("good");
    for (id, status) in outcomes(&report) {
        let said = report.outcomes.iter().find(|o| o.check.id == id).unwrap();
        assert_eq!(status, Status::Pass, "{id}: {said:?}");
    }
}

#[test]
fn a_cluster_that_keeps_to_none() {
    let report = report("bad");
    let outcomes = outcomes(&report);
    assert_eq!(outcomes.len(), CHECKS.len());
    for (id, status) in outcomes {
        assert!(matches!(status, Status::Fail | Status::Warn), "{id}: {status:?}");
    }
    let first = |id: &str| {
        let outcome = report.outcomes.iter().find(|o| o.check.id == id).unwrap();
        let finding = outcome.findings.first().unwrap();
        let source = finding.origin.as_ref().unwrap().source.to_string();
        (finding.subject.to_string(), source, finding.field.clone())
    };
    let of =
        |subject: &str, source: &str, field: &str| (subject.to_owned(), source.to_owned(), field.to_owned());
    assert_eq!(first("CLD-001"), of("NKSIpAcl shop-legacy", "ip-acl.json", "defaultAction"));
    assert_eq!(
        first("CLD-002"),
        of(
            "AccessControlGroupRule ACG 200021",
            "acg-rules.json",
            "getAccessControlGroupRuleListResponse.accessControlGroupRuleList[0].portRange"
        )
    );
    assert_eq!(
        first("AUD-014"),
        of(
            "NKSCluster shop-legacy (b2a7d6c4-71f3-4c1d-8f0e-5a9c2e4b7d02)",
            "clusters.json",
            "clusters[0].log.audit"
        )
    );
    // Keys and what scripts say are never shown.
    let text = format!("{:?}", report.outcomes);
    assert!(!text.contains("EXAMPLEACCESSKEY") && !text.contains("packages.example.com"));
}

/// Lists come in pages, and one page is not the list.
#[test]
fn pages_that_are_missing_are_told() {
    let rule = r#"{"accessControlGroupNo": "1", "ipBlock": "10.0.0.0/16", "portRange": "443", "protocolType": {"code": "TCP"}, "accessControlGroupRuleType": {"code": "INBND"}}"#;
    let page = |total: usize| {
        format!(r#"{{"r": {{"totalRows": {total}, "accessControlGroupRuleList": [{rule}]}}}}"#)
    };
    let came = |texts: &[String]| {
        let mut input = Input::default();
        for text in texts {
            input.documents.extend(Document::parse(Kind::Cloud, "x", text.as_bytes()).unwrap());
        }
        let report = scan(&input, &Settings::default());
        let outcome = report.outcomes.iter().find(|o| o.check.id == "CLD-002").unwrap();
        (unreadable(&input).len(), outcome.status)
    };
    assert_eq!(came(&[page(1), page(1)]), (0, Status::Pass));
    assert_eq!(came(&[page(2), page(2)]), (0, Status::Pass));
    assert_eq!(came(&[page(1), page(2)]), (1, Status::NotEvaluated));
    let accounts =
        r#"{"items": [{"subAccountId": "a", "loginId": "ada", "policies": []}], "totalItems": 11}"#;
    assert_eq!(came(&[accounts.to_owned()]).0, 1);
}

/// What one provider's Terraform says is held against the same rules.
#[test]
fn another_cloud() {
    let cluster = r#"{"type": "aws_eks_cluster", "values": {"name": "c", "version": "1.35", "enabled_cluster_log_types": ["audit"],
        "vpc_config": [{"subnet_ids": ["s"], "endpoint_public_access": true, "public_access_cidrs": ["203.0.113.0/24"]}],
        "encryption_config": [{"resources": ["secrets"]}], "access_config": [{"authentication_mode": "API"}]}}"#;
    let subnet = r#"{"type": "aws_subnet", "values": {"id": "s", "map_public_ip_on_launch": false}}"#;
    let text = format!(r#"{{"values": {{"root_module": {{"resources": [{cluster}, {subnet}]}}}}}}"#);
    let mut input = Input::default();
    input.documents.extend(Document::parse(Kind::Cloud, "tf.json", text.as_bytes()).unwrap());
    let report = scan(&input, &Settings::default());
    for id in ["AUD-014", "CLD-001", "CLD-006", "CLD-009", "IAM-038"] {
        let outcome = report.outcomes.iter().find(|o| o.check.id == id).unwrap();
        assert_eq!(outcome.status, Status::Pass, "{id}: {outcome:?}");
    }
}

/// A thousand rules and servers are read at once, not each against each.
#[test]
fn large_exports_and_strange_ones() {
    let rule = r#"{"accessControlGroupNo": @, "ipBlock": "10.0.0.0/16", "portRange": "443", "protocolType": {"code": "TCP"}, "accessControlGroupRuleType": {"code": "INBND"}}"#;
    let rules: Vec<_> = (0..20_000).map(|i| rule.replace('@', &i.to_string())).collect();
    let deep = format!("{}{}", "[".repeat(60), "]".repeat(60));
    let strange =
        ["null", "7", "[[], {}]", r#"{"values": {"root_module": 3}}"#, r#"{"uuid": 1, "k8sVersion": [1]}"#];
    let mut texts = vec![format!("[{}]", rules.join(",")), deep];
    texts.extend(strange.map(str::to_owned));
    let mut input = Input::default();
    for text in texts {
        input.documents.extend(Document::parse(Kind::Cloud, "x", text.as_bytes()).unwrap());
    }
    let report = scan(&input, &Settings::default());
    let outcome = report.outcomes.iter().find(|o| o.check.id == "CLD-002").unwrap();
    assert_eq!((outcome.status, outcome.examined), (Status::Pass, 20_000));
}
