//! What the tests of the decoders share: a reproducible source of random bytes and values, and recorded fixtures.

use std::path::PathBuf;

use api::{Map, Value};

/// SplitMix64.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`, which is not zero.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
}

impl Random {
    /// A value up to `depth` levels deep, with strings that are hard to write.
    pub(crate) fn value(&mut self, depth: usize) -> Value {
        match self.below(if depth == 0 { 6 } else { 9 }) {
            0 => Value::Null,
            1 => Value::Bool(self.below(2) == 0),
            2 => Value::Int(self.next().cast_signed() >> self.below(64)),
            3 => Value::Float(self.below(1_000_000) as f64 / 8.0 + 0.0625),
            4 | 5 => self.text().into(),
            6 => (0..self.below(4)).map(|_| self.value(depth - 1)).collect::<Vec<_>>().into(),
            _ => (0..self.below(5)).map(|_| (self.text(), self.value(depth - 1))).collect::<Map>().into(),
        }
    }

    fn text(&mut self) -> String {
        let pieces = [
            "a",
            "b",
            " ",
            "\n",
            ": ",
            " #",
            "- ",
            "'",
            "\"",
            "\\",
            "é",
            "😀",
            "\t",
            "0",
            "1.5",
            "yes",
            "~",
            "{",
            "*",
            "&",
            "|",
            "long words to fold ",
            "\u{1}",
            "=",
        ];
        (0..self.below(5)).map(|_| pieces[self.below(pieces.len())]).collect()
    }
}

/// One kind in its three encodings, as kube-apiserver writes them.
pub(crate) struct Fixture {
    /// `group.version.Kind`; the core group is `core`.
    pub(crate) name: String,
    pub(crate) json: Vec<u8>,
    pub(crate) yaml: Vec<u8>,
    pub(crate) proto: Vec<u8>,
}

/// A folder of the data beside the workspace; `None`, and a word about it, when it is not there.
pub(crate) fn shared(folder: &str) -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    let folder =
        PathBuf::from(std::env::var("SUMUN_SHARED").unwrap_or_else(|_| beside.to_owned())).join(folder);
    if !folder.is_dir() {
        println!("skipped: there is no {}", folder.display());
        return None;
    }
    Some(folder)
}

/// The fixtures of every kind.
pub(crate) fn fixtures() -> Option<Vec<Fixture>> {
    let folder = shared("data/roundtrip")?;
    let entries = std::fs::read_dir(&folder).unwrap();
    let mut names: Vec<String> = entries
        .filter_map(|entry| Some(entry.ok()?.file_name().to_str()?.strip_suffix(".json")?.to_owned()))
        .collect();
    names.sort();
    let read = |name: &str, ending: &str| std::fs::read(folder.join(format!("{name}.{ending}"))).unwrap();
    Some(
        names
            .into_iter()
            .map(|name| Fixture {
                json: read(&name, "json"),
                yaml: read(&name, "yaml"),
                proto: read(&name, "pb"),
                name,
            })
            .collect(),
    )
}
