//! From an authorized request to whoever answers it.

use std::sync::Arc;

use api::{ApiError, UserInfo};
use authz::explain::decisions;
use bytes::Bytes;
use hyper::Method;
use hyper::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderValue};

use crate::app::App;
use crate::catalog::Served;
use crate::gates::authorize::{Authorized, Head};
use crate::http::accept::Output;
use crate::http::{Response, Warnings, accept, answer, body};
use crate::kubelet::websocket;
use crate::pipeline::{Refusal, header};
use crate::verbs::{self, Exchange};
use crate::{paths, reviews};

/// Answers an authorized request; `warnings` gets what the client should know whatever the answer.
///
/// # Errors
/// 404, 405, or the refusal of whoever answers.
pub(crate) async fn route(
    app: &Arc<App>,
    request: Authorized,
    warnings: &Warnings,
) -> Result<Response, Refusal> {
    if !request.info().is_resource {
        let (head, _, user) = request.into_parts();
        return paths::answer(app, &head, &user);
    }
    if decisions::is_request(request.info()) {
        let (head, incoming, user) = request.into_parts();
        let bytes = body::read(incoming).await?;
        return Ok(crate::decisions::answer(app, &head, &user, &bytes).await?);
    }
    if !knows_group(app, request.info()) {
        return Err(answer::page_not_found().into());
    }
    let (head, incoming, user) = request.into_parts();
    let info = &head.info;
    if let Some(review) = reviews::find(info) {
        let bytes = body::read(incoming).await?;
        return Ok(reviews::answer(app, &head, &user, review, &bytes, warnings).await?);
    }
    let Some(served) = app.catalog.find(&info.group, &info.version, &info.resource).cloned() else {
        return Err(ApiError::no_such_path().into());
    };
    let subresource = match info.subresource.as_str() {
        "" => None,
        name => Some(served.subresource(name).ok_or_else(ApiError::no_such_path)?),
    };
    let action = action(&served, subresource, &head)?;
    negotiable(&action, &head)?;
    let exchange = exchange(app, served, subresource, user, &head, warnings)?;
    let Action::Verb(verb) = action else {
        return Ok(verbs::connect(&exchange, head, incoming).await?);
    };
    let bytes = if verb.reads_body() { body::read(incoming).await? } else { Bytes::new() };
    warnings.extend(deprecation(exchange.served.table).map(str::to_owned));
    let response = perform(verb, exchange, &bytes).await?;
    let watches = matches!(verb, Verb::List { watch } if watch || head.query.bool("watch"));
    if watches && websocket::is_websocket(&head.parts.headers) {
        return Ok(verbs::watch_over_websocket(app, head, response)?);
    }
    Ok(if takes_gzip(header(&head.parts.headers, "accept-encoding")) {
        compressed(response)
    } else {
        response
    })
}

/// Refuses media types that the route does not have, before anything is looked at.
///
/// # Errors
/// 406 and 415 in the words of upstream's router.
fn negotiable(action: &Action, head: &Head) -> Result<(), ApiError> {
    let Action::Verb(verb) = action else { return Ok(()) };
    accept::route(header(&head.parts.headers, "accept"), matches!(verb, Verb::List { .. }))?;
    match verb {
        Verb::Patch => verbs::check_patch_type(header(&head.parts.headers, "content-type")),
        _ => Ok(()),
    }
}

/// What a verb gets of the request.
///
/// # Errors
/// 406 for an answer that cannot be had.
fn exchange(
    app: &Arc<App>,
    served: Arc<Served>,
    subresource: Option<&'static schema::Subresource>,
    user: UserInfo,
    head: &Head,
    warnings: &Warnings,
) -> Result<Exchange, ApiError> {
    Ok(Exchange {
        app: app.clone(),
        namespace: if served.table.namespaced { head.info.namespace.clone() } else { "".into() },
        name: head.info.name.clone(),
        user,
        insecure: head.insecure,
        query: head.query.clone(),
        output: output(subresource, head)?,
        content_type: header(&head.parts.headers, "content-type").to_owned(),
        user_agent: header(&head.parts.headers, "user-agent").to_owned(),
        warnings: warnings.clone(),
        served,
        subresource,
    })
}

/// True for a client that can read gzip.
fn takes_gzip(accept: &str) -> bool {
    accept.split(',').any(|coding| coding.split(';').next().is_some_and(|name| name.trim() == "gzip"))
}

/// The answer with its body compressed if that is worth it (upstream's `APIResponseCompression`).
fn compressed(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let (body, compressed) = body.gzipped();
    if compressed {
        parts.headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        parts.headers.remove(CONTENT_LENGTH);
    }
    Response::from_parts(parts, body)
}

/// How the answer is to look; what a proxy answers is not ours to shape.
///
/// # Errors
/// 406 for what cannot be had.
fn output(subresource: Option<&schema::Subresource>, head: &Head) -> Result<Output, ApiError> {
    let accept = match subresource {
        Some(sub) if sub.name != "log" && is_connection(sub) => "",
        _ => header(&head.parts.headers, "accept"),
    };
    accept::transformable(accept, wants_pretty(head))
}

/// True for a subresource that opens a connection.
fn is_connection(sub: &schema::Subresource) -> bool {
    matches!(sub.name, "log" | "exec" | "attach" | "portforward" | "proxy")
}

