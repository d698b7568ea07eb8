//! Objects by which gateways and proxies lead traffic from outside to services: the Gateway API's, and those of others.
//!
//! Entry point: [`routes`].

use api::Value;
use evidence::{Evidence, Object};

/// A route and a service that it leads to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Route<'a> {
    pub object: &'a Object,
    /// Namespace and name of the service.
    pub service: (&'a str, &'a str),
}

/// How a kind of routes names its services.
#[derive(Clone, Copy)]
enum Shape {
    /// `rules[].backendRefs[]`, when a gateway takes the route.
    Gateway,
    /// `http[].route[].destination.host`, when gateways other than the mesh take it.
    Istio,
    /// `to` and `alternateBackends[]`.
    OpenShift,
    /// `routes[].services[]`, and `tcpproxy.services[]`.
    Services,
}

const KINDS: [(&str, &str, Shape); 14] = [
    ("gateway.networking.k8s.io", "GRPCRoute", Shape::Gateway),
    ("gateway.networking.k8s.io", "HTTPRoute", Shape::Gateway),
    ("gateway.networking.k8s.io", "TCPRoute", Shape::Gateway),
    ("gateway.networking.k8s.io", "TLSRoute", Shape::Gateway),
    ("gateway.networking.k8s.io", "UDPRoute", Shape::Gateway),
    ("networking.istio.io", "VirtualService", Shape::Istio),
    ("route.openshift.io", "Route", Shape::OpenShift),
    ("projectcontour.io", "HTTPProxy", Shape::Services),
    ("traefik.io", "IngressRoute", Shape::Services),
    ("traefik.io", "IngressRouteTCP", Shape::Services),
    ("traefik.io", "IngressRouteUDP", Shape::Services),
    ("traefik.containo.us", "IngressRoute", Shape::Services),
    ("traefik.containo.us", "IngressRouteTCP", Shape::Services),
    ("traefik.containo.us", "IngressRouteUDP", Shape::Services),
];

/// Every route, with each service that it leads to.
pub(crate) fn routes(evidence: &Evidence) -> Vec<Route<'_>> {
    let mut all = Vec::new();
    for object in &evidence.objects {
        let is_it =
            |(group, kind, _): &&(&str, &str, Shape)| *group == object.group() && *kind == object.kind();
        let Some((.., shape)) = KINDS.iter().find(is_it) else { continue };
        let services = match shape {
            Shape::Gateway => gateway(object),
            Shape::Istio => istio(object),
            Shape::OpenShift => openshift(object),
            Shape::Services => of_services(object),
        };
        all.extend(services.into_iter().map(|service| Route { object, service }));
    }
    all
}

fn gateway(route: &Object) -> Vec<(&str, &str)> {
    let spec = route.value.at(&["spec"]);
    let is_gateway = |parent: &Value| matches!(parent.str_at(&["kind"]), "" | "Gateway");
    if !spec.array_at(&["parentRefs"]).iter().any(is_gateway) {
        return Vec::new();
    }
    let backends = spec.array_at(&["rules"]).iter().flat_map(|rule| rule.array_at(&["backendRefs"]));
    named(route, backends)
}

/// Those that are services, by name, and by namespace where that is said.
fn named<'a>(route: &'a Object, backends: impl Iterator<Item = &'a Value>) -> Vec<(&'a str, &'a str)> {
    let services = backends.filter(|backend| matches!(backend.str_at(&["kind"]), "" | "Service"));
    let service = |backend: &'a Value| match backend.str_at(&["namespace"]) {
        "" => (route.namespace(), backend.str_at(&["name"])),
        namespace => (namespace, backend.str_at(&["name"])),
    };
    services.map(service).collect()
}

