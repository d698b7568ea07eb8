//! What claims and slices share: names, sets with limits, tolerations, taints, opaque parameters.
//!
//! Entry points: [`items`], [`set`], [`map`], and one function for each kind of name or structure.

use std::collections::HashSet;

use api::{Value, field};

use crate::core::volume_sources::csi_driver;
use crate::{Cursor, names, selectors};

/// Longest name of a pool, in bytes.
const MAX_POOL: usize = names::SUBDOMAIN_MAX;
/// Longest name of an attribute or capacity without its domain, in bytes.
const MAX_ID: usize = 32;
/// Longest key of an attribute or capacity that messages show in full, in bytes.
pub(super) const MAX_QUALIFIED: usize = 63 + 1 + MAX_ID;
/// Most conditions that a device waits for, and most that end the wait.
const MAX_BINDING_CONDITIONS: usize = 4;
/// Most device selectors of one request or class.
pub(super) const MAX_SELECTORS: usize = 32;
/// Most configurations of one claim or class.
pub(super) const MAX_CONFIG: usize = 32;
/// Longest expression of a device selector, in bytes.
const MAX_EXPRESSION: usize = 10 * 1024;
/// Longest opaque parameters, in bytes of JSON.
const MAX_OPAQUE: usize = 10 * 1024;
const EFFECTS: [&str; 3] = ["NoExecute", "NoSchedule", "None"];

/// Checks every item of a list that is not too long; says whether it was short enough.
pub(super) fn items(
    list: &Cursor,
    max: usize,
    errors: &mut field::Errors,
    mut check: impl FnMut(&Cursor, &mut field::Errors),
) -> bool {
    if list.len() > max {
        errors.too_many(&list.path(), list.len(), max);
        return false;
    }
    list.items().for_each(|item| check(&item, errors));
    true
}

/// [`items`] of which no two have the same key.
pub(super) fn set(
    list: &Cursor,
    max: usize,
    errors: &mut field::Errors,
    check: impl FnMut(&Cursor, &mut field::Errors),
    key: impl Fn(&Value) -> Value,
) {
    if !items(list, max, errors, check) {
        return;
    }
    let mut seen = HashSet::new();
    for item in list.items() {
        let key = key(item.value());
        if !seen.insert(api::json::to_string(&key)) {
            errors.duplicate(&item.path(), &key);
        }
    }
}

/// The member of an item that tells it from others.
pub(super) fn by(member: &'static str) -> impl Fn(&Value) -> Value {
    move |item| item.str_at(&[member]).into()
}

/// Checks the keys, reported at the map itself, and the values of a map.  Keys longer than `shown` bytes are cut short
/// in paths.
pub(super) fn map(
    map: &Cursor,
    shown: usize,
    errors: &mut field::Errors,
    check_key: fn(&Cursor, &str, &mut field::Errors),
    mut check: impl FnMut(&Cursor, &mut field::Errors),
) {
    for (key, entry) in map.entries() {
        check_key(map, key, errors);
        if key.len() <= shown {
            check(&entry, errors);
        } else {
            let path = map.path().key(&shortened(key, shown)).to_string();
            check(&Cursor::at(&path, entry.value()), errors);
        }
    }
}

/// The start and the end of a text.
fn shortened(text: &str, max: usize) -> String {
    let room = max.saturating_sub(3);
    let head = text.get(..room.div_ceil(2)).unwrap_or(text);
    let tail = text.get(text.len().saturating_sub(room / 2)..).unwrap_or("");
    format!("{head}...{tail}")
}

/// A name that is a label.
pub(super) fn label(name: &Cursor, errors: &mut field::Errors) {
    name.faults(errors, &names::dns1123_label(name.str()));
}

/// The name of a pool: subdomains between slashes.
pub(super) fn pool(name: &Cursor, errors: &mut field::Errors) {
    if name.is_empty() {
        return name.required(errors, "");
    }
    if name.str().len() > MAX_POOL {
        errors.too_long(&name.path(), MAX_POOL);
    }
    for part in name.str().split('/') {
        names::report(errors, &name.path(), part, &names::dns1123_subdomain(part));
    }
}

