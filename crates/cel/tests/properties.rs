//! Nothing that is written makes the parser, the checker or a program panic, hang or overflow the stack, and a program
//! does the same every time.

use cel::{Activation, Cause, Env, Limits, Program, Type, Value};
use proptest::prelude::*;

fn env() -> Env {
    Env::standard()
        .variable("x", Type::Int)
        .variable("s", Type::String)
        .variable("l", Type::list(Type::Int))
        .variable("d", Type::Dyn)
}

/// Compiles and, where that works, runs twice.
fn exercise(text: &str) {
    let env = env();
    let Ok(checked) =
        env.compile(text).inspect_err(|issues| assert!(issues.to_string().starts_with("ERROR")))
    else {
        return;
    };
    let estimate = checked.estimate(&());
    assert!(estimate.min <= estimate.max, "{text}: {estimate:?}");
    let Ok(program) = Program::new(&checked) else { return };
    let object = api::object! { "a" => 1, "b" => vec!["x", "y"], "c" => api::object! { "d" => 1.5 } };
    let list = [3, 1, 2].map(Value::Int).to_vec();
    let vars = Activation::new(&env)
        .set("x", Value::Int(5))
        .set("s", Value::Str("hello"))
        .set("l", Value::list(list))
        .set("d", Value::json(&object));
    let limits = Limits { cost: Some(10_000), cancel: None };
    let first = program.evaluate(&vars, &limits);
    let second = program.evaluate(&vars, &limits);
    assert_eq!(first.cost, second.cost, "{text}");
    match (first.value, second.value) {
        (Ok(a), Ok(b)) => assert_eq!(a.to_string(), b.to_string(), "{text}"),
        (Err(a), Err(b)) => assert_eq!(a, b, "{text}"),
        (a, b) => assert!(a.is_ok() == b.is_ok(), "{text}: {a:?} and then {b:?}"),
    }
}

const WORDS: [&str; 64] = [
    "x",
    "s",
    "l",
    "d",
    "1",
    "2u",
    "1.5",
    "'a'",
    "b'a'",
    "true",
    "null",
    "[",
    "]",
    "{",
    "}",
    "(",
    ")",
    ".",
    ".?",
    "[?",
    ",",
    "+",
    "-",
    "*",
    "/",
    "%",
    "!",
    "&&",
    "||",
    "==",
    "<",
    "in",
    "?",
    ":",
    "has(",
    "all(i,",
    "map(i,",
    "filter(i,",
    "exists(i, v,",
    "i",
    "transformMap(i, v,",
    "size()",
    "type(",
    "int(",
    "string(",
    "optional.of(",
    "optMap(i,",
    "orValue(",
    "sum()",
    "sort()",
    "split(",
    "format(",
    "duration(",
    "timestamp(",
    "quantity(",
    "ip(",
    "url(",
    "semver(",
    "cel.bind(i,",
    "sets.contains(",
    "dyn(",
    "matches(",
    "lists.range(",
    "//",
];

/// Expressions that are mostly well formed.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "x",
        "s",
        "l",
        "d",
        "d.a",
        "d.b",
        "d.c.d",
        "d.?e",
        "1",
        "0",
        "-3",
        "2u",
        "1.5",
        "'a'",
        "'1h'",
        "[]",
        "[1, 2]",
        "{'k': 1}",
        "null",
        "true",
        "b'q'",
        "duration('1s')",
        "timestamp(0)",
        "optional.none()",
    ])
    .prop_map(str::to_owned);
    leaf.prop_recursive(4, 40, 3, |inner| {
        let one = inner.clone();
        prop_oneof![
            (
                inner.clone(),
                prop::sample::select(vec!["+", "-", "*", "/", "%", "==", "!=", "<", ">=", "&&", "||", "in"]),
                inner.clone()
            )
                .prop_map(|(a, op, b)| format!("({a} {op} {b})")),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
            (
                inner.clone(),
                prop::sample::select(vec!["all", "exists", "map", "filter", "exists_one", "sortBy"]),
                inner.clone()
            )
                .prop_map(|(a, m, b)| format!("{a}.{m}(i, {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("dyn({a})[{b}]")),
            (
                one,
                prop::sample::select(vec![
                    "size()",
                    "sum()",
                    "min()",
                    "sort()",
                    "reverse()",
                    "first()",
                    "isSorted()",
                    "flatten()",
                    "distinct()",
                    "join(',')",
                    "split('')",
                    "getHours()",
                    "hasValue()",
                    "orValue(1)",
                    "indexOf('l')",
                    "lowerAscii()",
                    "format([x])",
                    "find('l+')",
                    "slice(0, 1)",
                ])
            )
                .prop_map(|(a, f)| format!("dyn({a}).{f}")),
            (
                prop::sample::select(vec![
                    "int", "string", "double", "uint", "bool", "bytes", "type", "duration", "quantity", "ip",
                    "cidr", "url", "semver"
                ]),
                inner
            )
                .prop_map(|(f, a)| format!("{f}(dyn({a}))")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_survived(text in "\\PC{0,60}") {
        exercise(&text);
    }

    #[test]
    fn any_words_are_survived(words in prop::collection::vec(prop::sample::select(WORDS.to_vec()), 0..30)) {
        exercise(&words.join(" "));
    }

    #[test]
    fn well_formed_expressions_do_the_same_every_time(text in expression()) {
        exercise(&text);
    }
}

#[test]
fn nesting_is_bounded() {
    for (open, close) in [
        ("(", ")"),
        ("[", "]"),
        ("!", ""),
        ("-", ""),
        ("{1:", "}"),
        ("f(", ")"),
        ("x?1:", ""),
        ("[1].map(i,", ")"),
    ] {
        for count in [10, 100, 200, 249, 250, 251, 5_000, 20_000] {
            exercise(&format!("{}1{}", open.repeat(count), close.repeat(count)));
            exercise(&open.repeat(count));
        }
    }
    for part in [".a", "[0]", "+1", "&&true", "==1", ".f()", "*x", "||d"] {
        for count in [10, 249, 260, 10_000] {
            exercise(&format!("d{}", part.repeat(count)));
        }
    }
}

#[test]
fn costs_and_cancellation_stop_loops() {
    let env = env();
    let run = |text: &str, limits: &Limits<'_>| {
        let program = Program::new(&env.compile(text).unwrap()).unwrap();
        let outcome = program.evaluate(&Activation::new(&env), limits);
        (outcome.value.map(|v| v.to_string()).map_err(|e| e.cause().clone()), outcome.cost)
    };
    let nested =
        "lists.range(1000).all(a, lists.range(1000).all(b, lists.range(1000).all(c, a + b + c >= 0)))";
    let (value, cost) = run(nested, &Limits { cost: Some(100_000), cancel: None });
    assert_eq!(value, Err(Cause::CostLimit));
    assert!((100_000..103_000).contains(&cost), "{cost}");
    let stop = std::sync::atomic::AtomicBool::new(true);
    assert_eq!(run(nested, &Limits { cost: None, cancel: Some(&stop) }).0, Err(Cause::Cancelled));
    // Neither is absorbed by an operator that another failure would not matter to.
    let absorbed = format!("({nested}) || true");
    assert_eq!(run(&absorbed, &Limits { cost: Some(50), cancel: None }).0, Err(Cause::CostLimit));
}
