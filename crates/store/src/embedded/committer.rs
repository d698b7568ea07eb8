//! The one thread that writes: takes all transactions that wait, makes them durable with one sync, then publishes and
//! answers them.
//!
//! Entry point: [`Committer::run`].

use std::sync::{Arc, Mutex};

use tokio::sync::{mpsc, oneshot};

use super::format::{FileKind, put_object};
use super::log::{AppendError, Batch, Log};
use super::snapshot::Snapshotter;
use crate::cache::Cache;
use crate::metrics::Metrics;
use crate::sequencer::Sequencer;
use crate::sync::lock;
use crate::{CommitError, Committed, Health, Transaction, leb128};

/// Transactions taken from the queue at once.
const TAKE: usize = 512;
/// A batch is written when it is larger than this, even if more transactions wait.
const BATCH_BYTES: usize = 8 << 20;

type Answer = Result<Committed, CommitError>;

/// What the thread is told.
pub(super) enum Message {
    /// Run a transaction.
    Commit(Transaction, oneshot::Sender<Answer>),
    /// Finish what was taken before, and end.
    Close,
}

/// The thread's state.
pub(super) struct Committer {
    pub(super) cache: Arc<Cache>,
    pub(super) sequencer: Sequencer,
    pub(super) log: Log,
    pub(super) snapshots: Snapshotter,
    pub(super) health: Arc<Mutex<Health>>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) batch: Batch,
    /// Answers that wait for the batch to be durable.
    pub(super) answers: Vec<(oneshot::Sender<Answer>, Answer)>,
}

impl Committer {
    /// Works until told to close, or until nobody is left who could tell.
    pub(super) fn run(mut self, mut queue: mpsc::Receiver<Message>) {
        let mut messages = Vec::with_capacity(TAKE);
        self.batch.clear();
        while queue.blocking_recv_many(&mut messages, TAKE) > 0 {
            for message in messages.drain(..) {
                match message {
                    Message::Commit(transaction, answer) => self.stage(transaction, answer),
                    Message::Close => queue.close(),
                }
                if self.batch.len() > BATCH_BYTES {
                    self.flush();
                }
            }
            self.flush();
        }
    }

    fn stage(&mut self, transaction: Transaction, answer: oneshot::Sender<Answer>) {
        if let Health::ReadOnly(why) = &*lock(&self.health) {
            // Nobody may wait any more; that is no fault.
            let _ = answer.send(Err(CommitError::Unavailable(why.clone())));
            return;
        }
        let before = self.sequencer.events().len();
        let staged = self.sequencer.stage(transaction);
        let events = self.sequencer.events().get(before..).unwrap_or_default();
        if !events.is_empty() {
            let out = self.batch.transaction();
            leb128::put(out, events.len() as u64);
            events.iter().for_each(|event| put_object(out, &event.object));
        }
        self.answers.push((answer, staged));
    }

    /// Makes what is staged durable, shows it to readers, and answers the writers.
    fn flush(&mut self) {
        let result = if self.batch.is_empty() { Ok(()) } else { self.write() };
        match result {
            Ok(()) => self.answer(),
            Err(error) => self.fail(&error),
        }
    }

    fn write(&mut self) -> Result<(), CommitError> {
        // INVARIANT: everything before the batch is published, so the cache has the last durable revision.
        let first = self.cache.revision() + 1;
        let appended = self.log.append(&mut self.batch, first);
        self.batch.clear();
        let bytes = match appended {
            Ok(bytes) => bytes,
            Err(AppendError::Full(why)) => {
                *lock(&self.health) = Health::StorageFull(why.clone());
                return Err(CommitError::StorageFull(why));
            }
            Err(AppendError::Fatal(why)) => {
                tracing::error!(error = why, "the store takes no more writes");
                *lock(&self.health) = Health::ReadOnly(why.clone());
                return Err(CommitError::Uncertain(why));
            }
        };
        *lock(&self.health) = Health::Ok;
        self.metrics.batches.add(1);
        self.metrics.log_bytes.add(bytes);
        let applied = self.sequencer.publish();
        self.answer();
        self.cache.notify(applied);
        if self.snapshots.logged(bytes) {
            let header = *self.log.header();
            let revision = self.sequencer.revision();
            let header = super::format::FileHeader { kind: FileKind::Snapshot, revision, ..header };
            self.snapshots.start(header, self.cache.states());
        }
        Ok(())
    }

    fn answer(&mut self) {
        for (answer, result) in self.answers.drain(..) {
            self.metrics.count(&result);
            let _ = answer.send(result);
        }
    }

    /// Nothing of the batch took place.  Conflicts are answered alike: they may have been with a part of the batch.
    fn fail(&mut self, error: &CommitError) {
        self.sequencer.discard();
        for (answer, _) in self.answers.drain(..) {
            let result = Err(error.clone());
            self.metrics.count(&result);
            let _ = answer.send(result);
        }
    }
}
