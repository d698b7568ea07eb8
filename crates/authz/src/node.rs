//! What a kubelet may do: read what the pods on its node need, and write what is its own.
//!
//! Entry point: [`Node`].  It is fed with the objects that tie others to nodes; what it cannot know from the request
//! alone (whose node a new object is for) is for the admission plug-in `NodeRestriction` to check.

mod graph;
mod references;

use std::sync::{Arc, Mutex, PoisonError};

use api::Value;
use api::field::go_quote;
use api::user::UserInfo;
use arc_swap::ArcSwap;

use crate::authorizer::{Attributes, Authorizer, Reason, ResourceTarget, Rules, Target, Verdict};
use crate::bootstrap;
use crate::explain::{AllHeld, Explanation, Holders};
use crate::rbac::Rule;
use crate::union::Mode;
use graph::{Graph, Kind, Object, Writer};

pub use graph::Source;

/// The authorizer of `--authorization-mode=Node`.
///
/// INVARIANT: `current` is what `writer` held after its last finished batch.
pub struct Node {
    current: ArcSwap<Graph>,
    writer: Mutex<Writer>,
    /// What every kubelet may do, as the role `system:node` says it.
    rules: Vec<Rule>,
    features: Features,
}

/// What kubelets may do besides, where a cluster uses it; the default is that of Kubernetes 1.36.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Features {
    /// `PodCertificateRequest`: requests for certificates of the node's pods.
    pub pod_certificates: bool,
    /// `ClusterTrustBundle`: reading the bundles.
    pub trust_bundles: bool,
}

/// Several changes that readers see at once.
pub struct NodeBatch<'a>(&'a mut Writer);

impl Default for Node {
    fn default() -> Self {
        Self::new()
    }
}

impl Node {
    /// Knows no object.
    pub fn new() -> Self {
        Self::with(Features::default())
    }

    /// Knows no object; with features other than the default ones.
    pub fn with(features: Features) -> Self {
        let mut rules = bootstrap::cluster_role_rules("system:node");
        if features.trust_bundles {
            rules.push(Rule::resources("get list watch", "certificates.k8s.io", "clustertrustbundles"));
        }
        Self { current: ArcSwap::default(), writer: Mutex::default(), rules, features }
    }

    /// Takes in an object that was created or changed.
    pub fn upsert(&self, source: Source, object: &Value) {
        self.batch(|batch| batch.upsert(source, object));
    }

    /// Forgets an object; `namespace` is `""` for all but pods and certificate requests.
    pub fn remove(&self, source: Source, namespace: &str, name: &str) {
        self.batch(|batch| batch.remove(source, namespace, name));
    }

    /// Takes in several changes.
    pub fn batch(&self, change: impl FnOnce(&mut NodeBatch)) {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut NodeBatch(&mut writer));
        self.current.store(Arc::new(writer.graph()));
    }
}

impl NodeBatch<'_> {
    /// Takes in an object that was created or changed.
    pub fn upsert(&mut self, source: Source, object: &Value) {
        self.0.upsert(source, object);
    }

    /// Forgets an object.
    pub fn remove(&mut self, source: Source, namespace: &str, name: &str) {
        self.0.remove(source, namespace, name);
    }
}

impl Authorizer for Node {
    fn authorize(&self, attributes: &Attributes) -> Verdict {
        match node_name(attributes.user) {
            None => Verdict::no_opinion(""),
            Some("") => {
                Verdict::no_opinion(format!("unknown node for user {}", go_quote(&attributes.user.name)))
            }
            Some(node) => {
                let asking = Asking { authorizer: self, node, attributes };
                match asking.answer() {
                    Ok(()) => Verdict::allow(Reason::None),
                    Err(why) => Verdict::no_opinion(why),
                }
            }
        }
    }

    fn rules(&self, user: &UserInfo, _: &str) -> Rules {
        let is_node = node_name(user).is_some();
        let error = is_node.then(|| "node authorizer does not support user rule resolution".to_owned());
        Rules { incomplete: is_node, errors: error.into_iter().collect(), ..Rules::default() }
    }

    fn name(&self) -> &str {
        Mode::Node.name()
    }

