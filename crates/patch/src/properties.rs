//! Laws that hold for whatever objects and patches, tried with generated ones.  The seeds are fixed: a failure names
//! the one that shows it.

use api::{GroupVersionKind, Map, Value, json, object};
use samples::Dice;

use crate::{
    go_text, json_patch, managed,
    managed::{Apply, BuiltIn, Element, FieldSet, NoVersions, Request, ResetFields, TypeView},
    merge_patch, strategic_merge,
};

const WORDS: &[&str] = &[
    "a",
    "b",
    "metadata",
    "spec",
    "template",
    "containers",
    "name",
    "env",
    "ports",
    "labels",
    "finalizers",
    "containerPort",
    "$patch",
    "$retainKeys",
    "$setElementOrder/containers",
    "$setElementOrder/finalizers",
    "$deleteFromPrimitiveList/finalizers",
    "delete",
    "replace",
    "~1/é\u{0}",
    "",
];

/// Any JSON value, rich in words that mean something to a patch.
fn anything(dice: &mut Dice<'_>, depth: usize) -> Value {
    match dice.below(if depth == 0 { 5 } else { 9 }) {
        0 => Value::Null,
        1 => dice.one_in(2).into(),
        2 => dice.pick(&[0_i64, 1, -1, i64::MAX]).into(),
        3 => dice.pick(&[0.5, 1.0, 1e300]).into(),
        4 => dice.pick(WORDS).into(),
        5 | 6 => (0..dice.below(4)).map(|_| anything(dice, depth - 1)).collect::<Vec<_>>().into(),
        _ => {
            let members = dice.below(5);
            (0..members).map(|_| (dice.pick(WORDS), anything(dice, depth - 1))).collect::<Map>().into()
        }
    }
}

/// Some of the names, at least one, in any order.
fn some<'a>(dice: &mut Dice<'_>, names: &[&'a str]) -> Vec<&'a str> {
    let mut out: Vec<&str> = names.iter().copied().filter(|_| dice.one_in(2)).collect();
    if out.is_empty() {
        out.push(dice.pick(names));
    }
    if dice.one_in(3) {
        out.reverse();
    }
    out
}

fn items(dice: &mut Dice<'_>, names: &[&str], mut make: impl FnMut(&mut Dice<'_>, &str) -> Value) -> Value {
    let names = some(dice, names);
    names.into_iter().map(|name| make(dice, name)).collect::<Vec<_>>().into()
}

fn strings(dice: &mut Dice<'_>, names: &[&str]) -> Value {
    let names = some(dice, names);
    names.into_iter().map(|name| (name, dice.pick(&["1", "2"]))).collect::<Map>().into()
}

/// A Deployment with any part missing, without empty lists and maps (which are as good as missing) and double items.
fn deployment(dice: &mut Dice<'_>) -> Value {
    let mut object = object! { "apiVersion" => "apps/v1", "kind" => "Deployment" };
    object.set_at(&["metadata", "name"], "d");
    for path in [&["metadata", "labels"][..], &["spec", "template", "spec", "nodeSelector"]] {
        if dice.one_in(2) {
            object.set_at(path, strings(dice, &["a", "b", "c"]));
        }
    }
    if dice.one_in(2) {
        object
            .set_at(&["metadata", "finalizers"], items(dice, &["x/a", "x/b", "x/c"], |_, name| name.into()));
    }
    if dice.one_in(2) {
        object.set_at(&["spec", "replicas"], dice.pick(&[1, 2, 3]));
    }
    if dice.one_in(2) {
        object.set_at(&["spec", "selector", "matchLabels"], strings(dice, &["a", "b"]));
    }
    let containers = items(dice, &["a", "b", "c", "d"], container);
    object.set_at(&["spec", "template", "spec", "containers"], containers);
    object
}

fn container(dice: &mut Dice<'_>, name: &str) -> Value {
    let mut out = object! { "name" => name };
    if dice.one_in(2) {
        out.set_at(&["image"], dice.pick(&["i", "j"]));
    }
    if dice.one_in(2) {
        out.set_at(&["args"], items(dice, &["x", "y"], |_, name| name.into()));
    }
    if dice.one_in(2) {
        let env =
            |dice: &mut Dice<'_>, name: &str| object! { "name" => name, "value" => dice.pick(&["1", "2"]) };
        out.set_at(&["env"], items(dice, &["A", "B", "C"], env));
    }
    if dice.one_in(2) {
        let port = |dice: &mut Dice<'_>, protocol: &str| {
            // One port of two protocols would be one item to strategic merge, which goes by the port alone.
            let number = if protocol == "TCP" { 80 } else { 81 };
            object! { "containerPort" => number, "protocol" => protocol, "hostPort" => dice.pick(&[1, 2]) }
        };
        out.set_at(&["ports"], items(dice, &["TCP", "UDP"], port));
    }
    out
}

