//! Decimals of any length: a sign, digits and a power of ten, with the few operations quantities need.

use std::cmp::Ordering;

use super::Str;
use super::amount::pow10_f64;

/// When two numbers lie further apart than this many digits, a sum keeps the larger one alone, so that a text like
/// `1e2000000000` cannot make memory grow.
const MAX_SPREAD: i64 = 4096;

/// `±digits * 10^exponent`.
#[derive(Clone, Debug)]
pub(super) struct Decimal {
    negative: bool,
    /// Values 0 to 9, the most significant first.  INVARIANT: no leading zero; empty for zero.
    digits: Vec<u8>,
    exponent: i64,
}

impl Decimal {
    fn new(negative: bool, mut digits: Vec<u8>, exponent: i64) -> Self {
        let zeros = digits.iter().take_while(|d| **d == 0).count();
        digits.drain(..zeros);
        Self { negative, digits, exponent }
    }

    /// The number with these ASCII digits on both sides of the point.
    pub(super) fn from_digits(whole: &str, fraction: &str) -> Self {
        let digits = whole.bytes().chain(fraction.bytes()).map(|b| b.wrapping_sub(b'0')).collect();
        Self::new(false, digits, -(fraction.len() as i64))
    }

    pub(super) fn from_i64(value: i64, exponent: i64) -> Self {
        let digits = value.unsigned_abs().to_string().bytes().map(|b| b - b'0').collect();
        Self::new(value < 0, digits, exponent)
    }

    pub(super) fn sign(&self) -> i32 {
        match (self.digits.is_empty(), self.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        }
    }

    pub(super) fn negate(&mut self) {
        self.negative = !self.negative;
    }

    /// Writes the zeros down to `10^place`, as upstream does when it rounds; far ones stay an exponent.
    pub(super) fn pad(&mut self, place: i64) {
        let missing = self.exponent - place;
        if !self.digits.is_empty() && (1..=MAX_SPREAD).contains(&missing) {
            self.digits.resize(self.digits.len() + missing as usize, 0);
            self.exponent = place;
        }
    }

    /// Multiplies by `10^n`.
    pub(super) fn shift(&mut self, n: i64) {
        self.exponent += n;
    }

    /// How many digits stand in front of the point.
    pub(super) fn magnitude(&self) -> i64 {
        self.digits.len() as i64 + self.exponent
    }

    /// The digit that counts `10^place`.
    fn digit(&self, place: i64) -> u8 {
        let from_top = self.magnitude() - 1 - place;
        usize::try_from(from_top).ok().and_then(|i| self.digits.get(i)).copied().unwrap_or(0)
    }

    pub(super) fn compare(&self, other: &Self) -> Ordering {
        let signs = self.sign().cmp(&other.sign());
        if signs != Ordering::Equal || self.sign() == 0 {
            return signs;
        }
        let size = self.compare_size(other);
        if self.negative { size.reverse() } else { size }
    }

    /// Compares without signs; neither is zero.
    fn compare_size(&self, other: &Self) -> Ordering {
        self.magnitude().cmp(&other.magnitude()).then_with(|| {
            let longest = self.digits.len().max(other.digits.len());
            let padded = |d: &Self, i: usize| d.digits.get(i).copied().unwrap_or(0);
            (0..longest)
                .map(|i| padded(self, i).cmp(&padded(other, i)))
                .find(|o| o.is_ne())
                .unwrap_or(Ordering::Equal)
        })
    }

    /// Rounds away from zero to a multiple of `10^place`; true when nothing was lost.
    pub(super) fn round_up(&mut self, place: i64) -> bool {
        if self.exponent >= place || self.digits.is_empty() {
            return true;
        }
        let keep = usize::try_from(self.magnitude() - place).unwrap_or(0).min(self.digits.len());
        let lost = self.digits.drain(keep..).any(|d| d != 0);
        self.exponent = place;
        if lost {
            self.increment();
        }
        !lost
    }

    fn increment(&mut self) {
        for digit in self.digits.iter_mut().rev() {
            if *digit < 9 {
                *digit += 1;
                return;
            }
            *digit = 0;
        }
        self.digits.insert(0, 1);
    }

    pub(super) fn mul_small(&mut self, factor: u64) {
        let mut carry = 0u128;
        for digit in self.digits.iter_mut().rev() {
            let n = u128::from(*digit) * u128::from(factor) + carry;
            *digit = (n % 10) as u8;
            carry = n / 10;
        }
        let mut front = Vec::new();
        while carry > 0 {
            front.push((carry % 10) as u8);
            carry /= 10;
        }
        front.reverse();
        front.append(&mut self.digits);
        *self = Self::new(self.negative, front, self.exponent);
    }

    /// Divides a whole number when nothing remains; true when it did.
    pub(super) fn divide_exactly(&mut self, divisor: u32) -> bool {
        self.expand();
        let mut rest = 0u32;
        let quotient: Vec<u8> = self
            .digits
            .iter()
            .map(|d| {
                rest = rest * 10 + u32::from(*d);
                let q = rest / divisor;
                rest %= divisor;
                q as u8
            })
            .collect();
        if rest == 0 && !self.digits.is_empty() {
            *self = Self::new(self.negative, quotient, 0);
            return true;
        }
        false
    }

