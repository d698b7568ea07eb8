//! What policies of each dialect let through.

use std::net::IpAddr;

use evidence::{Evidence, Object, Origin};

use super::{Machine, Peer, Port, Protocol, Reach, Verdict, metadata_service};
use crate::workload::Workloads;

const PODS: &[&str] = &[
    "{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {team: a}}}",
    "{apiVersion: v1, kind: Namespace, metadata: {name: vault, labels: {team: b}}}",
    "{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop, labels: {app: web}}, spec: {containers: [{name: c}]}}",
    "{apiVersion: v1, kind: Pod, metadata: {name: db, namespace: vault, labels: {app: db}}, spec: {serviceAccountName: keeper, containers: [{name: c, ports: [{name: sql, containerPort: 5432}]}]}}",
    "{apiVersion: v1, kind: Pod, metadata: {name: agent, namespace: vault, labels: {app: db}}, spec: {hostNetwork: true, containers: [{name: c}]}}",
];

fn evidence(texts: &[&str]) -> Evidence {
    let object = |text: &&str| {
        let value = codec::yaml::parse(text.as_bytes()).map_err(|e| format!("{text}: {e}")).unwrap().value;
        Object { value, origin: Origin::whole("t") }
    };
    Evidence { objects: PODS.iter().chain(texts).map(object).collect(), ..Evidence::default() }
}

/// An end of traffic: the name of a pod, `node`, `api`, or an address.
pub(super) fn ask(texts: &[&str], from: &str, to: &str, port: Port) -> (bool, String) {
    let evidence = evidence(texts);
    let workloads = Workloads::of(&evidence);
    let reach = Reach::of(&evidence, &workloads);
    let peer = |name: &str| match name {
        "node" => Peer::Node(Machine { address: "10.9.0.1".parse().ok(), ..Machine::default() }),
        "api" => Peer::Node(Machine { serves_api: true, ..Machine::default() }),
        name => match name.parse::<IpAddr>() {
            Ok(address) => Peer::World(address, false),
            Err(_) => {
                let place = workloads.0.iter().position(|w| w.object.name() == name).unwrap();
                Peer::Pod(&reach.group_of(place).unwrap().endpoint)
            }
        },
    };
    let Verdict { allowed, because } = reach.may(peer(from), peer(to), port);
    let because = because.map_or_else(String::new, |because| {
        let rule = because.rule.map_or_else(String::new, |rule| rule.to_string());
        format!("{} {rule}", because.policy.name())
    });
    (allowed, because.trim().to_owned())
}

pub(super) fn check(texts: &[&str], asked: &[(&str, &str, u16, bool)]) {
    for (from, to, port, want) in asked {
        let (got, because) = ask(texts, from, to, Port::tcp(*port));
        assert_eq!(got, *want, "{from} to {to}:{port}: {because}\n{texts:#?}");
    }
}

pub(super) fn np(namespace: &str, spec: &str) -> String {
    format!(
        "{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: np, namespace: {namespace}}}, spec: {spec}}}"
    )
}

fn admin(kind: &str, version: &str, name: &str, spec: &str) -> String {
    format!(
        "{{apiVersion: policy.networking.k8s.io/{version}, kind: {kind}, metadata: {{name: {name}}}, spec: {spec}}}"
    )
}

#[test]
fn without_policies_everything_passes() {
    check(
        &[],
        &[("web", "db", 5432, true), ("192.0.2.1", "db", 5432, true), ("web", "169.254.169.254", 80, true)],
    );
}

#[test]
fn a_verdict_names_the_policy_and_the_rule() {
    let deny = np("vault", "{podSelector: {}}");
    assert_eq!(ask(&[&deny], "web", "db", Port::tcp(1)), (false, "np".to_owned()));
    let allow = np(
        "vault",
        "{podSelector: {}, ingress: [{ports: [{port: 9}]}, {from: [{namespaceSelector: {matchLabels: {team: a}}}]}]}",
    );
    assert_eq!(ask(&[&allow], "web", "db", Port::tcp(1)), (true, "np spec.ingress[1]".to_owned()));
}

#[test]
fn network_policies_do_not_reach_the_network_of_hosts() {
    let deny = np("vault", "{podSelector: {}, policyTypes: [Ingress, Egress]}");
    check(
        &[&deny],
        &[
            ("web", "agent", 80, true),
            ("agent", "web", 80, true),
            ("web", "db", 80, false),
            ("node", "db", 80, true),
        ],
    );
    // What is on a host has the host's address, and no labels.
    let out =
        np("shop", "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {}}]}]}");
    check(&[&out], &[("web", "agent", 80, false), ("web", "db", 80, true), ("web", "node", 10250, false)]);
    let block = np(
        "shop",
        "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.9.0.0/16}}]}]}",
    );
    check(&[&block], &[("web", "node", 10250, true), ("web", "db", 80, false)]);
}