fn deployments() -> &'static schema::Message {
    schema::kind("apps", "v1", "Deployment").unwrap()
}

fn set(dice: &mut Dice<'_>, depth: usize) -> FieldSet {
    let mut out = FieldSet::new();
    for _ in 0..dice.below(6) {
        let steps = 1 + dice.below(depth);
        let path: Vec<Element> = (0..steps)
            .map(|_| match dice.below(3) {
                0 => Element::field(dice.pick(&["a", "b", "c"])),
                1 => Element::key(vec![("n".into(), dice.pick(&[Value::from(1), "x".into()]))]),
                _ => Element::Item(dice.pick(&["p", "q"]).into()),
            })
            .collect();
        out.insert(&path);
    }
    out
}

#[test]
fn nothing_panics_whatever_the_patch() {
    for seed in 0..4_000 {
        let dice = &mut Dice::new(seed);
        let doc = if dice.one_in(2) { deployment(dice) } else { anything(dice, 4) };
        let patch = anything(dice, 5);
        let _ = merge_patch(doc.clone(), patch.clone());
        let _ = strategic_merge(doc.clone(), &mut patch.clone(), deployments());
        let operations: Vec<Value> = (0..dice.below(5)).map(|_| operation(dice)).collect();
        let _ = json_patch(doc.clone(), &operations.into());
        let _ = json_patch(doc.clone(), &patch);
        let _ = json_patch::unknown_fields(&patch);
        let _ = go_text(&patch);
        let _ = FieldSet::from_fields_v1(&patch);
        let _ = apply(Some(&doc), &patch, "m", dice.one_in(2));
        let mut tracked = patch.clone();
        let _ = managed::track(Some(&doc), &mut tracked, view(), &NoVersions, &request("m"));
    }
}

fn operation(dice: &mut Dice<'_>) -> Value {
    let path = |dice: &mut Dice<'_>| {
        let steps =
            ["", "/spec", "/metadata", "/metadata/labels", "/a", "/0", "/-1", "/-", "/~1", "/~", "/é"];
        (0..dice.below(4)).map(|_| dice.pick(&steps)).collect::<String>()
    };
    object! {
        "op" => dice.pick(&["add", "remove", "replace", "move", "copy", "test", "other"]),
        "path" => path(dice), "from" => path(dice), "value" => anything(dice, 2),
    }
}

#[test]
fn merge_patch_is_idempotent_and_as_the_rfc_says() {
    for seed in 0..2_000 {
        let dice = &mut Dice::new(seed);
        let (doc, patch) = (deployment(dice), without_lists(anything(dice, 4)));
        let Ok(once) = merge_patch(doc.clone(), patch.clone()) else { continue };
        assert_eq!(once, by_the_book(&doc, &patch), "seed {seed}");
        assert_eq!(merge_patch(once.clone(), patch).unwrap(), once, "seed {seed}");
    }
}

/// The pseudocode of RFC 7386.
fn by_the_book(target: &Value, patch: &Value) -> Value {
    let Value::Object(patch) = patch else { return patch.clone() };
    let mut out = target.as_object().cloned().unwrap_or_default();
    for (name, value) in patch.iter() {
        if value.is_null() {
            out.remove(name);
        } else {
            let merged = by_the_book(out.get(name).unwrap_or(&Value::Null), value);
            out.insert(name, merged);
        }
    }
    Value::Object(out)
}

/// Upstream removes nulls inside lists, of which the RFC says nothing.
fn without_lists(value: Value) -> Value {
    match value {
        Value::Object(map) => map.into_iter().map(|(k, v)| (k, without_lists(v))).collect::<Map>().into(),
        Value::Array(_) => "list".into(),
        other => other,
    }
}

#[test]
fn strategic_merge_is_idempotent_and_keeps_the_patch() {
    for seed in 0..2_000 {
        let dice = &mut Dice::new(seed);
        let (doc, patch) = (deployment(dice), deployment(dice));
        let once = strategic_merge(doc, &mut patch.clone(), deployments()).unwrap();
        let twice = strategic_merge(once.clone(), &mut patch.clone(), deployments()).unwrap();
        assert_eq!(twice, once, "seed {seed}");
        let ours = managed::field_set(view(), &patch);
        assert!(ours.clone().difference(&managed::field_set(view(), &once)).is_empty(), "seed {seed}");
    }
}

