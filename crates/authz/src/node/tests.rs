use super::*;
use crate::authorizer::Selectors;
use api::object;
use api::selector::FieldSelector;

fn pod(name: &str, node: &str) -> Value {
    object! {
        "metadata" => object! { "name" => name, "namespace" => "ns" },
        "spec" => object! {
            "nodeName" => node,
            "serviceAccountName" => "robot",
            "imagePullSecrets" => vec![object! { "name" => "pull" }],
            "containers" => vec![object! {
                "envFrom" => vec![object! { "secretRef" => object! { "name" => "env" } }],
                "env" => vec![object! { "valueFrom" => object! { "configMapKeyRef" => object! { "name" => "key" } } }],
            }],
            "volumes" => vec![
                object! { "name" => "a", "secret" => object! { "secretName" => "mounted" } },
                object! { "name" => "b", "configMap" => object! { "name" => "cfg" } },
                object! { "name" => "c", "persistentVolumeClaim" => object! { "claimName" => "data" } },
                object! { "name" => "d", "ephemeral" => object! {} },
            ],
            "resourceClaims" => vec![object! { "name" => "gpu", "resourceClaimTemplateName" => "t" }],
        },
        "status" => object! { "resourceClaimStatuses" => vec![object! { "name" => "gpu", "resourceClaimName" => "made" }] },
    }
}

fn volume() -> Value {
    object! {
        "metadata" => object! { "name" => "pv" },
        "spec" => object! {
            "claimRef" => object! { "namespace" => "ns", "name" => "data" },
            "csi" => object! { "nodeStageSecretRef" => object! { "namespace" => "sys", "name" => "stage" } },
            "iscsi" => object! { "secretRef" => object! { "name" => "chap" } },
        },
    }
}

fn kubelet(node: &str) -> UserInfo {
    UserInfo::new(format!("system:node:{node}"), ["system:nodes"])
}

/// `verb group/resource[/subresource] namespace name`, `-` for empty; the reason, or `yes`.
fn ask(authorizer: &Node, node: &str, question: &str) -> String {
    let [verb, resource, namespace, name] = question.split(' ').collect::<Vec<_>>()[..] else {
        panic!("{question}")
    };
    let (group, resource) = resource.split_once(':').unwrap_or(("", resource));
    let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
    let (name, selector) = name.split_once('?').unwrap_or((name, ""));
    let fields = FieldSelector::parse(selector).unwrap().terms().to_vec();
    let selectors = Selectors { fields, ..Selectors::default() };
    let or = |s| if s == "-" { "" } else { s };
    let (namespace, name) = (or(namespace), or(name));
    let selectors = Some(&selectors);
    let target = ResourceTarget {
        group,
        resource,
        subresource,
        namespace,
        name,
        selectors,
        ..ResourceTarget::default()
    };
    let verdict = authorizer.authorize(&Attributes::of_resource(&kubelet(node), verb, target));
    if verdict.allowed() { "yes".to_owned() } else { verdict.reason.to_string() }
}

#[test]
fn a_node_reads_what_its_pods_need() {
    let node = Node::new();
    node.batch(|b| {
        b.upsert(Source::Pod, &pod("p", "n1"));
        b.upsert(Source::Volume, &volume());
    });
    let questions = [
        "get pods ns p",
        "get secrets ns pull",
        "list secrets ns env",
        "watch secrets ns mounted",
        "get configmaps ns key",
        "get configmaps ns cfg",
        "get persistentvolumeclaims ns data",
        "patch persistentvolumeclaims/status ns data",
        "get persistentvolumeclaims ns p-d",
        "get persistentvolumes - pv",
        "get secrets sys stage",
        "get secrets ns chap",
        "get serviceaccounts ns robot",
        "create serviceaccounts/token ns robot",
        "get resource.k8s.io:resourceclaims ns made",
    ];
    for question in questions {
        assert_eq!(ask(&node, "n1", question), "yes", "{question}");
        assert_eq!(
            ask(&node, "n2", question),
            "no relationship found between node 'n2' and this object",
            "{question}"
        );
    }
    assert!(ask(&node, "n1", "get secrets ns other").starts_with("no relationship"));
    assert!(ask(&node, "n1", "get persistentvolumes ns pv").starts_with("no relationship"));
    node.remove(Source::Volume, "", "pv");
    assert!(ask(&node, "n1", "get persistentvolumes - pv").starts_with("no relationship"));
    node.remove(Source::Pod, "ns", "p");
    for question in questions {
        assert!(ask(&node, "n1", question).starts_with("no relationship"), "{question}");
    }
    assert!(node.writer.lock().unwrap().is_empty());
}

#[test]
fn ties_are_counted() {
    let node = Node::new();
    node.upsert(Source::Pod, &pod("a", "n1"));
    node.upsert(Source::Pod, &pod("b", "n1"));
    node.remove(Source::Pod, "ns", "a");
    assert_eq!(ask(&node, "n1", "get secrets ns mounted"), "yes");
    node.upsert(Source::Pod, &pod("b", "n2"));
    assert_ne!(ask(&node, "n1", "get secrets ns mounted"), "yes");
    assert_eq!(ask(&node, "n2", "get secrets ns mounted"), "yes");
}

#[test]
fn mirror_pods_give_nothing() {
    let node = Node::new();
    let mut mirror = pod("m", "n1");
    mirror.set_at(&["metadata", "annotations", "kubernetes.io/config.mirror"], "x");
    node.upsert(Source::Pod, &mirror);
    assert_eq!(ask(&node, "n1", "get pods ns m"), "yes");
    assert_ne!(ask(&node, "n1", "get secrets ns mounted"), "yes");
}

