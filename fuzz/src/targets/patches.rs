//! Patches of all kinds, server-side apply, and the owners of fields.

use std::sync::LazyLock;

use api::{ApiError, Value, json};
use codec::object;
use patch::managed::{self, Apply, BuiltIn, FieldSet, NoVersions, Request, ResetFields};
use samples::{Dice, Maker, patches};
use schema::Resource;

use crate::choice;
use crate::targets::object::{as_json, kind_of, settled};

const MAKER: Maker = Maker { richness: 3, depth: 6, system: false, loose: false };

/// How many objects there are to patch.
const OBJECTS: u64 = 64;

/// An object that was applied by one manager and updated by another.
struct Live {
    resource: &'static Resource,
    /// As it is stored.
    value: Value,
    /// What the first manager applied.
    config: Value,
}

static LIVE: LazyLock<Vec<Live>> = LazyLock::new(|| {
    let make = |seed: u64| {
        let dice = &mut Dice::new(seed);
        let resource =
            schema::resources().get(dice.below(schema::resources().len())).expect("there are kinds");
        let config = object(dice, resource);
        let value = apply(None, &config, resource, "a", false).expect("a made object can be applied");
        let changed = MAKER.vary(dice, &value, resource.message);
        let value = tracked(&value, changed, resource, "b");
        Live { resource, value, config }
    };
    (0..OBJECTS).map(make).collect()
});

fn object(dice: &mut Dice<'_>, resource: &'static Resource) -> Value {
    MAKER.object(dice, resource.group, resource.version, resource.kind, resource.message)
}

fn request<'a>(manager: &'a str, api_version: &'a str) -> Request<'a> {
    Request {
        manager,
        api_version,
        subresource: "",
        now: "2026-01-01T00:00:00Z",
        reset: ResetFields::Nothing,
    }
}

fn apply(
    live: Option<&Value>,
    config: &Value,
    resource: &'static Resource,
    manager: &str,
    force: bool,
) -> Result<Value, ApiError> {
    let kind = kind_of(resource);
    let api_version = kind.api_version();
    let request = request(manager, &api_version);
    let view = BuiltIn::Message(resource.message);
    let apply = Apply { request, kind: &kind, view, versions: &NoVersions, force };
    managed::apply(live, config, &apply, &mut |mut merged| {
        schema::coerce(&mut merged, resource.message).map_err(|e| e.to_string())?;
        schema::canonicalize(&mut merged, resource.message);
        merged.set_at(&["metadata", "uid"], "u");
        Ok(merged)
    })
}

/// An update's outcome with its owners noted; they can be read again.
fn tracked(live: &Value, mut new: Value, resource: &'static Resource, manager: &str) -> Value {
    let api_version = kind_of(resource).api_version();
    new.set_at(&["metadata", "uid"], "u");
    let view = BuiltIn::Message(resource.message);
    let outcome = managed::track(Some(live), &mut new, view, &NoVersions, &request(manager, &api_version));
    if outcome.is_err() {
        assert!(new.at(&["metadata", "managedFields"]).is_null(), "what is not tracked has no owners");
    }
    managed::check_entries(new.at(&["metadata", "managedFields"])).expect("entries can be read");
    schema::canonicalize(&mut new, resource.message);
    new
}

/// A live object, which the first byte names.
fn pick(bytes: &[u8]) -> Option<(&'static Live, &[u8])> {
    let (at, rest) = choice(bytes, LIVE.len());
    Some((LIVE.get(at)?, rest))
}

/// The text of a patch, of a sort that the second byte names: refused with a 4xx or 500 that is worded, or an object that
/// can be stored and read.
pub(crate) fn text(bytes: &[u8]) {
    let Some((live, bytes)) = pick(bytes) else { return };
    let (sort, bytes) = choice(bytes, 4);
    if sort == 3 {
        let Ok(config) = object::decode_apply(bytes) else { return };
        return applied(live, &config.value);
    }
    let Ok(parsed) = codec::json::parse(bytes) else { return };
    if parsed.out_of_range.is_some() {
        return;
    }
    drop(patch::json_patch::unknown_fields(&parsed.value));
    patched(live, sort, &parsed.value);
    patched(live, sort, &Value::Array(vec![parsed.value]));
}

