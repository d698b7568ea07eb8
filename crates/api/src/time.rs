//! Instants and durations in the texts the API uses: RFC 3339 in UTC for [`Timestamp`], Go's `1h2m3.5s` for
//! [`duration`].
//!
//! Reading is as lenient as Go's `time.Parse`, and its failures have Go's words, because clients see them.

pub mod duration;
mod parse;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::Str;

pub use parse::ParseError;

/// An instant, in seconds and nanoseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    seconds: i64,
    /// INVARIANT: below 1,000,000,000.
    nanos: u32,
}

impl Timestamp {
    /// Go's zero time, 0001-01-01T00:00:00Z, which the API writes as `null`.
    pub const ZERO: Self = Self { seconds: -62_135_596_800, nanos: 0 };

    /// An instant; nanoseconds beyond a second are dropped.
    pub fn new(seconds: i64, nanos: u32) -> Self {
        Self { seconds, nanos: nanos.min(999_999_999) }
    }

    /// Whole seconds since 1970, rounded down.
    pub fn seconds(self) -> i64 {
        self.seconds
    }

    /// Nanoseconds within the second.
    pub fn nanos(self) -> u32 {
        self.nanos
    }

    /// True for Go's zero time.
    pub fn is_zero(self) -> bool {
        self == Self::ZERO
    }

    /// True in the years 0 to 9999, which are all that texts can tell.
    pub fn has_text(self) -> bool {
        (-62_167_219_200..253_402_300_800).contains(&self.seconds)
    }

    /// Reads a `metav1.Time`: RFC 3339 with any fraction or none.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        parse::timestamp(text, parse::Layout::Seconds)
    }

    /// Reads a `metav1.MicroTime`: RFC 3339 with six fractional digits (more are dropped).
    pub fn parse_micro(text: &str) -> Result<Self, ParseError> {
        parse::timestamp(text, parse::Layout::Micros)
    }

    /// The text of a `metav1.Time`: whole seconds in UTC, `2006-01-02T15:04:05Z`.
    pub fn text(self) -> Str {
        let mut out = self.date_and_time();
        out.push('Z');
        out
    }

    /// The text of a `metav1.MicroTime`: `2006-01-02T15:04:05.000000Z`.
    pub fn micro_text(self) -> Str {
        let mut out = self.date_and_time();
        let _ = write!(out, ".{:06}Z", self.nanos / 1000);
        out
    }

    /// This instant later by some seconds; stays at the end of time rather than wrapping.
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self { seconds: self.seconds.saturating_add(seconds), nanos: self.nanos }
    }

    fn date_and_time(self) -> Str {
        let (days, second) = (self.seconds.div_euclid(DAY), self.seconds.rem_euclid(DAY));
        let (year, month, day) = civil_from_days(days);
        let mut out = Str::default();
        if year < 0 {
            out.push('-');
        }
        let (h, m, s) = (second / 3600, second / 60 % 60, second % 60);
        let _ = write!(out, "{:04}-{month:02}-{day:02}T{h:02}:{m:02}:{s:02}", year.unsigned_abs());
        out
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        match time.duration_since(UNIX_EPOCH) {
            Ok(after) => Self::new(i64::try_from(after.as_secs()).unwrap_or(i64::MAX), after.subsec_nanos()),
            Err(before) => {
                let before = before.duration();
                let seconds = i64::try_from(before.as_secs()).unwrap_or(i64::MAX);
                match before.subsec_nanos() {
                    0 => Self::new(-seconds, 0),
                    nanos => Self::new(-seconds - 1, 1_000_000_000 - nanos),
                }
            }
        }
    }
}

/// Instants before 1970 become 1970.
impl From<Timestamp> for SystemTime {
    fn from(t: Timestamp) -> Self {
        u64::try_from(t.seconds).map_or(UNIX_EPOCH, |s| UNIX_EPOCH + Duration::new(s, t.nanos))
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text())
    }
}

/// Seconds of a day.
const DAY: i64 = 86_400;

/// Days since 1970-01-01 of a date of the proleptic Gregorian calendar.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March here, so that the leap day is the last of its year.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The date of a day counted from 1970-01-01.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}