/// What to say to whoever uses a resource that is on its way out.
fn deprecation(table: &schema::Resource) -> Option<&'static str> {
    match (table.group, table.version, table.plural) {
        ("", "v1", "endpoints") => {
            Some("v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice")
        }
        ("", "v1", "componentstatuses") => Some("v1 ComponentStatus is deprecated in v1.19+"),
        _ => None,
    }
}

/// What is to be done with a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Verb(Verb),
    /// A connection is opened to somebody else.
    Connect,
}

/// What is done with objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Get,
    List { watch: bool },
    Create,
    CreateSubresource,
    Update,
    Patch,
    Delete,
    DeleteCollection,
}

impl Verb {
    fn reads_body(self) -> bool {
        !matches!(self, Self::Get | Self::List { .. })
    }
}

async fn perform(verb: Verb, exchange: Exchange, body: &Bytes) -> Result<Response, ApiError> {
    match verb {
        Verb::Get => verbs::get(&exchange).await,
        Verb::List { watch } => verbs::list_or_watch(exchange, watch).await,
        Verb::Create => verbs::create(&exchange, body).await,
        Verb::CreateSubresource => verbs::create_subresource(&exchange, body).await,
        Verb::Update => verbs::update(&exchange, body).await,
        Verb::Patch => verbs::patch(&exchange, body).await,
        Verb::Delete => verbs::delete(&exchange, body).await,
        Verb::DeleteCollection => verbs::delete_collection(&exchange, body).await,
    }
}

/// The action that method and path name.
///
/// # Errors
/// 404 for a path of the wrong shape, 405 for a method the path does not have.
fn action(
    served: &Served,
    subresource: Option<&schema::Subresource>,
    head: &Head,
) -> Result<Action, ApiError> {
    let info = &head.info;
    let table = served.table;
    if !table.namespaced && !info.namespace.is_empty() && table.plural != "namespaces" {
        return Err(ApiError::no_such_path());
    }
    if let Some(sub) = subresource {
        return subresource_action(sub, head);
    }
    if !info.rest.is_empty() {
        return Err(ApiError::no_such_path());
    }
    if info.verb_in_path {
        return if info.verb == "watch" {
            verb(served, "watch", Verb::List { watch: true })
        } else {
            Err(ApiError::no_such_path())
        };
    }
    let everywhere = table.namespaced && info.namespace.is_empty();
    let named = !head.info.name.is_empty() && !matches!(info.verb.as_str(), "list" | "watch");
    if named && !["get", "update", "patch", "delete"].iter().any(|verb| served.allows(verb)) {
        return Err(ApiError::no_such_path());
    }
    match (&head.parts.method, named) {
        (&Method::GET, true) if !everywhere => verb(served, "get", Verb::Get),
        (&Method::GET, false) => verb(served, "list", Verb::List { watch: false }),
        (&Method::POST, false) if !everywhere => verb(served, "create", Verb::Create),
        (&Method::PUT, true) if !everywhere => verb(served, "update", Verb::Update),
        (&Method::PATCH, true) if !everywhere => verb(served, "patch", Verb::Patch),
        (&Method::DELETE, true) if !everywhere => verb(served, "delete", Verb::Delete),
        (&Method::DELETE, false) if !everywhere => verb(served, "deletecollection", Verb::DeleteCollection),
        (_, true) if everywhere => Err(ApiError::no_such_path()),
        _ => Err(ApiError::method_not_allowed()),
    }
}

fn verb(served: &Served, name: &str, verb: Verb) -> Result<Action, ApiError> {
    if served.allows(name) { Ok(Action::Verb(verb)) } else { Err(ApiError::method_not_allowed()) }
}

fn subresource_action(sub: &schema::Subresource, head: &Head) -> Result<Action, ApiError> {
    let connects = sub.message.is_none() || is_connection(sub);
    if !head.info.rest.is_empty() && sub.name != "proxy" {
        return Err(ApiError::no_such_path());
    }
    let (name, verb) = match head.parts.method {
        Method::GET => ("get", Verb::Get),
        Method::POST => ("create", Verb::CreateSubresource),
        Method::PUT => ("update", Verb::Update),
        Method::PATCH => ("patch", Verb::Patch),
        Method::DELETE => ("delete", Verb::Delete),
        // Proxies take two more methods, which discovery does not tell.
        Method::HEAD | Method::OPTIONS if sub.name == "proxy" => ("get", Verb::Get),
        _ => return Err(ApiError::method_not_allowed()),
    };
    if !sub.verbs.contains(&name) {
        return Err(ApiError::method_not_allowed());
    }
    Ok(if connects { Action::Connect } else { Action::Verb(verb) })
}

/// True for the core group in any version and for every served group: only there does the API itself say 404.
fn knows_group(app: &App, info: &api::RequestInfo) -> bool {
    if info.api_prefix == "api" {
        true
    } else {
        !info.group.is_empty() && !app.listing.group(&info.group).is_empty()
    }
}

/// Whether an answer is to be pretty.
pub(crate) fn wants_pretty(head: &Head) -> bool {
    accept::wants_pretty(&head.query, header(&head.parts.headers, "user-agent"))
}
