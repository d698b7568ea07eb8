//! The Node authorizer by hand: every pod and every volume, for each question.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::{Value, object};
use sumun_authz::Authorizer;
use sumun_authz::node::{Node, Source};

use super::random::Random;
use super::{Answer, Naive, Question, Resource};

/// The objects as they are, by kind, namespace and name.
#[derive(Default)]
pub struct Objects(BTreeMap<(u8, String, String), Value>);

const SOURCES: [Source; 4] = [Source::Pod, Source::Volume, Source::Attachment, Source::Slice];

/// Random objects that come, change and go.
pub fn world(random: &mut Random) -> (Arc<dyn Authorizer>, Objects) {
    let (node, mut objects) = (Node::new(), Objects::default());
    for _ in 0..random.below(80) {
        let kind = random.pick(&[0u8, 0, 0, 0, 1, 1, 2, 3]);
        let namespace = if kind == 0 { random.pick(&["n1", "n2"]) } else { "" };
        let name = random.pick(&["a", "b"]);
        let key = (kind, namespace.to_owned(), name.to_owned());
        if random.one_in(6) {
            objects.0.remove(&key);
            node.remove(SOURCES[kind as usize], namespace, name);
            continue;
        }
        let mut object = match kind {
            0 => pod(random),
            1 => volume(random),
            _ => object! { "spec" => object! { "nodeName" => random.pick(&["m1", "m2", ""]) } },
        };
        object.set_at(&["metadata", "name"], name);
        object.set_at(&["metadata", "namespace"], namespace);
        node.upsert(SOURCES[kind as usize], &object);
        objects.0.insert(key, object);
    }
    (Arc::new(node), objects)
}

fn named(random: &mut Random) -> Value {
    object! { "name" => random.pick(&["a", "b"]) }
}

fn pod(random: &mut Random) -> Value {
    let mut volumes = Vec::new();
    for _ in 0..random.below(4) {
        let name = random.pick(&["a", "b"]);
        let source = match random.pick(&[0u8, 1, 2, 2, 2, 2, 3, 4, 5]) {
            0 => object! { "secret" => object! { "secretName" => name } },
            1 => object! { "configMap" => object! { "name" => name } },
            2 => object! { "persistentVolumeClaim" => object! { "claimName" => name } },
            3 => object! { "ephemeral" => object! {} },
            4 => object! { "csi" => object! { "nodePublishSecretRef" => object! { "name" => name } } },
            _ => {
                let sources =
                    vec![object! { "secret" => named(random) }, object! { "configMap" => named(random) }];
                object! { "projected" => object! { "sources" => sources } }
            }
        };
        let mut volume = source;
        volume.set_at(&["name"], "v");
        volumes.push(volume);
    }
    let env = match random.below(4) {
        0 => vec![object! { "valueFrom" => object! { "secretKeyRef" => named(random) } }],
        1 => vec![object! { "valueFrom" => object! { "configMapKeyRef" => named(random) } }],
        _ => Vec::new(),
    };
    let mut pod = object! { "spec" => object! {
        "nodeName" => random.pick(&["m1", "m1", "m2", ""]), "serviceAccountName" => random.pick(&["a", "b", ""]),
        "volumes" => volumes, random.pick(&["containers", "initContainers", "ephemeralContainers"]) => vec![object! { "env" => env }],
    } };
    if random.one_in(4) {
        pod.set_at(&["spec", "imagePullSecrets"], vec![named(random)]);
    }
    if random.one_in(4) {
        pod.set_at(&["spec", "resourceClaims"], vec![object! { "name" => "c", "resourceClaimName" => "a" }]);
    }
    if random.one_in(8) {
        pod.set_at(&["metadata", "annotations", "kubernetes.io/config.mirror"], "x");
    }
    pod
}

