//! Large bodies in the shapes that hurt careless readers: what is four times as large may take four times as long, not
//! sixteen times.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking and may tell times")]

use std::time::{Duration, Instant};

use samples::damage::{nested, repeated, yaml_bomb};
use sumun_fuzz::TARGETS;

/// Bytes of the inputs, about.  `SUMUN_FUZZ_TIMES` prints how long each takes, and `SUMUN_FUZZ_SIZE` makes them as large as
/// a body may be.
const SIZE: usize = 1 << 17;

/// Below this nothing can be said about growth.
const SHORT: Duration = Duration::from_millis(250);

/// How much longer an input may take that is four times as large.
const GROWTH: u32 = 10;

/// Makes an input of about so many bytes.
type Shape = Box<dyn Fn(usize) -> Vec<u8>>;

/// A piece as often as it fits.
fn many(head: impl Into<String>, piece: &'static str, tail: &'static str) -> Shape {
    let head = head.into();
    Box::new(move |size| repeated(&head, piece, tail, size / (piece.len() + 3)))
}

/// An opening as often as it fits, a middle, and as many endings.
fn deep(open: &'static str, middle: &'static str, close: &'static str) -> Shape {
    Box::new(move |size| nested(open, middle, close, size / open.len()))
}

/// Bytes as often as they fit.
fn filled(bytes: &'static [u8]) -> Shape {
    Box::new(move |size| bytes.repeat(size / bytes.len()))
}

/// An input that has its size.
fn given(bytes: Vec<u8>) -> Shape {
    Box::new(move |_| bytes.clone())
}

/// Runs a target on inputs, each with some bytes of choices before it.
fn check(target: &str, choices: &[u8], inputs: &[(&str, Shape)]) {
    let run = TARGETS.iter().find(|known| known.name == target).unwrap().run;
    let size = std::env::var("SUMUN_FUZZ_SIZE").map_or(SIZE, |text| text.parse().unwrap());
    let time = |input: Vec<u8>| {
        let input = [choices, &input].concat();
        let (begun, before) = (Instant::now(), processor_time());
        run(&input);
        match (before, processor_time()) {
            (Some(before), Some(after)) => after.saturating_sub(before),
            _ => begun.elapsed(),
        }
    };
    for (shape, input) in inputs {
        let took = time(input(size));
        if std::env::var_os("SUMUN_FUZZ_TIMES").is_some() {
            println!("{target} {shape} {took:?}");
        } else if took > SHORT {
            let quarter = time(input(size / 4));
            assert!(took < quarter * GROWTH, "{target}: {shape}: {quarter:?} grows to {took:?}");
        }
    }
}

/// What this thread has used of a processor so far, where the system tells it: other work on the machine does not count.
fn processor_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

/// The place of a kind among the resources.
fn kind(group: &str, name: &str) -> u8 {
    let place = schema::resources().iter().position(|r| r.group == group && r.kind == name).unwrap();
    u8::try_from(place).unwrap()
}

#[test]
fn json() {
    let inputs = [
        ("open lists", deep("[", "", "")),
        ("open objects", deep("{\"a\":", "", "")),
        ("members", many("{", "\"k{}\":0,", "\"\":0}")),
        ("one member again and again", many("{", "\"k\":0,", "\"k\":0}")),
        ("objects again and again", many("{", "\"k\":{\"a\":[{}]},", "\"k\":0}")),
        ("escapes", many("\"", "\\u0041\\ud800", "\"")),
        ("spoiled text", Box::new(|size| [b"\"", &vec![0xff_u8; size][..], b"\""].concat())),
        ("digits", many("[", "9999999999", "]")),
        ("fractions", many("[0.", "0000000001", "]")),
        ("items", many("[", "{},", "0]")),
        ("space", many("", "          ", "0")),
    ];
    check("json", &[], &inputs);
    check("custom", &[], &inputs);
    check("object", &[0, 0], &inputs);
    check("fields-v1", &[], &inputs);
}

