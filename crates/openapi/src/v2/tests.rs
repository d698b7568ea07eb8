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

/// The fields of a protobuf message: number, and bytes or number.
fn fields(mut bytes: &[u8]) -> Vec<(u64, Vec<u8>)> {
    fn varint(bytes: &mut &[u8]) -> u64 {
        let mut n = 0;
        for shift in (0..).step_by(7) {
            let byte = bytes[0];
            *bytes = &bytes[1..];
            n |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                break;
            }
        }
        n
    }
    let mut out = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes);
        let content = match tag & 7 {
            0 => varint(&mut bytes).to_le_bytes().to_vec(),
            1 => bytes.split_off(..8).unwrap().to_vec(),
            2 => {
                let len = usize::try_from(varint(&mut bytes)).unwrap();
                bytes.split_off(..len).unwrap().to_vec()
            }
            other => panic!("wire type {other}"),
        };
        out.push((tag >> 3, content));
    }
    out
}

/// What lies at the end of a path of field numbers, the first of each.
fn at(bytes: &[u8], path: &[u64]) -> Vec<u8> {
    path.iter().fold(bytes.to_vec(), |bytes, number| {
        fields(&bytes)
            .into_iter()
            .find(|(n, _)| n == number)
            .unwrap_or_else(|| panic!("{number} of {path:?}"))
            .1
    })
}

/// The value of the entry `name` in a list of named values in field `number`.
fn entry(bytes: &[u8], number: u64, name: &str) -> Vec<u8> {
    let entries = fields(bytes).into_iter().filter(|(n, _)| *n == number);
    let mut values = entries.filter(|(_, e)| at(e, &[1]) == name.as_bytes()).map(|(_, e)| at(&e, &[2]));
    values.next().unwrap_or_else(|| panic!("no {name}"))
}

#[test]
fn protobuf_says_the_same() {
    let reader = RefCell::new(descriptions::Reader::new());
    let describe = |m: &str, f: &str| reader.borrow_mut().describe(m, f).map(str::to_owned);
    let bytes = protobuf(&Listing::of(schema::resources(), []), &describe);
    let json = document();
    assert_eq!(at(&bytes, &[1]), b"2.0");
    assert_eq!(at(&bytes, &[2, 1]), b"Kubernetes");
    let definitions = at(&bytes, &[9]);
    assert_eq!(fields(&definitions).len(), json.at(&["definitions"]).as_object().unwrap().len());
    let spec = entry(&definitions, 1, "io.k8s.api.apps.v1.DeploymentSpec");
    assert_eq!(at(&spec, &[22, 1]), b"object");
    let required: Vec<_> = fields(&spec).into_iter().filter(|(n, _)| *n == 19).map(|(_, v)| v).collect();
    assert_eq!(required, [b"selector".to_vec(), b"template".to_vec()]);
    let strategy = entry(&at(&spec, &[25]), 1, "strategy");
    assert_eq!(at(&strategy, &[1]), b"#/definitions/io.k8s.api.apps.v1.DeploymentStrategy");
    assert_eq!(at(&entry(&strategy, 31, "x-kubernetes-patch-strategy"), &[2]), b"\"retainKeys\"");
    let paths = at(&bytes, &[8]);
    let patch = at(&entry(&paths, 2, "/apis/apps/v1/namespaces/{namespace}/deployments/{name}"), &[8]);
    assert_eq!(at(&patch, &[5]), b"patchAppsV1NamespacedDeployment");
    assert_eq!(at(&patch, &[8, 2, 1]), b"#/parameters/body-78PwaGsr");
    assert_eq!(fields(&at(&bytes, &[10])).len(), json.at(&["parameters"]).as_object().unwrap().len());
    let shared = entry(&at(&bytes, &[10]), 1, "body-78PwaGsr");
    assert_eq!(at(&shared, &[1, 5, 1]), b"#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.Patch");
}
