//! Makes the next log segment ahead of time, on a thread of its own.
//!
//! Entry point: [`Spare`].

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use super::disk::{Disk, DiskFile, write_all};
use super::names;
use crate::sync::lock;

/// Zeros are written in pieces of this many bytes.
const PIECE: usize = 1 << 20;
/// The file is synced each time this much was written, so that the log's own syncs never wait for all of it.
const SYNC_EVERY: u64 = 8 << 20;

/// A file full of zeros, or the thread that makes it.
pub(super) struct Spare {
    disk: Arc<dyn Disk>,
    len: u64,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    /// Bytes to be logged before the next try after one that failed.
    pause: u64,
}

#[derive(Default)]
struct Shared {
    file: Mutex<Option<Box<dyn DiskFile>>>,
    /// The file is there.
    ready: AtomicBool,
    /// The last try failed.
    failed: AtomicBool,
    /// The store is going away.
    stop: AtomicBool,
}

impl Spare {
    pub(super) fn new(disk: Arc<dyn Disk>, len: u64) -> Self {
        Self { disk, len, shared: Arc::default(), thread: None, pause: 0 }
    }

    pub(super) fn is_ready(&self) -> bool {
        self.shared.ready.load(Ordering::Acquire)
    }

    /// Takes the file and its length.
    pub(super) fn take(&mut self) -> Option<(Box<dyn DiskFile>, u64)> {
        if !self.is_ready() {
            return None;
        }
        self.join();
        self.shared.ready.store(false, Ordering::Release);
        lock(&self.shared.file).take().map(|file| (file, self.len))
    }

    /// Starts making the file unless it is there or under way.  `logged` bytes were logged since the last call.
    pub(super) fn prepare(&mut self, logged: u64) {
        if self.is_ready() || self.thread.as_ref().is_some_and(|thread| !thread.is_finished()) {
            return;
        }
        self.join();
        if self.shared.failed.swap(false, Ordering::AcqRel) {
            self.pause = self.len / 8;
        }
        self.pause = self.pause.saturating_sub(logged);
        if self.pause > 0 {
            return;
        }
        let (disk, shared, len) = (Arc::clone(&self.disk), Arc::clone(&self.shared), self.len);
        let work = move || match make(&*disk, &shared.stop, len) {
            Ok(file) => {
                *lock(&shared.file) = Some(file);
                shared.ready.store(true, Ordering::Release);
            }
            Err(error) => {
                // Not needed, only faster; and what it took may be what the log needs.
                tracing::warn!(%error, "cannot prepare the next log segment");
                let _ = disk.remove(names::SPARE);
                shared.failed.store(true, Ordering::Release);
            }
        };
        // Without a thread there is no spare; the next call tries again.
        self.thread = std::thread::Builder::new().name("store-spare".to_owned()).spawn(work).ok();
    }

    fn join(&mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Spare {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        self.join();
        if self.is_ready() {
            // Otherwise the next start removes it.
            let _ = self.disk.remove(names::SPARE);
        }
    }
}

fn make(disk: &dyn Disk, stop: &AtomicBool, len: u64) -> io::Result<Box<dyn DiskFile>> {
    let mut file = disk.create(names::SPARE)?;
    let zeros = vec![0; PIECE];
    let mut at = 0;
    while at < len {
        if stop.load(Ordering::Acquire) {
            return Err(io::Error::other("the store is closing"));
        }
        let piece = usize::try_from(len - at).unwrap_or(PIECE).min(PIECE);
        write_all(&mut *file, zeros.get(..piece).unwrap_or_default(), at)?;
        at += piece as u64;
        if at.is_multiple_of(SYNC_EVERY) {
            file.sync()?;
        }
    }
    file.sync()?;
    Ok(file)
}
