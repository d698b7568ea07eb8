//! The bytes of log segments and snapshots, as `FORMAT.md` describes them.
//!
//! Entry points: [`FileHeader`] starts every file, [`Frame`] every batch of a segment and every block of a snapshot,
//! [`put_object`] and [`Reader::object`] write and read what is in them.

use api::Str;
use bytes::Bytes;

use crate::leb128::{self, put as put_number};
use crate::{Change, Draft, Fields, Head, Key, Object, Resource};

/// Version of the format this code writes; it reads no other.
pub(super) const VERSION: u32 = 1;
/// Bytes of a [`FileHeader`].
pub(super) const FILE_HEADER: usize = 64;
/// Bytes of a [`Frame`].
pub(super) const FRAME: usize = 32;
/// Frames start at multiples of this.
pub(super) const ALIGN: usize = 8;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileKind {
    Segment,
    Snapshot,
}

/// The start of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileHeader {
    pub(super) kind: FileKind,
    /// Version of the rules by which the heads of the objects were made.
    pub(super) heads: u32,
    /// The same in all files of a store.
    pub(super) store: u64,
    /// Goes into every checksum of the file, so that no object's data can pass for a frame.
    pub(super) salt: u64,
    /// Segment: the revision of its first transaction.  Snapshot: the revision of the state.
    pub(super) revision: u64,
    /// Segment: `revision` of the segment before it, 0 for the first one.  Snapshot: 0.
    pub(super) previous: u64,
}

/// Why a file header cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum HeaderError {
    /// Not a file of this kind, or damaged.
    Damaged,
    /// Written by another version.
    Version(u32),
}

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FrameKind {
    /// Transactions; `number` is the revision of the first, `count` how many there are.
    Batch,
    /// Objects; `number` counts the blocks from 0, `count` the objects in this one.
    Block,
    /// The end of a snapshot; `number` is the number of objects in all blocks.
    End,
}

/// The header of a batch or block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) kind: FrameKind,
    pub(super) number: u64,
    pub(super) count: u32,
    /// Bytes of the payload that follows, padding not included.
    pub(super) len: u32,
    /// CRC-32 of the payload.
    pub(super) crc: u32,
}

/// Reads a payload from front to back; `None` means that it is malformed.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

/// An object as it is in a file.
pub(super) struct Stored {
    pub(super) key: Key,
    pub(super) change: Change,
    pub(super) draft: Draft,
}

impl FileKind {
    fn magic(self) -> [u8; 8] {
        match self {
            Self::Segment => *b"SUMUNLOG",
            Self::Snapshot => *b"SUMUNSNP",
        }
    }
}

impl FileHeader {
    pub(super) fn encode(&self) -> [u8; FILE_HEADER] {
        let mut bytes = Vec::with_capacity(FILE_HEADER);
        bytes.extend_from_slice(&self.kind.magic());
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&self.heads.to_le_bytes());
        for number in [self.store, self.salt, self.revision, self.previous] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes.resize(FILE_HEADER - 4, 0);
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
        let mut header = [0; FILE_HEADER];
        header.copy_from_slice(&bytes);
        header
    }

    pub(super) fn decode(kind: FileKind, bytes: &[u8; FILE_HEADER]) -> Result<Self, HeaderError> {
        let mut reader = Reader::new(bytes);
        let mut read = || -> Option<(u32, Self)> {
            (reader.take(8)? == kind.magic()).then_some(())?;
            let (version, heads) = (reader.u32()?, reader.u32()?);
            let (store, salt, revision, previous) =
                (reader.u64()?, reader.u64()?, reader.u64()?, reader.u64()?);
            Some((version, Self { kind, heads, store, salt, revision, previous }))
        };
        let (version, header) = read().ok_or(HeaderError::Damaged)?;
        // The version comes before the checksum, whose place another version may have changed.
        if version != VERSION {
            return Err(HeaderError::Version(version));
        }
        if header.encode() == *bytes { Ok(header) } else { Err(HeaderError::Damaged) }
    }
}

impl FrameKind {
    fn magic(self) -> [u8; 4] {
        match self {
            Self::Batch => *b"BTCH",
            Self::Block => *b"BLCK",
            Self::End => *b"DONE",
        }
    }

