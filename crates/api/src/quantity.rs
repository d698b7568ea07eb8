//! Resource amounts such as `500m` or `1Gi`, read, written and compared as `resource.Quantity` of apimachinery does.
//!
//! Entry point: [`Quantity::parse`].  An amount remembers the notation it came in and is written in that notation's
//! canonical form; a text that upstream keeps as it came (`+5`, `1.500`) is kept here too.

mod amount;
mod decimal;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::fmt;

use crate::Str;
use amount::Amount;
use decimal::Decimal;

/// The notation of an amount.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// `12e6`.
    DecimalExponent,
    /// `12Mi`, powers of 1024.
    BinarySi,
    /// `12M`, powers of 1000.
    #[default]
    DecimalSi,
}

/// Why a text is no amount; the texts are upstream's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParseError {
    /// The text does not look like a number with a suffix.
    Format,
    /// There is no number in front of the suffix.
    Number,
    /// The suffix is unknown.
    Suffix,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Format => {
                "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
            }
            Self::Number => "unable to parse numeric part of quantity",
            Self::Suffix => "unable to parse quantity's suffix",
        })
    }
}

impl std::error::Error for ParseError {}

/// An exact amount with its notation.
///
/// Equality and order compare the amounts alone: `1Ki` equals `1024`.
#[derive(Clone, Debug, Default)]
pub struct Quantity {
    amount: Amount,
    format: Format,
    /// The text it came from, when upstream writes that text again unchanged.
    text: Option<Str>,
}

impl Quantity {
    /// Zero, in decimal notation.
    pub fn zero() -> Self {
        Self::default()
    }

    /// A whole amount.
    pub fn new(value: i64, format: Format) -> Self {
        Self::from(Amount::small(value, 0), format)
    }

    /// An amount given in thousandths.
    pub fn from_milli(value: i64, format: Format) -> Self {
        Self::from(Amount::small(value, -3), format)
    }

    /// Reads an amount; blanks around it are not accepted (JSON decoding trims them first).
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if text.is_empty() {
            return Err(ParseError::Format);
        }
        let parts = Parts::scan(text)?;
        let (exponent, format) = suffix_scale(parts.suffix).ok_or(ParseError::Suffix)?;
        match parts.small(exponent, format) {
            Some(amount) => {
                let text = parts.kept_as_is(exponent, format).then(|| text.into());
                Ok(Self { amount, format, text })
            }
            None => parts.big(exponent, format),
        }
    }

    fn from(amount: Amount, format: Format) -> Self {
        Self { amount, format, text: None }
    }

    /// Its notation.
    pub fn format(&self) -> Format {
        self.format
    }

    /// True for zero.
    pub fn is_zero(&self) -> bool {
        self.sign() == 0
    }

    /// -1, 0 or 1.
    pub fn sign(&self) -> i32 {
        self.amount.sign()
    }

    /// The amount rounded away from zero to a whole number; meaningless when that does not fit, as upstream.
    pub fn value(&self) -> i64 {
        self.amount.scaled(0)
    }

    /// The amount in thousandths rounded away from zero; meaningless when that does not fit, as upstream.
    pub fn milli_value(&self) -> i64 {
        self.amount.scaled(-3)
    }

    /// The amount as a whole number when it was read as one without loss; `None` else, also for amounts written with
    /// so many digits that upstream keeps them as big decimals.
    pub fn as_i64(&self) -> Option<i64> {
        self.amount.as_i64()
    }

    /// The nearest float, give or take a rounding step.
    pub fn approximate_f64(&self) -> f64 {
        self.amount.approximate_f64()
    }

    /// Rounds away from zero to a multiple of `10^scale` (-3: thousandths); true when nothing was lost.
    pub fn round_up(&mut self, scale: i32) -> bool {
        match self.amount.round_up(scale) {
            amount::Rounded::Untouched => true,
            amount::Rounded::Exact => {
                self.text = None;
                true
            }
            amount::Rounded::Lossy => {
                self.text = None;
                false
            }
        }
    }

    /// Adds another amount; a zero takes the other's notation first.
    pub fn add(&mut self, other: &Quantity) {
        self.text = None;
        if self.is_zero() {
            self.format = other.format;
        }
        self.amount = self.amount.plus(&other.amount);
    }

    /// Takes another amount away; a zero takes the other's notation first.
    pub fn sub(&mut self, other: &Quantity) {
        self.text = None;
        if self.is_zero() {
            self.format = other.format;
        }
        self.amount = self.amount.plus(&other.amount.negated());
    }

    /// Multiplies by a whole number.
    pub fn mul(&mut self, factor: i64) {
        self.text = None;
        self.amount = self.amount.times(factor);
    }

    /// Turns the sign.
    pub fn negate(&mut self) {
        self.text = None;
        self.amount = self.amount.negated();
    }

    /// The canonical text.
    pub fn canonical(&self) -> Str {
        match &self.text {
            Some(text) => text.clone(),
            None => self.compute_text(),
        }
    }

    /// The mantissa without fraction and the largest suffix that loses nothing.
    fn compute_text(&self) -> Str {
        if self.is_zero() {
            return Str::const_new("0");
        }
        if self.format == Format::BinarySi
            && let Some(text) = self.amount.binary_text()
        {
            return text;
        }
        let (mut text, exponent) = self.amount.decimal_text();
        match self.format {
            Format::DecimalExponent if exponent == 0 => {}
            Format::DecimalExponent => text.push_str(&format!("e{exponent}")),
            // An exponent beyond the table is written without suffix, as upstream does.
            _ => text.push_str(DECIMAL.iter().find(|(_, e)| *e == exponent).map_or("", |(s, _)| s)),
        }
        text
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.canonical())
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.amount.compare(&other.amount)
    }
}

