//! What the types and fields of the API mean: the texts behind `kubectl explain`.
//!
//! Entry point: [`Reader`].  The texts come from the `k8s-openapi` crate when this crate is built and lie compressed in
//! the program; a reader unpacks blocks of some 32 KiB, keeps a few of them and gives them back when it is dropped, so
//! nothing is held while nobody asks.

use std::fmt;
use std::io::Read as _;

use flate2::read::ZlibDecoder;

/// One compressed block of texts; see `build.rs` for what is in it.
struct Block {
    /// The first message of the block, by name.
    first: &'static str,
    /// Where it starts in [`DATA`].
    start: usize,
    /// Where it ends in [`DATA`].
    end: usize,
    /// Its size when unpacked.
    size: usize,
}

/// The blocks, sorted by their first message.
static BLOCKS: &[Block] = &include!(concat!(env!("OUT_DIR"), "/blocks.rs"));

static DATA: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/blocks.bin"));

/// How many blocks a reader keeps unpacked.
const KEPT: usize = 3;

/// Looks texts up; cheap to make.  It is fast when it is asked message by message in the order of their names.
#[derive(Default)]
pub struct Reader {
    /// The blocks used last, the latest first.
    open: Vec<OpenBlock>,
}

/// An unpacked block.
struct OpenBlock {
    /// Its place in [`BLOCKS`].
    position: usize,
    text: String,
    /// Message, field and text of each entry, as byte ranges of the text.
    entries: Vec<[std::ops::Range<usize>; 3]>,
}

impl Reader {
    /// A reader that has unpacked nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What a field of a message (by OpenAPI name) means, or the message itself when `field` is empty; `None` when
    /// nothing is known.
    pub fn describe(&mut self, message: &str, field: &str) -> Option<&str> {
        let position = BLOCKS.partition_point(|b| b.first <= message).checked_sub(1)?;
        self.latest(position)?.find(message, field)
    }

    /// The block at a position, now the latest one.
    fn latest(&mut self, position: usize) -> Option<&OpenBlock> {
        match self.open.iter().position(|b| b.position == position) {
            Some(at) => self.open.get_mut(..=at)?.rotate_right(1),
            None => {
                self.open.truncate(KEPT - 1);
                self.open.insert(0, OpenBlock::unpack(position)?);
            }
        }
        self.open.first()
    }
}

impl OpenBlock {
    /// `None` when the block cannot be read, which a test rules out.
    fn unpack(position: usize) -> Option<Self> {
        let block = BLOCKS.get(position)?;
        let mut text = String::with_capacity(block.size);
        ZlibDecoder::new(DATA.get(block.start..block.end)?).read_to_string(&mut text).ok()?;
        Some(Self { position, entries: entries(&text), text })
    }

    fn find(&self, message: &str, field: &str) -> Option<&str> {
        let part = |range: &std::ops::Range<usize>| self.text.get(range.clone()).unwrap_or("");
        let found =
            self.entries.binary_search_by(|[m, f, _]| (part(m), part(f)).cmp(&(message, field))).ok()?;
        self.entries.get(found).map(|[_, _, text]| part(text))
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let open: Vec<usize> = self.open.iter().map(|b| b.position).collect();
        f.debug_struct("Reader").field("open", &open).finish()
    }
}

fn entries(text: &str) -> Vec<[std::ops::Range<usize>; 3]> {
    let mut parts = text.split_terminator('\0').scan(0, |at, part| {
        let range = *at..*at + part.len();
        *at = range.end + 1;
        Some(range)
    });
    std::iter::from_fn(|| Some([parts.next()?, parts.next()?, parts.next()?])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_types_and_fields() {
        let mut reader = Reader::new();
        let mut describe = |m: &str, f: &str| reader.describe(m, f).map(str::to_owned);
        assert!(
            describe("io.k8s.api.apps.v1.DeploymentSpec", "replicas").is_some_and(|t| t.contains("pods"))
        );
        assert!(describe("io.k8s.api.core.v1.Pod", "").is_some());
        assert!(describe("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", "name").is_some());
        assert!(describe("io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIService", "spec").is_some());
        assert_eq!(describe("io.k8s.api.core.v1.Pod", "none"), None);
        assert_eq!(describe("io.k8s.api.core.v1.None", ""), None);
        assert_eq!(describe("", ""), None);
        assert_eq!(describe("zzz", ""), None);
    }

    #[test]
    fn every_block_unpacks_and_holds_whole_messages() {
        let mut last = String::new();
        let mut texts = 0;
        for (position, block) in BLOCKS.iter().enumerate() {
            let open = OpenBlock::unpack(position).unwrap();
            let message = |at: usize| &open.text[open.entries[at][0].clone()];
            assert_eq!(open.text.len(), block.size);
            assert_eq!(message(0), block.first);
            assert!(last.as_str() < block.first, "{last} goes on in the next block");
            last = message(open.entries.len() - 1).to_owned();
            texts += open.entries.len();
        }
        assert!(texts > 3000, "{texts} texts");
        assert!(DATA.len() < 300 << 10, "{} bytes", DATA.len());
    }

    #[test]
    fn few_blocks_stay_open() {
        let mut reader = Reader::new();
        let firsts: Vec<&str> = BLOCKS.iter().map(|b| b.first).collect();
        for first in firsts.iter().chain(firsts.iter().rev()).chain(&firsts[..2]) {
            assert!(reader.describe(first, "none").is_none());
            assert_eq!(reader.open[0].position, BLOCKS.iter().position(|b| b.first == *first).unwrap());
            assert!(reader.open.len() <= KEPT);
        }
    }
}
