use super::*;
use crate::testing::{Random, fixtures};

fn json(text: &str) -> String {
    api::json::to_string(&parse(text.as_bytes()).unwrap().value)
}

fn error(text: impl AsRef<[u8]>) -> String {
    parse(text.as_ref()).unwrap_err().to_string()
}

#[test]
fn scalars_are_goyamls() {
    let cases = [
        ("yes", "true"),
        ("On", "true"),
        ("n", "false"),
        ("OFF", "false"),
        ("'yes'", "\"yes\""),
        ("yEs", "\"yEs\""),
        ("~", "null"),
        ("", "null"),
        ("Null", "null"),
        ("0644", "420"),
        ("0o17", "15"),
        ("0x1F", "31"),
        ("0b11", "3"),
        ("-0x10", "-16"),
        ("1_000", "1000"),
        ("08", "8"),
        ("+12", "12"),
        ("1e3", "1000"),
        ("1.50", "1.5"),
        (".5", "0.5"),
        ("1.", "1"),
        ("1e999", "\"1e999\""),
        ("18446744073709551615", "18446744073709552000"),
        ("9223372036854775807", "9223372036854775807"),
        ("12:30:45", "\"12:30:45\""),
        ("2001-01-01", "\"2001-01-01\""),
        ("1.2.3", "\"1.2.3\""),
        ("0x", "\"0x\""),
        ("-", "[null]"),
        ("!!str 12", "\"12\""),
        ("!!int '12'", "12"),
        ("!!float 3", "3"),
        ("!!binary aGk=", "\"hi\""),
        ("! 12", "\"12\""),
        ("!custom 12", "\"12\""),
        ("\"\\x41\\u00e9\\U0001F600\\t\\\n  b\"", "\"Aé😀\\tb\""),
        ("'it''s'", "\"it's\""),
        ("\"a\n  b\n\n  c\"", "\"a b\\nc\""),
        ("a\n b\n\n c", "\"a b\\nc\""),
    ];
    for (text, want) in cases {
        assert_eq!(json(text), want, "of {text:?}");
    }
}

