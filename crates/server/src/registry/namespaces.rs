//! A namespace goes in three steps: it is marked, its content is removed by a controller, its finalizers are taken.

use api::{Value, time::Timestamp};

use super::delete::Step;
use super::meta;
use crate::catalog::Served;

/// True for the resource `namespaces`.
pub(super) fn is_namespace(served: &Served) -> bool {
    served.table.group.is_empty() && served.table.plural == "namespaces"
}

/// What a DELETE of a namespace does next.
pub(super) fn step(old: &Value, now: Timestamp) -> Step {
    let held = !old.array_at(&["spec", "finalizers"]).is_empty() || meta::finalizers(old).next().is_some();
    if meta::is_deleting(old) {
        return if held { Step::Wait } else { Step::Remove };
    }
    let mut state = old.clone();
    state.set_at(&["metadata", "deletionTimestamp"], now.text());
    state.set_at(&["status", "phase"], "Terminating");
    Step::Mark(state, !held)
}
