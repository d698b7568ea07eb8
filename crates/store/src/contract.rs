//! What a store is asked and what it may answer.
//!
//! Entry points: [`Transaction`] is the question, [`Committed`] or [`CommitError`] the answer, [`Backend`] whoever
//! gives it.  Every back end passes the one suite in `tests/store/suite.rs`.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use crate::{Draft, Key, Object};

/// A boxed future, so that back ends can be trait objects.
pub type Future<'a, T> = Pin<Box<dyn std::future::Future<Output = T> + Send + 'a>>;

/// What must hold of a key for the transaction to take place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Nothing.
    Any,
    /// No object is there.
    Absent,
    /// The object is there in exactly this revision.
    Revision(u64),
}

/// What to do with a key.
#[derive(Clone, Debug)]
pub enum Action {
    /// Create or replace the object.
    Put(Draft),
    /// Remove the object, which must be there.  The draft is its last state, as watchers shall see it in the DELETED
    /// event; mostly [`Object::draft`] of the current object.
    Delete(Draft),
    /// Only check the condition.
    Check,
}

/// One key of a transaction.
#[derive(Clone, Debug)]
pub struct Write {
    /// Which object.
    pub key: Key,
    /// What must hold.
    pub condition: Condition,
    /// What to do.
    pub action: Action,
}

/// Writes that happen all or not at all, at one revision.  No key may occur twice.
///
/// A watcher gets an event for each write, all with that revision: one that comes back with the revision of the last
/// event it saw may miss the rest, so transactions that write several objects of one resource are for resources whose
/// watchers do not mind.
#[derive(Clone, Debug, Default)]
pub struct Transaction {
    /// The writes; all conditions are checked against the state before the first of them.
    pub writes: Vec<Write>,
}

/// A transaction that took place and is durable.
#[derive(Clone, Debug)]
pub struct Committed {
    /// The revision of the transaction; the current revision when it only checked.
    pub revision: u64,
    /// What was written, in the order of the writes: new objects for [`Action::Put`], tombstones for
    /// [`Action::Delete`]; [`Action::Check`] gives none.
    pub objects: Vec<Arc<Object>>,
}

/// The condition that did not hold; nothing was written.
#[derive(Clone, Debug)]
pub struct Conflict {
    /// The object in question.
    pub key: Key,
    /// The condition asked for.
    pub condition: Condition,
    /// The object as it is now, `None` when it is absent.
    pub current: Option<Arc<Object>>,
}

/// Why a transaction did not take place.
#[derive(Clone, Debug)]
pub enum CommitError {
    /// A condition did not hold.
    Conflict(Box<Conflict>),
    /// An object or the whole transaction is larger than [`Limits`] allow.
    TooLarge {
        /// Its size in bytes.
        size: usize,
        /// What is allowed, in bytes.
        limit: usize,
    },
    /// The transaction makes no sense, such as one key twice.
    Invalid(String),
    /// There is no room on the disk.  Nothing was written and the store goes on.
    StorageFull(String),
    /// The store takes no writes now.  Nothing was written.
    Unavailable(String),
    /// The store failed before it could know: the transaction may or may not be there after a restart.
    Uncertain(String),
}

/// Why a revision cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevisionError {
    /// Older than the history window (410 on the wire).
    TooOld {
        /// The revision asked for.
        requested: u64,
        /// The oldest revision that can be read exactly and watched from.
        oldest: u64,
    },
    /// Not reached yet (`Too large resource version` on the wire).
    TooNew {
        /// The revision asked for.
        requested: u64,
        /// The current revision.
        current: u64,
    },
}

/// Why a watch ended or did not start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatchError {
    /// The start is older than the history window (410 on the wire).
    TooOld {
        /// The revision asked for.
        requested: u64,
        /// The oldest revision that can be watched from.
        oldest: u64,
    },
    /// The reader fell behind the window; it must list again.
    TooSlow,
    /// The store is closing, or the resource is no longer served.
    Closed,
}

