//! Nodes and what is installed in a cluster: network plug-ins, agents, shippers of logs, monitoring.
//!
//! Entry points: [`Installed::of`] finds products by their images and resources; [`Coverage::of`] tells on which nodes
//! a set of workloads runs.

use std::collections::HashMap;

use api::Value;
use api::selector::{LabelSelector, Operator, Requirement};
use evidence::{Evidence, Object};

use crate::image::Image;
use crate::sources::products::{PRODUCTS, Product, Role};
use crate::workload::{Container, Workload, Workloads};

/// A product, and what it was known by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found<'a> {
    pub product: &'static Product,
    /// The workload and the container with its image; `None` when only its resources are there.
    pub workload: Option<(Workload<'a>, Container<'a>)>,
}

/// Every product that was found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Installed<'a>(pub Vec<Found<'a>>);

/// On which nodes something runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Coverage<'a> {
    /// How many nodes there are.
    pub nodes: usize,
    /// Those where it does not run.
    pub missing: Vec<&'a str>,
}

/// Taints that the pods of a DaemonSet tolerate without saying so.
const TOLERATED: [(&str, &str); 6] = [
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
];

/// The same for those on the host's network.
const NETWORK_UNAVAILABLE: (&str, &str) = ("node.kubernetes.io/network-unavailable", "NoSchedule");

/// How the identities of nodes begin that no cloud has given.
const NO_CLOUD: [&str; 8] = [
    "kind://",
    "k3s://",
    "kwok://",
    "vsphere://",
    "metal3://",
    "baremetalhost://",
    "docker://",
    "minikube://",
];

impl<'a> Installed<'a> {
    /// Looks at the images of workloads and the groups of resource definitions.
    pub(crate) fn of(evidence: &'a Evidence, workloads: &Workloads<'a>) -> Self {
        let mut found = Vec::new();
        // Many workloads run the same images.
        let mut known: HashMap<&str, Vec<&'static Product>> = HashMap::new();
        for workload in &workloads.0 {
            for container in workload.containers() {
                let reference = container.value.str_at(&["image"]);
                let products = known.entry(reference).or_insert_with(|| products(reference));
                let workload = Some((*workload, container));
                found.extend(products.iter().map(|product| Found { product, workload }));
            }
        }
        for definition in evidence.of_kind("apiextensions.k8s.io", "CustomResourceDefinition") {
            let group = definition.value.str_at(&["spec", "group"]);
            let known = PRODUCTS.iter().filter(|product| product.groups.contains(&group));
            found.extend(known.map(|product| Found { product, workload: None }));
        }
        Self(found)
    }

    /// What was found with one of these roles.
    pub(crate) fn with(&self, roles: &[Role]) -> Vec<Found<'a>> {
        self.0.iter().filter(|found| roles.contains(&found.product.role)).copied().collect()
    }
}

fn products(reference: &str) -> Vec<&'static Product> {
    let name = Image::parse(reference).map(|image| image.name());
    name.map_or_else(Vec::new, |name| PRODUCTS.iter().filter(|product| product.is_in(&name)).collect())
}

