//! Opening a store: brings back the objects, the revision and the watch history from what is in the directory.
//!
//! Entry point: [`recover`].  Whatever cannot be explained by a process or machine that stopped in the middle of a
//! write is an error that names file and offset; nothing is dropped silently.

use std::sync::Arc;

use super::disk::{Disk, write_all};
use super::file::{FrameFile, Next, Tail};
use super::format::{FILE_HEADER, FileHeader, FileKind, FrameKind, Reader, Stored};
use super::{EmbeddedOptions, OpenError, names, snapshot};
use crate::cache::Cache;
use crate::store::FIRST_REVISION;
use crate::{Change, Event, Object};

/// A new store's first segment is filled with this many zeros: little, so that a first start is quick.
const FIRST_PREPARED: usize = 1 << 20;

/// A store that was brought back.
pub(super) struct Recovered {
    pub(super) cache: Arc<Cache>,
    /// The newest segment.
    pub(super) file: FrameFile,
    /// Bytes logged since the newest snapshot.
    pub(super) logged: u64,
    /// Size of the newest snapshot.
    pub(super) snapshot_size: u64,
}

/// Where the state is rebuilt from.
struct Plan {
    /// The snapshot to load; `None` to start from nothing.
    base: Option<u64>,
    /// The revision of that state.
    revision: u64,
    /// The newest snapshot, for which bytes are counted.
    newest: Option<u64>,
    /// The segments to replay, oldest first.
    segments: Vec<FrameFile>,
    /// Files that an interrupted clean-up left behind.
    leftovers: Vec<String>,
}

/// Puts what is read in place.
struct Replay<'a> {
    options: &'a EmbeddedOptions,
    cache: Arc<Cache>,
    revision: u64,
    /// True once a segment was replayed: what follows must follow without overlap.
    begun: bool,
}

/// Reads the whole store.
pub(super) fn recover(disk: &Arc<dyn Disk>, options: &EmbeddedOptions) -> Result<Recovered, OpenError> {
    let mut plan = plan(disk)?;
    let mut segments = std::mem::take(&mut plan.segments);
    let Some(mut last) = segments.pop() else { return create(disk, options) };
    let cache = options.cache.cache(plan.revision);
    let mut replay = Replay { options, cache, revision: plan.revision, begun: false };
    let mut snapshot_size = 0;
    if let Some(base) = plan.base {
        snapshot_size = replay.snapshot(disk, base, &last.header)?;
    }
    let newest = plan.newest.unwrap_or(plan.revision);
    let mut logged = 0;
    for mut file in segments {
        logged += replay.segment(&mut file, newest, false)?;
    }
    logged += replay.segment(&mut last, newest, true)?;
    if newest > replay.revision {
        let what = format!("the log ends at revision {} but a snapshot of {newest} exists", replay.revision);
        return Err(last.corrupt(last.offset, what));
    }
    for name in plan.leftovers {
        disk.remove(&name).map_err(|error| OpenError::io(disk.display(&name), error))?;
    }
    Ok(Recovered { cache: replay.cache, file: last, logged, snapshot_size })
}

