//! Quantities, instants, spans of time.

use api::quantity::{Format, Quantity};
use api::time::{Timestamp, duration};

use crate::text;

/// What was read prints as what reads the same, and arithmetic bears any amounts.
pub(crate) fn all(bytes: &[u8]) {
    let text = text(bytes);
    if let Ok(quantity) = Quantity::parse(&text) {
        let printed = quantity.canonical();
        let again = Quantity::parse(&printed).unwrap_or_else(|e| panic!("{text} prints as {printed}: {e:?}"));
        assert_eq!(again.canonical(), printed, "{text}");
        // Of amounts so large that there is no suffix for them, upstream prints the mantissa; and what it rounds a negative
        // one to depends on how it was written.
        if quantity.sign() >= 0 && text.len() < 24 && quantity.approximate_f64() < 1e15 {
            let values = |q: &Quantity| (q.value(), q.milli_value());
            assert_eq!(values(&again), values(&quantity), "{text}");
        }
        let mut sum = quantity.clone();
        sum.add(&again);
        sum.mul(1024);
        sum.sub(&Quantity::new(i64::MAX, Format::DecimalSi));
        sum.negate();
        sum.round_up(0);
        let _ = (sum.canonical(), sum.approximate_f64(), sum.as_i64());
    }
    if let Ok(instant) = Timestamp::parse(&text) {
        let printed = instant.text();
        assert_eq!(
            Timestamp::parse(&printed).map(Timestamp::seconds),
            Ok(instant.seconds()),
            "{text} {printed}"
        );
    }
    if let Ok(instant) = Timestamp::parse_micro(&text) {
        assert_eq!(
            Timestamp::parse_micro(&instant.micro_text()).map(|t| t.micro_text()),
            Ok(instant.micro_text())
        );
    }
    if let Ok(nanos) = duration::parse(&text) {
        assert_eq!(duration::parse(&duration::format(nanos)), Ok(nanos), "{text}");
    }
}
