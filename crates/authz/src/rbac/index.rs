//! The writer's side: objects come and go, the snapshot follows.
//!
//! Entry point: [`Batch`].  A change costs time in the number of subjects of one binding, or, for a role, in the number
//! of subjects with an index of their own that hold it; never in the number of all objects.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use api::{Str, Value};

use super::explain::Labels;
use super::held::{Held, RoleId, Slot, Watched};
use super::key::Keys;
use super::object::{Binding, Kind, Role, RoleKey, RoleKind, SubjectKey};
use super::rule::Rule;
use super::snapshot::{Scope, Snapshot};
use super::table::Table;

/// Everything that is needed to change a snapshot.
///
/// INVARIANT: a slot is in use exactly when its role exists or a binding refers to it; `ids` of the snapshot has just
/// those, and `missing` counts those without a role.
pub(super) struct Index {
    current: Snapshot,
    bindings: HashMap<(Str, Str), Arc<Binding>>,
    uses: Vec<Use>,
    free: Vec<RoleId>,
}

/// What refers to a slot.
#[derive(Default)]
struct Use {
    bindings: usize,
    /// The subjects that hold the role and have an index of their own, by scope.
    indexed: HashSet<(Str, SubjectKey)>,
}

/// Several changes that readers see at once.
pub struct Batch<'a>(&'a mut Index);

impl<'a> Batch<'a> {
    pub(super) fn new(index: &'a mut Index) -> Self {
        Self(index)
    }

    /// Takes in an object that was created or changed.
    pub fn upsert(&mut self, kind: Kind, object: &Value) {
        match kind {
            Kind::Role | Kind::ClusterRole => {
                let rules = object.array_at(&["rules"]).iter().map(Rule::from_value).collect();
                let (namespace, name) =
                    (object.str_at(&["metadata", "namespace"]), object.str_at(&["metadata", "name"]));
                if kind == Kind::ClusterRole {
                    self.0.put_labels(name, Labels::of(object));
                }
                self.set_role(kind == Kind::ClusterRole, namespace, name, rules);
            }
            Kind::RoleBinding | Kind::ClusterRoleBinding => self.set_binding(Binding::from_value(object)),
        }
    }

    /// Forgets an object; `namespace` is `""` for the cluster-wide kinds.
    pub fn remove(&mut self, kind: Kind, namespace: &str, name: &str) {
        match kind {
            Kind::Role | Kind::ClusterRole => {
                let key = role_key(kind == Kind::ClusterRole, namespace, name);
                self.0.put_role(key, None);
                if kind == Kind::ClusterRole {
                    self.0.put_labels(name, None);
                }
            }
            Kind::RoleBinding | Kind::ClusterRoleBinding => self.0.drop_binding(namespace, name),
        }
    }

    /// Sets the rules of a role.
    pub fn set_role(&mut self, cluster: bool, namespace: &str, name: &str, rules: Vec<Rule>) {
        let key = role_key(cluster, namespace, name);
        self.0.put_role(key, Some(rules.into_iter().map(Arc::new).collect()));
    }

    /// Sets a binding.
    pub fn set_binding(&mut self, binding: Binding) {
        self.0.put_binding(binding);
    }
}

fn role_key(cluster: bool, namespace: &str, name: &str) -> RoleKey {
    let kind = if cluster { RoleKind::ClusterRole } else { RoleKind::Role };
    RoleKey { kind, namespace: namespace.into(), name: name.into() }
}

impl Index {
    pub fn new() -> Self {
        let current = Snapshot {
            keys: Keys::new(),
            cluster: Scope::default(),
            namespaces: imbl::HashMap::default(),
            slots: imbl::Vector::new(),
            missing: 0,
            ids: imbl::HashMap::default(),
            labels: imbl::HashMap::default(),
        };
        Self { current, bindings: HashMap::new(), uses: Vec::new(), free: Vec::new() }
    }

    pub fn snapshot(&self) -> Snapshot {
        self.current.clone()
    }

    fn put_labels(&mut self, name: &str, labels: Option<Arc<Labels>>) {
        match labels {
            Some(labels) => self.current.labels.insert(name.into(), labels),
            None => self.current.labels.remove(name),
        };
    }

