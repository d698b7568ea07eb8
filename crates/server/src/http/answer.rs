//! The one place that writes answers: objects, lists, Status, plain text.

use api::{ApiError, Value, object};
use bytes::Bytes;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{HeaderMap, StatusCode};

use super::Response;
use super::accept::{Format, Output, Shape};
use crate::transport::Body;

/// Says that an object may not be cached, as upstream does for everything.
const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache, private");

/// A body with its media type.
pub(crate) fn bytes(status: StatusCode, content_type: &str, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, header_value(content_type));
    headers.insert(header::CACHE_CONTROL, NO_CACHE);
    response
}

/// A plain text, as health checks and unknown paths answer.
pub(crate) fn text(status: StatusCode, text: impl Into<Bytes>) -> Response {
    let mut response = bytes(status, "text/plain; charset=utf-8", Body::whole(text.into()));
    response.headers_mut().insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    response
}

/// Upstream's answer for a path that nobody serves.
pub(crate) fn page_not_found() -> Response {
    text(StatusCode::NOT_FOUND, "404 page not found\n")
}

/// An object of ours, encoded as asked for.
///
/// # Errors
/// 406 when the object has no protobuf form here.
pub(crate) fn value(status: StatusCode, value: &Value, output: &Output) -> Result<Response, ApiError> {
    let body = encode(value, output)?;
    Ok(bytes(status, output.format.media_type(), Body::whole(body)))
}

/// An object of ours as JSON.
pub(crate) fn json(status: StatusCode, value: &Value) -> Response {
    bytes(status, Format::Json.media_type(), Body::whole(api::json::to_string(value)))
}

/// The bytes of an object in the encoding asked for.
pub(crate) fn encode(value: &Value, output: &Output) -> Result<Vec<u8>, ApiError> {
    codec::object::encode(value, output.format, output.pretty)
}

/// The Status of a failed request, in the encoding asked for where it can be had.
pub(crate) fn failure(error: &ApiError, output: Option<&Output>) -> Response {
    let json = Output { format: Format::Json, shape: Shape::Own, pretty: false };
    let output = output.unwrap_or(&json);
    let status = StatusCode::from_u16(error.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let value_of_error = error.status();
    let mut response = match value(status, &value_of_error, output) {
        Ok(response) => response,
        Err(_) => self::json(status, &value_of_error),
    };
    if let Some(seconds) = error.details.as_ref().map(|d| d.retry_after_seconds).filter(|s| *s > 0) {
        response.headers_mut().insert(header::RETRY_AFTER, header_value(&seconds.to_string()));
    }
    response
}

/// The Status of a successful deletion or the like.
pub(crate) fn success(code: u16, details: Value) -> Value {
    let mut status = object! {
        "kind" => "Status", "apiVersion" => "v1", "metadata" => object! {}, "status" => "Success",
    };
    let map = status.make_object();
    if !details.is_null() {
        map.insert("details", details);
    }
    if code != 0 {
        map.insert("code", i64::from(code).into());
    }
    status
}

/// Adds `Warning: 299 - "text"` headers (RFC 7234, KEP-1693), each once, within upstream's length limits.
pub(crate) fn warn(headers: &mut HeaderMap, warnings: &[String]) {
    const LIMIT_ONE: usize = 256;
    const LIMIT_ALL: usize = 4096;
    let total: usize = warnings.iter().map(String::len).sum();
    let mut seen: Vec<&str> = Vec::new();
    let mut used = 0;
    for text in warnings {
        let mut text = text.as_str();
        if total > LIMIT_ALL {
            let end = (0..=LIMIT_ONE.min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
            text = text.get(..end).unwrap_or("");
        }
        if seen.contains(&text) || used + text.len() > LIMIT_ALL {
            continue;
        }
        used += text.len();
        seen.push(text);
        let quoted: String = text
            .chars()
            .filter(|c| !c.is_control())
            .collect::<String>()
            .replace('\\', "\\\\")
            .replace('"', "\\\"");
        headers.append(header::WARNING, header_value(&format!("299 - \"{quoted}\"")));
    }
}

/// Sets a header whose value is ours; an impossible value is left out.
pub(crate) fn set(response: &mut Response, name: HeaderName, value: &str) {
    response.headers_mut().insert(name, header_value(value));
}

fn header_value(text: &str) -> HeaderValue {
    HeaderValue::from_bytes(text.as_bytes()).unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_are_quoted_and_told_once() {
        let mut headers = HeaderMap::new();
        warn(&mut headers, &["a \"b\"".to_owned(), "a \"b\"".to_owned(), "c".to_owned()]);
        let all: Vec<_> = headers.get_all(header::WARNING).iter().map(|v| v.to_str().unwrap()).collect();
        assert_eq!(all, ["299 - \"a \\\"b\\\"\"", "299 - \"c\""]);
    }

    #[test]
    fn a_failure_that_names_a_time_says_it_in_the_header_too() {
        let response = failure(&ApiError::too_many_requests("later", 3), None);
        assert_eq!(response.status(), 429);
        assert_eq!(response.headers()[header::RETRY_AFTER], "3");
    }
}
