//! The commands that need no server, on a cluster dump as companies have it: what they print and their exit codes.
//!
//! `tests/offline/*.txt` hold command lines and what comes out of them; `SUMUN_UPDATE=1` writes them anew.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "offline/log.rs"]
mod log;

use std::path::Path;
use std::process::Command;

use api::Value;

const CONFIGURATION: &str = "\
apiVersion: apiserver.config.k8s.io/v1
kind: AuthorizationConfiguration
authorizers:
- type: Webhook
  name: policy.example.com
  webhook:
    timeout: 3s
    subjectAccessReviewVersion: v1
    matchConditionSubjectAccessReviewVersion: v1
    failurePolicy: NoOpinion
    authorizedTTL: 30s
    unauthorizedTTL: 30s
    connectionInfo: {type: KubeConfigFile, kubeConfigFile: /no/such/kubeconfig}
- {type: AccessRules, name: accessrules, accessRules: {file: rules.yaml}}
- {type: RBAC, name: rbac}
";

const RULES: &str = "\
apiVersion: authz.sumun.io/v1alpha1
kind: AccessRule
metadata: {name: freeze}
spec:
  effect: Deny
  match: [{resources: [pods], namespaces: [projectCaribou]}]
  reason: the herd is migrating
";

/// Writes the dump: a file of documents for each operator, one `List` of all teams, and what goes wrong in folders.
fn dump(dir: &Path) {
    let cluster = dir.join("dump");
    std::fs::create_dir(&cluster).unwrap();
    for (name, objects) in samples::cluster::files() {
        if name == "teams.yaml" {
            let list = api::object! { "apiVersion" => "v1", "kind" => "List", "items" => objects };
            let mut text = Vec::new();
            codec::json::write_pretty(&mut text, &list);
            std::fs::write(cluster.join("teams.json"), text).unwrap();
        } else {
            let documents: Vec<String> = objects.iter().map(codec::yaml::write).collect();
            std::fs::write(cluster.join(name), documents.join("---\n")).unwrap();
        }
    }
    std::fs::create_dir(dir.join("broken")).unwrap();
    std::fs::copy(cluster.join("people.yaml"), dir.join("broken/people.yaml")).unwrap();
    std::fs::write(dir.join("broken/cut.yaml"), "apiVersion: v1\nkind: Pod\nmetadata:\n  labels: {a: b\n")
        .unwrap();
    let event = r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"a","stage":"ResponseComplete","requestURI":"/api/v1/namespaces/projectCaribou/pods/web","verb":"delete","user":{"username":"bob","groups":["dev","system:authenticated"]},"objectRef":{"resource":"pods","namespace":"projectCaribou","name":"web","apiVersion":"v1"},"responseStatus":{"code":403},"annotations":{"authorization.k8s.io/decision":"forbid","authorization.k8s.io/reason":""}}"#;
    std::fs::write(dir.join("event.json"), event).unwrap();
    std::fs::write(dir.join("audit.log"), log::text()).unwrap();
    let policy = "{\"apiVersion\":\"abac.authorization.kubernetes.io/v1beta1\",\"kind\":\"Policy\",\"spec\":{\"user\":\"bob\",\"namespace\":\"projectCaribou\",\"resource\":\"pods\",\"readonly\":true}}\n";
    std::fs::write(dir.join("policy.jsonl"), policy).unwrap();
    std::fs::write(dir.join("authz.yaml"), CONFIGURATION).unwrap();
    std::fs::write(dir.join("rules.yaml"), RULES).unwrap();
}

/// The words of a command line; single quotes hold words together.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (i, part) in line.split('\'').enumerate() {
        if i % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

fn run(dir: &Path, line: &str) -> String {
    let words = words(line);
    let mut command = Command::new(env!("CARGO_BIN_EXE_sumun"));
    let home = dir.join("nobody");
    command.args(words.iter().skip(1)).current_dir(dir).env_remove("KUBECONFIG").env("HOME", home);
    let output = command.output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    let code = output.status.code().unwrap();
    format!("$ {line}\n{err}{out}[exit {code}]\n").replace(&dir.display().to_string(), "DIR")
}

fn check(name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/offline").join(name);
    let expected = std::fs::read_to_string(&path).unwrap();
    let dir = tempfile::tempdir().unwrap();
    dump(dir.path());
    let lines = expected.lines().filter_map(|l| l.strip_prefix("$ "));
    let comment: String =
        expected.lines().take_while(|l| l.starts_with('#')).map(|l| format!("{l}\n")).collect();
    let blocks: Vec<String> = lines.map(|line| run(dir.path(), line)).collect();
    let actual = format!("{comment}\n{}", blocks.join("\n"));
    if std::env::var_os("SUMUN_UPDATE").is_some() {
        std::fs::write(&path, &actual).unwrap();
        return;
    }
    let differs = expected.lines().zip(actual.lines()).find(|(a, b)| a != b);
    assert!(
        expected == actual,
        "{}: first difference {differs:?}; SUMUN_UPDATE=1 writes what is now",
        path.display()
    );
}

#[test]
fn explain() {
    check("explain.txt");
}

#[test]
fn who_can() {
    check("who-can.txt");
}

#[test]
fn can_list() {
    check("can-list.txt");
}

#[test]
fn least_privilege() {
    check("least-privilege.txt");
}

#[test]
fn escalations() {
    check("escalations.txt");
}

#[test]
fn answers_for_programs_are_json() {
    let dir = tempfile::tempdir().unwrap();
    dump(dir.path());
    let json = |line: &str| -> Value {
        let out = run(dir.path(), line);
        let start = out.find('{').unwrap_or_else(|| panic!("{out}"));
        let end = out.rfind("[exit").unwrap();
        codec::json::parse(&out.as_bytes()[start..end]).unwrap().value
    };
    let answer = json("sumun explain -f dump --as bob get pods -n projectCaribou -o json");
    assert_eq!(answer.at(&["allowed"]).as_bool(), Some(true));
    let rbac = answer.array_at(&["authorizers"]).last().unwrap();
    let binding = rbac.array_at(&["grants"])[0].at(&["binding"]);
    assert!(binding.str_at(&["origin"]).starts_with("dump/people.yaml:"), "{binding:?}");
    let denied = json("sumun explain -f dump --as bob delete pods -n projectCaribou -o json");
    let misses = denied.array_at(&["authorizers"]).last().unwrap().array_at(&["nearMisses"]);
    assert_eq!(misses[0].array_at(&["differs"])[0].as_str(), Some("Verb"));
    let who = json("sumun who-can get pods -n projectCaribou -f dump -o json");
    assert!(who.array_at(&["subjects"]).iter().any(|s| s.str_at(&["subject", "name"]) == "bob"));
    let list = json("sumun can-list bob -f dump -o json");
    assert!(!list.array_at(&["grants"]).is_empty());
}
