//! Authorization: the user may do what the request asks.

use api::UserInfo;
use api::field::go_quote;
use api::request::{Query, RequestInfo};
use authz::{Attributes, Selectors};
use hyper::body::Incoming;
use hyper::{StatusCode, Uri};

use super::authenticate::Authenticated;
use super::receive::Received;
use crate::app::App;
use crate::authorization::Refused;
use crate::http::{Response, answer};
use crate::pipeline::Refusal;

/// Subresources that open a connection.
const CONNECT: [&str; 5] = ["attach", "exec", "log", "portforward", "proxy"];

/// A request that may go on.
#[derive(Debug)]
pub(crate) struct Authorized {
    received: Received,
    user: UserInfo,
}

impl Authorized {
    /// What it asks for.
    pub(crate) fn info(&self) -> &RequestInfo {
        &self.received.info
    }

    /// The decoded query.
    pub(crate) fn query(&self) -> &Query {
        &self.received.query
    }

    /// True for requests that last as long as the client wants.
    pub(crate) fn is_long_running(&self) -> bool {
        is_long_running(&self.received.info)
    }

    /// The request taken apart: head, body, user.
    pub(crate) fn into_parts(self) -> (Head, Incoming, UserInfo) {
        let Received { head, info, query, body, insecure, .. } = self.received;
        (Head { parts: head, info, query, insecure }, body, self.user)
    }
}

/// The head of an authorized request.
#[derive(Debug)]
pub(crate) struct Head {
    /// Method, headers, target.
    pub parts: hyper::http::request::Parts,
    /// What it asks for.
    pub info: RequestInfo,
    /// The decoded query.
    pub query: Query,
    /// It came in on the insecure port, where everything is allowed.
    pub insecure: bool,
}

/// True for watches and connections.
pub(crate) fn is_long_running(info: &RequestInfo) -> bool {
    info.is_resource
        && (matches!(info.verb.as_str(), "watch" | "proxy") || CONNECT.contains(&info.subresource.as_str()))
}

/// Asks the authorizers.
///
/// # Errors
/// 403, or 500 when an authorizer failed.
pub(crate) async fn authorize(app: &App, request: Authenticated) -> Result<Authorized, Refusal> {
    let (received, user) = request.into_parts();
    if !received.insecure {
        let info = &received.info;
        let selectors = Selectors::of_request(info);
        let attributes = Attributes::of_request(&user, info, selectors.as_ref());
        app.authorization.decide(&attributes).await.map_err(|refused| match refused {
            Refused::Forbidden(error) => Refusal::Api(error),
            Refused::Failed(why) => failed(&received.head.uri, &why).into(),
        })?;
    }
    Ok(Authorized { received, user })
}

/// Upstream's plain answer when it cannot tell whether a request is allowed.
fn failed(uri: &Uri, why: &str) -> Response {
    tracing::error!(%why, "an authorizer failed");
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    let text = format!("Internal Server Error: {}: {why}\n", go_quote(target));
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    answer::text(StatusCode::INTERNAL_SERVER_ERROR, text)
}
