use super::*;
use crate::catalogue::Kind;
use crate::document::Document;
use evidence::{Object, Origin};

fn input(objects: &[&str], documents: &[(Kind, &str, &str)]) -> Input {
    let mut input = Input::default();
    for text in objects {
        let value = codec::yaml::parse(text.as_bytes()).unwrap().value;
        input.add(Object { value, origin: Origin::whole("fixture") });
    }
    for (kind, name, text) in documents {
        input.documents.extend(Document::parse(*kind, name, text.as_bytes()).unwrap());
    }
    input
}

fn pod(container: &str) -> String {
    format!(
        "{{apiVersion: v1, kind: Pod, metadata: {{name: a, namespace: kube-system}}, spec: {{containers: [{container}]}}}}"
    )
}

fn only<'a>(input: &'a Input) -> Component<'a> {
    let plane = ControlPlane::gather(input, &Workloads::of(&input.objects));
    assert_eq!(plane.components.len(), 1, "{plane:?}");
    plane.components.into_iter().next().unwrap()
}

#[test]
fn command_lines_in_every_shape() {
    for (container, anonymous, field) in [
        ("{command: [kube-apiserver, --anonymous-auth=false]}", false, "spec.containers[0].command[1]"),
        (
            "{command: [/usr/bin/kube-apiserver], args: ['--anonymous-auth=false']}",
            false,
            "spec.containers[0].args[0]",
        ),
        (
            "{image: 'registry.k8s.io/kube-apiserver:v1.34.1', args: ['--anonymous_auth=false']}",
            false,
            "spec.containers[0].args[0]",
        ),
        (
            "{command: [/go-runner, --log-file=/a, kube-apiserver, --anonymous-auth=f]}",
            false,
            "spec.containers[0].command[3]",
        ),
        (
            "{command: [kube-apiserver, --anonymous-auth=false, --anonymous-auth]}",
            true,
            "spec.containers[0].command[2]",
        ),
        ("{command: [kube-apiserver, --anonymous-auth, 'false']}", true, "spec.containers[0].command[1]"),
        (
            "{command: [sh, -c, \"set -e\\nexec kube-apiserver --v 2 \\\\\\n '--anonymous-auth=false' >> /log 2>&1\"]}",
            false,
            "spec.containers[0].command[2]",
        ),
        (
            "{command: [kube-apiserver, '--anonymous-auth=$(ANONYMOUS)'], env: [{name: ANONYMOUS, value: 'false'}]}",
            false,
            "spec.containers[0].command[1]",
        ),
    ] {
        let input = input(&[&pod(container)], &[]);
        let component = only(&input);
        assert_eq!(component.program, Program::ApiServer);
        assert_eq!(component.flags.is("anonymous-auth", true), anonymous, "{container}");
        assert_eq!(component.flags.last("anonymous-auth").unwrap().field, field, "{container}");
    }
}

#[test]
fn the_last_value_counts_and_lists_grow() {
    let input = input(
        &[&pod(
            "{image: 'kube-apiserver:v1.30.2', command: [kube-apiserver, --profiling=false, --audit-log-path, '-', --profiling, --authorization-mode=Node, '--authorization-mode=RBAC,Webhook', '--feature-gates=A=true,B=false', --feature-gates=A=false, --tls-cert-file, /a.crt]}",
        )],
        &[],
    );
    let flags = only(&input).flags;
    assert!(flags.is("profiling", false));
    assert_eq!(flags.text("audit-log-path"), "-");
    assert_eq!(flags.text("tls-cert-file"), "/a.crt");
    assert_eq!(flags.list("authorization-mode"), ["Node", "RBAC", "Webhook"]);
    assert_eq!((flags.gate("A"), flags.gate("B"), flags.gate("C")), (Some(false), Some(false), None));
    assert!(only(&input).since(30) && !only(&input).since(31));
}

