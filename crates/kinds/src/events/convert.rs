//! Event of the core group ⇄ Event of `events.k8s.io`.

use api::Value;

use crate::convert::rename;

/// Names in the core group, names in `events.k8s.io`.
const NAMES: [(&str, &str); 7] = [
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
    ("reportingComponent", "reportingController"),
];

pub(crate) fn from_core(event: &mut Value) {
    rename(event.make_object(), &NAMES, false);
}

pub(crate) fn to_core(event: &mut Value) {
    rename(event.make_object(), &NAMES, true);
}
