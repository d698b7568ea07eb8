//! Everything about one resource: its objects, its history, its watchers.
//!
//! Entry point: [`Table`].

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, RwLock};

use api::Str;

use super::waiters::{Waiter, Waiters};
use super::window::Window;
use super::{Event, Scope, Snapshot, State};
use crate::sync::{lock, read, write};
use crate::{Change, Fields, Head, Key, Name, Object, Resource, RevisionError, WatchError};

/// Snapshots of older revisions kept ready for the next page of the same list.
const RECENT: usize = 8;

/// One resource.
pub(super) struct Table {
    resource: Resource,
    inner: RwLock<Inner>,
    waiters: Mutex<Waiters>,
    /// Snapshots made for [`Table::snapshot_at`], oldest use first.  They hold no object that the window does not.
    recent: Mutex<Vec<Snapshot>>,
    /// The selectable fields of the last object that had other ones than those before it.
    fields: Mutex<Fields>,
    /// The window's bytes, readable without the lock.
    bytes: AtomicUsize,
}

struct Inner {
    state: State,
    window: Window,
    /// Revision of the last event.
    last: u64,
    closed: bool,
}

/// A look into the window; see [`Table::scan`].
pub(super) struct Scan {
    /// Where to look next.
    pub(super) next: u64,
    /// True when there is nothing more for now.
    pub(super) done: bool,
}

impl Table {
    pub(super) fn new(resource: Resource, indexed: &[Str], floor: u64) -> Self {
        let inner =
            Inner { state: State::new(indexed), window: Window::new(floor), last: floor, closed: false };
        Self {
            resource,
            inner: RwLock::new(inner),
            waiters: Mutex::default(),
            recent: Mutex::default(),
            fields: Mutex::default(),
            bytes: AtomicUsize::new(0),
        }
    }

    pub(super) fn resource(&self) -> &Resource {
        &self.resource
    }

    /// Makes a key and a head share what all objects of the resource have in common.
    pub(super) fn intern(&self, key: &mut Key, head: &mut Head) {
        key.resource = self.resource.clone();
        lock(&self.fields).share_names(&mut head.fields);
    }

    pub(super) fn window_bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    pub(super) fn get(&self, name: &Name) -> Option<Arc<Object>> {
        read(&self.inner).state.get(name).cloned()
    }

    pub(super) fn state(&self) -> State {
        read(&self.inner).state.clone()
    }

    /// Puts an object in place without history.
    pub(super) fn load(&self, object: &Arc<Object>) {
        write(&self.inner).state.insert(object);
    }

    /// Puts events in place; answers the sequence number of the first and the window's bytes that came and went.
    pub(super) fn apply(&self, events: &[Event], keep: usize) -> (u64, (usize, usize)) {
        let mut inner = write(&self.inner);
        let first = inner.window.end();
        let mut added = 0;
        for event in events {
            inner.last = event.revision();
            match event.change() {
                Change::Deleted => inner.state.remove(&event.object.key().name),
                Change::Added | Change::Modified => inner.state.insert(&event.object),
            }
            added += inner.window.push(event.clone());
        }
        let dropped = inner.window.shrink(keep);
        self.shrunk(&inner, dropped);
        (first, (added, dropped))
    }

    /// Drops the oldest events until `bytes` became free, if there are so many; answers how many did.
    pub(super) fn free(&self, bytes: usize) -> usize {
        let mut inner = write(&self.inner);
        let freed = inner.window.free(bytes);
        self.shrunk(&inner, freed);
        freed
    }

    /// Notes the window's new size; snapshots older than the window would hold objects nobody counts, so they go.
    fn shrunk(&self, inner: &Inner, dropped: usize) {
        self.bytes.store(inner.window.bytes(), Ordering::Relaxed);
        if dropped > 0 {
            lock(&self.recent).retain(|snapshot| snapshot.revision() >= inner.window.floor());
        }
    }

    /// Tells the watchers of events that are in place since `first`.
    pub(super) fn notify(&self, first: u64, events: &[Event]) {
        let waiters = lock(&self.waiters);
        if !waiters.is_empty() {
            for (seq, event) in (first..).zip(events) {
                waiters.wake(event, seq);
            }
        }
    }

    /// The objects now.  `published` is a revision read before the call.
    pub(super) fn snapshot(&self, published: u64) -> Snapshot {
        let inner = read(&self.inner);
        // INVARIANT: events are put in place in order, so the state holds all of this table up to either of the two.
        Snapshot::new(published.max(inner.last), inner.state.clone())
    }

