//! Webhooks as core crates see them: an object is sent, one comes back, within bounded time.
//!
//! Entry point: [`Webhook::new`].

use std::path::Path;
use std::time::Duration;

use api::Value;
use api::callout::{Callout, CalloutError, CalloutFuture};
use client::retry::{self, Backoff};
use client::{Authentication, Client, Config, Error, Kind, Kubeconfig, Request};
use tokio::sync::Semaphore;

/// A service that is sent objects.
#[derive(Debug)]
pub(crate) struct Webhook {
    client: Client,
    /// Path below that of the server's URL, `""` for that one itself.
    path: &'static str,
    query: String,
    backoff: Backoff,
    /// All tries together, and the wait for one's turn.
    limit: Duration,
    /// Whoever makes up tokens could make us open any number of connections.
    turns: Semaphore,
}

/// Questions to one service at once; more than this wait for their turn.
const AT_ONCE: usize = 256;

impl Webhook {
    /// A webhook where `config` says; `timeout` is for one try, `limit` for all together.
    ///
    /// # Errors
    /// What cannot be used.
    pub(crate) fn new(
        config: Config,
        path: &'static str,
        timeout: Duration,
        limit: Duration,
    ) -> Result<Self, String> {
        let nanos = i64::try_from(timeout.as_nanos()).unwrap_or(i64::MAX);
        let query = format!("timeout={}", api::time::duration::format(nanos));
        let client = Client::new(Config { timeout, ..config }).map_err(|e| e.to_string())?;
        Ok(Self { client, path, query, backoff: Backoff::default(), limit, turns: Semaphore::new(AT_ONCE) })
    }
}

/// What the current context of a kubeconfig file says.  The server runs no plug-ins.
///
/// # Errors
/// File, field and what is wrong.
pub(crate) fn of_kubeconfig(path: &Path) -> Result<Config, String> {
    let config = Kubeconfig::load(path).and_then(|file| file.config(None)).map_err(|e| e.to_string())?;
    match config.authentication {
        Authentication::Exec(_) => {
            Err(format!("{}: users: exec: the server runs no plug-ins for its credentials", path.display()))
        }
        _ => Ok(config),
    }
}

impl Callout for Webhook {
    fn call<'a>(&'a self, object: &'a Value) -> CalloutFuture<'a> {
        Box::pin(async move {
            let request = Request::post(self.path, object).query(&self.query);
            let asking = async {
                let _turn = self.turns.acquire().await;
                retry::with_backoff(&self.backoff, || self.client.call(&request)).await
            };
            match tokio::time::timeout(self.limit, asking).await {
                Ok(Ok(answer)) => Ok(answer),
                Ok(Err(error)) => Err(failed(&error)),
                Err(_) => {
                    let text = "webhook call failed: context deadline exceeded".to_owned();
                    Err(CalloutError { text, timeout: true })
                }
            }
        })
    }
}

fn failed(error: &Error) -> CalloutError {
    let timeout = error.kind() == Kind::Timeout || error.code() == Some(504);
    tracing::warn!(%error, "a webhook does not answer");
    CalloutError { text: error.to_string(), timeout }
}
