//! What RBAC has to say beside its verdict: all grants that allow, near misses, who may, what somebody may.
//!
//! Entry points: the methods of [`Snapshot`] here.  Whether a role allows is for its compiled table alone to say, as in
//! a decision; the rules themselves are only looked at to say in what they differ.

mod difference;
mod near;
mod spelling;

use std::sync::Arc;

use api::user::{UserInfo, split_service_account};
use api::{Map, Str, Value};

use super::held::{Held as RolesHeld, RoleId};
use super::object::{Binding, RoleKey, RoleKind, Subject, SubjectKind};
use super::snapshot::{Grant, Scope, Snapshot};
use crate::authorizer::Attributes;
use crate::explain::{AllHeld, Held, Holder, Holders, MOST_GRANTS, Miss};

/// What a cluster role is selected by, and what it selects.
#[derive(Debug)]
pub(super) struct Labels {
    labels: Map,
    /// Its `aggregationRule.clusterRoleSelectors`, `None` when it is not aggregated.
    selectors: Option<Vec<Value>>,
}

impl Labels {
    /// Those of a cluster role; `None` when there is nothing to know.
    pub fn of(role: &Value) -> Option<Arc<Self>> {
        let labels = role.at(&["metadata", "labels"]).as_object().cloned().unwrap_or_default();
        let aggregated = role.at(&["aggregationRule"]).as_object().is_some();
        let selectors =
            aggregated.then(|| role.array_at(&["aggregationRule", "clusterRoleSelectors"]).to_vec());
        (aggregated || !labels.is_empty()).then(|| Arc::new(Self { labels, selectors }))
    }
}

/// Who holds roles: a user name or a group.
#[derive(Clone, Copy, Debug)]
struct Who<'a> {
    group: bool,
    name: &'a str,
}

impl Snapshot {
    /// Every grant that allows the question, the one that [`Snapshot::find`] names first; at most [`MOST_GRANTS`].
    pub fn find_all(&self, attributes: &Attributes) -> Vec<Grant> {
        let query = self.keys.query(attributes);
        let mut grants: Vec<Grant> = self.find(attributes).into_iter().collect();
        for held in self.held_by(attributes.user, attributes.namespace()) {
            held.each(|id, bindings| {
                let Some(role) = self.slots.get(id as usize).and_then(|s| s.role.as_ref()) else { return };
                let Some(rule) = role.table.find(&query) else { return };
                for binding in bindings {
                    let known = grants.iter().any(|g| Arc::ptr_eq(&g.binding, binding));
                    if grants.len() < MOST_GRANTS && !known {
                        let subject = binding.subject_of(attributes.user).cloned();
                        grants.push(Grant {
                            binding: Arc::clone(binding),
                            subject,
                            role: Arc::clone(role),
                            rule,
                        });
                    }
                }
            });
        }
        let mut rest = grants.split_off(grants.len().min(1));
        rest.sort_by(|a, b| {
            (&a.binding.namespace, &a.binding.name).cmp(&(&b.binding.namespace, &b.binding.name))
        });
        grants.extend(rest);
        grants
    }

    /// What would nearly have allowed the question, nearest first.  Looks at everything that is bound.
    pub fn misses(&self, attributes: &Attributes) -> Vec<Miss> {
        near::misses(self, attributes)
    }

    /// Everybody who may do what is asked, whoever asks.
    pub(super) fn holders(&self, attributes: &Attributes, authorizer: &str) -> Holders {
        let query = self.keys.query(attributes);
        let mut list = Vec::new();
        self.each_held(|namespace, who, held| {
            if !namespace.is_empty() && namespace != attributes.namespace() {
                return;
            }
            held.each(|id, bindings| {
                let Some(role) = self.slots.get(id as usize).and_then(|s| s.role.as_ref()) else { return };
                let Some(rule) = role.table.find(&query) else { return };
                list.extend(bindings.iter().map(|binding| {
                    let subject = who.subject(binding);
                    let grant = Grant {
                        binding: Arc::clone(binding),
                        subject: Some(subject.clone()),
                        role: Arc::clone(role),
                        rule,
                    };
                    Holder {
                        subject,
                        authorizer: authorizer.to_owned(),
                        grant: Some(grant),
                        source: String::new(),
                    }
                }));
            });
        });
        list.sort_by(|a, b| holder_order(a).cmp(&holder_order(b)));
        Holders { list, notes: Vec::new() }
    }

