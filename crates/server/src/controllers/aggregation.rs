//! Keeps the rules of aggregated cluster roles: the union of those of the roles they select.

use std::sync::Arc;
use std::time::Duration;

use api::{ApiError, Value};
use authz::rbac::{self, aggregated_rules};
use store::{Event, Scope, Snapshot};

use super::feed::{self, Sink};
use super::queue::Queue;
use crate::app::App;
use crate::catalog::Served;
use crate::registry::parse;

const NAME: &str = "clusterrole-aggregation-controller";
const AGAIN: Duration = Duration::from_secs(1);

/// Starts the controller.
pub(super) fn start(app: &Arc<App>) {
    let Some(roles) = app.catalog.stored(rbac::GROUP, "clusterroles").cloned() else { return };
    let queue = Queue::new();
    feed::follow(app, &roles, Arc::new(Changed(queue.clone())));
    let app = app.clone();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                () = app.shutdown.end_watches() => return,
                () = queue.take() => {}
            }
            if let Err(error) = aggregate(&app, &roles).await {
                tracing::warn!(%error, "cannot aggregate cluster roles, trying again");
                queue.add_later((), AGAIN);
            }
        }
    });
}

/// Any change of any cluster role may change any aggregated one.
struct Changed(Arc<Queue<()>>);

impl Sink for Changed {
    fn fill(&self, _served: &Served, _snapshot: &Snapshot) {
        self.0.add(());
    }

    fn take(&self, _served: &Served, _events: &[Event]) {
        self.0.add(());
    }
}

async fn aggregate(app: &App, roles: &Served) -> Result<(), ApiError> {
    let snapshot = app.store.snapshot(&roles.stored);
    let all = snapshot.iter(&Scope::All, None).map(|o| parse(o)).collect::<Result<Vec<_>, _>>()?;
    for role in all.iter().filter(|r| !r.at(&["aggregationRule"]).is_null()) {
        let name = role.str_at(&["metadata", "name"]);
        let rules = match aggregated_rules(role, &all) {
            Ok(Some(rules)) => rules,
            Ok(None) => continue,
            Err(error) => {
                tracing::warn!(%error, role = name, "the aggregation rule cannot be read");
                continue;
            }
        };
        set_rules(app, roles, name, rules).await?;
    }
    Ok(())
}

async fn set_rules(app: &App, roles: &Served, name: &str, rules: Vec<Value>) -> Result<(), ApiError> {
    let changed = super::write(app, NAME, roles, ("", name), "", async |call| {
        call.update(false, |call, live| {
            let live = live.value.ok_or_else(ApiError::no_such_path)?;
            let mut role = live.clone();
            role.set_at(&["rules"], rules.clone());
            call.track(Some(live), &mut role);
            Ok(role)
        })
        .await
    })
    .await;
    match changed {
        Err(error) if error.reason != api::Reason::NotFound => Err(error),
        _ => Ok(()),
    }
}
