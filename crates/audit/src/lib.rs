//! The audit trail of an API server: its events (`audit.k8s.io/v1`), and reading them back.
//!
//! Entry points: [`Event`], and [`log::Reader`] which streams events out of files of any size, however a cloud wrapped
//! them.

mod event;
pub mod log;

pub use event::{Decision, Event, ObjectRef, Outcome, Person, Stage, Target};
