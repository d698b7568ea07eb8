//! The way of a request, in the order it is walked.  Read [`walk`] from top to bottom.
//!
//! Each gate takes what the gate before it gave and gives what the next one asks for: [`Received`], [`Authenticated`],
//! [`Authorized`].  Their fields are private to the gates, so a request that skipped one does not compile.

use std::sync::Arc;
use std::time::Duration;

use api::request::Query;
use api::{ApiError, Reason};
use hyper::body::Incoming;
use hyper::header::{HeaderName, RETRY_AFTER};
use hyper::{HeaderMap, StatusCode};

use crate::app::App;
use crate::gates::{authenticate, authorize, flow, impersonate, receive};
use crate::http::accept::{self, Output};
use crate::http::{Response, Warnings, answer};
use crate::route;
use crate::transport::{Body, Connection, Handler};

/// Names a request in audit events and in the answer.
const AUDIT_ID: HeaderName = HeaderName::from_static("audit-id");

impl Handler for App {
    async fn handle(
        self: Arc<Self>,
        connection: Arc<Connection>,
        request: hyper::Request<Incoming>,
    ) -> hyper::Response<Body> {
        let output = preferred_output(&request);
        let audit_id = audit_id(request.headers());
        let warnings = Warnings::default();
        let mut response = match walk(&self, &connection, request, &warnings).await {
            Ok(response) => response,
            Err(Refusal::Api(error)) => answer::failure(&error, output.as_ref()),
            Err(Refusal::Answer(response)) => *response,
        };
        answer::warn(response.headers_mut(), &warnings.texts());
        answer::set(&mut response, AUDIT_ID, &audit_id);
        response
    }
}

/// Why a request did not get through.
pub(crate) enum Refusal {
    /// In the API's words.
    Api(ApiError),
    /// In other words, for paths outside the API.
    Answer(Box<Response>),
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

impl From<Response> for Refusal {
    fn from(response: Response) -> Self {
        Self::Answer(Box::new(response))
    }
}

/// `warnings` gets what the client should know whatever the answer.
async fn walk(
    app: &Arc<App>,
    connection: &Connection,
    request: hyper::Request<Incoming>,
    warnings: &Warnings,
) -> Result<Response, Refusal> {
    let received = receive::receive(connection, request)?;
    let mut authenticated = authenticate::authenticate(app, connection, received).await?;
    warnings.extend(authenticated.warnings());
    let impersonated = impersonate::impersonate(app, authenticated).await?;
    let _in_flight = flow::admit(&app.flow, &impersonated)?;
    let authorized = authorize::authorize(app, impersonated).await?;
    let Some(limit) = time_limit(app, &authorized)? else {
        return route::route(app, authorized, warnings).await;
    };
    match tokio::time::timeout(limit, route::route(app, authorized, warnings)).await {
        Ok(answered) => answered,
        Err(_) => Err(out_of_time().into()),
    }
}

/// The time a request gets: that of the flag, or less if the client says so; none for watches and connections.
///
/// # Errors
/// 400 for a time that cannot be read.
fn time_limit(app: &App, request: &authorize::Authorized) -> Result<Option<Duration>, ApiError> {
    if request.is_long_running() {
        return Ok(None);
    }
    let limit = app.config.request_timeout;
    let text = request.query().first("timeout").filter(|text| !text.is_empty());
    let asked = text.map(api::time::duration::parse).transpose().map_err(|why| {
        ApiError::bad_request(format!("invalid timeout specified in the request URL - {why}"))
    })?;
    let asked =
        asked.and_then(|nanos| u64::try_from(nanos).ok()).filter(|n| *n > 0).map(Duration::from_nanos);
    Ok(Some(asked.map_or(limit, |asked| asked.min(limit))))
}

fn out_of_time() -> ApiError {
    ApiError::timeout("request did not complete within requested timeout - context deadline exceeded", 0)
}

/// 429 for a server that is full.
pub(crate) fn too_many() -> Response {
    let mut response =
        answer::text(StatusCode::TOO_MANY_REQUESTS, "Too many requests, please try again later.\n");
    answer::set(&mut response, RETRY_AFTER, "1");
    response
}

/// How a failure is to be encoded; when the client wants something impossible, JSON.
fn preferred_output(request: &hyper::Request<Incoming>) -> Option<Output> {
    let query = Query::parse(request.uri().query().unwrap_or(""));
    let pretty = accept::wants_pretty(&query, header(request.headers(), "user-agent"));
    accept::plain(header(request.headers(), "accept"), pretty).ok()
}

/// The id the client sent, else a new one.
fn audit_id(headers: &HeaderMap) -> String {
    match header(headers, AUDIT_ID.as_str()) {
        "" => uuid::Uuid::new_v4().to_string(),
        given => given.chars().take(64).collect(),
    }
}

/// A header's text, `""` when missing or no text.
pub(crate) fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or("")
}

/// 400 for a request line that cannot be read.
pub(crate) fn bad_target(text: &str) -> ApiError {
    ApiError::new(Reason::BadRequest, text)
}