    fn put_role(&mut self, key: RoleKey, rules: Option<Vec<Arc<Rule>>>) {
        if rules.is_none() && !self.current.ids.contains_key(&key) {
            return;
        }
        let id = self.slot(key);
        let Some(slot) = self.current.slots.get_mut(id as usize) else { return };
        let key = Arc::clone(&slot.key);
        let role = rules.map(|rules| {
            let table = Table::compile(&self.current.keys, &rules);
            Arc::new(Role { key, rules, table })
        });
        let is_missing = usize::from(role.is_none());
        let before = std::mem::replace(&mut slot.role, role);
        self.current.missing += is_missing;
        self.current.missing -= usize::from(before.is_none());
        let indexed = self.uses.get(id as usize).map(|u| u.indexed.clone()).unwrap_or_default();
        let slots = self.current.slots.clone();
        for (namespace, subject) in indexed {
            self.change(&namespace, subject, |held| {
                held.role_changed(id, before.as_deref(), &slots);
                Watched::default()
            });
        }
        self.release(id);
    }

    fn put_binding(&mut self, binding: Binding) {
        let key = (binding.namespace.clone(), binding.name.clone());
        if self.bindings.get(&key).is_some_and(|old| **old == binding) {
            return;
        }
        self.drop_binding(&binding.namespace, &binding.name);
        let binding = Arc::new(binding);
        let id = self.slot(binding.role_key());
        if let Some(u) = self.uses.get_mut(id as usize) {
            u.bindings += 1;
        }
        let slots = self.current.slots.clone();
        for subject in binding.subject_keys() {
            self.change(&binding.namespace, subject, |held| held.add(id, Arc::clone(&binding), &slots));
        }
        self.bindings.insert(key, binding);
    }

    fn drop_binding(&mut self, namespace: &str, name: &str) {
        let Some(binding) = self.bindings.remove(&(namespace.into(), name.into())) else { return };
        let Some(id) = self.current.ids.get(&binding.role_key()).copied() else { return };
        let slots = self.current.slots.clone();
        for subject in binding.subject_keys() {
            self.change(namespace, subject, |held| held.remove(id, &binding, &slots));
        }
        if let Some(u) = self.uses.get_mut(id as usize) {
            u.bindings -= 1;
        }
        self.release(id);
    }

    /// Changes what one subject holds, and keeps track of whom to tell about roles.
    fn change(&mut self, namespace: &str, subject: SubjectKey, change: impl FnOnce(&mut Held) -> Watched) {
        let scope = match namespace {
            "" => &mut self.current.cluster,
            _ => self.current.namespaces.entry(namespace.into()).or_default(),
        };
        let subjects = if subject.group { &mut scope.groups } else { &mut scope.users };
        let held = Arc::make_mut(subjects.entry(subject.name.clone()).or_default());
        let Watched { from_now, no_more } = change(held);
        if held.is_empty() {
            subjects.remove(&subject.name);
        }
        if !namespace.is_empty() && scope.users.is_empty() && scope.groups.is_empty() {
            self.current.namespaces.remove(namespace);
        }
        let entry = (Str::from(namespace), subject);
        for id in no_more {
            if let Some(u) = self.uses.get_mut(id as usize) {
                u.indexed.remove(&entry);
            }
        }
        for id in from_now {
            if let Some(u) = self.uses.get_mut(id as usize) {
                u.indexed.insert(entry.clone());
            }
        }
    }

    /// The slot of a role, made when there is none.
    fn slot(&mut self, key: RoleKey) -> RoleId {
        if let Some(id) = self.current.ids.get(&key) {
            return *id;
        }
        let key = Arc::new(key);
        let slot = Slot { key: Arc::clone(&key), role: None };
        let id = match self.free.pop() {
            Some(id) => {
                self.current.slots.set(id as usize, slot);
                id
            }
            None => {
                self.current.slots.push_back(slot);
                self.uses.push(Use::default());
                RoleId::try_from(self.uses.len() - 1).unwrap_or(RoleId::MAX)
            }
        };
        self.current.ids.insert(key, id);
        self.current.missing += 1;
        id
    }

    /// Gives the slot back when nothing uses it any more.
    fn release(&mut self, id: RoleId) {
        let unused = self.uses.get(id as usize).is_some_and(|u| u.bindings == 0);
        if let Some(slot) = self.current.slots.get(id as usize)
            && unused
            && slot.role.is_none()
        {
            self.current.ids.remove(&slot.key);
            self.current.missing -= 1;
            self.free.push(id);
        }
    }
}
