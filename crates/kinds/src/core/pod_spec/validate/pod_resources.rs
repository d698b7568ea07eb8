//! Resources of the pod as a whole (KEP-2837), and whether its containers fit into them.
//!
//! Entry point: [`all`].

use api::field::Errors;

use super::super::resources::aggregate;
use super::{Facts, requirements};
use crate::Cursor;
use crate::amounts::{self, HUGE_PAGES};

/// All failures of `resources` of the pod spec.
pub(super) fn all(spec: &Cursor, facts: &Facts, errors: &mut Errors) {
    let resources = spec.child("resources");
    if !resources.is_set() {
        return;
    }
    if facts.os() == Some("windows") {
        return resources.forbidden(errors, "may not be set for a windows pod");
    }
    if resources.has("claims") {
        resources.child("claims").forbidden(errors, "claims may not be set for Resources at pod-level");
    }
    let claims: Vec<&str> = facts.claims().collect();
    requirements::pod_level(&resources, &claims, facts.options, errors);
    for (which, of) in [("requests", "requests"), ("limits", "limits")] {
        let list = resources.child(which);
        for (name, sum) in aggregate(spec.value(), which) {
            let own = list.key(&name);
            let counts = which == "requests" || name.starts_with(HUGE_PAGES);
            let amount = amounts::quantity(&own);
            if own.is_set() && counts && sum > amount {
                let why = format!("must be greater than or equal to aggregate container {of} of {sum}");
                own.bad(errors, amounts::shown(&amount), &why);
            }
        }
    }
    each_limit(spec, &resources, errors);
}

/// No single container may have more than the pod.  The paths are upstream's.
fn each_limit(spec: &Cursor, resources: &Cursor, errors: &mut Errors) {
    let (limits, shown) = (resources.child("limits"), resources.child("containers"));
    for (i, container) in spec.child("containers").items().enumerate() {
        let own = container.child("resources");
        for (name, amount) in own.child("limits").entries() {
            let limit = limits.key(name);
            let (amount, most) = (amounts::quantity(&amount), amounts::quantity(&limit));
            if limit.is_set() && amount > most {
                let path = shown.path().index(i).key(name).child("limits");
                let why = format!("must be less than or equal to pod limits of {most}");
                errors.invalid(&path, &amounts::shown(&amount), why);
            }
        }
    }
}
