//! The conformance data of the CEL project (google/cel-spec, `tests/simple/testdata`), read from the folder that
//! `CEL_SPEC_TESTDATA` names or from `../shared/cel-spec/tests/simple/testdata`; without it the test says so and ends.
//!
//! Cases that do not apply are in `excused.txt`, each with its reason.

mod textproto;

use std::collections::BTreeMap;
use std::path::PathBuf;

use cel::{Activation, Env, Limits, Program, Type, Value};
use textproto::{Field, Message};

fn folder() -> Option<PathBuf> {
    let shared = || {
        let shared = std::env::var_os("SUMUN_SHARED").map(PathBuf::from);
        shared.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"))
    };
    let named = std::env::var_os("CEL_SPEC_TESTDATA").map(PathBuf::from);
    Some(named.unwrap_or_else(|| shared().join("cel-spec/tests/simple/testdata"))).filter(|p| p.is_dir())
}

/// Which cases do not apply, and why.
fn excused() -> Vec<(String, String)> {
    let lines = include_str!("excused.txt").lines().filter(|l| !l.is_empty() && !l.starts_with('#'));
    lines.filter_map(|l| l.split_once("  ")).map(|(a, b)| (a.to_owned(), b.trim().to_owned())).collect()
}

/// Whether an excuse is meant for a case: `~word` for those that mention a word, `unchecked` for those that are not to
/// be type-checked.
fn matches(pattern: &str, name: &str, test: &Message) -> bool {
    if let Some(word) = pattern.strip_prefix('~') {
        return test.mentions(word);
    }
    if pattern == "unchecked" {
        return test.is_true("disable_check");
    }
    let (mut parts, mut names) = (pattern.split('/'), name.splitn(3, '/'));
    names.all(|n| {
        parts
            .next()
            .is_none_or(|p| p == n || p == "*" || p.strip_suffix('*').is_some_and(|h| n.starts_with(h)))
    })
}

fn ty(m: &Message) -> Option<Type> {
    let (name, field) = m.fields().next()?;
    let inner = if let Field::Message(m) = field { Some(m) } else { None };
    Some(match (name, field.text().as_str()) {
        ("primitive", "BOOL") => Type::Bool,
        ("primitive", "INT64") => Type::Int,
        ("primitive", "UINT64") => Type::Uint,
        ("primitive", "DOUBLE") => Type::Double,
        ("primitive", "STRING") => Type::String,
        ("primitive", "BYTES") => Type::Bytes,
        ("well_known", "TIMESTAMP") => Type::Timestamp,
        ("well_known", "DURATION") => Type::Duration,
        ("dyn", _) => Type::Dyn,
        ("null", _) => Type::Null,
        ("type", _) => Type::Type(inner.and_then(ty).map(Into::into)),
        ("list_type", _) => Type::list(ty(inner?.message("elem_type")?)?),
        ("map_type", _) => Type::map(ty(inner?.message("key_type")?)?, ty(inner?.message("value_type")?)?),
        ("abstract_type", _) => {
            let params: Option<Vec<Type>> = inner?.messages("parameter_types").map(ty).collect();
            Type::Opaque(inner?.text("name")?.as_str().into(), params?.into())
        }
        _ => return None,
    })
}

fn value(m: &Message) -> Option<Value<'static>> {
    let (name, field) = m.fields().next()?;
    let inner = if let Field::Message(m) = field { Some(m) } else { None };
    let text = field.text();
    Some(match name {
        "null_value" => Value::Null,
        "bool_value" => Value::Bool(text == "true"),
        "int64_value" => Value::Int(text.parse().ok()?),
        "uint64_value" => Value::Uint(text.parse().ok()?),
        "double_value" => {
            let number = text.strip_suffix('f').filter(|t| t.ends_with(|c: char| c.is_ascii_digit()));
            Value::Double(number.unwrap_or(&text).parse().ok()?)
        }
        "string_value" => Value::text(&text),
        "bytes_value" => Value::Bytes(field.bytes().into()),
        "type_value" => Value::Type(std::sync::Arc::new(named_type(&text))),
        "list_value" => Value::list(inner?.messages("values").map(value).collect::<Option<_>>()?),
        "map_value" => {
            let mut map = cel::value::MapValue::default();
            for entry in inner?.messages("entries") {
                map.insert(value(entry.message("key")?)?, value(entry.message("value")?)?);
            }
            Value::Map(map.into())
        }
        "object_value" => {
            let (name, field) = inner?.fields().next()?;
            let Field::Message(m) = field else { return None };
            let number = |n: &str| m.text(n).map_or(Some(0), |t| t.parse::<i64>().ok());
            match name {
                "[type.googleapis.com/google.protobuf.Duration]" => {
                    Value::Duration(number("seconds")? * 1_000_000_000 + number("nanos")?)
                }
                "[type.googleapis.com/google.protobuf.Timestamp]" => Value::Timestamp(
                    api::time::Timestamp::new(number("seconds")?, u32::try_from(number("nanos")?).ok()?),
                ),
                _ => return None,
            }
        }
        _ => return None,
    })
}

