use api::{Value, object};
use schema::{Field, Message, Presence, SchemaOr, Type, Via};

use super::*;
use crate::testing::Random;

/// A small structure with one field of every sort.
static INNER: Message = Message::new(
    "test.Inner",
    "test.Inner",
    &[Field::new("text", 2, Type::String), Field { pointer: true, ..Field::new("count", 1, Type::Int32) }],
);
static SCHEMA: Message = Message::new(
    "test.Schema",
    "test.Schema",
    &[
        Field { pointer: true, ..Field::new("items", 1, Type::JsonSchemaOr(SchemaOr::Array, &SCHEMA)) },
        Field { pointer: true, ..Field::new("additional", 2, Type::JsonSchemaOr(SchemaOr::Bool, &SCHEMA)) },
        Field::new("dependencies", 3, Type::Map(&Type::JsonSchemaOr(SchemaOr::StringArray, &SCHEMA))),
        Field { pointer: true, ..Field::new("default", 4, Type::Json) },
        Field::new("type", 5, Type::String),
    ],
);
static OUTER: Message = Message::new(
    "test.Outer",
    "test.Outer",
    &[
        Field { presence: Presence::Always, ..Field::new("kind", 0, Type::String) },
        Field::new("name", 1, Type::String),
        Field {
            via: &[Via { number: 3, name: "Source" }],
            pointer: true,
            ..Field::new("disk", 2, Type::Message(&INNER))
        },
        Field { via: &[Via { number: 3, name: "Source" }], ..Field::new("path", 1, Type::String) },
        Field::new("labels", 2, Type::Map(&Type::String)),
        Field::new("data", 4, Type::Map(&Type::Bytes)),
        Field::new("list", 5, Type::List(&Type::Int64)),
        Field::new("inners", 6, Type::List(&Type::Message(&INNER))),
        Field { presence: Presence::Always, ..Field::new("time", 7, Type::Time) },
        Field { pointer: true, ..Field::new("micro", 8, Type::MicroTime) },
        Field { pointer: true, ..Field::new("quantity", 9, Type::Quantity) },
        Field { pointer: true, ..Field::new("port", 10, Type::IntOrString) },
        Field { pointer: true, ..Field::new("raw", 11, Type::RawExtension) },
        Field { pointer: true, ..Field::new("flag", 12, Type::Bool) },
        Field { pointer: true, ..Field::new("ratio", 13, Type::Double) },
        Field { pointer: true, ..Field::new("verbs", 14, Type::StringList) },
        Field { pointer: true, ..Field::new("schema", 15, Type::Message(&SCHEMA)) },
        Field { pointer: true, ..Field::new("grace", 16, Type::Duration) },
    ],
);

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// The value as written by hand in JSON, through bytes and back.
#[track_caller]
fn check(json: &str, bytes: &str) {
    let value = crate::json::parse(json.as_bytes()).unwrap().value;
    let encoded = encode(&value, &OUTER).unwrap();
    assert_eq!(hex(&encoded), bytes.replace(' ', ""));
    let mut back = decode(&encoded, &OUTER).unwrap();
    if value.get("time").is_none() {
        back.remove_at(&["time"]);
    }
    assert_eq!(back, value);
}

