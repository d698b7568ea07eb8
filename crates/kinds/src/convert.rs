//! Objects of one version written in another, for the few kinds whose versions differ in more than their name.
//!
//! Entry points: [`convert`], [`reported_group`].

use api::{GroupVersion, Map, Value};

use crate::{autoscaling, events};

/// Writes an object of `kind` in another group and version.
///
/// The object must be canonical (`schema::canonicalize`) in the version it comes from; members keep no particular
/// order, so canonicalize the result for the version it goes to.  Kinds whose versions look the same only get a new
/// `apiVersion`.
pub fn convert(mut object: Value, from: &GroupVersion, to: &GroupVersion, kind: &str) -> Value {
    if from == to {
        return object;
    }
    let route = (from.group.as_str(), from.version.as_str(), to.group.as_str(), to.version.as_str(), kind);
    match route {
        ("", _, "events.k8s.io", _, "Event") => events::convert::from_core(&mut object),
        ("events.k8s.io", _, "", _, "Event") => events::convert::to_core(&mut object),
        ("autoscaling", "v1", "autoscaling", "v2", "HorizontalPodAutoscaler") => {
            autoscaling::convert::to_v2(&mut object);
        }
        ("autoscaling", "v2", "autoscaling", "v1", "HorizontalPodAutoscaler") => {
            autoscaling::convert::to_v1(&mut object);
        }
        _ => {}
    }
    object.make_object().insert("apiVersion", to.to_string().into());
    object
}

/// The group that failures of a kind name: that of the structure upstream holds the object in.
pub fn reported_group<'a>(group: &'a str, kind: &str) -> &'a str {
    if (group, kind) == ("events.k8s.io", "Event") { "" } else { group }
}

/// Renames members; the second name of a pair becomes the first when `back`.
pub(crate) fn rename(map: &mut Map, pairs: &[(&str, &str)], back: bool) {
    for (left, right) in pairs {
        let (from, to) = if back { (right, left) } else { (left, right) };
        if let Some(value) = map.remove(from) {
            map.insert(*to, value);
        }
    }
}

#[cfg(test)]
mod tests;
