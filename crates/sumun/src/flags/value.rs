//! Reading the text of a flag's value.

use std::str::FromStr;
use std::time::Duration;

/// Reads a value with the type's own parser.
pub(super) fn parse<T: FromStr>(text: &str, what: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("not {what}"))
}

/// Reads `true` or `false` (and Go's other spellings).
pub(super) fn bool(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err("neither true nor false".to_owned()),
    }
}

/// Splits a list at its commas.
pub(super) fn list(text: &str) -> impl Iterator<Item = String> {
    text.split(',').map(str::trim).filter(|s| !s.is_empty()).map(str::to_owned)
}

/// Sets a list: the first use of the flag replaces the default, later ones append.
pub(super) fn append(slot: &mut Vec<String>, default: &[String], text: &str) {
    if slot == default {
        slot.clear();
    }
    slot.extend(list(text));
}

/// Reads a duration as Go writes it: `90s`, `1h30m`, `250ms`, `0`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    const WRONG: &str = "not a duration such as 90s, 5m or 1h30m";
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let mut rest = text;
    let mut total = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or(WRONG)?;
        let (number, tail) = rest.split_at(digits);
        let unit_end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, next) = tail.split_at(unit_end);
        let seconds = match unit {
            "ns" => 1e-9,
            "us" | "µs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return Err(WRONG.to_owned()),
        };
        total += number.parse::<f64>().map_err(|_| WRONG.to_owned())? * seconds;
        rest = next;
    }
    if text.is_empty() {
        Err(WRONG.to_owned())
    } else {
        Duration::try_from_secs_f64(total).map_err(|_| WRONG.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_gos() {
        for (text, millis) in
            [("0", 0), ("90s", 90_000), ("1h30m", 5_400_000), ("250ms", 250), ("1.5s", 1500)]
        {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "5", "x", "5d", "-1s", "99999999999999999999h"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
