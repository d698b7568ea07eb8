//! The end of the log: appends batches to the newest segment and goes on to the next one.
//!
//! Entry point: [`Log::append`].  Segments are filled with zeros beforehand where possible, because a sync is much
//! cheaper when it need not change a file's size.

use std::io;
use std::sync::Arc;

use super::disk::{Disk, DiskFile, write_all};
use super::format::{ALIGN, FILE_HEADER, FRAME, FileHeader, Frame, FrameKind};
use super::names;
use super::spare::Spare;
use crate::metrics::Metrics;

/// The newest segment, open for appending.
pub(super) struct Log {
    disk: Arc<dyn Disk>,
    metrics: Arc<Metrics>,
    file: Box<dyn DiskFile>,
    header: FileHeader,
    /// Where the next batch goes.
    end: u64,
    /// Length of the file; from `end` on it is all zeros.
    prepared: u64,
    settings: Settings,
    spare: Spare,
}

/// How segments are made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    /// Length at which a segment is full.
    pub(super) limit: u64,
    /// Version of the heads that are written from now on.
    pub(super) heads: u32,
}

/// Why a batch is not in the log.
#[derive(Debug)]
pub(super) enum AppendError {
    /// No room; the log is as it was before.
    Full(String),
    /// What is on the disk is not known any more: there must be no further write.
    Fatal(String),
}

/// A batch under construction: room for the frame, then the payload.
#[derive(Default)]
pub(super) struct Batch {
    bytes: Vec<u8>,
    count: u32,
}

/// Buffers larger than this are not kept for the next batch.
const KEEP: usize = 16 << 20;

impl Batch {
    /// Starts over.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(KEEP);
        self.bytes.resize(FRAME, 0);
        self.count = 0;
    }

    /// Counts one more transaction; what it holds is to be appended to the answer.
    pub(super) fn transaction(&mut self) -> &mut Vec<u8> {
        self.count += 1;
        &mut self.bytes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Fills in the frame and pads the end.
    fn seal(&mut self, revision: u64, salt: u64, offset: u64) -> Option<()> {
        let payload_len = self.bytes.len().checked_sub(FRAME)?;
        let frame = {
            let payload = self.bytes.get(FRAME..).filter(|payload| payload.len() == payload_len)?;
            Frame::new(FrameKind::Batch, revision, self.count, payload)?
        };
        self.bytes.get_mut(..FRAME)?.copy_from_slice(&frame.encode(salt, offset));
        let padded = self.bytes.len().next_multiple_of(ALIGN);
        self.bytes.resize(padded, 0);
        Some(())
    }
}

impl Log {
    /// Goes on behind `end` in a segment that is `prepared` bytes long.
    pub(super) fn new(
        disk: Arc<dyn Disk>,
        metrics: Arc<Metrics>,
        (file, header): (Box<dyn DiskFile>, FileHeader),
        (end, prepared): (u64, u64),
        settings: Settings,
    ) -> Self {
        let spare = Spare::new(Arc::clone(&disk), settings.limit);
        Self { disk, metrics, file, header, end, prepared, settings, spare }
    }

    /// The facts that all files of the store share.
    pub(super) fn header(&self) -> &FileHeader {
        &self.header
    }

    /// Appends a batch whose first transaction has `revision`, and makes it durable.  Answers the bytes it took.
    pub(super) fn append(&mut self, batch: &mut Batch, revision: u64) -> Result<u64, AppendError> {
        let size = batch.len().next_multiple_of(ALIGN) as u64;
        self.make_room(size, revision)?;
        let sealed = batch.seal(revision, self.header.salt, self.end);
        sealed.ok_or_else(|| AppendError::Full("a batch cannot be larger than 4 GiB".to_owned()))?;
        if let Err(error) = write_all(&mut *self.file, &batch.bytes, self.end) {
            return Err(self.take_back(size, &error));
        }
        self.sync()?;
        self.end += size;
        self.prepared = self.prepared.max(self.end);
        Ok(size)
    }