fn named_type(name: &str) -> Type {
    match name {
        "bool" => Type::Bool,
        "int" => Type::Int,
        "uint" => Type::Uint,
        "double" => Type::Double,
        "string" => Type::String,
        "bytes" => Type::Bytes,
        "list" => Type::list(Type::Dyn),
        "map" => Type::map(Type::Dyn, Type::Dyn),
        "null_type" => Type::Null,
        "type" => Type::Type(None),
        "google.protobuf.Timestamp" => Type::Timestamp,
        "google.protobuf.Duration" => Type::Duration,
        other => Type::object(other),
    }
}

/// Equality for expectations: NaN is NaN, and types have to agree.
fn same(a: &Value<'_>, b: &Value<'_>) -> bool {
    match (a, b) {
        (Value::Double(a), Value::Double(b)) if a.is_nan() => b.is_nan(),
        (Value::Double(_), Value::Double(_)) => a.equals(b),
        _ => a.type_of() == b.type_of() && a.equals(b),
    }
}

fn run(test: &Message) -> Result<(), String> {
    let mut env = Env::standard().container(&test.text("container").unwrap_or_default());
    for decl in test.messages("type_env") {
        let name = decl.text("name").unwrap_or_default();
        let declared = decl.message("ident").and_then(|i| i.message("type")).and_then(ty);
        env = env.variable(&name, declared.ok_or_else(|| format!("cannot declare {name}"))?);
    }
    let expression = test.text("expr").unwrap_or_default();
    let fails = test.message("eval_error").is_some();
    // Without a check the declared variables are of any type.
    let unchecked = test.is_true("disable_check");
    if unchecked {
        for binding in test.messages("bindings") {
            env = env.variable(&binding.text("key").unwrap_or_default(), Type::Dyn);
        }
    }
    let checked = match env.compile(&expression) {
        Ok(checked) => checked,
        Err(_) if fails => return Ok(()),
        Err(issues) => return Err(issues.to_string()),
    };
    let typed = test.message("typed_result");
    if let Some(wanted) = typed.and_then(|t| t.message("deduced_type")) {
        let wanted = ty(wanted).ok_or("a type that is none of ours")?;
        if wanted.to_string() != checked.output_type().to_string() {
            return Err(format!("deduced {} instead of {wanted}", checked.output_type()));
        }
    }
    if test.is_true("check_only") {
        return Ok(());
    }
    let program = match Program::new(&checked) {
        Ok(program) => program,
        Err(_) if fails => return Ok(()),
        Err(e) => return Err(format!("program: {e}")),
    };
    let mut vars = Activation::new(&env);
    for binding in test.messages("bindings") {
        let bound = binding.message("value").and_then(|v| v.message("value")).and_then(value);
        let bound = bound.ok_or("a binding that is none of ours")?;
        vars = vars.set(&binding.text("key").unwrap_or_default(), bound);
    }
    let outcome = program.evaluate(&vars, &Limits::default()).value;
    let wanted = typed.and_then(|t| t.message("result")).or(test.message("value"));
    match (outcome, wanted) {
        (Err(_), _) if fails => Ok(()),
        (Ok(got), _) if fails => Err(format!("{got} instead of a failure")),
        (Err(e), _) => Err(format!("failed: {e}")),
        (Ok(got), None) => {
            if got.as_bool() == Some(true) {
                Ok(())
            } else {
                Err(format!("{got} instead of true"))
            }
        }
        (Ok(got), Some(wanted)) => {
            let wanted = value(wanted).ok_or("a value that is none of ours")?;
            if same(&got, &wanted) { Ok(()) } else { Err(format!("{got} instead of {wanted}")) }
        }
    }
}

#[test]
fn conformance() {
    let Some(folder) = folder() else {
        return println!("skipped: no conformance data, see CEL_SPEC_TESTDATA");
    };
    let excused = excused();
    let mut used = vec![0; excused.len()];
    let (mut passed, mut wrong, mut files) = (0, Vec::new(), BTreeMap::new());
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "textproto") {
            files.insert(
                path.file_stem().unwrap().to_string_lossy().into_owned(),
                std::fs::read_to_string(&path).unwrap(),
            );
        }
    }
    for (file, text) in &files {
        for section in Message::parse(text).messages("section") {
            for test in section.messages("test") {
                let name = |m: &Message| m.text("name").unwrap_or_default();
                let id = format!("{file}/{}/{}", name(section), name(test));
                match (run(test), excused.iter().position(|(pattern, _)| matches(pattern, &id, test))) {
                    (Ok(()), _) => passed += 1,
                    (Err(_), Some(excuse)) => used[excuse] += 1,
                    (Err(why), None) => {
                        wrong.push(format!("{id}: {}\n    {why}", test.text("expr").unwrap_or_default()));
                    }
                }
            }
        }
    }
    println!("{passed} passed, {} excused, {} failed", used.iter().sum::<usize>(), wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let idle: Vec<_> = excused.iter().zip(&used).filter(|(_, n)| **n == 0).map(|((p, _), _)| p).collect();
    assert!(idle.is_empty(), "excused for nothing: {idle:?}");
}
