//! Whether an answer is the recorded one.

use api::Value;

use super::pipeline::{TIME, UID};
use super::score::Verdict;
use crate::Answer;

/// Compares an answer with the recorded one.
pub fn verdict(want: &Value, got: &Answer) -> Verdict {
    if want.at(&["status"]).as_i64() != Some(got.status) {
        return Verdict::default();
    }
    let body = want.at(&["body"]);
    if got.status == 201 {
        let same = differences(body, &got.body).is_empty();
        return Verdict { semantic: same, exact: same && warnings(want) == got.warnings };
    }
    let semantic =
        body.str_at(&["reason"]) == got.body.str_at(&["reason"]) && causes(body) == causes(&got.body);
    let same_text = normal(body.str_at(&["message"])) == normal(got.body.str_at(&["message"]));
    let same_text = same_text && details(body) == details(&got.body) && warnings(want) == got.warnings;
    Verdict { semantic, exact: semantic && same_text }
}

/// The texts of the recorded `Warning` headers.
fn warnings(want: &Value) -> Vec<String> {
    let headers = want.array_at(&["warnings"]).iter().filter_map(Value::as_str);
    let quoted =
        headers.filter_map(|header| codec::json::parse(header.strip_prefix("299 - ")?.as_bytes()).ok());
    quoted.map(|text| text.value.as_str().unwrap_or("").to_owned()).collect()
}

/// Reason and field of each cause, sorted.
fn causes(status: &Value) -> Vec<(String, String)> {
    let pair = |c: &Value| (c.str_at(&["reason"]).to_owned(), c.str_at(&["field"]).to_owned());
    let mut causes: Vec<_> = status.array_at(&["details", "causes"]).iter().map(pair).collect();
    causes.sort();
    causes
}

/// The messages of the causes in order.
fn details(status: &Value) -> Vec<String> {
    status.array_at(&["details", "causes"]).iter().map(|c| normal(c.str_at(&["message"]))).collect()
}

/// Texts with the placeholders of the transcripts.
fn normal(text: &str) -> String {
    text.replace(UID, "<uid>").replace(TIME, "<time>").replace("2006-01-02T15:04:05Z", "<time>")
}

/// What is different, one line each.
pub fn explain(want: &Value, got: &Answer) -> String {
    let wanted = want.at(&["status"]).as_i64().unwrap_or(0);
    let body = want.at(&["body"]);
    if wanted == got.status && warnings(want) != got.warnings {
        return format!("\n    want {:?}\n    got  {:?}", warnings(want), got.warnings);
    }
    if wanted == 201 && got.status == 201 {
        return format!("\n    {}", differences(body, &got.body).join("\n    "));
    }
    let text = |body: &Value| match body.str_at(&["message"]) {
        "" => "the object".to_owned(),
        text => text.chars().take(1500).collect(),
    };
    format!("\n    want {wanted} {}\n    got  {} {}", text(body), got.status, text(&got.body))
}

/// Where two objects differ, but for what only a server knows.
fn differences(want: &Value, got: &Value) -> Vec<String> {
    let mut found = Vec::new();
    walk(want, got, "", &mut found);
    found
}

const UNKNOWN: [&str; 2] = ["/metadata/managedFields", "/metadata/resourceVersion"];

fn walk(want: &Value, got: &Value, path: &str, found: &mut Vec<String>) {
    if UNKNOWN.contains(&path) || matches(want, got) {
        return;
    }
    match (want, got) {
        (Value::Object(a), Value::Object(b)) => {
            let missing = a.keys().filter(|key| !b.contains_key(key)).collect::<Vec<_>>();
            for key in b.keys().chain(missing) {
                let null = Value::Null;
                let (a, b) = (a.get(key), b.get(key));
                if a.is_none() != b.is_none() && !UNKNOWN.contains(&format!("{path}/{key}").as_str()) {
                    let side = if a.is_none() { "unexpected" } else { "missing" };
                    let shown = api::json::to_string(a.or(b).unwrap_or(&null));
                    found.push(format!(
                        "{path}/{key}: {side} {}",
                        shown.chars().take(200).collect::<String>()
                    ));
                } else {
                    walk(a.unwrap_or(&null), b.unwrap_or(&null), &format!("{path}/{key}"), found);
                }
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (i, (a, b)) in a.iter().zip(b).enumerate() {
                walk(a, b, &format!("{path}/{i}"), found);
            }
        }
        _ => found.push(format!(
            "{path}: want {} got {}",
            api::json::to_string(want),
            api::json::to_string(got)
        )),
    }
}

/// Equal, or a placeholder of the transcripts.
fn matches(want: &Value, got: &Value) -> bool {
    match (want, got) {
        (Value::String(a), Value::String(b)) => normal(a) == normal(b) || a.contains('<'),
        (Value::String(a), _) => a.starts_with('<'),
        // Numbers that were integers in JSON are integers in the transcripts.
        (Value::Int(a), Value::Float(b)) | (Value::Float(b), Value::Int(a)) => *a as f64 == *b,
        (Value::Object(_) | Value::Array(_), _) => false,
        _ => want == got,
    }
}
