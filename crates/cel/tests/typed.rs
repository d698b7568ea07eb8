//! Programs that were checked raise no type errors and cost no more than was estimated.

#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::sync::LazyLock;

use cel::estimate::{Range, SizeHints};
use cel::{Activation, Env, Limits, Program, Type, Value};
use proptest::prelude::*;

/// The most items and characters of variables.
const MOST: usize = 6;

fn list(of: Type) -> Type {
    Type::list(of)
}

fn env() -> &'static Env {
    static ENV: LazyLock<Env> = LazyLock::new(|| {
        Env::kubernetes()
            .variable("i", Type::Int)
            .variable("b", Type::Bool)
            .variable("d", Type::Double)
            .variable("s", Type::String)
            .variable("li", list(Type::Int))
            .variable("ls", list(Type::String))
            .variable("m", Type::map(Type::String, Type::Int))
    });
    &ENV
}

/// Knows how large the variables get.
struct Bounded;

impl SizeHints for Bounded {
    fn size(&self, path: &[std::sync::Arc<str>], _: &Type) -> Option<Range> {
        let known = path.first().is_some_and(|name| matches!(&**name, "s" | "li" | "ls" | "m"));
        known.then_some(Range { min: 0, max: MOST as u64 })
    }
}

/// A type that expressions are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    Int,
    Bool,
    Double,
    Text,
    Ints,
    Texts,
}

const ALL: [Of; 6] = [Of::Int, Of::Bool, Of::Double, Of::Text, Of::Ints, Of::Texts];

/// Ways to make a value of a type: a template with an argument of some type for each `$`; `@` is the loop's depth.  The
/// first way of a type takes no arguments.
///
/// Estimates and costs are upstream's, so those are missing whose cost upstream itself underestimates: `join`, which is
/// charged twice what is estimated; `startsWith`, which is estimated by the prefix and charged by the text; an index of a
/// list that is no variable, which costs one more.
const WAYS: &[(Of, &str, &[Of])] = &[
    (Of::Int, "i", &[]),
    (Of::Int, "3", &[]),
    (Of::Int, "-1", &[]),
    (Of::Int, "($ + $)", &[Of::Int, Of::Int]),
    (Of::Int, "($ * $)", &[Of::Int, Of::Int]),
    (Of::Int, "($ / $)", &[Of::Int, Of::Int]),
    (Of::Int, "($ % $)", &[Of::Int, Of::Int]),
    (Of::Int, "size($)", &[Of::Text]),
    (Of::Int, "$.size()", &[Of::Ints]),
    (Of::Int, "li[$]", &[Of::Int]),
    (Of::Int, "$.sum()", &[Of::Ints]),
    (Of::Int, "$.max()", &[Of::Ints]),
    (Of::Int, "m[$]", &[Of::Text]),
    (Of::Int, "($ ? $ : $)", &[Of::Bool, Of::Int, Of::Int]),
    (Of::Int, "int($)", &[Of::Double]),
    (Of::Int, "int($)", &[Of::Text]),
    (Of::Int, "$.indexOf($)", &[Of::Text, Of::Text]),
    (Of::Bool, "b", &[]),
    (Of::Bool, "!$", &[Of::Bool]),
    (Of::Bool, "($ && $)", &[Of::Bool, Of::Bool]),
    (Of::Bool, "($ || $)", &[Of::Bool, Of::Bool]),
    (Of::Bool, "($ < $)", &[Of::Int, Of::Int]),
    (Of::Bool, "($ == $)", &[Of::Ints, Of::Ints]),
    (Of::Bool, "($ >= $)", &[Of::Text, Of::Text]),
    (Of::Bool, "($ in $)", &[Of::Int, Of::Ints]),
    (Of::Bool, "($ in m)", &[Of::Text]),
    (Of::Bool, "$.all(x@, x@ > $)", &[Of::Ints, Of::Int]),
    (Of::Bool, "$.exists(x@, x@ == $)", &[Of::Texts, Of::Text]),
    (Of::Bool, "$.exists_one(x@, x@.contains($))", &[Of::Texts, Of::Text]),
    (Of::Bool, "$.contains($)", &[Of::Text, Of::Text]),
    (Of::Bool, "$.matches('a+b?')", &[Of::Text]),
    (Of::Bool, "m.all(k@, m[k@] < $)", &[Of::Int]),
    (Of::Bool, "sets.contains($, $)", &[Of::Ints, Of::Ints]),
    (Of::Bool, "$.isSorted()", &[Of::Texts]),
    (Of::Double, "d", &[]),
    (Of::Double, "($ + $)", &[Of::Double, Of::Double]),
    (Of::Double, "($ / $)", &[Of::Double, Of::Double]),
    (Of::Double, "double($)", &[Of::Int]),
    (Of::Text, "s", &[]),
    (Of::Text, "'ab'", &[]),
    (Of::Text, "($ + $)", &[Of::Text, Of::Text]),
    (Of::Text, "string($)", &[Of::Int]),
    (Of::Text, "ls[$]", &[Of::Int]),
    (Of::Text, "$.lowerAscii()", &[Of::Text]),
    (Of::Text, "$.replace($, $)", &[Of::Text, Of::Text, Of::Text]),
    (Of::Text, "$.substring($)", &[Of::Text, Of::Int]),
    (Of::Text, "($ ? $ : $)", &[Of::Bool, Of::Text, Of::Text]),
    (Of::Ints, "li", &[]),
    (Of::Ints, "$.map(x@, x@ + $)", &[Of::Ints, Of::Int]),
    (Of::Ints, "[$, $]", &[Of::Int, Of::Int]),
    (Of::Ints, "($ + $)", &[Of::Ints, Of::Ints]),
    (Of::Ints, "$.map(x@, x@.size())", &[Of::Texts]),
    (Of::Ints, "$.filter(x@, x@ > $)", &[Of::Ints, Of::Int]),
    (Of::Ints, "$.map(x@, x@ > $, x@ * 2)", &[Of::Ints, Of::Int]),
    (Of::Ints, "$.sort()", &[Of::Ints]),
    (Of::Ints, "$.distinct()", &[Of::Ints]),
    (Of::Ints, "$.reverse()", &[Of::Ints]),
    (Of::Texts, "ls", &[]),
    (Of::Texts, "[$]", &[Of::Text]),
    (Of::Texts, "$.split('')", &[Of::Text]),
    (Of::Texts, "($ + $)", &[Of::Texts, Of::Texts]),
    (Of::Texts, "$.map(x@, string(x@) + $)", &[Of::Ints, Of::Text]),
    (Of::Texts, "$.findAll('[a-c]')", &[Of::Text]),
];

