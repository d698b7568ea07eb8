//! One request and its answer.  Entry points: [`Client::send`] for whatever comes back, [`Client::call`] for a JSON
//! object.

mod answer;
mod pool;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use api::Value;
use bytes::Bytes;
use http_body_util::Full;
use hyper::HeaderMap;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, HeaderValue, USER_AGENT};
use tokio::time::{Instant, timeout_at};

pub use hyper::Method;

use crate::credentials::Shown;
use crate::tls::Tls;
use crate::{Config, ConfigError, Error, Kind};
use pool::Pool;

/// Largest answer of a webhook.
const LARGEST: usize = 3 << 20;
/// How we call ourselves.
const AGENT: &str = concat!("sumun/", env!("CARGO_PKG_VERSION"));

/// A client of one server.  Clones share its connections.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

struct Shared {
    config: Config,
    headers: HeaderMap,
    /// Connections with the configuration's own certificate.
    pool: Pool,
    /// Connections with the certificate that a plug-in made last.
    made: Mutex<Option<(Arc<crate::exec::Credential>, Arc<Pool>)>>,
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct Request {
    /// Method.
    pub method: Method,
    /// Path below that of the server's URL.
    pub path: String,
    /// Query, encoded, without `?`.
    pub query: String,
    /// Body and its media type.
    pub body: Option<(&'static str, Bytes)>,
    /// Media types that are understood.
    pub accept: &'static str,
    /// More headers.
    pub headers: HeaderMap,
    /// Largest body that an answer may have, in bytes.
    pub largest: usize,
    /// How long it may take; the configuration's time when `None`.
    pub timeout: Option<Duration>,
}

/// What came back, whatever its status code.
#[derive(Clone)]
pub struct Response {
    /// Status code.
    pub code: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

impl Request {
    /// Asks for a path.
    pub fn get(path: impl Into<String>) -> Self {
        Self {
            method: Method::GET,
            path: path.into(),
            query: String::new(),
            body: None,
            accept: "application/json",
            headers: HeaderMap::new(),
            largest: LARGEST,
            timeout: None,
        }
    }

    /// Sends a JSON object to a path.
    pub fn post(path: impl Into<String>, object: &Value) -> Self {
        Self::post_bytes(path, "application/json", api::json::to_vec(object))
    }

    /// Sends bytes of a media type to a path.
    pub fn post_bytes(path: impl Into<String>, media_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self { method: Method::POST, body: Some((media_type, body.into())), ..Self::get(path) }
    }

    /// The same with a query.
    pub fn query(self, query: impl Into<String>) -> Self {
        Self { query: query.into(), ..self }
    }
}

impl Client {
    /// Reads the certificates that a configuration names.
    ///
    /// # Errors
    /// What cannot be used.
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        let tls = config.server.is_https().then(|| Tls::new(config.tls())).transpose()?;
        let headers = headers(&config)?;
        let pool = Pool::new(tls);
        Ok(Self { shared: Arc::new(Shared { config, headers, pool, made: Mutex::default() }) })
    }

    /// What it was made of.
    pub fn config(&self) -> &Config {
        &self.shared.config
    }

    /// Asks, and takes whatever comes back; redirects are not followed.
    ///
    /// # Errors
    /// No answer, in time and of a size that is allowed; with method and URL in front.
    pub async fn send(&self, request: &Request) -> Result<Response, Error> {
        let deadline = Instant::now() + request.timeout.unwrap_or(self.shared.config.timeout);
        let asked = match timeout_at(deadline, self.ask(request, deadline)).await {
            Ok(asked) => asked,
            Err(_) => Err(Error::new(
                Kind::Timeout,
                "context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
            )),
        };
        asked.map_err(|error| error.during(self.name_of(request)))
    }

    /// Asks, and takes a JSON object only.
    ///
    /// # Errors
    /// Those of [`Client::send`], and answers that are failures or no JSON.
    pub async fn call(&self, request: &Request) -> Result<Value, Error> {
        answer::object(&self.send(request).await?, &request.method)
    }

    /// Go's `Post "https://…"`.
    fn name_of(&self, request: &Request) -> String {
        let method = request.method.as_str();
        let (first, rest) = method.split_at_checked(1).unwrap_or((method, ""));
        let server = &self.shared.config.server;
        let scheme = if server.is_https() { "https" } else { "http" };
        let target = server.target(&request.path, &request.query);
        format!("{first}{} \"{scheme}://{}{target}\"", rest.to_ascii_lowercase(), server.authority())
    }

    async fn ask(&self, request: &Request, deadline: Instant) -> Result<Response, Error> {
        let shown = self.shared.config.authentication.shown().await?;
        let response = self.ask_showing(request, &shown, deadline).await?;
        if response.code != 401 || !self.shared.config.authentication.refused(&shown) {
            return Ok(response);
        }
        let shown = self.shared.config.authentication.shown().await?;
        self.ask_showing(request, &shown, deadline).await
    }

    async fn ask_showing(
        &self,
        request: &Request,
        shown: &Shown,
        deadline: Instant,
    ) -> Result<Response, Error> {
        let built = self.build(request, shown)?;
        let made = self.pool_of(shown)?;
        let pool = made.as_deref().unwrap_or(&self.shared.pool);
        pool.send(&self.shared.config, built, request.largest, deadline).await
    }

    fn build(&self, request: &Request, shown: &Shown) -> Result<hyper::Request<Full<Bytes>>, Error> {
        let bad =
            |why: &dyn fmt::Display| Error::new(Kind::Protocol, format!("cannot make the request: {why}"));
        let config = &self.shared.config;
        let (media_type, body) = request.body.clone().unwrap_or(("", Bytes::new()));
        let mut built = hyper::Request::builder()
            .method(&request.method)
            .uri(config.server.target(&request.path, &request.query))
            .body(Full::new(body))
            .map_err(|e| bad(&e))?;
        let headers = built.headers_mut();
        *headers = self.shared.headers.clone();
        headers.insert(ACCEPT, HeaderValue::from_static(request.accept));
        if !media_type.is_empty() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        }
        if let Some(authorization) = &shown.authorization {
            let mut value = HeaderValue::from_str(authorization.expose())
                .map_err(|_| Error::new(Kind::Credentials, "the token cannot stand in a header"))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        headers.extend(request.headers.clone());
        Ok(built)
    }

    /// Connections for a certificate that a plug-in made.
    fn pool_of(&self, shown: &Shown) -> Result<Option<Arc<Pool>>, Error> {
        let with_certificate = shown.made.as_ref().and_then(|made| Some((made, made.identity.as_ref()?)));
        let (Some((made, identity)), Some(tls)) = (with_certificate, self.shared.pool.tls()) else {
            return Ok(None);
        };
        let mut latest = self.shared.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, pool)) = latest.as_ref()
            && Arc::ptr_eq(of, made)
        {
            return Ok(Some(pool.clone()));
        }
        let tls = tls.showing(identity.clone()).map_err(|why| Error::new(Kind::Credentials, why))?;
        let pool = Arc::new(Pool::new(Some(tls)));
        *latest = Some((made.clone(), pool.clone()));
        Ok(Some(pool))
    }
}

