//! Laws of field ownership (KEP-555) for objects of every kind: writes by several managers, checked against a second
//! opinion on what an object's fields are.

use std::collections::BTreeSet;

use crate::fields::{self, Fields, Path};
use crate::support::{Kind, differ, drop_empty, kinds};
use api::Value;
use samples::{Dice, Maker};

/// Rounds for each kind.
const ROUNDS: u64 = 12;

const MAKER: Maker = Maker { richness: 3, depth: 6, system: false, loose: false };

fn each_kind(check: impl Fn(&Kind, &mut Dice<'_>, &str)) {
    for (i, kind) in kinds().iter().enumerate() {
        for round in 0..ROUNDS {
            let seed = i as u64 * 1000 + round;
            check(kind, &mut Dice::new(seed), &format!("{} seed {seed}", kind.gvk));
        }
    }
}

fn object(kind: &Kind, dice: &mut Dice) -> Value {
    let mut object = kind.object(dice, &MAKER);
    drop_empty(&mut object);
    object
}

fn variant(kind: &Kind, dice: &mut Dice, of: &Value) -> Value {
    let mut object = kind.variant(dice, &MAKER, of);
    drop_empty(&mut object);
    object
}

fn typed(kind: &Kind, paths: BTreeSet<Path>) -> BTreeSet<Path> {
    paths.into_iter().filter(|path| !fields::is_free(path, kind.message)).collect()
}

fn names(fields: &Fields) -> BTreeSet<Path> {
    fields.keys().cloned().collect()
}

#[test]
fn apply_is_idempotent_and_owns_exactly_what_it_names() {
    each_kind(|kind, dice, label| {
        let first = object(kind, dice);
        let mut live = kind.apply(None, &first, "a", false).unwrap();
        for manager in ["a", "b", "a"] {
            let config = variant(kind, dice, &first);
            let once = kind.apply(Some(&live), &config, manager, true).unwrap();
            for force in [false, true] {
                let twice = kind.apply(Some(&once), &config, manager, force).unwrap();
                assert_eq!(twice, once, "{}", differ(label, &twice, &once));
            }
            let want = names(&fields::of(&config, kind.message));
            let have = typed(kind, fields::owned(&once, manager, "Apply"));
            let odd: Vec<_> = have.symmetric_difference(&want).collect();
            assert!(
                odd.is_empty(),
                "{label}: {odd:?} of {manager}, who applied {}",
                api::json::to_string(&config)
            );
            let (values, applied) = (fields::of(&once, kind.message), fields::of(&config, kind.message));
            for (path, value) in applied {
                assert_eq!(values.get(&path), Some(&value), "{label}: {path:?} is not as applied");
            }
            live = once;
        }
    });
}

#[test]
fn a_field_goes_exactly_when_its_last_owner_drops_it() {
    each_kind(|kind, dice, label| {
        let config = object(kind, dice);
        let live = kind.apply(None, &config, "a", false).unwrap();
        let theirs = variant(kind, dice, &config);
        let live = kind.apply(Some(&live), &theirs, "b", true).unwrap();
        let next = variant(kind, dice, &config);
        let after = kind.apply(Some(&live), &next, "a", true).unwrap();
        let values = fields::of(&after, kind.message);
        let wanted = names(&fields::of(&next, kind.message));
        let others = fields::owned(&live, "b", "Apply");
        for path in typed(kind, fields::owned(&live, "a", "Apply")) {
            if wanted.contains(&path) {
                continue;
            }
            let kept_alive =
                others.iter().chain(&wanted).any(|owned| owned.starts_with(&path) || is_key(owned, &path));
            assert_eq!(values.contains_key(&path), kept_alive, "{label}: {path:?}");
        }
        let all: BTreeSet<Path> = ["a", "b"].iter().flat_map(|m| fields::owned(&after, m, "Apply")).collect();
        for path in values.keys() {
            let owned =
                all.iter().any(|owned| owned == path || owned.starts_with(path) || is_key(owned, path));
            assert!(owned, "{label}: nobody owns {path:?}");
        }
    });
}

/// True when `path` is a member by which the item is known that `owned` is in or is.
fn is_key(owned: &[String], path: &[String]) -> bool {
    let Some((member, item)) = path.split_last() else { return false };
    let named = |key: &String| {
        key.starts_with("k:") && key.contains(&format!("\"{}\":", member.trim_start_matches("f:")))
    };
    item.last().is_some_and(named) && owned.starts_with(item)
}

#[test]
fn force_takes_over_exactly_the_conflicts() {
    each_kind(|kind, dice, label| {
        let config = object(kind, dice);
        let live = kind.apply(None, &config, "a", false).unwrap();
        let other = variant(kind, dice, &config);
        let live_values = fields::of(&live, kind.message);
        let theirs = fields::owned(&live, "a", "Apply");
        let contested: BTreeSet<Path> = fields::of(&other, kind.message)
            .into_iter()
            .filter(|(path, value)| theirs.contains(path) && live_values.get(path) != Some(value))
            .map(|(path, _)| path)
            .collect();
        let forced = kind.apply(Some(&live), &other, "b", true).unwrap();
        let lost: BTreeSet<Path> =
            theirs.difference(&fields::owned(&forced, "a", "Apply")).cloned().collect();
        let odd: Vec<_> = typed(kind, lost.clone()).symmetric_difference(&contested).cloned().collect();
        assert!(odd.is_empty(), "{label}: {odd:?}");
        match kind.apply(Some(&live), &other, "b", false) {
            Ok(same) => {
                assert!(lost.is_empty(), "{label}: no conflict told but {lost:?}");
                assert_eq!(same, forced, "{label}");
            }
            Err(error) => {
                assert_eq!(error.code, 409, "{label}: {}", error.message);
                let causes = error.details.map_or(0, |details| details.causes.len());
                assert_eq!(causes, lost.len(), "{label}: {}", error.message);
            }
        }
    });
}

#[test]
fn an_update_owns_what_it_changes_and_nobody_owns_what_it_removes() {
    each_kind(|kind, dice, label| {
        let first = object(kind, dice);
        let mut live = kind.apply(None, &first, "a", false).unwrap();
        for manager in ["u", "v", "u"] {
            if live.at(&["metadata", "managedFields"]).is_null() {
                // An object that nobody owns anything of is not tracked until somebody applies to it.
                return;
            }
            let mut new = variant(kind, dice, &live_config(&live));
            new.set_at(&["metadata", "uid"], "u");
            let after = kind.update(Some(&live), &new, manager).unwrap();
            let (old, new) = (fields::of(&live, kind.message), fields::of(&after, kind.message));
            let mine = fields::owned(&after, manager, "Update");
            let entries = [("a", "Apply"), ("u", "Update"), ("v", "Update")];
            for (path, value) in &new {
                let changed = old.get(path) != Some(value);
                if changed {
                    assert!(
                        mine.contains(path),
                        "{label}: {manager} changed {path:?} from {:?} to {value:?}: {} then {}",
                        old.get(path),
                        api::json::to_string(&live),
                        api::json::to_string(&after)
                    );
                }
                for (other, operation) in entries.iter().filter(|(other, _)| *other != manager) {
                    let has = fields::owned(&after, other, operation).contains(path);
                    let had = fields::owned(&live, other, operation).contains(path);
                    assert_eq!(has, had && !(changed && value.is_some()), "{label}: {other} and {path:?}");
                }
            }
            for path in old.keys().filter(|path| !new.contains_key(*path)) {
                for (other, operation) in entries {
                    let owned = fields::owned(&after, other, operation);
                    assert!(!owned.contains(path), "{label}: {other} still owns {path:?}, which is gone");
                }
            }
            live = after;
        }
    });
}

/// The object without what the server adds.
fn live_config(live: &Value) -> Value {
    let mut object = live.clone();
    for member in ["managedFields", "uid"] {
        object.remove_at(&["metadata", member]);
    }
    object
}
