//! What a pod spec may keep because the old one had it: rules became stricter over time, and what is stored must stay
//! changeable.
//!
//! Entry point: [`Options::of`].

use api::field::Errors;
use api::{Map, Value};

use super::super::prepare::containers;
use super::super::resources::is_sidecar;
use super::{annotations, scheduling, security};
use crate::Cursor;
use crate::amounts::{self, HUGE_PAGES};
use crate::core::volume_sources;
use crate::selectors;

/// What may stay; all false for a new object.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Options {
    /// The object is a pod, not a template.
    pub(crate) is_pod: bool,
    /// Containers may be privileged.
    pub(crate) allow_privileged: bool,
    /// A deletion cost that is no number.
    pub(crate) lax_deletion_cost: bool,
    /// Amounts of huge pages that are no multiple of the page size.
    pub(crate) lax_huge_pages: bool,
    /// Bad values in the selectors of pod affinity.
    pub(crate) lax_affinity_values: bool,
    /// Bad values in required node affinity.
    pub(crate) lax_node_affinity_values: bool,
    /// Bad selectors of topology spread.
    pub(crate) lax_spread_selectors: bool,
    /// Label keys of topology spread that are in the selector, too.
    pub(crate) lax_spread_keys: bool,
    /// Sysctls of namespaces shared with the host.
    pub(crate) lax_sysctls: bool,
    /// Tokens projected to paths outside their volume.
    pub(crate) lax_token_paths: bool,
    /// Devices together with users of one's own.
    pub(crate) lax_host_users_with_devices: bool,
    /// The host's network together with users of one's own.
    pub(crate) lax_host_users_with_host_network: bool,
    /// Init containers that ask to be restarted on resize.
    pub(crate) lax_init_resize: bool,
    /// Any SELinux change policy, not only `Recursive`.
    pub(crate) any_selinux_policy: bool,
    /// Tolerations that compare numbers.
    pub(crate) comparing_tolerations: bool,
}

impl Options {
    /// What a pod spec may keep of the old one, and its pod or template of the old `metadata`.
    pub(crate) fn of(old: &Value, metadata: &Value) -> Self {
        Self {
            lax_deletion_cost: !annotations::is_deletion_cost_sound(metadata.at(&["annotations"])),
            lax_huge_pages: has_odd_huge_pages(old),
            lax_affinity_values: pod_affinity_terms(old).any(has_bad_selector),
            lax_node_affinity_values: has_bad_node_affinity(old),
            lax_spread_selectors: spread(old).any(has_bad_spread_selector),
            lax_spread_keys: spread(old).any(has_bad_spread_keys),
            lax_sysctls: security::has_host_sysctl(old),
            lax_token_paths: has_odd_token_path(old),
            lax_host_users_with_devices: old.at(&["hostUsers"]).as_bool() == Some(false)
                && containers(old).any(|c| !c.array_at(&["volumeDevices"]).is_empty()),
            lax_host_users_with_host_network: old.at(&["hostUsers"]).as_bool() == Some(false)
                && old.at(&["hostNetwork"]).as_bool() == Some(true),
            lax_init_resize: has_init_resize(old),
            any_selinux_policy: !old.at(&["securityContext", "seLinuxChangePolicy"]).is_null(),
            comparing_tolerations: old
                .array_at(&["tolerations"])
                .iter()
                .any(|t| matches!(t.str_at(&["operator"]), "Lt" | "Gt")),
            ..Self::default()
        }
    }
}

/// Whether a check finds anything.
fn fails(check: impl FnOnce(&mut Errors)) -> bool {
    let mut errors = Errors::new();
    check(&mut errors);
    !errors.is_empty()
}

fn has_odd_huge_pages(spec: &Value) -> bool {
    let of_containers =
        containers(spec).flat_map(|c| [c.at(&["resources", "limits"]), c.at(&["resources", "requests"])]);
    let lists = of_containers.chain([spec.at(&["overhead"])]);
    let amounts = lists.filter_map(Value::as_object).flat_map(Map::iter);
    amounts.into_iter().any(|(name, amount)| {
        name.starts_with(HUGE_PAGES)
            && !super::requirements::is_whole_pages(name, &amounts::quantity(&Cursor::root(amount)))
    })
}

fn pod_affinity_terms(spec: &Value) -> impl Iterator<Item = &Value> {
    ["podAffinity", "podAntiAffinity"].into_iter().flat_map(|kind| {
        let required = spec.array_at(&["affinity", kind, "requiredDuringSchedulingIgnoredDuringExecution"]);
        let preferred = spec.array_at(&["affinity", kind, "preferredDuringSchedulingIgnoredDuringExecution"]);
        required.iter().chain(preferred.iter().map(|term| term.at(&["podAffinityTerm"])))
    })
}

fn has_bad_selector(term: &Value) -> bool {
    fails(|errors| scheduling::term_selectors(&Cursor::root(term), false, errors))
}

fn has_bad_node_affinity(spec: &Value) -> bool {
    let path =
        ["affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"];
    let terms = spec.array_at(&path).iter();
    let values = terms.flat_map(|t| t.array_at(&["matchExpressions"])).flat_map(|e| e.array_at(&["values"]));
    values.filter_map(Value::as_str).any(|value| !crate::names::label_value(value).is_empty())
}

fn spread(spec: &Value) -> impl Iterator<Item = &Value> {
    spec.array_at(&["topologySpreadConstraints"]).iter()
}

fn has_bad_spread_selector(constraint: &Value) -> bool {
    fails(|errors| selectors::label_selector(&Cursor::root(constraint).child("labelSelector"), false, errors))
}

fn has_bad_spread_keys(constraint: &Value) -> bool {
    fails(|errors| scheduling::label_keys(&Cursor::root(constraint), errors))
}

fn has_odd_token_path(spec: &Value) -> bool {
    let sources = spec.array_at(&["volumes"]).iter().flat_map(|v| v.array_at(&["projected", "sources"]));
    let tokens = sources.map(|source| source.at(&["serviceAccountToken"])).filter(|token| !token.is_null());
    tokens
        .into_iter()
        .any(|token| fails(|errors| volume_sources::local_path(&Cursor::root(token).child("path"), errors)))
}

fn has_init_resize(spec: &Value) -> bool {
    let plain = spec.array_at(&["initContainers"]).iter().filter(|c| !is_sidecar(c));
    plain
        .flat_map(|c| c.array_at(&["resizePolicy"]))
        .any(|policy| policy.str_at(&["restartPolicy"]) == "RestartContainer")
}
