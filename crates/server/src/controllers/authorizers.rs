//! Keeps what the authorizers know in step with the store: roles and bindings for RBAC, and for the Node authorizer the
//! objects that tie others to nodes.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use api::Value;
use authz::access::{self, AccessRules};
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

/// Up to which revision authorization knows the objects of each kind; the last is that of access rules.
#[derive(Debug, Default)]
pub(crate) struct Known([watch::Sender<u64>; KINDS.len() + 1]);

impl Known {
    fn of(&self, resource: &str) -> Option<&watch::Sender<u64>> {
        let mut names = KINDS.iter().map(|k| k.resource()).chain([access::RESOURCE]);
        names.position(|name| name == resource).and_then(|i| self.0.get(i))
    }

    fn reached(&self, resource: &str, revision: u64) {
        if let Some(known) = self.of(resource) {
            known.send_replace(revision);
        }
    }

    /// Waits until the index knows what was written to `resource` at `revision`, so that a client that was told of its
    /// binding can use it at once.
    pub(crate) async fn wait(&self, resource: &str, revision: u64) {
        let Some(known) = self.of(resource) else { return };
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
    if let Some(rules) = &app.authorization.access_rules
        && let Some(served) = app.catalog.stored(access::GROUP, access::RESOURCE)
    {
        let late = Late::default();
        late.set(app);
        feed::follow(app, served, Arc::new(Access { app: late, rules: rules.clone() }));
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

/// Feeds the access rules.
struct Access {
    app: Late<App>,
    rules: Arc<AccessRules>,
}

impl Sink for Access {
    fn fill(&self, _served: &Served, snapshot: &Snapshot) {
        let present: Vec<Value> = snapshot.iter(&Scope::All, None).filter_map(|o| readable(o)).collect();
        let names: HashSet<&str> = present.iter().map(|v| v.str_at(&["metadata", "name"])).collect();
        let set = self.rules.rule_set();
        self.rules.remove(set.rules().iter().map(|r| r.name.as_str()).filter(|name| !names.contains(name)));
        self.upsert(&present);
        self.reached(snapshot.revision());
    }

    fn take(&self, _served: &Served, events: &[Event]) {
        for event in events {
            match event.change() {
                Change::Deleted => self.rules.remove([event.object.name()]),
                Change::Added | Change::Modified => self.upsert(readable(&event.object).as_slice()),
            }
        }
        if let Some(last) = events.last() {
            self.reached(last.revision());
        }
    }
}

impl Access {
    fn upsert(&self, objects: &[Value]) {
        for (name, errors) in self.rules.upsert(objects) {
            tracing::error!(name, %errors, "an access rule is not used; what it said before stays in force");
        }
    }

    fn reached(&self, revision: u64) {
        if let Some(app) = self.app.get() {
            app.authorization.known.reached(access::RESOURCE, revision);
        }
    }
}

fn readable(object: &Object) -> Option<Value> {
    parse(object).map_err(|error| tracing::error!(%error, "cannot read an access rule")).ok()
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
        app.authorization.known.reached(self.kind.resource(), snapshot.revision());
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
            app.authorization.known.reached(self.kind.resource(), last.revision());
        }
    }
}

fn upsert(batch: &mut Batch<'_>, kind: Kind, object: &Object) {
    match parse(object) {
        Ok(value) => batch.upsert(kind, &value),
        Err(error) => tracing::error!(%error, "cannot read an RBAC object"),
    }
}