/// The names of products, each once.
pub(crate) fn names(found: &[Found<'_>]) -> String {
    let mut names: Vec<_> = found.iter().map(|found| found.product.name).collect();
    names.sort_unstable();
    names.dedup();
    names.join(", ")
}

/// The nodes of a cluster.
pub(crate) fn nodes(evidence: &Evidence) -> Vec<&Object> {
    evidence.of_kind("", "Node").collect()
}

/// True for a machine of a cloud, whose services answer at its link-local addresses.
pub(crate) fn is_of_cloud(node: &Object) -> bool {
    let id = node.value.str_at(&["spec", "providerID"]);
    id.contains("://") && !NO_CLOUD.iter().any(|start| id.starts_with(start))
}

/// True for a node of the control plane.
pub(crate) fn is_control_plane(node: &Object) -> bool {
    let labels = node.value.at(&["metadata", "labels"]);
    ["node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"]
        .iter()
        .any(|label| labels.get(label).is_some())
}

impl<'a> Coverage<'a> {
    /// Where workloads run: DaemonSets by where they are scheduled, pods by the node they are on.
    pub(crate) fn of(nodes: &[&'a Object], workloads: &[Workload<'_>]) -> Self {
        let agents: Vec<_> = workloads.iter().map(Scheduling::of).collect();
        let missing = nodes.iter().filter(|node| !agents.iter().any(|agent| agent.reaches(node)));
        Self { nodes: nodes.len(), missing: missing.map(|node| node.name()).collect() }
    }
}

/// Where the pods of a workload may be.
struct Scheduling<'a> {
    is_daemon: bool,
    on_host: bool,
    spec: &'a Value,
}

impl<'a> Scheduling<'a> {
    fn of(workload: &Workload<'a>) -> Self {
        let spec = workload.spec();
        let on_host = spec.at(&["hostNetwork"]).as_bool() == Some(true);
        Self { is_daemon: workload.object.kind() == "DaemonSet", on_host, spec }
    }

    fn reaches(&self, node: &Object) -> bool {
        let named = self.spec.str_at(&["nodeName"]);
        if !named.is_empty() {
            return named == node.name();
        }
        // Pods of other kinds are on some node, nobody knows which.
        self.is_daemon && self.selects(node) && self.is_drawn_to(node) && self.tolerates_all(node)
    }

    fn selects(&self, node: &Object) -> bool {
        let labels = node.value.at(&["metadata", "labels"]);
        let wanted = self.spec.at(&["nodeSelector"]).as_object().into_iter().flat_map(api::Map::iter);
        wanted.into_iter().all(|(key, value)| labels.get(key).and_then(Value::as_str) == value.as_str())
    }

    /// Required node affinity: one of the terms fits.
    fn is_drawn_to(&self, node: &Object) -> bool {
        let required = ["affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"];
        let required = self.spec.at(&required);
        required.is_null() || required.array_at(&["nodeSelectorTerms"]).iter().any(|term| fits(term, node))
    }

    fn tolerates_all(&self, node: &Object) -> bool {
        let taints = node.value.array_at(&["spec", "taints"]).iter();
        let mut repelling = taints.filter(|taint| taint.str_at(&["effect"]) != "PreferNoSchedule");
        repelling.all(|taint| {
            let known = (taint.str_at(&["key"]), taint.str_at(&["effect"]));
            TOLERATED.contains(&known)
                || (self.on_host && known == NETWORK_UNAVAILABLE)
                || self.spec.array_at(&["tolerations"]).iter().any(|t| tolerates(t, taint))
        })
    }
}

fn fits(term: &Value, node: &Object) -> bool {
    let (labels, fields) = (term.array_at(&["matchExpressions"]), term.array_at(&["matchFields"]));
    if labels.is_empty() && fields.is_empty() {
        return false;
    }
    let of_node = node.value.at(&["metadata", "labels"]).as_object();
    let all: Option<Vec<_>> = labels.iter().map(requirement).collect();
    let by_name = fields.iter().all(|field| {
        field.str_at(&["key"]) == "metadata.name"
            && requirement(field).is_some_and(|requirement| requirement.matches(Some(node.name())))
    });
    by_name && all.is_some_and(|all| LabelSelector::new(all).matches_map(of_node))
}

fn requirement(expression: &Value) -> Option<Requirement> {
    let operator = match expression.str_at(&["operator"]) {
        "In" => Operator::In,
        "NotIn" => Operator::NotIn,
        "Exists" => Operator::Exists,
        "DoesNotExist" => Operator::DoesNotExist,
        "Gt" => Operator::GreaterThan,
        "Lt" => Operator::LessThan,
        _ => return None,
    };
    let values = expression.array_at(&["values"]).iter().map(|v| v.as_str().unwrap_or("").into()).collect();
    Some(Requirement { key: expression.str_at(&["key"]).into(), operator, values })
}

