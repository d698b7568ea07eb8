//! Bytes as hostile or broken clients send them: texts and messages that were right, spoiled in places.
//!
//! Entry point: [`spoil`].  [`nested`], [`yaml_bomb`] and [`repeated`] make the shapes that hurt a careless reader, as
//! large as asked.

use api::Value;

use crate::Dice;

/// Pieces that mean something to one of the readers.
const PIECES: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b":",
    b",",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"null",
    b"true",
    b"-",
    b"0",
    b"1e999",
    b"-0.0",
    b"9223372036854775808",
    b"1e-400",
    b"123456789012345678901234567890",
    b"\xff",
    b"\xc3",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\0",
    b"\n",
    b"\r\n",
    b"\t",
    b" ",
    b"- ",
    b": ",
    b"? ",
    b"&a ",
    b"*a",
    b"<<: ",
    b"|",
    b">-",
    b"!!",
    b"!!binary ",
    b"!!float ",
    b"%YAML 1.1\n",
    b"---\n",
    b"...\n",
    b"#",
    b"'",
    b"~",
    b"0x1f",
    b"0o7",
    b"1_000",
    b".inf",
    b".nan",
    b"2001-01-01",
    b"$patch",
    b"$setElementOrder/",
    b"$retainKeys",
    b"$deleteFromPrimitiveList/",
    b"delete",
    b"replace",
    b"/-",
    b"~1",
    b"~0",
    b"f:",
    b"k:{",
    b"v:",
    b"i:",
    b".",
    b"k8s\0",
    b"\x0a",
    b"\x12",
    b"\x0b",
    b"\x0c",
    b"\xff\xff\xff\xff\x0f",
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    b"=",
    b"!=",
    b" in (",
    b" notin ",
    b"(",
    b")",
    b"%",
    b"%00",
    b"%2F",
    b"+",
    b"&",
    b";",
    b"Ki",
    b"m",
    b"e",
    b"E",
    b"n",
    b"h",
    b"Z",
    b"+23:59",
];

/// Spoils bytes in one to six places; `other` is what pieces are borrowed from.
pub fn spoil(dice: &mut Dice<'_>, bytes: &mut Vec<u8>, other: &[u8]) {
    for _ in 0..1 + dice.below(6) {
        let at = dice.below(bytes.len() + 1);
        match dice.below(9) {
            0 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << dice.below(8);
                }
            }
            1 => bytes.truncate(at),
            2 => drop(bytes.drain(at..bytes.len().min(at + 1 + dice.below(8)))),
            3 => {
                let from = dice.below(other.len() + 1);
                let piece = other.get(from..).unwrap_or_default();
                let length = dice.below(piece.len() + 1).min(64);
                insert(bytes, at, piece.get(..length).unwrap_or_default());
            }
            4 => {
                // A piece twice: members, items and fields that stand more than once.
                let piece: Vec<u8> = bytes.iter().skip(at).take(1 + dice.below(40)).copied().collect();
                insert(bytes, at, &piece);
            }
            5 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = u8::try_from(dice.below(256)).unwrap_or(0);
                }
            }
            6 => {
                let piece = dice.pick(PIECES);
                let end = bytes.len().min(at + piece.len());
                bytes.splice(at..end, piece.iter().copied());
            }
            _ => insert(bytes, at, dice.pick(PIECES)),
        }
    }
}

fn insert(bytes: &mut Vec<u8>, at: usize, piece: &[u8]) {
    bytes.splice(at..at, piece.iter().copied());
}

/// `open` many times, a middle, and `close` as many times.
pub fn nested(open: &str, middle: &str, close: &str, levels: usize) -> Vec<u8> {
    [open.repeat(levels), middle.to_owned(), close.repeat(levels)].concat().into_bytes()
}

/// Aliases of aliases: written out, each of the `levels` is nine times as large as the one before.
pub fn yaml_bomb(levels: usize) -> Vec<u8> {
    let mut text = "a0: &a0 [x]\n".to_owned();
    for level in 1..levels {
        let alias = format!("*a{}", level - 1);
        let items = [alias.as_str(); 9].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{items}]\n"));
    }
    text.into_bytes()
}

/// A piece with `{}` replaced by 0, 1, 2…, that many times.
pub fn repeated(head: &str, piece: &str, tail: &str, times: usize) -> Vec<u8> {
    let mut text = head.to_owned();
    for i in 0..times {
        text.push_str(&piece.replace("{}", &i.to_string()));
    }
    text.push_str(tail);
    text.into_bytes()
}

/// How many values there are in a value, itself included.
pub fn size(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Object(map) => 1 + map.values().map(size).sum::<usize>(),
        _ => 1,
    }
}