/// A UUID in its usual form (RFC 4122).
pub(super) fn uuid(id: &Cursor, errors: &mut field::Errors) {
    let text = id.str();
    if let Some(fault) = uuid_fault(text) {
        id.invalid(errors, &format!("error validating uid: {fault}"));
    } else if text.len() != 36 || text.bytes().any(|b| b.is_ascii_uppercase()) {
        let why = "uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase \
                   hexadecimal characters";
        id.invalid(errors, why);
    }
}

fn uuid_fault(text: &str) -> Option<String> {
    let invalid = || Some("invalid UUID format".to_owned());
    let plain = match text.len() {
        32 => return if text.bytes().all(|b| b.is_ascii_hexdigit()) { None } else { invalid() },
        36 => text,
        38 => match text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(inner) => inner,
            None => return Some("invalid bracketed UUID format".to_owned()),
        },
        45 => match text.split_at_checked(9) {
            Some((prefix, rest)) if prefix.eq_ignore_ascii_case("urn:uuid:") => rest,
            Some((prefix, _)) => return Some(format!("invalid urn prefix: {}", field::go_quote(prefix))),
            None => return invalid(),
        },
        length => return Some(format!("invalid UUID length: {length}")),
    };
    let fits = |(i, b): (usize, u8)| {
        if matches!(i, 8 | 13 | 18 | 23) { b == b'-' } else { b.is_ascii_hexdigit() }
    };
    if plain.bytes().enumerate().all(fits) { None } else { invalid() }
}

/// The name of an attribute or capacity, with or without a domain, reported at `at`.
pub(super) fn qualified_name(at: &Cursor, name: &str, errors: &mut field::Errors) {
    let parts: Vec<&str> = name.split('/').collect();
    match parts.as_slice() {
        [name] => identifier(at, name, errors),
        [domain, name] => {
            if domain.is_empty() {
                at.bad(errors, "", "the domain must not be empty");
            } else {
                csi_driver(&Cursor::at(&at.path().to_string(), &(*domain).into()), errors);
            }
            if name.is_empty() {
                at.bad(errors, "", "the name must not be empty");
            } else {
                identifier(at, name, errors);
            }
        }
        _ => {}
    }
}

/// The name of an attribute with its domain.
pub(super) fn fully_qualified_name(name: &Cursor, errors: &mut field::Errors) {
    qualified_name(name, name.str(), errors);
    if !name.str().contains('/') {
        name.invalid(errors, "a fully qualified name must be a domain and a name separated by a slash");
    }
}

fn identifier(at: &Cursor, name: &str, errors: &mut field::Errors) {
    if name.len() > MAX_ID {
        errors.too_long(&at.path(), MAX_ID);
    }
    names::report(errors, &at.path(), name, &names::c_identifier(name));
}

/// A device selector.
pub(super) fn selector(selector: &Cursor, errors: &mut field::Errors) {
    let cel = selector.child("cel");
    let expression = cel.child("expression");
    if !cel.is_set() {
        cel.required(errors, "");
    } else if expression.str().len() > MAX_EXPRESSION {
        errors.too_long(&expression.path(), MAX_EXPRESSION);
    } else if let Err(refusal) = cel::environment::device_selector(expression.str()) {
        refusal.report(&expression.path(), expression.str(), errors);
    }
}

/// A configuration for a driver.
pub(super) fn configuration(config: &Cursor, stored: bool, errors: &mut field::Errors) {
    let opaque = config.child("opaque");
    if !opaque.is_set() {
        return opaque.required(errors, "");
    }
    csi_driver(&opaque.child("driver"), errors);
    raw(&opaque.child("parameters"), stored, errors);
}

/// Any JSON object; one that is stored already may be too long.
pub(super) fn raw(parameters: &Cursor, stored: bool, errors: &mut field::Errors) {
    if !parameters.is_set() {
        return parameters.required(errors, "");
    }
    if !stored && api::json::to_string(parameters.value()).len() > MAX_OPAQUE {
        errors.too_long(&parameters.path(), MAX_OPAQUE);
    } else if parameters.map().is_none() {
        parameters.bad(errors, "<value omitted>", "must be a valid JSON object");
    }
}

