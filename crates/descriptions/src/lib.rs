//! What the types and fields of the API mean: the texts behind `kubectl explain`.
//!
//! Entry point: [`Reader`].  The texts come from the `k8s-openapi` crate when this crate is built and lie compressed in
//! the program; a reader unpacks one block of some 32 KiB at a time and gives it back when it is dropped, so nothing is
//! held while nobody asks.

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

/// Looks texts up; cheap to make.  It is fast when it is asked message by message in the order of their names.
#[derive(Default)]
pub struct Reader {
    /// Position of the unpacked block, and its text.
    block: Option<(usize, String)>,
    /// Message, field and text of each entry of the block, as byte ranges of its text.
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
        if self.block.as_ref().is_none_or(|(at, _)| *at != position) {
            self.unpack(position)?;
        }
        let (_, text) = self.block.as_ref()?;
        let part = |range: &std::ops::Range<usize>| text.get(range.clone()).unwrap_or("");
        let found =
            self.entries.binary_search_by(|[m, f, _]| (part(m), part(f)).cmp(&(message, field))).ok()?;
        self.entries.get(found).map(|[_, _, text]| part(text))
    }

    /// Unpacks a block; `None` when it cannot be read, which a test rules out.
    fn unpack(&mut self, position: usize) -> Option<()> {
        self.block = None;
        let block = BLOCKS.get(position)?;
        let mut text = String::with_capacity(block.size);
        ZlibDecoder::new(DATA.get(block.start..block.end)?).read_to_string(&mut text).ok()?;
        self.entries = entries(&text);
        self.block = Some((position, text));
        Some(())
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("block", &self.block.as_ref().map(|(at, _)| at))
            .finish_non_exhaustive()
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
        let mut reader = Reader::new();
        let mut last = String::new();
        let mut texts = 0;
        for (position, block) in BLOCKS.iter().enumerate() {
            reader.unpack(position).unwrap();
            let (_, text) = reader.block.as_ref().unwrap();
            assert_eq!(text.len(), block.size);
            assert_eq!(&text[reader.entries[0][0].clone()], block.first);
            assert!(last.as_str() < block.first, "{last} goes on in the next block");
            last = text[reader.entries.last().unwrap()[0].clone()].to_owned();
            texts += reader.entries.len();
        }
        assert!(texts > 3000, "{texts} texts");
        assert!(DATA.len() < 300 << 10, "{} bytes", DATA.len());
    }
}
