//! From an authorized request to whoever answers it.

use std::sync::Arc;

use api::ApiError;
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
    if !knows_group(app, request.info()) {
        return Err(answer::page_not_found().into());
    }
    let (head, incoming, user) = request.into_parts();
    let info = &head.info;
    if let Some(review) = reviews::find(info) {
        let bytes = body::read(incoming).await?;
        return Ok(reviews::answer(app, &head, &user, review, &bytes, warnings)?);
    }
    let Some(served) = app.catalog.find(&info.group, &info.version, &info.resource).cloned() else {
        return Err(ApiError::no_such_path().into());
    };
    let subresource = match info.subresource.as_str() {
        "" => None,
        name => Some(served.subresource(name).ok_or_else(ApiError::no_such_path)?),
    };
    let action = action(&served, subresource, &head)?;
    if action != Action::Connect {
        let offered =
            if matches!(action, Action::List { .. }) { &accept::LISTS[..] } else { &accept::OBJECTS };
        accept::route(header(&head.parts.headers, "accept"), offered)?;
    }
    if action == Action::Patch {
        verbs::check_patch_type(header(&head.parts.headers, "content-type"))?;
    }
    let output = output(subresource, &head)?;
    let exchange = Exchange {
        app: app.clone(),
        namespace: if served.table.namespaced { info.namespace.clone() } else { "".into() },
        name: info.name.clone(),
        user,
        insecure: head.insecure,
        query: head.query.clone(),
        output,
        content_type: header(&head.parts.headers, "content-type").to_owned(),
        user_agent: header(&head.parts.headers, "user-agent").to_owned(),
        warnings: warnings.clone(),
        served,
        subresource,
    };
    if action == Action::Connect {
        return Ok(verbs::connect(&exchange, head, incoming).await?);
    }
    let bytes = if action.reads_body() { body::read(incoming).await? } else { Bytes::new() };
    warnings.extend(deprecation(exchange.served.table).map(str::to_owned));
    let zips = takes_gzip(header(&head.parts.headers, "accept-encoding"));
    let watches = matches!(action, Action::List { watch } if watch || head.query.bool("watch"));
    let response = perform(action, exchange, &bytes).await?;
    if watches && websocket::is_websocket(&head.parts.headers) {
        return Ok(verbs::watch_over_websocket(app, head, response)?);
    }
    Ok(if zips { compressed(response) } else { response })
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
    Get,
    List { watch: bool },
    Create,
    CreateSubresource,
    Update,
    Patch,
    Delete,
    DeleteCollection,
    Connect,
}

impl Action {
    fn reads_body(self) -> bool {
        !matches!(self, Self::Get | Self::List { .. } | Self::Connect)
    }
}

async fn perform(action: Action, exchange: Exchange, body: &Bytes) -> Result<Response, ApiError> {
    match action {
        Action::Get => verbs::get(&exchange).await,
        Action::List { watch } => verbs::list_or_watch(exchange, watch).await,
        Action::Create => verbs::create(&exchange, body).await,
        Action::CreateSubresource => verbs::create_subresource(&exchange, body).await,
        Action::Update => verbs::update(&exchange, body).await,
        Action::Patch => verbs::patch(&exchange, body).await,
        Action::Delete => verbs::delete(&exchange, body).await,
        Action::DeleteCollection => verbs::delete_collection(&exchange, body).await,
        Action::Connect => Err(ApiError::internal("connections are answered by themselves")),
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
            verb(served, "watch", Action::List { watch: true })
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
        (&Method::GET, true) if !everywhere => verb(served, "get", Action::Get),
        (&Method::GET, false) => verb(served, "list", Action::List { watch: false }),
        (&Method::POST, false) if !everywhere => verb(served, "create", Action::Create),
        (&Method::PUT, true) if !everywhere => verb(served, "update", Action::Update),
        (&Method::PATCH, true) if !everywhere => verb(served, "patch", Action::Patch),
        (&Method::DELETE, true) if !everywhere => verb(served, "delete", Action::Delete),
        (&Method::DELETE, false) if !everywhere => verb(served, "deletecollection", Action::DeleteCollection),
        (_, true) if everywhere => Err(ApiError::no_such_path()),
        _ => Err(ApiError::method_not_allowed()),
    }
}

fn verb(served: &Served, verb: &str, action: Action) -> Result<Action, ApiError> {
    if served.allows(verb) { Ok(action) } else { Err(ApiError::method_not_allowed()) }
}

fn subresource_action(sub: &schema::Subresource, head: &Head) -> Result<Action, ApiError> {
    let connects = sub.message.is_none() || is_connection(sub);
    if !head.info.rest.is_empty() && sub.name != "proxy" {
        return Err(ApiError::no_such_path());
    }
    let (verb, action) = match head.parts.method {
        Method::GET => ("get", Action::Get),
        Method::POST => ("create", Action::CreateSubresource),
        Method::PUT => ("update", Action::Update),
        Method::PATCH => ("patch", Action::Patch),
        Method::DELETE => ("delete", Action::Delete),
        // Proxies take two more methods, which discovery does not tell.
        Method::HEAD | Method::OPTIONS if sub.name == "proxy" => ("get", Action::Connect),
        _ => return Err(ApiError::method_not_allowed()),
    };
    if !sub.verbs.contains(&verb) {
        return Err(ApiError::method_not_allowed());
    }
    Ok(if connects { Action::Connect } else { action })
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
