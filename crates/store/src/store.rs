//! The store as the rest of the server sees it: a back end for writes, the watch cache for reads.
//!
//! Entry point: [`Store`].

use std::path::PathBuf;
use std::sync::Arc;

use api::Str;

use crate::cache::Cache;
use crate::embedded::Embedded;
use crate::embedded::disk::{Directory, Disk};
use crate::memory::Memory;
use crate::{
    Backend, CommitError, Committed, Condition, Draft, EmbeddedOptions, Health, Key, Limits, Metrics, Object,
    OpenError, Resource, RevisionError, Scope, Snapshot, Transaction, Watch, WatchError, WindowLimits, Write,
};

/// The revision of a store that was never written to; the first transaction gets the next one.  Not 0, because
/// `resourceVersion` 0 means "any" to clients.
pub(crate) const FIRST_REVISION: u64 = 1;

/// What the watch cache keeps.
#[derive(Clone, Debug, Default)]
pub struct CacheOptions {
    /// How much history is kept in memory.
    pub window: WindowLimits,
    /// Selectable fields that [`Scope::Field`] reads shall find without looking at every object, such as
    /// `spec.nodeName` of `pods`.  Watches need none.
    pub indexes: Vec<(Resource, Str)>,
}

/// A store.  Clones share it.
#[derive(Clone)]
pub struct Store {
    cache: Arc<Cache>,
    backend: Arc<dyn Backend>,
    metrics: Arc<Metrics>,
}

impl CacheOptions {
    /// An empty cache at `revision`.
    pub(crate) fn cache(&self, revision: u64) -> Arc<Cache> {
        let mut indexes = std::collections::HashMap::<Resource, Vec<Str>>::new();
        for (resource, field) in &self.indexes {
            indexes.entry(resource.clone()).or_default().push(field.clone());
        }
        Arc::new(Cache::new(revision, self.window, indexes))
    }
}

impl Store {
    /// A store that keeps nothing beyond the life of the process.
    pub fn memory(options: &CacheOptions, limits: Limits) -> Self {
        let (cache, metrics) = (options.cache(FIRST_REVISION), Arc::<Metrics>::default());
        let memory = Memory::new(Arc::clone(&cache), limits, Arc::clone(&metrics));
        Self { backend: Arc::new(memory), cache, metrics }
    }

    /// Opens the embedded durable store in a directory, which is made when missing.  Reads all of it before it
    /// returns, so it belongs on a thread that may block.
    pub fn open(directory: impl Into<PathBuf>, options: &EmbeddedOptions) -> Result<Self, OpenError> {
        let directory = directory.into();
        let file = directory.display().to_string();
        let disk = Directory::new(directory).map_err(|error| OpenError::Io { file, error })?;
        Self::open_on(&(Arc::new(disk) as Arc<dyn Disk>), options)
    }

    /// Opens the embedded durable store on any [`Disk`].
    pub fn open_on(disk: &Arc<dyn Disk>, options: &EmbeddedOptions) -> Result<Self, OpenError> {
        let metrics = Arc::<Metrics>::default();
        let (embedded, cache) = Embedded::open(disk, options, Arc::clone(&metrics))?;
        Ok(Self { backend: Arc::new(embedded), cache, metrics })
    }

    /// Runs a transaction.  When it resolves with success, the transaction is durable and every read that starts
    /// afterwards sees it.  Dropping the future does not take the transaction back.
    pub async fn commit(&self, transaction: impl Into<Transaction>) -> Result<Committed, CommitError> {
        let committed = self.backend.commit(transaction.into()).await?;
        self.cache.reached(committed.revision).await;
        Ok(committed)
    }

    /// Creates or replaces one object.
    pub async fn put(
        &self,
        key: Key,
        condition: Condition,
        draft: Draft,
    ) -> Result<Arc<Object>, CommitError> {
        self.one(Write::put(key, condition, draft)).await
    }

    /// Removes one object; `last` is the state that watchers shall see.  Answers the tombstone.
    pub async fn delete(
        &self,
        key: Key,
        condition: Condition,
        last: Draft,
    ) -> Result<Arc<Object>, CommitError> {
        self.one(Write::delete(key, condition, last)).await
    }

    async fn one(&self, write: Write) -> Result<Arc<Object>, CommitError> {
        let mut committed = self.commit(write).await?;
        let nothing = || CommitError::Uncertain("the back end answered with no object".to_owned());
        committed.objects.pop().ok_or_else(nothing)
    }

    /// An object as it is now.
    pub fn get(&self, key: &Key) -> Option<Arc<Object>> {
        self.cache.get(key)
    }

    /// The objects of a resource as they are now.
    pub fn snapshot(&self, resource: &Resource) -> Snapshot {
        self.cache.snapshot(resource)
    }

    /// The objects of a resource as they were at exactly `revision`, which must be in the history window.
    pub fn snapshot_at(&self, resource: &Resource, revision: u64) -> Result<Snapshot, RevisionError> {
        self.cache.snapshot_at(resource, revision)
    }

    /// Follows the objects of a scope: every event behind revision `after` (exclusive), once and in order.
    ///
    /// With the revision of a [`Snapshot`], snapshot and watch together miss nothing and see nothing twice.  A revision
    /// that is not reached yet is fine: what comes up to it is left out.
    pub fn watch(&self, resource: &Resource, scope: Scope, after: u64) -> Result<Watch, WatchError> {
        self.cache.watch(resource, scope, after)
    }

    /// The revision up to which reads are complete.
    pub fn revision(&self) -> u64 {
        self.cache.revision()
    }

    /// Waits until reads are complete up to `revision`; the caller limits the time.
    pub async fn reached(&self, revision: u64) {
        self.cache.reached(revision).await;
    }

    /// Waits until reads see everything acknowledged by any process before the call, answers the revision.  With the
    /// embedded back end that is always so already.
    pub async fn consistent(&self) -> Result<u64, CommitError> {
        let latest = self.backend.latest().await?;
        self.cache.reached(latest).await;
        Ok(latest)
    }

    /// The resources that have objects or history.
    pub fn resources(&self) -> Vec<Resource> {
        self.cache.resources()
    }

    /// Drops what is kept for a resource that is no longer served and ends its watches.  Does nothing and answers
    /// false while it still has objects.
    pub fn forget(&self, resource: &Resource) -> bool {
        self.cache.forget(resource)
    }

    /// How the back end is, for `/readyz`.
    pub fn health(&self) -> Health {
        self.backend.health()
    }

    /// What the store counted since it was opened.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Takes no more writes, finishes those it has, lets go of files, ends all watches.  Reads still work.
    pub async fn close(&self) {
        self.backend.close().await;
        self.cache.close();
    }
}
