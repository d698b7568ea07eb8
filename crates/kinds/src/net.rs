//! Addresses and address ranges: how they are read, what is wrong with them, what one should write instead.
//!
//! Entry points: [`Address::parse`] and [`Range::parse`] read as leniently as Kubernetes always did; the functions
//! below them report failures and warnings with upstream's texts (k8s.io/apimachinery `util/validation/ip.go`).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use api::field;

use crate::names::{self, Faults};

const BAD_ADDRESS: &str = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
const BAD_RANGE: &str = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
const BAD_INTERFACE: &str = "must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)";

/// An address as somebody wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    /// The address; one mapped into IPv6 is given as the IPv4 address it is.
    pub ip: IpAddr,
    /// It was written as an IPv6 address that stands for an IPv4 one.
    pub mapped: bool,
    /// It was written with more digits than it needs to have.
    pub padded: bool,
}

impl Address {
    /// Reads an address; leading zeros are allowed and decimal.
    pub fn parse(text: &str) -> Option<Self> {
        let strict = text.parse::<IpAddr>().ok();
        let ip = match strict {
            Some(ip) => ip,
            None if text.contains(':') => IpAddr::V6(lenient_v6(text)?),
            None => IpAddr::V4(lenient_v4(text)?),
        };
        let canonical = ip.to_canonical();
        Some(Self { ip: canonical, mapped: canonical != ip, padded: strict.is_none() })
    }
}

/// Four decimal numbers with any number of leading zeros.
fn lenient_v4(text: &str) -> Option<Ipv4Addr> {
    let mut octets = [0; 4];
    let mut parts = text.split('.');
    for octet in &mut octets {
        *octet = trimmed(parts.next()?, 1, |b| b.is_ascii_digit())?.parse().ok()?;
    }
    parts.next().is_none().then(|| octets.into())
}

/// Groups of hexadecimal digits with any number of leading zeros, an IPv4 address possibly at the end.
fn lenient_v6(text: &str) -> Option<Ipv6Addr> {
    let group = |group: &str| match group {
        "" => Some(String::new()),
        group if group.contains('.') => lenient_v4(group).map(|ip| ip.to_string()),
        group => trimmed(group, 4, |b| b.is_ascii_hexdigit()).map(str::to_owned),
    };
    text.split(':').map(group).collect::<Option<Vec<_>>>()?.join(":").parse().ok()
}

/// A number without those of its leading zeros that make it longer than `len`.
fn trimmed(number: &str, len: usize, digit: fn(&u8) -> bool) -> Option<&str> {
    let sound = !number.is_empty() && number.as_bytes().iter().all(digit);
    let zeros = number.bytes().take_while(|b| *b == b'0').count();
    number.get(zeros.min(number.len().saturating_sub(len))..).filter(|_| sound)
}

/// A range of addresses as somebody wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The address in front of the slash.
    pub address: Address,
    /// The first address of the range.
    pub first: IpAddr,
    /// Length of the prefix in bits, counted for the kind of address that `first` is.
    pub bits: u8,
    /// The prefix length was written with leading zeros.
    padded_bits: bool,
}

impl Range {
    /// Reads a range in CIDR form; leading zeros are allowed and decimal.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/')?;
        let written_v6 = address.contains(':');
        let address = Address::parse(address)?;
        let digits = trimmed(length, 1, |b| b.is_ascii_digit())?;
        let bits: u8 = digits.parse().ok()?;
        let (first, bits) = masked(address.ip, written_v6, bits)?;
        Some(Self { address, first, bits, padded_bits: digits.len() != length.len() })
    }

    /// True when an address lies in the range.
    pub fn contains(&self, ip: IpAddr) -> bool {
        same_family(self.first, ip)
            && masked(ip, ip.is_ipv6(), self.bits).is_some_and(|(first, _)| first == self.first)
    }

    /// True when all of `other` lies in the range.
    pub fn covers(&self, other: &Range) -> bool {
        other.bits >= self.bits && self.contains(other.first)
    }

    /// The range as it should be written.
    pub fn canonical(&self) -> String {
        format!("{}/{}", self.first, self.bits)
    }
}

/// The first address of the range an address lies in, and the prefix length for its family; `None` when `bits` is
/// too long.
fn masked(ip: IpAddr, written_v6: bool, bits: u8) -> Option<(IpAddr, u8)> {
    match ip {
        IpAddr::V4(ip) if !written_v6 => {
            let mask = u32::MAX.checked_shl(32_u32.checked_sub(bits.into())?).unwrap_or(0);
            Some((IpAddr::V4((u32::from(ip) & mask).into()), bits))
        }
        ip => {
            let ip = match ip {
                IpAddr::V4(ip) => ip.to_ipv6_mapped(),
                IpAddr::V6(ip) => ip,
            };
            let mask = u128::MAX.checked_shl(128_u32.checked_sub(bits.into())?).unwrap_or(0);
            let first = IpAddr::V6((u128::from(ip) & mask).into()).to_canonical();
            Some((first, if first.is_ipv4() { bits.saturating_sub(96) } else { bits }))
        }
    }
}

fn same_family(a: IpAddr, b: IpAddr) -> bool {
    a.is_ipv4() == b.is_ipv4()
}