    /// Everything that a user may do, in every namespace.
    pub(super) fn held(&self, user: &UserInfo, authorizer: &str) -> AllHeld {
        let mut list = Vec::new();
        for (namespace, scope) in self.scopes() {
            for held in scope.held_by(user) {
                held.each(|id, bindings| {
                    let Some(slot) = self.slots.get(id as usize) else { return };
                    for binding in bindings {
                        let held = |rule| Held {
                            authorizer: authorizer.to_owned(),
                            namespace: Str::from(namespace),
                            binding: Some((Arc::clone(binding), binding.subject_of(user).cloned())),
                            role: Some(Arc::clone(&slot.key)),
                            rule,
                            is_missing: slot.role.is_none(),
                            source: String::new(),
                        };
                        match &slot.role {
                            None => list.push(held(None)),
                            Some(role) if role.rules.is_empty() => list.push(held(None)),
                            Some(role) => list.extend(
                                role.rules.iter().enumerate().map(|(i, r)| held(Some((i, Arc::clone(r))))),
                            ),
                        }
                    }
                });
            }
        }
        // A binding that names the user and a group of the user's is held twice.
        list.sort_by(|a, b| held_order(a).cmp(&held_order(b)));
        list.dedup_by(|a, b| held_order(a) == held_order(b));
        AllHeld { list, notes: Vec::new() }
    }

    /// The cluster scope as `""`, then every namespace.
    fn scopes(&self) -> impl Iterator<Item = (&str, &Scope)> {
        std::iter::once(("", &self.cluster)).chain(self.namespaces.iter().map(|(n, s)| (n.as_str(), s)))
    }

    /// Visits everything that anybody holds.
    fn each_held(&self, mut visit: impl FnMut(&str, Who, &RolesHeld)) {
        for (namespace, scope) in self.scopes() {
            for (group, subjects) in [(false, &scope.users), (true, &scope.groups)] {
                for (name, held) in subjects {
                    visit(namespace, Who { group, name }, held);
                }
            }
        }
    }

    /// A role's key, whether it exists or not.
    fn role_of(&self, id: RoleId) -> Option<&Arc<RoleKey>> {
        self.slots.get(id as usize).map(|slot| &slot.key)
    }

    fn labels_of(&self, role: &RoleKey) -> Option<&Arc<Labels>> {
        if role.kind == RoleKind::ClusterRole { self.labels.get(&role.name) } else { None }
    }
}

impl Scope {
    fn held_by<'a>(&'a self, user: &'a UserInfo) -> impl Iterator<Item = &'a RolesHeld> {
        let by_name = self.users.get(user.name.as_str());
        let by_group = user.groups.iter().filter_map(|g| self.groups.get(g.as_str()));
        by_name.into_iter().chain(by_group).map(Arc::as_ref)
    }
}

impl Who<'_> {
    /// As a subject; one that the binding names where it can be told.
    fn subject(self, binding: &Binding) -> Subject {
        let user =
            if self.group { UserInfo::new("", [self.name]) } else { UserInfo::new(self.name, [""; 0]) };
        match binding.subject_of(&user) {
            Some(subject) if subject.kind == SubjectKind::ServiceAccount => {
                let namespace = split_service_account(self.name).map_or("", |(namespace, _)| namespace);
                Subject { namespace: namespace.into(), ..subject.clone() }
            }
            Some(subject) => subject.clone(),
            None => {
                let kind = if self.group { SubjectKind::Group } else { SubjectKind::User };
                Subject { kind, name: self.name.into(), namespace: Str::default() }
            }
        }
    }
}

fn holder_order(holder: &Holder) -> (u8, &str, &str, &str, &str) {
    let kind = match holder.subject.kind {
        SubjectKind::User => 0,
        SubjectKind::Group => 1,
        SubjectKind::ServiceAccount => 2,
        SubjectKind::Other(_) => 3,
    };
    let binding = holder.grant.as_ref().map(|g| &g.binding);
    let (namespace, name) = binding.map_or(("", ""), |b| (b.namespace.as_str(), b.name.as_str()));
    (kind, &holder.subject.namespace, &holder.subject.name, namespace, name)
}

fn held_order(held: &Held) -> (&str, &str, usize) {
    let name = held.binding.as_ref().map_or("", |(binding, _)| binding.name.as_str());
    (&held.namespace, name, held.rule.as_ref().map_or(0, |(position, _)| *position))
}
