//! DELETE of one object and of a collection.

use api::{ApiError, Reason, Value};
use bytes::Bytes;
use hyper::StatusCode;

use super::Exchange;
use super::list::Page;
use super::selection::Selection;
use crate::decode;
use crate::http::options::{DeleteOptions, ListOptions};
use crate::http::{Response, answer};
use crate::registry::{Deleted, status_details};

/// DELETE of one object.
///
/// # Errors
/// The refusal of any stage.
pub(crate) async fn delete(exchange: &Exchange, body: &Bytes) -> Result<Response, ApiError> {
    let options = read_options(exchange, body)?;
    let shaper = exchange.shaper()?;
    let accepted = options.orphan_dependents == Some(false);
    let mut call = exchange.call("", options.dry_run);
    call.warnings.extend(preserved(exchange, &options));
    let deleted = call.delete(options).await?;
    let status = if !deleted.gone && accepted { StatusCode::ACCEPTED } else { StatusCode::OK };
    if deleted.answer_object {
        shaper.written(status, &deleted.written)
    } else {
        let details = status_details(&call, &deleted.written.value()?);
        answer::value(status, &answer::success(0, details), &exchange.output)
    }
}

/// DELETE of a collection: each object by itself; those that are gone meanwhile do not matter.
///
/// # Errors
/// The first refusal; objects deleted before it stay deleted, as upstream says.
pub(crate) async fn delete_collection(exchange: &Exchange, body: &Bytes) -> Result<Response, ApiError> {
    let delete_options = read_options(exchange, body)?;
    let list_options = ListOptions::parse(&exchange.query)?;
    let selection = Selection::new(&exchange.served, &list_options)?;
    let shaper = exchange.shaper()?;
    let page = Page::new(exchange, &list_options, &selection).await?;
    exchange.warnings.extend(preserved(exchange, &delete_options));
    let objects: Vec<_> = page.objects().cloned().collect();
    let mut values = Vec::with_capacity(objects.len());
    for object in &objects {
        let mut call = exchange.call("", delete_options.dry_run);
        (call.namespace, call.name) = (object.namespace(), object.name());
        match call.delete(delete_options.clone()).await {
            Ok(Deleted { .. }) => {}
            Err(error) if error.reason == Reason::NotFound => {}
            Err(error) => return Err(error),
        }
        values.push(shaper.value(object)?);
    }
    answer::value(StatusCode::OK, &shaper.list(&page.meta, values)?, &exchange.output)
}

/// The warning to whoever deletes jobs without saying what shall become of their pods.
fn preserved(exchange: &Exchange, options: &DeleteOptions) -> Option<String> {
    let silent = options.propagation_policy.is_none() && options.orphan_dependents.is_none();
    let jobs = exchange.served.table.group == "batch" && exchange.served.table.plural == "jobs";
    let orphans = exchange.served.strategy.orphans_by_default(exchange.served.table.version);
    (silent && jobs && orphans).then(|| {
        "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or \
         set propagationPolicy=Orphan to suppress this warning"
            .to_owned()
    })
}

fn read_options(exchange: &Exchange, body: &Bytes) -> Result<DeleteOptions, ApiError> {
    let value: Option<Value> =
        if body.is_empty() { None } else { Some(decode::delete_options(&exchange.content_type, body)?) };
    DeleteOptions::parse(&exchange.query, value.as_ref())
}