fn istio(route: &Object) -> Vec<(&str, &str)> {
    let spec = route.value.at(&["spec"]);
    // Without gateways it is for the mesh alone.
    if !spec.array_at(&["gateways"]).iter().any(|gateway| gateway.as_str().is_some_and(|g| g != "mesh")) {
        return Vec::new();
    }
    let lists = ["http", "tls", "tcp"].into_iter().flat_map(|list| spec.array_at(&[list]));
    let hosts =
        lists.flat_map(|list| list.array_at(&["route"])).map(|to| to.str_at(&["destination", "host"]));
    hosts.map(|host| of_host(route, host)).collect()
}

/// A host is a service of the same namespace, or says of which it is: `name.namespace.svc.cluster.local`.
fn of_host<'a>(route: &'a Object, host: &'a str) -> (&'a str, &'a str) {
    match host.split_once('.') {
        None => (route.namespace(), host),
        Some((name, rest)) => (rest.split('.').next().unwrap_or(rest), name),
    }
}

fn openshift(route: &Object) -> Vec<(&str, &str)> {
    let spec = route.value.at(&["spec"]);
    named(route, std::iter::once(spec.at(&["to"])).chain(spec.array_at(&["alternateBackends"])))
}

fn of_services(route: &Object) -> Vec<(&str, &str)> {
    let spec = route.value.at(&["spec"]);
    let routes = spec.array_at(&["routes"]).iter().chain([spec.at(&["tcpproxy"])]);
    named(route, routes.flat_map(|route| route.array_at(&["services"])))
}

#[cfg(test)]
mod tests {
    use evidence::Origin;

    use super::*;

    fn of(text: &str) -> Vec<(String, String)> {
        let value = codec::yaml::parse(text.as_bytes()).unwrap().value;
        let objects = vec![Object { value, origin: Origin::whole("test") }];
        let evidence = Evidence { objects, ..Evidence::default() };
        let owned = |route: &Route<'_>| (route.service.0.to_owned(), route.service.1.to_owned());
        routes(&evidence).iter().map(owned).collect()
    }

    #[test]
    fn what_routes_lead_to() {
        let here = |name: &str| ("edge".to_owned(), name.to_owned());
        let there = |name: &str| ("ns".to_owned(), name.to_owned());
        let object = |version: &str, kind: &str, spec: &str| {
            format!(
                "{{apiVersion: {version}, kind: {kind}, metadata: {{name: r, namespace: edge}}, spec: {spec}}}"
            )
        };
        let istio = |spec: &str| of(&object("networking.istio.io/v1", "VirtualService", spec));
        let to = "http: [{route: [{destination: {host: a}}, {destination: {host: b.ns.svc.cluster.local}}]}], tcp: [{route: [{destination: {host: c.ns}}]}]";
        assert_eq!(
            istio(&format!("{{gateways: [mesh, public], {to}}}")),
            [here("a"), there("b"), there("c")]
        );
        assert!(istio(&format!("{{gateways: [mesh], {to}}}")).is_empty());
        assert!(istio(&format!("{{{to}}}")).is_empty());
        let openshift = "{to: {kind: Service, name: a}, alternateBackends: [{kind: Service, name: b}]}";
        assert_eq!(of(&object("route.openshift.io/v1", "Route", openshift)), [here("a"), here("b")]);
        let traefik = "{routes: [{services: [{name: a, namespace: ns}, {kind: TraefikService, name: t}]}]}";
        assert_eq!(of(&object("traefik.io/v1alpha1", "IngressRoute", traefik)), [there("a")]);
        let contour = "{routes: [{services: [{name: a}]}], tcpproxy: {services: [{name: b}]}}";
        assert_eq!(of(&object("projectcontour.io/v1", "HTTPProxy", contour)), [here("a"), here("b")]);
        let gateway = "{parentRefs: [{name: g}], rules: [{backendRefs: [{name: a, namespace: ns}]}]}";
        assert_eq!(of(&object("gateway.networking.k8s.io/v1", "HTTPRoute", gateway)), [there("a")]);
        assert!(of(&object("traefik.io/v1alpha1", "Middleware", traefik)).is_empty());
    }
}