/// The headers that every request has.
fn headers(config: &Config) -> Result<HeaderMap, ConfigError> {
    let mut headers = HeaderMap::new();
    let mut add = |name: &str, value: &str| -> Result<(), ConfigError> {
        let bad = || ConfigError(vec![format!("`{value}` cannot stand in the header {name}")]);
        let value = HeaderValue::from_str(value).map_err(|_| bad())?;
        headers.append(HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?, value);
        Ok(())
    };
    add(HOST.as_str(), &config.server.authority())?;
    add(USER_AGENT.as_str(), AGENT)?;
    let whom = &config.impersonation;
    if !whom.user.is_empty() {
        add("impersonate-user", &whom.user)?;
    }
    if !whom.uid.is_empty() {
        add("impersonate-uid", &whom.uid)?;
    }
    for group in &whom.groups {
        add("impersonate-group", group)?;
    }
    for (key, value) in whom.extra.iter().flat_map(|(key, values)| values.iter().map(move |v| (key, v))) {
        add(&format!("impersonate-extra-{}", escape_key(key)), value)?;
    }
    Ok(headers)
}

/// What cannot stand in a header's name, escaped as client-go does it.
fn escape_key(key: &str) -> String {
    let mut out = String::with_capacity(key.len());
    for byte in key.bytes() {
        match byte {
            b'!' | b'#' | b'$' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|'
            | b'~' => {
                out.push(char::from(byte));
            }
            b if b.is_ascii_alphanumeric() => out.push(char::from(b)),
            b => out.push_str(&format!("%{b:02X}")),
        }
    }
    out
}

/// A body may hold secrets.
impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Response({}, {} bytes)", self.code, self.body.len())
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({})", self.shared.config.server)
    }
}
