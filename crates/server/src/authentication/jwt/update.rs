//! The file of issuers, read again when it changes: a new one is taken when it is good and its issuers have answered.
//!
//! Entry point: [`Updates::watch`].

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use authn::oidc::{AnonymousSettings, Issuer, Issuers};
use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::metrics::Metrics;
use super::{FLAG, compile, configuration, install, now, reach};
use crate::reload::Reloads;

/// After this time of waiting for issuers an update counts as failed; it is tried further.
const PATIENCE: Duration = Duration::from_secs(60);
/// The longest pause between two looks at an issuer that does not answer.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Takes new content of the file.
#[derive(Clone)]
pub(super) struct Updates {
    issuers: Arc<Issuers>,
    metrics: Arc<Metrics>,
    /// Issuers of service-account tokens, whom nobody else may be.
    disallowed: Vec<String>,
    /// The task that waits for the issuers of the newest content.
    waiting: Arc<Mutex<Option<AbortHandle>>>,
    runtime: Handle,
}

impl Updates {
    /// Needs a runtime to run in.
    pub(super) fn new(issuers: Arc<Issuers>, metrics: Arc<Metrics>, disallowed: Vec<String>) -> Self {
        Self { issuers, metrics, disallowed, waiting: Arc::default(), runtime: Handle::current() }
    }

    /// Takes the file's content now and whenever it changes; answers what it says of anonymous requests, which must not
    /// change.
    ///
    /// # Errors
    /// What is wrong with the file as it is now.
    pub(super) fn watch(self, path: &Path, reloads: &Reloads) -> Result<Option<AnonymousSettings>, String> {
        let first = Arc::new(Mutex::new(None));
        let (initial, name) = (first.clone(), path.display().to_string());
        reloads.watch(FLAG, &[path], move |contents| {
            let content = contents.first().map_or(&[][..], Vec::as_slice);
            let mut initial = initial.lock().unwrap_or_else(PoisonError::into_inner);
            match &*initial {
                None => *initial = Some(self.start(content, &name)?),
                Some(before) => {
                    self.update(content, &name, before).inspect_err(|_| self.metrics.refused())?;
                }
            }
            Ok(())
        })?;
        let initial = first.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(initial.clone().flatten())
    }

    fn start(&self, content: &[u8], name: &str) -> Result<Option<AnonymousSettings>, String> {
        let (prepared, anonymous) = self.prepare(content, name, None)?;
        let _guard = self.runtime.enter();
        install(&self.issuers, prepared);
        self.metrics.in_use(content);
        Ok(anonymous)
    }

    fn update(&self, content: &[u8], name: &str, before: &Option<AnonymousSettings>) -> Result<(), String> {
        // Whatever becomes of the new content, older content is not waited for any more.
        if let Some(waiting) = self.lock().take() {
            waiting.abort();
        }
        let (prepared, _) = self.prepare(content, name, Some(before))?;
        let (updates, content) = (self.clone(), content.to_vec());
        let task = self.runtime.spawn(async move { updates.wait_and_take(prepared, &content).await });
        *self.lock() = Some(task.abort_handle());
        Ok(())
    }

    fn prepare(
        &self,
        content: &[u8],
        name: &str,
        before: Option<&Option<AnonymousSettings>>,
    ) -> Result<(Vec<Arc<Issuer>>, Option<AnonymousSettings>), String> {
        let configuration = configuration::read(content).map_err(|why| {
            format!("failed to load authentication configuration from file {name:?}: {why}")
        })?;
        let rules = compile(&configuration, &self.disallowed, before)?;
        let prepared = self.issuers.prepare(&configuration, rules, &reach)?;
        Ok((prepared, configuration.anonymous))
    }

    /// The last good issuers stay in use until all new ones have answered.
    async fn wait_and_take(&self, prepared: Vec<Arc<Issuer>>, content: &[u8]) {
        let (mut since, mut pause) = (Instant::now(), Duration::from_millis(500));
        loop {
            for issuer in prepared.iter().filter(|issuer| issuer.health().is_err()) {
                issuer.tend(now()).await;
            }
            let faults: Vec<String> = prepared.iter().filter_map(|issuer| issuer.health().err()).collect();
            if faults.is_empty() {
                install(&self.issuers, prepared);
                self.metrics.taken(content);
                tracing::info!("the issuers of the new authentication configuration are in use");
                return;
            }
            if since.elapsed() >= PATIENCE {
                self.metrics.refused();
                tracing::warn!(why = %faults.join(", "), "the new authentication configuration is not in use yet");
                since = Instant::now();
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<AbortHandle>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
