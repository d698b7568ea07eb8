//! What both kinds of tokens have in common: keys, audiences, counters.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;

use super::counts::Counts;
use crate::authenticator::{AuthnError, TokenAuthenticator, TokenContext};
use crate::grounds::Ground;
use crate::jose::{Compact, PublicKey};

/// The keys that may have signed, and whom tokens are for.
#[derive(Clone)]
pub struct Keys {
    /// The keys.
    pub keys: Arc<KeyRing>,
    /// The audiences of the server.
    pub audiences: Vec<String>,
    /// Counts uses.
    pub counts: Arc<Counts>,
}

/// Keys that are replaced as a whole.  Answers that stand on one end when it goes.
pub struct KeyRing {
    keys: ArcSwap<Vec<TokenKey>>,
    /// How often they were replaced.
    version: AtomicU64,
}

/// A key that may have signed tokens.
#[derive(Clone, Debug)]
pub struct TokenKey {
    /// The key.
    pub key: PublicKey,
    /// It only verifies here and is not told to relying parties: nothing new is to be signed with it.
    pub unpublished: bool,
}

/// Whose keys may be elsewhere, so that one that is not known may have to be asked for.
pub trait Keyed: TokenAuthenticator {
    /// The id of the key that a token of ours claims to be signed with, when no key here has that id.
    fn unknown_key(&self, token: &str) -> Option<String>;
}

/// A key that vouched for a token, on its ring.
pub(super) struct Vouched {
    ring: Arc<KeyRing>,
    key: PublicKey,
    /// The version of the ring that was last seen to have the key.
    seen: AtomicU64,
}

impl KeyRing {
    /// Keys that are all told to relying parties.
    pub fn of(keys: impl IntoIterator<Item = PublicKey>) -> Arc<Self> {
        let keys = keys.into_iter().map(|key| TokenKey { key, unpublished: false }).collect();
        Arc::new(Self { keys: ArcSwap::from_pointee(keys), version: AtomicU64::new(1) })
    }

    /// The keys as they are now.
    pub fn current(&self) -> Arc<Vec<TokenKey>> {
        self.keys.load_full()
    }

    /// True when there is a key of this id; `""` stands for any.
    pub fn has(&self, id: &str) -> bool {
        self.keys.load().iter().any(|k| id.is_empty() || k.key.id == id)
    }

    /// These are the keys from now on.
    pub fn replace(&self, keys: Vec<TokenKey>) {
        self.keys.store(Arc::new(keys));
        // After the keys: whoever sees this number sees those keys, or newer ones.
        self.version.fetch_add(1, Ordering::Release);
    }
}

impl Keys {
    /// The payload, once a key vouches for it.  A token that names its key is only tried with that one.
    pub(super) fn verified<'a>(&self, jws: &'a Compact<'_>) -> Result<(&'a api::Value, Vouched), AuthnError> {
        // Before the keys: what is replaced in between is looked at again.
        let version = self.keys.version.load(Ordering::Acquire);
        let (id, all) = (jws.key_id(), self.keys.keys.load());
        let mut keys = all.iter().map(|k| &k.key).filter(|k| id.is_empty() || k.id == id).peekable();
        if keys.peek().is_none() {
            return Err(AuthnError::new("invalid signature, no keys found"));
        }
        let (payload, key) = keys
            .find_map(|key| Some((jws.payload_if_signed_by(key)?, key)))
            .ok_or_else(|| AuthnError::new("go-jose/go-jose: error in cryptographic primitive"))?;
        let seen = AtomicU64::new(version);
        Ok((payload, Vouched { ring: Arc::clone(&self.keys), key: key.clone(), seen }))
    }

    /// The id of the key that a token claims, when there is none of that id.
    pub(super) fn unknown(&self, jws: &Compact<'_>) -> Option<String> {
        let id = jws.key_id();
        (!self.keys.has(id)).then(|| id.to_owned())
    }

    /// The audiences asked for that the token is good for; one that names none is for this server.
    pub(super) fn audiences_of(
        &self,
        claimed: &[String],
        context: &TokenContext,
    ) -> Result<Vec<String>, AuthnError> {
        if claimed.is_empty() {
            self.counts.legacy.add();
        }
        let claimed = if claimed.is_empty() { &self.audiences } else { claimed };
        let wanted = if context.audiences.is_empty() { &self.audiences } else { context.audiences };
        let both: Vec<String> = claimed.iter().filter(|a| wanted.contains(a)).cloned().collect();
        if both.is_empty() && !self.audiences.is_empty() {
            let (have, wanted) = (quoted(claimed), quoted(wanted));
            return Err(AuthnError::new(format!(
                "token audiences {have} is invalid for the target audiences {wanted}"
            )));
        }
        Ok(both)
    }
}

impl Ground for Vouched {
    fn holds(&self, _now: i64) -> bool {
        let version = self.ring.version.load(Ordering::Acquire);
        if version == self.seen.load(Ordering::Relaxed) {
            return true;
        }
        let there = self.ring.keys.load().iter().any(|k| k.key.is_same(&self.key));
        if there {
            self.seen.store(version, Ordering::Relaxed);
        }
        there
    }
}

fn quoted(list: &[String]) -> String {
    format!("[{}]", list.iter().map(|s| api::field::go_quote(s)).collect::<Vec<_>>().join(" "))
}
