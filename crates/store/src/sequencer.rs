//! Checks transactions against the state they would see, gives them their revisions and makes their objects.
//!
//! Entry points: [`Sequencer::stage`] for each transaction of a batch, then [`Sequencer::publish`] once the batch is
//! durable or [`Sequencer::discard`] when it failed.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::cache::{Applied, Cache};
use crate::{
    Action, Change, CommitError, Committed, Condition, Conflict, Draft, Event, Key, Limits, Object,
    Transaction, Write,
};

/// Orders transactions.  There is one for a store.
pub(crate) struct Sequencer {
    cache: Arc<Cache>,
    limits: Limits,
    /// The revision of the last transaction that was staged.
    revision: u64,
    /// What the batch changed so far; tombstones for what it deleted.
    staged: HashMap<Key, Arc<Object>>,
    events: Vec<Event>,
}

impl Sequencer {
    pub(crate) fn new(cache: Arc<Cache>, limits: Limits) -> Self {
        let revision = cache.revision();
        Self { cache, limits, revision, staged: HashMap::new(), events: Vec::new() }
    }

    /// Adds a transaction to the batch.  On success the answer holds once the batch is published; an error holds too
    /// only then, as it may come from a transaction before it in the batch.
    pub(crate) fn stage(&mut self, transaction: Transaction) -> Result<Committed, CommitError> {
        self.check_shape(&transaction.writes)?;
        let currents =
            transaction.writes.iter().map(|write| self.check(write)).collect::<Result<Vec<_>, _>>()?;
        let writes = transaction.writes.iter().any(|write| !matches!(write.action, Action::Check));
        self.revision += u64::from(writes);
        let mut objects = Vec::with_capacity(transaction.writes.len());
        for (write, current) in transaction.writes.into_iter().zip(currents) {
            let (draft, change) = match (write.action, &current) {
                (Action::Check, _) => continue,
                (Action::Put(draft), None) => (draft, Change::Added),
                (Action::Put(draft), Some(_)) => (draft, Change::Modified),
                (Action::Delete(draft), _) => (draft, Change::Deleted),
            };
            objects.push(self.put(write.key, draft, change, current));
        }
        Ok(Committed { revision: self.revision, objects })
    }

    /// The events staged since the last batch.
    pub(crate) fn events(&self) -> &[Event] {
        &self.events
    }

    /// The revision of the last transaction that was staged.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// Makes the batch visible to readers; the answer is for [`Cache::notify`].
    pub(crate) fn publish(&mut self) -> Applied {
        self.staged.clear();
        self.cache.apply(std::mem::take(&mut self.events), self.revision)
    }

    /// Forgets the batch; its revisions are given out again.
    pub(crate) fn discard(&mut self) {
        self.staged.clear();
        self.events.clear();
        self.revision = self.cache.revision();
    }

    fn check_shape(&self, writes: &[Write]) -> Result<(), CommitError> {
        let mut total = 0;
        let mut keys = HashSet::new();
        for write in writes {
            if writes.len() > 1 && !keys.insert(&write.key) {
                return Err(CommitError::Invalid(format!("{} occurs twice", write.key)));
            }
            let size = match &write.action {
                Action::Put(draft) | Action::Delete(draft) => draft.json().len(),
                Action::Check => 0,
            };
            total += size;
            // A tombstone is not limited: what could be written can be deleted.
            let limit = self.limits.object_bytes;
            if size > limit && matches!(write.action, Action::Put(_)) {
                return Err(CommitError::TooLarge { size, limit });
            }
        }
        let limit = self.limits.transaction_bytes;
        if total > limit && writes.len() > 1 {
            Err(CommitError::TooLarge { size: total, limit })
        } else {
            Ok(())
        }
    }

    /// Checks a condition; answers the object as it is now.
    fn check(&self, write: &Write) -> Result<Option<Arc<Object>>, CommitError> {
        let current = self.current(&write.key);
        let holds = match write.condition {
            Condition::Any => !matches!(write.action, Action::Delete(_)) || current.is_some(),
            Condition::Absent => current.is_none() && !matches!(write.action, Action::Delete(_)),
            Condition::Revision(revision) => {
                current.as_ref().is_some_and(|object| object.revision() == revision)
            }
        };
        if holds {
            return Ok(current);
        }
        let conflict = Conflict { key: write.key.clone(), condition: write.condition, current };
        Err(CommitError::Conflict(Box::new(conflict)))
    }

    fn current(&self, key: &Key) -> Option<Arc<Object>> {
        match self.staged.get(key) {
            Some(object) => Some(Arc::clone(object)).filter(|object| object.change() != Change::Deleted),
            None => self.cache.get(key),
        }
    }

    fn put(
        &mut self,
        mut key: Key,
        mut draft: Draft,
        change: Change,
        previous: Option<Arc<Object>>,
    ) -> Arc<Object> {
        self.cache.intern(&mut key, draft.head_mut());
        let object = Arc::new(draft.commit(key, self.revision, change));
        self.staged.insert(object.key().clone(), Arc::clone(&object));
        self.events.push(Event { object: Arc::clone(&object), previous });
        object
    }
}
