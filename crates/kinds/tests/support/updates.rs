//! Changes of pods and workloads, each with what the reference server says of it: `tests/data/updates.json`.
//!
//! A case changes an object made of its `base` (and of the patches in `before`) by a JSON patch, RFC 6902.  It names the
//! failures (an ellipsis stands for the rest of a long one), or the generation that a good change leads to, and the
//! warnings.

use api::Value;

use super::pipeline;

#[test]
fn changes_are_judged_as_recorded() {
    let file = codec::json::parse(include_bytes!("../data/updates.json")).expect("the cases are JSON").value;
    let only = std::env::var("SUMUN_ORACLE_ONLY").unwrap_or_default();
    let cases =
        file.array_at(&["cases"]).iter().filter(|case| only.is_empty() || only == case.str_at(&["name"]));
    let wrong: Vec<String> = cases.filter_map(|case| wrong(file.at(&["bases"]), case)).collect();
    assert!(wrong.is_empty(), "{} changes are judged otherwise\n{}", wrong.len(), wrong.join("\n"));
}

/// What is wrong with the verdict on a case, if anything.
fn wrong(bases: &Value, case: &Value) -> Option<String> {
    let name =
        format!("{} {} {}", case.str_at(&["base"]), case.str_at(&["subresource"]), case.str_at(&["name"]));
    let mut object = pipeline::stored(bases.at(&[case.str_at(&["base"])]));
    for step in case.array_at(&["before"]) {
        match pipeline::change(
            &object,
            patched(&object, step.array_at(&["patch"])),
            step.str_at(&["subresource"]),
        ) {
            Ok((changed, _)) => object = changed,
            Err(failures) => return Some(format!("{name}: cannot be set up: {failures:?}")),
        }
    }
    let new = patched(&object, case.array_at(&["patch"]));
    let texts = |key: &str| {
        case.array_at(&[key]).iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>()
    };
    let (want, want_warnings) = (texts("errors"), texts("warnings"));
    match pipeline::change(&object, new, case.str_at(&["subresource"])) {
        Err(got) if same(&want, &got) => None,
        Err(got) => Some(format!("{name}:\n  want {want:#?}\n  got  {got:#?}")),
        Ok(_) if !want.is_empty() => Some(format!("{name}: want {want:#?}, got none")),
        Ok((changed, warnings)) => {
            let generation = changed.at(&["metadata", "generation"]).as_i64().unwrap_or(0);
            let right = Some(generation) == case.at(&["generation"]).as_i64() && warnings == want_warnings;
            (!right).then(|| format!("{name}: generation {generation}, warnings {warnings:?}"))
        }
    }
}

fn same(want: &[String], got: &[String]) -> bool {
    let alike = |(want, got): (&String, &String)| match want.strip_suffix('…') {
        Some(start) => without_times(got).starts_with(start),
        None => without_times(got) == *want,
    };
    want.len() == got.len() && want.iter().zip(got).all(alike)
}

/// The transcripts hold placeholders for uids and times.
fn without_times(text: &str) -> String {
    let mut text = text.replace(pipeline::UID, "<uid>");
    let is_time = |part: &str| part.len() == 20 && part.ends_with('Z') && part.get(10..11) == Some("T");
    while let Some(at) = (0..text.len()).find(|at| text.get(*at..at + 20).is_some_and(is_time)) {
        text.replace_range(at..at + 20, "<time>");
    }
    text
}

/// The object after the operations `add`, `replace` and `remove`.
fn patched(object: &Value, operations: &[Value]) -> Value {
    let mut object = object.clone();
    for operation in operations {
        let pointer = operation.str_at(&["path"]);
        let parts: Vec<String> =
            pointer.split('/').skip(1).map(|part| part.replace("~1", "/").replace("~0", "~")).collect();
        let (last, parents) = parts.split_last().expect("a pointer to a member");
        let holder = parents.iter().fold(&mut object, |value, part| match part.parse::<usize>() {
            Ok(i) if value.as_array().is_some() => {
                value.as_array_mut().and_then(|list| list.get_mut(i)).expect("an item")
            }
            _ => value.make_object().entry(part.as_str()),
        });
        apply(holder, last, operation.str_at(&["op"]), operation.at(&["value"]).clone());
    }
    object
}

fn apply(holder: &mut Value, key: &str, operation: &str, value: Value) {
    match (holder.as_array_mut(), operation) {
        (Some(list), "add") => list.insert(key.parse().unwrap_or(list.len()), value),
        (Some(list), "remove") => drop(list.remove(key.parse().expect("an index"))),
        (Some(list), _) => *list.get_mut(key.parse::<usize>().expect("an index")).expect("an item") = value,
        (None, "remove") => drop(holder.remove_at(&[key])),
        (None, _) => drop(holder.make_object().insert(key, value)),
    }
}