    /// The objects at a revision that is not behind the published one.
    pub(super) fn snapshot_at(&self, revision: u64) -> Result<Snapshot, RevisionError> {
        if let Some(snapshot) = self.recent(revision) {
            return Ok(snapshot);
        }
        let (state, events) = {
            let inner = read(&self.inner);
            let oldest = inner.window.floor();
            if revision < oldest {
                return Err(RevisionError::TooOld { requested: revision, oldest });
            }
            let newer = self.nearest(revision);
            let state = newer.as_ref().map_or(&inner.state, Snapshot::state).clone();
            let until = newer.map_or(u64::MAX, |snapshot| snapshot.revision());
            let behind = inner.window.from(inner.window.seek(revision));
            let undo = behind.into_iter().flatten().take_while(|event| event.revision() <= until);
            (state, undo.cloned().collect::<Vec<_>>())
        };
        let snapshot = Snapshot::new(revision, undo(state, &events));
        self.remember(&snapshot);
        Ok(snapshot)
    }

    fn recent(&self, revision: u64) -> Option<Snapshot> {
        let mut recent = lock(&self.recent);
        let at = recent.iter().position(|snapshot| snapshot.revision() == revision)?;
        let snapshot = recent.remove(at);
        recent.push(snapshot.clone());
        Some(snapshot)
    }

    /// The oldest snapshot at hand that is newer than `revision`.
    fn nearest(&self, revision: u64) -> Option<Snapshot> {
        let recent = lock(&self.recent);
        recent.iter().filter(|s| s.revision() > revision).min_by_key(|s| s.revision()).cloned()
    }

    fn remember(&self, snapshot: &Snapshot) {
        let mut recent = lock(&self.recent);
        if recent.len() >= RECENT {
            recent.remove(0);
        }
        recent.push(snapshot.clone());
    }

    /// Registers a watcher behind `after`; answers where it starts.
    pub(super) fn subscribe(&self, scope: &Scope, after: u64) -> Result<(Arc<Waiter>, u64), WatchError> {
        // Registered before the window is read: what comes later wakes the watcher, what was before it reads itself.
        let waiter = lock(&self.waiters).add(scope);
        let inner = read(&self.inner);
        let oldest = inner.window.floor();
        let refused = if inner.closed {
            Some(WatchError::Closed)
        } else if after < oldest {
            Some(WatchError::TooOld { requested: after, oldest })
        } else {
            None
        };
        let start = inner.window.seek(after);
        drop(inner);
        match refused {
            None => Ok((waiter, start)),
            Some(error) => {
                self.unsubscribe(scope, &waiter);
                Err(error)
            }
        }
    }

    pub(super) fn unsubscribe(&self, scope: &Scope, waiter: &Waiter) {
        lock(&self.waiters).remove(scope, waiter);
    }

    /// Looks at up to `steps` events from `from` on and hands those that `take` wants to see; it answers false to stop.
    pub(super) fn scan(
        &self,
        from: u64,
        steps: usize,
        mut take: impl FnMut(&Event) -> bool,
    ) -> Result<Scan, WatchError> {
        let inner = read(&self.inner);
        if inner.closed {
            return Err(WatchError::Closed);
        }
        let events = inner.window.from(from).ok_or(WatchError::TooSlow)?;
        let mut next = from;
        for event in events.take(steps) {
            next += 1;
            if !take(event) {
                break;
            }
        }
        Ok(Scan { next, done: next >= inner.window.end() })
    }

    pub(super) fn is_closed(&self) -> bool {
        read(&self.inner).closed
    }

    /// Ends all watches.
    pub(super) fn close(&self) {
        write(&self.inner).closed = true;
        lock(&self.waiters).wake_all();
    }

    /// Ends all watches and answers the window's bytes; `None` and nothing done while there are objects.
    pub(super) fn close_if_empty(&self) -> Option<usize> {
        let bytes = {
            let mut inner = write(&self.inner);
            if inner.state.len() > 0 {
                return None;
            }
            inner.closed = true;
            inner.window.bytes()
        };
        lock(&self.waiters).wake_all();
        Some(bytes)
    }
}

/// Takes events back, newest first.
fn undo(mut state: State, events: &[Event]) -> State {
    for event in events.iter().rev() {
        match &event.previous {
            Some(previous) => state.insert(previous),
            None => state.remove(&event.object.key().name),
        }
    }
    state
}
