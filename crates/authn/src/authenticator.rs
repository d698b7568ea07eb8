//! The contract of an authenticator: what a request shows, what can be known from it.

use std::fmt;

use api::user::UserInfo;

/// Tells who makes a request.
pub trait Authenticator: Send + Sync {
    /// Who is it?
    fn authenticate(&self, credentials: &Credentials) -> Answer;
}

/// Tells whom a bearer token belongs to.
pub trait TokenAuthenticator: Send + Sync {
    /// Whose token is it?
    fn authenticate_token(&self, token: &str, context: &TokenContext) -> Answer;
}

/// Somebody; nobody I know (another may); or something is wrong with what was shown.
pub type Answer = Result<Option<Identity>, AuthnError>;

/// What a request shows of whoever makes it.
#[derive(Clone, Copy)]
pub struct Credentials<'a> {
    /// The client certificate of the connection.
    pub certificate: Certificate<'a>,
    /// The `Authorization` header.
    pub authorization: Option<&'a str>,
    /// The `Sec-WebSocket-Protocol` header (several joined by commas) of a request to become a WebSocket.
    pub websocket_protocols: Option<&'a str>,
    /// The path, percent-decoded.
    pub path: &'a str,
    /// What a token must be good for and the time.
    pub context: TokenContext<'a>,
}

/// What a token is held against.
#[derive(Clone, Copy, Debug)]
pub struct TokenContext<'a> {
    /// The audiences that are asked for; a token must be for one of them.  Empty: those of the server.
    pub audiences: &'a [String],
    /// Now, in seconds since the Unix epoch.
    pub now: i64,
}

/// A client certificate, judged against the CAs for clients.
#[derive(Clone, Copy, Debug, Default)]
pub enum Certificate<'a> {
    /// None was shown.
    #[default]
    None,
    /// It chains to a CA for clients, is for client authentication and in date; this is the leaf, DER.
    Verified(&'a [u8]),
    /// It does not, and why.
    Invalid(&'a str),
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
}

/// What is wrong with what was shown.  It never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthnError(String);

impl Identity {
    /// A user, and nothing else to say.
    pub fn of(user: UserInfo) -> Self {
        Self { user, ..Self::default() }
    }
}

impl AuthnError {
    /// A failure in words.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for AuthnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for AuthnError {}

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
