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
        ("x@p.iam.gserviceaccount.com", ActorKind::Human),
        ("service-1@container-engine-robot.iam.gserviceaccount.com", ActorKind::System),
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

/// An event at a time, refused when `code` says so.
fn at(id: &str, time: &str, code: u16) -> String {
    format!(
        r#"{{"auditID":"{id}","stage":"ResponseComplete","verb":"get","requestURI":"/x","user":{{"username":"ann"}},"sourceIPs":["192.0.2.1"],"stageTimestamp":"{time}","responseStatus":{{"code":{code}}}}}"#
    )
}

#[test]
fn gaps_are_found_whatever_the_order_of_files() {
    let mut log = AuditLog::default();
    log.read("b", at("1", "2026-06-02T00:10:00Z", 200).as_bytes());
    log.read(
        "a",
        [at("2", "2026-06-01T23:50:30Z", 200), at("3", "2026-06-01T20:00:00Z", 200)].join("\n").as_bytes(),
    );
    let texts = |longest| -> Vec<String> {
        let gaps = log.integrity().gaps(longest);
        gaps.iter().map(|(from, to)| format!("{} {}", from.text(), to.text())).collect()
    };
    assert_eq!(texts(60), ["2026-06-01T20:00:00Z 2026-06-01T23:50:00Z"]);
    assert_eq!(texts(10).len(), 2);
    assert!(texts(1_000).is_empty());
    let (first, last) = log.integrity().period().unwrap();
    assert_eq!(last.seconds() - first.seconds(), 4 * 3600 + 600);
}

#[test]
fn a_stage_that_stands_there_twice() {
    let line = at("1", "2026-06-01T00:00:00Z", 200);
    let started = line.replace("ResponseComplete", "ResponseStarted");
    assert_eq!(log(&[line.clone(), started]).integrity().duplicates.0, 0, "the stages of one request");
    let twice = log(&[line.clone(), line]);
    assert_eq!(twice.integrity().duplicates.0, 1);
    assert_eq!(twice.integrity().duplicates.1[0].line, 2);
}

#[test]
fn many_ids_are_forgotten_by_halves() {
    let mut log = AuditLog::default();
    let far: Vec<String> = (0..3_000).map(|n| at(&n.to_string(), "2026-06-01T00:00:00Z", 200)).collect();
    log.read("a", far.join("\n").as_bytes());
    log.read("again", far[..10].join("\n").as_bytes());
    assert_eq!(log.integrity().duplicates.0, 10);
    assert_eq!(log.integrity().duplicates.1.len(), 5, "only some are kept");
}

#[test]
fn a_minute_slides() {
    let times = ["00:00:05", "00:00:55", "00:01:01", "00:01:04", "00:03:00"];
    let lines: Vec<String> =
        times.iter().enumerate().map(|(i, t)| at(&i.to_string(), &format!("2026-06-01T{t}Z"), 403)).collect();
    let most = |lines: &[String]| log(lines).bursts().map(|(_, burst)| (burst.most, burst.total)).next();
    assert_eq!(most(&lines), Some((3, 5)));
    let newest_first: Vec<String> = lines.iter().rev().cloned().collect();
    assert_eq!(most(&newest_first), Some((3, 5)));
}

#[test]
fn sightings_are_counted_and_bounded() {
    let exec = |n: usize, user: &str, stage: &str| {
        format!(
            r#"{{"auditID":"{n}","stage":"{stage}","verb":"create","user":{{"username":"{user}"}},"objectRef":{{"resource":"pods","subresource":"exec","namespace":"a"}},"responseStatus":{{"code":101}},"stageTimestamp":"2026-06-01T00:00:00Z"}}"#
        )
    };
    let mut lines: Vec<String> =
        (0..300).map(|n| exec(n, &format!("user-{n}"), "ResponseComplete")).collect();
    lines.push(exec(400, "user-1", "ResponseStarted"));
    lines.push(exec(400, "user-1", "ResponseComplete"));
    let log = log(&lines);
    let sightings: Vec<_> = log.sightings("AUD-022").collect();
    assert_eq!((sightings.len(), log.uncounted("AUD-022")), (200, 100));
    let twice = sightings.iter().find(|s| s.actor == "user-1").unwrap();
    assert_eq!((twice.count(), twice.marks.len()), (2, 2), "one request has several stages");
}
