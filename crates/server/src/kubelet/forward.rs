//! Plain HTTP handed on to a kubelet, a pod or a service: any method, bodies of any length in both directions, the
//! answer's redirects led back through this server.  Entry point: [`forward`].

mod html;
mod links;

use std::sync::Arc;
use std::time::Duration;

use api::{ApiError, Reason};
use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_LENGTH, HOST, HeaderName, HeaderValue, LOCATION,
};
use hyper::{Method, Request, StatusCode};

use super::headers;
use super::http::{Driver, send};
use super::stream::Relay;
use super::url::Location;
use crate::app::App;
use crate::gates::authorize::Head;
use crate::http::{Response, answer};
use crate::transport::{Body, Held};
use links::Links;

/// What is asked for must begin to answer in this time.
const HEADERS: Duration = Duration::from_secs(600);

/// What a backend says about other origins is not for ours.
const CORS: [HeaderName; 4] = [
    ACCESS_CONTROL_ALLOW_CREDENTIALS,
    ACCESS_CONTROL_ALLOW_HEADERS,
    ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN,
];

/// Hands a request on and answers with what comes back.
///
/// # Errors
/// 503 for a backend that cannot be reached; 500 for an answer that cannot be read.
pub(crate) async fn forward(
    app: &Arc<App>,
    head: &Head,
    body: Incoming,
    mut to: Location,
) -> Result<Response, ApiError> {
    let path = &head.info.path;
    let method = &head.parts.method;
    head.parts.uri.query().unwrap_or("").clone_into(&mut to.query);
    let below = to.path.clone();
    if !to.path.ends_with('/') && path.ends_with('/') {
        to.path.push('/');
    }
    if to.path.is_empty() && matches!(*method, Method::GET | Method::HEAD) {
        return Ok(with_slash(path, &to.query));
    }
    let links = Links::new(path, &below, host(head), to.authority());
    let request = request(head, body, &to, &links)?;
    let sent = async { send(app.backends.dial(&to).await?, request, HEADERS).await };
    let (response, driver) = sent.await.map_err(|why| {
        ApiError::new(Reason::ServiceUnavailable, format!("error trying to reach service: {why}"))
    })?;
    answered(response, driver, &links).await
}

/// Relative links of a page work only when its path ends in a slash.
fn with_slash(path: &str, query: &str) -> Response {
    let query = if query.is_empty() { String::new() } else { format!("?{query}") };
    let mut response = Response::new(Body::whole(Bytes::new()));
    *response.status_mut() = StatusCode::MOVED_PERMANENTLY;
    answer::set(&mut response, LOCATION, &format!("{}/{query}", super::url::escape_path(path)));
    answer::set(&mut response, CACHE_CONTROL, "no-cache, private");
    response
}

/// The host that the client asked for.
fn host(head: &Head) -> String {
    let header = head.parts.headers.get(HOST).and_then(|v| v.to_str().ok());
    let authority = head.parts.uri.authority().map(hyper::http::uri::Authority::as_str);
    header.or(authority).unwrap_or("").to_owned()
}

fn request(head: &Head, body: Incoming, to: &Location, links: &Links) -> Result<Request<Incoming>, ApiError> {
    let peer = head.parts.extensions.get::<Held>().map(|held| held.peer.ip());
    let mut onward = headers::onward(&head.parts.headers, peer);
    headers::remove_hop_by_hop(&mut onward);
    let host = HeaderValue::from_str(&host(head));
    onward.insert(HOST, host.unwrap_or(HeaderValue::from_static("")));
    if let Ok(uri) = HeaderValue::from_str(&links.forwarded_uri(&to.path)) {
        onward.insert("x-forwarded-uri", uri);
    }
    let mut request = Request::new(body);
    *request.method_mut() = head.parts.method.clone();
    *request.uri_mut() = to.target().parse().map_err(|e| ApiError::bad_request(format!("{to}: {e}")))?;
    *request.headers_mut() = onward;
    Ok(request)
}

/// The answer for the client.
async fn answered(
    response: hyper::Response<Incoming>,
    driver: Driver,
    links: &Links,
) -> Result<Response, ApiError> {
    let (mut parts, body) = response.into_parts();
    headers::remove_hop_by_hop(&mut parts.headers);
    for name in CORS {
        parts.headers.remove(name);
    }
    // Ours comes first, as upstream has it.
    let theirs: Vec<HeaderValue> = parts.headers.get_all(CACHE_CONTROL).iter().cloned().collect();
    parts.headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    for value in theirs {
        parts.headers.append(CACHE_CONTROL, value);
    }
    parts.extensions.clear();
    parts.version = hyper::Version::HTTP_11;
    if let Some(target) = parts.headers.get(LOCATION).and_then(|v| v.to_str().ok()).filter(|t| !t.is_empty())
    {
        let target = links
            .rewrite(target)
            .map_err(|why| ApiError::internal(format!("error trying to parse Location header: {why}")))?;
        if let Ok(value) = HeaderValue::from_str(&target) {
            parts.headers.insert(LOCATION, value);
        }
    } else if let Some(encoding) = html::encoding(&parts.headers) {
        let page = html::rewrite(body, encoding, links).await?;
        parts.headers.remove(CONTENT_LENGTH);
        return Ok(Response::from_parts(parts, Body::whole(page)));
    }
    Ok(Response::from_parts(parts, Body::relay(Relay::new(body, Box::new(driver)))))
}
