use api::{Value, object};

use super::*;

fn value(text: &str) -> Value {
    parse(text.as_bytes()).unwrap().value
}

fn error(text: impl AsRef<[u8]>) -> String {
    parse(text.as_ref()).unwrap_err().to_string()
}

#[test]
fn reads_every_kind_of_value() {
    let text = r#" {"a":[1,-2.5,true,false,null,"x"],"b":{},"c":[],"d":1e3,"e":-0} "#;
    let items = vec![Value::Int(1), Value::Float(-2.5), true.into(), false.into(), Value::Null, "x".into()];
    let want = object! {
        "a" => items, "b" => object! {}, "c" => Vec::<Value>::new(), "d" => 1000.0, "e" => 0,
    };
    assert_eq!(value(text), want);
    assert_eq!(value(text).as_object().unwrap().keys().collect::<String>(), "abcde");
}

#[test]
fn numbers_are_exact() {
    assert_eq!(value("9223372036854775807"), Value::Int(i64::MAX));
    assert_eq!(value("-9223372036854775808"), Value::Int(i64::MIN));
    assert_eq!(value("9223372036854775808"), Value::Float(9_223_372_036_854_775_808.0));
    assert_eq!(value("1.38e-23"), Value::Float(1.38e-23));
    assert_eq!(value("0.1"), Value::Float(0.1));
    assert_eq!(value("1.0"), Value::Float(1.0));
    let huge = parse(b"[1e999,-2e999]").unwrap();
    assert_eq!(huge.out_of_range.as_deref(), Some("1e999"));
}