    fn explain(&self, attributes: &Attributes) -> Explanation {
        let explanation = Explanation::of(self.name(), self.authorize(attributes));
        match node_name(attributes.user) {
            None => explanation,
            Some(node) if explanation.allowed() => explanation.note(format!(
                "A kubelet may do this for its own node {}: by its fixed rules, or because a pod on the node needs it.",
                go_quote(node)
            )),
            Some(_) => explanation,
        }
    }

    fn holders(&self, _: &Attributes) -> Holders {
        Holders::unknown("Node: kubelets may do what their pods need, which is not listed here")
    }

    fn held(&self, user: &UserInfo) -> AllHeld {
        let is_node = node_name(user).is_some();
        let note =
            is_node.then(|| "Node: a kubelet may do what its pods need, which is not listed here".to_owned());
        AllHeld { list: Vec::new(), notes: note.into_iter().collect() }
    }
}

/// The node that a user is, `""` when its name is missing; `None` for anybody else.
fn node_name(user: &UserInfo) -> Option<&str> {
    user.name.strip_prefix("system:node:").filter(|_| user.in_group("system:nodes"))
}

/// One question of one node.
struct Asking<'a> {
    authorizer: &'a Node,
    node: &'a str,
    attributes: &'a Attributes<'a>,
}

/// Yes, or why not.
type Said = Result<(), String>;

