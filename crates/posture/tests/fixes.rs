//! Patches: every fixture that can be mended is, in any way of writing it, and nothing else in the text changes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use api::Value;
use evidence::{Evidence, Reader, Wanted};
use sumun_posture::{Fix, Fixes, Input, Settings, Status, Wish, check, fixes, has_patch, scan};

const FIXTURES: &[&str] = &[
    include_str!("fixtures/cpl.txt"),
    include_str!("fixtures/iam.txt"),
    include_str!("fixtures/img.txt"),
    include_str!("fixtures/net.txt"),
    include_str!("fixtures/pod.txt"),
    include_str!("fixtures/run.txt"),
];

/// Fixtures that stay as they are, and why.
const BY_HAND: &[(&str, &str)] = &[
    ("IMG-016", "no patch fits"),
    ("NET-014", "no patch fits"),
    ("POD-020", "a patch would not be enough"),
    ("POD-048", "a patch"),
    ("POD-048", "no patch fits"),
];

fn evidence(name: &str, text: &str) -> Evidence {
    let mut reader = Reader::new(Wanted::All);
    reader.text(name, &mut text.as_bytes());
    let evidence = reader.finish();
    assert!(evidence.problems.is_empty(), "{:?}\n{text}", evidence.problems);
    evidence
}

fn fix(text: &str, offered: bool, prove: &mut dyn FnMut(&Value) -> Result<(), String>) -> Fixes {
    let input = Input::of(evidence("f.yaml", text), false);
    let settings = Settings::default();
    let report = scan(&input, &settings);
    let mut read = |_: &str| Ok(text.to_owned());
    fixes(&report, &settings, &mut Wish { offered, read: &mut read, prove })
}

fn values(case: &[&str]) -> Vec<Value> {
    let value = |line: &&str| {
        let text = match line.strip_prefix("P ") {
            Some(spec) => {
                format!("{{apiVersion: v1, kind: Pod, metadata: {{name: p, namespace: ns}}, spec: {spec}}}")
            }
            None => (*line).to_owned(),
        };
        codec::yaml::parse(text.as_bytes()).unwrap().value
    };
    case.iter().map(value).collect()
}

/// The same objects in blocks, in braces, as JSON in a list, and as a list in blocks.
fn texts(objects: &[Value]) -> Vec<String> {
    let list = api::object! { "apiVersion" => "v1", "kind" => "List", "items" => objects.to_vec() };
    let mut json = Vec::new();
    codec::json::write_pretty(&mut json, &list);
    let blocks: Vec<String> =
        objects.iter().map(|o| format!("# {{ kept\n{}", codec::yaml::write(o))).collect();
    let braces: Vec<String> = objects.iter().map(api::json::to_string).collect();
    vec![
        blocks.join("---\n"),
        blocks.join("---\n").replace('\n', "\r\n"),
        braces.join("\n---\n") + "\n",
        String::from_utf8(json).unwrap(),
        codec::yaml::write(&list),
    ]
}

