//! The object store: one contract, its back ends, and the watch cache that answers every read.
//!
//! Entry point: [`Store`].  Writes go through a [`Backend`], which orders them by one revision and acknowledges them
//! when they are durable; reads and watches are answered from memory by immutable, shared [`Object`]s and never parse.

mod cache;
mod contract;
mod embedded;
mod head;
mod key;
mod leb128;
mod memory;
pub mod metrics;
mod object;
mod sequencer;
mod store;
mod sync;

pub use cache::{Event, Scope, Snapshot, Watch, WindowLimits};
pub use contract::{
    Action, Backend, CommitError, Committed, Condition, Conflict, Future, Health, Limits, RevisionError,
    Transaction, WatchError, Write,
};
pub use embedded::{EmbeddedOptions, Heads, OpenError, ReadHead, disk};
pub use head::{Fields, FieldsRef, Head, HeadRef, LabelsRef};
pub use key::{Key, Name, Resource};
pub use metrics::Metrics;
pub use object::{Change, Draft, DraftError, Object};
pub use store::{CacheOptions, Store};