/// How a back end is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// Reads and writes work.
    Ok,
    /// Writes fail for now for want of disk space; they are tried each time.
    StorageFull(String),
    /// Writes fail until a restart; reads still work.
    ReadOnly(String),
    /// Closed.
    Closed,
}

/// The largest things a store takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one object's JSON.
    pub object_bytes: usize,
    /// Bytes of all objects of a transaction.
    pub transaction_bytes: usize,
}

/// Whoever keeps the objects: orders transactions, makes them durable, feeds the watch cache.
///
/// The revision is one sequence for everything; it starts above 1, grows by one with each transaction that writes, is
/// never used twice (restarts included), and no transaction is seen by a reader before it is durable.
pub trait Backend: Send + Sync + 'static {
    /// Runs a transaction.  Resolves once it is durable and reads see it, or with why it did not take place.  Dropping
    /// the future does not take the transaction back.
    fn commit(&self, transaction: Transaction) -> Future<'_, Result<Committed, CommitError>>;

    /// A revision not older than any transaction acknowledged, by any process, before the call.
    fn latest(&self) -> Future<'_, Result<u64, CommitError>>;

    /// How it is, for `/readyz`.
    fn health(&self) -> Health;

    /// Takes no more writes, finishes those it has, and lets go of files and connections.
    fn close(&self) -> Future<'_, ()>;
}

impl Write {
    /// Creates or replaces an object.
    pub fn put(key: Key, condition: Condition, draft: Draft) -> Self {
        Self { key, condition, action: Action::Put(draft) }
    }

    /// Removes an object; `last` is the state that watchers shall see.
    pub fn delete(key: Key, condition: Condition, last: Draft) -> Self {
        Self { key, condition, action: Action::Delete(last) }
    }

    /// Only checks a condition.
    pub fn check(key: Key, condition: Condition) -> Self {
        Self { key, condition, action: Action::Check }
    }
}

impl From<Write> for Transaction {
    fn from(write: Write) -> Self {
        Self { writes: vec![write] }
    }
}

impl From<Vec<Write>> for Transaction {
    fn from(writes: Vec<Write>) -> Self {
        Self { writes }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { object_bytes: 3 << 20, transaction_bytes: 16 << 20 }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("anything"),
            Self::Absent => f.write_str("no object"),
            Self::Revision(revision) => write!(f, "revision {revision}"),
        }
    }
}

impl fmt::Display for CommitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict(conflict) => conflict.fmt(f),
            Self::TooLarge { size, limit } => write!(f, "{size} bytes are more than the limit of {limit}"),
            Self::Invalid(why) => write!(f, "invalid transaction: {why}"),
            Self::StorageFull(why) => write!(f, "no room on the disk: {why}"),
            Self::Unavailable(why) => write!(f, "the store takes no writes: {why}"),
            Self::Uncertain(why) => {
                write!(f, "the store failed, the write may or may not have happened: {why}")
            }
        }
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: wanted {}, found ", self.key, self.condition)?;
        match &self.current {
            None => f.write_str("no object"),
            Some(object) => write!(f, "revision {}", object.revision()),
        }
    }
}

impl fmt::Display for RevisionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooOld { requested, oldest } => too_old(f, *requested, *oldest),
            Self::TooNew { requested, current } => {
                write!(f, "revision {requested} is not reached yet, the current one is {current}")
            }
        }
    }
}

impl fmt::Display for WatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooOld { requested, oldest } => too_old(f, *requested, *oldest),
            Self::TooSlow => f.write_str("the watcher fell behind the history window"),
            Self::Closed => f.write_str("the watch was closed"),
        }
    }
}

fn too_old(f: &mut fmt::Formatter<'_>, requested: u64, oldest: u64) -> fmt::Result {
    write!(f, "revision {requested} is too old, the oldest known one is {oldest}")
}

impl std::error::Error for CommitError {}
impl std::error::Error for RevisionError {}
impl std::error::Error for WatchError {}
