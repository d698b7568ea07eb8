//! First gate: the head of a request makes sense.

use api::request::{Query, RequestInfo, TargetError};
use hyper::body::Incoming;
use hyper::{HeaderMap, StatusCode};

use crate::http::answer;
use crate::pipeline::{Refusal, bad_target};
use crate::transport::Connection;

/// A request whose head has been read.
#[derive(Debug)]
pub(crate) struct Received {
    /// Method, headers, target as hyper has them.
    pub head: hyper::http::request::Parts,
    /// What it asks for.
    pub info: RequestInfo,
    /// The decoded query.
    pub query: Query,
    /// The body, unread.
    pub body: Incoming,
    /// It came in on the insecure port.
    pub insecure: bool,
    _private: (),
}

impl Received {
    /// The headers.
    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }
}

/// Reads the head of a request.
///
/// # Errors
/// 400 for a target that cannot be decoded.
pub(crate) fn receive(
    connection: &Connection,
    request: hyper::Request<Incoming>,
) -> Result<Received, Refusal> {
    let (head, body) = request.into_parts();
    let target = head.uri.path_and_query().map_or("/", |t| t.as_str());
    let info = RequestInfo::parse(head.method.as_str(), target).map_err(|error| match error {
        TargetError::Escape(text) => Refusal::Api(bad_target(&format!("invalid URL escape in {text:?}"))),
        TargetError::NoResource(path) => {
            let text = format!(
                "failed to create RequestInfo: unable to determine kind and namespace from url, {path}\n"
            );
            answer::text(StatusCode::INTERNAL_SERVER_ERROR, text).into()
        }
    })?;
    let query = Query::parse(head.uri.query().unwrap_or(""));
    Ok(Received { head, info, query, body, insecure: connection.insecure, _private: () })
}
