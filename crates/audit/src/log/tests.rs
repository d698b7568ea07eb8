//! Every form, whole and broken.

use std::io::Write as _;

use super::*;
use crate::{Event, Outcome, Target};

/// An event as the server writes it, with bodies that must not confuse anybody.
fn plain(n: usize) -> String {
    format!(
        concat!(
            r#"{{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"RequestResponse","auditID":"{n}","#,
            r#""stage":"ResponseComplete","requestURI":"/api/v1/namespaces/ns/pods/p{n}/log?x=1","verb":"get","#,
            r#""user":{{"username":"bob","groups":["dev","system:authenticated"],"extra":{{"k":["v"]}}}},"#,
            r#""sourceIPs":["::1"],"objectRef":{{"resource":"pods","subresource":"log","namespace":"ns","name":"p{n}","apiVersion":"v1"}},"#,
            r#""responseStatus":{{"metadata":{{}},"code":200}},"#,
            r#""requestObject":{{"verb":"\"}}{{","items":[{{"user":[]}}]}},"#,
            r#""stageTimestamp":"2026-11-23T04:00:00.000000Z","#,
            r#""annotations":{{"authorization.k8s.io/decision":"allow","authorization.k8s.io/reason":"RBAC: \"x\""}}}}"#
        ),
        n = n
    )
}

fn quoted(text: &str) -> String {
    api::json::to_string(&text.into())
}

fn read(text: impl AsRef<[u8]>) -> (Vec<String>, Summary) {
    let mut seen = Vec::new();
    let mut sink = |event: &Event| seen.push(line(event));
    let mut reader = Reader::new(&mut sink);
    reader.read("f", text.as_ref());
    let summary = reader.finish();
    (seen, summary)
}

/// An event in one line.
fn line(event: &Event) -> String {
    let target = match event.target() {
        Target::Path(path) => path.into_owned(),
        Target::Resource(o) => {
            format!("{}/{}/{} {}:{}", o.group, o.resource, o.subresource, o.namespace, o.name)
        }
    };
    let groups = event.subject().groups().join("+");
    format!("{} [{groups}] {} {target} {:?}", event.subject().name, event.verb, event.outcome())
}

fn want(n: usize) -> String {
    format!("bob [dev+system:authenticated] get /pods/log ns:p{n} Allowed")
}

fn wants(count: usize) -> Vec<String> {
    (0..count).map(want).collect()
}

