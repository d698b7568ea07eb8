//! Questions for upstream's own libraries: what becomes of an object by a patch, or by the writes of several managers.

use api::{Value, object};
use samples::{Dice, Maker, patches};

use crate::support::Kind;

/// What is asked.
pub const MODES: &[&str] = &["owners", "three-way", "two-way", "strategic", "json", "merge"];

/// One question about objects of a kind.
pub fn ask(dice: &mut Dice<'_>, kind: &Kind, mode: &str, maker: &Maker) -> Value {
    let doc = kind.object(dice, maker);
    let other = kind.variant(dice, maker, &doc);
    let mut job = object! {
        "group" => kind.gvk.group.clone(), "version" => kind.gvk.version.clone(), "kind" => kind.gvk.kind.clone(),
        "mode" => mode,
    };
    match mode {
        "owners" => job.set_at(&["steps"], steps(dice, kind, maker, doc)),
        "three-way" => {
            job.set_at(&["modified"], kind.variant(dice, maker, &other));
            job.set_at(&["last"], other);
            job.set_at(&["doc"], doc);
        }
        "two-way" => {
            job.set_at(&["modified"], other);
            job.set_at(&["doc"], doc);
        }
        "strategic" => {
            job.set_at(&["patch"], patches::strategic(dice, &doc, other, kind.message));
            job.set_at(&["doc"], doc);
        }
        "json" => {
            job.set_at(&["patch"], patches::json(dice, &doc));
            job.set_at(&["doc"], doc);
        }
        _ => {
            job.set_at(&["patch"], patches::merge(dice, other));
            job.set_at(&["doc"], doc);
        }
    }
    job
}

fn steps(dice: &mut Dice<'_>, kind: &Kind, maker: &Maker, first: Value) -> Vec<Value> {
    let mut at = first;
    (0..2 + dice.below(4))
        .map(|_| {
            let op = dice.pick(&["apply", "apply", "update"]);
            let mut object = at.clone();
            if op == "update" {
                object.set_at(&["metadata", "uid"], "u");
            } else if dice.one_in(3) {
                patches::thin(dice, &mut object);
                crate::support::drop_nulls(&mut object);
                object.set_at(&["metadata", "name"], "n");
                object.set_at(&["kind"], kind.gvk.kind.clone());
                object.set_at(&["apiVersion"], kind.gvk.api_version());
            }
            at = kind.variant(dice, maker, &at);
            let (manager, force) = (dice.pick(&["a", "b", "kubectl"]), dice.one_in(2));
            object! { "op" => op, "manager" => manager, "force" => force, "object" => object }
        })
        .collect()
}