    /// Goes on to the next segment when this one is full, and sees to it that there will be one.
    fn make_room(&mut self, size: u64, revision: u64) -> Result<(), AppendError> {
        let end = self.end + size;
        let empty = self.end == FILE_HEADER as u64;
        let full = end > self.prepared && (end > self.settings.limit || self.spare.is_ready());
        // A segment made by a program with other heads must not get heads of this one.
        if (full && !empty) || self.header.heads != self.settings.heads {
            self.next_segment(revision)?;
        }
        if self.prepared.saturating_sub(self.end) < self.prepared / 2 {
            self.spare.prepare(size);
        }
        Ok(())
    }

    fn next_segment(&mut self, revision: u64) -> Result<(), AppendError> {
        // An empty segment is replaced by one of the same name.
        let previous =
            if self.header.revision == revision { self.header.previous } else { self.header.revision };
        let (salt, heads) = (self.disk.random(), self.settings.heads);
        let header = FileHeader { salt, heads, revision, previous, ..self.header };
        let (mut file, temporary, prepared) = match self.spare.take() {
            Some((file, len)) => (file, names::SPARE, len),
            None => (self.disk.create(names::NEXT).map_err(|error| self.no_next(&error))?, names::NEXT, 0),
        };
        let written = write_all(&mut *file, &header.encode(), 0).and_then(|()| file.sync());
        written.map_err(|error| self.no_next(&error))?;
        let name = names::segment(revision);
        // From here on a restart may find the segment, so a failure leaves an unknown state.
        let renamed = self.disk.rename(temporary, &name).and_then(|()| self.disk.sync());
        renamed.map_err(|error| AppendError::Fatal(format!("{}: {error}", self.disk.display(&name))))?;
        self.file = file;
        self.header = header;
        self.end = FILE_HEADER as u64;
        self.prepared = prepared.max(self.end);
        self.metrics.segments.add(1);
        Ok(())
    }

    fn sync(&mut self) -> Result<(), AppendError> {
        let start = self.disk.now();
        let synced = self.file.sync();
        self.metrics.syncs.observe(self.disk.now().saturating_sub(start));
        // INVARIANT: never tried again.  After a failed sync the system may have dropped the bytes and call the next
        // sync a success.
        synced.map_err(|error| AppendError::Fatal(self.describe("sync", &error)))
    }

    /// After a failed write: brings the file back to what it was, so that the store can go on.
    fn take_back(&mut self, size: u64, error: &io::Error) -> AppendError {
        let text = self.describe("write", error);
        if !is_full(error) {
            return AppendError::Fatal(text);
        }
        match self.erase(size) {
            Ok(()) => AppendError::Full(text),
            Err(error) => AppendError::Fatal(self.describe("take back an unfinished write", &error)),
        }
    }

    fn erase(&mut self, size: u64) -> io::Result<()> {
        if self.file.len()? > self.prepared {
            self.file.set_len(self.prepared)?;
        }
        let written = size.min(self.prepared - self.end);
        let zeros = vec![0; usize::try_from(written).unwrap_or(0)];
        write_all(&mut *self.file, &zeros, self.end)?;
        self.file.sync()
    }

    /// A failure before anything of a new segment can be found by a restart: worth another try if the disk is full.
    fn no_next(&self, error: &io::Error) -> AppendError {
        let text = format!("{}: cannot make a new log segment: {error}", self.disk.display(names::NEXT));
        if is_full(error) { AppendError::Full(text) } else { AppendError::Fatal(text) }
    }

    fn describe(&self, what: &str, error: &io::Error) -> String {
        let name = self.disk.display(&names::segment(self.header.revision));
        format!("{name}: cannot {what} at offset {}: {error}", self.end)
    }
}

/// True for errors that mean that there is no room.
fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull, WriteZero};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge | WriteZero)
}
