//! What a client shows to say who he is: certificates that hold and that do not, tokens from a file.

use e2e::{ClientCertificate, Server, Session, Validity};

use crate::support::SHARED;

const UNAUTHORIZED: &str = "error: You must be logged in to the server (Unauthorized)\n";

#[test]
fn a_certificate_makes_a_user() {
    let certificate = ClientCertificate::issue(&SHARED.pki(), "jane", Some("team"), Validity::Now);
    let jane = Session::user(&SHARED, &certificate);
    let who = jane
        .expect("kubectl auth whoami -o jsonpath='{.status.userInfo.username} {.status.userInfo.groups}'");
    assert_eq!(who, r#"jane ["team","system:authenticated"]"#);
    let denied = jane.run("kubectl delete namespace kube-system");
    assert_eq!(denied.code, Some(1));
    assert_eq!(
        denied.stderr,
        "Error from server (Forbidden): namespaces \"kube-system\" is forbidden: User \"jane\" cannot delete \
         resource \"namespaces\" in API group \"\" in the namespace \"kube-system\"\n"
    );
}

#[test]
fn a_certificate_outside_its_time_makes_none() {
    for validity in [Validity::Expired, Validity::Future] {
        let certificate = ClientCertificate::issue(&SHARED.pki(), "jane", Some("system:masters"), validity);
        let jane = Session::user(&SHARED, &certificate);
        let denied = jane.run("kubectl get --raw /version");
        assert_eq!((denied.code, denied.stderr.as_str()), (Some(1), UNAUTHORIZED), "{validity:?}");
        let denied = jane.run("kubectl create configmap x");
        assert_eq!(denied.stderr, "error: failed to create configmap: Unauthorized\n", "{validity:?}");
        let admin = Session::admin(&SHARED);
        assert_eq!(admin.run("kubectl get configmap x").code, Some(1));
    }
}

#[test]
fn a_certificate_of_another_ca_makes_none() {
    let other = Server::start(&[]);
    let certificate = ClientCertificate::issue(&other.pki(), "jane", Some("system:masters"), Validity::Now);
    let jane = Session::user(&SHARED, &certificate);
    let denied = jane.run("kubectl get --raw /version");
    assert_eq!((denied.code, denied.stderr.as_str()), (Some(1), UNAUTHORIZED));
}

#[test]
fn tokens_come_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tokens.csv");
    std::fs::write(&file, "secret,jane,7,\"team,other\"\nmaster,boss,8,system:masters\n").unwrap();
    let server = Server::start(&["--token-auth-file", file.to_str().unwrap()]);
    let session = Session::admin(&server);
    let whoami = |token: &str| {
        session.run(&format!("kubectl config set-credentials t --token={token} >/dev/null; kubectl --user=t auth whoami -o jsonpath='{{.status.userInfo}}'"))
    };
    let jane: serde_json::Value = serde_json::from_str(&whoami("secret").stdout).unwrap();
    let expected = serde_json::json!({
        "username": "jane", "uid": "7", "groups": ["team", "other", "system:authenticated"],
    });
    assert_eq!(jane, expected);
    assert!(whoami("master").stdout.contains("boss"));
    let wrong = whoami("secre");
    assert_eq!((wrong.code, wrong.stderr.as_str()), (Some(1), UNAUTHORIZED));
}

#[test]
fn nobody_may_read_what_everybody_may() {
    for path in ["/version", "/healthz", "/livez", "/readyz"] {
        assert_eq!(SHARED.get_anonymously(path).unwrap().status, 200, "{path}");
    }
    for (path, denied) in [
        (
            "/api/v1/pods",
            r#"pods is forbidden: User \"system:anonymous\" cannot list resource \"pods\" in API group \"\" at the cluster scope"#,
        ),
        ("/metrics", r#"forbidden: User \"system:anonymous\" cannot get path \"/metrics\""#),
    ] {
        let answer = SHARED.get_anonymously(path).unwrap();
        assert_eq!(answer.status, 403, "{answer:?}");
        assert!(answer.body.contains(denied), "{answer:?}");
    }
}

#[test]
fn without_anonymous_access_nobody_gets_in_unknown() {
    let server = Server::start(&["--anonymous-auth=false"]);
    for path in ["/version", "/readyz", "/api/v1/pods", "/nothing"] {
        let answer = server.get_anonymously(path).unwrap();
        assert_eq!(answer.status, 401, "{answer:?}");
    }
    assert!(Session::admin(&server).expect("kubectl get namespaces").contains("kube-system"));
}
