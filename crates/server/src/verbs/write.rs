//! POST and PUT.

use api::{ApiError, Value};
use bytes::Bytes;
use hyper::StatusCode;

use super::{Exchange, scale, special};
use crate::decode;
use crate::http::Response;
use crate::http::options::{WriteKind, WriteOptions};

/// POST to a collection.
///
/// # Errors
/// The refusal of any stage.
pub(crate) async fn create(exchange: &Exchange, body: &Bytes) -> Result<Response, ApiError> {
    let options = WriteOptions::parse(&exchange.query, WriteKind::Create)?;
    let shaper = exchange.shaper()?;
    let manager = exchange.manager(&options.manager);
    let mut call = exchange.call(&manager, options.dry_run);
    let target = decode::Target::of_resource(&exchange.served);
    let object = decode::object(&exchange.content_type, body, &target, options.validation, &call.warnings)?;
    // A Namespace is its own namespace to admission and validation.
    let own_name = object.str_at(&["metadata", "name"]).to_owned();
    if exchange.served.table.group.is_empty() && exchange.served.table.plural == "namespaces" {
        call.namespace = &own_name;
    }
    if exchange.served.table.group.is_empty() && exchange.served.table.plural == "bindings" {
        let mut binding = object;
        binding.remove_at(&["metadata", "uid"]);
        return special::bind(exchange, &mut call, &own_name, binding).await;
    }
    let written = call.create(object).await?;
    shaper.written(StatusCode::CREATED, &written)
}

/// PUT of an object or of one of its subresources.
///
/// # Errors
/// The refusal of any stage.
pub(crate) async fn update(exchange: &Exchange, body: &Bytes) -> Result<Response, ApiError> {
    let options = WriteOptions::parse(&exchange.query, WriteKind::Update)?;
    let shaper = exchange.shaper()?;
    let manager = exchange.manager(&options.manager);
    let mut call = exchange.call(&manager, options.dry_run);
    let target = decode::Target::of(&exchange.served, exchange.subresource)?;
    let object = decode::object(&exchange.content_type, body, &target, options.validation, &call.warnings)?;
    check_name(exchange, &object)?;
    if exchange.subresource.is_some_and(|s| s.name == "scale") {
        return scale::update(exchange, call, false, |_, _, _| Ok(object.clone())).await;
    }
    let may_create = exchange.subresource.is_none() && exchange.served.strategy.allow_create_on_update();
    if may_create {
        special::check_create_on_update(exchange).await?;
    }
    let updated = call
        .update(may_create, |call, live| {
            if let Some(live) = live.value {
                call.check_identity(&object, live)?;
            }
            let mut object = object.clone();
            call.track(live.value, &mut object);
            Ok(object)
        })
        .await?;
    let status = if updated.created { StatusCode::CREATED } else { StatusCode::OK };
    shaper.written(status, &updated.written)
}

/// POST to a subresource that makes something: `binding`, `eviction`, `token`.
///
/// # Errors
/// The refusal of any stage.
pub(crate) async fn create_subresource(exchange: &Exchange, body: &Bytes) -> Result<Response, ApiError> {
    let options = WriteOptions::parse(&exchange.query, WriteKind::Create)?;
    let target = decode::Target::of(&exchange.served, exchange.subresource)?;
    let manager = exchange.manager(&options.manager);
    let mut call = exchange.call(&manager, options.dry_run);
    let object = decode::object(&exchange.content_type, body, &target, options.validation, &call.warnings)?;
    special::create(exchange, &mut call, object).await
}

/// The object of a PUT must have the name of the request.
///
/// # Errors
/// 400 with upstream's texts.
pub(super) fn check_name(exchange: &Exchange, object: &Value) -> Result<(), ApiError> {
    let own = object.str_at(&["metadata", "name"]);
    if own.is_empty() {
        return Err(ApiError::bad_request(format!(
            "the name of the object ({} based on URL) was undeterminable: name must be provided",
            exchange.name
        )));
    }
    if own != exchange.name {
        return Err(ApiError::bad_request(format!(
            "the name of the object ({own}) does not match the name on the URL ({})",
            exchange.name
        )));
    }
    Ok(())
}
