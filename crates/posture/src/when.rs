//! Days and instants as people and tools write them.
//!
//! Entry point: [`moment`].

use api::time::Timestamp;

/// Names of months, as the first three letters of English ones.
const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// Reads RFC 3339, a day (`2026-07-01`, `2026.07.01`, `2026/7/1`, `20260701`) with or without a time behind it, or a
/// day as in letters (`Tue, 3 Feb 2026 12:00:00`).  What has no zone is taken for UTC, a day for its beginning.
pub(crate) fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(time) = Timestamp::parse(text) {
        return Some(time);
    }
    let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || c == 'T').collect();
    let (day, rest) = match words.as_slice() {
        [day, rest @ ..] if day.starts_with(|c: char| c.is_ascii_digit()) && day.len() > 2 => {
            (numbers(day)?, rest)
        }
        _ => return letter(text),
    };
    instant(day, rest.first().copied())
}

/// The words for a day of a report.
pub(crate) fn day(time: Timestamp) -> String {
    let text = time.to_string();
    text.split('T').next().unwrap_or(&text).to_owned()
}

/// An end without a time of day is the end of that day.
pub(crate) fn end_of_day(end: Timestamp) -> Timestamp {
    if end.seconds().rem_euclid(86_400) == 0 { end.plus_seconds(86_399) } else { end }
}

fn numbers(day: &str) -> Option<[u32; 3]> {
    let parts: Vec<&str> = day.split(['-', '.', '/']).filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        [year, month, day] if year.len() == 4 => {
            Some([year.parse().ok()?, month.parse().ok()?, day.parse().ok()?])
        }
        [all] if all.len() == 8 => {
            Some([all.get(..4)?.parse().ok()?, all.get(4..6)?.parse().ok()?, all.get(6..)?.parse().ok()?])
        }
        _ => None,
    }
}

/// `Tue, 3 Feb 2026 12:00:00 GMT`
fn letter(text: &str) -> Option<Timestamp> {
    let rest = text.split_once(',').map_or(text, |(_, rest)| rest);
    let words: Vec<&str> = rest.split_whitespace().collect();
    let [day, month, year, rest @ ..] = words.as_slice() else { return None };
    let month = month.get(..3)?.to_ascii_lowercase();
    let month = MONTHS.iter().position(|m| *m == month)?;
    instant([year.parse().ok()?, u32::try_from(month).ok()? + 1, day.parse().ok()?], rest.first().copied())
}

fn instant([year, month, day]: [u32; 3], time: Option<&str>) -> Option<Timestamp> {
    let clock = time.and_then(clock).unwrap_or_else(|| "00:00:00".to_owned());
    Timestamp::parse(&format!("{year:04}-{month:02}-{day:02}T{clock}Z")).ok()
}

/// `12:00` or `12:00:00`, whatever stands behind it.
fn clock(text: &str) -> Option<String> {
    let mut parts = text.split([':', '.', '+', 'Z']);
    let mut two = || parts.next().filter(|p| p.len() == 2 && p.bytes().all(|b| b.is_ascii_digit()));
    let (hours, minutes) = (two()?, two()?);
    Some(format!("{hours}:{minutes}:{}", two().unwrap_or("00")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_instants() {
        for (text, want) in [
            ("2026-07-01", "2026-07-01T00:00:00Z"),
            ("2026.07.01", "2026-07-01T00:00:00Z"),
            ("2026/7/1 09:30", "2026-07-01T09:30:00Z"),
            ("20260701", "2026-07-01T00:00:00Z"),
            ("2026-07-01 09:30:05", "2026-07-01T09:30:05Z"),
            ("2026-07-01T09:30:05.123", "2026-07-01T09:30:05Z"),
            ("2026-07-01T09:30:05.123456789+09:00", "2026-07-01T00:30:05Z"),
            ("Wed, 1 Jul 2026 09:30:05", "2026-07-01T09:30:05Z"),
            ("1 July 2026", "2026-07-01T00:00:00Z"),
        ] {
            assert_eq!(moment(text).map(|t| t.to_string()), Some(want.to_owned()), "{text}");
        }
        for text in ["", "soon", "2026-13-01", "12:00", "2026-07", "é, é é é"] {
            assert_eq!(moment(text), None, "{text}");
        }
        assert_eq!(day(Timestamp::new(0, 0)), "1970-01-01");
    }
}