fn tolerates(toleration: &Value, taint: &Value) -> bool {
    let (key, effect) = (toleration.str_at(&["key"]), toleration.str_at(&["effect"]));
    let any_value = toleration.str_at(&["operator"]) == "Exists";
    let same = |member: &str| toleration.str_at(&[member]) == taint.str_at(&[member]);
    (effect.is_empty() || same("effect"))
        && (if key.is_empty() { any_value } else { same("key") })
        && (any_value || same("value"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use evidence::Origin;

    fn object(text: &str) -> Object {
        Object { value: codec::yaml::parse(text.as_bytes()).unwrap().value, origin: Origin::whole("t") }
    }

    fn missing(spec: &str, nodes: &[&str]) -> Vec<String> {
        let text = format!(
            "{{apiVersion: apps/v1, kind: DaemonSet, metadata: {{name: d}}, spec: {{template: {{spec: {spec}}}}}}}"
        );
        let evidence = Evidence { objects: vec![object(&text)], ..Evidence::default() };
        let nodes: Vec<_> =
            nodes.iter().map(|n| object(&format!("{{apiVersion: v1, kind: Node, {n}}}"))).collect();
        let nodes: Vec<_> = nodes.iter().collect();
        let coverage = Coverage::of(&nodes, &Workloads::of(&evidence).0);
        coverage.missing.into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn a_daemon_is_where_it_is_wanted_and_tolerated() {
        let plain = "metadata: {name: w, labels: {disk: ssd, size: '5'}}";
        let control = "metadata: {name: c}, spec: {taints: [{key: node-role.kubernetes.io/control-plane, effect: NoSchedule}]}";
        let away = "metadata: {name: a}, spec: {taints: [{key: node.kubernetes.io/unschedulable, effect: NoSchedule}, {key: x, effect: PreferNoSchedule}]}";
        let all = [plain, control, away];
        assert_eq!(missing("{}", &all), ["c"]);
        assert!(missing("{tolerations: [{operator: Exists}]}", &all).is_empty());
        assert!(
            missing("{tolerations: [{key: node-role.kubernetes.io/control-plane, operator: Exists}]}", &all)
                .is_empty()
        );
        assert_eq!(
            missing("{tolerations: [{key: node-role.kubernetes.io/control-plane, value: x}]}", &all),
            ["c"]
        );
        assert_eq!(missing("{nodeSelector: {disk: ssd}}", &all), ["c", "a"]);
        let affinity = |terms: &str| {
            let spec = format!(
                "{{tolerations: [{{operator: Exists}}], affinity: {{nodeAffinity: {{requiredDuringSchedulingIgnoredDuringExecution: {{nodeSelectorTerms: {terms}}}}}}}}}"
            );
            missing(&spec, &all)
        };
        assert_eq!(affinity("[{matchExpressions: [{key: size, operator: Gt, values: ['4']}]}]"), ["c", "a"]);
        assert_eq!(affinity("[{matchFields: [{key: metadata.name, operator: NotIn, values: [w]}]}]"), ["w"]);
        assert_eq!(affinity("[{}]"), ["w", "c", "a"]);
        assert_eq!(
            affinity(
                "[{matchExpressions: [{key: disk, operator: DoesNotExist}]}, {matchExpressions: [{key: disk, operator: Exists}]}]"
            ),
            Vec::<String>::new()
        );
    }

    #[test]
    fn machines_of_a_cloud() {
        for (id, want) in
            [("aws:///a/i-1", true), ("openstack:///x", true), ("kind://docker/x", false), ("", false)]
        {
            let node = object(&format!("{{apiVersion: v1, kind: Node, spec: {{providerID: '{id}'}}}}"));
            assert_eq!(is_of_cloud(&node), want, "{id}");
        }
    }
}
