//! The store from outside: one suite for all back ends, a model, and whatever can go wrong with a disk.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod corruption;
mod crash;
mod disk;
mod faults;
mod fixtures;
mod kill;
mod model;
mod suite;
mod support;
mod watchers;
