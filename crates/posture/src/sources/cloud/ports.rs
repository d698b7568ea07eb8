//! Ports and addresses as rules of firewalls name them.
//!
//! Entry points: [`Ports::parse`], [`Range::parse`].

use std::fmt;
use std::net::IpAddr;

/// Ports from the first to the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ports {
    pub first: u16,
    pub last: u16,
}

/// Addresses with a common beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub address: IpAddr,
    pub prefix: u8,
}

impl Ports {
    /// Every port.
    pub(crate) const ALL: Self = Self { first: 0, last: u16::MAX };

    /// One port.
    pub(crate) const fn one(port: u16) -> Self {
        Self { first: port, last: port }
    }

    /// Ports from one to another.
    pub(crate) const fn of(first: u16, last: u16) -> Self {
        Self { first, last }
    }

    /// Reads `22`, `30000-32767`, or several of them with commas; nothing for a text that is none of it.
    pub(crate) fn parse(text: &str) -> Vec<Self> {
        let one = |part: &str| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
            (first <= last).then_some(Self { first, last })
        };
        text.split(',').filter_map(one).collect()
    }

    /// How many there are.
    pub(crate) fn count(self) -> u32 {
        u32::from(self.last) - u32::from(self.first) + 1
    }

    /// True when both have a port in common.
    pub(crate) fn meets(self, other: Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }

    /// True when all of the other are in it.
    pub(crate) fn contains(self, other: Self) -> bool {
        self.first <= other.first && other.last <= self.last
    }

    /// True for every port that can be used; 0 is none.
    pub(crate) fn is_all(self) -> bool {
        self.first <= 1 && self.last == u16::MAX
    }
}

/// `22`, `2379-2380`.
impl fmt::Display for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.first == self.last {
            true => write!(f, "{}", self.first),
            false => write!(f, "{}-{}", self.first, self.last),
        }
    }
}

impl Range {
    /// Reads an address, or addresses with a common beginning.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.trim().split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse::<u8>().ok()?)),
            None => (text.trim(), None),
        };
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(most);
        (prefix <= most).then_some(Self { address, prefix })
    }

    /// True for addresses of everybody.  Half of all addresses is no restriction either: two such rules are all of them.
    pub(crate) fn is_world(self) -> bool {
        self.prefix <= 1
    }

    /// True for more addresses than a site has: wider than /24, of the newer ones wider than /64.
    pub(crate) fn is_wide(self) -> bool {
        self.prefix < if self.address.is_ipv4() { 24 } else { 64 }
    }

    /// True for addresses that are used within networks only.
    pub(crate) fn is_private(self) -> bool {
        const PRIVATE: [&str; 5] =
            ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"];
        PRIVATE.iter().filter_map(|range| Self::parse(range)).any(|range| range.contains(self))
    }

    /// True when all of the other are in it.
    pub(crate) fn contains(self, other: Self) -> bool {
        let bits = |address: IpAddr| match address {
            IpAddr::V4(a) => (u128::from(u32::from(a)) << 96, true),
            IpAddr::V6(a) => (u128::from(a), false),
        };
        let ((mine, v4), (theirs, also_v4)) = (bits(self.address), bits(other.address));
        let differ = (mine ^ theirs).checked_shr(128 - u32::from(self.prefix)).unwrap_or(0);
        v4 == also_v4 && self.prefix <= other.prefix && differ == 0
    }
}

/// True when a text names addresses of everybody.
pub(crate) fn is_world(text: &str) -> bool {
    Range::parse(text).is_some_and(Range::is_world)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports() {
        assert_eq!(Ports::parse("22"), [Ports::one(22)]);
        assert_eq!(Ports::parse("1-65535, 80"), [Ports::of(1, 65535), Ports::one(80)]);
        for text in ["", "a", "5-1", "70000"] {
            assert!(Ports::parse(text).is_empty(), "{text}");
        }
        assert!(
            Ports::of(1, 65535).is_all() && !Ports::of(22, 65535).is_all() && Ports::ALL.count() == 65536
        );
        assert!(Ports::of(1, 30).meets(Ports::one(30)) && !Ports::of(1, 30).meets(Ports::one(31)));
    }

    #[test]
    fn ranges() {
        let range = |text: &str| Range::parse(text).unwrap();
        for world in ["0.0.0.0/0", "::/0", "128.0.0.0/1", "203.0.113.9/0"] {
            assert!(is_world(world), "{world}");
        }
        assert!(!is_world("10.0.0.0/8") && !is_world("") && Range::parse("10.0.0.0/33").is_none());
        assert!(range("203.0.113.0/23").is_wide() && !range("203.0.113.0/24").is_wide());
        assert!(range("10.1.0.0/16").is_private() && !range("203.0.113.0/24").is_private());
        assert!(
            range("10.0.0.0/8").contains(range("10.9.0.0/16")) && range("::/0").contains(range("fd00::1"))
        );
        assert!(
            !range("10.0.0.0/8").contains(range("11.0.0.0/8")) && !range("0.0.0.0/0").contains(range("::1"))
        );
    }
}
