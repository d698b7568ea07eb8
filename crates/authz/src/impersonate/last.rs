//! Which way of impersonating worked last for each user, which is tried first the next time: those who are allowed by
//! the widest one pay for the others once.
//!
//! Entry point: [`LastModes::impersonate`].

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, PoisonError};

use api::error::Result;
use api::user::UserInfo;

use super::mode::Mode;
use super::{Impersonated, by_mode};
use crate::authorizer::{Attributes, Authorizer};

/// The most users that are remembered (upstream's number).
const MOST: usize = 10_000;

/// The last mode of each user.
#[derive(Debug, Default)]
pub struct LastModes {
    hasher: RandomState,
    /// By the hash of the user's name; two users with the same hash only change the order of each other's questions.
    modes: Mutex<HashMap<u64, Mode>>,
}

impl LastModes {
    /// As [`super::impersonate`], beginning with what worked the last time.  When nothing allows it, the refusal of that
    /// one is the answer, as upstream.
    pub fn impersonate(
        &self,
        wanted: &UserInfo,
        attributes: &Attributes,
        authorizer: &dyn Authorizer,
    ) -> Result<Impersonated> {
        let user = self.hasher.hash_one(attributes.user.name.as_str());
        let last = self.lock().get(&user).copied();
        let (impersonated, mode) = by_mode(wanted, attributes, authorizer, last)?;
        if last != Some(mode) {
            self.remember(user, mode);
        }
        Ok(impersonated)
    }

    fn remember(&self, user: u64, mode: Mode) {
        let mut modes = self.lock();
        if modes.len() >= MOST && !modes.contains_key(&user) {
            // Whoever comes first in an order that nobody can steer.
            let victim = modes.keys().next().copied();
            victim.map(|v| modes.remove(&v));
        }
        modes.insert(user, mode);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<u64, Mode>> {
        self.modes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authorizer::{ResourceTarget, Rules, Verdict};
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Allows the verbs that begin with this, and counts.
    struct Only(&'static str, AtomicUsize);

    impl Authorizer for Only {
        fn authorize(&self, attributes: &Attributes) -> Verdict {
            self.1.fetch_add(1, Ordering::Relaxed);
            if attributes.verb.starts_with(self.0) {
                Verdict::allow(crate::authorizer::Reason::text(String::new()))
            } else {
                Verdict::no_opinion("")
            }
        }

        fn rules(&self, _: &UserInfo, _: &str) -> Rules {
            Rules::default()
        }
    }

    fn ask(last: &LastModes, name: &str, authorizer: &Only) -> Result<Impersonated> {
        let bob = UserInfo::new(name, [] as [&str; 0]);
        let pods = ResourceTarget { resource: "pods", ..ResourceTarget::default() };
        last.impersonate(
            &UserInfo::new("alice", [] as [&str; 0]),
            &Attributes::of_resource(&bob, "list", pods),
            authorizer,
        )
    }

    #[test]
    fn what_worked_comes_first() {
        let (last, legacy) = (LastModes::default(), Only("impersonate", AtomicUsize::new(0)));
        let exact = Only("impersonate:x", AtomicUsize::new(0));
        assert_eq!(ask(&last, "bob", &legacy).unwrap().mode(), "user-info");
        assert_eq!(legacy.1.load(Ordering::Relaxed), 2);
        let refused = |name: &str| ask(&last, name, &exact).unwrap_err().message;
        assert!(refused("bob").contains("impersonate-on:user-info:list"));
        // A user who was allowed the old way is refused the old way.
        let old = Only("impersonate", AtomicUsize::new(0));
        last.remember(last.hasher.hash_one("eve"), Mode::Legacy);
        assert_eq!(ask(&last, "eve", &old).unwrap().mode(), "legacy");
        assert_eq!(old.1.load(Ordering::Relaxed), 1);
        assert!(
            refused("eve")
                .starts_with("users \"alice\" is forbidden: User \"eve\" cannot impersonate resource")
        );
    }

    #[test]
    fn it_stays_bounded() {
        let last = LastModes::default();
        (0..3 * MOST as u64).for_each(|user| last.remember(user, Mode::Legacy));
        assert_eq!(last.lock().len(), MOST);
    }
}
