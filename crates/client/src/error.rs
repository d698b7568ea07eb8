//! What went wrong while asking somebody.  Texts are Go's where people know them from upstream, and never hold a
//! credential.

use std::fmt;
use std::time::Duration;

/// A request without a usable answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: Kind,
    text: String,
    retry_after: Option<Duration>,
}

/// What kind of failure it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nobody could be reached.
    Connect,
    /// The other side is not who it should be, or speaks no TLS.
    Tls,
    /// It took too long.
    Timeout,
    /// The connection was cut.
    Reset,
    /// The answer is no HTTP, or not what was asked for.
    Protocol,
    /// The answer is larger than it may be.
    TooLarge,
    /// Our own credentials could not be had.
    Credentials,
    /// The answer is a failure, with this HTTP status code.
    Status(u16),
}

impl Error {
    /// A failure.
    pub fn new(kind: Kind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into(), retry_after: None }
    }

    /// What kind of failure it was.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The HTTP status code, `None` when there was no answer.
    pub fn code(&self) -> Option<u16> {
        if let Kind::Status(code) = self.kind { Some(code) } else { None }
    }

    /// When the other side wants to be asked again.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// True when asking again may help: upstream's rule for webhooks.
    pub fn is_transient(&self) -> bool {
        let by_kind = match self.kind {
            Kind::Reset => true,
            Kind::Status(code) => matches!(code, 429 | 504) || (code >= 500 && code != 503),
            _ => false,
        };
        by_kind || self.retry_after.is_some()
    }

    pub(crate) fn retry_in(self, after: Option<Duration>) -> Self {
        Self { retry_after: after, ..self }
    }

    /// The same failure with what was tried in front.
    pub(crate) fn during(self, what: impl fmt::Display) -> Self {
        Self { text: format!("{what}: {}", self.text), ..self }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Error {}
