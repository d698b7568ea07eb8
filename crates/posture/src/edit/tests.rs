use super::path::{keys, of_field};
use super::*;

const POD: &str = "\
# A pod.
apiVersion: v1
kind: Pod
metadata: {name: 'web', labels: {a: b}}   # inline
spec:
  hostNetwork: true  # why?
  containers:
  - name: a   # the first
    image: \"k8s.gcr.io/a:1\"
    ports:
    - hostPort: 80
      containerPort: 80
    - {containerPort: 81, hostPort: 81}
    # about what follows
    securityContext:
      capabilities:
        add: [NET_RAW, CHOWN]
        drop:
        - X
  - name: b
    securityContext:
    command: |
      sh

  # the last words
";

fn changed(text: &str, changes: &[Change]) -> Result<String, String> {
    changes.iter().try_fold(text.to_owned(), |text, change| edit(&text, change))
}

fn set(field: &str, value: impl Into<Value>) -> Change {
    Change::Set(of_field(field).unwrap(), value.into())
}

fn remove(field: &str) -> Change {
    Change::Remove(of_field(field).unwrap())
}

/// The lines that go and come, in order.
fn lines(text: &str, changes: &[Change]) -> String {
    let diff = unified("f", text, &changed(text, changes).unwrap());
    let shown = diff.lines().skip(2).filter(|line| line.starts_with(['+', '-']));
    shown.map(|line| line.trim_end_matches('\r')).collect::<Vec<_>>().join("\n")
}

#[test]
fn only_what_is_meant_changes() {
    for (change, want) in [
        (set("spec.hostNetwork", false), "-  hostNetwork: true  # why?\n+  hostNetwork: false  # why?"),
        (remove("spec.hostNetwork"), "-  hostNetwork: true  # why?"),
        (
            set("spec.containers[0].image", "registry.k8s.io/a:1"),
            "-    image: \"k8s.gcr.io/a:1\"\n+    image: \"registry.k8s.io/a:1\"",
        ),
        (
            set("metadata.labels[x.io/y]", "true"),
            "-metadata: {name: 'web', labels: {a: b}}   # inline\n\
             +metadata: {name: 'web', labels: {a: b, x.io/y: \"true\"}}   # inline",
        ),
        (set("spec.containers[0].securityContext.runAsNonRoot", true), "+      runAsNonRoot: true"),
        (set("spec.containers[0].securityContext.capabilities.drop[1]", "ALL"), "+        - ALL"),
        (
            set("spec.containers[0].securityContext.capabilities.add[2]", "ALL"),
            "-        add: [NET_RAW, CHOWN]\n+        add: [NET_RAW, CHOWN, ALL]",
        ),
        (
            remove("spec.containers[0].securityContext.capabilities.add[0]"),
            "-        add: [NET_RAW, CHOWN]\n+        add: [CHOWN]",
        ),
        (
            remove("spec.containers[0].securityContext.capabilities.add[1]"),
            "-        add: [NET_RAW, CHOWN]\n+        add: [NET_RAW]",
        ),
        (
            remove("spec.containers[0].ports[0].hostPort"),
            "-    - hostPort: 80\n-      containerPort: 80\n+    - containerPort: 80",
        ),
        (
            remove("spec.containers[0].ports[1].hostPort"),
            "-    - {containerPort: 81, hostPort: 81}\n+    - {containerPort: 81}",
        ),
        (remove("spec.containers[0].ports[1]"), "-    - {containerPort: 81, hostPort: 81}"),
        (
            set("spec.containers[1].securityContext.readOnlyRootFilesystem", true),
            "-    securityContext:\n+    securityContext: {readOnlyRootFilesystem: true}",
        ),
        (
            set("spec.containers[1].resources.limits.memory", "1Gi"),
            "+    resources:\n+      limits:\n+        memory: 1Gi",
        ),
        (set("spec.hostUsers", false), "+  hostUsers: false"),
    ] {
        assert_eq!(lines(POD, std::slice::from_ref(&change)), want, "{change:?}");
        let windows = POD.replace('\n', "\r\n");
        assert_eq!(lines(&windows, std::slice::from_ref(&change)), want, "{change:?}");
        let cut = POD.trim_end();
        assert!(changed(cut, std::slice::from_ref(&change)).is_ok(), "{change:?}");
    }
}

