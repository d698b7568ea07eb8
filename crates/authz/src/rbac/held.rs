//! What one subject holds in one scope: roles, each through one or more bindings.
//!
//! A subject with a few roles keeps a list that is asked role by role.  One with many keeps an index over all of them,
//! so that a decision stays cheap; it changes with its roles.  Of several roles that allow something the narrowest is
//! named, so that the answer does not depend on the order in which objects came.

use std::collections::BTreeMap;
use std::sync::Arc;

use imbl::shared_ptr::DefaultSharedPtr;
use imbl::{GenericHashMap, HashMap, OrdSet, Vector};

use super::key::{AsIs, AtomKey, Query, Shape};
use super::object::{Binding, Role, RoleKey};

/// Up to how many roles are asked one by one.
const FEW: usize = 8;

/// Position of a role in [`Slots`].
pub(super) type RoleId = u32;

/// Every role that exists or that a binding refers to.
pub(super) type Slots = Vector<Slot>;

/// A role, `None` when it does not exist.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub key: Arc<RoleKey>,
    pub role: Option<Arc<Role>>,
}

/// The roles of one subject in one scope.
#[derive(Clone, Debug)]
pub(super) enum Held {
    Few(Vec<(RoleId, Vec<Arc<Binding>>)>),
    Many(Box<Many>),
}

/// INVARIANT: `atoms`, `wide`, `flags` and `prefixes` are what the existing roles in `roles` give together, `missing`
/// are those that do not exist.
#[derive(Clone, Debug, Default)]
pub(super) struct Many {
    roles: HashMap<RoleId, Vec<Arc<Binding>>>,
    atoms: GenericHashMap<AtomKey, OrdSet<Ranked>, AsIs, DefaultSharedPtr>,
    wide: OrdSet<Ranked>,
    missing: OrdSet<RoleId>,
    flags: [usize; 6],
    prefixes: BTreeMap<usize, usize>,
}

/// The roles whose changes [`Held::role_changed`] must be told, as far as that changed.
#[derive(Debug, Default)]
pub(super) struct Watched {
    pub from_now: Vec<RoleId>,
    pub no_more: Vec<RoleId>,
}

/// A role in order of breadth, then name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Ranked {
    breadth: usize,
    key: Arc<RoleKey>,
    id: RoleId,
}

impl Default for Held {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

impl Held {
    /// The role that allows what is asked and its rule; the narrowest of several.
    pub fn find(&self, query: &Query, slots: &Slots) -> Option<(RoleId, Arc<Role>, usize)> {
        match self {
            Self::Few(list) => {
                let found = list.iter().filter_map(|(id, _)| {
                    let role = slots.get(*id as usize)?.role.as_ref()?;
                    role.table.find(query).map(|rule| (*id, role, rule))
                });
                let found = found.min_by(|(_, a, _), (_, b, _)| {
                    a.table.breadth().cmp(&b.table.breadth()).then_with(|| a.key.cmp(&b.key))
                });
                found.map(|(id, role, rule)| (id, Arc::clone(role), rule))
            }
            Self::Many(many) => many.find(query, slots),
        }
    }

    /// The bindings through which a role is held, by name.
    pub fn bindings(&self, id: RoleId) -> &[Arc<Binding>] {
        match self {
            Self::Few(list) => list.iter().find(|(i, _)| *i == id).map(|(_, b)| b.as_slice()),
            Self::Many(many) => many.roles.get(&id).map(Vec::as_slice),
        }
        .unwrap_or(&[])
    }

    /// Every role with its bindings.
    pub fn each(&self, mut visit: impl FnMut(RoleId, &[Arc<Binding>])) {
        match self {
            Self::Few(list) => list.iter().for_each(|(id, bindings)| visit(*id, bindings)),
            Self::Many(many) => many.roles.iter().for_each(|(id, bindings)| visit(*id, bindings)),
        }
    }

    /// The held roles that do not exist.
    pub fn missing(&self, slots: &Slots) -> Vec<RoleId> {
        match self {
            Self::Few(list) => {
                let gone = |id: &RoleId| slots.get(*id as usize).is_none_or(|s| s.role.is_none());
                list.iter().map(|(id, _)| *id).filter(gone).collect()
            }
            Self::Many(many) => many.missing.iter().copied().collect(),
        }
    }

