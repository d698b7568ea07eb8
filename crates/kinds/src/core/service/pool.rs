//! Addresses and ports handed out from memory.
//!
//! Entry point: [`Pool`].  A server fills it from its Services when it starts and asks it for every write.

use std::collections::HashSet;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use api::{Value, object};

use super::allocation::{Allocators, Owner};
use super::families::family_name;
use super::{is_headless, needs_cluster_ip, needs_health_port, node_ports};
use crate::net;

/// Why an address or a port was not given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// All are taken.
    Full,
    /// The address is taken.
    IpTaken,
    /// The port is taken.
    PortTaken,
    /// No range of the cluster holds the address.
    ForeignIp,
    /// The range does not hold the address: the address, the range.
    IpOutside(IpAddr, String),
    /// The range does not hold the port: first and last port.
    PortOutside(i64, i64),
}

/// Upstream's texts.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("range is full"),
            Self::IpTaken => f.write_str("provided IP is already allocated"),
            Self::PortTaken => f.write_str("provided port is already allocated"),
            Self::ForeignIp => f.write_str("the provided network does not match the current range"),
            Self::IpOutside(ip, range) => {
                write!(
                    f,
                    "the provided IP ({ip}) is not in the valid range. The range of valid IPs is {range}"
                )
            }
            Self::PortOutside(first, last) => {
                write!(
                    f,
                    "provided port is not in the valid range. The range of valid ports is {first}-{last}"
                )
            }
        }
    }
}

impl std::error::Error for Refusal {}

/// A random number below the one given.
pub type Random = Box<dyn Fn(u64) -> u64 + Send + Sync>;

/// Addresses and ports of a cluster, taken and free.  Numbers are picked at random, by preference from the upper part
/// of a range, so that the lower part stays for those who ask for a certain one (KEP-3070).
pub struct Pool {
    ranges: Vec<IpRange>,
    families: Vec<&'static str>,
    first_port: i64,
    last_port: i64,
    random: Random,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    ips: HashSet<IpAddr>,
    ports: HashSet<i64>,
}

struct IpRange {
    range: net::Range,
    /// How many addresses can be given, and how many of those at the start stay back.
    size: u64,
    reserved: u64,
}

impl Pool {
    /// A pool over ranges of addresses (at most one a family, the default family first) and a range of ports, all
    /// free.
    pub fn new(ranges: &[net::Range], ports: std::ops::RangeInclusive<u16>, random: Random) -> Self {
        Self {
            families: ranges.iter().map(|range| family_name(range.first)).collect(),
            ranges: ranges.iter().map(|range| IpRange::new(*range)).collect(),
            first_port: (*ports.start()).into(),
            last_port: (*ports.end()).into(),
            random,
            taken: Mutex::default(),
        }
    }

    /// Takes what a Service has already; used when a server starts.
    pub fn occupy(&self, service: &Value) {
        let mut taken = self.taken();
        if needs_cluster_ip(service) && !is_headless(service) {
            let ips = service.array_at(&["spec", "clusterIPs"]).iter().filter_map(Value::as_str);
            taken.ips.extend(ips.filter_map(net::Address::parse).map(|address| address.ip));
        }
        taken.ports.extend(node_ports(service));
        if needs_health_port(service) {
            taken.ports.extend(service.at(&["spec", "healthCheckNodePort"]).as_i64());
        }
    }

    /// A panic in the middle of a set operation cannot leave the sets torn, so a poisoned lock is still good.
    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn range(&self, family: &str) -> Option<&IpRange> {
        self.ranges.iter().find(|range| family_name(range.range.first) == family)
    }

    /// The first free number of `0..size` from a random one on, by preference not one of the first `reserved`.
    fn pick(&self, size: u64, reserved: u64, free: impl Fn(u64) -> bool) -> Option<u64> {
        let scan = |from: u64, to: u64| {
            let len = to.checked_sub(from).filter(|len| *len > 0)?;
            let start = (self.random)(len) % len;
            (0..len).map(|i| from + (start + i) % len).find(|n| free(*n))
        };
        scan(reserved, size).or_else(|| scan(0, reserved.min(size)))
    }
}

impl IpRange {
    fn new(range: net::Range) -> Self {
        let host_bits = if range.first.is_ipv4() { 32 } else { 128 } - u32::from(range.bits);
        let all = 1_u64.checked_shl(host_bits).unwrap_or(u64::MAX);
        let unusable = if range.first.is_ipv4() { 2 } else { 1 };
        Self { range, size: all.saturating_sub(unusable), reserved: reserved(all, 16, 256) }
    }

