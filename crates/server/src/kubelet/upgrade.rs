//! Requests whose connection becomes something else, handed on as they are: SPDY, and WebSockets that a backend
//! understands itself.  Entry point: [`pass`].

use std::sync::Arc;

use api::{ApiError, Reason};
use bytes::Bytes;
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, CONTENT_LENGTH, HOST, HeaderValue, TRANSFER_ENCODING};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper::{HeaderMap, Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt as _;

use super::http::{Driver, KUBELET_HEADERS, send};
use super::stream::{self, Relay};
use super::url::Location;
use super::{Backends, headers};
use crate::app::App;
use crate::gates::authorize::Head;
use crate::http::Response;
use crate::transport::{Body, Held};

pub(crate) use headers::wants_upgrade;

/// Hands a request on and lets client and backend talk to each other, when the backend agrees to.
///
/// # Errors
/// 500 with upstream's texts for a backend that cannot be reached or does something unexpected.
pub(crate) async fn pass(app: &Arc<App>, mut head: Head, to: &Location) -> Result<Response, ApiError> {
    let client = take_client(&mut head)?;
    let held = head.parts.extensions.get::<Held>().cloned();
    let mut onward = headers::onward(&head.parts.headers, held.as_ref().map(|h| h.peer.ip()));
    onward.remove(CONTENT_LENGTH);
    onward.remove(TRANSFER_ENCODING);
    if let Some(authority) = head.parts.uri.authority()
        && let Ok(host) = HeaderValue::from_str(authority.as_str())
    {
        onward.entry(HOST).or_insert(host);
    }
    let response = match ask(&app.backends, head.parts.method.clone(), onward, to).await? {
        Asked::Upgraded { headers, stream } => {
            let mut response = Response::new(Body::whole(Bytes::new()));
            *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
            *response.headers_mut() = headers;
            stream::run(app, held, join(client, stream));
            response
        }
        Asked::Refused(response, driver) => refused(response, driver),
    };
    Ok(response)
}

/// The client's connection, to be had once it was told that the protocol is switched.
///
/// # Errors
/// 500 for a connection that cannot become something else, such as one of HTTP/2.
pub(crate) fn take_client(head: &mut Head) -> Result<OnUpgrade, ApiError> {
    let client = head.parts.extensions.remove::<OnUpgrade>();
    client.ok_or_else(|| ApiError::new(Reason::Unknown, "request connection cannot be hijacked"))
}

/// What a backend says to the wish of an upgrade.
pub(super) enum Asked {
    /// Yes.
    Upgraded {
        /// Headers of its answer.
        headers: HeaderMap,
        /// Its connection.
        stream: Upgraded,
    },
    /// An error, which is the client's to see.
    Refused(hyper::Response<Incoming>, Driver),
}

/// Asks a backend to upgrade.
///
/// # Errors
/// As [`pass`].
pub(super) async fn ask(
    backends: &Backends,
    method: Method,
    headers: HeaderMap,
    to: &Location,
) -> Result<Asked, ApiError> {
    let unknown = |text: String| ApiError::new(Reason::Unknown, text);
    let mut request = Request::new(Empty::<Bytes>::new());
    *request.method_mut() = method;
    *request.uri_mut() = to.target().parse().map_err(|e| unknown(format!("error sending request: {e}")))?;
    *request.headers_mut() = headers;
    if request.method() == Method::POST {
        request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    let wire = backends.dial(to).await.map_err(|why| unknown(format!("error dialing backend: {why}")))?;
    let (mut response, driver) = send(wire, request, KUBELET_HEADERS).await.map_err(unknown)?;
    match response.status() {
        StatusCode::SWITCHING_PROTOCOLS => {
            let upgrade = hyper::upgrade::on(&mut response);
            let stream = upgrade.await.map_err(|e| unknown(e.to_string()))?;
            Ok(Asked::Upgraded { headers: std::mem::take(response.headers_mut()), stream })
        }
        status if status.as_u16() < 400 => {
            Err(unknown(format!("invalid upgrade response: status code {}", status.as_u16())))
        }
        _ => Ok(Asked::Refused(response, driver)),
    }
}

/// The answer of a backend that does not upgrade, handed on; the connection ends with it.
pub(super) fn refused(response: hyper::Response<Incoming>, driver: Driver) -> Response {
    let (mut parts, body) = response.into_parts();
    headers::remove_hop_by_hop(&mut parts.headers);
    parts.headers.insert(CONNECTION, HeaderValue::from_static("close"));
    parts.extensions.clear();
    Response::from_parts(parts, Body::relay(Relay::new(body, Box::new(driver))))
}

/// Copies both ways until one side is done, as upstream.
async fn join(client: OnUpgrade, backend: Upgraded) {
    let Ok(client) = client.await else { return };
    let (mut from_client, mut to_client) = tokio::io::split(TokioIo::new(client));
    let (mut from_backend, mut to_backend) = tokio::io::split(TokioIo::new(backend));
    tokio::select! {
        _ = tokio::io::copy(&mut from_client, &mut to_backend) => {}
        _ = tokio::io::copy(&mut from_backend, &mut to_client) => {}
    }
    let _ = tokio::join!(to_client.shutdown(), to_backend.shutdown());
}
