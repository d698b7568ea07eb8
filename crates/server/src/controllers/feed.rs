//! Follows resources in the store for as long as the server runs.

use std::sync::Arc;
use std::time::Duration;

use api::ApiError;
use store::{Event, Scope, Snapshot, Watch, WatchError};

use super::queue::Queue;
use crate::app::App;
use crate::catalog::Served;

/// What takes in the objects of a resource.
pub(super) trait Sink: Send + Sync + 'static {
    /// The present state; called first, and again when events were missed.
    fn fill(&self, served: &Served, snapshot: &Snapshot);

    /// What changed since.
    fn take(&self, served: &Served, events: &[Event]);
}

/// Feeds a sink, which has seen the present state when this returns.
pub(super) fn follow(app: &Arc<App>, served: &Arc<Served>, sink: Arc<dyn Sink>) {
    let mut watch = fill(app, served, &*sink);
    let (app, served) = (app.clone(), served.clone());
    tokio::spawn(async move {
        loop {
            let ended = match watch {
                Ok(watch) => drain(&app, watch, &served, &*sink).await,
                Err(error) => Some(error),
            };
            match ended {
                None | Some(WatchError::Closed) => return,
                Some(error) => {
                    tracing::warn!(%error, resource = ?served, "following again from the present state");
                }
            }
            watch = fill(&app, &served, &*sink);
        }
    });
}

fn fill(app: &App, served: &Served, sink: &dyn Sink) -> Result<Watch, WatchError> {
    let snapshot = app.store.snapshot(&served.stored);
    sink.fill(served, &snapshot);
    app.store.watch(&served.stored, Scope::All, snapshot.revision())
}

/// Hands events on until the watch ends, or (`None`) the server drains.
async fn drain(app: &App, mut watch: Watch, served: &Served, sink: &dyn Sink) -> Option<WatchError> {
    let mut events = Vec::new();
    loop {
        tokio::select! {
            () = app.shutdown.end_watches() => return None,
            ended = watch.next_batch(&mut events, 1024) => if let Err(error) = ended {
                return Some(error);
            },
        }
        sink.take(served, &events);
        events.clear();
    }
}

/// When work that failed is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// Does `work` at once and after every change of one of the resources, once for changes that come together, and again
/// when it fails; `what` it cannot do is logged then.
pub(super) fn after_changes<F>(
    app: &Arc<App>,
    resources: &[&Arc<Served>],
    what: &'static str,
    mut work: impl FnMut(Arc<App>) -> F + Send + 'static,
) where
    F: Future<Output = Result<(), ApiError>> + Send,
{
    let queue = Queue::new();
    for resource in resources {
        follow(app, resource, Arc::new(Changed(queue.clone())));
    }
    let app = app.clone();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                () = app.shutdown.end_watches() => return,
                () = queue.take() => {}
            }
            if let Err(error) = work(app.clone()).await {
                tracing::warn!(%error, "cannot {what}, trying again");
                queue.add_later((), AGAIN);
            }
        }
    });
}

/// Tells that something has changed, not what.
struct Changed(Arc<Queue<()>>);

impl Sink for Changed {
    fn fill(&self, _served: &Served, _snapshot: &Snapshot) {
        self.0.add(());
    }

    fn take(&self, _served: &Served, _events: &[Event]) {
        self.0.add(());
    }
}
