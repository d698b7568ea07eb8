//! Paths outside resources: discovery, OpenAPI, version, health, token issuer documents, the index.

use std::sync::Arc;

use api::{ApiError, UserInfo, Value};
use hyper::header::{ACCEPT_RANGES, ETAG, IF_NONE_MATCH, VARY};
use hyper::{Method, StatusCode};
use openapi::discovery::{self, AggregatedVersion, Scope};

use crate::app::App;
use crate::gates::authorize::Head;
use crate::health;
use crate::http::accept::{self, Output};
use crate::http::{Response, answer};
use crate::pipeline::{Refusal, header};
use crate::route::wants_pretty;

/// Non-resource paths besides those of the API itself, for the index at `/`.
const OTHERS: [&str; 9] = [
    "/.well-known/openid-configuration",
    "/healthz",
    "/livez",
    "/metrics",
    "/openapi/v2",
    "/openapi/v3",
    "/openid/v1/jwks",
    "/readyz",
    "/version",
];

/// Answers a path that names no resource.
///
/// # Errors
/// 404 in upstream's words, 405 for anything but reading.
pub(crate) fn answer(app: &Arc<App>, head: &Head, _user: &UserInfo) -> Result<Response, Refusal> {
    let path = head.info.path.as_str();
    let found = find(app, head, path)?;
    match head.parts.method {
        Method::GET => Ok(found),
        Method::HEAD if !is_routed(path) => Ok(found),
        _ => Err(ApiError::method_not_allowed().into()),
    }
}

/// True for paths behind upstream's router, which knows no HEAD.
fn is_routed(path: &str) -> bool {
    matches!(path.split('/').nth(1), Some("api" | "apis" | "version"))
}

fn find(app: &App, head: &Head, path: &str) -> Result<Response, Refusal> {
    let trimmed = path.trim_end_matches('/');
    if let Some(response) = health::health(app, trimmed, &head.query) {
        return Ok(response);
    }
    let parts: Vec<&str> = trimmed.split('/').skip(1).collect();
    match parts.as_slice() {
        [] => value(head, &discovery::paths(&app.listing, OTHERS)),
        ["version"] => Ok(answer::value(StatusCode::OK, &openapi::version::info(), &pretty_json())?),
        ["api"] => discover(app, head, Scope::Core, |app| {
            discovery::core_versions(&app.listing, &app.external_address())
        }),
        ["apis"] => discover(app, head, Scope::Groups, |app| discovery::groups(&app.listing)),
        ["api", version] => resources(app, head, "", version),
        ["apis", group] => match discovery::group(&app.listing, group) {
            Some(group) => value(head, &group),
            None => Err(answer::page_not_found().into()),
        },
        ["apis", group, version] => resources(app, head, group, version),
        ["openapi", "v2"] => crate::documents::v2(app, head),
        ["openapi", "v3"] => crate::documents::v3_index(app, head),
        ["openapi", "v3", rest @ ..] => crate::documents::v3(app, head, rest),
        [".well-known", "openid-configuration"] => crate::documents::issuer(app),
        ["openid", "v1", "jwks"] => crate::documents::keys(app, head),
        ["metrics"] => Ok(crate::metrics::metrics(app)),
        _ => Err(answer::page_not_found().into()),
    }
}

fn pretty_json() -> Output {
    Output { format: accept::Format::Json, shape: accept::Shape::Own, pretty: true }
}

fn value(head: &Head, value: &Value) -> Result<Response, Refusal> {
    let output = accept::plain(header(&head.parts.headers, "accept"), wants_pretty(head))?;
    Ok(answer::value(StatusCode::OK, value, &output)?)
}

fn resources(app: &App, head: &Head, group: &str, version: &str) -> Result<Response, Refusal> {
    match app.listing.version(group, version) {
        Some(found) => value(head, &discovery::resources(found)),
        None if group.is_empty() || !app.listing.group(group).is_empty() => {
            Err(ApiError::no_such_path().into())
        }
        None => Err(answer::page_not_found().into()),
    }
}

/// `/api` and `/apis`: aggregated when the client asks for it (KEP-3352), with an ETag.
fn discover(app: &App, head: &Head, scope: Scope, plain: fn(&App) -> Value) -> Result<Response, Refusal> {
    let headers = &head.parts.headers;
    let Some(version) = aggregated_version(header(headers, "accept")) else {
        return value(head, &plain(app));
    };
    let text = api::json::to_string(&discovery::aggregated(&app.listing, scope, version));
    let etag = discovery::etag(&text);
    let same = header(headers, IF_NONE_MATCH.as_str()).contains(&etag);
    let (status, body) =
        if same { (StatusCode::NOT_MODIFIED, String::new()) } else { (StatusCode::OK, text) };
    let mut response = answer::bytes(status, version.content_type(), crate::transport::Body::whole(body));
    answer::set(&mut response, ETAG, &etag);
    answer::set(&mut response, VARY, "Accept");
    answer::set(&mut response, ACCEPT_RANGES, "none");
    Ok(response)
}

/// The version of aggregated discovery that an Accept header asks for before anything plain.
fn aggregated_version(accept: &str) -> Option<AggregatedVersion> {
    accept.split(',').find_map(|clause| {
        let mut parts = clause.split(';').map(str::trim);
        let json = parts.next()? == "application/json";
        let parameters: Vec<(&str, &str)> = parts.filter_map(|p| p.split_once('=')).collect();
        let get = |name: &str| parameters.iter().find(|(n, _)| *n == name).map_or("", |(_, v)| *v);
        let ours = json && get("g") == "apidiscovery.k8s.io" && get("as") == "APIGroupDiscoveryList";
        if ours { AggregatedVersion::parse(get("v")) } else { None }
    })
}
