//! Asking somebody else with an object: what core crates need of a network, handed to them.
//!
//! Entry point: [`Callout`].  The server implements it over HTTPS with time limits and retries.

use std::fmt;
use std::pin::Pin;

use crate::Value;

/// Sends an object and gets one back.
pub trait Callout: Send + Sync {
    /// Asks.  The future may be dropped at any time; it bounds its own time, and the size of the answer.
    fn call<'a>(&'a self, object: &'a Value) -> CalloutFuture<'a>;
}

/// An answer that takes its time.
pub type CalloutFuture<'a> = Pin<Box<dyn Future<Output = Result<Value, CalloutError>> + Send + 'a>>;

/// Why there is no answer.  It never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalloutError {
    /// In words.
    pub text: String,
    /// It took too long.
    pub timeout: bool,
}

impl fmt::Display for CalloutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for CalloutError {}
