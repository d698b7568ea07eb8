//! Empties a namespace that is to go, then lets it go.

use std::sync::Arc;
use std::time::Duration;

use api::{ApiError, Reason, Str, Value};
use store::{Change, Event, Scope, Snapshot};

use super::feed::{self, Sink};
use super::namespace_conditions::Remaining;
use super::queue::Queue;
use crate::app::App;
use crate::catalog::Served;
use crate::http::options::DeleteOptions;
use crate::registry::{meta, parse};

const NAME: &str = "namespace-controller";
/// The finalizer that this controller takes.
const FINALIZER: &str = "kubernetes";
/// When to look again at a namespace whose content does not go.
const AGAIN: Duration = Duration::from_secs(1);

/// Starts the controller.
pub(super) fn start(app: &Arc<App>) {
    let Some(namespaces) = app.catalog.stored("", "namespaces").cloned() else { return };
    let queue = Queue::new();
    feed::follow(app, &namespaces, Arc::new(Going(queue.clone())));
    let app = app.clone();
    tokio::spawn(async move {
        loop {
            let name: Str = tokio::select! {
                () = app.shutdown.end_watches() => return,
                name = queue.take() => name,
            };
            match empty(&app, &namespaces, &name).await {
                Ok(true) => {}
                Ok(false) => queue.add_later(name, AGAIN),
                Err(error) => {
                    tracing::warn!(%error, namespace = %name, "cannot empty a namespace, trying again");
                    queue.add_later(name, AGAIN);
                }
            }
        }
    });
}

/// Notices namespaces whose deletion was asked for.
struct Going(Arc<Queue<Str>>);

impl Sink for Going {
    fn fill(&self, _served: &Served, snapshot: &Snapshot) {
        snapshot.iter(&Scope::All, None).for_each(|object| self.0.add(object.name().into()));
    }

    fn take(&self, _served: &Served, events: &[Event]) {
        for event in events.iter().filter(|e| e.change() != Change::Deleted) {
            self.0.add(event.object.name().into());
        }
    }
}

/// True when there is nothing more to do for the namespace.
async fn empty(app: &App, namespaces: &Served, name: &str) -> Result<bool, ApiError> {
    let Some(object) = app.store.get(&namespaces.key("", name)) else { return Ok(true) };
    let namespace = parse(&object)?;
    let finalizers = namespace.array_at(&["spec", "finalizers"]);
    if !meta::is_deleting(&namespace) || !finalizers.iter().any(|f| f.as_str() == Some(FINALIZER)) {
        return Ok(true);
    }
    let mut remaining = Remaining::default();
    let mut resources: Vec<_> = app.catalog.all_stored().filter(|s| s.table.namespaced).cloned().collect();
    resources.sort_by_key(|s| (s.table.group, s.table.plural));
    for served in &resources {
        delete_all(app, served, name, &mut remaining).await;
    }
    if remaining.is_empty() {
        finalize(app, namespaces, name).await?;
        return Ok(true);
    }
    report(app, namespaces, name, &remaining).await?;
    Ok(false)
}

/// Deletes what can be deleted and notes what is still there.  What fails does not hold up the rest.
async fn delete_all(app: &App, served: &Served, namespace: &str, remaining: &mut Remaining) {
    if !served.allows("delete") {
        return;
    }
    let scope = Scope::Namespace(namespace.into());
    let resource = served.group_resource();
    let snapshot = app.store.snapshot(&served.stored);
    for object in snapshot.iter(&scope, None) {
        let options =
            DeleteOptions { propagation_policy: Some("Background".to_owned()), ..DeleteOptions::default() };
        let at = (namespace, object.name());
        match super::write(app, NAME, served, at, "", async |call| call.delete(options).await).await {
            Ok(_) => {}
            Err(error) if error.reason == Reason::NotFound => {}
            Err(error) => {
                tracing::warn!(%error, %resource, namespace, name = object.name(), "cannot delete");
                remaining.fail(error.message.to_string());
            }
        }
    }
    for object in app.store.snapshot(&served.stored).iter(&scope, None) {
        remaining.add(&resource, &parse(object).unwrap_or(Value::Null));
    }
}

/// Takes the finalizer, which removes the namespace when it was the last thing that held it.
async fn finalize(app: &App, namespaces: &Served, name: &str) -> Result<(), ApiError> {
    change(app, namespaces, name, "finalize", |namespace| {
        let mut kept = namespace.array_at(&["spec", "finalizers"]).to_vec();
        kept.retain(|f| f.as_str() != Some(FINALIZER));
        namespace.set_at(&["spec", "finalizers"], kept);
    })
    .await
}

/// Says in the namespace's conditions what is still there.
async fn report(app: &App, namespaces: &Served, name: &str, remaining: &Remaining) -> Result<(), ApiError> {
    let now = app.now().text();
    change(app, namespaces, name, "status", |namespace| {
        remaining.write(namespace, &now);
    })
    .await
}

async fn change(
    app: &App,
    namespaces: &Served,
    name: &str,
    subresource: &str,
    edit: impl FnOnce(&mut Value) + Clone,
) -> Result<(), ApiError> {
    // A Namespace is its own namespace.
    let changed = super::write(app, NAME, namespaces, ("", name), subresource, async |call| {
        call.update(false, |call, live| {
            let live = live.value.ok_or_else(ApiError::no_such_path)?;
            let mut namespace = live.clone();
            edit.clone()(&mut namespace);
            call.track(Some(live), &mut namespace);
            Ok(namespace)
        })
        .await
    })
    .await;
    match changed {
        Err(error) if error.reason != Reason::NotFound => Err(error),
        _ => Ok(()),
    }
}
