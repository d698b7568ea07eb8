//! The server from outside: recorded sessions with kubectl, clients in Rust and Python, and what may happen to a
//! process.

#![expect(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "tests")]

mod client;
mod credentials;
mod durability;
mod lifecycle;
mod python;
mod reflector;
mod scenarios;
mod support;