#[test]
fn yaml() {
    let inputs = [
        ("a bomb", given(yaml_bomb(40))),
        ("aliases", many("a: &a [x, y]\nb: [", "*a, ", "*a]\n")),
        (
            "aliases of something large",
            many("a: &a [x, x, x, x, x, x, x, x, x, x, x, x]\nb:\n", "- *a\n", ""),
        ),
        ("anchors", many("", "- &a{} b\n", "")),
        ("merges", many("a: &a {b: c}\nd:\n  <<: [", "*a, ", "*a]\n")),
        ("merges of merges", many("a0: &a0 {b: c}\n", "a: &a {<<: *a, k{}: 1}\n", "")),
        ("open lists", deep("[", "", "")),
        ("open maps", deep("{a: ", "", "")),
        ("dashes", deep("- ", "a", "")),
        ("questions", deep("? ", "a", "")),
        ("keys", many("", "k{}: v\n", "")),
        ("one key again and again", many("", "k: v\n", "")),
        ("documents", many("", "---\na\n", "")),
        ("an open quote", many("\"", "word ", "")),
        ("an open block", many("a: |\n", "  line\n", "")),
        ("a folded block", many("a: >\n", "  line\n\n", "")),
        ("comments", many("", "# c\n", "a: b")),
        ("tags", many("", "- !!str a\n", "")),
        ("directives", many("", "%TAG !e{}! tag:\n", "---\na")),
        ("tabs", many("a:", "\t\t\t", "")),
        (
            "indentation",
            given((0..1200).flat_map(|i| format!("{}a:\n", " ".repeat(i)).into_bytes()).collect()),
        ),
        ("colons", many("", ": ", "")),
        ("words of a plain text", many("a: ", "b c\n  ", "")),
    ];
    check("yaml", &[], &inputs);
    check("object", &[0, 1], &inputs);
    check("custom", &[], &inputs);
}

#[test]
fn protobuf() {
    let varint = |n: usize| {
        let (mut n, mut out) = (n, Vec::new());
        while n > 0x7f {
            out.push(u8::try_from(n & 0x7f).unwrap() | 0x80);
            n >>= 7;
        }
        out.push(u8::try_from(n).unwrap());
        out
    };
    let mut inner = Vec::new();
    while inner.len() < 30_000 {
        inner = [&[0x0a][..], &varint(inner.len()), &inner].concat();
    }
    let inputs: [(&str, Shape); 7] = [
        ("empty fields", filled(&[0x0a, 0])),
        ("fields nobody knows", filled(&[0xa2, 6, 1, 0])),
        ("open groups", filled(&[0x0b])),
        ("long numbers", filled(&[0xff])),
        ("messages in messages", given(inner.clone())),
        (
            "map entries",
            Box::new(|size: usize| {
                let entry =
                    |i: usize| [&[0x12, 6, 10, 4][..], &u32::try_from(i).unwrap().to_be_bytes()].concat();
                (0..size / 8).flat_map(entry).collect()
            }),
        ),
        ("map entries of one name", filled(&[0x12, 4, 10, 2, b'a', b'b'])),
    ];
    for message in (0..=255).step_by(51) {
        check("protobuf", &[0, message], &inputs);
        check("protobuf", &[1, message], &inputs);
    }
    for name in ["ConfigMap", "Pod", "Secret"] {
        for (shape, raw) in &inputs {
            let body: Vec<u8> = raw(SIZE);
            let wrapped = move |size: usize| {
                let raw = body.get(..size.min(body.len())).unwrap_or_default();
                codec::proto::Envelope::wrap("v1", name, raw)
            };
            check("object", &[kind("", name), 2], &[(shape, Box::new(wrapped))]);
        }
    }
}

