//! Made-up objects of every kind as upstream's own libraries encode them: what they read of an object, and its protobuf.
//!
//! `reference.tsv` holds, a line each, the object that was sent as JSON, the JSON upstream makes of it, and base64 of its
//! protobuf; `SUMUN_REFERENCE` names another file of them.  The questions are made by
//! `SUMUN_JOBS=file cargo test -p sumun-codec --test wire write_questions -- --ignored`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::io::Write as _;
use std::path::PathBuf;

use api::{GroupVersion, GroupVersionKind, Value, json};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use samples::{Dice, Maker};
use sumun_codec::object::{Endpoint, FieldValidation, Format, decode, encode};

/// One object in its encodings.
struct Case {
    sent: String,
    json: Value,
    protobuf: Vec<u8>,
    kind: GroupVersionKind,
}

fn cases() -> Vec<Case> {
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/wire/reference.tsv");
    let path = std::env::var_os("SUMUN_REFERENCE").map_or(own, PathBuf::from);
    let case = |line: &str| {
        let [sent, answer, protobuf] = line.split('\t').collect::<Vec<_>>().try_into().unwrap();
        let json = sumun_codec::json::parse(answer.as_bytes()).unwrap().value;
        let version = GroupVersion::parse(json.str_at(&["apiVersion"])).unwrap();
        let kind = version.with_kind(json.str_at(&["kind"]));
        Case { sent: sent.to_owned(), json, protobuf: STANDARD.decode(protobuf).unwrap(), kind }
    };
    std::fs::read_to_string(path).unwrap().lines().map(case).collect()
}

fn read(body: &[u8], format: Format, kind: &GroupVersionKind) -> Value {
    let read = decode(body, format, Endpoint::of(kind), FieldValidation::Strict);
    let mut value = read.unwrap_or_else(|e| panic!("{kind}: {}: {}", e.message, body.escape_ascii())).value;
    schema::canonicalize(&mut value, schema::kind(&kind.group, &kind.version, &kind.kind).unwrap());
    value
}

#[test]
fn every_encoding_is_upstreams() {
    let cases = cases();
    assert!(cases.len() >= 60, "only {} cases", cases.len());
    for Case { sent, json, protobuf, kind } in &cases {
        let want = json::to_string(json);
        let value = read(sent.as_bytes(), Format::Json, kind);
        assert_eq!(json::to_string(&value), want, "{kind}");
        let bytes = encode(&value, Format::Protobuf, false).unwrap();
        assert!(
            bytes == *protobuf,
            "{kind}: {} is not {} for {want}",
            bytes.escape_ascii(),
            protobuf.escape_ascii()
        );
        assert_eq!(json::to_string(&read(protobuf, Format::Protobuf, kind)), want, "{kind}");
        let yaml = encode(&value, Format::Yaml, false).unwrap();
        // A key `<<` is printed without quotes and becomes a merge key, as upstream's printer has it.
        if !yaml.windows(3).any(|part| part == b"<<:") {
            assert_eq!(read(&yaml, Format::Yaml, kind), value, "{kind}");
        }
    }
}

/// The fixtures of every type beside the workspace, through the way that bodies of requests and answers go.
#[test]
fn every_type_of_the_fixtures_is_read_and_written() {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let root = std::env::var_os("SUMUN_SHARED").map_or(beside, PathBuf::from).join("data/roundtrip");
    let Ok(entries) = std::fs::read_dir(&root) else {
        return eprintln!("skipped: there is no {}", root.display());
    };
    let mut count = 0;
    for entry in entries {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        // What watch frames are made of is no kind of its own.
        if path.extension().is_none_or(|ending| ending != "json") || name == "core.v1.WatchEvent" {
            continue;
        }
        let json = std::fs::read(&path).unwrap();
        let want = sumun_codec::json::parse(&json).unwrap().value;
        let version = GroupVersion::parse(want.str_at(&["apiVersion"])).unwrap();
        let kind = version.with_kind(want.str_at(&["kind"]));
        let message = schema::kind(&kind.group, &kind.version, &kind.kind).unwrap();
        for (format, ending) in [(Format::Json, "json"), (Format::Yaml, "yaml"), (Format::Protobuf, "pb")] {
            let body = std::fs::read(path.with_extension(ending)).unwrap();
            let endpoint = Endpoint::of(&kind);
            let mut value = decode(&body, format, endpoint, FieldValidation::Strict)
                .unwrap_or_else(|e| panic!("{name}.{ending}: {}", e.message))
                .value;
            schema::canonicalize(&mut value, message);
            assert_eq!(value, want, "{name}.{ending}");
            if format == Format::Protobuf {
                assert!(encode(&value, format, false).unwrap() == body, "{name}.{ending}");
            }
        }
        count += 1;
    }
    assert!(count > 100, "only {count} types");
}

#[test]
#[ignore = "writes the questions for upstream's libraries"]
fn write_questions() {
    let number =
        |name: &str, or: u64| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(or);
    let (rounds, first) = (number("SUMUN_JOB_ROUNDS", 1), number("SUMUN_JOB_SEED", 0));
    let mut file = std::fs::File::create(std::env::var("SUMUN_JOBS").unwrap()).unwrap();
    for resource in schema::resources() {
        for seed in first..first + rounds {
            let dice = &mut Dice::new(seed);
            let maker = Maker { richness: 4, depth: 6, system: true, loose: dice.one_in(2) };
            let message = resource.message;
            let object = maker.object(dice, resource.group, resource.version, resource.kind, message);
            let text = json::to_string(&object);
            // A pointer to the zero instant is null and set in Go, which is null and not set here.
            if !text.contains("0001-01-01T") {
                writeln!(file, "json\t{}", STANDARD.encode(text)).unwrap();
            }
        }
    }
}
