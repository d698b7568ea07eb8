//! Following a resource.
//!
//! Entry point: [`Watch`], a cursor into the ring that all watchers of a resource share; it owns no queue and no copy.

use std::sync::Arc;

use super::table::Table;
use super::waiters::Waiter;
use super::{Cache, Event, Scope};
use crate::WatchError;

/// Events looked at under one lock.
const STEPS: usize = 512;

/// A watch; dropping it ends it.
pub struct Watch {
    cache: Arc<Cache>,
    table: Arc<Table>,
    scope: Scope,
    waiter: Arc<Waiter>,
    /// Events up to this revision are not wanted.
    after: u64,
    /// Where in the ring to look next.
    next: u64,
    /// True until the ring was seen to its end; only then may `next` jump to the event that the watcher is woken for.
    behind: bool,
}

impl Watch {
    pub(super) fn start(
        cache: Arc<Cache>,
        table: Arc<Table>,
        scope: Scope,
        after: u64,
    ) -> Result<Self, WatchError> {
        let (waiter, next) = table.subscribe(&scope, after)?;
        Ok(Self { cache, table, scope, waiter, after, next, behind: true })
    }

    /// Waits for events of the scope and appends them, in order, at most `max` of them; appends at least one.
    ///
    /// Safe to drop at any await: no event is lost.  After an error the watch is over.
    pub async fn next_batch(&mut self, events: &mut Vec<Event>, max: usize) -> Result<(), WatchError> {
        loop {
            if self.collect(events, max.max(1))? {
                return Ok(());
            }
            self.waiter.woken().await;
        }
    }

    /// Waits for the next event of the scope.  Safe to drop at any await.
    pub async fn next(&mut self) -> Result<Event, WatchError> {
        let mut events = Vec::with_capacity(1);
        loop {
            self.next_batch(&mut events, 1).await?;
            if let Some(event) = events.pop() {
                return Ok(event);
            }
        }
    }

    /// Appends the events that are there, without waiting; see [`Watch::next_batch`].
    pub fn try_next_batch(&mut self, events: &mut Vec<Event>, max: usize) -> Result<(), WatchError> {
        self.collect(events, max.max(1)).map(drop)
    }

    /// A revision up to which every event of the scope was handed out, for a bookmark; `None` when there are events to
    /// be read first.
    pub fn progress(&self) -> Option<u64> {
        // INVARIANT: this order.  Whoever is told of an event is told before `notified` reaches its revision.
        let notified = self.cache.notified();
        (!self.behind && self.waiter.is_idle(self.next)).then(|| notified.max(self.after))
    }

    /// True when something was appended.
    fn collect(&mut self, events: &mut Vec<Event>, max: usize) -> Result<bool, WatchError> {
        let before = events.len();
        match self.waiter.take() {
            // INVARIANT: a watcher that saw the ring's end is told of the first event of its scope behind it, so
            // nothing between the two is for it and it need not be in the window any more.
            Some(seq) if !self.behind => {
                self.next = self.next.max(seq);
                self.behind = true;
            }
            Some(_) => {}
            None if !self.behind && self.table.is_closed() => return Err(WatchError::Closed),
            None => {}
        }
        while self.behind && events.len() - before < max {
            let (scope, after) = (&self.scope, self.after);
            let scan = self.table.scan(self.next, STEPS, |event| {
                if event.revision() > after && scope.touches(event) {
                    events.push(event.clone());
                }
                events.len() - before < max
            })?;
            self.next = scan.next;
            self.behind = !scan.done;
        }
        Ok(events.len() > before)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.table.unsubscribe(&self.scope, &self.waiter);
    }
}
