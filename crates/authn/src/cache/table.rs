//! The table of remembered answers: keyed hashes of tokens, in shards, of bounded size.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::hmac;

use crate::authenticator::{AuthnError, Identity, TokenContext};
use crate::random::Random;

const SHARDS: usize = 16;
const MOST_PER_SHARD: usize = 512;

/// The most answers that are remembered.
#[cfg(test)]
pub(super) const MOST: usize = SHARDS * MOST_PER_SHARD;

/// A token and the audiences it is asked for, hashed with a key of this process.
pub(crate) type Hash = [u8; 32];

pub(crate) struct Table {
    key: hmac::Key,
    shards: [Mutex<HashMap<Hash, Entry>>; SHARDS],
    /// How long a success is kept, in seconds.
    keep: i64,
}

struct Entry {
    identity: Arc<Identity>,
    until: i64,
    /// When it was found out.
    since: i64,
}

impl Table {
    /// An empty table; fails when there is no randomness for its key.
    pub(crate) fn new(keep: i64, random: &dyn Random) -> Result<Self, AuthnError> {
        let mut secret = [0u8; 32];
        if !random.fill(&mut secret) {
            return Err(AuthnError::new("there is no randomness for the key of the token cache"));
        }
        let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
        Ok(Self { key, shards: Default::default(), keep })
    }

    /// What a token is kept under.
    pub(crate) fn hash(&self, token: &str, context: &TokenContext<'_>) -> Hash {
        let mut signed = hmac::Context::with_key(&self.key);
        for part in context.audiences.iter().map(String::as_str).chain([token]) {
            signed.update(&(part.len() as u64).to_le_bytes());
            signed.update(part.as_bytes());
        }
        let mut hash = [0u8; 32];
        hash.iter_mut().zip(signed.sign().as_ref()).for_each(|(to, from)| *to = *from);
        hash
    }

    /// The answer that is remembered, if it is still good and what it stands on too.
    pub(crate) fn find(&self, hash: &Hash, now: i64) -> Option<Arc<Identity>> {
        let shard = self.shard(hash)?;
        let lock = || shard.lock().unwrap_or_else(PoisonError::into_inner);
        let identity = lock().get(hash).filter(|e| e.until > now).map(|e| Arc::clone(&e.identity))?;
        if identity.grounds.hold(now) {
            return Some(identity);
        }
        let mut entries = lock();
        if entries.get(hash).is_some_and(|e| Arc::ptr_eq(&e.identity, &identity)) {
            entries.remove(hash);
        }
        None
    }

    /// The answer that was found out a short time ago, whatever has become of what it stands on.
    pub(crate) fn find_recent(&self, hash: &Hash, now: i64) -> Option<Arc<Identity>> {
        let entries = self.shard(hash)?.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = |e: &&Entry| e.until > now && now < e.since.saturating_add(self.keep);
        entries.get(hash).filter(recent).map(|e| Arc::clone(&e.identity))
    }

    /// Keeps an answer for its time.
    pub(crate) fn remember(&self, hash: Hash, identity: &Identity, now: i64) {
        // Grounds say themselves when they end: what stands on them may be kept for longer.
        let until = now.saturating_add(self.keep).max(identity.grounds.until);
        let until = until.min(identity.expires.unwrap_or(i64::MAX));
        let Some(shard) = self.shard(&hash).filter(|_| self.keep > 0 && until > now) else { return };
        let mut entries = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= MOST_PER_SHARD {
            entries.retain(|_, e| e.until > now);
        }
        if entries.len() >= MOST_PER_SHARD {
            // All are alive: whoever comes first in this hash order goes, which nobody can steer.
            let victim = entries.keys().next().copied();
            victim.map(|v| entries.remove(&v));
        }
        entries.insert(hash, Entry { identity: Arc::new(identity.clone()), until, since: now });
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|s| s.lock().unwrap_or_else(PoisonError::into_inner).len()).sum()
    }

    fn shard(&self, hash: &Hash) -> Option<&Mutex<HashMap<Hash, Entry>>> {
        self.shards.get(usize::from(hash[0]) % SHARDS)
    }
}