#[test]
fn objects() {
    let pod = r#"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a"},"spec":{"containers":["#;
    let config = r#"{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a","#;
    let service = r#"{"kind":"Service","apiVersion":"v1","metadata":{"name":"a"},"spec":{"ports":["#;
    check(
        "object",
        &[kind("", "Pod"), 0],
        &[
            ("containers", many(pod, r#"{"name":"c{}"},"#, "{}]}}")),
            ("containers of one name", many(pod, r#"{"name":"c"},"#, "{}]}}")),
            ("ports", many(format!(r#"{pod}{{"ports":["#), r#"{"containerPort":80,"name":"p"},"#, "{}]}]}}")),
            ("variables", many(format!(r#"{pod}{{"env":["#), r#"{"name":"A"},"#, "{}]}]}}")),
            (
                "volume mounts",
                many(format!(r#"{pod}{{"volumeMounts":["#), r#"{"name":"v","mountPath":"/a"},"#, "{}]}]}}"),
            ),
            ("fields nobody knows", many(pod, r#"{"u{}":0},"#, "{}]}}")),
            ("wrong types", many(pod, "0,", "{}]}}")),
        ],
    );
    check(
        "object",
        &[kind("", "ConfigMap"), 0],
        &[
            ("labels", many(format!("{config}\"labels\":{{"), r#""-{}":"?","#, r#""a":"b"}}}"#)),
            ("finalizers", many(format!("{config}\"finalizers\":["), r#""?{}","#, r#""a"]}}"#)),
            ("owners", many(format!("{config}\"ownerReferences\":["), r#"{"uid":"{}"},"#, r#"{}]}}"#)),
            ("managers", many(format!("{config}\"managedFields\":["), r#"{"manager":"{}"},"#, r#"{}]}}"#)),
            ("data", many(format!("{config}\"x\":0}},\"data\":{{"), r#""k{}":"v","#, r#""a":"b"}}"#)),
        ],
    );
    check(
        "object",
        &[kind("", "Service"), 0],
        &[("service ports", many(service, r#"{"port":80,"name":"p"},"#, "{}]}}"))],
    );
    let quantity =
        many(r#"{"kind":"ResourceQuota","apiVersion":"v1","spec":{"hard":{"cpu":""#, "9999999999", r#""}}}"#);
    check("object", &[kind("", "ResourceQuota"), 0], &[("an amount", quantity)]);
    let schema = [
        r#"{"kind":"CustomResourceDefinition","apiVersion":"apiextensions.k8s.io/v1","spec":{"versions":[{"schema":{"openAPIV3Schema":"#,
        &r#"{"properties":{"a":"#.repeat(200),
        "{}",
        &"}}".repeat(200),
        "}}]}}",
    ];
    check(
        "object",
        &[kind("apiextensions.k8s.io", "CustomResourceDefinition"), 0],
        &[("a deep schema", given(schema.concat().into_bytes()))],
    );
}

#[test]
fn patches() {
    let json = [
        (
            "operations",
            many(
                "[",
                r#"{"op":"add","path":"/metadata/annotations","value":{}},"#,
                r#"{"op":"test","path":"/kind"}]"#,
            ),
        ),
        (
            "members",
            many("[", r#"{"op":"add","path":"/k{}","value":1},"#, r#"{"op":"test","path":"/kind"}]"#),
        ),
        (
            "copies",
            many(
                r#"[{"op":"add","path":"/a","value":[]},"#,
                r#"{"op":"copy","from":"/a","path":"/a/-"},"#,
                r#"{"op":"test","path":"/kind"}]"#,
            ),
        ),
        (
            "nesting",
            many(
                r#"[{"op":"add","path":"/a","value":{}},"#,
                r#"{"op":"move","from":"/a","path":"/b"},{"op":"add","path":"/a","value":{}},{"op":"move","from":"/b","path":"/a/a"},"#,
                r#"{"op":"test","path":"/kind"}]"#,
            ),
        ),
        (
            "inserts at the front",
            many(
                r#"[{"op":"add","path":"/a","value":[]},"#,
                r#"{"op":"add","path":"/a/0","value":1},"#,
                r#"{"op":"test","path":"/kind"}]"#,
            ),
        ),
        ("a long pointer", many(r#"[{"op":"add","path":""#, "/a", r#"","value":1}]"#)),
    ];
    check("patch", &[0, 0], &json);
    let objects = [
        ("members", many("{", r#""k{}":{"a":null},"#, r#""a":{}}"#)),
        ("nulls", many("{", r#""k{}":null,"#, r#""a":{}}"#)),
        (
            "finalizers",
            many(r#"{"metadata":{"finalizers":["#, r#""a{}","#, r#""a"],"$setElementOrder/finalizers":[]}}"#),
        ),
        (
            "finalizers in order",
            many(
                r#"{"metadata":{"$setElementOrder/finalizers":["#,
                r#""a{}","#,
                r#""a"],"finalizers":["a"]}}"#,
            ),
        ),
        (
            "finalizers that go",
            many(r#"{"metadata":{"$deleteFromPrimitiveList/finalizers":["#, r#""a{}","#, r#""a"]}}"#),
        ),
        (
            "owners",
            many(
                r#"{"metadata":{"ownerReferences":["#,
                r#"{"uid":"a{}"},"#,
                r#"{"uid":"a"}],"$setElementOrder/ownerReferences":[]}}"#,
            ),
        ),
        (
            "owners that go",
            many(
                r#"{"metadata":{"ownerReferences":["#,
                r#"{"uid":"a{}","$patch":"delete"},"#,
                r#"{"uid":"a"}],"$setElementOrder/ownerReferences":[{"uid":"a"}]}}"#,
            ),
        ),
        ("directives", many("{", r#""$retainKeys":["a"],"$setElementOrder/k{}":[],"#, r#""a":{}}"#)),
    ];
    check("patch", &[0, 1], &objects);
    check("patch", &[0, 2], &objects);
    let apply = r#"{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"n","#;
    let at = (0..64).collect::<Vec<u8>>();
    let configs = [
        ("labels", many(format!("{apply}\"labels\":{{"), r#""k{}":"v","#, r#""a":"b"}}}"#)),
        ("finalizers", many(format!("{apply}\"finalizers\":["), r#""k{}","#, r#""a"]}}"#)),
        ("owners", many(format!("{apply}\"ownerReferences\":["), r#"{"uid":"k{}"},"#, r#"{"uid":"a"}]}}"#)),
        ("one finalizer again and again", many(format!("{apply}\"finalizers\":["), r#""a","#, r#""a"]}}"#)),
    ];
    for at in at.into_iter().step_by(16) {
        check("patch", &[at, 3], &configs);
    }
    check(
        "fields-v1",
        &[],
        &[
            ("names", many("{", r#""f:a{}":{},"#, r#""f:a":{}}"#)),
            ("names backwards", many("{", r#""f:{}":{},"#, r#""f:a":{}}"#)),
            ("keys", many("{", r#""k:{\"a\":{}}":{},"#, r#""f:a":{}}"#)),
            ("values", many("{", r#""v:{}":{},"#, r#""f:a":{}}"#)),
            ("levels", given(nested(r#"{"f:a":"#, "{}", "}", 499))),
            (
                "levels in a key",
                Box::new(|size| {
                    [&b"{\"k:{\\\"a\\\":"[..], &nested("[", "", "]", size / 2), b"}\":{}}"].concat()
                }),
            ),
        ],
    );
}

#[test]
fn texts() {
    check(
        "selector",
        &[],
        &[
            ("terms", many("", "a{}=b,", "a")),
            ("terms of one label", many("", "a=b,", "a")),
            ("values", many("a in (", "b{},", "b)")),
            ("negations", many("", "!", "a")),
            ("brackets", many("a in ", "(", "")),
            ("commas", many("", ",", "")),
            ("escapes", many("a=", "\\,", "")),
            ("a long name", many("", "a", "")),
        ],
    );
    check("continue", &[], &[("a long token", many("", "eyJ2Ijoi", ""))]);
    check(
        "request",
        &[0],
        &[
            ("segments", many("/api/v1/", "a/", "")),
            ("slashes", many("/api/v1", "/", "")),
            ("pairs", many("/api/v1/pods?", "a{}=b&", "")),
            ("selectors", many("/api/v1/pods?", "labelSelector=a{}&", "")),
            ("escapes", many("/", "%2F", "?%41=%zz")),
        ],
    );
    check(
        "token",
        &[],
        &[
            ("dots", many("", ".", "")),
            ("parts", many("eyJh.", "bGci", ".c2ln")),
            ("lines", many("", "t{},u,{},\"a,b\"\n", "")),
            ("quotes", many("\"", "\"\"", "")),
            ("protocols", many("", "v4.channel.k8s.io, ", "")),
            ("headers", many("Impersonate-User: a\n", "Impersonate-Group: {}\n", "")),
            ("extras", many("Impersonate-User: a\n", "Impersonate-Extra-a{}: b\n", "")),
            ("keys", many("", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "")),
            ("lengths", filled(&[0x30, 0x80])),
        ],
    );
    check(
        "amount",
        &[],
        &[
            ("digits", many("", "1234567890", "")),
            ("zeros", many("1", "0000000000", "")),
            ("a fraction", many("0.", "0000000001", "Gi")),
            ("an exponent", many("1e", "9999999999", "")),
            ("hours", many("", "1h", "")),
            ("part of a second", many("2024-02-29T12:34:56.", "1234567890", "Z")),
        ],
    );
}
