//! Recorded answers of the reference server to bodies it could not decode, or that hold unknown fields.

use api::Value;
use api::field::go_quote;
use sumun_schema::{coerce, kind};

use super::{parse, shared};

#[test]
fn bodies_fail_with_the_recorded_words() {
    let Some(shared) = shared() else { return };
    let (mut failures, mut wrong) = (0, Vec::new());
    for entry in std::fs::read_dir(shared.join("oracle/golden")).expect("transcripts") {
        let cases = parse(&entry.expect("entry").path());
        for case in cases.as_array().expect("cases") {
            let answers = case.array_at(&["golden"]);
            // Some steps have no answer, some answers are shown in part.
            if case.array_at(&["steps"]).len() != answers.len() {
                continue;
            }
            for (step, answer) in case.array_at(&["steps"]).iter().zip(answers) {
                let Some((recorded, ours)) = replay(step, answer) else { continue };
                failures += usize::from(!recorded.is_empty());
                if recorded != ours {
                    wrong.push(format!(
                        "{}:\n  recorded {recorded}\n  ours     {ours}",
                        case.str_at(&["name"])
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(failures > 800, "only {failures} failures replayed");
}

/// What the server said about the decoding of a body and what we say, empty for nothing; `None` when the step sends no
/// object of a kind we know.
fn replay(step: &Value, answer: &Value) -> Option<(String, String)> {
    let mut body = step.get("body")?.clone();
    if !["POST", "PUT"].contains(&step.str_at(&["method"])) {
        return None;
    }
    let api_version = body.str_at(&["apiVersion"]);
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let message = kind(group, version, body.str_at(&["kind"]))?;
    let said = answer.str_at(&["body", "message"]);
    let recorded = said.split_once(" cannot be handled as a ").and_then(|(_, rest)| rest.split_once(": "));
    let recorded = recorded.map_or("", |(_, text)| text);
    let elsewhere = recorded.contains("duplicate field") || recorded.starts_with("converting");
    if elsewhere || step.get("select").is_some() {
        return None;
    }
    let strict = recorded.starts_with("strict decoding error");
    let ours = match coerce(&mut body, message) {
        Err(error) => error
            .to_string()
            .replace("2006-01-02T15:04:05.000000Z", "<time>")
            .replace("2006-01-02T15:04:05Z", "<time>"),
        Ok(findings) if strict => {
            let fields: Vec<_> =
                findings.unknown.iter().map(|f| format!("unknown field {}", go_quote(f))).collect();
            format!("strict decoding error: {}", fields.join(", "))
        }
        Ok(_) => String::new(),
    };
    Some((recorded.to_owned(), ours))
}
