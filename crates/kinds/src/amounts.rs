//! Names and amounts of resources (`cpu`, `example.com/gpu`, `hugepages-2Mi`…), as pods, quotas and limits name them.
//!
//! Entry points: [`name`], [`container_name`] and [`value`] report what is wrong; the `is_…` functions tell kinds of
//! resources apart.

use api::quantity::Quantity;
use api::{Value, field};

use crate::core::pod_spec::defaults::round;
use crate::{Cursor, meta, names};

/// Prefix of the names of huge page resources.
pub(crate) const HUGE_PAGES: &str = "hugepages-";

/// Resources counted in whole objects.
const COUNTED: [&str; 9] = [
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "services.nodeports",
    "services.loadbalancers",
];

/// Resources that are measured, by the names requests, limits and quotas give them.
const MEASURED: [&str; 11] = [
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "storage",
    "requests.storage",
];

/// True for a name without prefix and for those of `kubernetes.io/`.
pub(crate) fn is_native(name: &str) -> bool {
    !name.contains('/') || name.contains("kubernetes.io/")
}

/// True for resources of others, such as devices.
pub(crate) fn is_extended(name: &str) -> bool {
    !is_native(name)
        && !name.starts_with("requests.")
        && names::qualified_name(&format!("requests.{name}")).is_empty()
}

/// True for resources counted in whole numbers.
pub(crate) fn is_integer(name: &str) -> bool {
    COUNTED.contains(&name) || is_extended(name)
}

/// True for resources that Kubernetes knows by itself.
pub(crate) fn is_standard(name: &str) -> bool {
    COUNTED.contains(&name)
        || MEASURED.contains(&name)
        || name.strip_prefix("requests.").unwrap_or(name).starts_with(HUGE_PAGES)
}

/// True for resources of which pods may use more than they asked for.
pub(crate) fn allows_overcommit(name: &str) -> bool {
    is_native(name) && !name.starts_with(HUGE_PAGES)
}

/// Reports what is wrong with the name of a resource, which stands at `at`.
pub(crate) fn name(at: &Cursor, name: &str, errors: &mut field::Errors) {
    let faults = names::qualified_name(name);
    if !faults.is_empty() {
        names::report(errors, &at.path(), name, &faults);
    } else if !name.contains('/') && !is_standard(name) {
        at.bad(errors, name, "must be a standard resource type or fully qualified");
    }
}

/// Reports what is wrong with the name of a resource that a container asks for, which stands at `at`.
pub(crate) fn container_name(at: &Cursor, name: &str, errors: &mut field::Errors) {
    self::name(at, name, errors);
    if !name.contains('/') {
        if !matches!(name, "cpu" | "memory" | "ephemeral-storage") && !name.starts_with(HUGE_PAGES) {
            at.bad(errors, name, "must be a standard resource for containers");
        }
    } else if !is_native(name) && !is_extended(name) {
        at.bad(errors, name, "doesn't follow extended resource name standard");
    }
}

/// Reads the amount at `at`; zero when there is none.  Decoding has refused what is no amount.
pub(crate) fn quantity(at: &Cursor) -> Quantity {
    Quantity::parse(at.str()).unwrap_or_default()
}

/// Reports what is wrong with an amount of the resource `name`.
pub(crate) fn value(at: &Cursor, name: &str, errors: &mut field::Errors) {
    let amount = quantity(at);
    not_negative(at, &amount, errors);
    if is_integer(name) && amount.milli_value() % 1000 != 0 {
        at.bad(errors, shown(&amount), "must be an integer");
    }
}

/// Rounds the amounts of the lists at these paths up to thousandths, as decoding does.
pub(crate) fn round_lists(object: &mut Value, lists: &[&[&str]]) {
    for path in lists {
        round(path.iter().try_fold(&mut *object, |value, key| value.get_mut(key)));
    }
}

/// Reports an amount below zero.
pub(crate) fn not_negative(at: &Cursor, amount: &Quantity, errors: &mut field::Errors) {
    if amount.sign() < 0 {
        at.bad(errors, shown(amount), meta::NOT_NEGATIVE);
    }
}

/// An amount as messages show it.
pub(crate) fn shown(amount: &Quantity) -> Value {
    amount.canonical().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::object;

    #[test]
    fn kinds_of_resources() {
        assert!(is_native("cpu") && is_native("x.kubernetes.io/y") && !is_native("a.b/c"));
        assert!(is_extended("a.b/c") && !is_extended("requests.a/c") && !is_extended("cpu"));
        assert!(is_integer("pods") && is_integer("a.b/c") && !is_integer("cpu"));
        assert!(
            is_standard("hugepages-2Mi") && is_standard("requests.hugepages-2Mi") && !is_standard("disk")
        );
        assert!(
            allows_overcommit("cpu") && !allows_overcommit("hugepages-2Mi") && !allows_overcommit("a.b/c")
        );
    }

    #[test]
    fn names_and_values() {
        let list = object! { "disk" => "1", "a.b/c" => "1500m", "cpu" => "-1", "pods" => "1" };
        let list = Cursor::at("limits", &list);
        let mut errors = field::Errors::new();
        for (key, amount) in list.entries() {
            container_name(&amount, key, &mut errors);
            value(&amount, key, &mut errors);
        }
        let texts: Vec<String> = errors.0.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "limits[disk]: Invalid value: \"disk\": must be a standard resource type or fully qualified",
                "limits[disk]: Invalid value: \"disk\": must be a standard resource for containers",
                "limits[a.b/c]: Invalid value: \"1500m\": must be an integer",
                "limits[cpu]: Invalid value: \"-1\": must be greater than or equal to 0",
                "limits[pods]: Invalid value: \"pods\": must be a standard resource for containers",
            ]
        );
    }
}