#[test]
fn set_algebra_laws() {
    for seed in 0..4_000 {
        let dice = &mut Dice::new(seed);
        let (a, b, c) = (set(dice, 3), set(dice, 3), set(dice, 3));
        let union = |a: &FieldSet, b: &FieldSet| a.clone().union(b.clone());
        let minus = |a: &FieldSet, b: &FieldSet| a.clone().difference(b);
        assert_eq!(union(&a, &b), union(&b, &a));
        assert_eq!(union(&union(&a, &b), &c), union(&a, &union(&b, &c)));
        assert_eq!(a.intersection(&b), b.intersection(&a));
        assert_eq!(union(&minus(&a, &b), &a.intersection(&b)), a);
        assert!(minus(&a, &b).intersection(&b).is_empty());
        assert_eq!(minus(&minus(&a, &b), &c), minus(&a, &union(&b, &c)));
        assert_eq!(a.intersection(&union(&b, &c)), union(&a.intersection(&b), &a.intersection(&c)));
        assert!(a.is_within(&union(&a, &b)) && minus(&a, &b).is_within(&a));
        assert!(a.clone().recursive_difference(&b).is_within(&minus(&a, &b)));
        assert!(a.clone().leaves().is_within(&a));
        assert_eq!(union(&a, &b).len() + a.intersection(&b).len(), a.len() + b.len());
    }
}

#[test]
fn field_sets_survive_their_json() {
    for seed in 0..2_000 {
        let a = set(&mut Dice::new(seed), 4);
        let text = json::to_string(&a.to_fields_v1());
        let parsed = codec::json::parse(text.as_bytes()).unwrap().value;
        assert_eq!(FieldSet::from_fields_v1(&parsed).unwrap(), a, "{text}");
    }
}

fn view() -> BuiltIn {
    BuiltIn::Message(deployments())
}

fn request(manager: &str) -> Request<'_> {
    Request {
        manager,
        api_version: "apps/v1",
        subresource: "",
        now: "2026-01-01T00:00:00Z",
        reset: ResetFields::Nothing,
    }
}

fn apply(live: Option<&Value>, config: &Value, manager: &str, force: bool) -> Result<Value, api::ApiError> {
    let kind = GroupVersionKind::new("apps", "v1", "Deployment");
    let apply = Apply { request: request(manager), kind: &kind, view: view(), versions: &NoVersions, force };
    managed::apply(live, config, &apply, &mut |mut merged| {
        view().canonicalize(&mut merged);
        merged.set_at(&["metadata", "uid"], "u");
        Ok(merged)
    })
}

fn leaves(object: &Value) -> FieldSet {
    let system = FieldSet::of_names(&[&["metadata", "uid"], &["metadata", "managedFields"]]);
    managed::field_set(view(), object).leaves().difference(&system)
}

#[test]
fn comparison_finds_what_separates_two_objects() {
    for seed in 0..2_000 {
        let dice = &mut Dice::new(seed);
        let (a, b) = (deployment(dice), deployment(dice));
        assert!(managed::compare(view(), &a, &a).unwrap().is_empty());
        let found = managed::compare(view(), &a, &b).unwrap();
        let back = managed::compare(view(), &b, &a).unwrap();
        assert!(found.removed.is_within(&back.changed), "what goes one way comes the other, seed {seed}");
        assert!(found.changed.intersection(&found.removed).is_empty(), "seed {seed}");
        let gone = leaves(&a).difference(&leaves(&b));
        assert!(gone.clone().is_within(&found.removed.clone().union(found.changed.clone())), "seed {seed}");
    }
}

#[test]
fn apply_is_idempotent_owns_what_it_names_and_tracks_every_write() {
    for seed in 0..150 {
        let dice = &mut Dice::new(seed);
        let mut live = apply(None, &deployment(dice), "first", false).unwrap();
        for step in 0..6 {
            let manager = dice.pick(&["a", "b", "c"]);
            if dice.one_in(3) {
                let mut new = deployment(dice);
                new.set_at(&["metadata", "uid"], "u");
                managed::track(Some(&live), &mut new, view(), &NoVersions, &request(manager)).unwrap();
                live = new;
                continue;
            }
            let config = deployment(dice);
            if let Ok(done) = apply(Some(&live), &config, manager, false) {
                let forced = apply(Some(&live), &config, manager, true).unwrap();
                assert_eq!(done, forced, "force changes nothing without conflicts, seed {seed}");
            }
            let once = apply(Some(&live), &config, manager, true).unwrap();
            let twice = apply(Some(&once), &config, manager, false).unwrap();
            assert_eq!(twice, once, "seed {seed} step {step}");
            let part = managed::extract(view(), &once, manager, "").unwrap().unwrap_or_default();
            let missing = values(&config, &part);
            assert!(missing.is_none(), "{missing:?} is not extracted, seed {seed} step {step}");
            live = once;
        }
    }
}

/// The first leaf of `config` outside of its name whose value `object` does not have.
fn values(config: &Value, object: &Value) -> Option<String> {
    let found = managed::compare(view(), config, object).unwrap();
    let name = FieldSet::of_names(&[&["metadata", "name"], &["metadata"]]);
    let lost = found.removed.leaves().difference(&name);
    let empty = |set: &FieldSet| set.intersection(&leaves(config)).is_empty();
    (!empty(&lost)).then(|| json::to_string(&lost.to_fields_v1()))
}
