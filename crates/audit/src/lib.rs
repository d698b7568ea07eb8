//! The audit trail of an API server: the policy that says what is written (`audit.k8s.io/v1`), its events, and reading
//! them back.
//!
//! Entry points: [`policy::Policy`]; [`Event`], and [`log::Reader`] which streams events out of files of any size,
//! however a cloud wrapped them.

mod event;
pub mod log;
pub mod policy;

pub use event::{Decision, Event, ObjectRef, Outcome, Person, Stage, Target};