#[test]
fn strings_are_unescaped_and_repaired() {
    assert_eq!(value(r#""\"\\\/\b\f\n\r\t\u0041\u00e9""#), "\"\\/\u{8}\u{c}\n\r\tAé".into());
    assert_eq!(value(r#""\ud83d\ude00""#), "😀".into());
    assert_eq!(value(r#""\ud83dx\ude00\ud83d\ud83d\ude00""#), "\u{fffd}x\u{fffd}\u{fffd}😀".into());
    assert_eq!(
        parse(b"\"a\xff\xc3(\xe2\x82b\"").unwrap().value,
        "a\u{fffd}\u{fffd}(\u{fffd}\u{fffd}b".into()
    );
    let long = "long enough to leave the first word, é and more";
    assert_eq!(value(&format!("\"{long}\\n\"")), format!("{long}\n").into());
}

#[test]
fn errors_are_gos() {
    let cases = [
        ("", "unexpected end of JSON input"),
        ("{", "unexpected end of JSON input"),
        ("[1,", "unexpected end of JSON input"),
        ("\"abc", "unexpected end of JSON input"),
        ("{\"a\"", "unexpected end of JSON input"),
        ("x", "invalid character 'x' looking for beginning of value"),
        ("[1,]", "invalid character ']' looking for beginning of value"),
        ("{\"a\":1,}", "invalid character '}' looking for beginning of object key string"),
        ("{a:1}", "invalid character 'a' looking for beginning of object key string"),
        ("{\"a\" 1}", "invalid character '1' after object key"),
        ("{\"a\":1 \"b\"}", "invalid character '\"' after object key:value pair"),
        ("[1 2]", "invalid character '2' after array element"),
        ("{} {}", "invalid character '{' after top-level value"),
        ("nul", "invalid character ' ' in literal null (expecting 'l')"),
        ("trux", "invalid character 'x' in literal true (expecting 'e')"),
        ("fAlse", "invalid character 'A' in literal false (expecting 'a')"),
        ("-", "invalid character ' ' in numeric literal"),
        ("-x", "invalid character 'x' in numeric literal"),
        ("01", "invalid character '1' after top-level value"),
        ("1.x", "invalid character 'x' after decimal point in numeric literal"),
        ("1e+", "invalid character ' ' in exponent of numeric literal"),
        ("\"\n\"", "invalid character '\\n' in string literal"),
        ("\"\\x\"", "invalid character 'x' in string escape code"),
        ("\"\\u12g4\"", "invalid character 'g' in \\u hexadecimal character escape"),
        ("'", "invalid character '\\'' looking for beginning of value"),
        ("\u{1}", "invalid character '\\x01' looking for beginning of value"),
        ("\u{feff}{}", "invalid character 'ï' looking for beginning of value"),
    ];
    for (text, want) in cases {
        assert_eq!(error(text), want, "of {text:?}");
    }
    assert_eq!(error(b"\xa0"), "invalid character '\\u00a0' looking for beginning of value");
    assert_eq!(error(b"{\"\xff\":1}\xff"), "invalid character 'ÿ' after top-level value");
    assert_eq!(parse(b"[1,x").unwrap_err().offset(), 4);
}

#[test]
fn duplicates_are_told_by_path_and_the_last_wins() {
    let parsed =
        parse(br#"{"a":1,"s":{"c":[{"n":1,"n":2,"n":3},{"n":1}]},"a":2,"l":[{"x":{"y":1,"y":1}}]}"#).unwrap();
    assert_eq!(parsed.duplicates, ["s.c[0].n", "a", "l[0].x.y"]);
    assert_eq!(parsed.value.get("a"), Some(&Value::Int(2)));
    assert_eq!(parsed.value.at(&["s", "c"]).as_array().unwrap()[0].get("n"), Some(&Value::Int(3)));
    assert!(parse(br#"{"a":1,"b":{"a":1}}"#).unwrap().duplicates.is_empty());
}

#[test]
fn findings_are_bounded() {
    let many: String = (0..500).map(|i| format!("\"k{i}\":0,\"k{i}\":1,")).collect();
    let parsed = parse(format!("{{{many}\"z\":0}}").as_bytes()).unwrap();
    assert_eq!(parsed.duplicates.len(), trace::MAX_FINDINGS);
    let long = format!("{{\"{}\":{{\"a\":0,\"a\":0,\"b\":0,\"b\":0}}}}", "k".repeat(200_000));
    assert_eq!(parse(long.as_bytes()).unwrap().duplicates.len(), 1);
}

#[test]
fn depth_is_bounded() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let fits = format!("{}0{}", open.repeat(MAX_DEPTH), close.repeat(MAX_DEPTH));
        assert_eq!(api::json::to_string(&value(&fits)), fits);
        let bracket = &open[..1];
        let want = format!("invalid character '{bracket}' exceeded max depth");
        assert_eq!(error(open.repeat(MAX_DEPTH + 1)), want);
        assert_eq!(error(open.repeat(1_000_000)), want);
    }
}

#[test]
fn agrees_with_an_independent_parser_on_what_is_json() {
    let mut random = crate::testing::Random::new(7);
    let alphabet = br#"{}[]":,\/ "ab0123.-+eEutrfalsn "#;
    for _ in 0..200_000 {
        let text: Vec<u8> = (0..random.below(24)).map(|_| alphabet[random.below(alphabet.len())]).collect();
        let theirs = serde_json::from_slice::<serde_json::Value>(&text);
        match (parse(&text), theirs) {
            (Ok(ours), Ok(theirs)) => same(&ours.value, &theirs),
            (Ok(ours), Err(e)) => {
                assert!(ours.out_of_range.is_some() || lone_surrogate(&text), "{text:?}: {e}");
            }
            (Err(e), Ok(_)) => panic!("{}: {e}", String::from_utf8_lossy(&text)),
            (Err(_), Err(_)) => {}
        }
    }
}

fn lone_surrogate(text: &[u8]) -> bool {
    text.windows(2).any(|w| w == b"\\u")
}

fn same(ours: &Value, theirs: &serde_json::Value) {
    use serde_json::Value as Theirs;
    match (ours, theirs) {
        (Value::Object(a), Theirs::Object(b)) => {
            assert_eq!(a.len(), b.len());
            b.iter().for_each(|(key, item)| same(a.get(key).unwrap(), item));
        }
        (Value::Array(a), Theirs::Array(b)) => {
            assert_eq!(a.len(), b.len());
            a.iter().zip(b).for_each(|(a, b)| same(a, b));
        }
        (Value::Int(_) | Value::Float(_), Theirs::Number(b)) => assert_eq!(ours.as_f64(), b.as_f64()),
        _ => assert_eq!(api::json::to_string(ours), theirs.to_string()),
    }
}

#[test]
fn pretty_text_is_gos_indented_one() {
    let v = value(r#"{"a":{"b":[1,{"c":"<"}],"d":{},"e":[]},"f":null}"#);
    let mut out = Vec::new();
    write_pretty(&mut out, &v);
    let want = "{\n  \"a\": {\n    \"b\": [\n      1,\n      {\n        \"c\": \"\\u003c\"\n      }\n    ],\n    \"d\": {},\n    \"e\": []\n  },\n  \"f\": null\n}";
    assert_eq!(String::from_utf8(out).unwrap(), want);
}
