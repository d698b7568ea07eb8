//! Answers about tokens, remembered for a short time: verifying a signature costs more than everything else that an
//! authenticated read does.
//!
//! Entry point: [`TokenCache`].  Only successes are kept, never beyond the token's own end, never more than a fixed
//! number.  As upstream's, a success stays good for its short time (10 s) even when an object that the token is bound
//! to goes away meanwhile.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::hmac;

use crate::authenticator::{Answer, AuthnError, Identity, TokenAuthenticator, TokenContext};
use crate::random::Random;

const SHARDS: usize = 16;
const MOST_PER_SHARD: usize = 512;

/// Asks several token authenticators in order and remembers successes.
pub struct TokenCache {
    members: Vec<Arc<dyn TokenAuthenticator>>,
    key: hmac::Key,
    shards: [Mutex<HashMap<[u8; 32], Entry>>; SHARDS],
    /// How long a success is kept, in seconds.
    keep: i64,
}

struct Entry {
    identity: Arc<Identity>,
    until: i64,
}

impl TokenCache {
    /// How long upstream keeps a success, in seconds.
    pub const SUCCESS_SECONDS: i64 = 10;

    /// Asks these in order; `keep` is how long a success is kept, in seconds, 0 for not at all.
    ///
    /// Fails when there is no randomness for the key of the table.
    pub fn new(
        members: Vec<Arc<dyn TokenAuthenticator>>,
        keep: i64,
        random: &dyn Random,
    ) -> Result<Self, AuthnError> {
        let mut secret = [0u8; 32];
        if !random.fill(&mut secret) {
            return Err(AuthnError::new("there is no randomness for the key of the token cache"));
        }
        let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
        Ok(Self { members, key, shards: Default::default(), keep })
    }

    fn ask(&self, token: &str, context: &TokenContext) -> Answer {
        let mut errors = Vec::new();
        for member in &self.members {
            match member.authenticate_token(token, context) {
                Ok(None) => {}
                Ok(found) => return Ok(found),
                Err(error) => errors.push(error.to_string()),
            }
        }
        join(errors).map_or(Ok(None), Err)
    }

    fn hash(&self, token: &str, context: &TokenContext) -> [u8; 32] {
        let mut signed = hmac::Context::with_key(&self.key);
        for part in context.audiences.iter().map(String::as_str).chain([token]) {
            signed.update(&(part.len() as u64).to_le_bytes());
            signed.update(part.as_bytes());
        }
        let mut hash = [0u8; 32];
        hash.iter_mut().zip(signed.sign().as_ref()).for_each(|(to, from)| *to = *from);
        hash
    }

    fn shard(&self, hash: &[u8; 32]) -> Option<&Mutex<HashMap<[u8; 32], Entry>>> {
        self.shards.get(usize::from(hash[0]) % SHARDS)
    }

    fn remember(&self, hash: [u8; 32], identity: &Identity, now: i64) {
        let until = now.saturating_add(self.keep).min(identity.expires.unwrap_or(i64::MAX));
        let Some(shard) = self.shard(&hash).filter(|_| until > now) else { return };
        let mut entries = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= MOST_PER_SHARD {
            entries.retain(|_, e| e.until > now);
        }
        if entries.len() >= MOST_PER_SHARD {
            // All are alive: whoever comes first in this hash order goes, which nobody can steer.
            let victim = entries.keys().next().copied();
            victim.map(|v| entries.remove(&v));
        }
        entries.insert(hash, Entry { identity: Arc::new(identity.clone()), until });
    }
}

impl TokenAuthenticator for TokenCache {
    fn authenticate_token(&self, token: &str, context: &TokenContext) -> Answer {
        if self.keep <= 0 {
            return self.ask(token, context);
        }
        let hash = self.hash(token, context);
        let found = self.shard(&hash).and_then(|shard| {
            let entries = shard.lock().unwrap_or_else(PoisonError::into_inner);
            entries.get(&hash).filter(|e| e.until > context.now).map(|e| Arc::clone(&e.identity))
        });
        if let Some(identity) = found {
            return Ok(Some(identity.as_ref().clone()));
        }
        let answer = self.ask(token, context)?;
        if let Some(identity) = &answer {
            self.remember(hash, identity, context.now);
        }
        Ok(answer)
    }
}

/// Several failures as upstream's aggregate prints them: one as it is, more in brackets, each text once.
pub(crate) fn join(errors: Vec<String>) -> Option<AuthnError> {
    let mut seen: Vec<String> = Vec::new();
    for error in errors {
        if !seen.contains(&error) {
            seen.push(error);
        }
    }
    match seen.as_slice() {
        [] => None,
        [one] => Some(AuthnError::new(one.as_str())),
        many => Some(AuthnError::new(format!("[{}]", many.join(", ")))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SystemRandom;
    use api::user::UserInfo;
    use std::sync::atomic::{AtomicUsize, Ordering};

    struct Counting(AtomicUsize, Option<i64>);

    impl TokenAuthenticator for Counting {
        fn authenticate_token(&self, token: &str, _: &TokenContext) -> Answer {
            self.0.fetch_add(1, Ordering::Relaxed);
            match token {
                "bad" => Err(AuthnError::new("bad")),
                "unknown" => Ok(None),
                name => Ok(Some(Identity { expires: self.1, ..Identity::of(UserInfo::new(name, ["g"])) })),
            }
        }
    }

    fn cache(expires: Option<i64>) -> (TokenCache, Arc<Counting>) {
        let counting = Arc::new(Counting(AtomicUsize::new(0), expires));
        let member: Arc<dyn TokenAuthenticator> = counting.clone();
        (TokenCache::new(vec![member], TokenCache::SUCCESS_SECONDS, &SystemRandom).unwrap(), counting)
    }

    fn ask(cache: &TokenCache, token: &str, now: i64, audiences: &[String]) -> Answer {
        cache.authenticate_token(token, &TokenContext { audiences, now })
    }

    #[test]
    fn successes_are_kept_for_a_while() {
        let (cache, counting) = cache(None);
        for now in [100, 105, 109] {
            assert_eq!(ask(&cache, "bob", now, &[]).unwrap().unwrap().user.name, "bob");
        }
        assert_eq!(counting.0.load(Ordering::Relaxed), 1);
        ask(&cache, "bob", 110, &[]).unwrap();
        ask(&cache, "bob", 110, &["a".to_owned()]).unwrap();
        assert_eq!(counting.0.load(Ordering::Relaxed), 3);
    }

    #[test]
    fn failures_are_not_and_tokens_do_not_outlive_themselves() {
        let (cache, counting) = cache(Some(103));
        for _ in 0..2 {
            assert!(ask(&cache, "bad", 100, &[]).is_err());
            assert_eq!(ask(&cache, "unknown", 100, &[]), Ok(None));
            ask(&cache, "bob", 100, &[]).unwrap();
        }
        assert_eq!(counting.0.load(Ordering::Relaxed), 5);
        ask(&cache, "bob", 103, &[]).unwrap();
        assert_eq!(counting.0.load(Ordering::Relaxed), 6);
    }

    #[test]
    fn it_stays_bounded() {
        let (cache, _) = cache(None);
        for i in 0..SHARDS * MOST_PER_SHARD * 2 {
            ask(&cache, &format!("t{i}"), 100, &[]).unwrap();
        }
        let held: usize = cache.shards.iter().map(|s| s.lock().unwrap().len()).sum();
        assert!(held <= SHARDS * MOST_PER_SHARD, "{held}");
    }
}