/// A taint of a device.
pub(super) fn taint(taint: &Cursor, errors: &mut field::Errors) {
    let (value, effect) = (taint.child("value"), taint.child("effect"));
    selectors::label_name(&taint.child("key"), errors);
    value.faults(errors, &names::label_value(value.str()));
    if effect.is_empty() {
        effect.required(errors, "");
    } else {
        effect.one_of(errors, &EFFECTS);
    }
}

/// What a claim tolerates of a device.
pub(super) fn toleration(toleration: &Cursor, errors: &mut field::Errors) {
    let member = |name: &'static str| toleration.child(name).value().clone();
    let (key, value) = (toleration.child("key"), toleration.child("value"));
    let (operator, effect) = (toleration.child("operator"), toleration.child("effect"));
    if !key.is_empty() {
        selectors::label_name(&key, errors);
    }
    match operator.str() {
        "Exists" if !value.is_empty() => {
            errors.invalid(&value.path(), &member("value"), "must be empty for operator `Exists`");
        }
        "Exists" => {}
        "Equal" => value.faults(errors, &names::label_value(value.str())),
        "" => operator.required(errors, ""),
        _ => operator.not_supported(errors, &["Equal", "Exists"]),
    }
    if !effect.is_empty() {
        effect.one_of(errors, &EFFECTS);
    }
}

/// The conditions that a device waits for before it is bound, and those that end the wait.
pub(super) fn binding_conditions(holder: &Cursor, errors: &mut field::Errors) {
    let (wanted, failed) = (holder.child("bindingConditions"), holder.child("bindingFailureConditions"));
    for list in [&wanted, &failed] {
        items(list, MAX_BINDING_CONDITIONS, errors, selectors::label_name);
    }
    let mut seen = HashSet::new();
    for condition in wanted.items().filter(|condition| !seen.insert(condition.str())) {
        condition.duplicate(errors);
    }
    let mut seen_failed = HashSet::new();
    for condition in failed.items() {
        if !seen_failed.insert(condition.str()) {
            condition.duplicate(errors);
        }
        if seen.contains(condition.str()) {
            condition.invalid(errors, "bindingFailureConditions must not overlap with bindingConditions");
        }
    }
    let needs = |lacking: &Cursor, missing: &str, given: &str, errors: &mut field::Errors| {
        lacking.invalid(errors, &format!("{missing} are required to use {given}"));
    };
    match (wanted.is_empty(), failed.is_empty()) {
        (true, false) => needs(&wanted, "bindingConditions", "bindingFailureConditions", errors),
        (false, true) => needs(&failed, "bindingFailureConditions", "bindingConditions", errors),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids() {
        let faults = |text: &str| {
            let value = text.into();
            let mut errors = field::Errors::new();
            uuid(&Cursor::at("u", &value), &mut errors);
            errors.0.into_iter().map(|error| error.body).collect::<String>()
        };
        assert_eq!(faults("6ba7b810-9dad-11d1-80b4-00c04fd430c8"), "");
        assert!(faults("6BA7b810-9dad-11d1-80b4-00c04fd430c8").contains("normalized form"));
        assert!(faults("{6ba7b810-9dad-11d1-80b4-00c04fd430c8}").contains("normalized form"));
        assert!(faults("urn:uuid:6ba7b810-9dad-11d1-80b4-00c04fd430c8").contains("normalized form"));
        assert!(faults("6ba7b8109dad11d180b400c04fd430c8").contains("normalized form"));
        assert!(faults("6ba7b810-9dad-11d1-80b4_00c04fd430c8").ends_with("uid: invalid UUID format"));
        assert!(faults("x").ends_with("invalid UUID length: 1"));
    }

    #[test]
    fn long_keys_are_cut() {
        assert_eq!(shortened("abcdefghijklmnopqrstuvwxyz", 16), "abcdefg...uvwxyz");
    }
}
