//! Credentials in plain text: environment, arguments, ConfigMaps.  Their values are never shown.

use api::Value;

use crate::finding::Status;
use crate::scan::Scan;
use crate::secrets::{Looks, known_format, looks_like};
use crate::words::{Words, words};
use crate::workload::Container;

const ID: &str = "POD-031";

const FOUND: Words = words(
    "{} looks like a credential ({}, {} characters, not shown)",
    "{}가 자격 증명으로 보임 ({}, {}자, 값은 표시하지 않음)",
);

pub(super) fn ids() -> Vec<&'static str> {
    vec![ID]
}

pub(super) fn run(scan: &mut Scan<'_>) {
    for workload in scan.workloads.0.clone() {
        scan.examine(ID);
        for container in workload.containers() {
            for (field, name, looks, length) in in_container(&container) {
                let reason = FOUND.with([name.as_str(), looks.0, &length.to_string()]);
                scan.find(ID, Status::Fail, workload.object, workload.field(&field), reason);
            }
        }
    }
    for object in scan.input.objects.of_kind("", "ConfigMap") {
        scan.examine(ID);
        for (key, value) in object.value.at(&["data"]).as_object().into_iter().flat_map(api::Map::iter) {
            let value = value.as_str().unwrap_or("");
            if let Some((name, looks, length)) = in_text(key, value) {
                let reason = FOUND.with([name.as_str(), looks.0, &length.to_string()]);
                scan.find(ID, Status::Fail, object, format!("data[{key}]"), reason);
            }
        }
    }
}

/// Where, under what name, what it looks like, how long it is.
type Hit = (String, String, Looks, usize);

fn in_container(container: &Container<'_>) -> Vec<Hit> {
    let mut found = Vec::new();
    for (i, variable) in container.value.array_at(&["env"]).iter().enumerate() {
        let (name, value) = (variable.str_at(&["name"]), variable.str_at(&["value"]));
        if let Some(looks) = looks_like(name, value) {
            found.push((container.field(&format!("env[{i}].value")), name.to_owned(), looks, value.len()));
        }
    }
    for list in ["command", "args"] {
        let words: Vec<_> = container.value.array_at(&[list]).iter().filter_map(Value::as_str).collect();
        for (i, word) in words.iter().enumerate() {
            // `--password=x` and `--password x`.
            let (name, value) = match word.split_once('=') {
                Some(pair) => pair,
                None if word.starts_with('-') => {
                    (*word, words.get(i + 1).copied().filter(|next| !next.starts_with('-')).unwrap_or(""))
                }
                None => ("", *word),
            };
            let looks = if name.starts_with('-') { looks_like(name, value) } else { known_format(word) };
            if let Some(looks) = looks {
                let name = if name.is_empty() { list } else { name };
                found.push((container.field(&format!("{list}[{i}]")), name.to_owned(), looks, value.len()));
            }
        }
    }
    found
}

/// A whole value, or the first such line `name: value` or `name=value` of a file: its name, what it looks like, how
/// long it is.
fn in_text(key: &str, text: &str) -> Option<(String, Looks, usize)> {
    if !text.contains('\n') {
        return Some((key.to_owned(), looks_like(key, text)?, text.len()));
    }
    if let Some(looks) = known_format(text) {
        return Some((key.to_owned(), looks, text.len()));
    }
    text.lines().enumerate().find_map(|(i, line)| {
        let (name, value) = line.split_once(['=', ':'])?;
        let value = value.trim().trim_matches(['"', '\'', ',']);
        let word = name.trim().trim_matches(['"', '\'']);
        let looks = match word.contains(char::is_whitespace) || opens(value) {
            true => known_format(value),
            false => looks_like(word, value),
        }?;
        Some((format!("{key}:{}: {word}", i + 1), looks, value.len()))
    })
}

/// Where a list, a mapping or a text begins, or an empty one stands.
fn opens(value: &str) -> bool {
    matches!(value, "[]" | "{}" | "[" | "{") || value.starts_with(['|', '>']) && value.len() <= 3
}
