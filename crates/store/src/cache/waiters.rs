//! Who waits for what: an index from the places of an event to the watchers it concerns, so that an event wakes only
//! those that could match it, however many there are.
//!
//! Entry points: [`Waiters::add`] and [`Waiters::wake`].

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use api::Str;
use tokio::sync::Notify;

use super::{Event, Scope};

/// No event is pending.
const NONE: u64 = u64::MAX;

/// One watcher, as the writer sees it.
pub(super) struct Waiter {
    id: u64,
    /// Sequence number of the first event that concerns the watcher and that it has not looked for yet.
    pending: AtomicU64,
    notify: Notify,
}

type Group = HashMap<u64, Arc<Waiter>>;
type Groups = HashMap<Str, Group>;

/// The watchers of one resource by what they watch.
#[derive(Default)]
pub(super) struct Waiters {
    next_id: u64,
    count: usize,
    all: Group,
    namespaces: Groups,
    /// By namespace and name.
    names: HashMap<Str, Groups>,
    /// By name of a selectable field and its value.
    fields: HashMap<Str, Groups>,
}

impl Waiter {
    /// Takes the first event that concerns the watcher since the last call.
    pub(super) fn take(&self) -> Option<u64> {
        Some(self.pending.swap(NONE, Ordering::AcqRel)).filter(|seq| *seq != NONE)
    }

    /// True when no event from sequence number `next` on waits to be looked for.
    pub(super) fn is_idle(&self, next: u64) -> bool {
        let pending = self.pending.load(Ordering::Acquire);
        pending == NONE || pending < next
    }

    /// Waits to be woken; at once when it happened since the last wait.
    pub(super) async fn woken(&self) {
        self.notify.notified().await;
    }

    fn wake(&self, seq: u64) {
        // Only the first event since the watcher last looked counts: it then reads all that follow.
        if self.pending.compare_exchange(NONE, seq, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
            self.notify.notify_one();
        }
    }
}

impl Waiters {
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(super) fn add(&mut self, scope: &Scope) -> Arc<Waiter> {
        let waiter =
            Arc::new(Waiter { id: self.next_id, pending: AtomicU64::new(NONE), notify: Notify::new() });
        self.next_id += 1;
        self.count += 1;
        let group = match scope {
            Scope::All => &mut self.all,
            Scope::Namespace(namespace) => self.namespaces.entry(namespace.clone()).or_default(),
            Scope::Name(name) => nested(&mut self.names, &name.namespace, &name.name),
            Scope::Field(field, value) => nested(&mut self.fields, field, value),
        };
        group.insert(waiter.id, Arc::clone(&waiter));
        waiter
    }

    pub(super) fn remove(&mut self, scope: &Scope, waiter: &Waiter) {
        let removed = match scope {
            Scope::All => self.all.remove(&waiter.id).is_some(),
            Scope::Namespace(namespace) => remove(&mut self.namespaces, namespace, waiter.id),
            Scope::Name(name) => remove_nested(&mut self.names, &name.namespace, &name.name, waiter.id),
            Scope::Field(field, value) => remove_nested(&mut self.fields, field, value, waiter.id),
        };
        self.count -= usize::from(removed);
    }

    /// Wakes the watchers that an event concerns.
    pub(super) fn wake(&self, event: &Event, seq: u64) {
        let object = &event.object;
        let wake =
            |group: Option<&Group>| group.into_iter().flatten().for_each(|(_, waiter)| waiter.wake(seq));
        wake(Some(&self.all));
        wake(self.namespaces.get(object.namespace()));
        wake(self.names.get(object.namespace()).and_then(|names| names.get(object.name())));
        for (field, groups) in &self.fields {
            let now = object.head().fields.get(field);
            let before = event.previous.as_ref().and_then(|object| object.head().fields.get(field));
            wake(now.and_then(|value| groups.get(value)));
            if before != now {
                wake(before.and_then(|value| groups.get(value)));
            }
        }
    }

    /// Wakes everybody without an event, to find out that the watch is over.
    pub(super) fn wake_all(&self) {
        let nested = self.names.values().chain(self.fields.values()).flat_map(HashMap::values);
        let groups = std::iter::once(&self.all).chain(self.namespaces.values()).chain(nested);
        groups.flat_map(HashMap::values).for_each(|waiter| waiter.notify.notify_one());
    }
}

fn nested<'a>(map: &'a mut HashMap<Str, Groups>, outer: &Str, inner: &Str) -> &'a mut Group {
    map.entry(outer.clone()).or_default().entry(inner.clone()).or_default()
}

fn remove(groups: &mut Groups, key: &Str, id: u64) -> bool {
    let Some(group) = groups.get_mut(key) else { return false };
    let removed = group.remove(&id).is_some();
    if group.is_empty() {
        groups.remove(key);
    }
    removed
}

fn remove_nested(map: &mut HashMap<Str, Groups>, outer: &Str, inner: &Str, id: u64) -> bool {
    let Some(groups) = map.get_mut(outer) else { return false };
    let removed = remove(groups, inner, id);
    if groups.is_empty() {
        map.remove(outer);
    }
    removed
}
