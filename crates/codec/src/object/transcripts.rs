//! Bodies that kube-apiserver was sent, and what it said of those that it could not read.  The transcripts lie beside
//! the workspace; without them there is nothing to do.

use api::{GroupVersionKind, Value};

use super::{Endpoint, FieldValidation, Format, decode};
use crate::testing::shared;

/// What answers of a failed decoding have in their text.
const ABOUT_DECODING: [&str; 3] = [
    "cannot be handled as a",
    "the object provided is unrecognized",
    "does not match the expected API version",
];

fn transcripts() -> Option<Vec<Value>> {
    let entries = std::fs::read_dir(shared("oracle/golden")?).unwrap();
    let files = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let cases = files.filter(|path| path.extension().is_some_and(|e| e == "json")).flat_map(|path| {
        let mut file = crate::json::parse(&std::fs::read(path).unwrap()).unwrap().value;
        std::mem::take(file.as_array_mut().unwrap())
    });
    Some(cases.collect())
}

/// The kind behind a path of a collection or an object of a built-in resource.
fn kind(path: &str) -> Option<GroupVersionKind> {
    let mut parts = path.trim_start_matches('/').split('/');
    let (group, version) = match parts.next()? {
        "api" => ("", parts.next()?),
        "apis" => (parts.next()?, parts.next()?),
        _ => return None,
    };
    let mut rest: Vec<&str> = parts.collect();
    if rest.len() > 2 && rest[0] == "namespaces" {
        rest.drain(..2);
    }
    let plural = rest.first().filter(|_| rest.len() <= 2)?;
    let resource = schema::resource(group, version, plural)?;
    Some(GroupVersionKind::new(group, version, resource.kind))
}

/// The text as transcripts hold it: with instants replaced.
fn normalized(text: &str) -> String {
    ["2006-01-02T15:04:05Z", "2006-01-02T15:04:05.000000Z"]
        .iter()
        .fold(text.to_owned(), |t, at| t.replace(at, "<time>"))
}

/// A body as it was sent: `{"$repeat": ["x", 1000]}` stands for a long text.
fn unfolded(value: &Value) -> Value {
    match value {
        Value::Object(map) => match map.get("$repeat").and_then(Value::as_array) {
            Some([text, times]) => {
                let times = times.as_i64().and_then(|n| usize::try_from(n).ok()).unwrap();
                text.as_str().unwrap().repeat(times).into()
            }
            _ => map.iter().map(|(key, member)| (key, unfolded(member))).collect::<api::Map>().into(),
        },
        Value::Array(items) => Value::Array(items.iter().map(unfolded).collect()),
        plain => plain.clone(),
    }
}

/// Sends a step's body through the decoder; says what is wrong with the outcome.
fn check(step: &Value, answer: &Value) -> Option<String> {
    let path = step.str_at(&["path"]);
    if !matches!(step.str_at(&["method"]), "POST" | "PUT") {
        return None;
    }
    let kind = kind(path)?;
    let body = match (step.get("raw"), step.get("body")) {
        (Some(raw), _) => raw.as_str()?.as_bytes().to_vec(),
        (None, Some(body)) => api::json::to_vec(&unfolded(body)),
        (None, None) => return None,
    };
    let content_type = step.get("content_type").and_then(Value::as_str).unwrap_or("application/json");
    let format = Format::of_request(content_type, Format::ALL).ok()?;
    let validation = FieldValidation::parse(step.str_at(&["query", "fieldValidation"]))?;
    let theirs = answer.str_at(&["body", "message"]);
    let failed = ABOUT_DECODING.iter().any(|text| theirs.contains(text));
    match decode(&body, format, Endpoint::of(&kind), validation) {
        Ok(_) if failed => Some(format!("{path}: read, but upstream says {theirs}")),
        Err(e) if failed && normalized(&e.message) != theirs => {
            Some(format!("{path}: says {}\n  upstream says {theirs}", e.message))
        }
        Err(e)
            if !failed && answer.at(&["status"]).as_i64().is_some_and(|code| code < 300 || code == 422) =>
        {
            Some(format!("{path}: says {}, but upstream reads it", e.message))
        }
        _ => None,
    }
}

#[test]
fn every_recorded_body_is_read_or_refused_as_upstream_does() {
    let Some(cases) = transcripts() else { return };
    let (mut checked, mut wrong) = (0, Vec::new());
    for case in &cases {
        let recorded =
            case.array_at(&["steps"]).iter().filter(|s| s.at(&["record"]).as_bool() != Some(false));
        for (step, answer) in recorded.zip(case.array_at(&["golden"])) {
            checked += 1;
            wrong.extend(check(step, answer).map(|why| format!("{}: {why}", case.str_at(&["name"]))));
        }
    }
    assert!(checked > 1000, "only {checked} steps were found");
    assert!(wrong.is_empty(), "{} of {checked}:\n{}", wrong.len(), wrong.join("\n"));
}
