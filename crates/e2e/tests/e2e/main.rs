//! The server from outside: recorded sessions with kubectl, clients in Rust and Python, and what may happen to a
//! process.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod client;
mod connect;
mod credentials;
mod durability;
mod external_signer;
mod hook;
mod iam;
mod impersonation;
mod informers;
mod lifecycle;
mod oidc;
mod policies;
mod proxy;
mod python;
mod reflector;
mod restart;
mod scenarios;
mod service_accounts;
mod signer;
mod streams;
mod support;
mod ways_in;
mod webhooks;
