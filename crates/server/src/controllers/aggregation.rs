//! Keeps the rules of aggregated cluster roles: the union of those of the roles they select.

use std::sync::Arc;

use api::{ApiError, Value};
use authz::rbac::{self, aggregated_rules};
use store::Scope;

use super::feed;
use crate::app::App;
use crate::catalog::Served;
use crate::registry::parse;

const NAME: &str = "clusterrole-aggregation-controller";

/// Starts the controller.
pub(super) fn start(app: &Arc<App>) {
    let Some(roles) = app.catalog.stored(rbac::GROUP, "clusterroles").cloned() else { return };
    // Any change of any cluster role may change any aggregated one.
    feed::after_changes(app, &[&roles.clone()], "aggregate cluster roles", move |app| {
        let roles = roles.clone();
        async move { aggregate(&app, &roles).await }
    });
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