#[test]
fn json_stays_json() {
    let json = "{\n\t\"a\": {\"b\": [1, 2], \"e\": {}},\n\t\"c\": \"x\"\n}\n";
    for (change, want) in [
        (set("a.b[2]", 3), "\t\"a\": {\"b\": [1, 2, 3], \"e\": {}},"),
        (set("a.e.f", "x"), "\t\"a\": {\"b\": [1, 2], \"e\": {\"f\": \"x\"}},"),
        (set("d.e", true), "\t\"c\": \"x\",\n\t\"d\": {\"e\":true}"),
        (remove("a.b"), "\t\"a\": {\"e\": {}},"),
        (remove("a.b[0]"), "\t\"a\": {\"b\": [2], \"e\": {}},"),
        (set("c", "y"), "\t\"c\": \"y\"\n"),
    ] {
        let got = changed(json, std::slice::from_ref(&change)).unwrap();
        assert!(got.contains(want), "{change:?}: {got}");
        assert!(codec::json::parse(got.as_bytes()).is_ok(), "{got}");
    }
}

#[test]
fn what_cannot_be_changed_alone_is_refused() {
    for (text, change) in [
        ("a: &x {b: 1}\nc: *x\n", set("a.b", 2)),
        ("a: &x {b: 1}\nc: *x\n", set("c.b", 2)),
        ("a: 1\na: 2\n", set("a", 3)),
        ("a: text\n", set("a.b", 2)),
        ("a: [1]\n", set("a.b", 2)),
        ("a: 1\n", remove("b")),
        ("a: {\n  # empty\n}\n", set("a.b", 1)),
        ("- a: 1 # one\n  # two\n  b: 2\n", remove("[0].a")),
        ("a: |+\n  x\n\n\n", set("b", 1)),
        ("a: [", set("b", 1)),
        ("", set("b", 1)),
        ("a: 1\n---\nb: 2\n", set("a", 2)),
    ] {
        assert!(edit(text, &change).is_err(), "{text:?} {change:?}: {:?}", edit(text, &change));
    }
    // Merge keys and aliases elsewhere do no harm.
    assert_eq!(
        edit("a: &x {b: 1}\nc:\n  <<: *x\n", &set("c.d", 2)).unwrap(),
        "a: &x {b: 1}\nc:\n  <<: *x\n  d: 2\n"
    );
    assert_eq!(edit("a: ''\nb: 1", &set("c", 2)).unwrap(), "a: ''\nb: 1\nc: 2");
    assert_eq!(edit("a: 'x'\n", &set("a", "it's")).unwrap(), "a: 'it''s'\n");
    assert_eq!(edit("a:\n- b: 1\n", &remove("a[0].b")).unwrap(), "a:\n- {}\n");
}

#[test]
fn files_are_cut_as_they_are_read() {
    let text = "# head\n---\n# nothing\n---\na: 1\n...\n---\n--- # c\nb: |\n  ---x\n---\n\nc: 3";
    let parts: Vec<_> = documents(text).into_iter().map(|part| &text[part]).collect();
    assert_eq!(parts, ["---\na: 1\n", "--- # c\nb: |\n  ---x\n", "---\n\nc: 3"]);
    assert_eq!(documents("a: 1\nb: 2"), std::iter::once(0..9).collect::<Vec<_>>());
    assert!(documents("").is_empty() && documents("---\n# a\n---\n").is_empty());
}

#[test]
fn fields_are_paths() {
    assert_eq!(
        of_field("a.b[2].c"),
        Some(vec![Step::Key("a".into()), Step::Key("b".into()), Step::Item(2), Step::Key("c".into())])
    );
    assert_eq!(of_field("metadata.labels[x.io/y]"), Some(keys(&["metadata", "labels", "x.io/y"])));
    assert_eq!((of_field("a[*].b"), of_field("a[0"), of_field("")), (None, None, Some(vec![])));
}

#[test]
fn diffs_can_be_applied() {
    let before: String = (0..40).map(|n| format!("line {n}\n")).collect();
    let after =
        before.replace("line 3\n", "").replace("line 20\n", "line 20\nnew\n").replace("line 39\n", "end");
    let diff = unified("./a/b.yaml", &before, &after);
    assert!(diff.starts_with("--- a/a/b.yaml\n+++ b/a/b.yaml\n@@ -1,7 +1,6 @@\n line 0\n"), "{diff}");
    assert!(
        diff.contains("@@ -19,6 +18,7 @@") && diff.contains("+end\n\\ No newline at end of file"),
        "{diff}"
    );
    assert_eq!(unified("a", "x\n", "x\n"), "");
    assert!(unified("/a", "", "x\n").starts_with("--- a/a\n+++ b/a\n@@ -0,0 +1,1 @@\n+x\n"));
    assert!(unified("a b", "", "x\n").starts_with("--- a/a b\t\n+++ b/a b\t\n"));
}
