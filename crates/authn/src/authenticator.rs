//! The contract of an authenticator: what a request shows, what can be known from it.
//!
//! An answer is known here and now ([`Authenticator`], [`TokenAuthenticator`]), or somebody has to be asked or much has
//! to be computed ([`RemoteAuthenticator`], [`RemoteTokenAuthenticator`]): then it is a future.  [`Member`] and
//! [`TokenMember`] are one of each kind, so that a chain holds both in one order.

use std::fmt;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use api::user::UserInfo;

use crate::certificate::Certificate;
use crate::grounds::Grounds;

/// Tells who makes a request, from what is known here.
pub trait Authenticator: Send + Sync {
    /// Who is it?
    fn authenticate(&self, credentials: &Credentials) -> Answer;
}

/// Tells who makes a request, and takes its time.
pub trait RemoteAuthenticator: Send + Sync {
    /// True when these credentials are of a kind that it knows; it is not asked about others.
    fn concerns(&self, _credentials: &Credentials) -> bool {
        true
    }

    /// Who is it?  The future may be dropped at any time; it bounds its own time.
    fn authenticate<'a>(&'a self, credentials: &'a Credentials<'a>) -> AnswerFuture<'a>;
}

/// Tells whom a bearer token belongs to, from what is known here.
pub trait TokenAuthenticator: Send + Sync {
    /// Whose token is it?
    fn authenticate_token(&self, token: &str, context: &TokenContext) -> Answer;
}

/// Tells whom a bearer token belongs to, and takes its time: a webhook, an issuer whose keys have to be fetched, a cloud.
pub trait RemoteTokenAuthenticator: Send + Sync {
    /// Whose token is it?  The future may be dropped at any time; it bounds its own time.
    fn authenticate_token<'a>(&'a self, token: &'a str, context: &'a TokenContext<'a>) -> AnswerFuture<'a>;
}

/// Somebody; nobody I know (another may); or something is wrong with what was shown.
pub type Answer = Result<Option<Identity>, AuthnError>;

/// An answer that takes its time.
pub type AnswerFuture<'a> = Pin<Box<dyn Future<Output = Answer> + Send + 'a>>;

/// A way to know who makes a request.
#[derive(Clone)]
pub enum Member {
    /// It answers at once.
    Local(Arc<dyn Authenticator>),
    /// It takes its time.
    Remote(Arc<dyn RemoteAuthenticator>),
}

/// A way to know whom a bearer token belongs to.
#[derive(Clone)]
pub enum TokenMember {
    /// It answers at once.
    Local(Arc<dyn TokenAuthenticator>),
    /// It takes its time.
    Remote(Arc<dyn RemoteTokenAuthenticator>),
}

/// What a request shows of whoever makes it.
#[derive(Clone, Copy)]
pub struct Credentials<'a> {
    /// The client certificate of the connection, judged against the CAs for clients.
    pub certificate: Certificate<'a>,
    /// The same certificate, judged against the CAs for front proxies.
    pub front_proxy: Certificate<'a>,
    /// The `Authorization` header.
    pub authorization: Option<&'a str>,
    /// The `Sec-WebSocket-Protocol` header (several joined by commas) of a request to become a WebSocket.
    pub websocket_protocols: Option<&'a str>,
    /// All headers, for those who look for others.
    pub headers: &'a dyn Headers,
    /// Where the connection comes from, when it is one.
    pub peer: Option<IpAddr>,
    /// The path, percent-decoded.
    pub path: &'a str,
    /// What a token must be good for and the time.
    pub context: TokenContext<'a>,
}

/// The headers of a request, however they are kept.
pub trait Headers: Sync {
    /// Shows every header with its value, in the order of the request among those of one name; names are in any case.
    fn each(&self, see: &mut dyn FnMut(&str, &[u8]));
}

/// No headers at all.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHeaders;

