//! Addresses and address ranges.

pub(super) mod complaint;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use api::field::go_quote;

use super::{Cost, Ext, ONE, Row, convert, ext, extension, row, text};
use crate::error::Error;
use crate::value::Value;

const READ: Cost = Cost::First(0.1);
const IN_RANGE: Cost = Cost::Contains { range: false, text: false };

pub(super) static ROWS: &[Row] = &[
    row("ip", "string_to_ip", "(string): net.IP", READ, |a| Ok(ext(Ext::Ip(read_ip(text(a, 0)?)?)))),
    row("ip", "cidr_ip", "net.CIDR.(): net.IP", ONE, |a| Ok(ext(Ext::Ip(cidr(a, 0)?.address)))),
    row("family", "ip_family", "net.IP.(): int", ONE, |a| {
        Ok(Value::Int(if ip(a, 0)?.is_ipv4() { 4 } else { 6 }))
    }),
    row("ip.isCanonical", "ip_is_canonical", "(string): bool", Cost::First(0.2), |a| {
        let text = text(a, 0)?;
        Ok(Value::Bool(read_ip(text)?.to_string() == text))
    }),
    row("isUnspecified", "ip_is_unspecified", "net.IP.(): bool", ONE, |a| {
        Ok(Value::Bool(ip(a, 0)?.is_unspecified()))
    }),
    row("isLoopback", "ip_is_loopback", "net.IP.(): bool", ONE, |a| Ok(Value::Bool(ip(a, 0)?.is_loopback()))),
    row("isLinkLocalMulticast", "ip_is_link_local_multicast", "net.IP.(): bool", ONE, |a| {
        Ok(Value::Bool(match ip(a, 0)? {
            IpAddr::V4(ip) => ip.octets().starts_with(&[224, 0, 0]),
            IpAddr::V6(ip) => {
                ip.octets().first() == Some(&0xff) && ip.octets().get(1).is_some_and(|b| b & 0x0f == 2)
            }
        }))
    }),
    row("isLinkLocalUnicast", "ip_is_link_local_unicast", "net.IP.(): bool", ONE, |a| {
        Ok(Value::Bool(link_local(ip(a, 0)?)))
    }),
    row("isGlobalUnicast", "ip_is_global_unicast", "net.IP.(): bool", ONE, |a| {
        let ip = ip(a, 0)?;
        let broadcast = ip == IpAddr::V4(Ipv4Addr::BROADCAST);
        let special =
            broadcast || ip.is_unspecified() || ip.is_loopback() || ip.is_multicast() || link_local(ip);
        Ok(Value::Bool(!special))
    }),
    row("isIP", "is_ip", "(string): bool", READ, |a| Ok(Value::Bool(read_ip(text(a, 0)?).is_ok()))),
    row("string", "ip_to_string", "(net.IP): string", ONE, convert::ext_to_string),
    row("cidr", "string_to_cidr", "(string): net.CIDR", READ, |a| {
        Ok(ext(Ext::Cidr(read_cidr_value(text(a, 0)?)?)))
    }),
    row(
        "containsIP",
        "cidr_contains_ip_string",
        "net.CIDR.(string): bool",
        Cost::Contains { range: false, text: true },
        |a| Ok(Value::Bool(cidr(a, 0)?.holds(read_ip(text(a, 1)?).map_err(|_| Error::no_such_overload())?))),
    ),
    row("containsIP", "cidr_contains_ip_ip", "net.CIDR.(net.IP): bool", IN_RANGE, |a| {
        Ok(Value::Bool(cidr(a, 0)?.holds(ip(a, 1)?)))
    }),
    row(
        "containsCIDR",
        "cidr_contains_cidr_string",
        "net.CIDR.(string): bool",
        Cost::Contains { range: true, text: true },
        |a| Ok(Value::Bool(cidr(a, 0)?.covers(read_cidr_value(text(a, 1)?)?))),
    ),
    row(
        "containsCIDR",
        "cidr_contains_cidr",
        "net.CIDR.(net.CIDR): bool",
        Cost::Contains { range: true, text: false },
        |a| Ok(Value::Bool(cidr(a, 0)?.covers(cidr(a, 1)?))),
    ),
    row("prefixLength", "cidr_prefix_length", "net.CIDR.(): int", ONE, |a| {
        Ok(Value::Int(i64::from(cidr(a, 0)?.bits)))
    }),
    row("masked", "cidr_masked", "net.CIDR.(): net.CIDR", ONE, |a| Ok(ext(Ext::Cidr(cidr(a, 0)?.masked())))),
    row("isCIDR", "is_cidr", "(string): bool", READ, |a| Ok(Value::Bool(read_cidr(text(a, 0)?).is_ok()))),
    row("string", "cidr_to_string", "(net.CIDR): string", ONE, convert::ext_to_string),
];

