//! Keeps what the authorizers know in step with the store: roles and bindings for RBAC, and for the Node authorizer the
//! objects that tie others to nodes.

use std::sync::Arc;
use std::time::Duration;

use authz::node::{Node, NodeBatch, Source as NodeSource};
use authz::rbac::{Batch, GROUP, Kind};
use store::{Change, Event, Object, Scope, Snapshot};
use tokio::sync::watch;

use super::feed::{self, Sink};
use crate::app::App;
use crate::catalog::Served;
use crate::late::Late;
use crate::registry::parse;

const KINDS: [Kind; 4] = [Kind::Role, Kind::ClusterRole, Kind::RoleBinding, Kind::ClusterRoleBinding];

/// How long a writer waits for its role or binding to count.
const WAIT: Duration = Duration::from_secs(1);

/// Up to which revision the index knows the objects of each kind.
#[derive(Debug, Default)]
pub(crate) struct Known([watch::Sender<u64>; KINDS.len()]);

impl Known {
    fn of(&self, kind: Kind) -> Option<&watch::Sender<u64>> {
        KINDS.iter().position(|k| *k == kind).and_then(|i| self.0.get(i))
    }

    fn reached(&self, kind: Kind, revision: u64) {
        if let Some(known) = self.of(kind) {
            known.send_replace(revision);
        }
    }

    /// Waits until the index knows what was written to `resource` at `revision`, so that a client that was told of its
    /// binding can use it at once.
    pub(crate) async fn wait(&self, resource: &str, revision: u64) {
        let Some(known) = Kind::of_resource(resource).and_then(|kind| self.of(kind)) else { return };
        let mut known = known.subscribe();
        let waited = tokio::time::timeout(WAIT, known.wait_for(|r| *r >= revision)).await;
        if waited.is_err() {
            tracing::warn!(resource, revision, "authorization lags behind");
        }
    }
}

/// Fills the indexes with what is in the store, then follows it for as long as the server runs.
pub(crate) fn start(app: &Arc<App>) {
    for kind in KINDS {
        if let Some(served) = app.catalog.stored(GROUP, kind.resource()) {
            let late = Late::default();
            late.set(app);
            feed::follow(app, served, Arc::new(Index { app: late, kind }));
        }
    }
    let Some(node) = &app.authorization.node else { return };
    for served in app.catalog.all_stored() {
        if let Some(source) = NodeSource::of_resource(&served.stored.group, &served.stored.resource) {
            feed::follow(app, served, Arc::new(Graph { node: node.clone(), source }));
        }
    }
}

/// Feeds the Node authorizer.
struct Graph {
    node: Arc<Node>,
    source: NodeSource,
}

impl Sink for Graph {
    fn fill(&self, _served: &Served, snapshot: &Snapshot) {
        self.node.batch(|batch| {
            snapshot.iter(&Scope::All, None).for_each(|object| self.upsert(batch, object));
        });
    }

    fn take(&self, _served: &Served, events: &[Event]) {
        self.node.batch(|batch| {
            for event in events {
                match event.change() {
                    Change::Deleted => {
                        batch.remove(self.source, event.object.namespace(), event.object.name());
                    }
                    Change::Added | Change::Modified => self.upsert(batch, &event.object),
                }
            }
        });
    }
}

impl Graph {
    fn upsert(&self, batch: &mut NodeBatch<'_>, object: &Object) {
        match parse(object) {
            Ok(value) => batch.upsert(self.source, &value),
            Err(error) => tracing::error!(%error, "cannot read an object that a node may depend on"),
        }
    }
}

struct Index {
    app: Late<App>,
    kind: Kind,
}

impl Sink for Index {
    fn fill(&self, _served: &Served, snapshot: &Snapshot) {
        let Some(app) = self.app.get() else { return };
        app.authorization.rbac.batch(|batch| {
            snapshot.iter(&Scope::All, None).for_each(|object| upsert(batch, self.kind, object));
        });
        app.authorization.known.reached(self.kind, snapshot.revision());
    }

    fn take(&self, _served: &Served, events: &[Event]) {
        let Some(app) = self.app.get() else { return };
        app.authorization.rbac.batch(|batch| {
            for event in events {
                match event.change() {
                    Change::Deleted => batch.remove(self.kind, event.object.namespace(), event.object.name()),
                    Change::Added | Change::Modified => upsert(batch, self.kind, &event.object),
                }
            }
        });
        if let Some(last) = events.last() {
            app.authorization.known.reached(self.kind, last.revision());
        }
    }
}

fn upsert(batch: &mut Batch<'_>, kind: Kind, object: &Object) {
    match parse(object) {
        Ok(value) => batch.upsert(kind, &value),
        Err(error) => tracing::error!(%error, "cannot read an RBAC object"),
    }
}
