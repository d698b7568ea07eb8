//! Answers that are remembered for a while: a bounded number, the one that was not asked for longest goes first.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::{Monotonic, review::Status};

/// The most answers (upstream's bound).
const MOST: usize = 8192;
/// All keys and reasons together, in bytes: users may have many groups, and reasons may be long.
const MOST_BYTES: usize = 64 << 20;

pub(super) struct Cache {
    clock: Monotonic,
    kept: Mutex<Kept>,
}

/// INVARIANT: `order` and `entries` hold the same keys, each once; `bytes` is the sum over them.
#[derive(Default)]
struct Kept {
    entries: HashMap<Arc<str>, Entry>,
    /// Keys by when they were used last.
    order: BTreeMap<u64, Arc<str>>,
    next: u64,
    bytes: usize,
}

struct Entry {
    status: Status,
    until: Duration,
    used: u64,
}

impl Cache {
    pub(super) fn new(clock: Monotonic) -> Self {
        Self { clock, kept: Mutex::default() }
    }

    /// The answer to a question, if it is still good.
    pub(super) fn find(&self, key: &str) -> Option<Status> {
        let now = (self.clock)();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = &mut *kept;
        let entry = kept.entries.get_mut(key)?;
        if entry.until <= now {
            kept.remove(key);
            return None;
        }
        if let Some(key) = kept.order.remove(&entry.used) {
            entry.used = kept.next;
            kept.order.insert(kept.next, key);
            kept.next += 1;
        }
        Some(entry.status.clone())
    }

    /// Remembers an answer for a time.
    pub(super) fn keep(&self, key: String, status: &Status, ttl: Duration) {
        let size = key.len() + status.reason.len();
        if ttl.is_zero() || size > MOST_BYTES / 16 {
            return;
        }
        let until = (self.clock)().saturating_add(ttl);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.remove(&key);
        while kept.entries.len() >= MOST || kept.bytes + size > MOST_BYTES {
            let Some((_, oldest)) = kept.order.pop_first() else { break };
            kept.remove(&oldest);
        }
        let (key, used): (Arc<str>, u64) = (key.into(), kept.next);
        kept.next += 1;
        kept.bytes += size;
        kept.order.insert(used, key.clone());
        kept.entries.insert(key, Entry { status: status.clone(), until, used });
    }
}

impl Kept {
    fn remove(&mut self, key: &str) {
        if let Some(entry) = self.entries.remove(key) {
            self.order.remove(&entry.used);
            self.bytes -= key.len() + entry.status.reason.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    fn cache() -> (Cache, Arc<AtomicU64>) {
        let now = Arc::new(AtomicU64::new(0));
        let clock = now.clone();
        (Cache::new(Arc::new(move || Duration::from_secs(clock.load(Ordering::SeqCst)))), now)
    }

    fn check(cache: &Cache) {
        let kept = cache.kept.lock().unwrap();
        assert_eq!(kept.order.len(), kept.entries.len());
        let bytes: usize =
            kept.entries.iter().map(|(key, entry)| key.len() + entry.status.reason.len()).sum();
        assert!(kept.bytes == bytes && bytes <= MOST_BYTES && kept.entries.len() <= MOST);
    }

    #[test]
    fn answers_end() {
        let (cache, now) = cache();
        let yes = Status { allowed: true, reason: "because".into(), ..Status::default() };
        cache.keep("a".into(), &yes, Duration::from_secs(10));
        cache.keep("b".into(), &yes, Duration::ZERO);
        assert_eq!((cache.find("a"), cache.find("b")), (Some(yes.clone()), None));
        now.store(10, Ordering::SeqCst);
        assert_eq!(cache.find("a"), None);
        check(&cache);
        assert!(cache.kept.lock().unwrap().entries.is_empty());
    }

    #[test]
    fn what_is_used_stays_and_the_rest_is_bounded() {
        let (cache, _) = cache();
        let long = Status { reason: "r".repeat(10_000).into(), ..Status::default() };
        for i in 0..MOST + 100 {
            cache.keep(format!("k{i}"), &long, Duration::from_secs(10));
            assert!(cache.find("k0").is_some());
        }
        check(&cache);
        assert!(cache.find("k1").is_none());
        cache.keep("x".repeat(MOST_BYTES), &long, Duration::from_secs(10));
        cache.keep("k0".into(), &Status::default(), Duration::from_secs(10));
        check(&cache);
        assert_eq!(cache.find("k0"), Some(Status::default()));
    }
}
