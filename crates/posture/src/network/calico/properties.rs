//! The language of selectors.

use proptest::prelude::*;

use super::expression::{Expression, Label, Test};

/// Whether an expression holds for labels such as `a=x b=`; `None` when it cannot be read.
fn holds(text: &str, labels: &str) -> Option<bool> {
    let of = |key: &str| {
        labels.split_whitespace().filter_map(|pair| pair.split_once('=')).find(|(k, _)| *k == key)
    };
    Expression::parse(text)?.judge(&|key| of(key).map(|(_, value)| value).into())
}

#[test]
fn expressions() {
    for (text, yes, no) in [
        ("a == 'x'", "a=x", "a=y"),
        ("a==\"x\"", "a=x b=y", ""),
        ("a != 'x'", "", "a=x"),
        ("a in {'x', \"y\",}", "a=y", "a=z"),
        ("a in{'x'}", "a=x", ""),
        ("a not in {'x'}", "", "a=x"),
        ("a notin {'x'}", "a=y", "a=x"),
        ("!a in {}", "a=y", "!"),
        ("has(a)", "a=", "b=x"),
        ("has( a.b/c-d_e )", "a.b/c-d_e=1", ""),
        ("a contains 'bc'", "a=abcd", "a=acbd"),
        ("a starts with 'b'", "a=bc", "a=cb"),
        ("a ends  with\t'b'", "a=cb", "a=bc"),
        ("a startswith 'b'", "a=bc", ""),
        ("in in {'x'}", "in=x", ""),
        ("all == 'x'", "all=x", ""),
        ("all()", "", "!"),
        (" global()", "a=x", "!"),
        ("", "", "!"),
        ("  ", "a=x", "!"),
        ("!!has(a)", "a=1", ""),
        ("! ( a == 'x' || b == 'y' )", "a=y", "b=y"),
        ("a == 'x' || b == 'y' && c == 'z'", "a=x", "b=y"),
        ("(a == 'x' || b == 'y') && c == 'z'", "a=x c=z", "a=x"),
        ("!a == 'x' && b == 'y'", "b=y", "a=x b=y"),
    ] {
        assert_eq!(holds(text, yes), Some(true), "{text} {yes}");
        if no != "!" {
            assert_eq!(holds(text, no), Some(false), "{text} {no}");
        }
    }
}

#[test]
fn what_is_no_expression() {
    for text in [
        "a",
        "a =",
        "a = 'x'",
        "a == x",
        "a == 'x",
        "a == 'x' b",
        "a == 'x' &&",
        "|| a == 'x'",
        "(a == 'x'",
        "a == 'x')",
        "a in 'x'",
        "a in {'x' 'y'}",
        "a in {x}",
        "a in {'x'",
        "has(a",
        "has()",
        "all(",
        "all() all()",
        "!",
        "()",
        "a & b",
        "a is 'x'",
        "a startswithy 'x'",
        "a inx {'x'}",
        "\u{fc} == 'x'",
        "'a' == 'x'",
        "a\n== 'x'",
        "has(a) has(b)",
    ] {
        assert_eq!(Expression::parse(text), None, "{text}");
    }
    let deep = |n: usize| format!("{}all(){}", "(".repeat(n), ")".repeat(n));
    assert!(Expression::parse(&deep(50)).is_some());
    assert!(Expression::parse(&deep(100_000)).is_none());
    assert!(Expression::parse(&"!".repeat(100_001)).is_none());
    assert!(Expression::parse(&format!("{}has(a)", "!".repeat(100_001))).is_some());
}

#[test]
fn labels_that_are_not_known_leave_it_open() {
    let judge = |text: &str| {
        Expression::parse(text).unwrap().judge(&|key: &str| match key {
            "known" => Label::Is("x"),
            "gone" => Label::Absent,
            _ => Label::Unknown,
        })
    };
    assert_eq!(judge("has(known) || has(other)"), Some(true));
    assert_eq!(judge("has(gone) && has(other)"), Some(false));
    assert_eq!(judge("!has(other)"), None);
    assert_eq!(judge("has(known) && !(other == 'x')"), None);
}

fn expression() -> impl Strategy<Value = Expression> {
    let key = "[a-c]";
    let values = || prop::collection::vec("[x-z]{0,2}", 0..3);
    let test = prop_oneof![
        Just(Test::Has),
        values().prop_map(Test::In),
        values().prop_map(Test::NotIn),
        "[x-z]{0,2}".prop_map(Test::Contains),
        "[x-z]{0,2}".prop_map(Test::StartsWith),
        "[x-z]{0,2}".prop_map(Test::EndsWith),
    ];
    let leaf = prop_oneof![
        1 => Just(Expression::All),
        8 => (key, test).prop_map(|(key, test)| Expression::Label(key, test)),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        let several = || prop::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            inner.clone().prop_map(|one| Expression::Not(Box::new(one))),
            several().prop_map(Expression::And),
            several().prop_map(Expression::Or),
        ]
    })
}

/// The text of an expression, with everything in parentheses that can be.
fn written(expression: &Expression) -> String {
    let set = |values: &[String]| {
        let values: Vec<_> = values.iter().map(|value| format!("\"{value}\"")).collect();
        format!("{{{}}}", values.join(", "))
    };
    let all = |all: &[Expression], sign: &str| {
        let all: Vec<_> = all.iter().map(|one| format!("({})", written(one))).collect();
        all.join(sign)
    };
    match expression {
        Expression::All => "all()".to_owned(),
        Expression::Global => "global()".to_owned(),
        Expression::Not(one) => format!("!({})", written(one)),
        Expression::And(list) => all(list, " && "),
        Expression::Or(list) => all(list, "||"),
        Expression::Label(key, test) => match test {
            Test::Has => format!("has({key})"),
            Test::In(values) => format!("{key} in {}", set(values)),
            Test::NotIn(values) => format!("{key} not in {}", set(values)),
            Test::Contains(part) => format!("{key} contains '{part}'"),
            Test::StartsWith(part) => format!("{key} starts with '{part}'"),
            Test::EndsWith(part) => format!("{key} ends with '{part}'"),
        },
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(wanted in expression(), values in prop::collection::vec(prop::option::of("[x-z]{0,3}"), 3)) {
        let text = written(&wanted);
        let read = Expression::parse(&text);
        prop_assert_eq!(read.as_ref(), Some(&wanted), "{}", &text);
        let label = |key: &str| {
            let at = ["a", "b", "c"].iter().position(|k| *k == key).unwrap();
            Label::from(values[at].as_deref())
        };
        prop_assert!(wanted.judge(&label).is_some());
        prop_assert_eq!(Expression::Not(Box::new(wanted.clone())).judge(&label), wanted.judge(&label).map(|b| !b));
    }

    #[test]
    fn anything_is_read_or_not(text in "[a-c(){}!=&|,'\" x]{0,40}") {
        let _ = Expression::parse(&text);
    }

    #[test]
    fn any_text_is_read_or_not(text in ".{0,60}") {
        let _ = Expression::parse(&text);
    }
}