    pub(super) fn from_magic(magic: &[u8]) -> Option<Self> {
        [Self::Batch, Self::Block, Self::End].into_iter().find(|kind| kind.magic() == magic)
    }
}

impl Frame {
    /// The frame for a payload.
    pub(super) fn new(kind: FrameKind, number: u64, count: u32, payload: &[u8]) -> Option<Self> {
        let len = u32::try_from(payload.len()).ok()?;
        Some(Self { kind, number, count, len, crc: crc32fast::hash(payload) })
    }

    /// Its bytes at `offset` in a file of that salt.
    pub(super) fn encode(&self, salt: u64, offset: u64) -> [u8; FRAME] {
        let mut bytes = [0; FRAME];
        let parts: [&[u8]; 5] = [
            &self.kind.magic(),
            &self.len.to_le_bytes(),
            &self.number.to_le_bytes(),
            &self.count.to_le_bytes(),
            &self.crc.to_le_bytes(),
        ];
        let (body, check) = bytes.split_at_mut(FRAME - 8);
        body.copy_from_slice(&parts.concat());
        let (reserved, check) = check.split_at_mut(4);
        let mut crc = crc32fast::Hasher::new();
        crc.update(&salt.to_le_bytes());
        crc.update(&offset.to_le_bytes());
        crc.update(body);
        crc.update(reserved);
        check.copy_from_slice(&crc.finalize().to_le_bytes());
        bytes
    }

    /// Reads a frame; `None` when it is none that was written at this place.
    pub(super) fn decode(bytes: &[u8; FRAME], salt: u64, offset: u64) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let kind = FrameKind::from_magic(reader.take(4)?)?;
        let len = reader.u32()?;
        let (number, count, crc) = (reader.u64()?, reader.u32()?, reader.u32()?);
        let frame = Self { kind, number, count, len, crc };
        (frame.encode(salt, offset) == *bytes).then_some(frame)
    }

    /// Bytes of frame, payload and padding.
    pub(super) fn total(&self) -> u64 {
        (FRAME + self.len as usize).next_multiple_of(ALIGN) as u64
    }
}

fn put_bytes(out: &mut Vec<u8>, parts: &[&[u8]]) {
    put_number(out, parts.iter().map(|part| part.len() as u64).sum());
    parts.iter().for_each(|part| out.extend_from_slice(part));
}

fn put_pairs<'a>(out: &mut Vec<u8>, pairs: impl Iterator<Item = (&'a str, &'a str)> + Clone) {
    put_number(out, pairs.clone().count() as u64);
    for (name, value) in pairs {
        put_bytes(out, &[name.as_bytes()]);
        put_bytes(out, &[value.as_bytes()]);
    }
}

/// Writes an object; its revision is not part of that.
pub(super) fn put_object(out: &mut Vec<u8>, object: &Object) {
    let (key, head) = (object.key(), object.head());
    out.push(match object.change() {
        Change::Added => 1,
        Change::Modified => 2,
        Change::Deleted => 3,
    });
    out.push(0);
    for text in [&key.resource.group, &key.resource.resource, &key.name.namespace, &key.name.name] {
        put_bytes(out, &[text.as_bytes()]);
    }
    put_bytes(out, &[head.uid.as_bytes()]);
    put_number(out, head.expires);
    put_pairs(out, head.labels.iter());
    put_pairs(out, head.fields.iter());
    let (before, after) = object.around_revision();
    put_number(out, object.rest_at() as u64);
    put_number(out, before.len() as u64);
    put_bytes(out, &[before, after]);
}

impl<'a> Reader<'a> {
    pub(super) fn new(payload: &'a [u8]) -> Self {
        Self { rest: payload }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(n)?;
        self.rest = rest;
        Some(taken)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take(8)?.try_into().ok().map(u64::from_le_bytes)
    }

    /// An unsigned LEB128 number.
    pub(super) fn number(&mut self) -> Option<u64> {
        leb128::take(&mut self.rest)
    }

    /// A number of things that take at least one byte each.
    pub(super) fn count(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok().filter(|count| *count <= self.rest.len())
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let len = self.count()?;
        self.take(len)
    }

    fn text(&mut self) -> Option<Str> {
        std::str::from_utf8(self.bytes()?).ok().map(Str::from)
    }

