//! How often an issuer may be asked because a stranger showed a token that no key fits.
//!
//! A full bucket lets a few questions through at once, so that a client with a new key does not wait; after that there
//! is one a second at the most, which also bounds how old the known keys can be.  After failures it is less often.

/// Questions that may follow each other at once.
const BURST: i64 = 8;
/// The longest pause after failures, in seconds.
const LONGEST_PAUSE: i64 = 10;

/// Permits to ask, by a clock in seconds.
#[derive(Debug, Default)]
pub(super) struct Rate {
    /// Questions that have been let through and are not yet forgotten.
    used: i64,
    /// When `used` was brought up to date.
    at: i64,
    /// Failures in a row.
    failures: u32,
    /// Not before this time.
    pause_until: i64,
}

impl Rate {
    /// May somebody ask now?
    pub fn take(&mut self, now: i64) -> bool {
        // A clock that goes back does not lock anybody out.
        let passed = if now < self.at { BURST } else { now - self.at };
        self.used = (self.used - passed).max(0);
        self.at = now;
        let paused = now < self.pause_until && self.pause_until - now <= LONGEST_PAUSE;
        if self.used >= BURST || paused {
            return false;
        }
        self.used += 1;
        true
    }

    /// The question was answered.
    pub fn succeeded(&mut self) {
        self.failures = 0;
        self.pause_until = 0;
    }

    /// It was not; each failure in a row doubles the pause.
    pub fn failed(&mut self, now: i64) {
        self.failures = (self.failures + 1).min(10);
        self.pause_until = now.saturating_add((1 << (self.failures - 1)).min(LONGEST_PAUSE));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_at_once_then_one_a_second() {
        let mut rate = Rate::default();
        assert_eq!((0..100).filter(|_| rate.take(1000)).count(), 8);
        assert_eq!((0..100).filter(|_| rate.take(1001)).count(), 1);
        assert_eq!((0..100).filter(|_| rate.take(1060)).count(), 8);
        assert!((0..1000).filter(|i| rate.take(1060 + i / 10)).count() <= 108);
        assert!(rate.take(5), "the clock was set back");
    }

    #[test]
    fn failures_pause() {
        let mut rate = Rate::default();
        for (now, pause) in [(1000, 1), (1100, 2), (1200, 4), (1300, 8), (1400, 10), (1500, 10)] {
            assert!(rate.take(now));
            rate.failed(now);
            assert!(!rate.take(now + pause - 1), "{pause}");
            assert!(rate.take(now + pause), "{pause}");
        }
        rate.succeeded();
        assert!(rate.take(2000));
    }
}
