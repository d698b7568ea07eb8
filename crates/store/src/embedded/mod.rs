//! The durable back end: a log of transactions and snapshots in one directory, as `FORMAT.md` describes them.
//!
//! Entry point: [`Store::open`](crate::Store::open), which recovers the directory and starts the thread that writes.

mod committer;
pub mod disk;
mod error;
mod file;
mod format;
mod log;
mod names;
mod recovery;
mod snapshot;
mod spare;

use std::any::Any;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot, watch};

pub use error::OpenError;

use crate::cache::Cache;
use crate::metrics::Metrics;
use crate::sequencer::Sequencer;
use crate::sync::lock;
use crate::{Backend, CacheOptions, CommitError, Committed, Future, Head, Health, Key, Limits, Transaction};
use committer::{Committer, Message};
use disk::Disk;
use log::{Batch, Log};
use recovery::Recovered;
use snapshot::Snapshotter;

/// How an embedded store is kept.
#[derive(Clone)]
pub struct EmbeddedOptions {
    /// What the watch cache keeps.
    pub cache: CacheOptions,
    /// The largest things it takes.
    pub limits: Limits,
    /// How heads are made; see [`Heads`].
    pub heads: Heads,
    /// Length of a log segment in bytes.
    pub segment_bytes: u64,
    /// A snapshot is written when at least this many bytes, and at least as many as the last snapshot has, were logged
    /// since then.
    pub snapshot_bytes: u64,
    /// Transactions that may wait; more of them wait to wait.
    pub queue: usize,
}

/// Which head goes with an object.  Heads are stored beside the objects; when the version differs from the one they
/// were stored under, they are made again.
#[derive(Clone)]
pub struct Heads {
    /// To be changed whenever the same object would get another head, such as when a kind gets a selectable field.
    pub version: u32,
    /// Makes the head of an object from its JSON (which has no `resourceVersion`); `None` keeps the one it has.  What
    /// it says of [`Head::expires`] does not count.
    pub read: Arc<ReadHead>,
}

/// Makes the head of an object from its key and JSON.
pub type ReadHead = dyn Fn(&Key, &[u8]) -> Option<Head> + Send + Sync;

/// The back end.
pub(crate) struct Embedded {
    cache: Arc<Cache>,
    queue: mpsc::Sender<Message>,
    health: Arc<Mutex<Health>>,
    ended: watch::Receiver<bool>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// Tells everybody when the thread ends, for whatever reason, and then lets go of the directory.
struct Ending {
    health: Arc<Mutex<Health>>,
    ended: watch::Sender<bool>,
    lock: Option<Box<dyn Any + Send + Sync>>,
}

impl Default for EmbeddedOptions {
    fn default() -> Self {
        Self {
            cache: CacheOptions::default(),
            limits: Limits::default(),
            heads: Heads { version: 0, read: Arc::new(|_, _| None) },
            segment_bytes: 64 << 20,
            snapshot_bytes: 64 << 20,
            queue: 4096,
        }
    }
}

impl Embedded {
    /// Recovers a store and starts its thread.
    pub(crate) fn open(
        disk: &Arc<dyn Disk>,
        options: &EmbeddedOptions,
        metrics: Arc<Metrics>,
    ) -> Result<(Self, Arc<Cache>), OpenError> {
        let guard = disk.lock().map_err(|error| OpenError::io(disk.display(""), error))?;
        let guard = guard.ok_or_else(|| OpenError::Locked { directory: disk.display("") })?;
        let recovered = recovery::recover(disk, options)?;
        let cache = Arc::clone(&recovered.cache);
        let health = Arc::new(Mutex::new(Health::Ok));
        let (ended_tx, ended) = watch::channel(false);
        let ending = Ending { health: Arc::clone(&health), ended: ended_tx, lock: Some(guard) };
        let committer = committer(disk, options, recovered, (metrics, Arc::clone(&health)));
        let (queue, messages) = mpsc::channel(options.queue.max(1));
        let work = move || {
            let _ending = ending;
            committer.run(messages);
        };
        let thread = std::thread::Builder::new().name("store-commit".to_owned()).spawn(work);
        let thread = Mutex::new(Some(thread.map_err(|error| OpenError::io(disk.display(""), error))?));
        Ok((Self { cache: Arc::clone(&cache), queue, health, ended, thread }, cache))
    }
}

fn committer(
    disk: &Arc<dyn Disk>,
    options: &EmbeddedOptions,
    recovered: Recovered,
    (metrics, health): (Arc<Metrics>, Arc<Mutex<Health>>),
) -> Committer {
    let Recovered { cache, file, logged, snapshot_size } = recovered;
    let (header, end) = (file.header, file.offset);
    let (file, prepared) = file.into_file();
    let sequencer = Sequencer::new(Arc::clone(&cache), options.limits);
    let segments = log::Settings { limit: options.segment_bytes, heads: options.heads.version };
    let log = Log::new(Arc::clone(disk), Arc::clone(&metrics), (file, header), (end, prepared), segments);
    let snapshots = Snapshotter::new(
        Arc::clone(disk),
        Arc::clone(&metrics),
        options.snapshot_bytes,
        snapshot_size,
        logged,
    );
    Committer {
        cache,
        sequencer,
        log,
        snapshots,
        health,
        metrics,
        batch: Batch::default(),
        answers: Vec::new(),
    }
}

impl Backend for Embedded {
    fn commit(&self, transaction: Transaction) -> Future<'_, Result<Committed, CommitError>> {
        Box::pin(async move {
            let (answer, answered) = oneshot::channel();
            if self.queue.send(Message::Commit(transaction, answer)).await.is_err() {
                return Err(CommitError::Unavailable("it is closed".to_owned()));
            }
            let gone = || CommitError::Uncertain("the thread that writes ended".to_owned());
            answered.await.unwrap_or_else(|_| Err(gone()))
        })
    }

    fn latest(&self) -> Future<'_, Result<u64, CommitError>> {
        Box::pin(std::future::ready(Ok(self.cache.revision())))
    }

    fn health(&self) -> Health {
        lock(&self.health).clone()
    }

    fn close(&self) -> Future<'_, ()> {
        Box::pin(async move {
            // Fails when it is closed already.
            let _ = self.queue.send(Message::Close).await;
            let mut ended = self.ended.clone();
            let _ = ended.wait_for(|ended| *ended).await;
        })
    }
}

impl Drop for Embedded {
    /// Finishes what waits and ends the thread, so that the directory is free when the store is gone.
    fn drop(&mut self) {
        // A full queue is no trouble: the thread also ends when nobody is left to send.
        let _ = self.queue.try_send(Message::Close);
        let (queue, _) = mpsc::channel(1);
        self.queue = queue;
        if let Some(thread) = lock(&self.thread).take() {
            let _ = thread.join();
        }
        self.cache.close();
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        let panicked = std::thread::panicking();
        let mut health = lock(&self.health);
        *health = match &*health {
            Health::ReadOnly(why) => Health::ReadOnly(why.clone()),
            _ if panicked => Health::ReadOnly("the thread that writes panicked".to_owned()),
            _ => Health::Closed,
        };
        drop(health);
        self.lock = None;
        self.ended.send_replace(true);
    }
}
