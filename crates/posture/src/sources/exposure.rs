//! How pods can be reached from outside of a cluster: services, ingresses, routes of gateways, ports of nodes.
//!
//! Entry point: [`Exposure::of`].  Network policies do not count here: it tells what is offered, not what gets through.

use std::collections::{BTreeSet, HashMap};

use api::Value;
use evidence::{Evidence, Object};

use crate::network::is_everybody;
use crate::sources::routes::{Route, routes};
use crate::workload::{Workload, Workloads};

/// Annotations by which clouds keep a load balancer inside, and their values.
const INTERNAL: [(&str, &str); 6] = [
    ("service.beta.kubernetes.io/ncloud-load-balancer-internal", "true"),
    ("service.beta.kubernetes.io/aws-load-balancer-internal", "true"),
    ("service.beta.kubernetes.io/aws-load-balancer-scheme", "internal"),
    ("service.beta.kubernetes.io/azure-load-balancer-internal", "true"),
    ("networking.gke.io/load-balancer-type", "Internal"),
    ("cloud.google.com/load-balancer-type", "Internal"),
];

/// How a pod can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Way {
    /// A load balancer that is not an internal one.
    LoadBalancer,
    /// A port of every node.
    NodePort,
    /// An address that a service claims.
    ExternalAddress,
    /// An ingress.
    Ingress,
    /// A route of a gateway.
    Route,
    /// A port of the node it runs on.
    HostPort,
    /// The network of the node it runs on.
    HostNetwork,
}

/// A way to a pod and what opens it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Opening<'a> {
    pub way: Way,
    /// The service, ingress or route; the workload itself for ports of its node.
    pub object: &'a Object,
    /// False when only some addresses may come.
    pub is_public: bool,
}

/// How the pods of workloads can be reached.
#[derive(Debug, Default)]
pub(crate) struct Exposure<'a> {
    /// By the workload's place among the workloads.
    openings: HashMap<usize, Vec<Opening<'a>>>,
}

impl<'a> Exposure<'a> {
    /// Looks through services, ingresses, routes and the workloads themselves.
    pub(crate) fn of(evidence: &'a Evidence, workloads: &Workloads<'a>) -> Self {
        let mut exposure = Self::default();
        let services = Services::of(evidence, workloads);
        for service in &services.all {
            let ways = service_ways(service);
            exposure.open(&services, service, &ways);
        }
        for ingress in evidence.of_kind("networking.k8s.io", "Ingress") {
            for name in ingress_backends(ingress) {
                exposure.open_by_name(&services, ingress.namespace(), name, Way::Ingress, ingress);
            }
        }
        for Route { object, service: (namespace, name) } in routes(evidence) {
            exposure.open_by_name(&services, namespace, name, Way::Route, object);
        }
        for (i, workload) in workloads.0.iter().enumerate() {
            let own = own_ways(workload).map(|way| Opening { way, object: workload.object, is_public: true });
            own.for_each(|opening| exposure.openings.entry(i).or_default().push(opening));
        }
        exposure
    }

    /// How the pods of the workload at this place among the workloads can be reached.
    pub(crate) fn to(&self, workload: usize) -> &[Opening<'a>] {
        self.openings.get(&workload).map_or(&[], Vec::as_slice)
    }

    fn open_by_name(
        &mut self,
        services: &Services<'a>,
        namespace: &str,
        name: &str,
        way: Way,
        by: &'a Object,
    ) {
        let opening = Opening { way, object: by, is_public: true };
        if let Some(service) = services.by_name.get(&(namespace, name)) {
            self.open(services, service, &[opening]);
        }
    }

    fn open(&mut self, services: &Services<'a>, service: &'a Object, ways: &[Opening<'a>]) {
        if ways.is_empty() {
            return;
        }
        for workload in services.pods_behind(service) {
            self.openings.entry(workload).or_default().extend_from_slice(ways);
        }
    }
}

/// True when a service's load balancer is kept inside by an annotation.
pub(crate) fn is_internal(service: &Object) -> bool {
    let annotations = service.value.at(&["metadata", "annotations"]);
    let says = |(key, value): &(&str, &str)| annotations.get(key).and_then(Value::as_str) == Some(value);
    INTERNAL.iter().any(says)
}

/// Services by name, and workloads by each label of their pods.
pub(crate) struct Services<'a> {
    pub all: Vec<&'a Object>,
    by_name: HashMap<(&'a str, &'a str), &'a Object>,
    workloads: HashMap<(&'a str, &'a str, &'a str), Vec<usize>>,
    labels: Vec<BTreeSet<(&'a str, &'a str)>>,
}

impl<'a> Services<'a> {
    /// Every service, and the workloads that one may lead to.
    pub(crate) fn of(evidence: &'a Evidence, workloads: &Workloads<'a>) -> Self {
        let all: Vec<&Object> = evidence.of_kind("", "Service").collect();
        let by_name = all.iter().map(|service| ((service.namespace(), service.name()), *service)).collect();
        let labels: Vec<BTreeSet<_>> =
            workloads.0.iter().map(|w| pairs(w.pod.metadata.at(&["labels"])).collect()).collect();
        let mut index: HashMap<_, Vec<usize>> = HashMap::new();
        for (i, (workload, labels)) in workloads.0.iter().zip(&labels).enumerate() {
            for (key, value) in labels {
                index.entry((workload.object.namespace(), *key, *value)).or_default().push(i);
            }
        }
        Self { all, by_name, workloads: index, labels }
    }