/// Reports an address that cannot be accepted in a field that once was laxer; those in `old` stay acceptable.  True
/// when there is nothing to report.
pub fn check_legacy_ip<'a>(
    errors: &mut field::Errors,
    path: &field::Path,
    text: &str,
    old: impl IntoIterator<Item = &'a str>,
) -> bool {
    if old.into_iter().any(|known| known == text) {
        return true;
    }
    let fault = legacy_fault(text);
    if let Some(fault) = fault {
        errors.invalid(path, &text.into(), fault);
    }
    fault.is_none()
}

/// Reports an address that is not written in its one canonical form.
pub fn check_ip(errors: &mut field::Errors, path: &field::Path, text: &str) {
    names::report(errors, path, text, &ip_faults(text));
}

/// What is wrong with an address that must be written in its one canonical form.
pub fn ip_faults(text: &str) -> Faults {
    let fault = legacy_fault(text).map(str::to_owned);
    let address = || Address::parse(text).map(|address| address.ip.to_string());
    fault.or_else(|| not_canonical(text, &address()?)).into_iter().collect()
}

fn legacy_fault(text: &str) -> Option<&'static str> {
    match Address::parse(text) {
        None => Some(BAD_ADDRESS),
        Some(address) if address.padded => Some("must not have leading 0s"),
        Some(address) if address.mapped => Some("must not be an IPv4-mapped IPv6 address"),
        Some(_) => None,
    }
}

fn not_canonical(text: &str, wanted: &str) -> Option<String> {
    (text != wanted).then(|| format!("must be in canonical form ({})", field::go_quote(wanted)))
}

fn canonical(errors: &mut field::Errors, path: &field::Path, text: &str, wanted: &str) {
    if let Some(fault) = not_canonical(text, wanted) {
        errors.invalid(path, &text.into(), fault);
    }
}

/// Reports a range that cannot be accepted in a field that once was laxer; those in `old` stay acceptable.  True when
/// there is nothing to report.
pub fn check_legacy_cidr<'a>(
    errors: &mut field::Errors,
    path: &field::Path,
    text: &str,
    old: impl IntoIterator<Item = &'a str>,
) -> bool {
    if old.into_iter().any(|known| known == text) {
        return true;
    }
    parsed_range(errors, path, text).is_some()
}

/// Reports a range that is not written in its one canonical form.
pub fn check_cidr(errors: &mut field::Errors, path: &field::Path, text: &str) {
    if let Some(range) = parsed_range(errors, path, text) {
        canonical(errors, path, text, &range.canonical());
    }
}

/// A range that may be used, `None` when a failure was reported.
fn parsed_range(errors: &mut field::Errors, path: &field::Path, text: &str) -> Option<Range> {
    let Some(range) = Range::parse(text) else {
        errors.invalid(path, &text.into(), BAD_RANGE);
        return None;
    };
    let why = if range.address.padded || range.padded_bits {
        "must not have leading 0s in IP or prefix length"
    } else if range.address.mapped {
        "must not have an IPv4-mapped IPv6 address"
    } else if range.address.ip != range.first {
        "must not have bits set beyond the prefix length"
    } else {
        return Some(range);
    };
    errors.invalid(path, &text.into(), why);
    None
}

/// Reports an address with the length of its prefix that is not written in canonical form.
pub fn check_interface_address(errors: &mut field::Errors, path: &field::Path, text: &str) {
    match Range::parse(text) {
        Some(range) => canonical(errors, path, text, &format!("{}/{}", range.address.ip, range.bits)),
        None => errors.invalid(path, &text.into(), BAD_INTERFACE),
    }
}

/// A warning about an address that can be written better.
pub fn ip_warning(path: &field::Path, text: &str) -> Option<String> {
    let address = Address::parse(text)?;
    let wanted = address.ip.to_string();
    let (shown, better) = (field::go_quote(text), field::go_quote(&wanted));
    if address.padded || address.mapped {
        return Some(format!("{path}: non-standard IP address {shown} is invalid: use {better}"));
    }
    let odd = address.ip.is_ipv6() && wanted != text;
    odd.then(|| format!("{path}: IPv6 address {shown} should be in RFC 5952 canonical format ({better})"))
}

/// Warnings about a range that can be written better.
pub fn cidr_warnings(path: &field::Path, text: &str) -> Vec<String> {
    let mut warnings = Vec::new();
    let Some(range) = Range::parse(text) else { return warnings };
    let (shown, better) = (field::go_quote(text), field::go_quote(&range.canonical()));
    if range.address.ip != range.first {
        let all = if text.contains(':') { 128 } else { 32 };
        let single = field::go_quote(&format!("{}/{all}", range.address.ip));
        warnings.push(format!(
            "{path}: CIDR value {shown} is ambiguous in this context (should be {better} or {single}?)"
        ));
    }
    if range.address.padded || range.padded_bits || range.address.mapped {
        warnings.push(format!("{path}: non-standard CIDR value {shown} is invalid: use {better}"));
    }
    if warnings.is_empty() && range.first.is_ipv6() && range.canonical() != text {
        warnings.push(format!(
            "{path}: IPv6 CIDR value {shown} should be in RFC 5952 canonical format ({better})"
        ));
    }
    warnings
}

#[cfg(test)]
mod tests;
