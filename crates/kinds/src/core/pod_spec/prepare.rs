//! What a pod spec may not keep while the feature it belongs to is switched off, unless the old one had it already.
//!
//! Entry point: [`drop_disabled`].  Kubernetes 1.36 has these off by default.

use api::Value;

use super::CONTAINER_LISTS;
use crate::edit::objects_mut;

/// Projections whose feature is off (KEP-3257, KEP-4317).
const OFF_PROJECTIONS: [&str; 2] = ["clusterTrustBundle", "podCertificate"];

/// Drops from the pod spec at `path` what is switched off; `old` is the object before the change.
pub fn drop_disabled(object: &mut Value, old: Option<&Value>, path: &[&str]) {
    let before = old.map_or(&Value::Null, |old| old.at(path));
    let Some(spec) = path.iter().try_fold(&mut *object, |v, key| v.get_mut(key)) else { return };
    for projection in OFF_PROJECTIONS {
        if !uses_projection(before, projection) {
            drop_projection(spec, projection);
        }
    }
    if before.at(&["schedulingGroup"]).is_null() {
        spec.remove_at(&["schedulingGroup"]);
    }
    if !containers(before).any(|c| !c.at(&["lifecycle", "stopSignal"]).is_null()) {
        drop_stop_signals(spec);
    }
}

/// All containers of a pod spec.
pub fn containers(spec: &Value) -> impl Iterator<Item = &Value> {
    CONTAINER_LISTS.into_iter().flat_map(|list| spec.array_at(&[list]))
}

fn uses_projection(spec: &Value, projection: &str) -> bool {
    let sources = spec.array_at(&["volumes"]).iter().flat_map(|v| v.array_at(&["projected", "sources"]));
    sources.into_iter().any(|source| !source.at(&[projection]).is_null())
}

fn drop_projection(spec: &mut Value, projection: &str) {
    for volume in objects_mut(spec, &["volumes"]) {
        for source in objects_mut(volume, &["projected", "sources"]) {
            source.remove_at(&[projection]);
        }
    }
}

fn drop_stop_signals(spec: &mut Value) {
    for list in CONTAINER_LISTS {
        for container in objects_mut(spec, &[list]) {
            if container.remove_at(&["lifecycle", "stopSignal"]).is_some()
                && container.at(&["lifecycle"]).as_object().is_some_and(|l| l.values().all(Value::is_null))
            {
                container.remove_at(&["lifecycle"]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::object;

    fn pod(spec: Value) -> Value {
        object! { "spec" => spec }
    }

    #[test]
    fn switched_off_fields_go_unless_they_were_there() {
        let spec = object! {
            "containers" => vec![object! { "lifecycle" => object! { "stopSignal" => "SIGTERM" } }],
            "volumes" => vec![object! { "projected" => object! { "sources" => vec![object! { "podCertificate" => object! {} }] } }],
            "schedulingGroup" => object! {},
        };
        let mut new = pod(spec.clone());
        drop_disabled(&mut new, None, &["spec"]);
        let left = object! {
            "containers" => vec![object! {}],
            "volumes" => vec![object! { "projected" => object! { "sources" => vec![object! {}] } }],
        };
        assert_eq!(new, pod(left));
        let old = pod(spec);
        let mut new = old.clone();
        drop_disabled(&mut new, Some(&old), &["spec"]);
        assert_eq!(new, old);
    }
}