#[test]
fn a_namespace_is_selected_by_its_name_even_without_that_label() {
    let named = np(
        "vault",
        "{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop}}}]}]}",
    );
    check(&[&named], &[("web", "db", 80, true), ("192.0.2.1", "db", 80, false)]);
}

#[test]
fn addresses_that_are_not_known_are_in_a_block_when_all_are() {
    let egress = |peers: &str| {
        np("shop", &format!("{{podSelector: {{}}, policyTypes: [Egress], egress: [{{to: {peers}}}]}}"))
    };
    let all_but_metadata = egress("[{ipBlock: {cidr: 0.0.0.0/0, except: [169.254.169.254/32]}}]");
    check(
        &[&all_but_metadata],
        &[("web", "169.254.169.254", 80, false), ("web", "192.0.2.1", 80, true), ("web", "db", 80, true)],
    );
    let public = egress("[{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}}]");
    check(&[&public], &[("web", "192.0.2.1", 80, true), ("web", "db", 80, false)]);
    // Nodes tell where addresses of pods are taken from.
    let node = "{apiVersion: v1, kind: Node, metadata: {name: n}, spec: {podCIDR: 10.1.0.0/24}}";
    check(
        &[&egress("[{ipBlock: {cidr: 10.1.0.0/16}}]"), node],
        &[("web", "db", 80, true), ("web", "192.0.2.1", 80, false)],
    );
    check(
        &[&egress("[{ipBlock: {cidr: 0.0.0.0/0, except: [10.1.0.0/16]}}]"), node],
        &[("web", "db", 80, false)],
    );
}

#[test]
fn a_port_that_no_rule_names_passes_where_all_do() {
    let some = np("vault", "{podSelector: {}, ingress: [{ports: [{port: 5432}, {port: sql}]}]}");
    assert!(!ask(&[&some], "web", "db", Port::UNNAMED).0);
    check(&[&some], &[("web", "db", 5432, true), ("web", "db", 80, false)]);
    let all = np("vault", "{podSelector: {}, ingress: [{ports: [{port: 1, endPort: 65535}]}]}");
    assert!(ask(&[&all], "web", "db", Port::UNNAMED).0);
    let udp = np("vault", "{podSelector: {}, ingress: [{ports: [{protocol: UDP}]}]}");
    assert!(!ask(&[&udp], "web", "db", Port::UNNAMED).0);
    assert!(ask(&[&udp], "web", "db", Port { protocol: Protocol::Udp, number: Some(53) }).0);
}

#[test]
fn administrators_decide_first_by_priority() {
    let rule = |priority: i64, action: &str, name: &str| {
        let spec = format!(
            "{{priority: {priority}, subject: {{namespaces: {{matchLabels: {{team: b}}}}}}, ingress: [{{action: {action}, from: [{{namespaces: {{}}}}]}}]}}"
        );
        admin("AdminNetworkPolicy", "v1alpha1", name, &spec)
    };
    let closed = np("vault", "{podSelector: {}}");
    let open = np("vault", "{podSelector: {}, ingress: [{}]}");
    check(
        &[&rule(5, "Allow", "a"), &rule(6, "Deny", "b"), &closed],
        &[("web", "db", 80, true), ("192.0.2.1", "db", 80, false)],
    );
    check(
        &[&rule(5, "Deny", "a"), &rule(6, "Allow", "b"), &open],
        &[("web", "db", 80, false), ("web", "agent", 80, true)],
    );
    check(&[&rule(5, "Pass", "a"), &rule(6, "Deny", "b"), &open], &[("web", "db", 80, true)]);
    check(&[&rule(5, "Pass", "a"), &rule(6, "Allow", "b"), &closed], &[("web", "db", 80, false)]);
}

#[test]
fn the_baseline_is_for_pods_without_policies() {
    let deny = admin(
        "BaselineAdminNetworkPolicy",
        "v1alpha1",
        "default",
        "{subject: {namespaces: {}}, egress: [{action: Deny, to: [{networks: [0.0.0.0/0]}]}]}",
    );
    let open = np("shop", "{podSelector: {}, policyTypes: [Egress], egress: [{}]}");
    check(&[&deny], &[("web", "192.0.2.1", 80, false), ("web", "db", 80, false), ("web", "node", 80, false)]);
    check(&[&deny, &open], &[("web", "192.0.2.1", 80, true), ("web", "db", 80, true)]);
    let pass = admin(
        "AdminNetworkPolicy",
        "v1alpha1",
        "p",
        "{priority: 1, subject: {namespaces: {}}, egress: [{action: Pass, to: [{networks: [0.0.0.0/0]}]}]}",
    );
    check(&[&deny, &pass], &[("web", "192.0.2.1", 80, false)]);
}