    /// True when nothing is held.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Few(list) => list.is_empty(),
            Self::Many(many) => many.roles.is_empty(),
        }
    }

    /// Holds a role through one more binding.
    pub fn add(&mut self, id: RoleId, binding: Arc<Binding>, slots: &Slots) -> Watched {
        let mut watched = Watched::default();
        match self {
            Self::Few(list) => match list.iter_mut().find(|(i, _)| *i == id) {
                Some((_, bindings)) => insert_sorted(bindings, binding),
                None => list.push((id, vec![binding])),
            },
            Self::Many(many) => {
                if !many.roles.contains_key(&id) {
                    many.enter(id, slots);
                    watched.from_now.push(id);
                }
                insert_sorted(many.roles.entry(id).or_default(), binding);
            }
        }
        if let Self::Few(list) = self
            && list.len() > FEW
        {
            let mut many = Many::default();
            for (id, bindings) in list.drain(..) {
                many.enter(id, slots);
                many.roles.insert(id, bindings);
                watched.from_now.push(id);
            }
            *self = Self::Many(Box::new(many));
        }
        watched
    }

    /// Holds a role through one binding less.
    pub fn remove(&mut self, id: RoleId, binding: &Binding, slots: &Slots) -> Watched {
        let mut watched = Watched::default();
        match self {
            Self::Few(list) => {
                if let Some((_, bindings)) = list.iter_mut().find(|(i, _)| *i == id) {
                    bindings.retain(|b| b.name != binding.name);
                }
                list.retain(|(_, bindings)| !bindings.is_empty());
            }
            Self::Many(many) => {
                let Some(bindings) = many.roles.get_mut(&id) else { return watched };
                bindings.retain(|b| b.name != binding.name);
                if bindings.is_empty() {
                    many.roles.remove(&id);
                    many.leave(id, slots.get(id as usize).and_then(|s| s.role.as_deref()));
                    watched.no_more.push(id);
                }
                if many.roles.len() <= FEW / 2 {
                    let list = many.roles.iter().map(|(id, bindings)| (*id, bindings.clone()));
                    let list: Vec<_> = list.collect();
                    watched.no_more.extend(list.iter().map(|(id, _)| *id));
                    *self = Self::Few(list);
                }
            }
        }
        watched
    }

    /// A held role came, went or changed; `slots` has its new state.
    pub fn role_changed(&mut self, id: RoleId, before: Option<&Role>, slots: &Slots) {
        if let Self::Many(many) = self
            && many.roles.contains_key(&id)
        {
            many.leave(id, before);
            many.enter(id, slots);
        }
    }
}

impl Many {
    fn find(&self, query: &Query, slots: &Slots) -> Option<(RoleId, Arc<Role>, usize)> {
        let shape =
            Shape { flags: self.flags.map(|n| n > 0), prefixes: self.prefixes.keys().copied().collect() };
        let mut best: Option<&Ranked> = None;
        query.any(&shape, |key| {
            let found = self.atoms.get(&key).and_then(OrdSet::get_min);
            best = best.into_iter().chain(found).min();
            false
        });
        let rule_of = |r: &Ranked| {
            let role = slots.get(r.id as usize)?.role.as_ref()?;
            Some((r.id, Arc::clone(role), role.table.find(query)?))
        };
        let narrower = self.wide.iter().take_while(|w| best.is_none_or(|b| *w < b)).find_map(rule_of);
        narrower.or_else(|| best.and_then(rule_of))
    }

    fn enter(&mut self, id: RoleId, slots: &Slots) {
        let Some(role) = slots.get(id as usize).and_then(|s| s.role.as_deref()) else {
            self.missing.insert(id);
            return;
        };
        let ranked = Ranked::of(id, role);
        for atom in role.table.atoms() {
            self.atoms.entry(atom).or_default().insert(ranked.clone());
        }
        if role.table.has_wide() {
            self.wide.insert(ranked);
        }
        self.count(role.table.shape(), |n| *n += 1);
    }

    fn leave(&mut self, id: RoleId, role: Option<&Role>) {
        let Some(role) = role else {
            self.missing.remove(&id);
            return;
        };
        let ranked = Ranked::of(id, role);
        for atom in role.table.atoms() {
            if let Some(roles) = self.atoms.get_mut(&atom) {
                roles.remove(&ranked);
                if roles.is_empty() {
                    self.atoms.remove(&atom);
                }
            }
        }
        self.wide.remove(&ranked);
        self.count(role.table.shape(), |n| *n = n.saturating_sub(1));
    }

    fn count(&mut self, shape: &Shape, change: impl Fn(&mut usize)) {
        for (n, flag) in self.flags.iter_mut().zip(shape.flags) {
            if flag {
                change(n);
            }
        }
        for prefix in &shape.prefixes {
            change(self.prefixes.entry(*prefix).or_default());
        }
        self.prefixes.retain(|_, n| *n > 0);
    }
}

impl Ranked {
    fn of(id: RoleId, role: &Role) -> Self {
        Self { breadth: role.table.breadth(), key: Arc::clone(&role.key), id }
    }
}

fn insert_sorted(bindings: &mut Vec<Arc<Binding>>, binding: Arc<Binding>) {
    match bindings.binary_search_by(|b| b.name.cmp(&binding.name)) {
        Ok(at) => bindings.splice(at..=at, [binding]).for_each(drop),
        Err(at) => bindings.insert(at, binding),
    }
}
