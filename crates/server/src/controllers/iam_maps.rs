//! Tells cloud IAM of the ConfigMaps that say who is who.

use std::sync::Arc;

use store::{Change, Event, Name, Snapshot};

use super::feed::{self, Sink};
use crate::app::App;
use crate::authentication::CloudIam;
use crate::catalog::Served;
use crate::registry::parse;

/// Follows the ConfigMaps, when there is a provider at all.
pub(super) fn start(app: &Arc<App>) {
    if app.config.iam_config.is_none() {
        return;
    }
    if let Some(maps) = app.catalog.stored("", "configmaps") {
        feed::follow(app, maps, Arc::new(Maps(app.authentication.iam.clone())));
    }
}

struct Maps(Arc<CloudIam>);

impl Sink for Maps {
    fn fill(&self, _served: &Served, snapshot: &Snapshot) {
        for (namespace, name) in self.0.maps() {
            let map =
                snapshot.get(&Name::new(namespace.as_str(), name.as_str())).and_then(|map| parse(map).ok());
            self.0.map_changed(&namespace, &name, map.as_ref());
        }
    }

    fn take(&self, _served: &Served, events: &[Event]) {
        for event in events {
            let (namespace, name) = (event.object.namespace(), event.object.name());
            if !self.0.reads(namespace, name) {
                continue;
            }
            let map = parse(&event.object).ok().filter(|_| event.change() != Change::Deleted);
            self.0.map_changed(namespace, name, map.as_ref());
        }
    }
}