#[test]
fn attachments_and_slices() {
    let node = Node::new();
    let named =
        |spec| object! { "metadata" => object! { "name" => "x" }, "spec" => object! { "nodeName" => spec } };
    node.upsert(Source::Attachment, &named("n1"));
    node.upsert(Source::Slice, &named("n1"));
    for (question, reason) in [
        ("get storage.k8s.io:volumeattachments - x", "yes"),
        ("list storage.k8s.io:volumeattachments - -", "can only get individual resources of this type"),
        ("delete resource.k8s.io:resourceslices - x", "yes"),
        ("create resource.k8s.io:resourceslices - -", "yes"),
        ("list resource.k8s.io:resourceslices - ?spec.nodeName=n1", "yes"),
        (
            "list resource.k8s.io:resourceslices - ?spec.nodeName=n2",
            "can only list/watch/deletecollection resourceslices with nodeName field selector",
        ),
        ("get resource.k8s.io:resourceslices/status - x", "cannot authorize ResourceSlice subresources"),
    ] {
        assert_eq!(ask(&node, "n1", question), reason, "{question}");
    }
}

#[test]
fn reasons_read_as_upstreams() {
    let node = Node::new();
    for (question, reason) in [
        ("get nodes - n1", "yes"),
        ("list nodes - -", "node 'n1' cannot read all nodes, only its own Node object"),
        ("get nodes - n2", "node 'n1' cannot read 'n2', only its own Node object"),
        ("update nodes/status - n2", "yes"),
        ("delete nodes - n1", ""),
        ("create pods ns -", "yes"),
        ("delete pods ns p", "yes"),
        ("create pods/eviction ns p", "yes"),
        ("get pods/log ns p", ""),
        ("list pods - -", "can only list/watch pods with spec.nodeName field selector"),
        ("watch pods - ?spec.nodeName=n1", "yes"),
        ("watch pods - ?spec.nodeName!=n1", "can only list/watch pods with spec.nodeName field selector"),
        ("list secrets ns -", "No Object name found"),
        ("list secrets - -", "can only read namespaced object of this type"),
        ("create secrets ns s", "can only read resources of this type"),
        ("update coordination.k8s.io:leases kube-node-lease n1", "yes"),
        (
            "update coordination.k8s.io:leases kube-node-lease n2",
            "can only access node lease with the same name as the requesting node",
        ),
        (
            "get coordination.k8s.io:leases ns n1",
            "can only access leases in the \"kube-node-lease\" system namespace",
        ),
        (
            "list coordination.k8s.io:leases ns -",
            "can only get, create, update, patch, or delete a node lease",
        ),
        ("get storage.k8s.io:csinodes - n1", "yes"),
        (
            "get storage.k8s.io:csinodes - n2",
            "can only access CSINode with the same name as the requesting node",
        ),
        ("update serviceaccounts ns robot", "can only create tokens for individual service accounts"),
        ("create serviceaccounts ns robot", "can only create token subresource of serviceaccount"),
        ("list services - -", "yes"),
        ("list storage.k8s.io:csidrivers - -", "yes"),
        ("delete services ns s", ""),
    ] {
        assert_eq!(ask(&node, "n1", question), reason, "{question}");
    }
}

#[test]
fn others_are_not_its_business() {
    let node = Node::new();
    let target = ResourceTarget { resource: "services", ..ResourceTarget::default() };
    let ask =
        |user: &UserInfo| node.authorize(&Attributes::of_resource(user, "list", target)).reason.to_string();
    assert_eq!(ask(&UserInfo::new("system:node:n1", ["other"])), "");
    assert_eq!(ask(&kubelet("")), "unknown node for user \"system:node:\"");
    let rules = node.rules(&kubelet("n1"), "ns");
    assert!(rules.incomplete);
    assert_eq!(rules.errors, ["node authorizer does not support user rule resolution"]);
    assert!(!node.rules(&UserInfo::new("bob", ["x"]), "ns").incomplete);
}

#[test]
fn certificates_of_pods_are_a_feature() {
    let requests = "certificates.k8s.io:podcertificaterequests";
    let node = Node::new();
    assert_eq!(ask(&node, "n1", &format!("create {requests} ns -")), "");
    assert_eq!(ask(&node, "n1", "list certificates.k8s.io:clustertrustbundles - -"), "");
    let node = Node::with(Features { pod_certificates: true, trust_bundles: true });
    let object = object! {
        "metadata" => object! { "name" => "r", "namespace" => "ns" }, "spec" => object! { "nodeName" => "n1" },
    };
    node.upsert(Source::CertificateRequest, &object);
    let unrelated = "no relationship found between node 'n2' and this object";
    for (who, question, reason) in [
        ("n1", "create _ ns -", "yes"),
        ("n1", "get _ ns r", "yes"),
        ("n2", "get _ ns r", unrelated),
        ("n2", "get _ - r", unrelated),
        ("n1", "watch _ - ?spec.nodeName=n1", "yes"),
        ("n1", "list _ ns -", "can only list/watch podcertificaterequests with nodeName field selector"),
        (
            "n1",
            "update _/status ns r",
            "nodes may not access the status subresource of PodCertificateRequests",
        ),
        ("n1", "delete _ ns r", "nodes may not delete podcertificaterequests"),
        ("n1", "list certificates.k8s.io:clustertrustbundles - -", "yes"),
    ] {
        assert_eq!(ask(&node, who, &question.replace('_', requests)), reason, "{question}");
    }
    node.remove(Source::CertificateRequest, "ns", "r");
    assert!(ask(&node, "n1", &format!("get {requests} ns r")).starts_with("no relationship"));
    assert!(node.writer.lock().unwrap().is_empty());
}