/// Decides what to read.
fn plan(disk: &Arc<dyn Disk>) -> Result<Plan, OpenError> {
    let names = disk.list().map_err(|error| OpenError::io(disk.display(""), error))?;
    let mut starts: Vec<u64> = names.iter().filter_map(|name| names::parse_segment(name)).collect();
    let mut snapshots: Vec<u64> = names.iter().filter_map(|name| names::parse_snapshot(name)).collect();
    starts.sort_unstable();
    snapshots.sort_unstable();
    let mut leftovers: Vec<String> = names.into_iter().filter(|name| names::is_temporary(name)).collect();
    let mut segments = chain(disk, &starts, &mut leftovers)?;
    let newest = snapshots.last().copied();
    let Some(first) = segments.first().map(|file| file.header.revision) else {
        return match newest {
            None => Ok(Plan { base: None, revision: FIRST_REVISION, newest, segments, leftovers }),
            Some(revision) => {
                let file = disk.display(&names::snapshot(revision));
                Err(OpenError::corrupt(file, 0, "there is a snapshot but no log"))
            }
        };
    };
    let (reachable, stale): (Vec<u64>, Vec<u64>) = snapshots.into_iter().partition(|at| at + 1 >= first);
    leftovers.extend(stale.into_iter().map(names::snapshot));
    let base = if first == FIRST_REVISION + 1 { None } else { reachable.first().copied() };
    let Some(revision) = base.or((first == FIRST_REVISION + 1).then_some(FIRST_REVISION)) else {
        let what = format!("the log before revision {first} is missing and no snapshot stands for it");
        return Err(OpenError::corrupt(disk.display(&names::segment(first)), 0, what));
    };
    // Segments that end before the base hold nothing of use.
    let next = |at: usize| segments.get(at + 1).map(|file: &FrameFile| file.header.revision);
    let useless =
        (0..segments.len()).take_while(|at| next(*at).is_some_and(|start| start <= revision + 1)).count();
    leftovers.extend(segments.drain(..useless).map(|file| names::segment(file.header.revision)));
    Ok(Plan { base, revision, newest, segments, leftovers })
}

/// The newest segments that follow each other without a gap; older ones are leftovers.
fn chain(
    disk: &Arc<dyn Disk>,
    starts: &[u64],
    leftovers: &mut Vec<String>,
) -> Result<Vec<FrameFile>, OpenError> {
    let mut files: Vec<FrameFile> = Vec::new();
    let mut wanted = None;
    for start in starts.iter().rev() {
        if wanted.is_some_and(|wanted| wanted != *start) {
            leftovers.push(names::segment(*start));
            continue;
        }
        let file = FrameFile::open(disk, &names::segment(*start), FileKind::Segment)?;
        if file.header.revision != *start
            || files.first().is_some_and(|f| f.header.store != file.header.store)
        {
            return Err(file.corrupt(0, "the file belongs to another place or another store"));
        }
        wanted = Some(file.header.previous);
        files.push(file);
    }
    files.reverse();
    Ok(files)
}

/// Makes the first segment of a new store.
fn create(disk: &Arc<dyn Disk>, options: &EmbeddedOptions) -> Result<Recovered, OpenError> {
    let header = FileHeader {
        kind: FileKind::Segment,
        heads: options.heads.version,
        store: disk.random(),
        salt: disk.random(),
        revision: FIRST_REVISION + 1,
        previous: 0,
    };
    let name = names::segment(header.revision);
    let prepared =
        FIRST_PREPARED.min(usize::try_from(options.segment_bytes).unwrap_or(usize::MAX)).max(FILE_HEADER);
    let mut bytes = header.encode().to_vec();
    bytes.resize(prepared, 0);
    let made = disk.create(names::NEXT).and_then(|mut file| {
        write_all(&mut *file, &bytes, 0)?;
        file.sync()?;
        disk.rename(names::NEXT, &name)?;
        disk.sync()
    });
    made.map_err(|error| OpenError::io(disk.display(&name), error))?;
    let file = FrameFile::open(disk, &name, FileKind::Segment)?;
    Ok(Recovered { cache: options.cache.cache(FIRST_REVISION), file, logged: 0, snapshot_size: 0 })
}

