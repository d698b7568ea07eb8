//! Every type of the release, with every field set: what upstream wrote comes out of the walks unchanged.

use api::{Value, json};
use sumun_schema::{canonicalize, coerce, kind};

use super::{parse, shared};

#[test]
fn fixtures_come_back_member_by_member() {
    let Some(shared) = shared() else { return };
    let mut files: Vec<_> = std::fs::read_dir(shared.join("data/roundtrip"))
        .expect("fixtures")
        .map(|entry| entry.expect("entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "json"))
        .collect();
    files.sort();
    let mut wrong = Vec::new();
    for path in &files {
        let value = parse(path);
        let name = path.file_stem().and_then(|n| n.to_str()).expect("name");
        if let Err(why) = check(&value, name) {
            wrong.push(format!("{name}: {why}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), files.len(), wrong.join("\n"));
    assert!(files.len() >= 185, "only {} fixtures", files.len());
}

/// The file's name says group, version and kind.
fn check(original: &Value, name: &str) -> Result<(), String> {
    let mut parts = name.rsplitn(3, '.');
    let (kind_name, version, group) = (parts.next(), parts.next(), parts.next());
    let group = group.filter(|g| *g != "core").unwrap_or("");
    let message = kind(group, version.unwrap_or(""), kind_name.unwrap_or("")).ok_or("unknown kind")?;
    let mut value = original.clone();
    let findings = coerce(&mut value, message).map_err(|e| e.to_string())?;
    if !findings.unknown.is_empty() {
        return Err(format!("unknown fields {:?}", findings.unknown));
    }
    canonicalize(&mut value, message);
    same(original, &value)?;
    // From members in any order.
    let mut shuffled = original.clone();
    reverse(&mut shuffled);
    coerce(&mut shuffled, message).map_err(|e| e.to_string())?;
    canonicalize(&mut shuffled, message);
    same(original, &shuffled)
}

fn same(original: &Value, value: &Value) -> Result<(), String> {
    let (before, after) = (json::to_string(original), json::to_string(value));
    if before == after {
        return Ok(());
    }
    let at = before.bytes().zip(after.bytes()).take_while(|(a, b)| a == b).count();
    let around = |s: &str| {
        let bytes = s.as_bytes();
        String::from_utf8_lossy(&bytes[at.saturating_sub(60)..(at + 80).min(bytes.len())]).into_owned()
    };
    Err(format!("\n  upstream …{}\n  ours     …{}", around(&before), around(&after)))
}

/// Turns the members of every object around, but for the foreign objects whose bytes are kept.
fn reverse(value: &mut Value) {
    match value {
        _ if value.str_at(&["kind"]) == "CustomType" => {}
        Value::Object(map) => {
            map.rearrange(|members| members.reverse());
            map.iter_mut().for_each(|(_, v)| reverse(v));
        }
        Value::Array(items) => items.iter_mut().for_each(reverse),
        _ => {}
    }
}
