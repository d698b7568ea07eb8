//! Cases that upstream's own libraries answered: patches that kubectl works out, patches of all kinds as they are
//! applied, and the owners of fields after writes by several managers.
//!
//! `reference.jsonl` holds a question and its answer a line; `SUMUN_REFERENCE` names another file of them.  The questions
//! are made by `SUMUN_JOBS=file cargo test -p sumun-patch --test laws write_questions -- --ignored`.

use std::io::Write as _;
use std::path::PathBuf;

use api::{GroupVersionKind, Value, json, object};
use samples::{Dice, Maker};

use crate::jobs::{self, MODES};
use crate::support::{Kind, differ, kinds, parse};

/// The answers of the code under test, in the form of those in the file.
fn answer(job: &Value) -> Value {
    let text = |name: &str| job.str_at(&[name]);
    let gvk = GroupVersionKind::new(text("group"), text("version"), text("kind"));
    let message = schema::kind(&gvk.group, &gvk.version, &gvk.kind).unwrap();
    let kind = Kind { gvk, message };
    let doc = job.at(&["doc"]).clone();
    let outcome = match text("mode") {
        "owners" => return owners(&kind, job.array_at(&["steps"])),
        "json" => sumun_patch::json_patch(doc, job.at(&["patch"])).map_err(|e| e.to_string()),
        "merge" => sumun_patch::merge_patch(doc, job.at(&["patch"]).clone()).map_err(|e| e.message),
        mode => {
            // The patches between objects are upstream's; what they do to an object is ours.
            let patch = if mode == "strategic" { job.at(&["patch"]) } else { job.at(&["want", "patch"]) };
            sumun_patch::strategic_merge(doc, &mut patch.clone(), message).map_err(|e| e.message)
        }
    };
    match outcome {
        Ok(object) => object! { "object" => object },
        Err(error) => object! { "error" => error },
    }
}

fn owners(kind: &Kind, steps: &[Value]) -> Value {
    let mut live = object! { "apiVersion" => kind.gvk.api_version(), "kind" => kind.gvk.kind.clone() };
    let mut answers = Vec::new();
    for step in steps {
        let (manager, object) = (step.str_at(&["manager"]), step.at(&["object"]));
        let outcome = match step.str_at(&["op"]) {
            "update" => kind.update(Some(&live), object, manager),
            _ => {
                let force = step.at(&["force"]).as_bool() == Some(true);
                kind.apply(Some(&live), object, manager, force).map_err(|e| e.message)
            }
        };
        answers.push(match outcome {
            Ok(object) => {
                live = object;
                object! { "object" => timeless(live.clone()) }
            }
            Err(error) => object! { "error" => error },
        });
    }
    answers.into()
}

/// Entries without their times, in an order of their own.
fn timeless(mut object: Value) -> Value {
    let entries = object.get_mut("metadata").and_then(|m| m.get_mut("managedFields"));
    if let Some(entries) = entries.and_then(Value::as_array_mut) {
        for entry in entries.iter_mut().filter(|entry| entry.get("time").is_some()) {
            entry.set_at(&["time"], "T");
        }
        entries.sort_by_key(|entry| {
            let mut entry = entry.clone();
            sort(&mut entry);
            json::to_string(&entry)
        });
    }
    object
}

fn sort(value: &mut Value) {
    if let Value::Object(map) = value {
        map.sort();
        map.iter_mut().for_each(|(_, value)| sort(value));
    }
}

fn cases() -> Vec<Value> {
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/laws/reference.jsonl");
    let path = std::env::var_os("SUMUN_REFERENCE").map_or(own, PathBuf::from);
    std::fs::read_to_string(path).unwrap().lines().map(parse).collect()
}

#[test]
fn answers_are_upstreams() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for case in cases() {
        let mut want = case.at(&["want"]).clone();
        if want.get("panic").is_some() || (want.get("patch").is_none() && !case.at(&["modified"]).is_null()) {
            // Upstream's library found no patch: there is nothing to apply.
            continue;
        }
        want.remove_at(&["patch"]);
        count += 1;
        let ours = answer(&case);
        if ours != want {
            let mut question = case.clone();
            question.remove_at(&["want"]);
            wrong.push(differ(&json::to_string(&question), &ours, &want));
        }
    }
    let shown: Vec<&str> = wrong.iter().take(5).map(String::as_str).collect();
    assert!(wrong.is_empty(), "{} of {count} answers differ:\n{}", wrong.len(), shown.join("\n"));
    assert!(count >= 200, "only {count} cases");
}

#[test]
#[ignore = "writes the questions for upstream's libraries"]
fn write_questions() {
    let number =
        |name: &str, or: usize| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(or);
    let (count, longest) = (number("SUMUN_JOB_COUNT", 400), number("SUMUN_JOB_BYTES", 3000));
    let mut file = std::fs::File::create(std::env::var("SUMUN_JOBS").unwrap()).unwrap();
    let kinds = kinds();
    let mut written = 0;
    for seed in number("SUMUN_JOB_SEED", 0).. {
        let dice = &mut Dice::new(seed as u64);
        let maker = Maker { richness: 1 + dice.below(3), depth: 4 + dice.below(4), ..Maker::default() };
        let mode = MODES.get(seed % MODES.len()).unwrap();
        let kind = kinds.get(dice.below(kinds.len())).unwrap();
        let line = json::to_string(&jobs::ask(dice, kind, mode, &maker));
        if (200..longest).contains(&line.len()) {
            writeln!(file, "{line}").unwrap();
            written += 1;
        }
        if written == count {
            return;
        }
    }
}
