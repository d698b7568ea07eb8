//! Answers as objects: what upstream's client makes of status codes, media types and Status objects.

use std::time::Duration;

use api::Value;
use api::field::go_quote;
use hyper::Method;
use hyper::header::{CONTENT_TYPE, RETRY_AFTER};

use super::Response;
use crate::{Error, Kind};

/// Bytes of an answer that no one understands which are shown (client-go's bound).
const SHOWN: usize = 2048;

/// The object of an answer.
///
/// # Errors
/// A failure, with the text of its Status if it is one; anything that is no JSON object.
pub(super) fn object(response: &Response, method: &Method) -> Result<Value, Error> {
    let parsed = codec::json::parse(&response.body).map(|parsed| parsed.value);
    if !(200..=206).contains(&response.code) {
        return Err(failure(response, parsed.as_ref().ok(), method));
    }
    if response.body.is_empty() {
        let text = format!(
            "0-length response with status code: {} and content type: {}",
            response.code,
            media_type(response)
        );
        return Err(Error::new(Kind::Protocol, text));
    }
    let value = match parsed {
        Ok(value @ Value::Object(_)) => value,
        Ok(other) => {
            let text = format!(
                "couldn't get version/kind; the answer is no object but a JSON {}",
                other.type_name()
            );
            return Err(Error::new(Kind::Protocol, text));
        }
        Err(error) => {
            return Err(Error::new(
                Kind::Protocol,
                format!("couldn't get version/kind; json parse error: {error}"),
            ));
        }
    };
    match status_message(&value) {
        Some(message) => Err(Error::new(Kind::Status(status_code(&value).unwrap_or(response.code)), message)),
        None => Ok(value),
    }
}

fn failure(response: &Response, parsed: Option<&Value>, method: &Method) -> Error {
    let after = response.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let after = after.and_then(|text| text.parse().ok()).map(Duration::from_secs);
    let after = after.filter(|_| response.code == 429 || response.code >= 500);
    let code = parsed.filter(|value| status_message(value).is_some()).and_then(status_code);
    let message = parsed.and_then(status_message).unwrap_or_else(|| generic(response, method));
    Error::new(Kind::Status(code.unwrap_or(response.code)), message).retry_in(after)
}

/// The message of a Status that is a failure.
fn status_message(value: &Value) -> Option<String> {
    let is_status = value.str_at(&["kind"]) == "Status" && value.str_at(&["apiVersion"]) == "v1";
    let failed = is_status && value.str_at(&["status"]) != "Success";
    failed.then(|| match value.str_at(&["message"]) {
        "" => "unknown".to_owned(),
        message => message.to_owned(),
    })
}

fn status_code(value: &Value) -> Option<u16> {
    value.at(&["code"]).as_i64().and_then(|code| u16::try_from(code).ok()).filter(|code| *code != 0)
}

fn media_type(response: &Response) -> &str {
    response.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("")
}

/// client-go's text for a failure that is no Status.
fn generic(response: &Response, method: &Method) -> String {
    let media = media_type(response);
    let textual = media.is_empty() || media.starts_with("text/");
    let shown = response.body.get(..SHOWN).unwrap_or(&response.body);
    let said = if textual { String::from_utf8_lossy(shown).trim().to_owned() } else { "unknown".to_owned() };
    let text = match response.code {
        400 => "the server rejected our request for an unknown reason",
        401 => "the server has asked for the client to provide credentials",
        403 | 415 => return said,
        404 => "the server could not find the requested resource",
        405 => "the server does not allow this method on the requested resource",
        406 if said.is_empty() || said == "unknown" => {
            "the server was unable to respond with a content type that the client supports"
        }
        406 => return said,
        409 => "the server reported a conflict",
        422 => "the server rejected our request due to an error in our request",
        429 => "the server has received too many requests and has asked us to try again later",
        503 => "the server is currently unable to handle the request",
        504 => {
            "the server was unable to return a response in the time allotted, but may still be processing the request"
        }
        code if code >= 500 => {
            return format!(
                "an error on the server ({}) has prevented the request from succeeding",
                go_quote(&said)
            );
        }
        code => {
            let _ = method;
            return format!(
                "the server responded with the status code {code} but did not return more information"
            );
        }
    };
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use hyper::HeaderMap;

    fn ask(code: u16, media: &'static str, body: &'static str) -> Result<Value, Error> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, media.parse().unwrap());
        headers.insert(RETRY_AFTER, "2".parse().unwrap());
        object(&Response { code, headers, body: Bytes::from_static(body.as_bytes()) }, &Method::POST)
    }

    #[test]
    fn objects() {
        assert_eq!(ask(201, "application/json", r#"{"kind":"A"}"#).unwrap().str_at(&["kind"]), "A");
        for (body, expected) in
            [("", "0-length response"), ("[1]", "no object but a JSON array"), ("<p>", "json parse error")]
        {
            let error = ask(200, "application/json", body).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
            assert_eq!(error.kind(), Kind::Protocol);
        }
        let refused = r#"{"kind":"Status","apiVersion":"v1","status":"Failure","message":"no","code":500}"#;
        let error = ask(200, "application/json", refused).unwrap_err();
        assert_eq!((error.to_string().as_str(), error.code()), ("no", Some(500)));
    }

    #[test]
    fn failures() {
        let status = r#"{"kind":"Status","apiVersion":"v1","status":"Failure","message":"pods \"a\" not found","code":404}"#;
        assert_eq!(ask(404, "application/json", status).unwrap_err().to_string(), "pods \"a\" not found");
        let error = ask(500, "text/plain", "boom\n").unwrap_err();
        assert_eq!(
            error.to_string(),
            "an error on the server (\"boom\") has prevented the request from succeeding"
        );
        assert_eq!(error.retry_after(), Some(Duration::from_secs(2)));
        assert_eq!(ask(404, "text/html", "x").unwrap_err().retry_after(), None);
        assert_eq!(
            ask(302, "text/html", "x").unwrap_err().to_string(),
            "the server responded with the status code 302 but did not return more information"
        );
    }
}
