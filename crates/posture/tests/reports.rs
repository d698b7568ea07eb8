//! The forms of a report, as files that are looked at when they change.  `SUMUN_UPDATE=1` writes them anew.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::PathBuf;
use std::sync::Arc;

use api::time::Timestamp;
use evidence::{Evidence, Object, Origin};
use sumun_posture::{
    AreaScore, Baseline, Exceptions, Framework, Input, Language, Report, Settings, Status, csv, html, junit,
    markdown, oscal, policy_report, sarif, scan, text, value,
};

/// Checks that the files show.
const SHOWN: &[&str] = &["POD-0", "NET-002", "NET-012", "IMG-001", "IMG-002", "IMG-003"];

const MANIFESTS: &str = "\
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {pod-security.kubernetes.io/enforce: baseline}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    spec:
      hostNetwork: true
      containers:
      - name: web
        image: example.com/web
        env: [{name: DB_PASSWORD, value: \"hunter2&<b>\"}]
---
apiVersion: v1
kind: Pod
metadata: {name: '=cmd()', namespace: shop}
spec:
  automountServiceAccountToken: false
  hostUsers: false
  securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: good
    image: example.com/good
    securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
    resources: {limits: {memory: 64Mi, cpu: 100m}}
";

fn report() -> Report {
    let objects = MANIFESTS.split("---\n").enumerate().map(|(i, document)| Object {
        value: codec::yaml::parse(document.as_bytes()).unwrap().value,
        origin: Origin { source: Arc::from("shop.yaml"), line: 1 + 10 * i, document: i + 1 },
    });
    let objects = Evidence { objects: objects.collect(), ..Evidence::default() };
    let mut report = scan(&Input { objects, ..Input::default() }, &Settings::default());
    // The files are about form: what is added to the catalogue does not change them.
    report.outcomes.retain(|o| SHOWN.iter().any(|id| o.check.id.starts_with(id)));
    report
}

fn is_as_written(name: &str, got: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/reports").join(name);
    if std::env::var_os("SUMUN_UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, got).unwrap();
    }
    assert_eq!(got, std::fs::read_to_string(&path).unwrap(), "{name}");
}

#[test]
fn every_form() {
    let report = report();
    let pretty = |value| {
        let mut out = Vec::new();
        codec::json::write_pretty(&mut out, &value);
        String::from_utf8(out).unwrap() + "\n"
    };
    is_as_written("report.txt", &text(&report, Language::English));
    is_as_written("report.ko.txt", &text(&report, Language::Korean));
    is_as_written("report.csv", &csv(&report, Language::English));
    is_as_written("report.md", &markdown(&report, Language::English));
    is_as_written("report.xml", &junit(&report, Language::English));
    is_as_written("report.html", &html(&report, Language::English));
    is_as_written("report.ko.html", &html(&report, Language::Korean));
    is_as_written("report.json", &pretty(value(&report, Language::English)));
    is_as_written("report.sarif", &pretty(sarif(&report, Language::English, "1.0.0")));
    let now = Timestamp::new(1_800_000_000, 0);
    is_as_written("oscal.json", &pretty(oscal(&report, Language::English, "1.0.0", now)));
    is_as_written("policyreport.json", &pretty(policy_report(&report, Language::English, now)));
}

/// A report on which exceptions and a baseline have been held: one exception in force, one that has ended.
fn judged() -> Report {
    const EXCEPTIONS: &str = "\
apiVersion: posture.sumun.io/v1
kind: Exceptions
exceptions:
- check: POD-002
  selector: {kind: Deployment, namespace: shop, name: web}
  reason: it counts packets, <of> all \"interfaces\"
  owner: net@example.com
  expires: 2027-01-31
- {check: POD-019, reason: until the next release, owner: Ada, expires: 2026-12-31}
";
    let mut report = report();
    report.outcomes.retain(|o| ["POD-002", "POD-016", "POD-019"].contains(&o.check.id));
    let mut before = report.clone();
    before.outcomes.retain(|o| o.check.id == "POD-016");
    let exceptions = Exceptions::parse("exceptions.yaml", EXCEPTIONS.as_bytes()).unwrap();
    let now = Timestamp::new(1_800_000_000, 0);
    let applied = exceptions.apply(&mut report, &Input::default(), now);
    assert_eq!((applied.expired.len(), applied.unused.len()), (1, 0));
    assert!(Baseline::of(&before).compare(&mut report).is_empty());
    report
}

#[test]
fn what_is_excepted_or_known_says_so_in_every_form() {
    let report = judged();
    let pretty = |value| {
        let mut out = Vec::new();
        codec::json::write_pretty(&mut out, &value);
        String::from_utf8(out).unwrap() + "\n"
    };
    let (language, now) = (Language::English, Timestamp::new(1_800_000_000, 0));
    let forms = [
        ("judged.txt", text(&report, language)),
        ("judged.csv", csv(&report, language)),
        ("judged.md", markdown(&report, language)),
        ("judged.xml", junit(&report, language)),
        ("judged.html", html(&report, language)),
        ("judged.json", pretty(value(&report, language))),
        ("judged.sarif", pretty(sarif(&report, language, "1.0.0"))),
        ("judged.oscal.json", pretty(oscal(&report, language, "1.0.0", now))),
        ("judged.policyreport.json", pretty(policy_report(&report, language, now))),
    ];
    for (name, form) in forms {
        for part in ["net@example.com", "2027-01-31", "counts packets", "Ada", "2026-12-31"] {
            assert!(form.contains(part), "{name} does not say {part}");
        }
        if name != "judged.html" {
            is_as_written(name, &form);
        }
    }
    is_as_written("judged.ko.txt", &text(&report, Language::Korean));
    assert_eq!((report.count(Status::Fail), report.new_failures().count()), (2, 1));
}

#[test]
fn by_guideline() {
    let report = report().of(&[Framework::Pss]);
    assert!(report.outcomes.iter().all(|outcome| !outcome.check.pss.is_empty()));
    let levels: Vec<_> = report.by_item(Framework::Pss).iter().map(|o| (o.item.id, o.status)).collect();
    assert!(levels.contains(&("baseline", Status::Fail)), "{levels:?}");
    is_as_written("pss.txt", &text(&report, Language::English));
    is_as_written("pss.html", &html(&report, Language::Korean));
    let guidelines = value(&report, Language::English);
    assert_eq!(guidelines.array_at(&["guidelines"]).len(), 1);
}

#[test]
fn no_form_shows_a_credential() {
    let report = report();
    let forms = [
        text(&report, Language::English),
        csv(&report, Language::Korean),
        markdown(&report, Language::English),
        junit(&report, Language::English),
        html(&report, Language::Korean),
        api::json::to_string(&value(&report, Language::English)),
        api::json::to_string(&sarif(&report, Language::English, "1")),
        api::json::to_string(&oscal(&report, Language::English, "1", Timestamp::ZERO)),
        api::json::to_string(&policy_report(&report, Language::English, Timestamp::ZERO)),
    ];
    for form in forms {
        assert!(form.contains("DB_PASSWORD") && !form.contains("hunter2"), "{form}");
    }
}

#[test]
fn scores_and_coverage() {
    let report = report();
    let areas = report.areas();
    let sum = |count: fn(&AreaScore) -> usize| areas.iter().map(count).sum::<usize>();
    assert_eq!(sum(|a| a.decided() + a.other + a.not_evaluated), report.outcomes.len());
    assert_eq!(sum(|a| a.failed), report.count(Status::Fail));
    assert!(areas.iter().any(|a| a.coverage() < 100) && areas.iter().all(|a| a.score() != Some(100)));
    let nothing = scan(&Input::default(), &Settings::default());
    assert_eq!((nothing.areas()[0].score(), nothing.areas()[0].coverage()), (None, 0));
}
