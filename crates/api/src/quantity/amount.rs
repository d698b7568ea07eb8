//! The number inside a quantity: 64 bits with a decimal scale while that is enough, a big decimal after that.

use std::cmp::Ordering;

use super::decimal::Decimal;
use super::{BINARY, Str};

/// An exact number.
///
/// Which of the two it is shows in [`Amount::as_i64`] alone, as upstream.
#[derive(Clone, Debug)]
pub(super) enum Amount {
    /// `value * 10^scale`.
    Small {
        value: i64,
        scale: i32,
    },
    Big(Decimal),
}

impl Default for Amount {
    fn default() -> Self {
        Self::small(0, 0)
    }
}

/// What rounding did.
pub(super) enum Rounded {
    Untouched,
    Exact,
    Lossy,
}

impl Amount {
    pub(super) fn small(value: i64, scale: i32) -> Self {
        Self::Small { value, scale }
    }

    fn decimal(&self) -> Decimal {
        match self {
            Self::Small { value, scale } => Decimal::from_i64(*value, i64::from(*scale)),
            Self::Big(d) => d.clone(),
        }
    }

    pub(super) fn sign(&self) -> i32 {
        match self {
            Self::Small { value, .. } => value.signum() as i32,
            Self::Big(d) => d.sign(),
        }
    }

    pub(super) fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Small { value: 0, scale: 0.. } => Some(0),
            Self::Small { value, scale } => value.checked_mul(pow10(*scale)?),
            Self::Big(_) => None,
        }
    }

    /// The number in units of `10^scale`, rounded away from zero.  What does not fit 64 bits comes out as upstream's
    /// arithmetic leaves it.
    pub(super) fn scaled(&self, scale: i32) -> i64 {
        match self {
            Self::Small { value, scale: own } if *own >= scale => {
                overflowing_scale(*value, own.saturating_sub(scale))
            }
            Self::Small { value, scale: own } => {
                let mut d = Decimal::from_i64(*value, i64::from(*own));
                d.round_up(i64::from(scale));
                d.mantissa_at(i64::from(scale)).unwrap_or(0)
            }
            Self::Big(d) => d.scaled(i64::from(scale)),
        }
    }

    pub(super) fn round_up(&mut self, scale: i32) -> Rounded {
        if let Self::Small { scale: own, .. } = self
            && *own >= scale
        {
            return Rounded::Untouched;
        }
        let mut d = self.decimal();
        let exact = d.round_up(i64::from(scale));
        *self = match (&self, d.mantissa_at(i64::from(scale))) {
            (Self::Small { .. }, Some(value)) => Self::small(value, scale),
            _ => Self::Big(d),
        };
        if exact { Rounded::Exact } else { Rounded::Lossy }
    }

    pub(super) fn negated(&self) -> Self {
        if let Self::Small { value, scale } = self
            && let Some(value) = value.checked_neg()
        {
            return Self::small(value, *scale);
        }
        let mut d = self.decimal();
        d.negate();
        Self::Big(d)
    }

    pub(super) fn plus(&self, other: &Self) -> Self {
        if let (Self::Small { value: a, scale: s }, Self::Small { value: b, scale: t }) = (self, other)
            && let Some(sum) = small_sum((*a, *s), (*b, *t))
        {
            return sum;
        }
        Self::Big(self.decimal().plus(&other.decimal()))
    }

    pub(super) fn times(&self, factor: i64) -> Self {
        if let Self::Small { value, scale } = self
            && let Some(value) = value.checked_mul(factor)
        {
            return Self::small(value, *scale);
        }
        let mut d = self.decimal();
        d.mul_small(factor.unsigned_abs());
        if factor < 0 {
            d.negate();
        }
        Self::Big(d)
    }

    pub(super) fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Small { value: a, scale: s }, Self::Small { value: b, scale: t }) if s == t => a.cmp(b),
            _ => self.decimal().compare(&other.decimal()),
        }
    }

    pub(super) fn approximate_f64(&self) -> f64 {
        match self {
            Self::Small { value, scale: 0 } => *value as f64,
            Self::Small { value, scale } => *value as f64 * pow10_f64(i64::from(*scale)),
            Self::Big(d) => d.approximate_f64(),
        }
    }

    /// A mantissa without trailing zeros but for those that make the exponent a multiple of three, and the exponent.
    pub(super) fn decimal_text(&self) -> (Str, i64) {
        let Self::Small { value, scale } = self else { return self.decimal().canonical() };
        let (mut mantissa, mut exponent) = (i128::from(*value), i64::from(*scale));
        while mantissa != 0 && mantissa % 10 == 0 {
            mantissa /= 10;
            exponent += 1;
        }
        while exponent % 3 != 0 {
            mantissa *= 10;
            exponent -= 1;
        }
        (compact_str::format_compact!("{mantissa}"), exponent)
    }

    /// The text in binary notation; `None` when that is for whole numbers from 1024 on only, as here.
    pub(super) fn binary_text(&self) -> Option<Str> {
        let mut d = self.decimal();
        if !d.is_whole() || d.magnitude() > MAX_BINARY_DIGITS {
            return None;
        }
        match d.to_i128() {
            Some(n) if n.unsigned_abs() < 1024 => None,
            Some(mut n) => {
                let times = strip(|| {
                    let whole = n % 1024 == 0;
                    if whole {
                        n /= 1024;
                    }
                    whole
                });
                Some(compact_str::format_compact!("{n}{}", binary_suffix(times)))
            }
            None => {
                let times = strip(|| d.divide_exactly(1024));
                Some(compact_str::format_compact!("{}{}", d.whole_text(), binary_suffix(times)))
            }
        }
    }
}

/// Numbers with more digits than this are not written out in binary notation.
const MAX_BINARY_DIGITS: i64 = 4096;

/// How often a step succeeds before it fails.
fn strip(mut step: impl FnMut() -> bool) -> i64 {
    let mut times = 0;
    while step() {
        times += 1;
    }
    times
}

/// Powers beyond the table have no suffix, as upstream.
fn binary_suffix(times: i64) -> &'static str {
    BINARY.iter().find(|(_, e)| *e == times * 10).map_or("", |(s, _)| s)
}

/// `10^n` for 0..=18.
fn pow10(n: i32) -> Option<i64> {
    u32::try_from(n).ok().and_then(|n| 10i64.checked_pow(n))
}

/// `value * 10^n`; upstream wraps for the usual powers and answers 0 for the others.
fn overflowing_scale(value: i64, n: i32) -> i64 {
    match (pow10(n), n) {
        (Some(power), 0..=3 | 6 | 9) if value != i64::MIN => value.wrapping_mul(power),
        (power, _) => power.and_then(|p| value.checked_mul(p)).unwrap_or(0),
    }
}

/// The float nearest to `10^n`.
pub(super) fn pow10_f64(n: i64) -> f64 {
    format!("1e{n}").parse().unwrap_or(f64::INFINITY)
}

fn small_sum((a, s): (i64, i32), (b, t): (i64, i32)) -> Option<Amount> {
    match (a, b) {
        (_, 0) => return Some(Amount::small(a, s)),
        (0, _) => return Some(Amount::small(b, t)),
        _ => {}
    }
    let low = s.min(t);
    let a = a.checked_mul(pow10(s.checked_sub(low)?)?)?;
    let b = b.checked_mul(pow10(t.checked_sub(low)?)?)?;
    Some(Amount::small(a.checked_add(b)?, low))
}