fn volume(random: &mut Random) -> Value {
    let mut volume = object! { "spec" => object! {} };
    if !random.one_in(8) {
        let claim =
            object! { "namespace" => random.pick(&["n1", "n2"]), "name" => random.pick(&["a", "b", "a-v"]) };
        volume.set_at(&["spec", "claimRef"], claim);
    }
    if !random.one_in(8) {
        let field =
            random.pick(&["nodeStageSecretRef", "nodePublishSecretRef", "controllerPublishSecretRef"]);
        let secret =
            object! { "namespace" => random.pick(&["n1", "n2"]), "name" => random.pick(&["a", "b"]) };
        volume.set_at(&["spec", "csi", field], secret);
    }
    volume
}

impl Naive for Objects {
    fn answer(&self, question: &Question) -> Answer {
        let node = question.user.strip_prefix("system:node:")?;
        let is_node = question.groups.iter().any(|g| g == "system:nodes");
        let r = question.resource.as_ref().filter(|_| is_node)?;
        self.may(node, &question.verb, r).then_some(true)
    }
}

/// `verbs group/resource[/subresource]` of what every node may do.
const EVERY_NODE: &[&str] = &[
    "get,list,watch /services",
    "create,update,patch /events",
    "create,get,list,watch certificates.k8s.io/certificatesigningrequests",
];

impl Objects {
    fn may(&self, node: &str, verb: &str, r: &Resource) -> bool {
        let selected = r.node.as_ref().is_some_and(|(negated, value)| !negated && value == node);
        let reads = ["get", "list", "watch"].contains(&verb);
        let writes = ["get", "create", "update", "patch", "delete"].contains(&verb);
        let plain = r.subresource.is_empty();
        let named = !r.name.is_empty();
        match (r.group.as_str(), r.resource.as_str(), r.subresource.as_str()) {
            ("", "secrets" | "configmaps", _) => {
                reads && plain && named && !r.namespace.is_empty() && self.needs(node, r)
            }
            ("", "persistentvolumeclaims", "status") => {
                ["update", "patch"].contains(&verb) && named && self.needs(node, r)
            }
            ("", "persistentvolumeclaims" | "persistentvolumes", _)
            | ("resource.k8s.io", "resourceclaims", _)
            | ("storage.k8s.io", "volumeattachments", _) => {
                verb == "get" && plain && named && self.needs(node, r)
            }
            ("", "serviceaccounts", "") => verb == "get" && named && self.needs(node, r),
            ("", "serviceaccounts", sub) => {
                verb == "create" && sub == "token" && named && self.needs(node, r)
            }
            ("coordination.k8s.io", "leases", _) => {
                writes && r.namespace == "kube-node-lease" && (verb == "create" || r.name == node)
            }
            ("storage.k8s.io", "csinodes", _) => writes && plain && (verb == "create" || r.name == node),
            ("resource.k8s.io", "resourceslices", _) => {
                plain
                    && match verb {
                        "create" => true,
                        "list" | "watch" | "deletecollection" => selected,
                        _ => named && self.needs(node, r),
                    }
            }
            ("", "nodes", "") => ["create", "update", "patch"].contains(&verb) || (reads && r.name == node),
            ("", "nodes" | "pods", "status") => ["update", "patch"].contains(&verb),
            ("", "pods", "") => match verb {
                "create" | "delete" => true,
                "get" => named && self.needs(node, r),
                "list" | "watch" => selected || (named && self.needs(node, r)),
                _ => false,
            },
            ("", "pods", sub) => sub == "eviction" && verb == "create",
            (group, resource, sub) => EVERY_NODE.iter().any(|line| {
                let (verbs, what) = line.split_once(' ').unwrap();
                sub.is_empty() && what == format!("{group}/{resource}") && verbs.split(',').any(|v| v == verb)
            }),
        }
    }