#[test]
fn etcd_reads_its_environment_and_its_file() {
    let environment = "{command: [etcd, '--cert-file=/a'], env: [{name: ETCD_CERT_FILE, value: /b}, {name: ETCD_CLIENT_CERT_AUTH, value: 'true'}]}";
    let given = input(&[&pod(environment)], &[]);
    let flags = only(&given).flags;
    assert_eq!((flags.text("cert-file"), flags.is("client-cert-auth", false)), ("/a", true));
    let file = "{command: [etcd, --config-file=/etc/etcd.yaml, --auto-tls]}";
    let settings = "{client-transport-security: {client-cert-auth: true}, peer-transport-security: {auto-tls: true}, name: a}";
    let given = input(&[&pod(file)], &[(Kind::ControlPlane, "node1/etc/etcd.yaml", settings)]);
    let flags = only(&given).flags;
    assert!(flags.is("client-cert-auth", false) && flags.is("peer-auto-tls", false));
    // The file replaces the flags.
    assert!(!flags.is("auto-tls", false));
    let given = input(&[&pod(file)], &[]);
    assert_eq!(only(&given).missing.as_deref(), Some("/etc/etcd.yaml"));
}

#[test]
fn an_etcd_of_an_application_is_none_of_ours() {
    let own = "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: shop}, spec: {containers: [{command: [etcd]}]}}";
    let given = input(&[own], &[]);
    assert!(ControlPlane::gather(&given, &Workloads::of(&given.objects)).components.is_empty());
}

#[test]
fn processes_tell_what_no_pod_tells() {
    let facts = "{apiVersion: posture.sumun.io/v1, kind: HostFacts, metadata: {name: cp1}, processes: [{name: kube-apiserver, args: [/usr/bin/kube-apiserver, --profiling=false]}, {name: sh, args: [sh, -c, kube-scheduler]}], files: [{path: /etc/ca.crt, mode: '0644', content: host}]}";
    let given = input(&[], &[(Kind::Host, "facts", facts)]);
    let component = only(&given);
    assert_eq!((component.host, component.field.as_str()), ("cp1", "args"));
    assert_eq!(component.flags.last("profiling").unwrap().field, "args[1]");
    // Its pod and its process are one.
    let given =
        input(&[&pod("{command: [kube-apiserver, --profiling=false]}")], &[(Kind::Host, "facts", facts)]);
    assert_eq!(only(&given).field, "spec.containers[0].command");
    assert_eq!(Files::mode(&given, "/etc/ca.crt", "cp1"), Some(0o644));
}

#[test]
fn files_are_found_by_path_by_its_end_and_by_name() {
    let config = |n: u32| format!("{{x: {n}}}");
    let (a, b) = (config(1), config(2));
    let mounted = "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {nodeName: cp1, volumes: [{name: v, hostPath: {path: /srv/k8s/}}], containers: [{command: [kube-apiserver, --authentication-config=/conf/a.yaml], volumeMounts: [{name: v, mountPath: /conf}]}]}}";
    let found = |documents: &[(Kind, &str, &str)]| {
        let given = input(&[mounted], documents);
        let plane = ControlPlane::gather(&given, &Workloads::of(&given.objects));
        let component = plane.components.first().unwrap();
        plane.file(component, "/conf/a.yaml").map(|file| file.text().into_owned())
    };
    let kind = Kind::ControlPlane;
    assert_eq!(found(&[(kind, "/srv/k8s/a.yaml", &a), (kind, "x/a.yaml", &b)]).as_deref(), Some("{\"x\":1}"));
    assert_eq!(
        found(&[(kind, "x/a.yaml", &b), (kind, "dump/srv/k8s/a.yaml", &a)]).as_deref(),
        Some("{\"x\":1}")
    );
    assert_eq!(found(&[(kind, "x/a.yaml", &b), (kind, "b.yaml", &a)]).as_deref(), Some("{\"x\":2}"));
    assert_eq!(found(&[(kind, "x/a.yaml", &b), (kind, "y/a.yaml", &a)]), None);
    let facts = "{metadata: {name: cp1}, files: [{path: /srv/k8s/a.yaml, content: hello}]}";
    assert_eq!(found(&[(Kind::Host, "facts", facts)]).as_deref(), Some("hello"));
    assert_eq!(files_named(&input(&[mounted], &[])), ["/srv/k8s/a.yaml"]);
    assert!(files_named(&input(&[mounted], &[(kind, "a.yaml", &a)])).is_empty());
}