    /// A service without a selector has no pods: somebody else says where it leads.
    pub(crate) fn pods_behind(&self, service: &'a Object) -> Vec<usize> {
        let selector: Vec<_> = pairs(service.value.at(&["spec", "selector"])).collect();
        let Some((key, value)) = selector.first().copied() else { return Vec::new() };
        let some = self.workloads.get(&(service.namespace(), key, value)).map_or(&[][..], Vec::as_slice);
        let all = |i: &usize| self.labels.get(*i).is_some_and(|has| selector.iter().all(|p| has.contains(p)));
        some.iter().copied().filter(all).collect()
    }
}

fn pairs(map: &Value) -> impl Iterator<Item = (&str, &str)> {
    map.as_object()
        .into_iter()
        .flat_map(|map| map.iter())
        .filter_map(|(key, value)| Some((key, value.as_str()?)))
}

fn service_ways(service: &Object) -> Vec<Opening<'_>> {
    let spec = service.value.at(&["spec"]);
    let ranges = spec.array_at(&["loadBalancerSourceRanges"]);
    let everybody = ranges.is_empty() || ranges.iter().filter_map(Value::as_str).any(is_everybody);
    let kind = spec.str_at(&["type"]);
    let open = |way, is_public| Opening { way, object: service, is_public };
    let mut ways = Vec::new();
    if kind == "LoadBalancer" && !is_internal(service) {
        ways.push(open(Way::LoadBalancer, everybody));
    }
    if kind == "NodePort" {
        ways.push(open(Way::NodePort, true));
    }
    if !spec.array_at(&["externalIPs"]).is_empty() {
        ways.push(open(Way::ExternalAddress, true));
    }
    ways
}

fn ingress_backends(ingress: &Object) -> impl Iterator<Item = &str> {
    let spec = ingress.value.at(&["spec"]);
    let paths = spec.array_at(&["rules"]).iter().flat_map(|rule| rule.array_at(&["http", "paths"]));
    let backends = paths.map(|path| path.at(&["backend"])).chain([spec.at(&["defaultBackend"])]);
    backends.map(|backend| backend.str_at(&["service", "name"])).filter(|name| !name.is_empty())
}

fn own_ways(workload: &Workload<'_>) -> impl Iterator<Item = Way> + use<> {
    let host_network = workload.spec().at(&["hostNetwork"]).as_bool() == Some(true);
    let mut ports = workload.containers().flat_map(|c| c.value.array_at(&["ports"]));
    let host_port = ports.any(|port| port.at(&["hostPort"]).as_i64().is_some_and(|port| port > 0));
    let network = host_network.then_some(Way::HostNetwork);
    network.into_iter().chain((host_port && !host_network).then_some(Way::HostPort))
}

#[cfg(test)]
mod tests {
    use super::*;
    use evidence::Origin;

    /// The ways to the one pod `p` in `ns` with the label `app: a`, beside other objects.
    fn ways(others: &[&str]) -> Vec<(Way, bool)> {
        let pod = "{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: ns, labels: {app: a, tier: web}}, spec: {containers: [{name: c}]}}";
        let object = |text: &&str| {
            let value = codec::yaml::parse(text.as_bytes()).unwrap().value;
            Object { value, origin: Origin::whole("test") }
        };
        let objects = [pod].iter().chain(others).map(object).collect();
        let evidence = Evidence { objects, ..Evidence::default() };
        let exposure = Exposure::of(&evidence, &Workloads::of(&evidence));
        let mut ways: Vec<_> = exposure.to(0).iter().map(|o| (o.way, o.is_public)).collect();
        ways.sort_unstable();
        ways
    }

    fn service(namespace: &str, spec: &str) -> String {
        format!(
            "{{apiVersion: v1, kind: Service, metadata: {{name: s, namespace: {namespace}}}, spec: {spec}}}"
        )
    }

    #[test]
    fn services() {
        for (spec, want) in [
            ("{selector: {app: a}}", vec![]),
            ("{type: LoadBalancer, selector: {app: a}}", vec![(Way::LoadBalancer, true)]),
            ("{type: LoadBalancer, selector: {app: b}}", vec![]),
            ("{type: LoadBalancer, selector: {app: a, tier: db}}", vec![]),
            ("{type: LoadBalancer}", vec![]),
            (
                "{type: LoadBalancer, loadBalancerSourceRanges: [10.0.0.0/8], selector: {app: a}}",
                vec![(Way::LoadBalancer, false)],
            ),
            ("{type: NodePort, selector: {app: a}}", vec![(Way::NodePort, true)]),
            ("{externalIPs: [192.0.2.1], selector: {app: a}}", vec![(Way::ExternalAddress, true)]),
        ] {
            assert_eq!(ways(&[&service("ns", spec)]), want, "{spec}");
        }
        assert!(ways(&[&service("other", "{type: NodePort, selector: {app: a}}")]).is_empty());
    }

    #[test]
    fn ingresses_and_routes() {
        let inner = service("ns", "{selector: {app: a}}");
        let ingress = "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: i, namespace: ns}, spec: {rules: [{http: {paths: [{backend: {service: {name: s}}}]}}]}}";
        assert_eq!(ways(&[&inner, ingress]), [(Way::Ingress, true)]);
        assert!(ways(&[ingress]).is_empty());
        let route = "{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: r, namespace: edge}, spec: {parentRefs: [{name: g}], rules: [{backendRefs: [{name: s, namespace: ns, port: 80}]}]}}";
        assert_eq!(ways(&[&inner, route]), [(Way::Route, true)]);
        // A route of a mesh is for a service, not for a gateway.
        assert!(ways(&[&inner, &route.replace("{name: g}", "{kind: Service, name: s}")]).is_empty());
    }
}
