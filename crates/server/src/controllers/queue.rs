//! Keys of things to look at: each at most once, some of them later.

use std::collections::{HashSet, VecDeque};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

/// A queue of distinct keys, shared by those who add and the one who takes.
#[derive(Debug)]
pub(crate) struct Queue<K> {
    state: Mutex<(VecDeque<K>, HashSet<K>)>,
    added: Notify,
}

impl<K: Clone + Eq + Hash + Send + 'static> Queue<K> {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { state: Mutex::default(), added: Notify::new() })
    }

    /// Adds a key unless it waits already.
    pub(crate) fn add(&self, key: K) {
        let mut state = self.lock();
        if state.1.insert(key.clone()) {
            state.0.push_back(key);
            self.added.notify_one();
        }
    }

    /// Adds a key after a while.
    pub(crate) fn add_later(self: &Arc<Self>, key: K, delay: Duration) {
        let queue = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            queue.add(key);
        });
    }

    /// Takes the key that waits longest.
    pub(crate) async fn take(&self) -> K {
        loop {
            let next = {
                let mut state = self.lock();
                let next = state.0.pop_front();
                if let Some(key) = &next {
                    state.1.remove(key);
                }
                next
            };
            match next {
                Some(key) => return key,
                None => self.added.notified().await,
            }
        }
    }

    /// A panic cannot leave the two halves torn: both change in one step each.
    fn lock(&self) -> MutexGuard<'_, (VecDeque<K>, HashSet<K>)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_key_waits_once() {
        let queue = Queue::new();
        queue.add(1);
        queue.add(2);
        queue.add(1);
        assert_eq!((queue.take().await, queue.take().await), (1, 2));
        queue.add(1);
        assert_eq!(queue.take().await, 1);
    }
}
