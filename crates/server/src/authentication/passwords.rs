//! Users with passwords (`--basic-auth-file`), read again when the file changes.

use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use api::UserInfo;
use authn::SystemRandom;
use authn::password::{Job, PasswordFile, Passwords, Worker};
use tokio::sync::Semaphore;

use crate::reload::Reloads;

/// Passwords that may wait to be looked at; further ones are refused.
const MOST_WAITING: usize = 64;

/// Looks at passwords on threads for blocking work, half the processors at once: requests keep the rest.
struct Threads {
    places: Semaphore,
    waiting: AtomicUsize,
}

impl Threads {
    fn new() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self { places: Semaphore::new((processors / 2).max(1)), waiting: AtomicUsize::new(0) }
    }
}

/// Counts one who waits, until it is dropped: also when the client has gone.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Worker for Threads {
    fn work(&self, job: Job) -> Pin<Box<dyn Future<Output = Option<Option<UserInfo>>> + Send + '_>> {
        Box::pin(async move {
            let before = self.waiting.fetch_add(1, Ordering::Relaxed);
            let _waiting = Waiting(&self.waiting);
            if before >= MOST_WAITING {
                return None;
            }
            let _place = self.places.acquire().await.ok()?;
            tokio::task::spawn_blocking(job).await.ok()
        })
    }
}

/// The passwords of a file.
pub(super) fn make(path: &Path, reloads: &Reloads) -> Result<Arc<Passwords>, String> {
    let empty = PasswordFile::parse("", &SystemRandom).map_err(|e| e.to_string())?.0;
    let passwords =
        Passwords::new(empty, Arc::new(Threads::new()), &SystemRandom).map_err(|e| e.to_string())?;
    let passwords = Arc::new(passwords);
    let (member, name) = (passwords.clone(), path.display().to_string());
    reloads.watch("--basic-auth-file", &[path], move |contents| {
        let text = contents.first().map_or(&[][..], Vec::as_slice);
        let text = std::str::from_utf8(text).map_err(|e| format!("{name}: {e}"))?;
        let (file, warnings) =
            PasswordFile::parse(text, &SystemRandom).map_err(|e| format!("{name}: {e}"))?;
        for warning in warnings {
            tracing::warn!(file = %name, "{warning}");
        }
        passwords.replace(file);
        Ok(())
    })?;
    Ok(member)
}