    fn pairs(&mut self) -> Option<Vec<(Str, Str)>> {
        let count = self.count()?;
        (0..count).map(|_| Some((self.text()?, self.text()?))).collect()
    }

    /// An object.
    pub(super) fn object(&mut self) -> Option<Stored> {
        let change = match self.take(2)? {
            [1, 0] => Change::Added,
            [2, 0] => Change::Modified,
            [3, 0] => Change::Deleted,
            _ => return None,
        };
        let resource = Resource::new(self.text()?, self.text()?);
        let key = Key::new(&resource, self.text()?, self.text()?);
        let (uid, expires) = (self.text()?, self.number()?);
        let labels = self.pairs()?.into();
        let fields = Fields::new(self.pairs()?);
        let (rest_at, splice_at) = (self.number()?, self.number()?);
        let json = Bytes::copy_from_slice(self.bytes()?);
        let head = Head { uid, labels, fields, expires };
        let draft = Draft::new(head, json, usize::try_from(splice_at).ok()?, usize::try_from(rest_at).ok()?);
        Some(Stored { key, change, draft: draft.ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_round_trip() {
        let json = r#"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"p","uid":"u"}}"#;
        let head = Head {
            uid: "u".into(),
            labels: Box::new([("app".into(), "web".into())]),
            fields: Fields::new([("spec.nodeName", "n1")]),
            expires: 77,
        };
        let draft = Draft::new(head, json, json.len() - 2, 32).unwrap();
        let object = draft.commit(Key::new(&Resource::new("g", "pods"), "ns", "p"), 9, Change::Modified);
        let mut bytes = Vec::new();
        put_object(&mut bytes, &object);
        let mut reader = Reader::new(&bytes);
        let stored = reader.object().unwrap();
        assert!(reader.is_empty());
        let again = stored.draft.commit(stored.key, 9, stored.change);
        assert_eq!((again.key(), again.json()), (object.key(), object.json()));
        assert_eq!(again.head().to_head(), object.head().to_head());
        assert_eq!((again.change(), again.rest()), (object.change(), object.rest()));
        for cut in 0..bytes.len() {
            assert!(Reader::new(&bytes[..cut]).object().is_none(), "{cut}");
        }
    }

    proptest::proptest! {
        /// The checksum keeps such bytes away; were it to let some through, they would be refused or be an object.
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(0..64_u8, 0..200)) {
            let mut reader = Reader::new(&bytes);
            while let Some(stored) = reader.object() {
                stored.draft.commit(stored.key, 1, stored.change);
            }
        }
    }

    #[test]
    fn headers_know_damage_and_other_versions() {
        let header =
            FileHeader { kind: FileKind::Segment, heads: 3, store: 1, salt: 2, revision: 5, previous: 2 };
        let bytes = header.encode();
        assert_eq!(FileHeader::decode(FileKind::Segment, &bytes), Ok(header));
        assert_eq!(FileHeader::decode(FileKind::Snapshot, &bytes), Err(HeaderError::Damaged));
        for at in (0..8).chain(12..FILE_HEADER) {
            let mut bytes = bytes;
            bytes[at] ^= 1;
            assert_eq!(FileHeader::decode(FileKind::Segment, &bytes), Err(HeaderError::Damaged), "{at}");
        }
        let mut newer = bytes;
        newer[8] = 2;
        assert_eq!(FileHeader::decode(FileKind::Segment, &newer), Err(HeaderError::Version(2)));
    }

    #[test]
    fn frames_know_damage_and_their_place() {
        let frame = Frame::new(FrameKind::Batch, 7, 2, b"payload").unwrap();
        let bytes = frame.encode(11, 64);
        assert_eq!(Frame::decode(&bytes, 11, 64), Some(frame));
        assert_eq!(Frame::decode(&bytes, 12, 64), None);
        assert_eq!(Frame::decode(&bytes, 11, 72), None);
        assert_eq!(frame.total(), 40);
        for bit in 0..FRAME * 8 {
            let mut bytes = bytes;
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Frame::decode(&bytes, 11, 64), None, "{bit}");
        }
        assert_eq!(Frame::decode(&[0; FRAME], 11, 64), None);
    }
}
