//! What the tokens of service accounts refer to: looked up by the server, and watched by remembered answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use api::Value;

use crate::grounds::Ground;

/// Objects that tokens refer to, looked up by the server.  Namespaces of nodes are `""`.
pub trait Lookup: Send + Sync {
    /// What a token needs to know of an object, `None` when there is none.
    fn find(&self, kind: Bound, namespace: &str, name: &str) -> Option<BoundObject>;

    /// The whole object.
    fn object(&self, _kind: Bound, _namespace: &str, _name: &str) -> Option<Value> {
        None
    }

    /// The revision of an object, without a look into it.
    fn revision(&self, kind: Bound, namespace: &str, name: &str) -> Option<u64> {
        self.find(kind, namespace, name).map(|object| object.revision)
    }

    /// Notes on a legacy token's secret that it was used, as day in UTC (`2006-01-02`).  It must not wait.
    fn legacy_token_used(&self, _secret: &LegacyUse) {}
}

/// A use of a legacy token that its secret does not tell yet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LegacyUse {
    /// Namespace of the secret.
    pub namespace: String,
    /// Name of the secret.
    pub name: String,
    /// Uid of the secret.
    pub uid: String,
    /// The day in UTC.
    pub day: String,
}

/// The kinds of objects that a token refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// The service account itself.
    ServiceAccount,
    /// A pod that uses it.
    Pod,
    /// A secret.
    Secret,
    /// A node.
    Node,
}

/// An object that a token refers to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BoundObject {
    /// Its uid.
    pub uid: String,
    /// Its `deletionTimestamp`, in seconds since the Unix epoch.
    pub deleted_at: Option<i64>,
    /// Its revision.
    pub revision: u64,
}

/// Objects that must stay as they are for a remembered token to be good.
pub(super) struct Objects {
    lookup: Arc<dyn Lookup>,
    objects: Vec<Seen>,
    /// Any change of an object ends it, not only its removal.
    unchanged: bool,
}

struct Seen {
    kind: Bound,
    namespace: String,
    name: String,
    uid: String,
    revision: AtomicU64,
}

impl Objects {
    /// Nothing yet; with `unchanged` every change counts, without only that an object goes or is marked deleted.
    pub(super) fn new(lookup: Arc<dyn Lookup>, unchanged: bool) -> Self {
        Self { lookup, objects: Vec::new(), unchanged }
    }

    /// Adds an object as it was when the token was looked at.
    pub(super) fn add(&mut self, kind: Bound, namespace: &str, name: &str, found: &BoundObject) {
        self.objects.push(Seen {
            kind,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            uid: found.uid.clone(),
            // What is on its way out is looked at every time.
            revision: AtomicU64::new(if found.deleted_at.is_some() { 0 } else { found.revision }),
        });
    }

    fn is_same(&self, seen: &Seen) -> bool {
        let now = self.lookup.revision(seen.kind, &seen.namespace, &seen.name);
        match now {
            None => false,
            Some(revision) if revision == seen.revision.load(Ordering::Relaxed) => true,
            Some(_) if self.unchanged => false,
            Some(_) => {
                let found = self.lookup.find(seen.kind, &seen.namespace, &seen.name);
                let Some(found) = found.filter(|o| o.uid == seen.uid && o.deleted_at.is_none()) else {
                    return false;
                };
                seen.revision.store(found.revision, Ordering::Relaxed);
                true
            }
        }
    }
}

impl Ground for Objects {
    fn holds(&self, _now: i64) -> bool {
        self.objects.iter().all(|seen| self.is_same(seen))
    }
}