/// What a token is held against.
#[derive(Clone, Copy, Debug)]
pub struct TokenContext<'a> {
    /// The audiences that are asked for; a token must be for one of them.  Empty: those of the server.
    pub audiences: &'a [String],
    /// Now, in seconds since the Unix epoch.
    pub now: i64,
}

/// Who makes a request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Identity {
    /// The user.
    pub user: UserInfo,
    /// Those of the audiences asked for that the credential is good for; empty when it knows no audiences.
    pub audiences: Vec<String>,
    /// When the credential ends, in seconds since the Unix epoch.
    pub expires: Option<i64>,
    /// Audit annotations.
    pub annotations: Vec<(String, String)>,
    /// Texts for `Warning` headers.
    pub warnings: Vec<String>,
    /// What it stands on besides the credential: asked before a remembered answer is given again.
    pub grounds: Grounds,
}

/// What is wrong with what was shown, one text or several.  It never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthnError(Vec<String>);

impl Identity {
    /// A user, and nothing else to say.
    pub fn of(user: UserInfo) -> Self {
        Self { user, ..Self::default() }
    }
}

impl AuthnError {
    /// A failure in words.
    pub fn new(text: impl Into<String>) -> Self {
        Self(vec![text.into()])
    }

    /// Several failures as one, each text once; `None` when there are none.
    pub fn all(errors: impl IntoIterator<Item = Self>) -> Option<Self> {
        let mut texts: Vec<String> = Vec::new();
        for text in errors.into_iter().flat_map(|e| e.0) {
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        (!texts.is_empty()).then_some(Self(texts))
    }
}

/// One text as it is, several in brackets, as upstream's aggregates print them.
impl fmt::Display for AuthnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [one] => f.write_str(one),
            many => write!(f, "[{}]", many.join(", ")),
        }
    }
}

impl std::error::Error for AuthnError {}

impl<'a> Credentials<'a> {
    /// A request that shows this `Authorization` header, or nothing, and nothing else.
    pub fn header(authorization: Option<&'a str>, context: TokenContext<'a>) -> Self {
        Self {
            certificate: Certificate::None,
            front_proxy: Certificate::None,
            authorization,
            websocket_protocols: None,
            headers: &NoHeaders,
            peer: None,
            path: "",
            context,
        }
    }
}

impl Headers for NoHeaders {
    fn each(&self, _see: &mut dyn FnMut(&str, &[u8])) {}
}

impl<N: AsRef<str> + Sync, V: AsRef<[u8]> + Sync> Headers for [(N, V)] {
    fn each(&self, see: &mut dyn FnMut(&str, &[u8])) {
        self.iter().for_each(|(name, value)| see(name.as_ref(), value.as_ref()));
    }
}

impl<N: AsRef<str> + Sync, V: AsRef<[u8]> + Sync, const COUNT: usize> Headers for [(N, V); COUNT] {
    fn each(&self, see: &mut dyn FnMut(&str, &[u8])) {
        self.as_slice().each(see);
    }
}

impl Member {
    /// Who makes this request?
    pub async fn authenticate(&self, credentials: &Credentials<'_>) -> Answer {
        match self {
            Self::Local(member) => member.authenticate(credentials),
            Self::Remote(member) if member.concerns(credentials) => member.authenticate(credentials).await,
            Self::Remote(_) => Ok(None),
        }
    }
}

impl TokenMember {
    /// Whose token is this?
    pub async fn authenticate_token(&self, token: &str, context: &TokenContext<'_>) -> Answer {
        match self {
            Self::Local(member) => member.authenticate_token(token, context),
            Self::Remote(member) => member.authenticate_token(token, context).await,
        }
    }
}

impl<T: TokenAuthenticator + 'static> From<Arc<T>> for TokenMember {
    fn from(member: Arc<T>) -> Self {
        Self::Local(member)
    }
}

/// The `Authorization` header stays out of it.
impl fmt::Debug for Credentials<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("certificate", &matches!(self.certificate, Certificate::Verified(_)))
            .field("authorization", &self.authorization.is_some())
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
