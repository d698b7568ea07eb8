//! Impersonation: a user who may do so acts as somebody else.

use api::user::{ANONYMOUS, AUTHENTICATED, UNAUTHENTICATED};
use api::{ApiError, UserInfo};
use authn::{impersonation, service_account};
use authz::{Attributes, ResourceTarget};

use super::authenticate::Authenticated;
use crate::app::App;

/// Takes the identity that the `Impersonate-*` headers name, if the user may.
///
/// # Errors
/// 400 for headers that make no sense, 403 for somebody who may not.
pub(crate) fn impersonate(app: &App, request: Authenticated) -> Result<Authenticated, ApiError> {
    let headers = request.received().headers().iter();
    let headers = headers.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let Some(wanted) = impersonation::wanted_user(headers)? else { return Ok(request) };
    if !request.received().insecure {
        check(app, request.user(), &wanted)?;
    }
    let user = complete(wanted);
    Ok(request.acting_as(user))
}

/// Asks for each part of the identity whether the user may take it.
fn check(app: &App, user: &UserInfo, wanted: &UserInfo) -> Result<(), ApiError> {
    let ask = |target: ResourceTarget<'_>| {
        app.authorization.check(&Attributes::of_resource(user, "impersonate", target))
    };
    let part = |group: &'static str, resource: &'static str| ResourceTarget {
        group,
        version: "v1",
        resource,
        ..ResourceTarget::default()
    };
    const AUTHENTICATION: &str = "authentication.k8s.io";
    match service_account::split_username(&wanted.name) {
        Some((namespace, name)) => ask(ResourceTarget { namespace, name, ..part("", "serviceaccounts") })?,
        None => ask(ResourceTarget { name: &wanted.name, ..part("", "users") })?,
    }
    for group in &wanted.groups {
        ask(ResourceTarget { name: group, ..part("", "groups") })?;
    }
    if !wanted.uid.is_empty() {
        ask(ResourceTarget { name: &wanted.uid, ..part(AUTHENTICATION, "uids") })?;
    }
    for (key, values) in &wanted.extra {
        for value in values {
            ask(ResourceTarget { subresource: key, name: value, ..part(AUTHENTICATION, "userextras") })?;
        }
    }
    Ok(())
}

/// Adds the groups that follow from the name when the headers name none, and that of everybody who is somebody.
fn complete(mut user: UserInfo) -> UserInfo {
    if user.groups.is_empty()
        && let Some((namespace, _)) = service_account::split_username(&user.name)
    {
        user.groups = service_account::groups(namespace);
    }
    let group = if user.name == ANONYMOUS { UNAUTHENTICATED } else { AUTHENTICATED };
    if !user.in_group(AUTHENTICATED) && !user.in_group(UNAUTHENTICATED) {
        user.groups.push(group.to_owned());
    }
    user
}
