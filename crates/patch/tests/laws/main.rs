//! Laws that hold for objects of every kind, tried with made-up ones, and cases answered by upstream's own libraries.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod difference;
mod fields;
mod jobs;
mod owners;
mod reference;
mod strategic;
mod support;
