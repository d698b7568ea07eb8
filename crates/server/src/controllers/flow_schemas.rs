//! Says of each flow schema whether its priority level exists (condition `Dangling`), as kube-apiserver does itself
//! whatever controllers are on (KEP-1040).

use std::sync::Arc;

use api::{ApiError, Value, object};
use store::Scope;

use super::feed;
use crate::app::App;
use crate::catalog::Served;
use crate::registry::parse;

const GROUP: &str = "flowcontrol.apiserver.k8s.io";
const NAME: &str = "api-priority-and-fairness-config-consumer-v1";

/// Starts the controller.
pub(super) fn start(app: &Arc<App>) {
    let resource = |plural| app.catalog.stored(GROUP, plural).cloned();
    let (Some(schemas), Some(levels)) = (resource("flowschemas"), resource("prioritylevelconfigurations"))
    else {
        return;
    };
    // A level that comes or goes may concern any schema.
    feed::after_changes(
        app,
        &[&levels.clone(), &schemas.clone()],
        "write the condition of a flow schema",
        move |app| {
            let (schemas, levels) = (schemas.clone(), levels.clone());
            async move { judge_all(&app, &schemas, &levels).await }
        },
    );
}

async fn judge_all(app: &App, schemas: &Served, levels: &Served) -> Result<(), ApiError> {
    let snapshot = app.store.snapshot(&schemas.stored);
    for schema in snapshot.iter(&Scope::All, None) {
        let schema = parse(schema)?;
        let level = schema.str_at(&["spec", "priorityLevelConfiguration", "name"]);
        let wanted = condition(level, app.store.get(&levels.key("", level)).is_some());
        if !says(&schema, &wanted) {
            apply(app, schemas, schema.str_at(&["metadata", "name"]), wanted).await?;
        }
    }
    Ok(())
}

fn condition(level: &str, exists: bool) -> Value {
    let level = api::field::go_quote(level);
    let (status, reason, outcome) = match exists {
        true => ("False", "Found", "and it exists"),
        false => ("True", "NotFound", "but there is no such object"),
    };
    object! {
        "type" => "Dangling",
        "status" => status,
        "reason" => reason,
        "message" => format!(
            "This FlowSchema references the PriorityLevelConfiguration object named {level} {outcome}"
        ),
    }
}

/// True when the schema has the condition; the time of its last change does not count.
fn says(schema: &Value, wanted: &Value) -> bool {
    let same = |condition: &Value, member: &str| condition.str_at(&[member]) == wanted.str_at(&[member]);
    let all = ["type", "status", "reason", "message"];
    schema.array_at(&["status", "conditions"]).iter().any(|have| all.iter().all(|member| same(have, member)))
}

async fn apply(app: &App, schemas: &Served, name: &str, mut condition: Value) -> Result<(), ApiError> {
    condition.set_at(&["lastTransitionTime"], app.now().text());
    let config = object! {
        "apiVersion" => schemas.group_version().to_string(),
        "kind" => schemas.table.kind,
        "metadata" => object! { "name" => name },
        "status" => object! { "conditions" => vec![condition] },
    };
    let written = super::write(app, NAME, schemas, ("", name), "status", async |call| {
        call.update(false, |call, live| call.apply(live.value, &config, true, &mut Vec::new())).await
    })
    .await;
    match written {
        Err(error) if error.reason != api::Reason::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_is_written_once() {
        let schema = |conditions: Vec<Value>| object! { "status" => object! { "conditions" => conditions } };
        let found = condition("a", true);
        assert_eq!(found.str_at(&["status"]), "False");
        assert!(!says(&schema(vec![]), &found));
        let mut old = found.clone();
        old.set_at(&["lastTransitionTime"], "2026-01-01T00:00:00Z");
        assert!(says(&schema(vec![old.clone()]), &found));
        assert!(!says(&schema(vec![old]), &condition("a", false)));
    }
}
