//! Acting as somebody else: the old way, the constrained ways (KEP-5284), and headers that make no sense.

use e2e::{ClientCertificate, Connection, Session, Validity};

use crate::support::SHARED;

/// What an agent may do: look at pods as `alice`, and nothing else as anybody.
const CONSTRAINED: &str = "
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: e2e-stand-in}
rules:
- {verbs: ['impersonate:user-info'], apiGroups: [authentication.k8s.io], resources: [users], resourceNames: [alice]}
- {verbs: ['impersonate-on:user-info:list'], apiGroups: [''], resources: [pods]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: e2e-stand-in}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: e2e-stand-in}
subjects: [{kind: User, name: agent, apiGroup: rbac.authorization.k8s.io}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: e2e-alice}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: [{kind: User, name: alice, apiGroup: rbac.authorization.k8s.io}]
";

#[test]
fn only_what_both_may() {
    let admin = Session::admin(&SHARED);
    admin.write("roles.yaml", CONSTRAINED);
    admin.expect("kubectl apply -f roles.yaml");
    let certificate = ClientCertificate::issue(&SHARED.pki(), "agent", None, Validity::Now);
    let agent = Session::user(&SHARED, &certificate);
    let (pods, maps) = ("/api/v1/namespaces/default/pods", "/api/v1/namespaces/default/configmaps");
    let allowed = agent.run(&format!("kubectl get --raw {pods} --as alice"));
    assert_eq!(allowed.code, Some(0), "{allowed:?}");
    for (path, flags, denied) in [
        (pods, "", "User \"agent\" cannot list resource \"pods\""),
        (pods, "--as bob", "User \"agent\" cannot impersonate:user-info resource \"users\""),
        (pods, "--as alice --as-group ops", "cannot impersonate:user-info resource \"groups\""),
        (pods, "--as alice --as-uid 7", "cannot impersonate:user-info resource \"uids\""),
        (maps, "--as alice", "cannot impersonate-on:user-info:list resource \"configmaps\""),
        (pods, "--as system:node:n1", "cannot impersonate-on:arbitrary-node:list resource \"pods\""),
    ] {
        let output = agent.run(&format!("kubectl get --raw {path} {flags}"));
        assert!(output.code == Some(1) && output.stderr.contains(denied), "{path} {flags}: {output:?}");
    }
    let who = admin.expect(
        "kubectl auth whoami --as jane --as-uid 7 --as-group ops --as-group dev -o jsonpath='{.status.userInfo}'",
    );
    let who: serde_json::Value = serde_json::from_str(&who).unwrap();
    let expected = serde_json::json!({
        "username": "jane", "uid": "7", "groups": ["ops", "dev", "system:authenticated"],
    });
    assert_eq!(who, expected);
    let shown = SHARED.get("/metrics").unwrap().body;
    let name = "apiserver_impersonation_attempts_total";
    for labels in ["decision=\"allowed\",mode=\"user-info\"", "decision=\"denied\",mode=\"\""] {
        assert!(
            shown.lines().any(|l| l.starts_with(&format!("{name}{{{labels}}}"))),
            "no {labels} in {shown}"
        );
    }
}

#[test]
fn headers_that_make_no_sense() {
    let admin = ClientCertificate::read(&SHARED.pki(), "admin");
    let ask = |headers: &[u8]| {
        let mut connection = Connection::open(SHARED.address(), &SHARED.pki(), Some(&admin)).unwrap();
        let request =
            [&b"GET /api HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n"[..], headers, b"\r\n"];
        connection.send(request.concat()).unwrap();
        let answer = connection.answer().unwrap();
        (answer.status, answer.body)
    };
    for headers in [
        &b"impersonate-group: ops\r\n"[..],
        b"impersonate-uid: 7\r\n",
        b"impersonate-extra-a: b\r\n",
        b"impersonate-user:\r\nimpersonate-user: jane\r\nimpersonate-group: ops\r\n",
    ] {
        let (status, body) = ask(headers);
        assert!(status == 400 && body.contains("without impersonating a user name"), "{status} {body}");
    }
    // Not the administrator's answer: the request was for somebody whose name cannot be read.
    let (status, body) = ask(b"impersonate-user: j\xfcrgen\r\n");
    assert!(status == 400 && body.contains("impersonate-user header is not UTF-8"), "{status} {body}");
    assert_eq!(ask("impersonate-user: jürgen\r\n".as_bytes()).0, 200);
}
