//! Removes events when their time is over (`--event-ttl`; upstream leaves it to leases of etcd).

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use api::{ApiError, Reason};
use futures_util::StreamExt as _;
use store::{Change, Event, Name, Object, Scope, Snapshot};
use tokio::sync::Notify;

use super::feed::{self, Sink};
use crate::app::App;
use crate::catalog::Served;
use crate::http::options::DeleteOptions;

const NAME: &str = "event-ttl-controller";
/// Removals that share a sync to disk.
const AT_ONCE: usize = 24;
/// Removals between two looks at the queue.
const BATCH: usize = 1000;
/// When a removal that failed is tried again.
const AGAIN: Duration = Duration::from_secs(10);

/// Starts the controller.
pub(super) fn start(app: &Arc<App>) {
    let Some(events) = app.catalog.stored("", "events").cloned() else { return };
    let queue = Arc::new(Expiring::default());
    feed::follow(app, &events, queue.clone());
    let app = app.clone();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                () = app.shutdown.end_watches() => return,
                () = queue.due(&app) => {}
            }
            if !remove_due(&app, &events, &queue).await {
                tokio::time::sleep(AGAIN).await;
            }
        }
    });
}

/// Objects that expire, by time: seconds since the Unix epoch, revision, name.
#[derive(Default)]
struct Expiring {
    entries: Mutex<BTreeSet<(u64, u64, Name)>>,
    changed: Notify,
}

fn entry(object: &Object) -> Option<(u64, u64, Name)> {
    let at = object.head().expires;
    (at != 0).then(|| (at, object.revision(), object.key().name.clone()))
}

impl Expiring {
    /// Waits until something is due.
    async fn due(&self, app: &App) {
        loop {
            let first = self.lock().first().map(|(at, ..)| *at);
            let Some(at) = first else {
                self.changed.notified().await;
                continue;
            };
            let wait = at.saturating_sub(seconds(app));
            if wait == 0 {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(Duration::from_secs(wait)) => {}
                () = self.changed.notified() => {}
            }
        }
    }

    /// Takes what is due by now, the oldest first.
    fn take_due(&self, now: u64) -> Vec<(u64, u64, Name)> {
        let mut entries = self.lock();
        let mut due = Vec::new();
        while due.len() < BATCH && entries.first().is_some_and(|(at, ..)| *at <= now) {
            due.extend(entries.pop_first());
        }
        due
    }

    /// A panic cannot leave the set torn.
    fn lock(&self) -> MutexGuard<'_, BTreeSet<(u64, u64, Name)>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink for Expiring {
    fn fill(&self, _served: &Served, snapshot: &Snapshot) {
        *self.lock() = snapshot.iter(&Scope::All, None).filter_map(|object| entry(object)).collect();
        self.changed.notify_one();
    }

    fn take(&self, _served: &Served, events: &[Event]) {
        let mut entries = self.lock();
        for event in events {
            if let Some(before) = event.previous.as_ref().and_then(|object| entry(object)) {
                entries.remove(&before);
            }
            if event.change() != Change::Deleted {
                entries.extend(entry(&event.object));
            }
        }
        self.changed.notify_one();
    }
}

/// False when something could not be removed; it is queued again.
async fn remove_due(app: &App, events: &Served, queue: &Expiring) -> bool {
    let due = queue.take_due(seconds(app));
    let removals = due.into_iter().map(async |entry| {
        let removed = remove(app, events, &entry.2, entry.1).await;
        removed.map_err(|error| (entry, error))
    });
    let mut failed = std::pin::pin!(futures_util::stream::iter(removals).buffer_unordered(AT_ONCE));
    let mut all = true;
    while let Some(removed) = failed.next().await {
        if let Err((entry, error)) = removed {
            tracing::warn!(%error, event = ?entry.2, "cannot remove an event whose time is over");
            queue.lock().insert(entry);
            all = false;
        }
    }
    all
}

/// Removes the event unless it has changed since.
async fn remove(app: &App, events: &Served, name: &Name, revision: u64) -> Result<(), ApiError> {
    let options = DeleteOptions { resource_version: Some(revision.to_string()), ..DeleteOptions::default() };
    let place = (name.namespace.as_str(), name.name.as_str());
    match super::write(app, NAME, events, place, "", async |call| call.delete(options).await).await {
        Err(error) if !matches!(error.reason, Reason::NotFound | Reason::Conflict) => Err(error),
        _ => Ok(()),
    }
}

fn seconds(app: &App) -> u64 {
    u64::try_from(app.now().seconds()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_goes_first_and_nothing_before_its_time() {
        let queue = Expiring::default();
        let entry = |at, name: &str| (at, 1, Name::new("ns", name));
        queue.lock().extend([entry(30, "c"), entry(10, "a"), entry(20, "b")]);
        assert!(queue.take_due(9).is_empty());
        assert_eq!(queue.take_due(20), [entry(10, "a"), entry(20, "b")]);
        assert_eq!(queue.lock().len(), 1);
    }
}
