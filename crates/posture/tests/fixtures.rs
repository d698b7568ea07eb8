//! Every check with something that passes, something that does not, and nothing to look at.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use api::time::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use evidence::{Object, Origin};
use sumun_posture::{
    AuditLog, Document, Input, Kind, Language, Limit, Profile, Settings, Status, catalogue, scan, scan_only,
};

/// When the fixtures are looked at.
const NOW: &str = "2026-07-01T00:00:00Z";

const FIXTURES: &[&str] = &[
    include_str!("fixtures/aud.txt"),
    include_str!("fixtures/cld.txt"),
    include_str!("fixtures/cod.txt"),
    include_str!("fixtures/cpl.txt"),
    include_str!("fixtures/hst.txt"),
    include_str!("fixtures/iam.txt"),
    include_str!("fixtures/img.txt"),
    include_str!("fixtures/net.txt"),
    include_str!("fixtures/pod.txt"),
    include_str!("fixtures/run.txt"),
];

/// Checks that are not decided yet, an area a file.
const PENDING: &[&str] = &[
    include_str!("../catalogue/pending/aud.tsv"),
    include_str!("../catalogue/pending/cld.tsv"),
    include_str!("../catalogue/pending/cod.tsv"),
    include_str!("../catalogue/pending/cpl.tsv"),
    include_str!("../catalogue/pending/hst.tsv"),
    include_str!("../catalogue/pending/iam.tsv"),
    include_str!("../catalogue/pending/img.tsv"),
    include_str!("../catalogue/pending/net.tsv"),
    include_str!("../catalogue/pending/pod.tsv"),
    include_str!("../catalogue/pending/run.tsv"),
];

/// `@K[:NAME] DOCUMENT` is a document of the kind with that letter, `@A EVENT` a line of the audit log, `P SPEC` a pod,
/// `$ PROGRAM[:VERSION] FLAGS` a static pod of the control plane, anything else an object.
fn input(lines: &[&str], whole_cluster: bool) -> Input {
    let mut input = Input { whole_cluster, ..Input::default() };
    input.audit_log = audit_log(lines);
    for line in lines.iter().filter(|line| !line.starts_with("@A ")) {
        let line = with_certificates(line);
        let line = line.as_str();
        match line.strip_prefix('@').and_then(|rest| rest.split_once(' ')) {
            Some((head, text)) => {
                let (letter, name) = head.split_once(':').unwrap_or((head, "fixture"));
                let kind = Kind::parse(letter).ok_or(line).unwrap();
                input.documents.extend(Document::parse(kind, name, text.as_bytes()).unwrap());
            }
            None => input.add(object(line)),
        }
    }
    input
}

/// The events of a log.  What an event leaves out is filled in: an id, the last stage, a time.
fn audit_log(lines: &[&str]) -> Option<AuditLog> {
    let events = lines.iter().filter_map(|line| line.strip_prefix("@A "));
    let event = |(i, text): (usize, &str)| {
        let mut event =
            codec::yaml::parse(text.as_bytes()).map_err(|e| format!("{text}: {e}")).unwrap().value;
        let api::Value::Object(map) = &mut event else { return text.to_owned() };
        let filled = [
            ("auditID", format!("id-{i}")),
            ("stage", "ResponseComplete".to_owned()),
            ("stageTimestamp", "2026-06-30T00:00:00Z".to_owned()),
        ];
        for (key, value) in filled {
            if map.get(key).is_none() {
                map.insert(key, value.as_str().into());
            }
        }
        api::json::to_string(&event)
    };
    let events: Vec<String> = events.enumerate().map(event).collect();
    (!events.is_empty()).then(|| {
        let mut log = AuditLog::default();
        log.read("audit.log", events.join("\n").as_bytes());
        log
    })
}

fn object(line: &str) -> Object {
    let pod = |namespace: &str, spec: &str| {
        format!("{{apiVersion: v1, kind: Pod, metadata: {{name: p, namespace: {namespace}}}, spec: {spec}}}")
    };
    let text = match (line.strip_prefix("P "), line.strip_prefix("$ ")) {
        (Some(spec), _) => pod("ns", spec),
        (_, Some(command)) => pod("kube-system", &component(command)),
        _ => line.to_owned(),
    };
    let value = codec::yaml::parse(text.as_bytes()).map_err(|e| format!("{line}: {e}")).unwrap().value;
    Object { value, origin: Origin::whole("fixture") }
}