/// Makes an expression from choices; when they run out it ends.
fn make(of: Of, choices: &mut dyn Iterator<Item = usize>, depth: usize) -> String {
    let ways: Vec<_> = WAYS.iter().filter(|(made, ..)| *made == of).collect();
    let chosen = choices.next().filter(|_| depth < 5).map_or(0, |choice| choice % ways.len());
    let (_, template, args) = ways[chosen];
    let mut parts = template.split('$');
    let mut out = parts.next().unwrap_or("").replace('@', &depth.to_string());
    for (part, arg) in parts.zip(*args) {
        out.push_str(&make(*arg, choices, depth + 1));
        out.push_str(&part.replace('@', &depth.to_string()));
    }
    out
}

fn expression() -> impl Strategy<Value = String> {
    (0..ALL.len(), prop::collection::vec(0..1000usize, 1..24))
        .prop_map(|(of, choices)| make(ALL[of], &mut choices.into_iter(), 0))
}

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(vec!['a', 'b', 'c', '1', 'é', ' ']), 0..=MOST)
        .prop_map(|chars| chars.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, ..ProptestConfig::default() })]

    #[test]
    fn checked_programs_keep_their_promises(
        text in expression(),
        i in -3i64..5, b: bool, d in -2.0f64..3.0, s in text(),
        li in prop::collection::vec(-2i64..4, 0..=MOST),
        ls in prop::collection::vec(text(), 0..=MOST),
        m in prop::collection::vec((text(), 0i64..4), 0..=MOST),
    ) {
        let checked = env().compile(&text);
        prop_assert!(checked.is_ok(), "{}: {}", text, checked.err().map(|e| e.to_string()).unwrap_or_default());
        let checked = checked.unwrap();
        let Ok(program) = Program::new(&checked) else { return Ok(()) };
        let (li, ls) = (api::Value::from(li), api::Value::from(ls));
        let m: api::Value = m.into_iter().map(|(k, v)| (k, api::Value::from(v))).collect::<api::Map>().into();
        let vars = Activation::new(env())
            .set("i", Value::Int(i))
            .set("b", Value::Bool(b))
            .set("d", Value::Double(d))
            .set("s", Value::Str(&s))
            .set("li", Value::json(&li))
            .set("ls", Value::json(&ls))
            .set("m", Value::json(&m));
        let outcome = program.evaluate(&vars, &Limits::default());
        match &outcome.value {
            Ok(value) => {
                let (found, wanted) = (value.type_of(), checked.output_type());
                prop_assert_eq!(found.runtime_name(), wanted.runtime_name(), "{}", text);
            }
            Err(error) => {
                let error = error.to_string();
                prop_assert!(!error.contains("no such overload"), "{}: {}", text, error);
            }
        }
        let estimate = checked.estimate(&Bounded);
        prop_assert!(outcome.cost <= estimate.max, "{}: {} of {:?}", text, outcome.cost, estimate);
        let again = program.evaluate(&vars, &Limits::default());
        prop_assert_eq!(outcome.cost, again.cost);
        prop_assert_eq!(format!("{:?}", outcome.value), format!("{:?}", again.value));
    }
}
