//! Numbers that can also be given as a percentage, such as `1` or `25%`.
//!
//! Entry points: [`not_negative`], [`at_most_all`] and [`amount`].

use api::Value;
use api::field::Errors;

use crate::{Cursor, names};

/// Reports a number below zero and a text that is no percentage.
pub(crate) fn not_negative(at: &Cursor, errors: &mut Errors) {
    match at.value() {
        Value::String(text) => names::percent(text).iter().for_each(|fault| at.invalid(errors, fault)),
        _ => at.not_negative(errors),
    }
}

/// Reports more than 100 %.
pub(crate) fn at_most_all(at: &Cursor, errors: &mut Errors) {
    if percent(at.value()).is_some_and(|percent| percent > 100) {
        at.invalid(errors, "must not be greater than 100%");
    }
}

/// The number, or the number of per cent; 0 for what is neither.
pub(crate) fn amount(value: &Value) -> i64 {
    match value {
        Value::String(text) => percent(value).unwrap_or_else(|| text.parse().unwrap_or(0)),
        _ => value.as_i64().unwrap_or(0),
    }
}

fn percent(value: &Value) -> Option<i64> {
    let digits = value.as_str()?.strip_suffix('%')?;
    let sound = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    // Upstream's conversion stops at the largest number.
    sound.then(|| digits.parse().unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_percentages() {
        let failures = |value: Value| {
            let mut errors = Errors::new();
            let at = Cursor::at("x", &value);
            not_negative(&at, &mut errors);
            at_most_all(&at, &mut errors);
            errors.len()
        };
        for (value, count) in
            [(1.into(), 0), ((-1).into(), 1), ("10%".into(), 0), ("101%".into(), 1), ("x".into(), 1)]
        {
            assert_eq!(failures(value), count);
        }
        assert_eq!(amount(&"25%".into()), 25);
        assert_eq!(amount(&"25".into()), 25);
        assert_eq!(amount(&3.into()), 3);
    }
}
