//! The server as its users meet it: started as a process of its own, spoken to by real clients over TLS.
//! [`Server`] runs and stops the process, [`Session`] runs command lines against it, [`transcript`] compares
//! whole recorded sessions; the tests are in `tests/e2e`.
//!
//! Everything ends in bounded time, and every process that is started here is stopped and reaped, also when a test
//! panics or the test program itself is killed.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "only tests call it: what fails here is a failed test"
)]

mod credentials;
mod https;
mod process;
mod provider;
mod server;
mod session;
mod tools;
pub mod transcript;

pub use credentials::{ClientCertificate, Validity};
pub use https::{Answer, Connection, config};
pub use process::{Guard, Output, run};
pub use provider::Provider;
pub use server::Server;
pub use session::Session;
pub use tools::{kubectl, python, sumun};

use std::time::{Duration, Instant};

/// Longest wait for one thing to happen; generous, as the machine may be busy with other work.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Asks again and again until there is an answer; fails with `what` after [`PATIENCE`].
pub fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(start.elapsed() < PATIENCE, "no {what} within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
