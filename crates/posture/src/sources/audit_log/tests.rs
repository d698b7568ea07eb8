use super::*;

/// An event of a user.
pub(super) fn event(n: usize, user: &str, more: &str) -> String {
    format!(
        r#"{{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Request","auditID":"id-{n}","stage":"ResponseComplete","requestURI":"/x","user":{{"username":"{user}"}},"sourceIPs":["10.0.0.{n}"],"stageTimestamp":"2026-06-01T00:{:02}:00Z",{more},"responseStatus":{{"code":200}}}}"#,
        n % 60
    )
}

pub(super) fn log(lines: &[String]) -> AuditLog {
    let mut log = AuditLog::default();
    log.read("audit.log", lines.join("\n").as_bytes());
    log
}

#[test]
fn people_are_told_apart_from_machines() {
    for (name, kind) in [
        ("system:anonymous", ActorKind::Anonymous),
        ("system:serviceaccount:a:b", ActorKind::ServiceAccount),
        ("system:node:n1", ActorKind::Node),
        ("system:kube-scheduler", ActorKind::System),
        ("eks:node-manager", ActorKind::System),
        ("x@p.iam.gserviceaccount.com", ActorKind::System),
        ("kubernetes-admin", ActorKind::Human),
        ("ann@example.com", ActorKind::Human),
    ] {
        assert_eq!(ActorKind::of(name), kind, "{name}");
    }
}

#[test]
fn actors_have_credentials_and_addresses() {
    let get = r#""verb":"get","objectRef":{"resource":"pods"}"#;
    let by_certificate = event(1, "ann", get).replace(
        r#""username":"ann""#,
        r#""username":"ann","extra":{"authentication.kubernetes.io/credential-id":["X509SHA256=00"]}"#,
    );
    let log = log(&[event(0, "bob", get), by_certificate, event(2, "system:serviceaccount:a:b", get)]);
    let names = |actors: Vec<&Actor>| actors.iter().map(|a| a.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(log.certificate_users().collect()), ["ann"]);
    let account = log.service_accounts().next().unwrap();
    assert_eq!(account.sources, [("10.0.0.2".to_owned(), 1)]);
    assert_eq!(
        log.certificate_users().next().unwrap().certificate.as_ref().unwrap().to_string(),
        "id-1 (audit.log:2)"
    );
}