#[test]
fn structures_are_read_in_block_and_flow_style() {
    let cases = [
        ("b: 1\na: 2\n", r#"{"a":2,"b":1}"#),
        ("a:\n- 1\n- b: 2\n  c: 3\n-\n  - 4\n", r#"{"a":[1,{"b":2,"c":3},[4]]}"#),
        ("a: {b: [c, {d: e}], 'f': \"g\"}", r#"{"a":{"b":["c",{"d":"e"}],"f":"g"}}"#),
        ("a: [\n  1,\n]\nb: {\n}\n", r#"{"a":[1],"b":{}}"#),
        ("[a: b, c]", r#"[{"a":"b"},"c"]"#),
        ("? a\n: b\n? c\n", r#"{"a":"b","c":null}"#),
        ("a: |\n  x\n   y\n\nb: |-\n  x\nc: |+\n  x\n\n", r#"{"a":"x\n y\n","b":"x","c":"x\n\n"}"#),
        ("a: >\n  x\n  y\n\n  z\n   w\n", r#"{"a":"x y\nz\n w\n"}"#),
        ("a: |2\n   x\n", r#"{"a":" x\n"}"#),
        ("a: # comment\n  b # more\n", r#"{"a":"b"}"#),
        ("%YAML 1.1\n---\na: b\n...\nc: d\n", r#"{"a":"b"}"#),
        ("---\na: 1\n---\n[", r#"{"a":1}"#),
        ("# nothing\n", "null"),
        ("{\"a\":1,\"b\":\"\\u003c\"}", r#"{"a":1,"b":"\u003c"}"#),
        ("1: a\ntrue: b\n1.5: c\n~x: d\n", r#"{"1":"a","1.5":"c","true":"b","~x":"d"}"#),
        ("1e39: a\n1e7: b\n", r#"{".inf":"a","1e+07":"b"}"#),
        ("a: http://x/y?z#w\n", r#"{"a":"http://x/y?z#w"}"#),
        ("a:\r\n  - b\r\n", r#"{"a":["b"]}"#),
    ];
    for (text, want) in cases {
        assert_eq!(json(text), want, "of {text:?}");
    }
    assert_eq!(json("\u{feff}a: b"), r#"{"a":"b"}"#);
    let utf16: Vec<u8> = "\u{feff}a: é".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(parse(&utf16).unwrap().value, api::object! { "a" => "é" });
}

#[test]
fn aliases_and_merge_keys_are_followed() {
    assert_eq!(json("a: &x [1]\nb: *x\n"), r#"{"a":[1],"b":[1]}"#);
    assert_eq!(
        json("a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  c: 3\n"),
        r#"{"a":{"b":1,"c":2},"d":{"b":1,"c":3}}"#
    );
    assert_eq!(json("<<: [{a: 1}, {a: 2, b: 3}]\n"), r#"{"a":1,"b":3}"#);
    assert_eq!(json("'<<': 1"), r#"{"\u003c\u003c":1}"#);
    assert_eq!(error("<<: 1"), "yaml: map merge requires map or sequence of maps as the value");
    assert_eq!(error("a: *x"), "yaml: unknown anchor 'x' referenced");
    assert_eq!(error("a: &x [*x]"), "yaml: anchor 'x' value contains itself");
}

#[test]
fn errors_are_goyamls() {
    let cases = [
        ("a: [", "yaml: line 1: did not find expected node content"),
        ("a: b: c", "yaml: mapping values are not allowed in this context"),
        ("x: 1\na: b: c", "yaml: line 2: mapping values are not allowed in this context"),
        ("a: 1\n b: 2", "yaml: line 2: mapping values are not allowed in this context"),
        ("a: 1\nb\n", "yaml: line 3: could not find expected ':'"),
        ("a: 'b", "yaml: found unexpected end of stream"),
        ("a:\n\t- b", "yaml: line 2: found character that cannot start any token"),
        ("a: @b", "yaml: found character that cannot start any token"),
        ("a: [1, 2\nb: 3", "yaml: line 1: did not find expected ',' or ']'"),
        ("a: {b: 1\nc", "yaml: line 2: did not find expected ',' or '}'"),
        ("- a\nb: c", "yaml: line 1: did not find expected '-' indicator"),
        ("a:\n- b\n c: d", "yaml: line 3: mapping values are not allowed in this context"),
        ("a: \"\\q\"", "yaml: found unknown escape character"),
        ("a: !!int x", "yaml: cannot decode !!str `x` as a !!int"),
        ("%YAML 1.2\n---\na", "yaml: found incompatible YAML document"),
        ("{a: b}: c", "yaml: invalid map key: map[interface {}]interface {}{\"a\":\"b\"}"),
        (
            "a: {{ .Values.x }}",
            "yaml: invalid map key: map[interface {}]interface {}{\".Values.x\":interface {}(nil)}",
        ),
        ("a: \u{1}", "yaml: control characters are not allowed"),
        ("~: x", "unsupported map key of type: %!s(<nil>), key: <nil>, value: \"x\""),
        ("x: .nan", "json: unsupported value: NaN"),
        ("x: -.inf", "json: unsupported value: -Inf"),
    ];
    for (text, want) in cases {
        assert_eq!(error(text), want, "of {text:?}");
    }
    assert_eq!(error(b"a: \xff"), "yaml: invalid leading UTF-8 octet");
    assert_eq!(error(b"a: \xc3("), "yaml: invalid trailing UTF-8 octet");
    assert_eq!(error(b"a: \xc3"), "yaml: incomplete UTF-8 octet sequence");
}

#[test]
fn keys_set_twice_are_told_and_the_last_wins() {
    let parsed = parse(b"a: 1\nb:\n  c: x\n  c:\n    d\na: 2\n").unwrap();
    assert_eq!(
        parsed.duplicates.as_deref(),
        Some(
            "yaml: unmarshal errors:\n  line 5: key \"c\" already set in map\n  line 6: key \"a\" already set in map"
        )
    );
    assert_eq!(api::json::to_string(&parsed.value), r#"{"a":2,"b":{"c":"d"}}"#);
}

#[test]
fn bombs_are_refused() {
    let mut laughs = "a: &a [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for (from, to) in ('a'..='z').zip('b'..='z') {
        laughs.push_str(&format!("{to}: &{to} [{}]\n", vec![format!("*{from}"); 10].join(",")));
    }
    assert_eq!(error(&laughs), "yaml: document contains excessive aliasing");

    let mut chain = "a0: &a0 [1]\n".to_owned();
    (1..3000).for_each(|i| chain.push_str(&format!("a{i}: &a{i} [*a{}]\n", i - 1)));
    assert!(["exceeded max depth", "excessive aliasing"].iter().any(|t| error(&chain).contains(t)));
}

#[test]
fn depth_is_bounded() {
    for (open, close) in [("[", "]"), ("{a: ", "}")] {
        let fits = format!("{}x{}", open.repeat(MAX_DEPTH - 1), close.repeat(MAX_DEPTH - 1));
        assert!(parse(fits.as_bytes()).is_ok());
        assert_eq!(error(open.repeat(100_000)), format!("yaml: exceeded max depth of {MAX_DEPTH}"));
    }
    assert_eq!(error("- ".repeat(100_000)), format!("yaml: exceeded max depth of {MAX_DEPTH}"));
    assert_eq!(error("? ".repeat(100_000)), format!("yaml: exceeded max depth of {MAX_DEPTH}"));
}

#[test]
fn values_are_printed_as_sigs_yaml_does() {
    let cases = [
        (r#"{"b":1,"a":[1,{"x":1,"y":[]}],"c":{}}"#, "a:\n- 1\n- x: 1\n  \"y\": []\nb: 1\nc: {}\n"),
        (r#"[[1,[2]],{"a":[{"b":null}]}]"#, "- - 1\n  - - 2\n- a:\n  - b: null\n"),
        (
            r#"{"a":"x\ny\n","b":"x\ny","c":"\n x","d":"x\n\n"}"#,
            "a: |\n  x\n  y\nb: |-\n  x\n  y\nc: |2-\n\n   x\nd: |+\n  x\n\n",
        ),
        (r#"{"a10":1,"a9":2,"B":3,"_":4,"a-b":5}"#, "_: 4\nB: 3\na-b: 5\na9: 2\na10: 1\n"),
        (
            r##"["yes","12","1.5","null","2001-01-01","12:30","a: b","- a","# x"," x","x ","","it's","*x","a#b"]"##,
            "- \"yes\"\n- \"12\"\n- \"1.5\"\n- \"null\"\n- \"2001-01-01\"\n- \"12:30\"\n- 'a: b'\n- '- a'\n- '# x'\n- ' x'\n- 'x '\n- \"\"\n- it's\n- '*x'\n- a#b\n",
        ),
        (
            r#"["é","😀","\u0001","a\tb","\u2028"]"#,
            "- é\n- \"\\U0001F600\"\n- \"\\x01\"\n- \"a\\tb\"\n- '\u{2028}'\n",
        ),
        (r#"[1.5,1e21,1e-7,-0.1,100000000000000000000]"#, "- 1.5\n- 1e+21\n- 1e-07\n- -0.1\n- 1e+20\n"),
        ("\"x\"", "x\n"),
        ("{}", "{}\n"),
    ];
    for (json, want) in cases {
        let text = write(&crate::json::parse(json.as_bytes()).unwrap().value);
        assert_eq!(text, want);
    }
}

#[test]
fn long_lines_are_folded_at_spaces_and_long_keys_announced() {
    let words = "word ".repeat(30);
    let text = write(&api::object! { "a" => words.trim_end(), "k".repeat(129) => 1 });
    let mut lines = text.lines();
    assert_eq!(lines.next().map(str::len), Some(82));
    assert!(lines.next().is_some_and(|l| l.starts_with("  word")));
    assert!(text.contains("\n? kkk"));
    assert!(text.ends_with("\n: 1\n"));
    assert_eq!(parse(text.as_bytes()).unwrap().value.get("a"), Some(&words.trim_end().into()));
}

#[test]
fn every_fixture_reads_as_its_json_and_prints_back() {
    let Some(fixtures) = fixtures() else { return };
    for fixture in fixtures {
        let value = crate::json::parse(&fixture.json).unwrap().value;
        assert_eq!(parse(&fixture.yaml).unwrap().value, value, "{}", fixture.name);
        let printed = write(&value);
        assert_eq!(printed, String::from_utf8_lossy(&fixture.yaml), "{}", fixture.name);
    }
}

#[test]
fn what_is_printed_reads_back() {
    let mut random = Random::new(5);
    for _ in 0..3000 {
        let value = random.value(4);
        let text = write(&value);
        let back = parse(text.as_bytes()).unwrap_or_else(|e| panic!("{e} in {text}")).value;
        assert_eq!(back, value, "{text}");
    }
}

#[test]
fn random_text_never_panics() {
    let pieces = [
        "a", "- ", "? ", ": ", "\n", "\n  ", "{", "}", "[", "]", ",", "\"", "'", "#", "|", ">", "&a ", "*a",
        "!!int ", "!", "---\n", "<<: ", "\t", "%", "\\", "é", "0", "~", "\r",
    ];
    let mut random = Random::new(9);
    for _ in 0..40_000 {
        let text: String = (0..random.below(20)).map(|_| pieces[random.below(pieces.len())]).collect();
        let _ = parse(text.as_bytes());
        let bytes: Vec<u8> = (0..random.below(12)).map(|_| random.next() as u8).collect();
        let _ = parse(&bytes);
    }
}