#[test]
fn what_the_fixtures_show_is_mended_however_it_is_written() {
    let mut mended: BTreeMap<String, usize> = BTreeMap::new();
    let mut wrong: Vec<String> = Vec::new();
    for case in FIXTURES.iter().flat_map(|text| text.split("\n\n")).map(str::trim) {
        let mut lines = case.lines();
        let head: Vec<&str> = lines.next().unwrap_or("").split(' ').collect();
        let bad = head.get(1).is_some_and(|status| matches!(*status, "fail" | "warn"));
        let lines: Vec<&str> = lines.collect();
        let alone = bad && !head.contains(&"cluster") && !lines.iter().any(|line| line.starts_with('@'));
        let Some(check) = check(head[0]).filter(|c| alone && matches!(c.fix, Fix::Safe | Fix::Offered))
        else {
            continue;
        };
        if !has_patch(check.id) {
            continue;
        }
        for text in texts(&values(&lines)) {
            let fixes = fix(&text, true, &mut |_| Ok(()));
            let reasons: Vec<_> = fixes.dropped.iter().filter(|d| d.check.id == check.id).collect();
            let by_hand =
                |reason: &str| BY_HAND.iter().any(|(id, why)| *id == check.id && reason.starts_with(why));
            let odd = reasons.iter().filter(|d| !by_hand(&d.reason));
            wrong.extend(odd.map(|d| format!("{case}\n{d}\n{text}")));
            let Some(patch) = fixes.patches.first() else { continue };
            *mended.entry(check.id.to_owned()).or_default() += 1;
            let after = Input::of(evidence("f.yaml", &patch.after), false);
            let report = scan(&after, &Settings::default());
            let outcome = report.outcomes.iter().find(|o| o.check.id == check.id).unwrap();
            let clean = outcome.findings.is_empty() || !reasons.is_empty();
            if !clean {
                wrong.push(format!("{case}\n{}", patch.diff()));
            }
            assert_eq!(text.matches("# {").count(), patch.after.matches("# {").count());
            assert_eq!(text.contains('\r'), patch.after.contains('\r'));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(mended.len() > 25, "{mended:?}");
}

const SHOP: &str = "\
# The shop, as of today.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web   # what people see
  namespace: shop
spec:
  template:
    spec:
      containers:
      # Serves pages.
      - name: web
        image: \"k8s.gcr.io/web:1.2\"
        securityContext:
          allowPrivilegeEscalation: true # to be looked at
      - name: 'side'
        image: example.com/side@sha256:0123456789012345678901234567890123456789012345678901234567890123
---
apiVersion: v1
kind: ConfigMap
metadata: {name: other}
data: {a: \"{{ not ours }}\"}
";

#[test]
fn safe_patches_alone_are_made_unless_more_are_wanted() {
    let few = fix(SHOP, false, &mut |_| Ok(()));
    let all = fix(SHOP, true, &mut |_| Ok(()));
    let ids = |fixes: &Fixes| fixes.patches[0].mended.iter().map(|m| m.check.id).collect::<Vec<_>>();
    assert!(ids(&few).contains(&"POD-016") && !ids(&few).contains(&"POD-022"));
    assert!(ids(&all).contains(&"POD-022"));
    let diff = few.patches[0].diff();
    for line in [
        "-          allowPrivilegeEscalation: true # to be looked at",
        "+          allowPrivilegeEscalation: false # to be looked at",
        "-        image: \"k8s.gcr.io/web:1.2\"",
        "+        image: \"registry.k8s.io/web:1.2\"",
        "+        imagePullPolicy: Always",
    ] {
        assert!(diff.lines().any(|l| l == line), "{line}\n{diff}");
    }
    assert!(few.patches[0].after.ends_with("data: {a: \"{{ not ours }}\"}\n"));
}

#[test]
fn what_is_refused_or_unsure_stays_and_is_told() {
    let told = |text: &str, why: &str| {
        let fixes = fix(text, false, &mut |_| Ok(()));
        assert!(fixes.patches.is_empty(), "{}", fixes.patches[0].diff());
        assert!(
            !fixes.dropped.is_empty() && fixes.dropped.iter().all(|d| d.reason.contains(why)),
            "{fixes:?}"
        );
    };
    told(&SHOP.replace("'side'", "'{{ .Values.name }}'"), "template");
    let anchored = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: &s\n  containers: [{name: a, image: a@sha256:0}]\nx: *s\n";
    told(anchored, "");
    let twice = "{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: a}]}}, {apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: a}]}}]}\n";
    told(twice, "several objects");
    let fixes = fix(SHOP, true, &mut |_| Err("the cluster says no".to_owned()));
    assert!(fixes.patches.is_empty() && fixes.dropped.iter().all(|d| d.reason.contains("says no")));
    assert_eq!(fixes.dropped[0].to_string().split(": ").next(), Some("f.yaml:2"));
}

#[test]
fn a_cluster_is_asked_about_the_object_as_it_would_be() {
    let mut asked = Vec::new();
    fix(SHOP, false, &mut |value| {
        asked.push(value.clone());
        Ok(())
    });
    assert_eq!(asked.len(), 1);
    let first = &asked[0].array_at(&["spec", "template", "spec", "containers"])[0];
    assert_eq!(first.at(&["securityContext", "allowPrivilegeEscalation"]).as_bool(), Some(false));
}

#[test]
fn patched_text_says_nothing_else() {
    let patch = &fix(SHOP, true, &mut |_| Ok(())).patches[0];
    let kept = |line: &&str| !patch.after.lines().any(|new| new == *line);
    let gone: Vec<_> = patch.before.lines().filter(kept).collect();
    assert_eq!(gone.len(), 2, "{gone:?}");
    let again = fix(&patch.after, true, &mut |_| Ok(()));
    assert!(again.patches.is_empty(), "{}", again.patches[0].diff());
    let status = |text: &str, id: &str| {
        let report = scan(&Input::of(evidence("f", text), false), &Settings::default());
        report.outcomes.iter().find(|o| o.check.id == id).unwrap().status
    };
    assert_eq!((status(SHOP, "POD-016"), status(&patch.after, "POD-016")), (Status::Fail, Status::Pass));
}
