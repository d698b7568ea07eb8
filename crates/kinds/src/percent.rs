//! Numbers that may be given as a part of the whole: `3` or `25%` (`intstr.IntOrString`).
//!
//! Entry points: [`check`], [`check_at_most_all`].

use api::{Value, field};

use crate::{Cursor, names};

/// Reports what is neither a number from 0 on nor a percentage.
pub(crate) fn check(at: &Cursor, errors: &mut field::Errors) {
    match at.value() {
        Value::String(text) => at.faults(errors, &names::percent(text)),
        _ => at.not_negative(errors),
    }
}

/// Reports a percentage above 100.
pub(crate) fn check_at_most_all(at: &Cursor, errors: &mut field::Errors) {
    if percentage(at).is_some_and(|percent| percent > 100) {
        at.invalid(errors, "must not be greater than 100%");
    }
}

/// The number in front of the percent sign; one too large to read counts as the largest.
fn percentage(at: &Cursor) -> Option<u64> {
    let text = at.str();
    if !names::percent(text).is_empty() {
        return None;
    }
    Some(text.trim_end_matches('%').parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_percentages() {
        let faults = |value: Value| {
            let mut errors = field::Errors::new();
            let at = Cursor::at("f", &value);
            check(&at, &mut errors);
            check_at_most_all(&at, &mut errors);
            errors.0.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(faults(3.into()), [""; 0]);
        assert_eq!(faults("100%".into()), [""; 0]);
        assert_eq!(faults((-1).into()), ["f: Invalid value: -1: must be greater than or equal to 0"]);
        assert_eq!(faults("101%".into()), ["f: Invalid value: \"101%\": must not be greater than 100%"]);
        assert_eq!(faults("99999999999999999999999%".into()).len(), 1);
        assert!(faults("x".into())[0].contains("a valid percent string must be a numeric string"));
    }
}
