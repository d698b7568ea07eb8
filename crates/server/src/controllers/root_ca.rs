//! Every namespace has a config map `kube-root-ca.crt` with the CA that this server's certificate chains to.

use std::sync::Arc;
use std::time::Duration;

use api::{ApiError, Str, object};
use store::{Change, Event, Scope, Snapshot};

use super::feed::{self, Sink};
use super::queue::Queue;
use crate::app::App;
use crate::catalog::Served;
use crate::registry::{meta, parse};

const NAME: &str = "root-ca-certificate-publisher-controller";
const MAP: &str = "kube-root-ca.crt";
const AGAIN: Duration = Duration::from_secs(1);

/// Starts the controller.
pub(super) fn start(app: &Arc<App>) {
    each_namespace(app, "configmaps", Queue::<Str>::new(), Arc::new(RootCa));
}

struct RootCa;

impl NamespaceWork for RootCa {
    async fn run(&self, app: &App, namespace: &str) -> Result<(), ApiError> {
        let metadata = object! { "name" => MAP, "namespace" => namespace };
        let map =
            object! { "metadata" => metadata, "data" => object! { "ca.crt" => app.server_ca.as_str() } };
        super::create_missing(app, NAME, "configmaps", namespace, map).await
    }
}

/// Something that every namespace has to have.
pub(super) trait NamespaceWork: Send + Sync + 'static {
    /// Makes it in one namespace, if it is missing.
    fn run(&self, app: &App, namespace: &str) -> impl Future<Output = Result<(), ApiError>> + Send;
}

/// Runs work for each namespace that is there to stay, when it appears and when an object of `resource` in it goes.
pub(super) fn each_namespace<W: NamespaceWork>(
    app: &Arc<App>,
    resource: &str,
    queue: Arc<Queue<Str>>,
    work: Arc<W>,
) {
    for (watched, by_name) in [("namespaces", true), (resource, false)] {
        if let Some(served) = app.catalog.stored("", watched) {
            feed::follow(app, served, Arc::new(Touched { queue: queue.clone(), by_name }));
        }
    }
    let app = app.clone();
    tokio::spawn(async move {
        loop {
            let namespace = tokio::select! {
                () = app.shutdown.end_watches() => return,
                namespace = queue.take() => namespace,
            };
            if !is_live(&app, &namespace) {
                continue;
            }
            if let Err(error) = work.run(&app, &namespace).await {
                tracing::warn!(%error, %namespace, "cannot complete a namespace, trying again");
                queue.add_later(namespace, AGAIN);
            }
        }
    });
}

fn is_live(app: &App, namespace: &str) -> bool {
    let object = app.object("", "namespaces", "", namespace);
    object.and_then(|o| parse(&o).ok()).is_some_and(|n| !meta::is_deleting(&n))
}

/// Notices namespaces that appear (`by_name`), or in which something goes.
struct Touched {
    queue: Arc<Queue<Str>>,
    by_name: bool,
}

impl Sink for Touched {
    fn fill(&self, _served: &Served, snapshot: &Snapshot) {
        if self.by_name {
            snapshot.iter(&Scope::All, None).for_each(|object| self.queue.add(object.name().into()));
        }
    }

    fn take(&self, _served: &Served, events: &[Event]) {
        for event in events {
            match (self.by_name, event.change()) {
                (true, Change::Added) => self.queue.add(event.object.name().into()),
                (false, Change::Deleted) => self.queue.add(event.object.namespace().into()),
                _ => {}
            }
        }
    }
}