/// The pod of a component: its command line, behind the program's name its version.
fn component(command: &str) -> String {
    let (program, flags) = command.split_once(' ').unwrap_or((command, ""));
    let name = program.split(':').next().unwrap();
    let words: Vec<_> =
        std::iter::once(name).chain(flags.split_whitespace()).map(|w| format!("{w:?}")).collect();
    format!("{{containers: [{{name: a, image: {program:?}, command: [{}]}}]}}", words.join(", "))
}

/// Certificates by name: `<pem NAME>` within quotes, `<bundle NAME>` in base64.
fn with_certificates(line: &str) -> String {
    static CERTIFICATES: LazyLock<BTreeMap<&str, String>> = LazyLock::new(|| {
        let ends = [("ended", 2026, 6), ("soon", 2026, 7), ("good", 2056, 1), ("other", 2056, 1)];
        let certificate = |(name, year, month)| {
            let names = ["api.example.com".to_owned(), "127.0.0.1".to_owned()];
            let mut params = rcgen::CertificateParams::new(names).unwrap();
            params.not_before = rcgen::date_time_ymd(2020, 1, 1);
            params.not_after = rcgen::date_time_ymd(year, month, 15);
            (name, params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().pem())
        };
        ends.into_iter().map(certificate).collect()
    });
    let mut line = line.to_owned();
    for (name, pem) in CERTIFICATES.iter() {
        line = line.replace(&format!("<pem {name}>"), &pem.replace('\n', "\\n").replace('\r', ""));
        line = line.replace(&format!("<bundle {name}>"), &STANDARD.encode(pem));
    }
    line
}

/// What a site has decided, in the fixtures: `key=value` behind how a check comes out.
fn settings(words: &[&str]) -> Settings {
    let mut settings = Settings {
        registries: vec!["registry.example.com".to_owned()],
        now: Timestamp::parse(NOW).unwrap(),
        ..Settings::default()
    };
    for (key, value) in words.iter().filter_map(|word| word.split_once('=')) {
        match key {
            "limit" => {
                let (name, number) = value.split_once(':').unwrap();
                settings.limits.set(Limit::find(name).unwrap(), number.parse().unwrap());
            }
            "profile" => settings.profile = Profile::parse(value).unwrap(),
            "now" => settings.now = Timestamp::parse(value).unwrap(),
            _ => assert_eq!(key, "a known setting"),
        }
    }
    settings
}

/// How a check came out, and what it said.
fn ask(id: &str, input: &Input, settings: &Settings) -> (Status, String) {
    let report = scan_only(input, settings, &|check| check.id == id);
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
    let mut wrong = Vec::new();
    for text in FIXTURES {
        for case in text.split("\n\n").map(str::trim) {
            let mut lines = case.lines().filter(|line| !line.starts_with('#'));
            let Some(head) = lines.next() else { continue };
            let head: Vec<_> = head.split(' ').collect();
            let (id, want) = (head[0], head[1]);
            let input = input(&lines.collect::<Vec<_>>(), head.contains(&"cluster"));
            let (got, said) = ask(id, &input, &settings(&head));
            if got.name() != want {
                wrong.push(format!("{case}\n  came out as {}\n{said}", got.name()));
            }
            seen.entry(id).or_default().insert(want);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
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
        assert_eq!(ask(id, &manifests, &settings(&[])).0, Status::NotEvaluated, "{id}");
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
fn keys_in_files_of_the_control_plane_are_never_shown() {
    let lines = [
        "$ kube-apiserver --encryption-provider-config=/enc.yaml --token-auth-file=/tokens.csv",
        "{apiVersion: apiserver.config.k8s.io/v1, kind: EncryptionConfiguration, resources: [{resources: [secrets], providers: [{aesgcm: {keys: [{name: k, secret: c2VjcmV0IG9mIGFlcw==}]}}]}]}",
        "@S:/tokens.csv hunter2,bob,1",
    ];
    let report = format!("{:?}", scan(&input(&lines, false), &Settings::default()));
    assert!(report.contains("CPL-034") && !report.contains("c2VjcmV0") && !report.contains("hunter2"));
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
    let pending: BTreeSet<&str> = PENDING
        .iter()
        .flat_map(|area| area.lines())
        .map(|line| line.split_once('\t').filter(|(_, why)| !why.is_empty()).unwrap().0)
        .collect();
    let decided: BTreeSet<&str> = catalogue().iter().map(|check| check.id).collect();
    assert!(pending.is_disjoint(&decided));
    let Ok(text) = std::fs::read_to_string(shared.join("posture/catalogue.tsv")) else { return };
    let rows: BTreeSet<&str> = text.lines().skip(1).filter_map(|row| row.split('\t').next()).collect();
    assert_eq!(rows, pending.union(&decided).copied().collect());
}
