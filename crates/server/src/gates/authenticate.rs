//! Authentication: who sends this request.  The ways in are in `authentication/`.

use api::{ApiError, RequestInfo, UserInfo};
use authn::{Certificate, Credentials, Headers, TokenContext};
use hyper::HeaderMap;
use hyper::header::{AUTHORIZATION, HeaderName};

use super::receive::Received;
use crate::app::App;
use crate::transport::{ClientCertificate, Connection};

/// Whoever comes in on the insecure port (upstream's name for it).
const UNSECURED: &str = "system:unsecured";

/// A request whose sender is known.
#[derive(Debug)]
pub(crate) struct Authenticated {
    received: Received,
    user: UserInfo,
    warnings: Vec<String>,
}

impl Authenticated {
    /// What it asks for.
    pub(crate) fn info(&self) -> &RequestInfo {
        &self.received.info
    }

    /// Who asks.
    pub(crate) fn user(&self) -> &UserInfo {
        &self.user
    }

    pub(super) fn received(&self) -> &Received {
        &self.received
    }

    /// The same request on behalf of somebody else.
    pub(super) fn acting_as(self, user: UserInfo) -> Self {
        Self { user, ..self }
    }

    /// What authentication has to say to the client besides.
    pub(crate) fn warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }

    pub(super) fn into_parts(self) -> (Received, UserInfo) {
        (self.received, self.user)
    }
}

/// Finds out who sends a request.
///
/// # Errors
/// 401 for credentials that are not good, and for none when anonymous requests are not allowed.  Why is logged, not
/// told.
pub(crate) async fn authenticate(
    app: &App,
    connection: &Connection,
    mut received: Received,
) -> Result<Authenticated, ApiError> {
    if received.insecure {
        strip(app, &mut received.head.headers);
        let user = UserInfo::new(UNSECURED, [api::user::SYSTEM_MASTERS, api::user::AUTHENTICATED]);
        return Ok(Authenticated { received, user, warnings: Vec::new() });
    }
    let now = app.now().seconds();
    // Only parts of the request are borrowed while somebody is asked: its body cannot be shared between threads.
    let answer = {
        let (headers, path) = (RequestHeaders(&received.head.headers), received.info.path.as_str());
        let client = connection.client.as_ref();
        let judgement = client.map(|client| client.judge(now));
        let (judged, proxy) =
            judgement.as_ref().map_or((None, None), |j| (j.client.as_ref(), j.front_proxy.as_ref()));
        let authorization = headers.text("authorization");
        let protocols = headers.text("sec-websocket-protocol");
        let credentials = Credentials {
            certificate: certificate(client, judged),
            front_proxy: certificate(client, proxy),
            authorization: authorization.as_deref(),
            websocket_protocols: protocols.as_deref(),
            headers: &headers,
            peer: Some(connection.peer.ip().to_canonical()),
            path,
            context: TokenContext { audiences: &[], now },
        };
        app.authentication.chain().authenticate(&credentials).await
    };
    match answer {
        Ok(Some(identity)) => {
            strip(app, &mut received.head.headers);
            Ok(Authenticated { received, user: identity.user, warnings: identity.warnings })
        }
        Ok(None) => Err(ApiError::unauthorized()),
        Err(why) => {
            tracing::info!(peer = %connection.peer, %why, "cannot authenticate a request");
            Err(ApiError::unauthorized())
        }
    }
}

/// The certificate of a connection with what was found out about it.
fn certificate<'a>(
    client: Option<&'a ClientCertificate>,
    judged: Option<&'a Result<(), String>>,
) -> Certificate<'a> {
    match (client, judged) {
        (Some(client), Some(Ok(()))) => {
            client.subject().map_or_else(Certificate::Invalid, Certificate::Verified)
        }
        (Some(_), Some(Err(why))) => Certificate::Invalid(why),
        _ => Certificate::None,
    }
}

/// Takes away what said who it is: nobody behind this gate may look at it or hand it on.
fn strip(app: &App, headers: &mut HeaderMap) {
    headers.remove(AUTHORIZATION);
    let said: Vec<HeaderName> =
        headers.keys().filter(|name| app.authentication.owns_header(name.as_str())).cloned().collect();
    said.iter().for_each(|name| drop(headers.remove(name)));
}

/// The headers of a request, as authentication looks at them.
struct RequestHeaders<'a>(&'a HeaderMap);

impl<'a> RequestHeaders<'a> {
    /// The first header of this name.  One that is no text does not become none: what cannot be read is no token, but
    /// it was shown.
    fn text(&self, name: &str) -> Option<std::borrow::Cow<'a, str>> {
        self.0.get(name).map(|v| String::from_utf8_lossy(v.as_bytes())).filter(|v| !v.is_empty())
    }
}

impl Headers for RequestHeaders<'_> {
    fn each(&self, see: &mut dyn FnMut(&str, &[u8])) {
        self.0.iter().for_each(|(name, value)| see(name.as_str(), value.as_bytes()));
    }
}
