//! Snapshots: all live objects in one file, so that older log segments can go.
//!
//! Entry points: [`Snapshotter`] writes them on a thread of its own, [`load`] reads one.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use super::OpenError;
use super::disk::{Disk, DiskFile, write_all};
use super::file::{FrameFile, Next};
use super::format::put_object;
use super::format::{ALIGN, FILE_HEADER, FRAME, FileHeader, FileKind, Frame, FrameKind, Reader, Stored};
use super::names;
use crate::cache::State;
use crate::metrics::Metrics;
use crate::{Resource, leb128};

/// A block is written when it is larger than this.
const BLOCK: usize = 1 << 20;
/// The file is synced each time this much was written, so that the log's own syncs never wait for all of it.
const SYNC_EVERY: u64 = 8 << 20;
/// Snapshots that are kept.  A restart loads the older of two and replays the log since then, so that the watch
/// history from before the newer one is there again.
const KEEP: usize = 2;

/// Decides when a snapshot is due and has it written.
pub(super) struct Snapshotter {
    disk: Arc<dyn Disk>,
    metrics: Arc<Metrics>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<io::Result<u64>>>,
    /// The least number of logged bytes between two snapshots.
    every: u64,
    /// Size of the last snapshot.
    last_size: u64,
    /// Bytes logged since the last snapshot.
    logged: u64,
}

/// A file of frames being written.
struct Writer<'a> {
    file: Box<dyn DiskFile>,
    salt: u64,
    at: u64,
    synced: u64,
    blocks: u64,
    objects: u64,
    stop: &'a AtomicBool,
}

impl Snapshotter {
    pub(super) fn new(
        disk: Arc<dyn Disk>,
        metrics: Arc<Metrics>,
        every: u64,
        last_size: u64,
        logged: u64,
    ) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        Self { disk, metrics, stop, thread: None, every, last_size, logged }
    }

    /// Notes that bytes were logged; answers true when a snapshot is due.
    pub(super) fn logged(&mut self, bytes: u64) -> bool {
        self.logged += bytes;
        self.collect();
        // Not before the log is as large as what is live, so that each object is written twice at most.
        self.thread.is_none() && self.logged >= self.every.max(self.last_size)
    }

    /// Starts to write `states`, which are those of `header.revision`.
    pub(super) fn start(&mut self, header: FileHeader, states: Vec<(Resource, State)>) {
        let (disk, metrics, stop) =
            (Arc::clone(&self.disk), Arc::clone(&self.metrics), Arc::clone(&self.stop));
        let work = move || {
            let start = disk.now();
            let size = write(&*disk, header, &states, &stop)?;
            drop(states);
            retire(&*disk)?;
            metrics.snapshots.observe(disk.now().saturating_sub(start));
            Ok(size)
        };
        match std::thread::Builder::new().name("store-snapshot".to_owned()).spawn(work) {
            Ok(thread) => {
                self.thread = Some(thread);
                self.logged = 0;
            }
            Err(error) => self.failed(&error),
        }
    }

    /// Notes how the last snapshot went, if it is finished.
    fn collect(&mut self) {
        let Some(thread) = self.thread.take_if(|thread| thread.is_finished()) else { return };
        match thread.join() {
            Ok(Ok(size)) => self.last_size = size,
            Ok(Err(error)) => self.failed(&error),
            Err(_) => self.failed(&io::Error::other("the thread panicked")),
        }
    }

    /// Everything is still in the log, so a failure costs only disk space; the next try comes after some more bytes.
    fn failed(&mut self, error: &io::Error) {
        tracing::warn!(%error, "cannot write a snapshot of the store");
        self.metrics.snapshot_failures.add(1);
        self.logged = self.logged.max(self.every.max(self.last_size) / 4 * 3);
    }
}

impl Drop for Snapshotter {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Writes a snapshot; answers its size.
fn write(
    disk: &dyn Disk,
    header: FileHeader,
    states: &[(Resource, State)],
    stop: &AtomicBool,
) -> io::Result<u64> {
    let header = FileHeader { kind: FileKind::Snapshot, salt: disk.random(), previous: 0, ..header };
    let written = Writer::create(disk, &header, stop).and_then(|writer| writer.fill(states));
    let size = written.inspect_err(|_| {
        let _ = disk.remove(names::SNAPSHOT);
    })?;
    disk.rename(names::SNAPSHOT, &names::snapshot(header.revision))?;
    disk.sync()?;
    Ok(size)
}

impl<'a> Writer<'a> {
    fn create(disk: &dyn Disk, header: &FileHeader, stop: &'a AtomicBool) -> io::Result<Self> {
        let mut file = disk.create(names::SNAPSHOT)?;
        write_all(&mut *file, &header.encode(), 0)?;
        let at = FILE_HEADER as u64;
        Ok(Self { file, salt: header.salt, at, synced: at, blocks: 0, objects: 0, stop })
    }

