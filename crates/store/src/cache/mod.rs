//! The watch cache: everything live in memory, its recent history, and the watchers that follow it.
//!
//! Entry points: [`Cache::apply`] for the back end, which calls it with one batch of durable events after the other,
//! [`Cache::snapshot`] and [`Cache::watch`] for readers.

mod snapshot;
mod state;
mod table;
mod waiters;
mod watch;
mod window;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, RwLock};

use api::Str;

pub use snapshot::{Scope, Snapshot};
pub(crate) use state::State;
pub use watch::Watch;
pub use window::{Event, WindowLimits};

use crate::sync::{lock, read, write};
use crate::{Head, Key, Object, Resource, RevisionError, WatchError};
use table::Table;

/// Events are put into a table in runs of about this many, so that readers wait only shortly for the lock.
const RUN: usize = 64;

/// All tables, and the revision up to which they are complete.
pub(crate) struct Cache {
    tables: RwLock<HashMap<Resource, Arc<Table>>>,
    /// Secondary indexes to keep: selectable fields by resource.
    indexes: HashMap<Resource, Vec<Str>>,
    limits: WindowLimits,
    /// Bytes that only the windows of all tables hold.
    window_bytes: AtomicUsize,
    /// Every event up to this revision is in its table.
    published: tokio::sync::watch::Sender<u64>,
    /// The same without a lock.
    revision: AtomicU64,
    /// Every watcher of an event up to this revision was told.
    notified: AtomicU64,
    /// The history of tables made from now on starts here.
    floor: AtomicU64,
    /// Held while a batch is put in place, so that no table is dropped meanwhile.
    applying: Mutex<()>,
    closed: AtomicBool,
}

/// Watchers still to be woken for a batch; see [`Cache::notify`].
#[must_use]
pub(crate) struct Applied {
    runs: Vec<Run>,
    revision: u64,
}

/// Events of one table, in order.
struct Run {
    table: Arc<Table>,
    first: u64,
    events: Vec<Event>,
}

impl Run {
    /// The revision of the last event.
    fn revision(&self) -> u64 {
        self.events.last().map_or(0, Event::revision)
    }
}

impl Cache {
    /// An empty cache at `revision`, before which nothing is known.
    pub(crate) fn new(revision: u64, limits: WindowLimits, indexes: HashMap<Resource, Vec<Str>>) -> Self {
        Self {
            tables: RwLock::default(),
            indexes,
            limits,
            window_bytes: AtomicUsize::new(0),
            published: tokio::sync::watch::Sender::new(revision),
            revision: AtomicU64::new(revision),
            notified: AtomicU64::new(revision),
            floor: AtomicU64::new(revision),
            applying: Mutex::default(),
            closed: AtomicBool::new(false),
        }
    }

    /// The revision up to which reads are complete.
    pub(crate) fn revision(&self) -> u64 {
        self.revision.load(Ordering::Acquire)
    }

    /// Waits until reads are complete up to `revision`.
    pub(crate) async fn reached(&self, revision: u64) {
        if self.revision() < revision {
            let mut published = self.published.subscribe();
            // The sender lives as long as `self`, so waiting cannot fail.
            let _ = published.wait_for(|now| *now >= revision).await;
        }
    }

    /// The table of a resource, if anything was ever written to it or watched in it.
    fn table(&self, resource: &Resource) -> Option<Arc<Table>> {
        read(&self.tables).get(resource).cloned()
    }

    /// The table of a resource, made when missing.
    fn table_or_new(&self, resource: &Resource) -> Arc<Table> {
        if let Some(table) = self.table(resource) {
            return table;
        }
        let mut tables = write(&self.tables);
        let make = || {
            let indexed = self.indexes.get(resource).map(Vec::as_slice).unwrap_or_default();
            Arc::new(Table::new(resource.clone(), indexed, self.floor.load(Ordering::Acquire)))
        };
        Arc::clone(tables.entry(resource.clone()).or_insert_with(make))
    }

    /// The resources that have a table.
    pub(crate) fn resources(&self) -> Vec<Resource> {
        read(&self.tables).keys().cloned().collect()
    }

    /// Makes a key and a head share what all objects of a resource have in common.
    pub(crate) fn intern(&self, key: &mut Key, head: &mut Head) {
        if let Some(table) = self.table(&key.resource) {
            table.intern(key, head);
        }
    }

    /// An object as it is now.
    pub(crate) fn get(&self, key: &Key) -> Option<Arc<Object>> {
        self.table(&key.resource)?.get(&key.name)
    }

    /// Puts an object in place without history; only before the first reader.
    pub(crate) fn load(&self, object: &Arc<Object>) {
        self.table_or_new(&object.key().resource).load(object);
    }

