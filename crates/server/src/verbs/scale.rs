//! The `scale` subresource: replicas of a workload under the one kind `autoscaling/v1` `Scale`.

use api::selector::LabelSelector;
use api::{
    ApiError, Map, Value,
    field::{Errors, Path},
    object,
};
use hyper::StatusCode;
use store::Object;

use super::Exchange;
use super::shape::Shaper;
use crate::http::Response;
use crate::registry::{Call, parse};

const GROUP: &str = "autoscaling";
const KIND: &str = "Scale";

/// GET of a scale.
///
/// # Errors
/// 500 for a stored object that cannot be read.
pub(super) fn get(exchange: &Exchange, object: &Object) -> Result<Response, ApiError> {
    answer_with(exchange, scale_of(&parse(object)?))
}

fn answer_with(exchange: &Exchange, scale: Value) -> Result<Response, ApiError> {
    Shaper::new(&exchange.served, &exchange.output, &exchange.query, exchange.app.now())?
        .showing(GROUP, KIND)
        .value_answer(StatusCode::OK, scale)
}

/// PUT and PATCH of a scale: `change` gets the present scale and the workload, and answers the new scale.  `applied` says
/// that it was a server-side apply, which has settled who owns the replicas.
///
/// # Errors
/// The refusal of any stage.
pub(super) async fn update(
    exchange: &Exchange,
    mut call: Call<'_>,
    applied: bool,
    mut change: impl FnMut(&mut Call<'_>, &Value, &Value) -> Result<Value, ApiError>,
) -> Result<Response, ApiError> {
    let updated = call
        .update(false, |call, live| {
            let live = live.value.ok_or_else(|| exchange.not_found())?;
            let scale = change(call, &scale_of(live), live)?;
            check(exchange, &scale)?;
            call.check_identity(&scale, live)?;
            let mut object = live.clone();
            for member in ["uid", "resourceVersion"] {
                let wanted = scale.str_at(&["metadata", member]);
                if wanted.is_empty() {
                    object.remove_at(&["metadata", member]);
                } else {
                    object.set_at(&["metadata", member], wanted);
                }
            }
            object.set_at(&["spec", "replicas"], scale.at(&["spec", "replicas"]).as_i64().unwrap_or(0));
            if let Some(message) = exchange.subresource.and_then(|s| s.message) {
                let mut after = scale;
                call.track_scale(&mut scale_of(live), &mut after, message, &mut object, applied);
            }
            Ok(object)
        })
        .await?;
    let scale = scale_of(&updated.written.value()?);
    answer_with(exchange, scale)
}

/// The scale of a workload.
pub(super) fn scale_of(object: &Value) -> Value {
    let mut metadata = Map::new();
    for member in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
        if let Some(value) = object.at(&["metadata"]).get(member) {
            metadata.insert(member, value.clone());
        }
    }
    let replicas = object.at(&["spec", "replicas"]).as_i64().unwrap_or(0);
    let mut spec = Map::new();
    if replicas != 0 {
        spec.insert("replicas", replicas.into());
    }
    let mut status = object! { "replicas" => object.at(&["status", "replicas"]).as_i64().unwrap_or(0) };
    let selector = selector_text(object.at(&["spec", "selector"]));
    if !selector.is_empty() {
        status.set_at(&["selector"], selector);
    }
    object! {
        "kind" => KIND, "apiVersion" => "autoscaling/v1", "metadata" => metadata, "spec" => spec, "status" => status,
    }
}

/// A selector as text; a replication controller has a plain map.
fn selector_text(selector: &Value) -> String {
    let plain =
        selector.as_object().is_some_and(|m| !m.is_empty() && m.values().all(|v| v.as_str().is_some()));
    let full = if plain {
        object! { "matchLabels" => selector.clone() }
    } else {
        selector.clone()
    };
    if full.is_null() {
        return String::new();
    }
    LabelSelector::from_object(&full).map(|s| s.to_string()).unwrap_or_default()
}

fn check(exchange: &Exchange, scale: &Value) -> Result<(), ApiError> {
    let replicas = scale.at(&["spec", "replicas"]);
    if replicas.as_i64().unwrap_or(0) >= 0 {
        return Ok(());
    }
    let mut errors = Errors::new();
    errors.invalid(&Path::new("spec.replicas"), replicas, "must be greater than or equal to 0");
    Err(ApiError::invalid(GROUP, KIND, &exchange.name, &errors))
}
