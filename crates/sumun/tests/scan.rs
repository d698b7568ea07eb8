//! `sumun scan` as a command: what it does with what cannot be read, with exceptions and baselines, and with files that
//! it patches.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const POD: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}   # the shop
spec:
  hostPID: true
  containers:
  - name: a
    image: example.com/a:1.0
";

/// A directory that is gone with the test.
struct Dir(PathBuf);

impl Dir {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("sumun-scan-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.join(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }

    fn scan(&self, args: &[&str]) -> (i32, String, String) {
        scan(&self.0, args)
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Exit code, standard output, standard error.
fn scan(dir: &Path, args: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sumun"));
    command.current_dir(dir).env_remove("KUBECONFIG").env("HOME", dir).arg("scan").args(args);
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

#[test]
fn what_cannot_be_read_is_named_and_the_rest_is_scanned() {
    let dir = Dir::new("bad");
    dir.write("good.yaml", POD);
    dir.write("broken.yaml", "a: [\n");
    dir.write("cut.json", "{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\"");
    dir.write("binary.yaml", "\0\u{1}\u{2}");
    dir.write("secret.yaml", POD);
    fs::set_permissions(dir.0.join("secret.yaml"), fs::Permissions::from_mode(0o0)).unwrap();
    fs::File::create(dir.0.join("huge.yaml")).unwrap().set_len(500 << 20).unwrap();
    symlink(".", dir.0.join("circle")).unwrap();
    symlink("around.yaml", dir.0.join("around.yaml")).unwrap();
    assert!(Command::new("mkfifo").arg(dir.0.join("pipe.yaml")).status().unwrap().success());
    let (code, out, err) = dir.scan(&["-f", ".", "--fail-on", "never"]);
    assert!(out.contains("POD-003") && out.contains("good.yaml:1: Pod shop/web"), "{out}");
    for name in ["broken.yaml:2", "cut.json:1", "binary.yaml:1", "huge.yaml:1", "around.yaml", "pipe.yaml"] {
        assert_eq!(err.matches(&format!("error: ./{name}: ")).count(), 1, "{name}\n{err}");
    }
    // Whoever is root may read everything.
    if fs::read(dir.0.join("secret.yaml")).is_err() {
        assert!(err.contains("error: ./secret.yaml: "), "{err}");
    }
    assert!(!err.contains("circle"), "{err}");
    assert_eq!(code, 3);
    assert_eq!(dir.scan(&["-f", "."]).0, 1);
    let (code, _, err) = dir.scan(&["-f", "broken.yaml"]);
    assert_eq!((code, err.lines().last()), (2, Some("error: nothing could be read")));
}

#[test]
fn reports_that_are_cut_are_named() {
    let dir = Dir::new("reports");
    dir.write("good.yaml", POD);
    dir.write("cut.json", "{\"SchemaVersion\": 2, \"Results\": [{\"Target\": ");
    fs::File::create(dir.0.join("huge.json")).unwrap().set_len(500 << 20).unwrap();
    let flags = ["-f", "good.yaml", "--images", "cut.json", "--cloud", "huge.json", "--attestation", "none"];
    let (code, out, err) = dir.scan(&[&flags[..], &["--fail-on", "never"]].concat());
    assert!(out.contains("POD-003"), "{out}");
    for name in ["cut.json", "huge.json: 500 MiB", "none: No such file"] {
        assert!(err.contains(&format!("error: {name}")), "{name}\n{err}");
    }
    assert_eq!(code, 3);
    // Nobody meant a cluster.
    let (code, _, err) = dir.scan(&["--images", "cut.json"]);
    assert_eq!((code, err.lines().last()), (2, Some("error: nothing could be read")), "{err}");
}

#[test]
fn a_cluster_that_refuses_is_named() {
    let dir = Dir::new("cluster");
    dir.write("good.yaml", POD);
    // A port that nobody listens on.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    dir.write("config", &format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: a\nclusters: [{{name: a, cluster: {{server: 'http://127.0.0.1:{port}'}}}}]\n\
         contexts: [{{name: a, context: {{cluster: a, user: a}}}}]\nusers: [{{name: a, user: {{}}}}]\n"
    ));
    let (code, out, err) = dir.scan(&["-f", "good.yaml", "--kubeconfig", "config", "--fail-on", "never"]);
    assert!(
        out.contains("POD-003") && err.contains(&format!("error: http://127.0.0.1:{port}")),
        "{out}{err}"
    );
    assert_eq!(code, 3);
    let (code, _, err) = dir.scan(&["--kubeconfig", "config"]);
    assert_eq!((code, err.lines().last()), (2, Some("error: nothing could be read")), "{err}");
    dir.write("broken", "clusters: [");
    let (code, _, err) = dir.scan(&["--kubeconfig", "broken"]);
    assert!(code == 2 && err.contains("broken"), "{err}");
}

#[test]
fn exceptions_and_baselines_decide_what_counts() {
    let dir = Dir::new("judged");
    dir.write("good.yaml", POD);
    let head = "apiVersion: posture.sumun.io/v1\nkind: Exceptions\nexceptions:\n";
    let item = "- {check: POD-*, selector: {name: web}, reason: old, owner: Ada, expires: 2999-12-31}\n\
                - {check: '*', reason: all else, owner: Ada, expires: 2999-12-31}\n\
                - {check: POD-001, reason: none, owner: Ada, expires: 2999-12-31}\n";
    dir.write("e.yaml", &format!("{head}{item}"));
    let (code, out, err) = dir.scan(&["-f", "good.yaml", "--exceptions", "e.yaml"]);
    assert!(code == 0 && out.contains("excepted until 2999-12-31 by Ada: old"), "{out}");
    assert!(
        err.contains("warning: e.yaml:6: exception for POD-001 (Ada, until 2999-12-31) fits nothing"),
        "{err}"
    );
    dir.write("e.yaml", &format!("{head}{}", item.replace("2999", "2020")));
    let (code, out, err) = dir.scan(&["-f", "good.yaml", "--exceptions", "e.yaml", "--fail-on", "never"]);
    assert!(code == 1 && out.contains("FAIL POD-003"), "{out}");
    assert!(err.contains("error: e.yaml:4: exception for POD-* (Ada, until 2020-12-31) has ended"), "{err}");
    dir.write("e.yaml", &format!("{head}- {{check: POD-003}}\n- {{check: X}}\n"));
    let (code, out, err) = dir.scan(&["-f", "good.yaml", "--exceptions", "e.yaml"]);
    assert_eq!((code, out.as_str(), err.matches("error: e.yaml:").count()), (2, "", 7), "{err}");

    assert_eq!(dir.scan(&["-f", "good.yaml", "--write-baseline", "b.json"]).0, 0);
    let (code, out, _) = dir.scan(&["-f", "good.yaml", "--baseline", "b.json"]);
    assert!(code == 0 && out.contains("known before"), "{out}");
    dir.write("good.yaml", &POD.replace("hostPID", "hostIPC"));
    let (code, _, err) = dir.scan(&["-f", "good.yaml", "--baseline", "b.json"]);
    assert!(code == 1 && err.contains("note: b.json: gone: POD-003 Pod shop/web"), "{err}");
    assert!(err.ends_with("1 check of severity high or worse failed\n"), "{err}");
}

#[test]
fn patches_are_shown_and_applied() {
    let dir = Dir::new("fix");
    dir.write("good.yaml", POD);
    dir.write("broken.yaml", "a: [\n");
    fs::set_permissions(dir.0.join("good.yaml"), fs::Permissions::from_mode(0o640)).unwrap();
    let (code, diff, err) = dir.scan(&["-f", ".", "--fix"]);
    assert!(diff.starts_with("--- a/good.yaml\n+++ b/good.yaml\n@@ "), "{diff}");
    assert!(diff.contains("+    imagePullPolicy: Always\n") && !diff.contains("hostPID: true\n-"), "{diff}");
    assert_eq!((code, dir.read("good.yaml").as_str()), (1, POD), "{err}");
    dir.write("patch", &diff);
    let (_, out, err) = dir.scan(&["-f", ".", "--fix=apply", "--fix-offered", "--fail-on", "never"]);
    let fixed = dir.read("good.yaml");
    assert!(fixed.starts_with(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop}   # the shop\nspec:\n"
    ));
    assert!(!fixed.contains("hostPID") && fixed.contains("runAsNonRoot: true"), "{fixed}");
    assert!(!out.contains("POD-003") && err.contains(" findings in 1 files patched, "), "{out}{err}");
    assert_eq!(fs::metadata(dir.0.join("good.yaml")).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(err.matches("broken.yaml").count(), 1, "{err}");
    // Without the host's processes it can have users of its own.
    dir.scan(&["-f", "good.yaml", "--fix=apply", "--fix-offered"]);
    assert!(dir.read("good.yaml").contains("\n  hostUsers: false\n"));
    let (code, diff, _) = dir.scan(&["-f", "good.yaml", "--fix", "--fix-offered", "--fail-on", "never"]);
    assert_eq!((code, diff.as_str()), (0, ""));
}

#[test]
fn what_is_lacking_is_generated() {
    let dir = Dir::new("generate");
    dir.write("good.yaml", &POD.replace("  hostPID: true\n", ""));
    let (code, out, err) = dir.scan(&["generate", "psa-labels", "-f", "good.yaml"]);
    assert!(out.starts_with("# shop: what runs in it meets baseline\n# not restricted:\n"), "{out}{err}");
    assert!(code == 0 && out.contains("\n    pod-security.kubernetes.io/enforce: baseline\n"), "{out}");
    let (code, out, _) = dir.scan(&["generate", "default-deny", "-f", "good.yaml", "--whole-cluster"]);
    assert!(code == 0 && out.contains("\nkind: NetworkPolicy\n"), "{out}");
    let (code, out, _) = dir.scan(&["generate", "audit-policy"]);
    assert!(code == 0 && out.contains("kind: Policy\n"), "{out}");
}

#[test]
fn one_run_patches_all_that_can_be() {
    let dir = Dir::new("rounds");
    // Users of its own only when it shares nothing with the host.
    dir.write("my pod.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: shop}\nspec:\n  hostPID: true # why\n  containers:\n  - {name: a, image: 'x:1'}\n");
    let patch = dir.scan(&["-f", "my pod.yaml", "--fix", "--fix-offered"]).1;
    assert!(patch.starts_with("--- a/my pod.yaml\t\n") && patch.contains("+  hostUsers: false"), "{patch}");
    dir.scan(&["-f", ".", "--fix=apply", "--fix-offered"]);
    let once = fs::read_to_string(dir.0.join("my pod.yaml")).unwrap();
    assert!(once.contains("hostUsers: false") && !once.contains("hostPID"), "{once}");
    assert_eq!(dir.scan(&["-f", ".", "--fix", "--fix-offered"]).1, "");
}

#[test]
fn nothing_to_look_at_is_no_pass() {
    let dir = Dir::new("nothing");
    dir.write("values.yaml", "replicas: 3\n");
    let (code, out, err) = dir.scan(&["-f", "."]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.ends_with("error: there is nothing to look at in what was given\n"), "{err}");
}