    /// Puts events in place, in order; `revision` is that of the last transaction.  Only one thread may call this.
    pub(crate) fn apply(&self, events: Vec<Event>, revision: u64) -> Applied {
        let _applying = lock(&self.applying);
        let mut runs: Vec<Run> = Vec::new();
        for event in events {
            let resource = &event.object.key().resource;
            // INVARIANT: a table takes all events of a transaction under one lock, so no reader sees a part of it.
            let last = runs.iter_mut().rev().find(|run| run.table.resource() == resource);
            match last.filter(|run| run.events.len() < RUN || run.revision() == event.revision()) {
                Some(run) => run.events.push(event),
                None => runs.push(Run { table: self.table_or_new(resource), first: 0, events: vec![event] }),
            }
        }
        for run in &mut runs {
            let (first, bytes) = run.table.apply(&run.events, self.limits.events);
            run.first = first;
            self.account(bytes);
        }
        self.trim();
        self.revision.store(revision, Ordering::Release);
        self.published.send_replace(revision);
        Applied { runs, revision }
    }

    /// Wakes the watchers of a batch.  Apart from [`Cache::apply`] so that writers need not wait for it.
    pub(crate) fn notify(&self, applied: Applied) {
        for run in applied.runs {
            run.table.notify(run.first, &run.events);
        }
        self.notified.store(applied.revision, Ordering::Release);
    }

    fn account(&self, (added, dropped): (usize, usize)) {
        self.window_bytes.fetch_add(added, Ordering::AcqRel);
        self.window_bytes.fetch_sub(dropped, Ordering::AcqRel);
    }

    /// Drops the oldest events of the largest windows until all together fit their limit.
    fn trim(&self) {
        loop {
            let excess = self.window_bytes.load(Ordering::Acquire).saturating_sub(self.limits.bytes);
            let largest = read(&self.tables).values().max_by_key(|table| table.window_bytes()).cloned();
            match largest.filter(|_| excess > 0).map(|table| table.free(excess)) {
                Some(freed) if freed > 0 => self.account((0, freed)),
                _ => return,
            }
        }
    }

    /// The objects of a resource as they are now.
    pub(crate) fn snapshot(&self, resource: &Resource) -> Snapshot {
        let revision = self.revision();
        match self.table(resource) {
            Some(table) => table.snapshot(revision),
            None => Snapshot::new(revision, State::default()),
        }
    }

    /// The objects of a resource as they were at exactly `revision`.
    pub(crate) fn snapshot_at(&self, resource: &Resource, revision: u64) -> Result<Snapshot, RevisionError> {
        let (table, published) = (self.table(resource), self.revision());
        // A table is ahead of the published revision while a batch is put in place, and snapshots of it are, too.
        let current = table.as_ref().map_or(published, |table| table.snapshot(published).revision());
        if revision > current {
            return Err(RevisionError::TooNew { requested: revision, current });
        }
        if let Some(table) = table {
            return table.snapshot_at(revision);
        }
        let oldest = self.floor.load(Ordering::Acquire);
        if revision < oldest {
            return Err(RevisionError::TooOld { requested: revision, oldest });
        }
        Ok(Snapshot::new(revision, State::default()))
    }

    /// Follows a resource behind `after`.
    pub(crate) fn watch(
        self: &Arc<Self>,
        resource: &Resource,
        scope: Scope,
        after: u64,
    ) -> Result<Watch, WatchError> {
        if self.closed.load(Ordering::Acquire) {
            return Err(WatchError::Closed);
        }
        Watch::start(Arc::clone(self), self.table_or_new(resource), scope, after)
    }

    /// The revision up to which every watcher was told; see [`Watch::progress`].
    fn notified(&self) -> u64 {
        self.notified.load(Ordering::Acquire)
    }

    /// Drops the table of a resource and ends its watches, unless it holds an object; answers whether it is gone.
    pub(crate) fn forget(&self, resource: &Resource) -> bool {
        let _applying = lock(&self.applying);
        let mut tables = write(&self.tables);
        let Some(table) = tables.get(resource).cloned() else { return true };
        let Some(dropped) = table.close_if_empty() else { return false };
        self.account((0, dropped));
        // A table made anew must not pretend to know what happened before.
        self.floor.fetch_max(self.revision(), Ordering::AcqRel);
        tables.remove(resource);
        true
    }

    /// Ends all watches; there will be no more.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        let tables: Vec<_> = read(&self.tables).values().cloned().collect();
        for table in tables {
            table.close();
        }
    }

    /// Takes a snapshot of every table.  Consistent when called by the thread that applies.
    pub(crate) fn states(&self) -> Vec<(Resource, State)> {
        let tables: Vec<_> = read(&self.tables).values().cloned().collect();
        tables.iter().map(|table| (table.resource().clone(), table.state())).collect()
    }
}
