//! A strategic merge patch that was worked out between two objects leads from one to the other, for every kind.

use samples::{Dice, Maker};
use sumun_patch::strategic_merge;

use crate::support::{differ, kinds};
use crate::{difference, support};

const MAKER: Maker = Maker { richness: 3, depth: 7, system: false, loose: false };

#[test]
fn a_difference_leads_to_its_target() {
    let mut tried = 0;
    for (i, kind) in kinds().iter().enumerate() {
        for round in 0..40 {
            let seed = i as u64 * 1000 + round;
            let dice = &mut Dice::new(seed);
            let old = kind.object(dice, &MAKER);
            let new = kind.variant(dice, &MAKER, &old);
            let Ok(mut patch) = difference::between(&old, &new, kind.message) else { continue };
            let shown = api::json::to_string(&patch);
            let mut merged = strategic_merge(old.clone(), &mut patch, kind.message).unwrap_or_else(|e| {
                panic!("{} seed {seed}: {e:?}: {shown} on {}", kind.gvk, api::json::to_string(&old))
            });
            let mut want = new;
            // A structure that lost its members and one that is gone are the same when they are stored.
            for object in [&mut merged, &mut want] {
                schema::canonicalize(object, kind.message);
                support::drop_nulls(object);
            }
            assert_eq!(
                merged,
                want,
                "{} seed {seed}: {}\n  patch  {shown}",
                kind.gvk,
                differ("", &merged, &want)
            );
            tried += 1;
        }
    }
    assert!(tried > 1500, "only {tried} objects could be told apart by a patch");
}
