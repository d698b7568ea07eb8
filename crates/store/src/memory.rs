//! A back end that keeps nothing: for tests, and for servers that may forget everything.
//!
//! Entry point: [`Memory`].

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use crate::cache::Cache;
use crate::sequencer::Sequencer;
use crate::sync::lock;
use crate::{Backend, CommitError, Committed, Future, Health, Limits, Metrics, Transaction};

/// Objects in memory only.
pub(crate) struct Memory {
    cache: Arc<Cache>,
    sequencer: Mutex<Sequencer>,
    metrics: Arc<Metrics>,
    closed: AtomicBool,
}

impl Memory {
    pub(crate) fn new(cache: Arc<Cache>, limits: Limits, metrics: Arc<Metrics>) -> Self {
        let sequencer = Mutex::new(Sequencer::new(Arc::clone(&cache), limits));
        Self { cache, sequencer, metrics, closed: AtomicBool::new(false) }
    }

    fn run(&self, transaction: Transaction) -> Result<Committed, CommitError> {
        if self.closed.load(Ordering::Acquire) {
            return Err(CommitError::Unavailable("it is closed".to_owned()));
        }
        let mut sequencer = lock(&self.sequencer);
        let answer = sequencer.stage(transaction)?;
        let applied = sequencer.publish();
        self.cache.notify(applied);
        Ok(answer)
    }
}

impl Backend for Memory {
    fn commit(&self, transaction: Transaction) -> Future<'_, Result<Committed, CommitError>> {
        let result = self.run(transaction);
        self.metrics.count(&result);
        Box::pin(std::future::ready(result))
    }

    fn latest(&self) -> Future<'_, Result<u64, CommitError>> {
        Box::pin(std::future::ready(Ok(self.cache.revision())))
    }

    fn health(&self) -> Health {
        if self.closed.load(Ordering::Acquire) { Health::Closed } else { Health::Ok }
    }

    fn close(&self) -> Future<'_, ()> {
        self.closed.store(true, Ordering::Release);
        Box::pin(std::future::ready(()))
    }
}