#[test]
fn cluster_network_policies() {
    let spec = |tier: &str, rules: &str| {
        format!(
            "{{tier: {tier}, priority: 1, subject: {{pods: {{namespaceSelector: {{}}, podSelector: {{matchLabels: {{app: web}}}}}}}}, egress: {rules}}}"
        )
    };
    let of = |tier: &str, rules: &str| admin("ClusterNetworkPolicy", "v1alpha2", "c", &spec(tier, rules));
    let rules = "[{action: Accept, to: [{namespaces: {matchLabels: {team: b}}}], protocols: [{tcp: {destinationPort: {number: 5432}}}]}, {action: Deny, to: [{networks: [0.0.0.0/0, '::/0']}]}]";
    for tier in ["Admin", "Baseline"] {
        check(
            &[&of(tier, rules)],
            &[
                ("web", "db", 5432, true),
                ("web", "db", 80, false),
                ("web", "192.0.2.1", 80, false),
                ("db", "web", 80, true),
            ],
        );
    }
    let ranges = "[{action: Deny, to: [{nodes: {}}], protocols: [{tcp: {destinationPort: {range: {start: 10000, end: 11000}}}}]}, {action: Deny, to: [{namespaces: {}}], protocols: [{destinationNamedPort: sql}]}]";
    check(
        &[&of("Admin", ranges)],
        &[
            ("web", "node", 10250, false),
            ("web", "node", 443, true),
            ("web", "db", 5432, false),
            ("web", "db", 80, true),
        ],
    );
    // A kind of peer that is not known: what denies denies everything.
    check(&[&of("Admin", "[{action: Deny, to: [{moons: {}}]}]")], &[("web", "db", 80, false)]);
    check(
        &[&of("Admin", "[{action: Accept, to: [{moons: {}}]}, {action: Deny, to: [{namespaces: {}}]}]")],
        &[("web", "db", 80, false)],
    );
    check(
        &[&of(
            "Admin",
            "[{action: Accept, to: [{domainNames: [a.example]}]}, {action: Deny, to: [{networks: [0.0.0.0/0]}]}]",
        )],
        &[("web", "192.0.2.1", 80, false)],
    );
}

/// The namespaces in which policies are not followed.
pub(super) fn blind<'t>(texts: &[&'t str]) -> Vec<&'t str> {
    let evidence = evidence(texts);
    let workloads = Workloads::of(&evidence);
    let reach = Reach::of(&evidence, &workloads);
    ["shop", "vault"].into_iter().filter(|namespace| reach.is_blind(namespace)).collect()
}

#[test]
fn policies_of_others_are_not_followed_and_told_of() {
    let antrea = "{apiVersion: crd.antrea.io/v1beta1, kind: NetworkPolicy, metadata: {name: a, namespace: shop}, spec: {}}";
    assert_eq!(blind(&[antrea]), ["shop"]);
    check(&[antrea], &[("db", "169.254.169.254", 80, true), ("192.0.2.1", "db", 80, true)]);
}

#[test]
fn drafts_of_administrators_policies() {
    let deny = |peer: &str| {
        admin(
            "AdminNetworkPolicy",
            "v1alpha1",
            "a",
            &format!(
                "{{priority: 1, subject: {{namespaces: {{}}}}, ingress: [{{action: Deny, from: [{peer}]}}]}}"
            ),
        )
    };
    for peer in [
        "{namespaces: {namespaceSelector: {matchLabels: {team: a}}}}",
        "{pods: {namespaces: {namespaceSelector: {matchLabels: {team: a}}}, podSelector: {}}}",
    ] {
        let policy = deny(peer);
        check(&[&policy], &[("web", "db", 80, false), ("db", "web", 80, true)]);
    }
    let common = deny("{namespaces: {sameLabels: [team]}}");
    assert_eq!(blind(&[&common]), ["shop", "vault"]);
    check(&[&common], &[("web", "db", 80, true)]);
}

#[test]
fn thousands_of_workloads_and_policies_are_a_matter_of_moments() {
    let mut texts = Vec::new();
    for i in 0..3000 {
        texts.push(format!("{{apiVersion: v1, kind: Pod, metadata: {{name: p{i}, namespace: n{}, labels: {{app: a{i}}}}}, spec: {{containers: [{{name: c}}]}}}}", i % 300));
        texts.push(np(&format!("n{}", i % 300), &format!("{{podSelector: {{matchLabels: {{app: a{i}}}}}, policyTypes: [Ingress, Egress], ingress: [{{from: [{{podSelector: {{matchLabels: {{app: x}}}}}}]}}]}}")));
    }
    let texts: Vec<_> = texts.iter().map(String::as_str).collect();
    let evidence = evidence(&texts);
    let workloads = Workloads::of(&evidence);
    let start = std::time::Instant::now();
    let reach = Reach::of(&evidence, &workloads);
    let closed =
        reach.groups.iter().filter(|g| !reach.may_leave(g, metadata_service(), Port::tcp(80)).allowed);
    assert_eq!(closed.count(), 3000);
    assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
}
