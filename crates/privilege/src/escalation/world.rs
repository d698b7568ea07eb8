//! What a search knows of a cluster beside its policy: accounts, pods, token secrets, namespaces, nodes.
//!
//! Entry point: [`World::of`].

use std::collections::{BTreeMap, BTreeSet};

use api::Value;
use evidence::Object;

use super::principal::Principal;
use crate::Policy;

/// Group and kind of the objects that a search looks at.
pub const WORLD_KINDS: [(&str, &str); 10] = [
    ("rbac.authorization.k8s.io", "Role"),
    ("rbac.authorization.k8s.io", "ClusterRole"),
    ("rbac.authorization.k8s.io", "RoleBinding"),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
    ("", "ServiceAccount"),
    ("", "Pod"),
    ("", "Secret"),
    ("", "Namespace"),
    ("", "Node"),
    ("", "ConfigMap"),
];

/// Namespace and name of a service account.
type Account = (String, String);

/// A pod and what it runs as.
#[derive(Clone, Debug)]
pub(super) struct Pod {
    pub namespace: String,
    pub name: String,
    pub account: String,
    pub node: String,
}

/// A secret with the token of an account.
#[derive(Clone, Debug)]
pub(super) struct TokenSecret {
    pub namespace: String,
    pub name: String,
    pub account: String,
}

/// A cluster, as far as a search looks at it.
pub struct World {
    /// Its roles and bindings.
    pub policy: Policy,
    pub(super) accounts: BTreeSet<Account>,
    pub(super) pods: Vec<Pod>,
    /// The accounts that pods run as, by node; `""` for all nodes.
    running: BTreeMap<String, BTreeSet<Account>>,
    pub(super) token_secrets: Vec<TokenSecret>,
    /// Whether Pod Security keeps pods off their node, by namespace; those that are not known are not in it.
    pub(super) guarded: BTreeMap<String, bool>,
    pub(super) namespaces: BTreeSet<String>,
    pub(super) nodes: BTreeSet<String>,
    pub(super) control_plane_nodes: BTreeSet<String>,
    /// Cluster roles that gather their rules.
    gathering: BTreeSet<String>,
    /// EKS maps IAM roles to groups in a config map.
    pub(super) aws_auth: bool,
}

impl World {
    /// What is in `objects`.
    pub fn of(objects: &[Object]) -> Self {
        let mut world = Self {
            policy: Policy::of(objects),
            accounts: BTreeSet::new(),
            pods: Vec::new(),
            running: BTreeMap::new(),
            token_secrets: Vec::new(),
            guarded: BTreeMap::new(),
            namespaces: BTreeSet::from(["default".to_owned(), "kube-system".to_owned()]),
            nodes: BTreeSet::new(),
            control_plane_nodes: BTreeSet::new(),
            gathering: objects.iter().filter(|o| gathers(o)).map(|o| o.name().to_owned()).collect(),
            aws_auth: false,
        };
        if world.policy.stock_added {
            world.gathering.extend(["admin", "edit", "view"].map(str::to_owned));
        }
        objects.iter().filter(|o| o.group().is_empty()).for_each(|object| world.take(object));
        for entry in world.policy.bindings.values() {
            let principals = entry.binding.subjects.iter();
            for principal in principals.filter_map(|s| Principal::of_subject(s, &entry.binding)) {
                if let Principal::ServiceAccount(namespace, name) = principal {
                    world.accounts.insert((namespace, name));
                }
            }
            if !entry.binding.namespace.is_empty() {
                world.namespaces.insert(entry.binding.namespace.to_string());
            }
        }
        world.namespaces.extend(world.accounts.iter().map(|(namespace, _)| namespace.clone()));
        world.pods.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
        world.token_secrets.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
        world
    }

    fn take(&mut self, object: &Object) {
        let (namespace, name) = (object.namespace().to_owned(), object.name().to_owned());
        let value = &object.value;
        match object.kind() {
            "ServiceAccount" => {
                self.accounts.insert((namespace, name));
            }
            "Pod" => self.take_pod(namespace, name, value),
            "Secret" if value.str_at(&["type"]) == "kubernetes.io/service-account-token" => {
                let account =
                    value.str_at(&["metadata", "annotations", "kubernetes.io/service-account.name"]);
                self.token_secrets.push(TokenSecret { namespace, name, account: account.to_owned() });
            }
            "Namespace" => {
                let level = value.str_at(&["metadata", "labels", "pod-security.kubernetes.io/enforce"]);
                self.guarded.insert(name.clone(), matches!(level, "baseline" | "restricted"));
                self.namespaces.insert(name);
            }
            "Node" => {
                let labels = value.at(&["metadata", "labels"]);
                let role = |role| labels.get(&format!("node-role.kubernetes.io/{role}")).is_some();
                if role("control-plane") || role("master") {
                    self.control_plane_nodes.insert(name.clone());
                }
                self.nodes.insert(name);
            }
            "ConfigMap" => self.aws_auth |= namespace == "kube-system" && name == "aws-auth",
            _ => {}
        }
    }

    fn take_pod(&mut self, namespace: String, name: String, value: &Value) {
        let phase = value.str_at(&["status", "phase"]);
        let no_token = value.at(&["spec", "automountServiceAccountToken"]).as_bool() == Some(false);
        if matches!(phase, "Succeeded" | "Failed") || no_token {
            return;
        }
        let account = Some(value.str_at(&["spec", "serviceAccountName"])).filter(|a| !a.is_empty());
        let account = account.unwrap_or("default").to_owned();
        self.accounts.insert((namespace.clone(), account.clone()));
        let node = value.str_at(&["spec", "nodeName"]).to_owned();
        for place in ["", node.as_str()] {
            let running = self.running.entry(place.to_owned()).or_default();
            running.insert((namespace.clone(), account.clone()));
        }
        self.pods.push(Pod { namespace, name, account, node });
    }

    /// True for a cluster role that gathers its rules from others.
    pub(super) fn aggregated(&self, role: &str) -> bool {
        self.gathering.contains(role)
    }

    /// True when a pod on a node (`""`: any) runs as this account.
    pub(super) fn runs(&self, account: &Account, node: &str) -> bool {
        self.running.get(node).is_some_and(|accounts| accounts.contains(account))
    }

    /// Everybody who holds something, or may.
    pub(super) fn principals(&self) -> BTreeSet<Principal> {
        let bindings = self.policy.bindings.values();
        let subjects = bindings.flat_map(|entry| {
            entry.binding.subjects.iter().filter_map(|s| Principal::of_subject(s, &entry.binding))
        });
        let accounts =
            self.accounts.iter().map(|(ns, name)| Principal::ServiceAccount(ns.clone(), name.clone()));
        let masters = Principal::Group(api::user::SYSTEM_MASTERS.to_owned());
        subjects.chain(accounts).chain([masters]).collect()
    }
}

fn gathers(object: &Object) -> bool {
    object.kind() == "ClusterRole" && object.value.at(&["aggregationRule"]).as_object().is_some()
}
