//! What a pod asks for: the sums over its containers, its quality-of-service class.
//!
//! Entry points: [`aggregate`] (KEP-753 tells how init containers and sidecars count), [`fill_pod_level`] (KEP-2837)
//! and [`qos_class`].

use std::collections::BTreeMap;

use api::quantity::Quantity;
use api::{Map, Str, Value};

/// Amounts by resource name.
pub type Amounts = BTreeMap<Str, Quantity>;

/// Prefix of the names of huge page resources.
pub const HUGE_PAGES: &str = "hugepages-";

/// True for resources that a pod as a whole may ask for.
pub fn is_pod_level(name: &str) -> bool {
    matches!(name, "cpu" | "memory") || name.starts_with(HUGE_PAGES)
}

/// True for a container that starts before the main ones and keeps running (a sidecar).
pub fn is_sidecar(container: &Value) -> bool {
    container.str_at(&["restartPolicy"]) == "Always"
}

/// The amounts of a resource list; unreadable ones are left out.
pub fn amounts(list: &Value) -> Amounts {
    let members = list.as_object().into_iter().flat_map(Map::iter);
    members.filter_map(|(name, text)| Some((name.into(), Quantity::parse(text.as_str()?).ok()?))).collect()
}

/// Adds `more` to the amounts.
pub fn add(total: &mut Amounts, more: &Amounts) {
    for (name, amount) in more {
        match total.get_mut(name) {
            Some(sum) => sum.add(amount),
            None => drop(total.insert(name.clone(), amount.clone())),
        }
    }
}

fn raise(total: &mut Amounts, other: &Amounts) {
    for (name, amount) in other {
        if total.get(name).is_none_or(|have| amount > have) {
            total.insert(name.clone(), amount.clone());
        }
    }
}

/// What all containers of a pod spec need together of `which`, `requests` or `limits`: the sum of the main containers
/// and sidecars, or the most that any init container needs beside the sidecars started before it.
pub fn aggregate(spec: &Value, which: &str) -> Amounts {
    let mut total = Amounts::new();
    for container in spec.array_at(&["containers"]) {
        add(&mut total, &amounts(container.at(&["resources", which])));
    }
    let (mut sidecars, mut starting) = (Amounts::new(), Amounts::new());
    for container in spec.array_at(&["initContainers"]) {
        let mut own = amounts(container.at(&["resources", which]));
        if is_sidecar(container) {
            add(&mut total, &own);
            add(&mut sidecars, &own);
            own.clone_from(&sidecars);
        } else {
            add(&mut own, &sidecars);
        }
        raise(&mut starting, &own);
    }
    raise(&mut total, &starting);
    total
}

/// Fills the pod-level resources of a pod spec that names some of them.
pub fn fill_pod_level(spec: &mut Map) {
    let Some(resources) = spec.get("resources").filter(|r| r.as_object().is_some()) else { return };
    let has = |which: &str| resources.at(&[which]).as_object().is_some_and(|list| !list.is_empty());
    let (limits, requests) = (has("limits"), has("requests"));
    let whole = Value::Object(spec.clone());
    let Some(resources) = spec.get_mut("resources") else { return };
    if limits || requests {
        fill_huge_page_limits(resources, &whole);
    }
    if !resources.at(&["limits"]).as_object().is_none_or(Map::is_empty) {
        fill_requests(resources, &whole);
    }
}

fn fill_huge_page_limits(resources: &mut Value, spec: &Value) {
    for (name, amount) in
        aggregate(spec, "limits").into_iter().filter(|(name, _)| name.starts_with(HUGE_PAGES))
    {
        if resources.at(&["requests", &name]).is_null() && resources.at(&["limits", &name]).is_null() {
            resources.set_at(&["limits", &name], amount.canonical());
        }
    }
}

/// Requests are what the containers ask for, else the limits.
fn fill_requests(resources: &mut Value, spec: &Value) {
    let of_containers = aggregate(spec, "requests");
    let overcommitted =
        of_containers.into_iter().filter(|(name, _)| matches!(name.as_str(), "cpu" | "memory"));
    let limits = amounts(resources.at(&["limits"])).into_iter().filter(|(name, _)| is_pod_level(name));
    for (name, amount) in overcommitted.chain(limits) {
        if resources.at(&["requests", &name]).is_null() {
            resources.set_at(&["requests", &name], amount.canonical());
        }
    }
}