#[test]
fn plain_fields_are_always_written_and_pointers_when_set() {
    // name, the embedded structure with its path, time
    check("{}", "0a00 1a020a00 3a00");
    check(r#"{"name":"ab","path":"p"}"#, "0a026162 1a030a0170 3a00");
    check(r#"{"disk":{"count":0}}"#, "0a00 1a08 0a00 1204 0800 1200 3a00");
    check(r#"{"flag":false,"ratio":1.5}"#, "0a00 1a020a00 3a00 6000 69000000000000f83f");
}

#[test]
fn maps_are_sorted_and_lists_repeated() {
    check(r#"{"labels":{"b":"1","a":""}}"#, "0a00 1205 0a01611200 1206 0a0162120131 1a020a00 3a00");
    check(r#"{"data":{"k":"AQI="}}"#, "0a00 1a020a00 2207 0a016b 12020102 3a00");
    check(r#"{"list":[1,-1]}"#, "0a00 1a020a00 2801 28ffffffffffffffffff01 3a00");
    check(r#"{"inners":[{"text":"x"},{"count":1}]}"#, "0a00 1a020a00 3203120178 320408011200 3a00");
    check(r#"{"verbs":["get",""]}"#, "0a00 1a020a00 3a00 72070a0367657 40a00".replace(' ', "").as_str());
}

#[test]
fn special_types_have_messages_of_their_own() {
    check(r#"{"time":"1970-01-01T00:00:05Z"}"#, "0a00 1a020a00 3a0408051000");
    check(r#"{"time":null}"#, "0a00 1a020a00 3a00");
    check(r#"{"micro":"1970-01-01T00:00:01.000002Z"}"#, "0a00 1a020a00 3a00 4205080110d00f");
    check(r#"{"quantity":"1Gi"}"#, "0a00 1a020a00 3a00 4a050a03314769");
    check(r#"{"port":80}"#, "0a00 1a020a00 3a00 5206080010501a00");
    check(r#"{"port":"http"}"#, "0a00 1a020a00 3a00 520a080110001a0468747470");
    check(r#"{"raw":{"a":[1]}}"#, "0a00 1a020a00 3a00 5a0b0a097b2261223a5b315d7d");
    check(r#"{"grace":"1s"}"#, "0a00 1a020a00 3a00 8201060880 94ebdc03");
}

#[test]
fn schema_unions_take_either_form() {
    for json in [
        r#"{"items":{"type":"a"}}"#,
        r#"{"items":[{"type":"a"},{"additional":true}]}"#,
        r#"{"additional":{"items":{"items":{"default":[1]}}}}"#,
        r#"{"additional":false}"#,
        r#"{"items":null}"#,
        r#"{"dependencies":{"a":["x","y"],"b":{"type":"c"}}}"#,
    ] {
        let value = object! { "schema" => crate::json::parse(json.as_bytes()).unwrap().value };
        let mut back = decode(&encode(&value, &OUTER).unwrap(), &OUTER).unwrap();
        back.remove_at(&["time"]);
        assert_eq!(back, value);
    }
}

#[test]
fn long_pieces_have_long_lengths() {
    for length in [127, 128, 200, 16_383, 16_384, 70_000] {
        let value = object! { "disk" => object! { "text" => "x".repeat(length) } };
        assert_eq!(
            decode(&encode(&value, &OUTER).unwrap(), &OUTER).unwrap().at(&["disk"]),
            value.at(&["disk"])
        );
    }
}

#[test]
fn a_value_of_another_shape_is_told_by_path() {
    let value = object! { "inners" => vec![object! { "count" => "x" }] };
    let error = encode(&value, &OUTER).unwrap_err().to_string();
    assert_eq!(error, "`inners.count` holds a string where protobuf has an integer");
}

#[test]
fn unknown_fields_are_skipped_and_known_ones_merged() {
    // 100: varint, fixed64, bytes, group with nested group, fixed32; then name twice, disk twice.
    let bytes = "a00601 a1060000000000000000 a20603616263 a3060b08010ca406 a50600000000 \
                 0a0161 0a0162 1a0412020805 1a0512031 20178";
    let bytes: Vec<u8> = {
        let digits: Vec<char> = bytes.chars().filter(|c| !c.is_whitespace()).collect();
        digits.chunks(2).map(|c| u8::from_str_radix(&c.iter().collect::<String>(), 16).unwrap()).collect()
    };
    let value = decode(&bytes, &OUTER).unwrap();
    assert_eq!(value, object! { "name" => "b", "disk" => object! { "count" => 5, "text" => "x" } });
}

#[test]
fn what_json_cannot_hold_is_refused_and_a_map_entry_without_a_value_is_zero() {
    let nan = [&[0x69][..], &f64::NAN.to_le_bytes()].concat();
    assert_eq!(decode(&nan, &OUTER).unwrap_err().to_string(), "json: unsupported value: NaN");
    let raw = b"\x5a\x07\x0a\x05 1e99";
    assert!(decode(raw, &OUTER).is_ok());
    let raw = b"\x5a\x07\x0a\x051e999";
    let error = decode(raw, &OUTER).unwrap_err().to_string();
    assert_eq!(error, "json: cannot unmarshal number 1e999 into Go value of type float64");
    let value = decode(&[0x22, 3, 0x0a, 1, b'k'], &OUTER).unwrap();
    assert_eq!(value, object! { "data" => object! { "k" => "" } });
}

#[test]
fn malformed_bytes_are_errors() {
    let cases: [(&[u8], &str); 8] = [
        (&[0x0a, 5, b'x'], "unexpected EOF"),
        (&[0x0a], "unexpected EOF"),
        (
            &[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
            "proto: negative length found during unmarshaling",
        ),
        (&[0xff; 11], "proto: integer overflow"),
        (&[0x0c], "proto: Outer: wiretype end group for non-group"),
        (&[0x02, 0], "proto: Outer: illegal tag 0 (wire type 2)"),
        (&[0x08, 1], "proto: wrong wireType = 0 for field Name"),
        (&[0xa7, 0x06], "proto: illegal wireType 7"),
    ];
    for (bytes, want) in cases {
        assert_eq!(decode(bytes, &OUTER).unwrap_err().to_string(), want);
    }
}

#[test]
fn nesting_is_bounded() {
    let mut bytes = Vec::new();
    for _ in 0..20_000 {
        let mut outer = vec![0x0a];
        wire::put_varint(&mut outer, bytes.len() as u64 + 1 + varint_len(bytes.len()));
        outer.push(0x0a);
        wire::put_varint(&mut outer, bytes.len() as u64);
        if outer.len() + bytes.len() > 60_000 {
            break;
        }
        outer.append(&mut bytes);
        bytes = outer;
    }
    assert_eq!(decode(&bytes, &SCHEMA).unwrap_err().to_string(), "proto: exceeded max depth");
    let groups = [&[0xa3, 0x06][..], &[0x0b].repeat(500_000)].concat();
    assert_eq!(decode(&groups, &OUTER).unwrap_err().to_string(), "unexpected EOF");
}

fn varint_len(n: usize) -> u64 {
    let mut out = Vec::new();
    wire::put_varint(&mut out, n as u64);
    out.len() as u64
}

#[test]
fn envelopes_are_upstreams() {
    let wrapped = Envelope::wrap("v1", "Pod", b"xyz");
    assert_eq!(hex(&wrapped), "6b387300 0a09 0a027631 1203506f64 120378797a 1a00 2200".replace(' ', ""));
    let envelope = Envelope::decode(&wrapped).unwrap();
    assert_eq!(
        (envelope.api_version.as_str(), envelope.kind.as_str(), envelope.raw),
        ("v1", "Pod", b"xyz".to_vec())
    );
    let prefix = "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]";
    for (bytes, want) in [(&b""[..], "empty data"), (b"{}", prefix), (b"k8s\0", "empty body")] {
        assert_eq!(Envelope::decode(bytes).unwrap_err().to_string(), want);
    }
}

#[test]
fn watch_frames_are_length_delimited() {
    let frame = watch_frame("ADDED", b"k8s\0");
    assert_eq!(hex(&frame), "0000000f 0a054144444544 12060a046b387300".replace(' ', ""));
}

#[test]
fn lists_hold_their_items_as_field_two() {
    let long = vec![b'x'; 300];
    let items: [&[u8]; 3] = [&encode(&object! { "text" => "x" }, &INNER).unwrap(), b"", &long];
    let size = items.iter().map(|item| item_size(item.len())).sum();
    let mut list = list_head(("v1", "InnerList"), &Value::object(), &INNER, size).unwrap();
    items.iter().for_each(|item| put_item(&mut list, item));
    list.extend_from_slice(&LIST_TAIL);
    let envelope = Envelope::decode(&list).unwrap();
    assert_eq!((envelope.kind.as_str(), envelope.api_version.as_str()), ("InnerList", "v1"));
    assert_eq!(list, Envelope::wrap("v1", "InnerList", &envelope.raw));
    assert_eq!(Envelope::raw_of(&list).unwrap(), envelope.raw);
    let wanted = format!("0a0212001203120178 1200 12ac02{}", "78".repeat(300)).replace(' ', "");
    assert_eq!(hex(&envelope.raw), wanted);
}

#[test]
fn random_bytes_never_panic() {
    let mut random = Random::new(11);
    for _ in 0..100_000 {
        let bytes: Vec<u8> = (0..random.below(40)).map(|_| random.next() as u8 & 0x7f).collect();
        let _ = decode(&bytes, &OUTER);
        let _ = decode(&bytes, &SCHEMA);
        let _ = Envelope::decode(&[&PREFIX[..], &bytes].concat());
    }
}

#[test]
fn damaged_messages_never_panic_and_what_decodes_encodes_again() {
    let json = r#"{"name":"n","disk":{"count":3,"text":"t"},"labels":{"a":"b"},"data":{"k":"AQI="},"list":[1,2],
        "inners":[{"text":"x"}],"time":"2020-01-01T00:00:00Z","quantity":"1","port":"p","raw":{"a":1},"verbs":["v"],
        "schema":{"additional":{"type":"x"},"default":{"d":null}},"grace":"3m0s"}"#;
    let whole = encode(&crate::json::parse(json.as_bytes()).unwrap().value, &OUTER).unwrap();
    let mut random = Random::new(3);
    for _ in 0..50_000 {
        let mut bytes = whole.clone();
        for _ in 0..=random.below(3) {
            let at = random.below(bytes.len());
            bytes[at] = random.next() as u8;
        }
        bytes.truncate(random.below(bytes.len()) + 1);
        if let Ok(value) = decode(&bytes, &OUTER) {
            let again = encode(&value, &OUTER).unwrap();
            let back = decode(&again, &OUTER).unwrap();
            assert_eq!(encode(&back, &OUTER).unwrap(), again);
        }
    }
}

/// The structure of a fixture's kind, told from the name of its file, `group.version.Kind`.
fn fixture_message(name: &str) -> Option<&'static Message> {
    let (rest, kind) = name.rsplit_once('.')?;
    let (group, version) = rest.rsplit_once('.')?;
    schema::kind(if group == "core" { "" } else { group }, version, kind)
}

#[test]
fn every_fixture_is_written_byte_for_byte_and_read_back() {
    let Some(fixtures) = crate::testing::fixtures() else { return };
    let mut wrong = Vec::new();
    for fixture in &fixtures {
        if fixture.name == "core.v1.WatchEvent" {
            // Not a kind: what watch frames are made of.
            let event = crate::json::parse(&fixture.json).unwrap().value;
            let frame = watch_frame(event.str_at(&["type"]), &api::json::to_vec(event.at(&["object"])));
            assert_eq!(Envelope::wrap("", "", &frame[4..]), fixture.proto);
            continue;
        }
        let Some(message) = fixture_message(&fixture.name) else {
            wrong.push(format!("{}: not in the catalogue", fixture.name));
            continue;
        };
        let value = crate::json::parse(&fixture.json).unwrap().value;
        let text = |key| value.get(key).and_then(Value::as_str).unwrap_or("");
        let raw = encode(&value, message).unwrap();
        let bytes = Envelope::wrap(text("apiVersion"), text("kind"), &raw);
        if bytes != fixture.proto {
            let at = bytes.iter().zip(&fixture.proto).take_while(|(a, b)| a == b).count();
            wrong.push(format!("{}: differs at byte {at}", fixture.name));
            continue;
        }
        let mut back = decode(&Envelope::decode(&fixture.proto).unwrap().raw, message).unwrap();
        back.set_at(&["kind"], text("kind"));
        back.set_at(&["apiVersion"], text("apiVersion"));
        if back != value {
            wrong.push(format!("{}: reads as {}", fixture.name, api::json::to_string(&back)));
        }
    }
    assert!(wrong.is_empty(), "{} of {}: {}", wrong.len(), fixtures.len(), wrong.join("\n"));
}
