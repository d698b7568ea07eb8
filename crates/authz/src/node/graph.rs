//! Which objects are tied to which nodes, through pods and volumes.
//!
//! Entry points: [`Graph::reaches`] for readers, [`Writer`] for changes.

use std::collections::HashMap as StdMap;

use api::{Str, Value};
use imbl::{HashMap, OrdMap, OrdSet};

use super::references::{pod_references, volume_references};

/// Objects that tie others to nodes; feed all of them to [`super::Node`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// `pods`
    Pod,
    /// `persistentvolumes`
    Volume,
    /// `volumeattachments` in `storage.k8s.io`
    Attachment,
    /// `resourceslices` in `resource.k8s.io`
    Slice,
    /// `podcertificaterequests` in `certificates.k8s.io`
    CertificateRequest,
}

impl Source {
    /// The source behind a resource.
    pub fn of_resource(group: &str, resource: &str) -> Option<Self> {
        Some(match (group, resource) {
            ("", "pods") => Self::Pod,
            ("", "persistentvolumes") => Self::Volume,
            ("storage.k8s.io", "volumeattachments") => Self::Attachment,
            ("resource.k8s.io", "resourceslices") => Self::Slice,
            ("certificates.k8s.io", "podcertificaterequests") => Self::CertificateRequest,
            _ => return None,
        })
    }
}

/// What kind of object is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Kind {
    Pod,
    Secret,
    ConfigMap,
    ServiceAccount,
    Claim,
    Volume,
    ResourceClaim,
    Attachment,
    Slice,
    CertificateRequest,
}

/// An object, whether it exists or not.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Object {
    kind: Kind,
    namespace: Str,
    name: Str,
}

/// The ties of one moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Graph {
    /// How many ties each node has to an object by way of its pods or by name.
    direct: HashMap<Object, OrdMap<Str, usize>>,
    /// The claim of each volume.
    claims: HashMap<Str, Object>,
    /// The volumes that need a secret.
    volumes: HashMap<Object, OrdSet<Str>>,
}

/// Changes a graph; remembers what each source has tied.
///
/// INVARIANT: the graph is the sum of `ties` and `volumes`.
#[derive(Default)]
pub(super) struct Writer {
    graph: Graph,
    /// The node of a pod, an attachment or a slice, and what it ties to that node, itself included.
    ties: StdMap<Object, (Str, Vec<Object>)>,
    /// The secrets of a volume with a claim.
    volumes: StdMap<Str, Vec<Object>>,
}

impl Object {
    pub fn new(kind: Kind, namespace: &str, name: &str) -> Self {
        Self { kind, namespace: namespace.into(), name: name.into() }
    }
}

impl Graph {
    /// True when the object is tied to the node.
    pub fn reaches(&self, object: &Object, node: &str) -> bool {
        let direct = |o: &Object| self.direct.get(o).is_some_and(|nodes| nodes.contains_key(node));
        let by_volume = |volume: &Str| self.claims.get(volume).is_some_and(direct);
        direct(object)
            || match object.kind {
                // A volume is in no namespace, whatever a review says.
                Kind::Volume => object.namespace.is_empty() && by_volume(&object.name),
                Kind::Secret => self.volumes.get(object).is_some_and(|volumes| volumes.iter().any(by_volume)),
                _ => false,
            }
    }

    fn tie(&mut self, object: &Object, node: &Str) {
        *self.direct.entry(object.clone()).or_default().entry(node.clone()).or_default() += 1;
    }

    fn untie(&mut self, object: &Object, node: &Str) {
        let Some(nodes) = self.direct.get_mut(object) else { return };
        let left = nodes.get(node).map_or(0, |n| n.saturating_sub(1));
        if left == 0 {
            nodes.remove(node);
        } else {
            nodes.insert(node.clone(), left);
        }
        if nodes.is_empty() {
            self.direct.remove(object);
        }
    }
}

impl Writer {
    pub fn graph(&self) -> Graph {
        self.graph.clone()
    }

    pub fn upsert(&mut self, source: Source, object: &Value) {
        let name = object.str_at(&["metadata", "name"]);
        let spec = |key: &str| object.str_at(&["spec", key]);
        match source {
            Source::Pod => {
                let namespace = object.str_at(&["metadata", "namespace"]);
                let pod = Object::new(Kind::Pod, namespace, name);
                self.set(pod, spec("nodeName"), pod_references(object, namespace));
            }
            Source::Volume => self.set_volume(name, object),
            Source::Attachment => {
                self.set(Object::new(Kind::Attachment, "", name), spec("nodeName"), Vec::new());
            }
            Source::Slice => self.set(Object::new(Kind::Slice, "", name), spec("nodeName"), Vec::new()),
            Source::CertificateRequest => {
                let namespace = object.str_at(&["metadata", "namespace"]);
                let request = Object::new(Kind::CertificateRequest, namespace, name);
                self.set(request, spec("nodeName"), Vec::new());
            }
        }
    }

    pub fn remove(&mut self, source: Source, namespace: &str, name: &str) {
        match source {
            Source::Pod => self.set(Object::new(Kind::Pod, namespace, name), "", Vec::new()),
            Source::Volume => self.clear_volume(name),
            Source::Attachment => self.set(Object::new(Kind::Attachment, "", name), "", Vec::new()),
            Source::Slice => self.set(Object::new(Kind::Slice, "", name), "", Vec::new()),
            Source::CertificateRequest => {
                self.set(Object::new(Kind::CertificateRequest, namespace, name), "", Vec::new());
            }
        }
    }

    /// Ties `from` and `others` to a node, and nothing else that it was tied to before; no node, no ties.
    fn set(&mut self, from: Object, node: &str, mut others: Vec<Object>) {
        others.push(from.clone());
        others.sort_unstable();
        others.dedup();
        let wanted = (!node.is_empty()).then(|| (Str::from(node), others));
        if self.ties.get(&from) == wanted.as_ref() {
            return;
        }
        if let Some((node, objects)) = self.ties.remove(&from) {
            objects.iter().for_each(|o| self.graph.untie(o, &node));
        }
        if let Some((node, objects)) = wanted {
            objects.iter().for_each(|o| self.graph.tie(o, &node));
            self.ties.insert(from, (node, objects));
        }
    }

    fn set_volume(&mut self, name: &str, volume: &Value) {
        self.clear_volume(name);
        let Some((claim, secrets)) = volume_references(volume) else { return };
        self.graph.claims.insert(name.into(), claim);
        for secret in &secrets {
            self.graph.volumes.entry(secret.clone()).or_default().insert(name.into());
        }
        self.volumes.insert(name.into(), secrets);
    }

    fn clear_volume(&mut self, name: &str) {
        self.graph.claims.remove(name);
        for secret in self.volumes.remove(name).unwrap_or_default() {
            if let Some(volumes) = self.graph.volumes.get_mut(&secret) {
                volumes.remove(name);
                if volumes.is_empty() {
                    self.graph.volumes.remove(&secret);
                }
            }
        }
    }

    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        let Graph { direct, claims, volumes } = &self.graph;
        direct.is_empty()
            && claims.is_empty()
            && volumes.is_empty()
            && self.ties.is_empty()
            && self.volumes.is_empty()
    }
}