/// The quality-of-service class of a pod spec.
pub fn qos_class(spec: &Value) -> &'static str {
    let pod_level = spec.at(&["resources"]);
    let holders: Vec<&Value> = if pod_level.is_null() {
        let containers = spec.array_at(&["containers"]).iter().chain(spec.array_at(&["initContainers"]));
        containers.map(|container| container.at(&["resources"])).collect()
    } else {
        vec![pod_level]
    };
    let (mut requests, mut limits) = (Amounts::new(), Amounts::new());
    let mut all_limited = true;
    for holder in holders {
        add(&mut requests, &counted(holder.at(&["requests"])));
        let own = counted(holder.at(&["limits"]));
        // Pod-level resources without any limit are judged by the comparison below alone.
        all_limited &= own.len() == 2
            || (!pod_level.is_null() && holder.at(&["limits"]).as_object().is_none_or(Map::is_empty));
        add(&mut limits, &own);
    }
    if requests.is_empty() && limits.is_empty() {
        "BestEffort"
    } else if all_limited && requests == limits {
        "Guaranteed"
    } else {
        "Burstable"
    }
}

/// The amounts of processor and memory above zero.
fn counted(list: &Value) -> Amounts {
    let mut amounts = amounts(list);
    amounts.retain(|name, amount| matches!(name.as_str(), "cpu" | "memory") && amount.sign() > 0);
    amounts
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::object;

    fn container(requests: Value, limits: Value) -> Value {
        object! { "resources" => object! { "requests" => requests, "limits" => limits } }
    }

    #[test]
    fn init_containers_and_sidecars_count_as_they_run() {
        let cpu = |n: &str| object! { "cpu" => n };
        let mut sidecar = container(cpu("1"), Value::Null);
        sidecar.set_at(&["restartPolicy"], "Always");
        let spec = object! {
            "containers" => vec![container(cpu("2"), Value::Null), container(cpu("500m"), Value::Null)],
            "initContainers" => vec![container(cpu("3"), Value::Null), sidecar, container(cpu("2600m"), Value::Null)],
        };
        // Main containers and sidecar need 3.5; the last init container beside the sidecar needs 3.6.
        let total = aggregate(&spec, "requests");
        assert_eq!(total.get("cpu").map(|q| q.canonical().to_string()), Some("3600m".to_owned()));
    }

    #[test]
    fn classes() {
        let both = object! { "cpu" => "1", "memory" => "1Gi" };
        let class = |containers: Vec<Value>| qos_class(&object! { "containers" => containers });
        assert_eq!(class(vec![container(Value::Null, Value::Null)]), "BestEffort");
        assert_eq!(class(vec![container(object! { "cpu" => "0" }, Value::Null)]), "BestEffort");
        assert_eq!(class(vec![container(both.clone(), both.clone())]), "Guaranteed");
        assert_eq!(
            class(vec![container(object! { "cpu" => "1000m", "memory" => "1024Mi" }, both.clone())]),
            "Guaranteed"
        );
        assert_eq!(class(vec![container(object! { "cpu" => "1" }, both.clone())]), "Burstable");
        assert_eq!(
            class(vec![container(both.clone(), both.clone()), container(Value::Null, Value::Null)]),
            "Burstable"
        );
        let pod_level = |r: Value| {
            qos_class(
                &object! { "resources" => r, "containers" => vec![container(both.clone(), Value::Null)] },
            )
        };
        assert_eq!(pod_level(object! { "limits" => both.clone(), "requests" => both.clone() }), "Guaranteed");
        assert_eq!(pod_level(object! { "requests" => object! { "cpu" => "1" } }), "Burstable");
    }

    #[test]
    fn pod_level_resources_fill_up() {
        let mut spec = object! {
            "resources" => object! { "limits" => object! { "cpu" => "2", "memory" => "1Gi" } },
            "containers" => vec![container(object! { "cpu" => "1" }, object! { "hugepages-2Mi" => "4Mi" })],
        };
        fill_pod_level(spec.make_object());
        let want = object! {
            "limits" => object! { "cpu" => "2", "memory" => "1Gi", "hugepages-2Mi" => "4Mi" },
            "requests" => object! { "cpu" => "1", "memory" => "1Gi", "hugepages-2Mi" => "4Mi" },
        };
        assert_eq!(spec.at(&["resources"]), &want);
    }
}