    /// Writes a whole number out, so that its exponent is 0; the caller has bounded its magnitude.
    fn expand(&mut self) {
        while self.exponent > 0 {
            self.digits.push(0);
            self.exponent -= 1;
        }
        while self.exponent < 0 && self.digits.last() == Some(&0) {
            self.digits.pop();
            self.exponent += 1;
        }
    }

    /// True when there is nothing behind the point.
    pub(super) fn is_whole(&self) -> bool {
        let zeros = self.digits.iter().rev().take_while(|d| **d == 0).count() as i64;
        self.digits.is_empty() || self.exponent + zeros >= 0
    }

    /// The whole number, when it is one and fits.
    pub(super) fn to_i128(&self) -> Option<i128> {
        if self.digits.is_empty() {
            return Some(0);
        }
        if !self.is_whole() || self.magnitude() > 38 {
            return None;
        }
        let size = (0..self.magnitude())
            .rev()
            .try_fold(0i128, |n, place| n.checked_mul(10)?.checked_add(i128::from(self.digit(place))))?;
        Some(if self.negative { -size } else { size })
    }

    /// The number in units of `10^place`, when it is a whole number of them and fits 64 bits.
    pub(super) fn mantissa_at(&self, place: i64) -> Option<i64> {
        let mut unit = self.clone();
        unit.shift(-place);
        unit.to_i128().and_then(|n| i64::try_from(n).ok())
    }

    /// The number in units of `10^place` with upstream's rounding and its wrap-around: up for positive numbers; for
    /// negative ones on the wrapped mantissa, one above its truncation.
    pub(super) fn scaled(&self, place: i64) -> i64 {
        let drop = place - self.exponent;
        if self.negative && (1..19).contains(&drop) {
            let mantissa = self.wrapped(self.exponent);
            let divisor = 10i64.pow(drop as u32);
            return mantissa / divisor + i64::from(mantissa % divisor != 0);
        }
        let lost = (0..drop.min(self.digits.len() as i64)).any(|i| self.digit(self.exponent + i) != 0);
        self.wrapped(place).wrapping_add(i64::from(lost && !self.negative))
    }

    /// The low 64 bits of the number in units of `10^place`, cut off behind them.
    fn wrapped(&self, place: i64) -> i64 {
        let below = (place - self.exponent).clamp(0, self.digits.len() as i64) as usize;
        let kept = self.digits.iter().take(self.digits.len() - below);
        let mut n = kept.fold(0i64, |n, d| n.wrapping_mul(10).wrapping_add(i64::from(*d)));
        // 10^64 has 64 trailing zero bits: more factors change nothing.
        for _ in 0..(self.exponent - place).clamp(0, 64) {
            n = n.wrapping_mul(10);
        }
        if self.negative { n.wrapping_neg() } else { n }
    }

    pub(super) fn plus(&self, other: &Self) -> Self {
        if other.digits.is_empty() {
            return self.clone();
        }
        if self.digits.is_empty() {
            return other.clone();
        }
        let low = self.exponent.min(other.exponent);
        let high = self.magnitude().max(other.magnitude());
        let (larger, smaller) =
            if self.compare_size(other) == Ordering::Less { (other, self) } else { (self, other) };
        if high - low > MAX_SPREAD + self.digits.len() as i64 + other.digits.len() as i64 {
            return larger.clone();
        }
        let opposite = larger.negative != smaller.negative;
        let mut carry = 0i8;
        let mut digits: Vec<u8> = (low..=high)
            .map(|place| {
                let (a, b) = (larger.digit(place) as i8, smaller.digit(place) as i8);
                let n = if opposite { a - b + carry } else { a + b + carry };
                carry = n.div_euclid(10);
                n.rem_euclid(10) as u8
            })
            .collect();
        digits.reverse();
        Self::new(larger.negative, digits, low)
    }

    /// The digits of a whole number, signed.
    pub(super) fn whole_text(&mut self) -> Str {
        self.expand();
        self.signed_digits()
    }

    fn signed_digits(&self) -> Str {
        let sign = if self.negative { "-" } else { "" };
        let digits = self.digits.iter().map(|d| char::from(b'0' + d));
        sign.chars().chain(digits).collect()
    }

    /// Trailing zeros moved into the exponent, which becomes a multiple of three.
    pub(super) fn canonical(mut self) -> (Str, i64) {
        while self.digits.last() == Some(&0) {
            self.digits.pop();
            self.exponent += 1;
        }
        while self.exponent % 3 != 0 {
            self.digits.push(0);
            self.exponent -= 1;
        }
        (self.signed_digits(), self.exponent)
    }

    pub(super) fn approximate_f64(&self) -> f64 {
        let base: f64 = self.signed_digits().parse().unwrap_or(0.0);
        if self.exponent == 0 { base } else { base * pow10_f64(self.exponent) }
    }
}
