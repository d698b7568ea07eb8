//! What makes pods, in every dress.

use evidence::{Evidence, Object, Origin};

use super::*;

fn evidence(texts: &[&str]) -> Evidence {
    let object = |text: &&str| Object {
        value: codec::yaml::parse(text.as_bytes()).unwrap().value,
        origin: Origin::whole("test"),
    };
    Evidence { objects: texts.iter().map(object).collect(), ..Evidence::default() }
}

/// Names of the objects and of a field of their pods.
fn looked_at(texts: &[&str]) -> Vec<String> {
    let evidence = evidence(texts);
    let workloads = Workloads::of(&evidence);
    workloads.0.iter().map(|w| format!("{} {}", w.object.name(), w.field("x"))).collect()
}

#[test]
fn pods_of_kinds_that_are_not_built_in() {
    let spec = "{containers: [{name: a, image: b}]}";
    for (head, way) in [
        (
            "apiVersion: argoproj.io/v1alpha1, kind: Rollout, spec: {template: {spec: S}}",
            "spec.template.spec",
        ),
        ("apiVersion: serving.knative.dev/v1, kind: Revision, spec: S", "spec"),
        ("apiVersion: example.com/v1, kind: Job, spec: {tasks: [{x: 1}, {pod: S}]}", "spec.tasks[1].pod"),
        (
            "apiVersion: extensions/v1beta1, kind: DaemonSet, spec: {template: {spec: S}}",
            "spec.template.spec",
        ),
        (
            "apiVersion: x.io/v1, kind: A, spec: {podTemplate: {spec: {containers: [{name: a}]}}}",
            "spec.podTemplate.spec",
        ),
        ("apiVersion: v1, kind: pod, spec: S", "spec"),
        ("apiVersion: apps/v1, kind: Deployment, spec: {template: {spec: S}}", "spec.template.spec"),
    ] {
        let text = format!("{{metadata: {{name: o}}, {}}}", head.replace(" S", &format!(" {spec}")));
        assert_eq!(looked_at(&[&text]), [format!("o {way}.x")], "{head}");
    }
    let several = "{apiVersion: x.io/v1, kind: Two, metadata: {name: o}, a: {spec: S}, b: {spec: S}}";
    assert_eq!(
        looked_at(&[&several.replace("spec: S", &format!("spec: {spec}"))]),
        ["o a.spec.x", "o b.spec.x"]
    );
}

#[test]
fn what_only_speaks_of_pods_makes_none() {
    for text in [
        "{apiVersion: kyverno.io/v1, kind: ClusterPolicy, spec: {pattern: {spec: {containers: [{image: b}]}}}}",
        "{apiVersion: x.io/v1, kind: A, status: {spec: {containers: [{image: b}]}}}",
        "{apiVersion: x.io/v1, kind: A, spec: {containers: [a, b]}}",
        "{apiVersion: x.io/v1, kind: A, spec: {containers: [{name: a}]}}",
        "{apiVersion: x.io/v1, kind: A, spec: {containers: [{port: 1}]}}",
    ] {
        assert_eq!(looked_at(&[text]), Vec::<String>::new(), "{text}");
    }
    let deep = format!("{{apiVersion: x.io/v1, kind: A, a: {}{}}}", "{b: ".repeat(60), "}".repeat(60));
    assert!(looked_at(&[&deep]).is_empty());
}

const DEPLOYMENT: &str = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: d, uid: d1},
    spec: {template: {spec: {containers: [{name: a, image: b}]}}}}";

fn made(kind: &str, name: &str, by: &str, rest: &str) -> String {
    let owner = format!("[{{controller: true, uid: {by}}}]");
    let version = if kind == "ReplicaSet" { "apps/v1" } else { "v1" };
    format!(
        "{{apiVersion: {version}, kind: {kind}, metadata: {{name: {name}, uid: {name}1, ownerReferences: {owner}}}, {rest}}}"
    )
}