/// A patch that suits a live object, made by the choices that the bytes are.
pub(crate) fn made(bytes: &[u8]) {
    let Some((live, bytes)) = pick(bytes) else { return };
    let (sort, bytes) = choice(bytes, 4);
    let dice = &mut Dice::of_bytes(bytes);
    let other = MAKER.vary(dice, &live.value, live.resource.message);
    let made = match sort {
        0 => patches::json(dice, &live.value),
        1 => patches::merge(dice, other),
        2 => patches::strategic(dice, &live.value, other, live.resource.message),
        _ => {
            let mut config = MAKER.vary(dice, &live.config, live.resource.message);
            if dice.one_in(2) {
                patches::thin(dice, &mut config);
            }
            return applied(live, &config);
        }
    };
    patched(live, sort, &made);
}

fn patched(live: &Live, sort: usize, patch: &Value) {
    let doc = live.value.clone();
    let outcome = match sort {
        0 => patch::json_patch(doc, patch).map_err(ApiError::from),
        1 => patch::merge_patch(doc, patch.clone()),
        _ => {
            let mut rest = patch.clone();
            let outcome = patch::strategic_merge(doc, &mut rest, live.resource.message);
            drop(patch::go_text(&rest));
            outcome
        }
    };
    let mut object = match outcome {
        Ok(object) => object,
        Err(error) => {
            assert!(matches!(error.code, 400 | 413 | 422 | 500), "{}", error.code);
            return assert!(!error.message.is_empty());
        }
    };
    as_json(&object);
    if schema::coerce(&mut object, live.resource.message).is_ok() {
        object.set_at(&["kind"], live.resource.kind);
        object.set_at(&["apiVersion"], kind_of(live.resource).api_version());
        settled(tracked(&live.value, object, live.resource, "c"), live.resource);
    }
}

/// A configuration applied twice is the same as once, and forced it has no conflicts.
fn applied(live: &Live, config: &Value) {
    if let Err(error) = apply(Some(&live.value), config, live.resource, "a", false) {
        assert!(matches!(error.code, 400 | 409 | 500), "{}", error.code);
    }
    let once = match apply(Some(&live.value), config, live.resource, "d", true) {
        Ok(once) => once,
        Err(error) => return assert!(matches!(error.code, 400 | 500), "{}: {}", error.code, error.message),
    };
    as_json(&once);
    managed::check_entries(once.at(&["metadata", "managedFields"])).expect("entries can be read");
    if has_null(config) {
        // A null that tells items apart becomes the zero value of its type, which is another key.
        return;
    }
    let twice = apply(Some(&once), config, live.resource, "d", true).expect("what was applied applies again");
    assert_eq!(json::to_string(&twice), json::to_string(&once), "{}", json::to_string(config));
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().any(has_null),
        Value::Object(map) => map.values().any(has_null),
        _ => false,
    }
}

/// Writes by several managers, made by the choices that the bytes are: entries can always be read, and what a manager
/// applied is what it is said to own.
pub(crate) fn owners(bytes: &[u8]) {
    let Some((live, bytes)) = pick(bytes) else { return };
    let dice = &mut Dice::of_bytes(bytes);
    let mut now = live.value.clone();
    for _ in 0..1 + dice.below(4) {
        let manager = dice.pick(&["a", "b", "kubectl"]);
        let of = if dice.one_in(2) { &live.config } else { &now };
        let mut new = MAKER.vary(dice, of, live.resource.message);
        if dice.one_in(2) {
            now = tracked(&now, new, live.resource, manager);
        } else {
            new.remove_at(&["metadata", "managedFields"]);
            if let Ok(applied) = apply(Some(&now), &new, live.resource, manager, dice.one_in(2)) {
                let mine = managed::extract(BuiltIn::Message(live.resource.message), &applied, manager, "");
                assert!(mine.is_ok());
                now = applied;
            }
        }
        as_json(&now);
    }
}

/// A field set reads as it was written, and the algebra of sets holds.
pub(crate) fn fields_v1(bytes: &[u8]) {
    let Ok(parsed) = codec::json::parse(bytes) else { return };
    let Ok(set) = FieldSet::from_fields_v1(&parsed.value) else { return };
    let written = set.to_fields_v1();
    as_json(&written);
    let again = FieldSet::from_fields_v1(&written).expect("what was written can be read");
    assert_eq!(again, set);
    assert_eq!(set.clone().union(set.clone()), set);
    assert!(set.clone().difference(&set).is_empty());
    assert_eq!(set.intersection(&set), set);
    assert!(set.clone().leaves().is_within(&set));
}
