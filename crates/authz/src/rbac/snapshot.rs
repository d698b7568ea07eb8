//! The compiled policy of one moment.
//!
//! Entry points: [`Snapshot::find`] for a decision, [`Snapshot::rules`] for everything a user may do.  Snapshots share
//! structure; taking and keeping one is cheap.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use api::Str;
use api::field::go_quote;
use api::user::UserInfo;
use imbl::HashMap;

use super::escalation::Permission;
use super::explain::Labels;
use super::held::{Held, RoleId, Slots};
use super::key::Keys;
use super::object::{Binding, Role, RoleKey, Subject};
use super::rule::Rule;
use crate::authorizer::{Attributes, Reason, Verdict};
use crate::union::aggregate;

/// The compiled policy of one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub(super) keys: Keys,
    pub(super) cluster: Scope,
    pub(super) namespaces: HashMap<Str, Scope>,
    pub(super) slots: Slots,
    /// How many slots in use have no role; mostly none, and then nobody need be asked.
    pub(super) missing: usize,
    /// The slots in use.
    pub(super) ids: HashMap<Arc<RoleKey>, RoleId>,
    /// What cluster roles are selected by, of those that have something; only explanations look.
    pub(super) labels: HashMap<Str, Arc<Labels>>,
}

/// Who holds what in the cluster scope or in a namespace.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    pub users: HashMap<Str, Arc<Held>>,
    pub groups: HashMap<Str, Arc<Held>>,
}

/// How many missing roles are named in a reason.
const MOST_DANGLING: usize = 100;

/// What made a decision: a binding for a subject, its role and the rule in it.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The binding.
    pub binding: Arc<Binding>,
    /// The first of its subjects that is the user.
    pub subject: Option<Subject>,
    /// The role it refers to.
    pub role: Arc<Role>,
    /// Position of the rule in the role.
    pub rule: usize,
}

impl Snapshot {
    /// What allows the question, `None` when nothing does.
    pub fn find(&self, attributes: &Attributes) -> Option<Grant> {
        let query = self.keys.query(attributes);
        for held in self.held_by(attributes.user, attributes.namespace()) {
            if let Some((id, role, rule)) = held.find(&query, &self.slots) {
                let binding = Arc::clone(held.bindings(id).first()?);
                let subject = binding.subject_of(attributes.user).cloned();
                return Some(Grant { binding, subject, role, rule });
            }
        }
        None
    }

    /// The answer to the question.
    pub(super) fn verdict(&self, attributes: &Attributes) -> Verdict {
        if let Some(grant) = self.find(attributes) {
            return Verdict::allow(Reason::Rbac(grant));
        }
        match aggregate(self.dangling(attributes.user, attributes.namespace())) {
            None => Verdict::no_opinion(""),
            Some(errors) => Verdict::no_opinion(format!("RBAC: {errors}")),
        }
    }

    /// True when the user holds a permission in `namespace`, itself or by a wider one.
    pub(super) fn holds(&self, user: &UserInfo, namespace: &str, permission: Permission) -> bool {
        let query = self.keys.permission(permission);
        self.held_by(user, namespace).any(|held| held.find(&query, &self.slots).is_some())
    }

    /// A role, when it exists.
    pub fn role(&self, key: &RoleKey) -> Option<&Arc<Role>> {
        self.slots.get(*self.ids.get(key)? as usize)?.role.as_ref()
    }

    /// One text for each role that the user is bound to and that does not exist; after a hundred only how many more.
    pub fn dangling(&self, user: &UserInfo, namespace: &str) -> Vec<String> {
        self.dangling_as(user, namespace, RoleKey::not_found)
    }

    /// The same in the words of `text`.
    pub(super) fn dangling_as(
        &self,
        user: &UserInfo,
        namespace: &str,
        text: impl Fn(&RoleKey) -> String,
    ) -> Vec<String> {
        let mut ids: Vec<RoleId> =
            self.held_by(user, namespace).flat_map(|h| h.missing(&self.slots)).collect();
        ids.sort_unstable();
        ids.dedup();
        let slots = ids.iter().take(MOST_DANGLING).filter_map(|id| self.slots.get(*id as usize));
        let mut texts: Vec<String> = slots.map(|s| text(&s.key)).collect();
        texts.sort_unstable();
        if ids.len() > MOST_DANGLING {
            texts.push(format!("{} more roles not found", ids.len() - MOST_DANGLING));
        }
        texts
    }

    /// Every rule the user has in `namespace` (`""`: in the cluster scope alone): those of cluster role bindings
    /// first, then those of role bindings, each by the name of the binding.
    pub fn rules(&self, user: &UserInfo, namespace: &str) -> Vec<Arc<Rule>> {
        let mut found: Vec<(Arc<Binding>, RoleId)> = Vec::new();
        for held in self.held_by(user, namespace) {
            held.each(|id, bindings| found.extend(bindings.iter().map(|b| (Arc::clone(b), id))));
        }
        found.sort_by(|(a, _), (b, _)| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
        found.dedup_by(|(a, _), (b, _)| Arc::ptr_eq(a, b));
        let role = |id: RoleId| self.slots.get(id as usize).and_then(|s| s.role.as_ref());
        found.iter().filter_map(|(_, id)| role(*id)).flat_map(|r| r.rules.iter().map(Arc::clone)).collect()
    }

    /// What the user holds by name and by group, cluster scope first.
    pub(super) fn held_by<'a>(
        &'a self,
        user: &'a UserInfo,
        namespace: &str,
    ) -> impl Iterator<Item = &'a Held> {
        let here = if namespace.is_empty() { None } else { self.namespaces.get(namespace) };
        [Some(&self.cluster), here].into_iter().flatten().flat_map(move |scope| {
            let by_name = scope.users.get(user.name.as_str());
            let by_group = user.groups.iter().filter_map(|g| scope.groups.get(g.as_str()));
            by_name.into_iter().chain(by_group).map(Arc::as_ref)
        })
    }

    /// How many distinct subjects hold something, over all scopes.
    pub fn subjects(&self) -> usize {
        let mut names = HashSet::new();
        for scope in std::iter::once(&self.cluster).chain(self.namespaces.values()) {
            names.extend(scope.users.keys().map(|n| (false, n)));
            names.extend(scope.groups.keys().map(|n| (true, n)));
        }
        names.len()
    }
}

/// As upstream's reasons read: `ClusterRoleBinding "b" of ClusterRole "r" to Group "g"`.
impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Binding { namespace, name, role_ref, .. } = self.binding.as_ref();
        if namespace.is_empty() {
            write!(f, "ClusterRoleBinding {}", go_quote(name))?;
        } else {
            write!(f, "RoleBinding {}", go_quote(&format!("{name}/{namespace}")))?;
        }
        write!(f, " of {} {} to ", role_ref.kind, go_quote(&role_ref.name))?;
        match &self.subject {
            Some(subject) => subject.describe(namespace, f),
            None => Ok(()),
        }
    }
}
