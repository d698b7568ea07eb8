//! Why an expression has no value.

use std::borrow::Cow;
use std::fmt;

/// Why an evaluation gave no value; displays as cel-go's error.
#[derive(Clone, Debug, PartialEq)]
pub struct Error(Box<Cause>);

/// The kinds of failure.
#[derive(Clone, Debug, PartialEq)]
pub enum Cause {
    /// The expression itself failed.
    Failed(Cow<'static, str>),
    /// The value depends on variables that are not known yet.
    Unknown(Vec<crate::ast::Name>),
    /// It cost more than it may.
    CostLimit,
    /// Somebody asked to stop.
    Cancelled,
}

impl Error {
    pub(crate) fn new(text: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Cause::Failed(text.into())))
    }

    pub(crate) fn of(cause: Cause) -> Self {
        Self(Box::new(cause))
    }

    #[cold]
    pub(crate) fn no_such_overload() -> Self {
        Self::new("no such overload")
    }

    pub(crate) fn is_no_such_overload(&self) -> bool {
        matches!(&*self.0, Cause::Failed(text) if text == "no such overload")
    }

    /// What kind of failure it is.
    pub fn cause(&self) -> &Cause {
        &self.0
    }

    /// True when evaluation was stopped from outside, which no operator absorbs.
    pub(crate) fn is_fatal(&self) -> bool {
        matches!(*self.0, Cause::CostLimit | Cause::Cancelled)
    }

    pub(crate) fn is_unknown(&self) -> bool {
        matches!(*self.0, Cause::Unknown(_))
    }

    /// Both unknowns as one.
    pub(crate) fn merge(mut self, other: &Error) -> Self {
        if let (Cause::Unknown(mine), Cause::Unknown(theirs)) = (&mut *self.0, &*other.0) {
            mine.extend(theirs.iter().cloned());
            mine.sort();
            mine.dedup();
        }
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Cause::Failed(text) => f.write_str(text),
            Cause::Unknown(names) => write!(f, "unknown: {}", names.join(", ")),
            Cause::CostLimit => f.write_str("operation cancelled: actual cost limit exceeded"),
            Cause::Cancelled => f.write_str("operation interrupted"),
        }
    }
}

impl std::error::Error for Error {}