    /// True when something on the node needs the object.
    fn needs(&self, node: &str, r: &Resource) -> bool {
        let on_node = |kind: u8, o: &Value| kind != 1 && o.str_at(&["spec", "nodeName"]) == node;
        match r.resource.as_str() {
            "volumeattachments" => self
                .0
                .get(&(2, String::new(), r.name.clone()))
                .is_some_and(|o| r.namespace.is_empty() && on_node(2, o)),
            "resourceslices" => self
                .0
                .get(&(3, String::new(), r.name.clone()))
                .is_some_and(|o| r.namespace.is_empty() && on_node(3, o)),
            "pods" => self.0.get(&(0, r.namespace.clone(), r.name.clone())).is_some_and(|o| on_node(0, o)),
            "persistentvolumes" => {
                let volume = self.0.get(&(1, String::new(), r.name.clone()));
                r.namespace.is_empty() && volume.is_some_and(|v| self.uses_volume(node, v))
            }
            "secrets" => {
                let in_volume = |v: &Value| {
                    ["nodeStageSecretRef", "nodePublishSecretRef"].iter().any(|field| {
                        let secret = v.at(&["spec", "csi", field]);
                        secret.str_at(&["namespace"]) == r.namespace && secret.str_at(&["name"]) == r.name
                    })
                };
                let mut volumes = self.0.iter().filter(|((kind, ..), _)| *kind == 1).map(|(_, v)| v);
                self.pod_names(node, r) || volumes.any(|v| in_volume(v) && self.uses_volume(node, v))
            }
            _ => self.pod_names(node, r),
        }
    }

    fn uses_volume(&self, node: &str, volume: &Value) -> bool {
        let claim = volume.at(&["spec", "claimRef"]);
        let claim = Resource {
            group: String::new(),
            resource: "persistentvolumeclaims".to_owned(),
            subresource: String::new(),
            namespace: claim.str_at(&["namespace"]).to_owned(),
            name: claim.str_at(&["name"]).to_owned(),
            node: None,
        };
        !claim.name.is_empty() && self.pod_names(node, &claim)
    }

    /// True when a pod of the node, not one that the node made itself, names the object.
    fn pod_names(&self, node: &str, r: &Resource) -> bool {
        self.0.iter().any(|((kind, namespace, name), pod)| {
            *kind == 0
                && *namespace == r.namespace
                && pod.str_at(&["spec", "nodeName"]) == node
                && pod.str_at(&["metadata", "annotations", "kubernetes.io/config.mirror"]).is_empty()
                && names(pod, name).contains(&(r.resource.clone(), r.name.clone()))
        })
    }
}

/// What a pod names, as resource and name.
fn names(pod: &Value, pod_name: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut add = |resource: &str, name: &str| found.push((resource.to_owned(), name.to_owned()));
    add("serviceaccounts", pod.str_at(&["spec", "serviceAccountName"]));
    for secret in pod.array_at(&["spec", "imagePullSecrets"]) {
        add("secrets", secret.str_at(&["name"]));
    }
    for claim in pod.array_at(&["spec", "resourceClaims"]) {
        add("resourceclaims", claim.str_at(&["resourceClaimName"]));
    }
    for list in ["containers", "initContainers", "ephemeralContainers"] {
        for env in pod.array_at(&["spec", list]).iter().flat_map(|c| c.array_at(&["env"])) {
            add("secrets", env.str_at(&["valueFrom", "secretKeyRef", "name"]));
            add("configmaps", env.str_at(&["valueFrom", "configMapKeyRef", "name"]));
        }
    }
    for volume in pod.array_at(&["spec", "volumes"]) {
        add("secrets", volume.str_at(&["secret", "secretName"]));
        add("secrets", volume.str_at(&["csi", "nodePublishSecretRef", "name"]));
        add("configmaps", volume.str_at(&["configMap", "name"]));
        add("persistentvolumeclaims", volume.str_at(&["persistentVolumeClaim", "claimName"]));
        if volume.get("ephemeral").is_some() {
            add("persistentvolumeclaims", &format!("{pod_name}-{}", volume.str_at(&["name"])));
        }
        for source in volume.array_at(&["projected", "sources"]) {
            add("secrets", source.str_at(&["secret", "name"]));
            add("configmaps", source.str_at(&["configMap", "name"]));
        }
    }
    found
}