impl std::str::FromStr for Quantity {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

/// Powers of ten.
const DECIMAL: [(&str, i64); 10] =
    [("", 0), ("n", -9), ("u", -6), ("m", -3), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];

/// Powers of two.
const BINARY: [(&str, i64); 6] = [("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40), ("Pi", 50), ("Ei", 60)];

/// The exponent a suffix stands for (of two in binary notation, else of ten).
fn suffix_scale(suffix: &str) -> Option<(i64, Format)> {
    if let Some((_, e)) = DECIMAL.iter().find(|(s, _)| *s == suffix) {
        return Some((*e, Format::DecimalSi));
    }
    if let Some((_, e)) = BINARY.iter().find(|(s, _)| *s == suffix) {
        return Some((*e, Format::BinarySi));
    }
    let exponent = suffix.strip_prefix(['e', 'E'])?.parse::<i64>().ok()?;
    // Upstream keeps the low 32 bits.
    Some((i64::from(exponent as i32), Format::DecimalExponent))
}

/// A text taken apart.
struct Parts<'a> {
    negative: bool,
    /// Digits in front of the point, without leading zeros; `0` when there are none.
    whole: &'a str,
    /// Digits behind the point.
    fraction: &'a str,
    suffix: &'a str,
    /// True when there is a digit at all.
    has_digits: bool,
}

impl<'a> Parts<'a> {
    fn scan(text: &'a str) -> Result<Self, ParseError> {
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        let stripped = unsigned.trim_start_matches('0');
        let (whole, rest) = split_digits(stripped);
        let (fraction, suffix) = rest.strip_prefix('.').map_or(("", rest), split_digits);
        if !suffix_shape(suffix) {
            return Err(ParseError::Format);
        }
        let has_digits = stripped.len() < unsigned.len() || !whole.is_empty() || !fraction.is_empty();
        let whole = if whole.is_empty() { "0" } else { whole };
        Ok(Self { negative: text.starts_with('-'), whole, fraction, suffix, has_digits })
    }

    /// The amount when upstream holds it in 64 bits.
    fn small(&self, exponent: i64, format: Format) -> Option<Amount> {
        let digits = (self.whole.len() + self.fraction.len()) as i64;
        let (factor, scale) = match format {
            Format::BinarySi => {
                let room = 15 - self.whole.len() as i64 - exponent * 3 / 10 - 1;
                (self.fraction.is_empty() && room >= 0).then_some((1i64 << exponent, 0))?
            }
            _ => (digits <= 18).then_some((1, exponent - self.fraction.len() as i64))?,
        };
        let value = self.shifted()?.checked_mul(factor)?;
        let scale = i32::try_from(scale).ok().filter(|s| *s >= NANO)?;
        Some(Amount::small(if self.negative { -value } else { value }, scale))
    }

    /// The digits on both sides of the point as one number.
    fn shifted(&self) -> Option<i64> {
        let digits = self.whole.bytes().chain(self.fraction.bytes());
        digits.into_iter().try_fold(0i64, |n, b| n.checked_mul(10)?.checked_add(i64::from(b - b'0')))
    }

    /// True when the text counts as canonical, whatever it looks like.
    fn kept_as_is(&self, exponent: i64, format: Format) -> bool {
        if format == Format::BinarySi {
            return self.shifted().is_some_and(|v| v & 7 != 0);
        }
        let digits = self.whole.bytes().chain(self.fraction.bytes());
        let three_zeros = digits.clone().count() > 2 && digits.rev().take(3).all(|b| b == b'0');
        (exponent - self.fraction.len() as i64) % 3 == 0 && !three_zeros && !self.whole.starts_with('0')
    }

    /// The amount as a big decimal: rounded up to whole billionths, in binary notation capped at 2^63-1.
    fn big(&self, exponent: i64, mut format: Format) -> Result<Quantity, ParseError> {
        if !self.has_digits {
            return Err(ParseError::Number);
        }
        let mut amount = Decimal::from_digits(self.whole, self.fraction);
        if format == Format::BinarySi {
            amount.mul_small(1 << exponent);
        } else {
            amount.shift(exponent);
        }
        amount.round_up(i64::from(NANO));
        amount.pad(i64::from(NANO));
        if format == Format::BinarySi {
            let max = Decimal::from_i64(i64::MAX, 0);
            if amount.compare(&max) == Ordering::Greater {
                amount = max;
            }
            if amount.sign() != 0 && amount.compare(&Decimal::from_i64(1, 0)) == Ordering::Less {
                format = Format::DecimalSi;
            }
        }
        if self.negative {
            amount.negate();
        }
        Ok(Quantity::from(Amount::Big(amount), format))
    }
}

/// Billionths are the smallest unit.
const NANO: i32 = -9;

/// The leading digits, and the rest.
fn split_digits(text: &str) -> (&str, &str) {
    let end = text.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// Letters of suffixes, then a signed number.
fn suffix_shape(suffix: &str) -> bool {
    let rest = suffix.trim_start_matches(|c| "eEinumkKMGTP".contains(c));
    let rest = rest.strip_prefix(['+', '-']).unwrap_or(rest);
    rest.bytes().all(|b| b.is_ascii_digit())
}
