//! Wrong passwords, remembered per user and address and per address alone: who has had too many has to wait, longer each
//! time.  The memory is bounded, and a user who is attacked from one address can come in from another.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::hmac;

use crate::authenticator::AuthnError;
use crate::random::Random;

/// Wrong passwords of one user from one address before there is a wait.
const FREE_PER_USER: u32 = 5;
/// Wrong passwords from one address before there is a wait.
const FREE_PER_ADDRESS: u32 = 50;
/// The longest wait, in seconds.
const LONGEST_WAIT: i64 = 300;
/// Failures are forgotten after this time without another, in seconds.
const FORGET: i64 = 900;
/// Users and addresses that are remembered at once.
const MOST: usize = 8192;

type Key = [u8; 16];

pub(super) struct Throttle {
    key: hmac::Key,
    entries: Mutex<HashMap<Key, Entry>>,
}

#[derive(Clone, Copy)]
struct Entry {
    failures: u32,
    last: i64,
    /// Nothing is looked at before, in seconds since the Unix epoch.
    wait_until: i64,
}

impl Throttle {
    pub(super) fn new(random: &dyn Random) -> Result<Self, AuthnError> {
        let mut secret = [0u8; 32];
        if !random.fill(&mut secret) {
            return Err(AuthnError::new("there is no randomness for the table of wrong passwords"));
        }
        Ok(Self { key: hmac::Key::new(hmac::HMAC_SHA256, &secret), entries: Mutex::default() })
    }

    /// Whether a password may be looked at now; else how many seconds there are to wait.
    pub(super) fn check(&self, user: &str, peer: Option<IpAddr>, now: i64) -> Result<(), i64> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let keys = [self.pair(user, peer), self.address(peer)];
        let wait = keys.iter().filter_map(|k| entries.get(k)).map(|e| e.wait_until - now).max().unwrap_or(0);
        if wait > 0 { Err(wait) } else { Ok(()) }
    }

    /// A password was wrong.
    pub(super) fn failed(&self, user: &str, peer: Option<IpAddr>, now: i64) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        make_room(&mut entries, now);
        for (key, free) in [(self.pair(user, peer), FREE_PER_USER), (self.address(peer), FREE_PER_ADDRESS)] {
            let entry = entries.entry(key).or_insert(Entry { failures: 0, last: now, wait_until: now });
            if now - entry.last > FORGET {
                entry.failures = 0;
            }
            entry.failures = entry.failures.saturating_add(1);
            entry.last = now;
            let over = entry.failures.saturating_sub(free);
            if over > 0 {
                entry.wait_until =
                    now + 1i64.checked_shl(over.min(16)).map_or(LONGEST_WAIT, |s| s.min(LONGEST_WAIT));
            }
        }
    }

    /// A password was right: this user may be wrong again from here, the address is no better for it.
    pub(super) fn succeeded(&self, user: &str, peer: Option<IpAddr>) {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.pair(user, peer));
    }

    fn pair(&self, user: &str, peer: Option<IpAddr>) -> Key {
        self.hash(&[&network(peer), user.as_bytes()])
    }

    fn address(&self, peer: Option<IpAddr>) -> Key {
        self.hash(&[&network(peer)])
    }

    fn hash(&self, parts: &[&[u8]]) -> Key {
        let mut signed = hmac::Context::with_key(&self.key);
        for part in parts {
            signed.update(&(part.len() as u64).to_le_bytes());
            signed.update(part);
        }
        let mut key = [0; 16];
        key.iter_mut().zip(signed.sign().as_ref()).for_each(|(to, from)| *to = *from);
        key
    }
}

/// Whoever has one address of an IPv6 network of 64 bits has all of them.
fn network(peer: Option<IpAddr>) -> Vec<u8> {
    match peer.map(|ip| ip.to_canonical()) {
        None => Vec::new(),
        Some(IpAddr::V4(ip)) => ip.octets().to_vec(),
        Some(IpAddr::V6(ip)) => ip.octets().iter().take(8).copied().collect(),
    }
}

/// Forgets what is old, and if that is not enough the least of the failures.
fn make_room(entries: &mut HashMap<Key, Entry>, now: i64) {
    if entries.len() + 2 <= MOST {
        return;
    }
    entries.retain(|_, e| now - e.last <= FORGET);
    let mut least = 1;
    while entries.len() + 2 > MOST {
        let mut excess = entries.len() - MOST / 2;
        entries.retain(|_, e| {
            let goes = excess > 0 && e.failures <= least;
            excess -= usize::from(goes);
            !goes
        });
        least = least.saturating_mul(2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SystemRandom;

    fn ip(text: &str) -> Option<IpAddr> {
        text.parse().ok()
    }

    #[test]
    fn failures_of_a_user_from_an_address_cost_time() {
        let throttle = Throttle::new(&SystemRandom).unwrap();
        let here = ip("192.0.2.1");
        for _ in 0..FREE_PER_USER {
            assert_eq!(throttle.check("bob", here, 0), Ok(()));
            throttle.failed("bob", here, 0);
        }
        assert_eq!(throttle.check("bob", here, 0), Ok(()));
        throttle.failed("bob", here, 0);
        assert_eq!(throttle.check("bob", here, 0), Err(2));
        assert_eq!(throttle.check("bob", here, 2), Ok(()));
        throttle.failed("bob", here, 2);
        assert_eq!(throttle.check("bob", here, 2), Err(4));
        assert_eq!(throttle.check("bob", ip("192.0.2.2"), 2), Ok(()), "bob himself, elsewhere");
        assert_eq!(throttle.check("ann", here, 2), Ok(()), "somebody else behind the same address");
        for _ in 0..40 {
            throttle.failed("bob", here, 100);
        }
        assert_eq!(throttle.check("bob", here, 100), Err(LONGEST_WAIT));
        throttle.succeeded("bob", here);
        assert_eq!(throttle.check("bob", here, 100), Ok(()));
        throttle.failed("bob", here, 100 + FORGET + 1);
        assert_eq!(throttle.check("bob", here, 100 + FORGET + 1), Ok(()), "old failures are forgotten");
    }

    #[test]
    fn one_address_cannot_try_all_users() {
        let throttle = Throttle::new(&SystemRandom).unwrap();
        for i in 0..=FREE_PER_ADDRESS {
            // Any address of a network of 64 bits is the same one.
            let from = ip(&format!("2001:db8::{i:x}"));
            throttle.failed(&format!("user{i}"), from, 0);
        }
        assert_eq!(throttle.check("new", ip("2001:db8::ffff"), 0), Err(2));
        assert_eq!(throttle.check("new", ip("2001:db8:0:1::1"), 0), Ok(()));
    }

    #[test]
    fn it_stays_bounded_and_keeps_the_worst() {
        let throttle = Throttle::new(&SystemRandom).unwrap();
        for _ in 0..100 {
            throttle.failed("bob", ip("192.0.2.1"), 0);
        }
        for i in 0..20_000u32 {
            let from = Some(IpAddr::V4(std::net::Ipv4Addr::from(0x0a00_0000 + i)));
            throttle.failed("bob", from, 1);
        }
        assert!(throttle.entries.lock().unwrap().len() <= MOST);
        assert!(throttle.check("bob", ip("192.0.2.1"), 1).is_err());
    }
}