impl Asking<'_> {
    fn answer(&self) -> Said {
        let Target::Resource(r) = self.attributes.target else { return self.by_rules() };
        match (r.group, r.resource) {
            ("", "secrets") => self.read(&r, Kind::Secret),
            ("", "configmaps") => self.read(&r, Kind::ConfigMap),
            ("", "persistentvolumeclaims") if r.subresource == "status" => self.claim_status(&r),
            ("", "persistentvolumeclaims") => self.get(&r, Kind::Claim),
            ("", "persistentvolumes") => self.get(&r, Kind::Volume),
            ("resource.k8s.io", "resourceclaims") => self.get(&r, Kind::ResourceClaim),
            ("storage.k8s.io", "volumeattachments") => self.get(&r, Kind::Attachment),
            ("", "serviceaccounts") => self.service_account(&r),
            ("coordination.k8s.io", "leases") => self.lease(&r),
            ("storage.k8s.io", "csinodes") => self.csi_node(&r),
            ("resource.k8s.io", "resourceslices") => self.slice(&r),
            ("", "nodes") => self.own_node(&r),
            ("", "pods") => self.pod(&r),
            ("certificates.k8s.io", "podcertificaterequests") => self.certificate_request(&r),
            _ => self.by_rules(),
        }
    }

    fn verb(&self) -> &str {
        self.attributes.verb
    }

    fn by_rules(&self) -> Said {
        let allows = |r: &Rule| r.allows(self.verb(), self.attributes.target);
        if self.authorizer.rules.iter().any(allows) { Ok(()) } else { Err(String::new()) }
    }

    /// Says yes when the object is tied to the node.
    fn related(&self, r: &ResourceTarget, kind: Kind) -> Said {
        if r.name.is_empty() {
            return Err("No Object name found".to_owned());
        }
        let object = Object::new(kind, r.namespace, r.name);
        if self.authorizer.current.load().reaches(&object, self.node) {
            return Ok(());
        }
        Err(format!("no relationship found between node '{}' and this object", self.node))
    }

    fn get(&self, r: &ResourceTarget, kind: Kind) -> Said {
        check(self.verb() == "get", "can only get individual resources of this type")?;
        check(r.subresource.is_empty(), "cannot get subresource")?;
        self.related(r, kind)
    }

    fn read(&self, r: &ResourceTarget, kind: Kind) -> Said {
        check(matches!(self.verb(), "get" | "list" | "watch"), "can only read resources of this type")?;
        check(r.subresource.is_empty(), "cannot read subresource")?;
        check(!r.namespace.is_empty(), "can only read namespaced object of this type")?;
        self.related(r, kind)
    }

    fn claim_status(&self, r: &ResourceTarget) -> Said {
        check(matches!(self.verb(), "update" | "patch"), "can only get/update/patch this type")?;
        self.related(r, Kind::Claim)
    }

    /// Pods on the node use the account, so the node may see it and ask for its tokens.
    fn service_account(&self, r: &ResourceTarget) -> Said {
        if self.verb() == "get" && r.subresource.is_empty() {
            return self.read(r, Kind::ServiceAccount);
        }
        let named = self.verb() == "create" && !r.name.is_empty();
        check(named, "can only create tokens for individual service accounts")?;
        check(r.subresource == "token", "can only create token subresource of serviceaccount")?;
        self.related(r, Kind::ServiceAccount)
    }

    fn lease(&self, r: &ResourceTarget) -> Said {
        check(self.writes(), "can only get, create, update, patch, or delete a node lease")?;
        let here = r.namespace == "kube-node-lease";
        check(here, "can only access leases in the \"kube-node-lease\" system namespace")?;
        self.same_name(r, "can only access node lease with the same name as the requesting node")
    }

    fn csi_node(&self, r: &ResourceTarget) -> Said {
        check(self.writes(), "can only get, create, update, patch, or delete a CSINode")?;
        check(r.subresource.is_empty(), "cannot authorize CSINode subresources")?;
        self.same_name(r, "can only access CSINode with the same name as the requesting node")
    }

    fn writes(&self) -> bool {
        matches!(self.verb(), "get" | "create" | "update" | "patch" | "delete")
    }

    /// The name of a new object is not known here.
    fn same_name(&self, r: &ResourceTarget, why: &str) -> Said {
        check(self.verb() == "create" || r.name == self.node, why)
    }

    fn slice(&self, r: &ResourceTarget) -> Said {
        check(r.subresource.is_empty(), "cannot authorize ResourceSlice subresources")?;
        match self.verb() {
            "create" => Ok(()),
            "get" | "update" | "patch" | "delete" => self.related(r, Kind::Slice),
            "watch" | "list" | "deletecollection" => {
                let why = "can only list/watch/deletecollection resourceslices with nodeName field selector";
                check(self.selects(r, "spec.nodeName"), why)
            }
            _ => Err("only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, \
                      patch, delete, deletecollection"
                .to_owned()),
        }
    }

    fn certificate_request(&self, r: &ResourceTarget) -> Said {
        check(self.authorizer.features.pod_certificates, "")?;
        let why = "nodes may not access the status subresource of PodCertificateRequests";
        check(r.subresource.is_empty(), why)?;
        match self.verb() {
            "create" => Ok(()),
            "get" => self.related(r, Kind::CertificateRequest),
            "list" | "watch" => {
                let why = "can only list/watch podcertificaterequests with nodeName field selector";
                check(self.selects(r, "spec.nodeName"), why)
            }
            verb => Err(format!("nodes may not {verb} podcertificaterequests")),
        }
    }

    fn own_node(&self, r: &ResourceTarget) -> Said {
        match (r.subresource, self.verb()) {
            ("", "create" | "update" | "patch") | ("status", "update" | "patch") => Ok(()),
            ("", "get" | "list" | "watch") if r.name == self.node => Ok(()),
            ("", "get" | "list" | "watch") if r.name.is_empty() => {
                Err(format!("node '{}' cannot read all nodes, only its own Node object", self.node))
            }
            ("", "get" | "list" | "watch") => {
                Err(format!("node '{}' cannot read '{}', only its own Node object", self.node, r.name))
            }
            _ => Err(String::new()),
        }
    }

    fn pod(&self, r: &ResourceTarget) -> Said {
        match (r.subresource, self.verb()) {
            ("", "get") => self.related(r, Kind::Pod),
            ("", "list" | "watch") if self.selects(r, "spec.nodeName") => Ok(()),
            ("", "list" | "watch") if !r.name.is_empty() => self.related(r, Kind::Pod),
            ("", "list" | "watch") => {
                Err("can only list/watch pods with spec.nodeName field selector".to_owned())
            }
            ("", "create" | "delete") | ("status", "update" | "patch") | ("eviction", "create") => Ok(()),
            _ => Err(String::new()),
        }
    }

    /// True when the request is restricted to objects whose `field` is this node.
    fn selects(&self, r: &ResourceTarget, field: &str) -> bool {
        let fields = r.selectors.map(|s| s.fields.as_slice()).unwrap_or_default();
        fields.iter().any(|t| t.field == field && !t.negated && t.value == self.node)
    }
}

fn check(holds: bool, why: &str) -> Said {
    if holds { Ok(()) } else { Err(why.to_owned()) }
}

#[cfg(test)]
mod tests;
