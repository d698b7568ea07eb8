//! Reading RFC 3339 as Go's `time.Parse` does: hours of one digit, a comma before the fraction and offsets up to
//! `24:60` are accepted, and a failure names the element that failed.

use std::fmt;

use super::{DAY, Timestamp, days_from_civil, duration::go_time_quote};

/// The two layouts of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    Seconds,
    Micros,
}

impl Layout {
    fn text(self) -> &'static str {
        match self {
            Self::Seconds => "2006-01-02T15:04:05Z07:00",
            Self::Micros => "2006-01-02T15:04:05.000000Z07:00",
        }
    }
}

/// Why a text is no instant; displays as Go's error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError(String);

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ParseError {}

/// What failed: an element that could not be read, or was out of range.
enum Fault<'a> {
    Element { element: &'static str, at: &'a [u8] },
    Other(String),
}

/// Reads `text` in a layout.
pub(super) fn timestamp(text: &str, layout: Layout) -> Result<Timestamp, ParseError> {
    Reader { rest: text.as_bytes() }.read(layout).map_err(|fault| {
        let value = go_time_quote(text.as_bytes());
        ParseError(match fault {
            Fault::Other(message) => format!("parsing time {value}{message}"),
            Fault::Element { element, at } => format!(
                "parsing time {value} as {}: cannot parse {} as {}",
                go_time_quote(layout.text().as_bytes()),
                go_time_quote(at),
                go_time_quote(element.as_bytes())
            ),
        })
    })
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn read(mut self, layout: Layout) -> Result<Timestamp, Fault<'a>> {
        let year = self.year()?;
        self.literal("-")?;
        let month = self.two_digits("01")?;
        in_range((1..=12).contains(&month), "month")?;
        self.literal("-")?;
        let day = self.two_digits("02")?;
        self.literal("T")?;
        let hour = self.hour()?;
        self.literal(":")?;
        let minute = self.minute()?;
        self.literal(":")?;
        let second = self.two_digits("05")?;
        in_range(second < 60, "second")?;
        let nanos = match layout {
            Layout::Seconds => self.optional_fraction(),
            Layout::Micros => self.six_digits()?,
        };
        let offset = self.zone()?;
        if !self.rest.is_empty() {
            return Err(Fault::Other(format!(": extra text: {}", go_time_quote(self.rest))));
        }
        in_range(day >= 1 && day <= days_in(year, month), "day")?;
        let days = days_from_civil(year, month, day);
        let instant = Timestamp::new(days * DAY + hour * 3600 + minute * 60 + second - offset, nanos);
        // An offset may lead into a year that has no text; Go takes it and cannot read it again.
        in_range(instant.has_text(), "year")?;
        Ok(instant)
    }

    fn byte(&self, i: usize) -> Option<u8> {
        self.rest.get(i).copied()
    }

    fn digit(&self, i: usize) -> Option<i64> {
        self.byte(i).filter(u8::is_ascii_digit).map(|b| i64::from(b - b'0'))
    }

    fn advance(&mut self, n: usize) {
        self.rest = self.rest.get(n..).unwrap_or(&[]);
    }

    fn literal(&mut self, element: &'static str) -> Result<(), Fault<'a>> {
        if !self.rest.starts_with(element.as_bytes()) {
            return Err(Fault::Element { element, at: self.rest });
        }
        self.advance(element.len());
        Ok(())
    }

    /// Four characters, of which Go checks that the first is a digit before it reads them as a number.
    fn year(&mut self) -> Result<i64, Fault<'a>> {
        let digits = [self.digit(0), self.digit(1), self.digit(2), self.digit(3)];
        let year = digits.into_iter().try_fold(0, |n, d| Some(n * 10 + d?));
        let fault = Fault::Element { element: "2006", at: self.rest };
        self.advance(4);
        year.ok_or(fault)
    }

    fn two_digits(&mut self, element: &'static str) -> Result<i64, Fault<'a>> {
        let Some((tens, ones)) = self.digit(0).zip(self.digit(1)) else {
            return Err(Fault::Element { element, at: self.rest });
        };
        self.advance(2);
        Ok(tens * 10 + ones)
    }

    fn hour(&mut self) -> Result<i64, Fault<'a>> {
        let fault = Fault::Element { element: "15", at: self.rest };
        let first = self.digit(0).ok_or(fault)?;
        let hour = self.digit(1).map_or(first, |second| first * 10 + second);
        self.advance(if self.digit(1).is_some() { 2 } else { 1 });
        in_range(hour < 24, "hour")?;
        Ok(hour)
    }

    fn minute(&mut self) -> Result<i64, Fault<'a>> {
        let minute = self.two_digits("04")?;
        in_range(minute < 60, "minute")?;
        Ok(minute)
    }

    /// A point or comma and digits, when they are there; digits beyond the ninth are dropped.
    fn optional_fraction(&mut self) -> u32 {
        if !matches!(self.byte(0), Some(b'.' | b',')) || self.digit(1).is_none() {
            return 0;
        }
        let digits = self.rest.iter().skip(1).take_while(|b| b.is_ascii_digit()).count();
        let nanos = (1..=9).fold(0, |n, i| n * 10 + if i <= digits { self.digit(i).unwrap_or(0) } else { 0 });
        self.advance(1 + digits);
        nanos as u32
    }

    fn six_digits(&mut self) -> Result<u32, Fault<'a>> {
        let fault = Fault::Element { element: ".000000", at: self.rest };
        if !matches!(self.byte(0), Some(b'.' | b',')) {
            return Err(fault);
        }
        // Go reads the six characters as a number, which may carry a sign.
        let signed = matches!(self.byte(1), Some(b'+' | b'-'));
        let first = if signed { 2 } else { 1 };
        let micros = (first..=6).try_fold(0, |n, i| Some(n * 10 + self.digit(i)?)).ok_or(fault)?;
        in_range(self.byte(1) != Some(b'-') || micros == 0, "fractional second")?;
        self.advance(7);
        Ok(micros as u32 * 1000)
    }

    /// The offset from UTC in seconds.
    fn zone(&mut self) -> Result<i64, Fault<'a>> {
        if self.byte(0) == Some(b'Z') {
            self.advance(1);
            return Ok(0);
        }
        let fault = || Fault::Element { element: "Z07:00", at: self.rest };
        if self.byte(3) != Some(b':') || self.rest.len() < 6 {
            return Err(fault());
        }
        let pair = |i: usize| self.digit(i).zip(self.digit(i + 1)).map(|(a, b)| a * 10 + b);
        // A number out of range is reported even when what follows, or the sign, cannot be read.
        let hours = pair(1);
        let minutes = hours.and_then(|_| pair(4));
        in_range(minutes.is_none_or(|m| m <= 60), "time zone offset minute")?;
        in_range(hours.is_none_or(|h| h <= 24), "time zone offset hour")?;
        let size = hours.zip(minutes).map(|(h, m)| (h * 60 + m) * 60);
        let offset = match (self.byte(0), size) {
            (Some(b'+'), Some(size)) => size,
            (Some(b'-'), Some(size)) => -size,
            _ => return Err(fault()),
        };
        self.advance(6);
        Ok(offset)
    }
}

fn in_range<'a>(holds: bool, what: &str) -> Result<(), Fault<'a>> {
    if holds { Ok(()) } else { Err(Fault::Other(format!(": {what} out of range"))) }
}

fn days_in(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 31,
    }
}
