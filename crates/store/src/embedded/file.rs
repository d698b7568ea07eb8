//! Reads files of frames.
//!
//! Entry point: [`FrameFile`].

use std::sync::Arc;

use super::OpenError;
use super::disk::{Disk, DiskFile, read_full};
use super::format::{
    ALIGN, FILE_HEADER, FRAME, FileHeader, FileKind, Frame, FrameKind, HeaderError, VERSION,
};

/// Bytes read at once when looking for what should not be there.
const PIECE: usize = 1 << 20;

/// A segment or snapshot, open for reading from front to back.
pub(super) struct FrameFile {
    disk: Arc<dyn Disk>,
    name: String,
    file: Box<dyn DiskFile>,
    pub(super) header: FileHeader,
    len: u64,
    /// Where the next frame should be.
    pub(super) offset: u64,
    payload: Vec<u8>,
}

/// What is at the place of the next frame.
pub(super) enum Next<'a> {
    /// A frame and its payload, whole.
    Frame(Frame, &'a [u8]),
    /// Zeros, or the end of the file.
    End,
    /// Neither.
    Bad(&'static str),
}

/// What is behind the place where a segment seems to end.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Tail {
    /// Only zeros.
    Clean,
    /// Something that is no frame: a batch that was being written when the process or the machine stopped.
    Torn,
    /// A whole frame header at this offset, so the one before it was once whole, too.
    Frame(u64),
}

impl FrameFile {
    /// Opens a file and reads its header.
    pub(super) fn open(disk: &Arc<dyn Disk>, name: &str, kind: FileKind) -> Result<Self, OpenError> {
        let io = |error| OpenError::io(disk.display(name), error);
        let file = disk.open(name).map_err(io)?;
        let len = file.len().map_err(io)?;
        let mut bytes = [0; FILE_HEADER];
        if read_full(&*file, &mut bytes, 0).map_err(io)? < FILE_HEADER {
            return Err(OpenError::corrupt(disk.display(name), 0, "the file ends within its header"));
        }
        let header = FileHeader::decode(kind, &bytes).map_err(|error| match error {
            HeaderError::Damaged => OpenError::corrupt(disk.display(name), 0, "the file header is damaged"),
            HeaderError::Version(found) => {
                OpenError::Version { file: disk.display(name), found, known: VERSION }
            }
        })?;
        let (disk, name, offset) = (Arc::clone(disk), name.to_owned(), FILE_HEADER as u64);
        Ok(Self { disk, name, file, header, len, offset, payload: Vec::new() })
    }

    /// Reads what is at [`FrameFile::offset`], and goes on behind it when it is a frame.
    pub(super) fn next(&mut self) -> Result<Next<'_>, OpenError> {
        let mut bytes = [0; FRAME];
        let got = self.read(&mut bytes, self.offset)?;
        if bytes.iter().all(|byte| *byte == 0) {
            return Ok(Next::End);
        }
        if got < FRAME {
            return Ok(Next::Bad("the file ends within a frame header"));
        }
        let Some(frame) = Frame::decode(&bytes, self.header.salt, self.offset) else {
            return Ok(Next::Bad("the frame header is damaged"));
        };
        let (start, len) = (self.offset + FRAME as u64, frame.total() - FRAME as u64);
        if len > self.len.saturating_sub(start) {
            return Ok(Next::Bad("the file ends within a frame"));
        }
        let mut padded = std::mem::take(&mut self.payload);
        padded.resize(usize::try_from(len).unwrap_or(usize::MAX), 0);
        let got = self.read(&mut padded, start)?;
        self.payload = padded;
        let (payload, padding) = self.payload.split_at_checked(frame.len as usize).unwrap_or_default();
        if (got as u64) < len
            || crc32fast::hash(payload) != frame.crc
            || padding.iter().any(|byte| *byte != 0)
        {
            return Ok(Next::Bad("the checksum does not fit the data"));
        }
        self.offset += frame.total();
        Ok(Next::Frame(frame, self.payload.get(..frame.len as usize).unwrap_or_default()))
    }

    /// Looks at everything from [`FrameFile::offset`] to the end of the file.
    pub(super) fn tail(&self) -> Result<Tail, OpenError> {
        let mut tail = Tail::Clean;
        let mut piece = vec![0; PIECE + FRAME];
        let mut at = self.offset;
        while at < self.len {
            // Pieces overlap by a frame, so that none is missed between two of them.
            let got = self.read(&mut piece, at)?;
            let bytes = piece.get(..got).unwrap_or_default();
            if bytes.iter().any(|byte| *byte != 0) {
                tail = Tail::Torn;
                if let Some(found) = self.find(bytes, at) {
                    return Ok(Tail::Frame(found));
                }
            }
            at += PIECE as u64;
        }
        Ok(tail)
    }

    /// The offset of the first frame header in `bytes`, which stand at `at` in the file.
    fn find(&self, bytes: &[u8], at: u64) -> Option<u64> {
        (0..bytes.len()).step_by(ALIGN).find_map(|skip| {
            let place = at + skip as u64;
            let window: &[u8; FRAME] = bytes.get(skip..skip + FRAME)?.try_into().ok()?;
            FrameKind::from_magic(window.get(..4)?)?;
            // The one at the offset itself is known to be bad.
            (place != self.offset && Frame::decode(window, self.header.salt, place).is_some())
                .then_some(place)
        })
    }

    /// Cuts the file at [`FrameFile::offset`].
    pub(super) fn cut(&mut self) -> Result<(), OpenError> {
        let cut = self.file.set_len(self.offset).and_then(|()| self.file.sync());
        cut.map_err(|error| OpenError::io(self.disk.display(&self.name), error))?;
        self.len = self.offset;
        Ok(())
    }

    /// The file, for appending, and its length.
    pub(super) fn into_file(self) -> (Box<dyn DiskFile>, u64) {
        (self.file, self.len)
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// That something is wrong at the last place looked at.
    pub(super) fn corrupt(&self, offset: u64, what: impl Into<String>) -> OpenError {
        OpenError::corrupt(self.disk.display(&self.name), offset, what)
    }

    fn read(&self, buffer: &mut [u8], offset: u64) -> Result<usize, OpenError> {
        read_full(&*self.file, buffer, offset)
            .map_err(|error| OpenError::io(self.disk.display(&self.name), error))
    }
}