#[test]
fn each_thing_once() {
    let set = made("ReplicaSet", "r", "d1", "spec: {template: {spec: {containers: [{name: a, image: b}]}}}");
    let pod = made(
        "Pod",
        "p",
        "r1",
        "spec: {serviceAccountName: default, nodeName: n, volumes: [{name: kube-api-access-x, projected: {}}],
        containers: [{name: a, image: b, resources: {limits: {cpu: 1}},
        volumeMounts: [{mountPath: /var/run/secrets/kubernetes.io/serviceaccount, name: kube-api-access-x}]}]}",
    );
    assert_eq!(looked_at(&[DEPLOYMENT, &set, &pod]), ["d spec.template.spec.x"]);
    let (host, port) =
        ("spec: {hostNetwork: true, containers: [{name: a, ports: [P]}]}", "{containerPort: 80}");
    let set = made(
        "ReplicaSet",
        "h",
        "none",
        &format!("spec: {{template: {{{}}}}}", host.replace("[P]", &format!("[{port}]"))),
    );
    let defaulted = host.replace("[P]", "[{containerPort: 80, hostPort: 80}]");
    assert_eq!(looked_at(&[&set, &made("Pod", "p", "h1", &defaulted)]), ["h spec.template.spec.x"]);
    let old = made(
        "ReplicaSet",
        "old",
        "d1",
        "spec: {replicas: 0, template: {spec: {containers: [{name: a, image: old}]}}}",
    );
    assert_eq!(looked_at(&[DEPLOYMENT, &old]), ["d spec.template.spec.x"]);
}

#[test]
fn nobody_is_believed_who_does_something_else() {
    let same = "spec: {containers: [{name: a, image: b}]}";
    let privileged = "spec: {hostPID: true, containers: [{name: a, image: b}]}";
    let debugged = "spec: {containers: [{name: a, image: b}], ephemeralContainers: [{name: c, image: d}]}";
    let mount = "spec: {containers: [{name: a, image: b}], volumes: [{name: kube-api-access-x, hostPath: {path: /}}]}";
    for other in [privileged, debugged, mount] {
        // Pods that are alike are looked at once.
        let texts =
            [made("Pod", "p", "d1", other), made("Pod", "q", "d1", other), made("Pod", "r", "d1", same)];
        let texts: Vec<&str> = [DEPLOYMENT].into_iter().chain(texts.iter().map(String::as_str)).collect();
        assert_eq!(looked_at(&texts), ["d spec.template.spec.x", "p spec.x"], "{other}");
    }
    // Nobody's child, one's own, and each other's.
    assert_eq!(looked_at(&[&made("Pod", "p", "\"\"", same), &made("Pod", "q", "\"\"", same)]).len(), 2);
    assert_eq!(looked_at(&[&made("Pod", "p", "p1", same)]).len(), 1);
    assert_eq!(looked_at(&[&made("Pod", "p", "q1", same), &made("Pod", "q", "p1", same)]).len(), 2);
    // What is hidden in a set that makes nothing.
    let idle = "spec: {replicas: 0, template: {spec: {hostPID: true, containers: [{name: a, image: b}]}}}";
    let texts = [made("ReplicaSet", "i", "d1", idle), made("Pod", "p", "i1", privileged)];
    assert_eq!(looked_at(&[DEPLOYMENT, &texts[0], &texts[1]]), ["d spec.template.spec.x", "p spec.x"]);
}

#[test]
fn what_the_api_refuses_is_told() {
    let refused = |text: &str| {
        let evidence = evidence(&[text]);
        Refused::of(&Workloads::of(&evidence).0, &evidence.objects).0.len()
    };
    let pod = |rest: &str| refused(&format!("{{apiVersion: v1, kind: Pod, metadata: {{name: p}}, {rest}}}"));
    for bad in [
        "spec: [{containers: [{name: a, image: b}]}]",
        "spec: {}",
        "Spec: {containers: [{name: a, image: b}]}",
        "spec: {hostNetwork: \"true\", containers: [{name: a, image: b}]}",
        "spec: {containers: {a: {image: b}}}",
        "spec: {containers: [{name: a, securityContext: {runAsUser: \"0\"}}]}",
        "spec: {containers: [{name: a, resources: {limits: {memory: 1Gib}}}]}",
    ] {
        assert_eq!(pod(bad), 1, "{bad}");
    }
    for good in [
        "spec: {containers: [{name: a, image: b}]}",
        "spec: {hostnetwork: 1, containers: [{name: a}]}",
        "spec: {containers: [{name: a, env: [{name: A, value: 1}]}]}",
    ] {
        assert_eq!(pod(good), 0, "{good}");
    }
    assert_eq!(refused("{apiVersion: tekton.dev/v1, kind: Task, spec: {steps: [{image: a}]}}"), 1);
}
