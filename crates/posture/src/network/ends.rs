//! Ends of traffic: pods, nodes and the world, and the labels by which policies of each dialect know them.

use std::net::IpAddr;

use api::{Map, Value};

use super::calico::Label;
use super::ports::Declared;

/// A namespace and its labels.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Namespace<'a> {
    pub name: &'a str,
    pub labels: Option<&'a Map>,
}

/// A pod, or all pods that policies cannot tell apart.
#[derive(Clone, Debug, Default)]
pub(crate) struct Endpoint<'a> {
    pub namespace: Namespace<'a>,
    pub labels: Option<&'a Map>,
    pub account: &'a str,
    pub account_labels: Option<&'a Map>,
    pub ports: Vec<Declared<'a>>,
    /// It uses the host's network.
    pub on_host: bool,
    pub address: Option<IpAddr>,
}

/// A node.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Machine<'a> {
    pub labels: Option<&'a Map>,
    pub address: Option<IpAddr>,
    /// The API server is on it.
    pub serves_api: bool,
}

/// One end of traffic.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Peer<'p> {
    Pod(&'p Endpoint<'p>),
    Node(Machine<'p>),
    /// Something outside; true for the API server.
    World(IpAddr, bool),
}

impl<'a> Namespace<'a> {
    /// A label; servers give each namespace one with its name, and so does Calico.
    pub(crate) fn label(&self, key: &str) -> Option<&'a str> {
        let given = self.labels.and_then(|labels| labels.get(key)).and_then(Value::as_str);
        let is_name = matches!(key, "kubernetes.io/metadata.name" | "projectcalico.org/name");
        given.or_else(|| is_name.then_some(self.name))
    }

    /// What Calico knows of the labels of every pod in it.
    pub(super) fn calico_label_of_pods(&self, key: &str) -> Label<'a> {
        match (key, key.strip_prefix("pcns.")) {
            ("projectcalico.org/namespace", _) => Label::Is(self.name),
            ("projectcalico.org/orchestrator", _) => Label::Is("k8s"),
            (_, Some(key)) => self.label(key).into(),
            _ => Label::Unknown,
        }
    }
}

impl<'a> Endpoint<'a> {
    /// A label of it for Cilium.
    pub(super) fn cilium_label(&self, key: &str) -> Option<&'a str> {
        match key {
            "io.kubernetes.pod.namespace" => return Some(self.namespace.name),
            "io.cilium.k8s.policy.serviceaccount" => return Some(self.account),
            _ => {}
        }
        match key.strip_prefix("io.cilium.k8s.namespace.labels.") {
            Some(key) => self.namespace.label(key),
            None => self.labels?.get(key)?.as_str(),
        }
    }

    /// A label of it for Calico.
    pub(super) fn calico_label(&self, key: &str) -> Label<'a> {
        let in_namespace = self.namespace.calico_label_of_pods(key);
        if in_namespace != Label::Unknown {
            return in_namespace;
        }
        let of = |labels: Option<&'a Map>, key: &str| labels?.get(key)?.as_str();
        let value = match (key, key.strip_prefix("pcsa.")) {
            ("projectcalico.org/serviceaccount", _) | (_, Some("projectcalico.org/name")) => {
                Some(self.account)
            }
            (_, Some(key)) => of(self.account_labels, key),
            _ => of(self.labels, key),
        };
        value.into()
    }
}
