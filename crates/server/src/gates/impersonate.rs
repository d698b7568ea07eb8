//! Impersonation: a user who may do so acts as somebody else (KEP-5284 included).

use api::ApiError;
use authn::impersonation;
use authz::{Attributes, Selectors};

use super::authenticate::Authenticated;
use crate::app::App;

/// Takes the identity that the `Impersonate-*` headers name, if the user may.
///
/// # Errors
/// 400 for headers that make no sense, 403 for somebody who may not.
pub(crate) async fn impersonate(app: &App, request: Authenticated) -> Result<Authenticated, ApiError> {
    let headers = request.received().headers().iter();
    let headers = headers.map(|(name, value)| (name.as_str(), value.as_bytes()));
    let Some(wanted) = impersonation::wanted_user(headers)? else { return Ok(request) };
    let selectors = Selectors::of_request(request.info());
    let attributes = Attributes::of_request(request.user(), request.info(), selectors.as_ref());
    let union = app.authorization.union();
    let allowed = union.settle(|authorizer| authz::impersonate(&wanted, &attributes, authorizer)).await?;
    Ok(request.acting_as(allowed.user))
}