/// An address and how many of its first bits belong to the range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cidr {
    /// The address, which may have bits beyond the prefix.
    pub address: IpAddr,
    /// The length of the prefix.
    pub bits: u8,
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

impl Cidr {
    fn masked(self) -> Self {
        let address = match self.address {
            IpAddr::V4(ip) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.bits)).unwrap_or(0);
                IpAddr::V4(Ipv4Addr::from(u32::from(ip) & mask))
            }
            IpAddr::V6(ip) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.bits)).unwrap_or(0);
                IpAddr::V6(Ipv6Addr::from(u128::from(ip) & mask))
            }
        };
        Self { address, bits: self.bits }
    }

    fn holds(self, ip: IpAddr) -> bool {
        self.address.is_ipv4() == ip.is_ipv4()
            && Self { address: ip, bits: self.bits }.masked() == self.masked()
    }

    fn covers(self, other: Self) -> bool {
        self.bits <= other.bits && self.holds(other.address)
    }
}

fn ip(args: &[Value<'_>], i: usize) -> Result<IpAddr, Error> {
    if let Ext::Ip(ip) = extension(args, i)? { Ok(*ip) } else { Err(Error::no_such_overload()) }
}

fn cidr(args: &[Value<'_>], i: usize) -> Result<Cidr, Error> {
    if let Ext::Cidr(cidr) = extension(args, i)? { Ok(*cidr) } else { Err(Error::no_such_overload()) }
}

fn link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.segments().first().is_some_and(|s| s & 0xffc0 == 0xfe80),
    }
}

fn read_ip(text: &str) -> Result<IpAddr, Error> {
    let quoted = go_quote(text);
    let (address, zone) = text.split_once('%').filter(|(a, _)| a.contains(':')).unwrap_or((text, ""));
    let ip: IpAddr = address.parse().map_err(|_| {
        Error::new(format!(
            "IP Address {quoted} parse error during conversion from string: {}",
            complaint::of(text)
        ))
    })?;
    if !zone.is_empty() {
        return Err(Error::new(format!("IP address {quoted} with zone value is not allowed")));
    }
    if mapped(ip) {
        return Err(Error::new(format!("IPv4-mapped IPv6 address {quoted} is not allowed")));
    }
    Ok(ip)
}

fn mapped(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V6(ip) if ip.to_ipv4_mapped().is_some())
}

fn read_cidr(text: &str) -> Result<Cidr, String> {
    let quoted = go_quote(text);
    let fault = |why: &str| {
        format!(
            "network address parse error during conversion from string: netip.ParsePrefix({quoted}): {why}"
        )
    };
    let (address, bits) = text.rsplit_once('/').ok_or_else(|| fault("no '/'"))?;
    let ip: IpAddr = address.parse().map_err(|_| {
        let why = complaint::of(address);
        fault(&why)
    })?;
    let digits = bits.len() <= 3 && !bits.is_empty() && bits.bytes().all(|b| b.is_ascii_digit());
    if !digits || (bits.len() > 1 && bits.starts_with('0')) {
        return Err(fault(&format!("bad bits after slash: {}", go_quote(bits))));
    }
    let most = if ip.is_ipv4() { 32 } else { 128 };
    let bits: u8 =
        bits.parse().ok().filter(|b| *b <= most).ok_or_else(|| fault("prefix length out of range"))?;
    if mapped(ip) {
        return Err(format!("IPv4-mapped IPv6 address {quoted} is not allowed"));
    }
    Ok(Cidr { address: ip, bits })
}

fn read_cidr_value(text: &str) -> Result<Cidr, Error> {
    read_cidr(text)
        .map_err(|e| Error::new(format!("network address parse error during conversion from string: {e}")))
}
