//! What policies of Cilium let through.

use crate::network::Port;
use crate::network::tests::{ask, check, np};

fn cnp(namespace: &str, spec: &str) -> String {
    let kind = if namespace.is_empty() { "CiliumClusterwideNetworkPolicy" } else { "CiliumNetworkPolicy" };
    let namespace = if namespace.is_empty() { String::new() } else { format!(", namespace: {namespace}") };
    format!("{{apiVersion: cilium.io/v2, kind: {kind}, metadata: {{name: cnp{namespace}}}, spec: {spec}}}")
}

#[test]
fn ciliums_rules_isolate_and_denials_come_first() {
    let empty = cnp("vault", "{endpointSelector: {}, ingress: [{}]}");
    check(&[&empty], &[("web", "db", 80, false), ("db", "web", 80, true)]);
    let from = |rule: &str| cnp("vault", &format!("{{endpointSelector: {{}}, ingress: [{rule}]}}"));
    // An empty selector is for the policy's own namespace.
    check(&[&from("{fromEndpoints: [{}]}")], &[("web", "db", 80, false)]);
    check(&[&from("{fromEndpoints: []}")], &[("web", "db", 80, false)]);
    check(
        &[&from("{fromEndpoints: [{matchLabels: {'k8s:io.kubernetes.pod.namespace': shop}}]}")],
        &[("web", "db", 80, true)],
    );
    check(
        &[&from(
            "{fromEndpoints: [{matchLabels: {'k8s:io.cilium.k8s.namespace.labels.team': a, 'k8s:app': web}}]}",
        )],
        &[("web", "db", 80, true), ("192.0.2.1", "db", 80, false)],
    );
    check(
        &[&from("{toPorts: [{ports: [{port: '5432', protocol: TCP}]}]}")],
        &[("web", "db", 5432, true), ("192.0.2.1", "db", 5432, true), ("web", "db", 80, false)],
    );
    check(
        &[&from("{fromEntities: [cluster], toPorts: [{ports: [{port: sql}]}]}")],
        &[("web", "db", 5432, true), ("web", "db", 80, false), ("192.0.2.1", "db", 5432, false)],
    );
    let denied = cnp(
        "vault",
        "{endpointSelector: {}, ingress: [{fromEntities: [all]}], ingressDeny: [{fromEntities: [world]}]}",
    );
    check(&[&denied], &[("web", "db", 80, true), ("192.0.2.1", "db", 80, false)]);
    let open = np("vault", "{podSelector: {}, ingress: [{}]}");
    check(&[&denied, &open], &[("192.0.2.1", "db", 80, false)]);
    // One dialect's isolation is the other's too, and so are its allowances.
    check(&[&empty, &open], &[("web", "db", 80, true)]);
    let no_default = cnp(
        "vault",
        "{endpointSelector: {}, enableDefaultDeny: {ingress: false}, ingress: [{fromEntities: [host]}]}",
    );
    check(&[&no_default], &[("web", "db", 80, true)]);
}

#[test]
fn ciliums_blocks_are_of_the_world_alone() {
    let to = |rule: &str| cnp("shop", &format!("{{endpointSelector: {{}}, egress: [{rule}]}}"));
    check(
        &[&to("{toCIDR: [0.0.0.0/0]}")],
        &[("web", "192.0.2.1", 80, true), ("web", "db", 80, false), ("web", "node", 80, false)],
    );
    check(
        &[&to("{toCIDRSet: [{cidr: 0.0.0.0/0, except: [169.254.0.0/16]}]}")],
        &[("web", "192.0.2.1", 80, true), ("web", "169.254.169.254", 80, false)],
    );
    check(&[&to("{toEntities: [world]}")], &[("web", "169.254.169.254", 80, true), ("web", "db", 80, false)]);
    check(
        &[&to("{toEntities: [kube-apiserver]}")],
        &[("web", "api", 6443, true), ("web", "node", 6443, false)],
    );
    check(&[&to("{toEntities: [remote-node]}")], &[("web", "node", 10250, true), ("web", "db", 80, false)]);
    check(&[&to("{toFQDNs: [{matchName: a.example}]}")], &[("web", "192.0.2.1", 80, false)]);
    check(&[&to("{toFQDNs: [{matchPattern: '*'}]}")], &[("web", "192.0.2.1", 80, true)]);
    check(&[&to("{icmps: [{fields: [{type: 8}]}]}")], &[("web", "192.0.2.1", 80, false)]);
    let group = "{apiVersion: cilium.io/v2alpha1, kind: CiliumCIDRGroup, metadata: {name: g}, spec: {externalCIDRs: [192.0.2.0/24]}}";
    check(
        &[&to("{toCIDRSet: [{cidrGroupRef: g}]}"), group],
        &[("web", "192.0.2.1", 80, true), ("web", "198.51.100.1", 80, false)],
    );
    let service =
        "{apiVersion: v1, kind: Service, metadata: {name: s, namespace: vault}, spec: {selector: {app: db}}}";
    check(
        &[&to("{toServices: [{k8sService: {serviceName: s, namespace: vault}}]}"), service],
        &[("web", "db", 80, true), ("web", "192.0.2.1", 80, false)],
    );
}

#[test]
fn ciliums_policies_of_the_cluster() {
    let account = cnp(
        "",
        "{endpointSelector: {matchLabels: {io.cilium.k8s.policy.serviceaccount: keeper}}, ingress: [{fromEndpoints: [{}]}]}",
    );
    check(
        &[&account],
        &[("web", "db", 80, true), ("192.0.2.1", "db", 80, false), ("192.0.2.1", "web", 80, true)],
    );
    let host = cnp("", "{nodeSelector: {}, ingress: [{fromEntities: [host]}]}");
    check(&[&host], &[("web", "node", 10250, false), ("web", "db", 80, true)]);
    let kept_from = |entities: &str| {
        cnp(
            "shop",
            &format!(
                "{{endpointSelector: {{}}, egressDeny: [{{toEntities: {entities}}}], egress: [{{toEntities: [all]}}]}}"
            ),
        )
    };
    check(&[&kept_from("[host]")], &[("web", "node", 10250, true)]);
    check(&[&kept_from("[host, remote-node]")], &[("web", "node", 10250, false)]);
    let several = "{apiVersion: cilium.io/v2, kind: CiliumClusterwideNetworkPolicy, metadata: {name: s}, specs: [{endpointSelector: {matchLabels: {app: web}}, egressDeny: [{toEntities: [world]}]}, {endpointSelector: {matchLabels: {app: db}}, ingress: [{}]}]}";
    check(&[several], &[("web", "db", 80, false), ("db", "192.0.2.1", 80, true)]);
    assert_eq!(
        ask(&[several], "web", "192.0.2.1", Port::tcp(1)),
        (false, "s specs[0].egressDeny[0]".to_owned())
    );
}
