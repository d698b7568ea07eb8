//! Role-based access control: the objects, their compiled index and what is computed from them.
//!
//! Entry point: [`Rbac`].  It is fed with objects as they change and answers from a snapshot that never blocks.  The
//! cost of a decision depends on the user's groups, not on how many roles and bindings there are.

mod aggregate;
mod escalation;
mod explain;
mod held;
mod index;
mod key;
mod object;
mod reconcile;
mod rule;
mod snapshot;
mod table;

use std::sync::{Arc, Mutex, PoisonError};

use api::Value;
use api::user::UserInfo;
use arc_swap::ArcSwap;

use crate::authorizer::{Attributes, Authorizer, Rules, Verdict};
use crate::explain::{AllHeld, Explanation, Holders};

pub use aggregate::{aggregate_all, aggregated_rules};
pub use escalation::EscalationCheck;
pub use index::Batch;
pub use object::{Binding, Kind, Role, RoleKey, RoleKind, RoleRef, Subject, SubjectKind};
pub use reconcile::{Step, reconcile_binding, reconcile_role};
pub use rule::Rule;
pub use snapshot::{Grant, Snapshot};

/// API group of the objects.
pub const GROUP: &str = "rbac.authorization.k8s.io";

/// The RBAC authorizer.
///
/// INVARIANT: `current` is what `writer` held after its last finished batch; a reader sees a batch wholly or not at
/// all.
pub struct Rbac {
    current: ArcSwap<Snapshot>,
    writer: Mutex<index::Index>,
}

impl Default for Rbac {
    fn default() -> Self {
        Self::new()
    }
}

impl Rbac {
    /// Knows no object: allows nothing.
    pub fn new() -> Self {
        let writer = index::Index::new();
        Self { current: ArcSwap::from_pointee(writer.snapshot()), writer: Mutex::new(writer) }
    }

    /// Takes in an object that was created or changed.
    pub fn upsert(&self, kind: Kind, object: &Value) {
        self.batch(|batch| batch.upsert(kind, object));
    }

    /// Forgets an object; `namespace` is `""` for the cluster-wide kinds.
    pub fn remove(&self, kind: Kind, namespace: &str, name: &str) {
        self.batch(|batch| batch.remove(kind, namespace, name));
    }

    /// Takes in several changes; readers see all of them at once.
    pub fn batch(&self, change: impl FnOnce(&mut Batch)) {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut Batch::new(&mut writer));
        self.current.store(Arc::new(writer.snapshot()));
    }

    /// The state of this moment, for several questions about the same state.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }
}

impl Authorizer for Rbac {
    fn authorize(&self, attributes: &Attributes) -> Verdict {
        self.current.load().verdict(attributes)
    }

    fn rules(&self, user: &UserInfo, namespace: &str) -> Rules {
        let snapshot = self.current.load();
        let mut rules = Rules::default();
        for rule in snapshot.rules(user, namespace) {
            if !rule.resources.is_empty() {
                rules.resource.push(Arc::clone(&rule));
            }
            if !rule.urls.is_empty() {
                rules.non_resource.push(rule);
            }
        }
        rules.errors = snapshot.dangling(user, namespace);
        rules
    }

    fn name(&self) -> &str {
        "RBAC"
    }

    fn explain(&self, attributes: &Attributes) -> Explanation {
        let snapshot = self.current.load_full();
        let mut explanation = Explanation::of(self.name(), snapshot.verdict(attributes));
        if explanation.allowed() {
            explanation.grants = snapshot.find_all(attributes);
        } else {
            explanation.misses = snapshot.misses(attributes);
        }
        explanation
    }

    fn holders(&self, attributes: &Attributes) -> Holders {
        self.current.load().holders(attributes, self.name())
    }

    fn held(&self, user: &UserInfo) -> AllHeld {
        self.current.load().held(user, self.name())
    }
}

#[cfg(test)]
mod tests;
