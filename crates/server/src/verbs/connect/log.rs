//! The log of a container, as its kubelet sends it.

use std::sync::Arc;

use api::error::Details;
use api::{ApiError, Reason};
use hyper::StatusCode;

use super::options::LogOptions;
use super::pod::Pod;
use crate::gates::authorize::Head;
use crate::http::{Response, answer};
use crate::kubelet::url::encode_query;
use crate::kubelet::{Relay, fetch, read_some, reader};
use crate::registry::parse;
use crate::transport::Body;
use crate::verbs::Exchange;

/// How much of a kubelet's error is told, in bytes.
const ERROR_LIMIT: usize = 50_000;

/// Answers with a log; a pod that is on no node yet has none.
///
/// # Errors
/// 400 and 422 for options and containers; 500 for a kubelet that cannot be reached; the kubelet's own errors.
pub(super) async fn log(exchange: &Exchange, head: Head) -> Result<Response, ApiError> {
    let app = &exchange.app;
    let options = LogOptions::read(&head.query, &exchange.name)?;
    let pod = Pod(parse(&*exchange.stored()?)?);
    let container = pod.container(&options.container)?;
    let Some(node) = pod.node() else {
        let mut response = answer::bytes(StatusCode::NO_CONTENT, "", Body::whole(Vec::new()));
        response.headers_mut().remove(hyper::header::CONTENT_TYPE);
        return Ok(response);
    };
    let path = format!("/containerLogs/{}/{}/{container}", exchange.namespace, exchange.name);
    let mut from = exchange.kubelet(node)?.at(path, encode_query(&options.pairs()));
    if options.skip_tls_verify {
        from = from.unverified();
    }
    let fetched = fetch(&app.backends, &from).await;
    let (response, connection) = fetched.map_err(|why| ApiError::new(Reason::Unknown, why))?;
    let status = response.status();
    if status.is_redirection()
        && let Some(target) = response.headers().get(hyper::header::LOCATION).and_then(|v| v.to_str().ok())
    {
        return Err(ApiError::new(Reason::Unknown, format!("Get \"{target}\": redirects forbidden")));
    }
    if !(200..=206).contains(&status.as_u16()) {
        let text = read_some(response.into_body(), ERROR_LIMIT).await;
        return Err(kubelet_error(status, &exchange.name, text));
    }
    let relay = Relay::new(response.into_body(), Box::new(connection)).without_length();
    let relay = if options.follow { relay.until_shutdown(&Arc::clone(app)) } else { relay };
    if reader::wants_reader(&head.parts.headers) {
        return reader::read(app, head, relay);
    }
    Ok(answer::bytes(StatusCode::OK, "text/plain", Body::relay(relay)))
}

/// A kubelet's error in the API's words (upstream's `NewGenericServerResponse`).
fn kubelet_error(status: StatusCode, name: &str, text: String) -> ApiError {
    const AUTHENTICATE: &str = "the server has asked for the client to provide credentials";
    const UNABLE: &str = "the server is currently unable to handle the request";
    const LATE: &str = "the server was unable to return a response in the time allotted, but may still be processing the request";
    const BUSY: &str = "the server has received too many requests and has asked us to try again later";
    let code = status.as_u16();
    let (reason, message) = match code {
        500 => return ApiError::internal(text),
        400 => return ApiError::bad_request(text),
        401 => (Reason::Unauthorized, AUTHENTICATE.to_owned()),
        403 => (Reason::Forbidden, text),
        404 => (Reason::NotFound, "the server could not find the requested resource".to_owned()),
        405 => (
            Reason::MethodNotAllowed,
            "the server does not allow this method on the requested resource".to_owned(),
        ),
        409 => (Reason::Conflict, "the server reported a conflict".to_owned()),
        429 => (Reason::TooManyRequests, BUSY.to_owned()),
        503 => (Reason::ServiceUnavailable, UNABLE.to_owned()),
        504 => (Reason::Timeout, LATE.to_owned()),
        code if code > 500 => {
            let quoted = api::field::go_quote(&text);
            let message =
                format!("an error on the server ({quoted}) has prevented the request from succeeding");
            (Reason::InternalError, message)
        }
        code => (
            Reason::Unknown,
            format!("the server responded with the status code {code} but did not return more information"),
        ),
    };
    // No verb stands before the resource, upstream leaves its place.
    let message = format!("{message} ( pods/log {name})");
    let details = Details { name: name.to_owned(), kind: "pods/log".to_owned(), ..Details::default() };
    ApiError { code, details: Some(Box::new(details)), ..ApiError::new(reason, message) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_kubelets_are_told_as_upstream_does() {
        let told = |code: u16, text: &str| {
            let error = kubelet_error(StatusCode::from_u16(code).unwrap(), "p", text.to_owned());
            (error.code, error.reason.as_str(), error.message)
        };
        assert_eq!(told(500, "boom"), (500, "InternalError", "Internal error occurred: boom".into()));
        assert_eq!(told(400, "container c is waiting"), (400, "BadRequest", "container c is waiting".into()));
        assert_eq!(
            told(404, "x"),
            (404, "NotFound", "the server could not find the requested resource ( pods/log p)".into())
        );
        assert_eq!(
            told(403, "Forbidden (user=x)"),
            (403, "Forbidden", "Forbidden (user=x) ( pods/log p)".into())
        );
        assert_eq!(
            told(502, "a\"b"),
            (
                502,
                "InternalError",
                "an error on the server (\"a\\\"b\") has prevented the request from succeeding ( pods/log p)"
                    .into()
            )
        );
        assert_eq!(told(418, "").1, "");
    }
}
