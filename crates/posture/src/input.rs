//! What a scan is given.

use evidence::{Evidence, Object};

use crate::catalogue::Kind;
use crate::document::Document;
use crate::sources::audit_log::AuditLog;

/// What was gathered of a cluster.
#[derive(Clone, Debug, Default)]
pub struct Input {
    /// Objects and manifests.
    pub objects: Evidence,
    /// True when `objects` are all that the cluster has, so that what is missing is not there.
    pub whole_cluster: bool,
    /// Everything else, in the order it was given.
    pub documents: Vec<Document>,
    /// Audit logs.
    pub audit_log: Option<AuditLog>,
}

impl Input {
    /// What was read, with configuration told apart from objects.
    pub fn of(evidence: Evidence, whole_cluster: bool) -> Self {
        let Evidence { objects, problems, passed_over } = evidence;
        let objects_left = Vec::with_capacity(objects.len());
        let objects_left = Evidence { objects: objects_left, problems, passed_over };
        let mut input = Self { objects: objects_left, whole_cluster, ..Self::default() };
        objects.into_iter().for_each(|object| input.add(object));
        input
    }

    /// One more object, or configuration that looks like one.
    pub fn add(&mut self, object: Object) {
        match Document::of(object) {
            Ok(document) => self.documents.push(document),
            Err(object) => self.objects.objects.push(object),
        }
    }

    /// The documents of a kind.
    pub(crate) fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Document> {
        self.documents.iter().filter(move |document| document.kind == kind)
    }

    /// True when something of this kind was given.
    pub fn has(&self, kind: Kind) -> bool {
        match kind {
            Kind::Objects => !self.objects.objects.is_empty(),
            Kind::Cluster => self.whole_cluster,
            Kind::AuditLog => self.audit_log.as_ref().is_some_and(|log| log.events() > 0),
            kind => self.of_kind(kind).next().is_some(),
        }
    }
}
