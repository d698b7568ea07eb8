//! Blocks of addresses.

use std::net::IpAddr;

/// A block of addresses, such as `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    is_v4: bool,
    base: u128,
    length: u8,
}

/// Addresses of one link, which no pod and no node of a cluster is reached by.
const LINK_LOCAL: [&str; 2] = ["169.254.0.0/16", "fe80::/10"];

impl Block {
    /// Reads a block, or an address that stands for itself.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, length) = match text.trim().split_once('/') {
            Some((address, length)) => (address, Some(length.parse::<u8>().ok()?)),
            None => (text.trim(), None),
        };
        let (is_v4, bits) = bits(address.parse().ok()?);
        let most = if is_v4 { 32 } else { 128 };
        let length = length.unwrap_or(most);
        (length <= most).then(|| Self { is_v4, base: bits & mask(is_v4, length), length })
    }

    /// True when the address is in it.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        let (is_v4, bits) = bits(address);
        is_v4 == self.is_v4 && bits & mask(is_v4, self.length) == self.base
    }

    /// True when every address of the other is in it.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        self.is_v4 == other.is_v4
            && self.length <= other.length
            && other.base & mask(self.is_v4, self.length) == self.base
    }

    /// True when some address is in both.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.covers(other) || other.covers(self)
    }

    /// True for every address of its family.
    pub(crate) fn is_everything(&self) -> bool {
        self.length == 0
    }

    /// True for addresses of one link only.
    pub(crate) fn is_link_local(&self) -> bool {
        LINK_LOCAL.iter().filter_map(|block| Self::parse(block)).any(|block| block.covers(self))
    }
}

fn bits(address: IpAddr) -> (bool, u128) {
    match address {
        IpAddr::V4(v4) => (true, u128::from(v4.to_bits())),
        IpAddr::V6(v6) => (false, v6.to_bits()),
    }
}

fn mask(is_v4: bool, length: u8) -> u128 {
    let width = if is_v4 { 32 } else { 128 };
    let host = width - u32::from(length).min(width);
    u128::MAX.checked_shl(host).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks() {
        let block = |text| Block::parse(text).unwrap();
        let inside = |text, address: &str| block(text).contains(address.parse().unwrap());
        assert!(inside("10.0.0.0/8", "10.255.0.1") && !inside("10.0.0.0/8", "11.0.0.0"));
        assert!(inside("10.1.2.3/8", "10.0.0.1"), "bits of the host do not count");
        assert!(inside("0.0.0.0/0", "255.255.255.255") && !inside("0.0.0.0/0", "::1"));
        assert!(
            inside("::/0", "fd00::1") && inside("10.0.0.1", "10.0.0.1") && !inside("10.0.0.1", "10.0.0.2")
        );
        assert!(
            block("10.0.0.0/8").covers(&block("10.1.0.0/16"))
                && !block("10.1.0.0/16").covers(&block("10.0.0.0/8"))
        );
        assert!(
            block("10.1.0.0/16").overlaps(&block("10.0.0.0/8"))
                && !block("10.1.0.0/16").overlaps(&block("10.2.0.0/16"))
        );
        assert!(block("169.254.169.254/32").is_link_local() && !block("0.0.0.0/0").is_link_local());
        for bad in ["", "x", "10.0.0.0/33", "10.0.0/8", "::/129", "10.0.0.0/-1"] {
            assert!(Block::parse(bad).is_none(), "{bad}");
        }
    }
}
