//! What a remembered answer stands on besides the credential itself.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What an identity stands on: objects that must still be there, settings that must be the same.
pub trait Ground: Send + Sync {
    /// Is it still so?  Cheap: it is asked for every request.  False is no refusal; the credential is looked at anew.
    fn holds(&self, now: i64) -> bool;
}

/// Nothing, or something to ask before an identity is used again.
#[derive(Clone, Default)]
pub struct Grounds {
    ground: Option<Arc<dyn Ground>>,
    /// Until when the answer may be remembered while the ground holds, in seconds since the Unix epoch; the credential's
    /// own end comes first.
    pub until: i64,
}

impl Grounds {
    /// Stands on this; as long as it holds, the answer is good until then.
    pub fn new(ground: Arc<dyn Ground>, until: i64) -> Self {
        Self { ground: Some(ground), until }
    }

    /// True when there is nothing to ask or it is still so.
    pub fn hold(&self, now: i64) -> bool {
        self.ground.as_ref().is_none_or(|ground| ground.holds(now))
    }
}

/// Counts the states of something that is replaced as a whole, such as the content of a file.
///
/// Whoever answers from it takes [`Generation::grounds`] *before* looking at the content; whoever replaces the content
/// calls [`Generation::advance`] *after* that.  Then no answer from the old content outlives it.
#[derive(Clone, Debug, Default)]
pub struct Generation(Arc<AtomicU64>);

impl Generation {
    /// The content is another one now.
    pub fn advance(&self) {
        self.0.fetch_add(1, Ordering::Release);
    }

    /// Grounds that hold as long as the content is the same; `until` as in [`Grounds`].
    pub fn grounds(&self, until: i64) -> Grounds {
        let seen = self.0.load(Ordering::Acquire);
        Grounds::new(Arc::new(Same { count: Arc::clone(&self.0), seen }), until)
    }
}

struct Same {
    count: Arc<AtomicU64>,
    seen: u64,
}

impl Ground for Same {
    fn holds(&self, _now: i64) -> bool {
        self.count.load(Ordering::Acquire) == self.seen
    }
}

impl fmt::Debug for Grounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grounds").field("any", &self.ground.is_some()).field("until", &self.until).finish()
    }
}

/// Two things that must both be so.
impl<A: Ground, B: Ground> Ground for (A, B) {
    fn holds(&self, now: i64) -> bool {
        self.0.holds(now) && self.1.holds(now)
    }
}

/// Grounds say nothing about who it is.
impl PartialEq for Grounds {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