#[test]
fn forms() {
    let (a, b) = (plain(0), plain(1));
    let (qa, qb) = (quoted(&a), quoted(&b));
    let csv = |text: &str| format!("2026,\"{}\",x", text.replace('"', "\"\""));
    let cases: Vec<(&str, String, Form)> = vec![
        ("lines", format!("{a}\n{b}\n"), Form::Kubernetes),
        ("no break at the end, blank lines", format!("\n\n{a}\r\n\r\n{b}"), Form::Kubernetes),
        ("one behind the other", format!("{a}{b}"), Form::Kubernetes),
        ("list", format!("[{a},{b}]"), Form::Kubernetes),
        ("list, item a line", format!("[\n{a},\n{b}\n]\n"), Form::Kubernetes),
        (
            "event list",
            format!(r#"{{"kind":"EventList","metadata":{{}},"items":[{a},{b}]}}"#),
            Form::Kubernetes,
        ),
        ("pretty", format!("{}\n{}\n", pretty(&a), pretty(&b)), Form::Kubernetes),
        ("pretty list", pretty(&format!("[{a},{b}]")), Form::Kubernetes),
        (
            "subscription",
            format!(
                r#"{{"messageType":"DATA_MESSAGE","logEvents":[{{"id":"1","message":{qa}}},{{"id":"2","message":{qb}}}]}}"#
            ),
            Form::CloudWatch,
        ),
        ("export", format!("2026-11-23T04:00:00.000Z {a}\n2026-11-23T04:00:00.000Z {b}\n"), Form::Kubernetes),
        (
            "insights",
            format!("{{\"@timestamp\":\"x\",\"@message\":{qa}}}\n{{\"@message\":{b}}}\n"),
            Form::CloudWatch,
        ),
        (
            "query results",
            format!(
                r#"{{"results":[[{{"field":"@timestamp","value":"2026"}},{{"field":"@message","value":{qa}}}],[{{"field":"@message","value":{qb}}}]],"status":"Complete"}}"#
            ),
            Form::CloudWatch,
        ),
        (
            "azure lines",
            format!(
                "{{\"category\":\"kube-audit\",\"properties\":{{\"log\":{qa},\"stream\":\"stdout\"}}}}\n{{\"category\":\"kube-audit-admin\",\"properties\":{{\"log\":{qb}}}}}"
            ),
            Form::AzureMonitor,
        ),
        (
            "azure records",
            format!(r#"{{"records":[{{"properties":{{"log":{qa}}}}},{{"properties":{{"log":{qb}}}}}]}}"#),
            Form::AzureMonitor,
        ),
        (
            "azure properties as text",
            format!(
                "{{\"properties\":{}}}\n{{\"properties\":{}}}",
                quoted(&format!("{{\"log\":{qa}}}")),
                quoted(&format!("{{\"log\":{qb}}}"))
            ),
            Form::AzureMonitor,
        ),
        (
            "naver search",
            format!(
                r#"{{"code":0,"result":{{"pageSize":2,"searchResult":[{{"logTime":"1","logType":"kube-audit","logDetail":{qa}}},{{"logDetail":{qb}}}]}}}}"#
            ),
            Form::Naver,
        ),
        (
            "naver lines",
            format!("{{\"logType\":\"audit\",\"logDetail\":{qa}}}\n{{\"logDetail\":{b}}}"),
            Form::Naver,
        ),
        ("csv", format!("time,log\n{}\n{}\n", csv(&a), csv(&b)), Form::Kubernetes),
        (
            "docker",
            format!("{{\"log\":{},\"stream\":\"stdout\"}}\n{{\"log\":{qb}}}", quoted(&format!("{a}\n"))),
            Form::Wrapped,
        ),
        (
            "cri",
            format!("2026-11-23T04:00:00Z stdout F {a}\n2026-11-23T04:00:00Z stdout F {b}"),
            Form::Kubernetes,
        ),
    ];
    for (name, text, form) in cases {
        let (seen, summary) = read(&text);
        assert_eq!(seen, wants(2), "{name}");
        assert_eq!((summary.events, summary.broken), (2, 0), "{name}: {:?}", summary.problems);
        assert_eq!(summary.forms.into_iter().collect::<Vec<_>>(), [(form, 2)], "{name}");
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(text.as_bytes()).unwrap();
        assert_eq!(read(gzip.finish().unwrap()).0, wants(2), "{name}, compressed");
    }
}

fn pretty(text: &str) -> String {
    let mut out = Vec::new();
    codec::json::write_pretty(&mut out, &codec::json::parse(text.as_bytes()).unwrap().value);
    String::from_utf8(out).unwrap()
}

#[test]
fn azure_table() {
    let text = r#"{"AuditId":"1","Stage":"ResponseComplete","RequestUri":"/healthz","Verb":"get","User":{"username":"eve"},"ResponseStatus":{"code":403}}"#;
    let (seen, summary) = read(text);
    assert_eq!(seen, ["eve [] get /healthz Denied"]);
    assert!(summary.forms.contains_key(&Form::AzureMonitor));
}

#[test]
fn google() {
    let entry = |method: &str, resource: &str, more: &str| {
        format!(
            r#"{{"insertId":"x","labels":{{"authorization.k8s.io/decision":"allow"}},"protoPayload":{{"@type":"type.googleapis.com/google.cloud.audit.AuditLog","authenticationInfo":{{"principalEmail":"a@b.c"}},"methodName":"{method}","resourceName":"{resource}"{more}}},"timestamp":"t"}}"#
        )
    };
    let denied =
        entry("io.k8s.core.v1.secrets.get", "core/v1/namespaces/p/secrets/db", r#","status":{"code":7}"#)
            .replace("allow", "");
    let text = [
        entry("io.k8s.core.v1.pods.exec.create", "core/v1/namespaces/a/pods/b/exec", ""),
        entry("io.k8s.core.v1.pods.create", "core/v1/namespaces/a/pods/b", ""),
        entry("io.k8s.apps.v1.deployments.list", "apps/v1/deployments", ""),
        entry(
            "io.k8s.authorization.rbac.v1.clusterroles.patch",
            "rbac.authorization.k8s.io/v1/clusterroles/system:x",
            "",
        ),
        entry("io.k8s.core.v1.nodes.proxy.get", "core/v1/nodes/n/proxy/metrics", ""),
        entry("io.k8s.core.v1.namespaces.get", "core/v1/namespaces/a", ""),
        entry("io.k8s.core.v1.namespaces.create", "core/v1/namespaces/a", ""),
        entry("io.k8s.get", "healthz", ""),
        entry("google.container.v1.ClusterManager.GetCluster", "projects/p", ""),
        denied,
    ]
    .join("\n");
    let (seen, summary) = read(&text);
    let rows = [
        "create /pods/exec a:b Allowed",
        "create /pods/ a: Allowed",
        "list apps/deployments/ : Allowed",
        "patch rbac.authorization.k8s.io/clusterroles/ :system:x Allowed",
        "get /nodes/proxy :n Allowed",
        "get /namespaces/ a:a Allowed",
        "create /namespaces/ : Allowed",
        "get /healthz Allowed",
        "get /secrets/ p:db Denied",
    ];
    assert_eq!(seen, rows.map(|r| format!("a@b.c [] {r}")));
    assert_eq!((summary.events, summary.other, summary.broken), (9, 1, 0));
    assert_eq!(read(format!("[{}]", text.replace('\n', ","))).0, seen, "as `gcloud --format json` prints it");
}

#[test]
fn broken_lines_are_named_and_the_rest_is_read() {
    let whole = plain(0);
    let torn = |at: usize| &whole[..at];
    // Wherever a line is torn, its neighbours are read.
    for at in 1..whole.len() {
        let text = format!("{whole}\n{}\n{}\n", torn(at), plain(1));
        let (seen, summary) = read(&text);
        assert_eq!(seen, wants(2), "torn at {at}: {:?} {}", summary.problems, torn(at));
        assert_eq!(summary.broken, 1, "torn at {at}: {}", torn(at));
        assert_eq!(summary.problems[0].to_string().split(' ').next(), Some("f:2:"), "torn at {at}");
    }
    let (seen, summary) = read(format!("{whole}\nhello\n{{\"a\":1}}\n{whole} rest\n{}", torn(40)));
    assert_eq!(seen, [want(0), want(0)]);
    assert_eq!((summary.other, summary.broken), (3, 1));
    assert_eq!(
        summary.problems.iter().map(ToString::to_string).collect::<Vec<_>>(),
        [
            "f:2: is no audit event (the first such in this file)",
            "f:5: breaks off in the middle of a JSON value"
        ]
    );
    let (seen, summary) = read(format!("{{\"logEvents\":[{{\"message\":{}}}]}}\n{whole}", quoted(torn(60))));
    assert_eq!((seen.len(), summary.broken), (1, 1));
}

#[test]
fn compressed_files_that_end_early() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    for n in 0..2000 {
        gzip.write_all(format!("{}\n", plain(n)).as_bytes()).unwrap();
    }
    let bytes = gzip.finish().unwrap();
    let (seen, summary) = read(&bytes[..bytes.len() / 2]);
    assert!(seen.len() > 500 && seen.len() < 1500, "{}", seen.len());
    assert!(summary.broken >= 1, "{summary:?}");
}

#[test]
fn a_list_longer_than_the_bound_is_taken_item_by_item() {
    let fill = "x".repeat(1 << 20);
    let item = plain(0).replace(r#""requestObject":{"#, &format!(r#""requestObject":{{"fill":"{fill}","#));
    let items = vec![item; MOST_BYTES / (1 << 20) + 3];
    let text =
        format!(r#"{{"kind":"EventList","metadata":{{}},"items":[{}],"end":{{"a":1}}}}"#, items.join(","));
    assert!(text.len() > MOST_BYTES);
    let (seen, summary) = read(format!("{text}\n{}", plain(1)));
    assert_eq!(seen.len(), items.len() + 1, "{:?}", summary.problems);
    assert_eq!(summary.broken, 0);
    // One event alone that is too long is lost, and named.
    let text = plain(0).replace(r#""sourceIPs""#, &format!(r#""fill":"{}","sourceIPs""#, fill.repeat(40)));
    let (seen, summary) = read(format!("{text}\n{}", plain(1)));
    assert_eq!(seen.last(), Some(&want(1)));
    assert_ne!(summary.broken + summary.other, 0);
}

#[test]
fn stages_and_impersonation() {
    let text = plain(0).replace(
        r#""sourceIPs""#,
        r#""impersonatedUser":{"username":"ann","groups":["ops"]},"authenticationMetadata":{"impersonationConstraint":"impersonate:user-info"},"sourceIPs""#,
    );
    let mut seen = Vec::new();
    let mut sink = |event: &Event| {
        seen.push((event.subject().name.to_string(), event.user.user_info(), event.constraint.to_string()));
    };
    let mut reader = Reader::new(&mut sink);
    reader.read("f", text.as_bytes());
    reader.finish();
    let mut bob = api::UserInfo::new("bob", ["dev", "system:authenticated"]);
    bob.extra.insert("k".into(), vec!["v".into()]);
    assert_eq!(seen, [("ann".to_owned(), bob, "impersonate:user-info".to_owned())]);
    let received = plain(0).replace("ResponseComplete", "RequestReceived").replace(r#""allow""#, "null");
    let mut outcome = None;
    let mut sink = |event: &Event| outcome = Some(event.outcome());
    Reader::new(&mut sink).read("f", received.as_bytes());
    assert_eq!(outcome, Some(Outcome::Undecided));
}

#[test]
fn what_else_an_event_says() {
    let mut seen = Vec::new();
    let mut sink = |event: &Event| {
        let credential = event.user.extra("k");
        let all = [&event.id, &event.source(), &event.annotation("authorization.k8s.io/reason")]
            .map(|t| t.to_string());
        let body = String::from_utf8_lossy(event.request_text).len();
        seen.push(format!(
            "{}:{} {} {credential} {} {body}",
            event.file,
            event.line,
            all.join(" "),
            event.user.is_in("dev")
        ));
    };
    let mut reader = Reader::new(&mut sink);
    reader.read("f", format!("\n{}\n[{},\n{}]", plain(0), plain(1), plain(2)).as_bytes());
    let google = r#"{"insertId":"x","protoPayload":{"authenticationInfo":{"principalEmail":"a@b.c"},"requestMetadata":{"callerIp":"1.2.3.4"},"request":{},"methodName":"io.k8s.core.v1.pods.create","resourceName":"core/v1/namespaces/a/pods"}}"#;
    reader.read("g", google.as_bytes());
    reader.finish();
    let body = seen[0].rsplit(' ').next().unwrap().to_owned();
    let want = |n: usize, line: usize| format!("f:{line} {n} ::1 RBAC: \"x\" v true {body}");
    assert!(body.parse::<usize>().unwrap() > 10);
    assert_eq!(seen, [want(0, 2), want(1, 3), want(2, 4), "g:1 x 1.2.3.4   false 2".to_owned()]);
}

proptest::proptest! {
    /// Whatever the bytes, reading ends, and what is intact behind a line break is found.
    #[test]
    fn noise(noise in proptest::collection::vec(0_u8..128, 0..200), cut in 0_usize..400) {
        let event = plain(0);
        let cut = cut.min(event.len());
        let text = [&noise[..], &event.as_bytes()[cut..], b"\n", plain(1).as_bytes(), b"\n", plain(2).as_bytes()].concat();
        let (seen, _) = read(text);
        proptest::prop_assert_eq!(seen.last(), Some(&want(2)));
    }
}