    /// The `n`th address that can be given; the network's own is none.
    fn nth(&self, n: u64) -> IpAddr {
        match self.range.first {
            IpAddr::V4(first) => {
                let offset = u32::try_from(n).unwrap_or(u32::MAX).saturating_add(1);
                IpAddr::V4(u32::from(first).saturating_add(offset).into())
            }
            IpAddr::V6(first) => IpAddr::V6(u128::from(first).saturating_add(u128::from(n) + 1).into()),
        }
    }

    fn check(&self, ip: IpAddr) -> Result<(), Refusal> {
        let (first, last) = (self.nth(0), self.nth(self.size.saturating_sub(1)));
        let inside = self.size > 0 && self.range.contains(ip) && (first..=last).contains(&ip);
        if inside { Ok(()) } else { Err(Refusal::IpOutside(ip, self.range.canonical())) }
    }
}

/// How many numbers at the start of a range of `size` stay back: one in `step`, 16 to `max`, none of a tiny one.
fn reserved(size: u64, step: u64, max: u64) -> u64 {
    if size <= 16 { 0 } else { (size / step).clamp(16, max) }
}

impl Allocators for Pool {
    fn families(&self) -> &[&'static str] {
        &self.families
    }

    fn placeholder(&self, family: &str) -> Option<IpAddr> {
        self.range(family).map(|range| range.range.first)
    }

    fn check_ip(&self, ip: IpAddr) -> Result<(), Refusal> {
        self.range(family_name(ip)).ok_or(Refusal::ForeignIp)?.check(ip)
    }

    fn allocate_ip(&self, family: &str, wanted: Option<IpAddr>, _owner: &Owner) -> Result<IpAddr, Refusal> {
        let range = self.range(family).ok_or(Refusal::ForeignIp)?;
        let mut taken = self.taken();
        let ip = match wanted {
            Some(ip) if !range.range.contains(ip) => return Err(Refusal::ForeignIp),
            Some(ip) => {
                range.check(ip)?;
                ip
            }
            None => {
                let free = |n| !taken.ips.contains(&range.nth(n));
                range.nth(self.pick(range.size, range.reserved, free).ok_or(Refusal::Full)?)
            }
        };
        if taken.ips.insert(ip) { Ok(ip) } else { Err(Refusal::IpTaken) }
    }

    fn release_ip(&self, ip: IpAddr) {
        self.taken().ips.remove(&ip);
    }

    fn has_port(&self, port: i64) -> bool {
        self.taken().ports.contains(&port)
    }

    fn allocate_port(&self, wanted: Option<i64>) -> Result<i64, Refusal> {
        let mut taken = self.taken();
        let size = u64::try_from(self.last_port - self.first_port + 1).unwrap_or(0);
        let port = match wanted {
            Some(port) if !(self.first_port..=self.last_port).contains(&port) => {
                return Err(Refusal::PortOutside(self.first_port, self.last_port));
            }
            Some(port) => port,
            None => {
                let nth = |n: u64| self.first_port + i64::try_from(n).unwrap_or(0);
                let free = |n| !taken.ports.contains(&nth(n));
                nth(self.pick(size, reserved(size, 32, 128), free).ok_or(Refusal::Full)?)
            }
        };
        if taken.ports.insert(port) { Ok(port) } else { Err(Refusal::PortTaken) }
    }

    fn release_port(&self, port: i64) {
        self.taken().ports.remove(&port);
    }
}

/// The IPAddress object that stands for an address a Service took.
pub fn ip_address(ip: IpAddr, owner: &Owner) -> Value {
    let labels = object! {
        "ipaddress.kubernetes.io/ip-family" => family_name(ip),
        "ipaddress.kubernetes.io/managed-by" => "ipallocator.k8s.io",
    };
    let parent = object! {
        "resource" => "services", "namespace" => owner.namespace.as_str(), "name" => owner.name.as_str(),
    };
    object! {
        "kind" => "IPAddress", "apiVersion" => "networking.k8s.io/v1",
        "metadata" => object! { "name" => ip.to_string(), "labels" => labels },
        "spec" => object! { "parentRef" => parent },
    }
}

#[cfg(test)]
mod tests;
