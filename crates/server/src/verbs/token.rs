//! TokenRequest: a token for a service account (`serviceaccounts/NAME/token`).

use api::{ApiError, GroupResource, Value};
use authn::SystemRandom;
use authn::service_account::request::{self, Objects};
use hyper::StatusCode;

use super::Exchange;
use crate::app::App;
use crate::http::{Response, answer};
use crate::registry::{Call, parse};

/// Issues a token.
///
/// # Errors
/// What is wrong with the request; 404 for an account or bound object that is not there.
pub(super) async fn issue(
    exchange: &Exchange,
    call: &mut Call<'_>,
    mut body: Value,
) -> Result<Response, ApiError> {
    let app = &exchange.app;
    let key = exchange.served.key(&exchange.namespace, &exchange.name);
    let account = parse(&*app.store.get(&key).ok_or_else(|| exchange.not_found())?)?;
    let issuer = &app.authentication.accounts.issuer;
    let now = call.now.seconds();
    if let Some(sub) = exchange.subresource {
        call.track_body(sub, &mut body);
    }
    request::prepare(issuer, &mut body, &exchange.namespace, &account, now)?;
    call.mutate(admission::Operation::Create, &mut body, None)?;
    call.validate(admission::Operation::Create, Some(&body), None)?;
    let draft = request::draft(issuer, body, &**app, &SystemRandom, now)?;
    let token = app.authentication.accounts.sign(&draft.payload()).await?;
    let issued = draft.finish(&token);
    call.warnings.extend(issued.warnings);
    let mut object = issued.object;
    if let Some(message) = exchange.subresource.and_then(|s| s.message) {
        schema::canonicalize(&mut object, message);
    }
    answer::value(StatusCode::CREATED, &object, &exchange.output)
}

impl Objects for App {
    fn get(&self, resource: &GroupResource, namespace: &str, name: &str) -> Result<Value, ApiError> {
        match self.object(&resource.group, &resource.resource, namespace, name) {
            Some(object) => parse(&object),
            None => Err(ApiError::not_found(resource, name)),
        }
    }
}
