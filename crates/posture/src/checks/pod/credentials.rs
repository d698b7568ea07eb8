//! Credentials in plain text: environment, arguments, ConfigMaps.  Their values are never shown.

use std::borrow::Cow;

use api::Value;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::finding::Status;
use crate::scan::Scan;
use crate::secrets::{Looks, known_format, looks_like};
use crate::words::{Words, words};
use crate::workload::Container;

const ID: &str = "POD-031";

/// Where containers ask something of themselves.
const ASKING: [&[&str]; 5] = [
    &["livenessProbe"],
    &["readinessProbe"],
    &["startupProbe"],
    &["lifecycle", "postStart"],
    &["lifecycle", "preStop"],
];

const FOUND: Words = words(
    "{} looks like a credential ({}, {} characters, not shown)",
    "{}가 자격 증명으로 보임 ({}, {}자, 값은 표시하지 않음)",
);

pub(super) fn ids() -> Vec<&'static str> {
    vec![ID]
}

pub(super) fn run(scan: &mut Scan<'_>) {
    scan.lack_refused([ID]);
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
        for (member, key, text) in texts(&object.value) {
            if let Some((name, looks, length)) = in_text(key, &text) {
                let reason = FOUND.with([name.as_str(), looks.0, &length.to_string()]);
                scan.find(ID, Status::Fail, object, format!("{member}[{key}]"), reason);
            }
        }
    }
}

/// The texts of a ConfigMap: the member, the key, what it holds.
fn texts(value: &Value) -> impl Iterator<Item = (&'static str, &str, Cow<'_, str>)> {
    let members = |member: &'static str| {
        let map = value.at(&[member]).as_object().into_iter().flat_map(api::Map::iter);
        map.filter_map(move |(key, value)| Some((member, key, value.as_str()?)))
    };
    let decoded = members("binaryData").filter_map(|(member, key, text)| {
        let text = String::from_utf8(STANDARD.decode(text.trim()).ok()?).ok()?;
        Some((member, key, Cow::Owned(text)))
    });
    members("data").map(|(member, key, text)| (member, key, Cow::Borrowed(text))).chain(decoded)
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
    for (field, words) in commands(container) {
        let hits = in_words(&words);
        found.extend(hits.into_iter().map(|(i, name, looks, length)| {
            let name =
                if name.is_empty() { field.rsplit('.').next().unwrap_or(&field).to_owned() } else { name };
            (container.field(&format!("{field}[{i}]")), name, looks, length)
        }));
    }
    for (field, headers) in headers(container) {
        for (i, header) in headers.iter().enumerate() {
            let (name, value) = (header.str_at(&["name"]), header.str_at(&["value"]));
            if let Some(looks) = looks_like(name, value) {
                let field = container.field(&format!("{field}[{i}].value"));
                found.push((field, name.to_owned(), looks, value.len()));
            }
        }
    }
    found
}

/// Everything that is run, and the field that says so.
fn commands<'a>(container: &Container<'a>) -> Vec<(String, Vec<&'a str>)> {
    let value = container.value;
    let own = ["command", "args"].map(|list| (list.to_owned(), value.array_at(&[list])));
    let asked = ASKING.iter().map(|path| {
        let list = value.at(path).array_at(&["exec", "command"]);
        (format!("{}.exec.command", path.join(".")), list)
    });
    let all = own.into_iter().chain(asked).filter(|(_, list)| !list.is_empty());
    all.map(|(field, list)| (field, list.iter().filter_map(Value::as_str).collect())).collect()
}

/// Headers that are sent.
fn headers<'a>(container: &Container<'a>) -> impl Iterator<Item = (String, &'a [Value])> {
    let value = container.value;
    ASKING.iter().map(move |path| {
        (
            format!("{}.httpGet.httpHeaders", path.join(".")),
            value.at(path).array_at(&["httpGet", "httpHeaders"]),
        )
    })
}

/// Which word, what it is called, what it looks like, how long it is.
type Word = (usize, String, Looks, usize);

fn in_words(words: &[&str]) -> Vec<Word> {
    let mut found = Vec::new();
    for (i, word) in words.iter().enumerate() {
        let next = words.get(i + 1).copied();
        let hit = match word.contains(char::is_whitespace) {
            // A script in one word.
            true => known_format(word).map(|looks| (String::new(), looks, word.len())).or_else(|| {
                let parts: Vec<_> = word.split([' ', '\t', '\n', ';', '&', '|']).collect();
                let mut pairs = parts.iter().enumerate();
                pairs.find_map(|(i, part)| in_word(part, parts.get(i + 1).copied(), true))
            }),
            false => in_word(word, next, false),
        };
        found.extend(hit.map(|(name, looks, length)| (i, name, looks, length)));
    }
    found
}

/// `--password=x`, `--password x`, and in scripts `PASSWORD=x`.
fn in_word(word: &str, next: Option<&str>, is_script: bool) -> Option<(String, Looks, usize)> {
    let (name, value) = match word.split_once('=') {
        Some(pair) => pair,
        None if word.starts_with('-') => (word, next.filter(|next| !next.starts_with('-')).unwrap_or("")),
        None => ("", word),
    };
    let value = value.trim_matches(['"', '\'']);
    let is_variable = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
    };
    let looks = match name.starts_with('-') || is_script && is_variable(name) {
        true => looks_like(name, value),
        false => known_format(word),
    };
    looks.map(|looks| (name.to_owned(), looks, value.len()))
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