impl Replay<'_> {
    /// Loads a snapshot; answers the size of the file.
    fn snapshot(&mut self, disk: &Arc<dyn Disk>, revision: u64, log: &FileHeader) -> Result<u64, OpenError> {
        let mut file = FrameFile::open(disk, &names::snapshot(revision), FileKind::Snapshot)?;
        let header = file.header;
        if header.revision != revision || header.store != log.store {
            return Err(file.corrupt(0, "the file belongs to another place or another store"));
        }
        snapshot::load(&mut file, |revision, stored| {
            let object = self.object(stored, revision, header.heads);
            self.cache.load(&object);
            Ok(())
        })?;
        Ok(file.len())
    }

    /// Replays a segment; answers the bytes of the batches behind revision `count_from`.
    fn segment(&mut self, file: &mut FrameFile, count_from: u64, last: bool) -> Result<u64, OpenError> {
        let mut expected = file.header.revision;
        if expected > self.revision + 1 || (self.begun && expected <= self.revision) {
            let what = format!("the log before revision {expected} ends at revision {}", self.revision);
            return Err(file.corrupt(FILE_HEADER as u64, what));
        }
        self.begun = true;
        let heads = file.header.heads;
        let mut counted = 0;
        loop {
            let offset = file.offset;
            let what = match file.next()? {
                Next::Frame(frame, payload) if frame.kind == FrameKind::Batch && frame.number == expected => {
                    expected += u64::from(frame.count);
                    if expected - 1 > count_from {
                        counted += frame.total();
                    }
                    let replayed = self.batch(frame.number, frame.count, payload, heads);
                    replayed.map_err(|what| file.corrupt(offset, what))?;
                    continue;
                }
                Next::Frame(frame, _) => {
                    let what = format!("revision {expected} should be here, not {}", frame.number);
                    return Err(file.corrupt(offset, what));
                }
                Next::End => None,
                Next::Bad(what) => Some(what),
            };
            match what {
                Some(what) if !last => return Err(file.corrupt(offset, what)),
                _ if last => self.finish(file, what)?,
                _ => {}
            }
            if expected <= self.revision {
                let what =
                    format!("the log ends at revision {}, the state is at {}", expected - 1, self.revision);
                return Err(file.corrupt(offset, what));
            }
            return Ok(counted);
        }
    }

    /// Looks behind the end of the last segment and cuts off a batch that was never finished.
    fn finish(&self, file: &mut FrameFile, bad: Option<&'static str>) -> Result<(), OpenError> {
        match file.tail()? {
            Tail::Clean => Ok(()),
            Tail::Torn => {
                tracing::warn!(
                    revision = self.revision,
                    offset = file.offset,
                    "cut off an unfinished write of the log"
                );
                file.cut()
            }
            Tail::Frame(at) => {
                let what = bad.unwrap_or("there are zeros instead of a frame");
                Err(file.corrupt(file.offset, format!("{what}, but a later frame follows at offset {at}")))
            }
        }
    }

    fn batch(&mut self, first: u64, count: u32, payload: &[u8], heads: u32) -> Result<(), String> {
        let mut reader = Reader::new(payload);
        for revision in (first..).take(count as usize) {
            let malformed = || format!("the transaction of revision {revision} is malformed");
            let writes = reader.count().ok_or_else(malformed)?;
            let mut events = Vec::with_capacity(writes.min(1024));
            for _ in 0..writes {
                let stored = reader.object().ok_or_else(malformed)?;
                if revision > self.revision {
                    events.push(self.event(stored, revision, heads)?);
                }
            }
            if revision > self.revision {
                self.revision = revision;
                let applied = self.cache.apply(events, revision);
                self.cache.notify(applied);
            }
        }
        if reader.is_empty() { Ok(()) } else { Err("there is more than the transactions".to_owned()) }
    }

    /// The event that a stored object stands for.  No key occurs twice in a transaction, so the state before it will do.
    fn event(&self, stored: Stored, revision: u64, heads: u32) -> Result<Event, String> {
        let previous = self.cache.get(&stored.key);
        if previous.is_some() == (stored.change == Change::Added) {
            let state = if previous.is_some() { "there already" } else { "not there" };
            return Err(format!("revision {revision} changes {}, which is {state}", stored.key));
        }
        Ok(Event { object: self.object(stored, revision, heads), previous })
    }

    fn object(&self, mut stored: Stored, revision: u64, heads: u32) -> Arc<Object> {
        if heads != self.options.heads.version {
            let expires = stored.draft.head().expires;
            if let Some(head) = (self.options.heads.read)(&stored.key, stored.draft.json()) {
                *stored.draft.head_mut() = crate::Head { expires, ..head };
            }
        }
        self.cache.intern(&mut stored.key, stored.draft.head_mut());
        Arc::new(stored.draft.commit(stored.key, revision, stored.change))
    }
}
