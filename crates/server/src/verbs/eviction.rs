//! Eviction: a deletion that respects disruption budgets (`pods/NAME/eviction`).

use api::selector::LabelSelector;
use api::{ApiError, Value, error::Cause, object};
use hyper::StatusCode;
use store::Scope;

use super::Exchange;
use crate::http::options::DeleteOptions;
use crate::http::{Response, answer};
use crate::registry::{Call, Written, meta, parse};
use api::request::Query;

const TOO_MANY: &str = "Cannot evict pod as it would violate the pod's disruption budget.";
/// When to try again, in seconds.
const RETRY: i64 = 10;

/// Deletes a pod if its budget allows.
///
/// # Errors
/// 429 when the budget does not allow it now; the refusals of a deletion.
pub(super) async fn evict(
    exchange: &Exchange,
    call: &mut Call<'_>,
    mut eviction: Value,
) -> Result<Response, ApiError> {
    let own = eviction.str_at(&["metadata", "name"]);
    if own != exchange.name {
        return Err(ApiError::bad_request("name in URL does not match name in Eviction object"));
    }
    call.mutate(admission::Operation::Create, &mut eviction, None)?;
    call.validate(admission::Operation::Create, Some(&eviction), None)?;
    let mut options = DeleteOptions::parse(&Query::default(), eviction.get("deleteOptions"))?;
    options.dry_run |= call.dry_run;
    let key = exchange.served.key(&exchange.namespace, &exchange.name);
    let pod = exchange.app.store.get(&key).ok_or_else(|| exchange.not_found())?;
    let pod = parse(&pod)?;
    if !goes_anyway(&pod) {
        take_from_budget(exchange, call, &pod, options.dry_run).await?;
    }
    let mut delete = Call { subresource: "", dry_run: options.dry_run, ..call.clone() };
    if !options.dry_run {
        mark(&delete, &mut options).await?;
    }
    delete.delete(options).await?;
    answer::value(StatusCode::CREATED, &answer::success(201, Value::Null), &exchange.output)
}

/// Says on the pod why it goes (KEP-3329).  Nobody owns the condition, as upstream.  A revision that the options ask for
/// is the marked pod's afterwards.
///
/// # Errors
/// 404, or 409 when the pod is not the one meant.
async fn mark(call: &Call<'_>, options: &mut DeleteOptions) -> Result<(), ApiError> {
    let condition = object! {
        "type" => "DisruptionTarget",
        "status" => "True",
        "reason" => "EvictionByEvictionAPI",
        "message" => "Eviction API: evicting",
    };
    let marked = call
        .amend(|call, pod| {
            call.check_preconditions(options, pod)?;
            kinds::set_condition(pod, condition.clone(), &call.now.text());
            Ok(())
        })
        .await?;
    if let (Some(wanted), Written::Stored(pod)) = (&mut options.resource_version, marked) {
        *wanted = pod.revision().to_string();
    }
    Ok(())
}

/// Pods that do not run, or are going, count for no budget.
fn goes_anyway(pod: &Value) -> bool {
    meta::is_deleting(pod) || matches!(pod.str_at(&["status", "phase"]), "Succeeded" | "Failed" | "Pending")
}

async fn take_from_budget(
    exchange: &Exchange,
    call: &Call<'_>,
    pod: &Value,
    dry_run: bool,
) -> Result<(), ApiError> {
    let Some(served) = exchange.app.catalog.stored("policy", "poddisruptionbudgets") else { return Ok(()) };
    let snapshot = exchange.app.store.snapshot(&served.stored);
    let scope = Scope::Namespace(exchange.namespace.clone());
    let labels = pod.at(&["metadata", "labels"]).as_object();
    let mut budgets = Vec::new();
    for object in snapshot.iter(&scope, None) {
        let budget = parse(object)?;
        let selects =
            LabelSelector::from_object(budget.at(&["spec", "selector"])).is_ok_and(|s| s.matches_map(labels));
        if selects && !budget.at(&["spec", "selector"]).is_null() {
            budgets.push(object.name().to_owned());
        }
    }
    match budgets.as_slice() {
        [] => Ok(()),
        [budget] => decrement(call, served, budget, &exchange.name, dry_run).await,
        _ => Err(ApiError::internal(
            "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
        )),
    }
}

/// Takes one disruption from a budget and notes the pod it was for.
async fn decrement(
    call: &Call<'_>,
    served: &crate::catalog::Served,
    budget: &str,
    pod: &str,
    dry_run: bool,
) -> Result<(), ApiError> {
    let write = Call { served, name: budget, subresource: "status", dry_run, ..call.clone() };
    write
        .amend(|call, object| {
            check(object, budget)?;
            let before = object.clone();
            let allowed = object.at(&["status", "disruptionsAllowed"]).as_i64().unwrap_or(0);
            object.set_at(&["status", "disruptionsAllowed"], allowed - 1);
            object.set_at(&["status", "disruptedPods", pod], call.now.text());
            call.track(Some(&before), object);
            Ok(())
        })
        .await?;
    Ok(())
}

fn check(budget: &Value, name: &str) -> Result<(), ApiError> {
    let number = |path: &[&str]| budget.at(path).as_i64().unwrap_or(0);
    let refuse = |message: String, retry_after: i64| {
        let cause = Cause { reason: "DisruptionBudget".to_owned(), message, field: String::new() };
        Err(ApiError::too_many_requests(TOO_MANY, retry_after).with_cause(cause))
    };
    if number(&["status", "observedGeneration"]) < number(&["metadata", "generation"]) {
        let why = format!("The disruption budget {name} is still being processed by the server.");
        return refuse(why, RETRY);
    }
    if number(&["status", "disruptionsAllowed"]) > 0 {
        return Ok(());
    }
    let (desired, current) = (number(&["status", "desiredHealthy"]), number(&["status", "currentHealthy"]));
    let why =
        format!("The disruption budget {name} needs {desired} healthy pods and has {current} currently");
    refuse(why, 0)
}
