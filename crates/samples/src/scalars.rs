//! Values of the types that have nothing inside.

use api::{Map, Value, object};
use schema::Type;

use crate::Dice;

/// Few words, so that two objects often name the same thing.
const WORDS: &[&str] = &["a", "b", "c", "x.y/a", "x.y/b", "1", "long-word-that-does-not-fit-inline", "é😀"];

/// Words of a loose client: text that is hard to write or to tell from other types.
const HARD: &[&str] = &[
    "",
    " ",
    "\n",
    "yes",
    "~",
    "null",
    "0644",
    "1e3",
    "- a",
    "a: b",
    "#",
    "\u{0}",
    "<&>\u{2028}",
    "'\"\\",
    "=",
    "<<",
];

const TIMES: &[&str] = &["2024-02-29T12:34:56Z", "1999-01-01T00:00:00Z", "2026-12-31T23:59:59Z"];
const LOOSE_TIMES: &[&str] =
    &["2024-02-29T12:34:56+01:00", "0001-01-01T00:00:00Z", "2024-01-01T00:00:00.5Z", "9999-12-31T23:59:59Z"];
const MICRO: &[&str] = &["2024-02-29T12:34:56.000001Z", "1999-01-01T00:00:00.500000Z"];
const QUANTITIES: &[&str] = &["1", "2", "100m", "1Gi", "1500Mi", "0"];
const LOOSE_QUANTITIES: &[&str] = &["1.5Gi", "1024Mi", "0.1", "1e3", "+5", "1000m", "123456789012345678901k"];
const DURATIONS: &[&str] = &["1s", "1m30s", "0s"];
const BYTES: &[&str] = &["YQ==", "AAEC", "/+8="];

/// Text from the words above; a loose client's now and then.
pub(crate) fn word(dice: &mut Dice<'_>, loose: bool) -> Value {
    if loose && dice.one_in(6) { dice.pick(HARD).into() } else { dice.pick(WORDS).into() }
}

/// A value of a type without members.  `loose` adds spellings that decoding brings into canonical form, and extremes.
pub(crate) fn scalar(dice: &mut Dice<'_>, ty: &Type, loose: bool) -> Value {
    let odd = loose && dice.one_in(4);
    match ty {
        Type::Bool => dice.one_in(2).into(),
        Type::Int32 if odd => dice.pick(&[0_i64, -1, i64::from(i32::MAX), i64::from(i32::MIN)]).into(),
        Type::Int64 if odd => dice.pick(&[0, -1, i64::MAX, i64::MIN]).into(),
        Type::Int32 | Type::Int64 => dice.pick(&[1_i64, 2, 3, 80]).into(),
        Type::Double => dice.pick(&[0.5, 1.25, 1e300]).into(),
        Type::String => word(dice, loose),
        Type::Bytes => dice.pick(BYTES).into(),
        Type::Time if odd => dice.pick(LOOSE_TIMES).into(),
        Type::Time => dice.pick(TIMES).into(),
        Type::MicroTime => dice.pick(MICRO).into(),
        Type::Duration => dice.pick(DURATIONS).into(),
        Type::Quantity if odd && dice.one_in(2) => dice.pick(&[0_i64, 1, 5_000_000_000]).into(),
        Type::Quantity if odd => dice.pick(LOOSE_QUANTITIES).into(),
        Type::Quantity => dice.pick(QUANTITIES).into(),
        Type::IntOrString if dice.one_in(2) => dice.pick(&[1_i64, 80]).into(),
        Type::IntOrString => dice.pick(&["25%", "http"]).into(),
        Type::FieldsV1 => fields_v1(dice),
        Type::RawExtension => object! { "kind" => "K", "apiVersion" => "x.y/v1", "any" => anything(dice, 2) },
        _ => anything(dice, 2),
    }
}

fn fields_v1(dice: &mut Dice<'_>) -> Value {
    let mut out = object! {};
    for _ in 0..1 + dice.below(3) {
        let step = dice.pick(&["f:a", "f:b", "v:\"x\"", "k:{\"name\":\"a\"}"]);
        out.set_at(&[step, dice.pick(&["f:c", "."])], Value::object());
    }
    out
}

/// Any JSON value up to `depth` levels deep, without nulls and numbers that JSON and protobuf spell in two ways.
pub fn anything(dice: &mut Dice<'_>, depth: usize) -> Value {
    match dice.below(if depth == 0 { 4 } else { 7 }) {
        0 => dice.one_in(2).into(),
        1 => dice.pick(&[0_i64, 1, -1, i64::MAX]).into(),
        2 => dice.pick(&[0.5, -1.25, 1e300]).into(),
        3 => word(dice, true),
        4 => (0..dice.below(3)).map(|_| anything(dice, depth - 1)).collect::<Vec<_>>().into(),
        _ => {
            let names = (0..dice.below(4)).map(|_| dice.pick(WORDS)).collect::<Vec<_>>();
            let mut map: Map = names.into_iter().map(|name| (name, anything(dice, depth - 1))).collect();
            map.sort();
            map.into()
        }
    }
}
