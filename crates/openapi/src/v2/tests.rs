//! The document against that of the reference, which serves more groups than we do.

use std::cell::RefCell;

use super::*;
use crate::testing::{comparable, differences, parse, read, reference};

fn document() -> Value {
    let reader = RefCell::new(descriptions::Reader::new());
    let describe = |m: &str, f: &str| reader.borrow_mut().describe(m, f).map(str::to_owned);
    parse(&super::document(&Listing::of(schema::resources(), []), &describe))
}

/// Names of shared parameters end in a hash of their text, which is our own.
fn without_hashes(value: &Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(map.iter().map(|(k, v)| (k, without_hashes(v))).collect()),
        Value::Array(items) => items.iter().map(without_hashes).collect::<Vec<_>>().into(),
        Value::String(s) if s.starts_with("#/parameters/") => s[..s.len() - 9].into(),
        other => other.clone(),
    }
}

#[test]
fn definitions_and_paths_are_those_of_the_reference() {
    let Some(file) = reference("swagger.json") else { return };
    let (ours, theirs) = (comparable(&document(), true), comparable(&read(&file), false));
    let (ours, theirs) = (without_hashes(&ours), without_hashes(&theirs));
    let mut totals = Vec::new();
    for section in ["definitions", "paths"] {
        let theirs = theirs.at(&[section]).as_object().unwrap();
        let ours = ours.at(&[section]).as_object().unwrap();
        for (name, value) in ours.iter() {
            let found = differences(value, theirs.get(name).unwrap_or(&Value::Null));
            assert!(found.is_empty(), "{section} {name}: {}", found.join("\n"));
        }
        totals.push(ours.len());
    }
    assert_eq!(totals, [584, 408]);
    for member in ["swagger", "security", "securityDefinitions"] {
        assert_eq!(ours.at(&[member]), theirs.at(&[member]), "{member}");
    }
}

#[test]
fn shared_parameters_are_all_there() {
    let document = document();
    let shared = document.at(&["parameters"]);
    let text = json::to_string(&document);
    let mut used: Vec<&str> =
        text.split("#/parameters/").skip(1).map(|s| s.split('"').next().unwrap()).collect();
    used.sort_unstable();
    used.dedup();
    assert_eq!(used.len(), shared.as_object().unwrap().len());
    used.iter().for_each(|name| assert!(shared.get(name).is_some(), "{name}"));
    // Those without a text have upstream's names.
    assert!(shared.get("body-2Y1dVQaQ").is_some() && shared.get("body-78PwaGsr").is_some());
    assert!(text.contains(r#""name":"dryRun""#) && text.contains(r#""name":"fieldValidation""#));
}

#[test]
fn closed_sets_of_values_are_marked() {
    let document = document();
    let definitions = document.at(&["definitions"]).as_object().unwrap();
    let properties = definitions.values().filter_map(|d| d.get("properties")).filter_map(Value::as_object);
    let closed = |p: &&Value| p.get("enum").is_some() || !p.at(&["items", "enum"]).is_null();
    // As many as a server of the reference release marks.
    assert_eq!(properties.flat_map(Map::values).filter(closed).count(), 97);
}