    fn fill(mut self, states: &[(Resource, State)]) -> io::Result<u64> {
        let mut block = vec![0; FRAME];
        let mut count = 0;
        for object in states.iter().flat_map(|(_, state)| state.iter(None)) {
            leb128::put(&mut block, object.revision());
            put_object(&mut block, object);
            count += 1;
            if block.len() > BLOCK {
                self.block(&mut block, count)?;
                count = 0;
            }
        }
        if count > 0 {
            self.block(&mut block, count)?;
        }
        let objects = self.objects;
        self.frame(&mut block, FrameKind::End, objects, 0)?;
        self.file.sync()?;
        Ok(self.at)
    }

    fn block(&mut self, block: &mut Vec<u8>, count: u32) -> io::Result<()> {
        self.frame(block, FrameKind::Block, self.blocks, count)?;
        self.blocks += 1;
        self.objects += u64::from(count);
        if self.at - self.synced > SYNC_EVERY {
            self.file.sync()?;
            self.synced = self.at;
        }
        if self.stop.load(Ordering::Acquire) { Err(io::Error::other("the store is closing")) } else { Ok(()) }
    }

    /// Writes a frame whose payload stands in `bytes` behind room for its header, and empties `bytes`.
    fn frame(&mut self, bytes: &mut Vec<u8>, kind: FrameKind, number: u64, count: u32) -> io::Result<()> {
        let too_large = || io::Error::other("a block cannot be larger than 4 GiB");
        let (head, payload) = bytes.split_at_mut_checked(FRAME).ok_or_else(too_large)?;
        let frame = Frame::new(kind, number, count, payload).ok_or_else(too_large)?;
        head.copy_from_slice(&frame.encode(self.salt, self.at));
        bytes.resize(bytes.len().next_multiple_of(ALIGN), 0);
        write_all(&mut *self.file, bytes, self.at)?;
        self.at += bytes.len() as u64;
        bytes.clear();
        bytes.resize(FRAME, 0);
        Ok(())
    }
}

/// Removes snapshots beyond the newest ones and the segments that the remaining ones make superfluous.
pub(super) fn retire(disk: &dyn Disk) -> io::Result<()> {
    let names = disk.list()?;
    let mut snapshots: Vec<u64> = names.iter().filter_map(|name| names::parse_snapshot(name)).collect();
    snapshots.sort_unstable_by(|a, b| b.cmp(a));
    let Some(base) = snapshots.get(KEEP - 1) else { return Ok(()) };
    for old in snapshots.iter().skip(KEEP) {
        disk.remove(&names::snapshot(*old))?;
    }
    disk.sync()?;
    let mut segments: Vec<u64> = names.iter().filter_map(|name| names::parse_segment(name)).collect();
    segments.sort_unstable();
    // A segment ends where the next one starts; the newest one always stays.
    for (old, next) in segments.iter().zip(segments.iter().skip(1)) {
        if *next <= base + 1 {
            disk.remove(&names::segment(*old))?;
        }
    }
    disk.sync()
}

/// Reads all objects of a snapshot, in the order they were written: revision and object.
pub(super) fn load(
    file: &mut FrameFile,
    mut take: impl FnMut(u64, Stored) -> Result<(), OpenError>,
) -> Result<(), OpenError> {
    let (mut blocks, mut objects) = (0, 0);
    loop {
        let offset = file.offset;
        let what = match file.next()? {
            Next::Frame(frame, payload) if frame.kind == FrameKind::Block && frame.number == blocks => {
                blocks += 1;
                objects += u64::from(frame.count);
                match block(frame.count, payload) {
                    Some(stored) => {
                        stored.into_iter().try_for_each(|(revision, stored)| take(revision, stored))?;
                    }
                    None => return Err(file.corrupt(offset, "an object is malformed")),
                }
                continue;
            }
            Next::Frame(frame, _) if frame.kind == FrameKind::End && frame.number == objects => return Ok(()),
            Next::Frame(..) => "a block is missing",
            Next::End => "the snapshot has no end",
            Next::Bad(what) => what,
        };
        return Err(file.corrupt(offset, what));
    }
}

fn block(count: u32, payload: &[u8]) -> Option<Vec<(u64, Stored)>> {
    let mut reader = Reader::new(payload);
    let objects =
        (0..count).map(|_| Some((reader.number()?, reader.object()?))).collect::<Option<Vec<_>>>()?;
    reader.is_empty().then_some(objects)
}
