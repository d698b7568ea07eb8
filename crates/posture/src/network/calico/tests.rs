//! What policies of Calico let through.

use crate::network::tests::{ask, blind, check};
use crate::network::{Port, Protocol};

fn policy(namespace: &str, name: &str, spec: &str) -> String {
    let kind = if namespace.is_empty() { "GlobalNetworkPolicy" } else { "NetworkPolicy" };
    let namespace = if namespace.is_empty() { String::new() } else { format!(", namespace: {namespace}") };
    format!(
        "{{apiVersion: projectcalico.org/v3, kind: {kind}, metadata: {{name: {name}{namespace}}}, spec: {spec}}}"
    )
}

fn ingress(namespace: &str, rules: &str) -> String {
    policy(namespace, "c", &format!("{{types: [Ingress], ingress: {rules}}}"))
}

fn egress(namespace: &str, rules: &str) -> String {
    policy(namespace, "c", &format!("{{types: [Egress], egress: {rules}}}"))
}

const TIER: &str =
    "{apiVersion: projectcalico.org/v3, kind: Tier, metadata: {name: first}, spec: {order: 100}}";

#[test]
fn what_is_selected_is_denied_what_no_rule_allows() {
    let none = policy("vault", "c", "{}");
    check(
        &[&none],
        &[
            ("web", "db", 80, false),
            ("db", "web", 80, true),
            ("web", "agent", 80, true),
            ("node", "db", 80, true),
        ],
    );
    let out = policy("shop", "c", "{egress: [{action: Allow, destination: {nets: [192.0.2.0/24]}}]}");
    check(&[&out], &[("web", "192.0.2.1", 80, true), ("web", "db", 80, false), ("db", "web", 80, true)]);
    // What Calico keeps was never filled in by a server.
    let kept = out.replace("projectcalico.org/v3", "crd.projectcalico.org/v1");
    check(&[&kept], &[("web", "192.0.2.1", 80, true), ("db", "web", 80, false)]);
    let some = policy("vault", "c", "{selector: app == 'other'}");
    check(&[&some], &[("web", "db", 80, true)]);
    let account = policy("vault", "c", "{serviceAccountSelector: projectcalico.org/name == 'keeper'}");
    check(&[&account], &[("web", "db", 80, false)]);
    let staged = none.replace("kind: NetworkPolicy", "kind: StagedNetworkPolicy");
    check(&[&staged], &[("web", "db", 80, true)]);
    let of_hosts = policy("", "c", "{preDNAT: true, applyOnForward: true, types: [Ingress]}");
    check(&[&of_hosts], &[("web", "db", 80, true)]);
}

#[test]
fn policies_of_the_cluster() {
    let all_but = policy(
        "",
        "c",
        "{namespaceSelector: \"has(projectcalico.org/name) && projectcalico.org/name not in {'vault'}\", types: [Ingress, Egress]}",
    );
    check(
        &[&all_but],
        &[("web", "192.0.2.1", 80, false), ("192.0.2.1", "web", 80, false), ("192.0.2.1", "db", 80, true)],
    );
    let team = policy("", "c", "{namespaceSelector: team == 'b', types: [Ingress]}");
    check(&[&team], &[("192.0.2.1", "web", 80, true), ("192.0.2.1", "db", 80, false)]);
    let by_label = policy("", "c", "{selector: pcns.team == 'b' && app == 'db', types: [Ingress]}");
    check(&[&by_label], &[("192.0.2.1", "web", 80, true), ("192.0.2.1", "db", 80, false)]);
}

#[test]
fn the_first_rule_decides() {
    let open = policy("vault", "o", "{order: 20, ingress: [{action: Allow}]}");
    let deny = |order: i64| {
        policy(
            "vault",
            "d",
            &format!(
                "{{order: {order}, ingress: [{{action: Deny, source: {{namespaceSelector: team == 'a'}}}}]}}"
            ),
        )
    };
    check(&[&open, &deny(10)], &[("web", "db", 80, false), ("192.0.2.1", "db", 80, true)]);
    check(&[&open, &deny(30)], &[("web", "db", 80, true)]);
    // One without an order is last; names decide between equals.
    let last = policy("vault", "d", "{ingress: [{action: Deny}]}");
    check(&[&last, &open], &[("web", "db", 80, true)]);
    let earlier = policy("vault", "a", "{order: 20, ingress: [{action: Log}, {action: Deny}]}");
    check(&[&open, &earlier], &[("web", "db", 80, false)]);
    assert_eq!(ask(&[&open, &earlier], "web", "db", Port::tcp(1)).1, "a spec.ingress[1]");
    // Those of the API's own kind are asked at 1000.
    let plain = "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: n, namespace: vault}, spec: {podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: a}}}]}]}}";
    check(&[plain, &deny(999)], &[("web", "db", 80, false)]);
    check(&[plain, &deny(1001)], &[("web", "db", 80, true), ("192.0.2.1", "db", 80, false)]);
}

#[test]
fn tiers_are_asked_one_after_another() {
    let first = |rules: &str| {
        policy(
            "",
            "t",
            &format!("{{tier: first, types: [Ingress], selector: app == 'db', ingress: {rules}}}"),
        )
    };
    let open = policy("vault", "o", "{ingress: [{action: Allow}]}");
    let pass = first("[{action: Pass, source: {namespaceSelector: team == 'a'}}]");
    check(&[TIER, &pass, &open], &[("web", "db", 80, true), ("192.0.2.1", "db", 80, false)]);
    // What is left to nobody is allowed.
    check(&[TIER, &pass], &[("web", "db", 80, true)]);
    let falls = TIER.replace("order: 100", "order: 100, defaultAction: Pass");
    check(&[&falls, &pass, &open], &[("192.0.2.1", "db", 80, true)]);
    let deny = first("[{action: Deny}]");
    check(&[TIER, &deny, &open], &[("web", "db", 80, false)]);
    // Administrators' own policies are asked at 1000.
    let admin = "{apiVersion: policy.networking.k8s.io/v1alpha1, kind: AdminNetworkPolicy, metadata: {name: a}, spec: {priority: 1, subject: {namespaces: {}}, ingress: [{action: Allow, from: [{namespaces: {}}]}]}}";
    check(&[TIER, &deny, admin], &[("web", "db", 80, false)]);
    let later = TIER.replace("order: 100", "order: 2000");
    check(&[&later, &deny, admin], &[("web", "db", 80, true), ("192.0.2.1", "db", 80, false)]);
}

#[test]
fn whom_rules_are_about() {
    let db = |source: &str| ingress("vault", &format!("[{{action: Allow, source: {source}}}]"));
    // A selector alone is for the policy's own namespace.
    check(&[&db("{selector: app == 'web'}")], &[("web", "db", 80, false)]);
    check(
        &[&db("{selector: app == 'web', namespaceSelector: all()}")],
        &[("web", "db", 80, true), ("192.0.2.1", "db", 80, false)],
    );
    check(&[&db("{namespaceSelector: team == 'a'}")], &[("web", "db", 80, true)]);
    check(&[&db("{namespaceSelector: global()}")], &[("web", "db", 80, false)]);
    check(
        &[&db("{namespaceSelector: \"global() || team == 'a'\"}")],
        &[("web", "db", 80, true), ("db", "db", 80, false)],
    );
    check(
        &[&db("{serviceAccounts: {names: [default]}, namespaceSelector: all()}")],
        &[("web", "db", 80, true)],
    );
    check(
        &[&db("{serviceAccounts: {names: [keeper]}, namespaceSelector: all()}")],
        &[("web", "db", 80, false)],
    );
    check(
        &[&db("{nets: [192.0.2.0/24], notNets: [192.0.2.8/29]}")],
        &[("192.0.2.1", "db", 80, true), ("192.0.2.9", "db", 80, false), ("192.0.3.1", "db", 80, false)],
    );
    check(
        &[&db("{notNets: [192.0.2.0/24]}")],
        &[("192.0.2.1", "db", 80, false), ("192.0.3.1", "db", 80, true)],
    );
    check(&[&db("{nets: [192.0.2.0/24], selector: app == 'web'}")], &[("192.0.2.1", "db", 80, false)]);
    let global = |source: &str| ingress("", &format!("[{{action: Allow, source: {source}}}]"));
    check(&[&global("{selector: app == 'web'}")], &[("web", "db", 80, true), ("192.0.2.1", "db", 80, false)]);
    check(
        &[&global("{notSelector: app == 'web'}")],
        &[("web", "db", 80, false), ("192.0.2.1", "db", 80, true), ("db", "web", 80, true)],
    );
    check(&[&global("{selector: '!has(app)'}")], &[("192.0.2.1", "db", 80, false)]);
    // In a namespace it narrows that down.
    check(&[&db("{notSelector: app == 'web'}")], &[("192.0.2.1", "db", 80, false)]);
}

#[test]
fn sets_of_addresses() {
    let set = |kind: &str, place: &str| {
        format!(
            "{{apiVersion: projectcalico.org/v3, kind: {kind}, metadata: {{name: s, labels: {{role: friends}}{place}}}, spec: {{nets: [192.0.2.0/24]}}}}"
        )
    };
    let (everywhere, here) = (set("GlobalNetworkSet", ""), set("NetworkSet", ", namespace: shop"));
    let to = |namespaces: &str| {
        egress(
            "shop",
            &format!("[{{action: Allow, destination: {{selector: role == 'friends'{namespaces}}}}}]"),
        )
    };
    check(&[&to(""), &here], &[("web", "192.0.2.1", 80, true), ("web", "198.51.100.1", 80, false)]);
    check(&[&to(""), &everywhere], &[("web", "192.0.2.1", 80, false)]);
    check(&[&to(", namespaceSelector: global()"), &everywhere], &[("web", "192.0.2.1", 80, true)]);
    check(&[&to(", namespaceSelector: team == 'b'"), &here], &[("web", "192.0.2.1", 80, false)]);
    // What is in no namespace has none of the labels of one.
    check(&[&to(", namespaceSelector: team != 'a'"), &everywhere], &[("web", "192.0.2.1", 80, true)]);
    check(&[&to(", namespaceSelector: '!global()'"), &everywhere], &[("web", "192.0.2.1", 80, false)]);
    let any = egress("", "[{action: Deny, destination: {selector: role == 'friends'}}, {action: Allow}]");
    check(&[&any, &everywhere], &[("web", "192.0.2.1", 80, false), ("web", "198.51.100.1", 80, true)]);
    check(&[&any, &here], &[("web", "192.0.2.1", 80, false)]);
}

#[test]
fn ports_and_protocols() {
    let db = |rule: &str| ingress("vault", &format!("[{{action: Allow, {rule}}}]"));
    let tcp = |ports: &str| db(&format!("protocol: TCP, destination: {{{ports}}}"));
    check(
        &[&tcp("ports: [80, '8000:8080', sql]")],
        &[
            ("web", "db", 80, true),
            ("web", "db", 8001, true),
            ("web", "db", 5432, true),
            ("web", "db", 81, false),
        ],
    );
    check(
        &[&tcp("notPorts: [22, '100:200']")],
        &[
            ("web", "db", 80, true),
            ("web", "db", 22, false),
            ("web", "db", 200, false),
            ("web", "db", 201, true),
        ],
    );
    check(
        &[&tcp("ports: ['1:100'], notPorts: [50]")],
        &[
            ("web", "db", 49, true),
            ("web", "db", 50, false),
            ("web", "db", 51, true),
            ("web", "db", 101, false),
        ],
    );
    check(&[&db("protocol: UDP")], &[("web", "db", 80, false)]);
    check(&[&db("protocol: 6")], &[("web", "db", 80, true)]);
    check(&[&db("protocol: ICMP")], &[("web", "db", 80, false)]);
    check(&[&db("notProtocol: TCP")], &[("web", "db", 80, false)]);
    let not_udp = db("notProtocol: UDP");
    check(&[&not_udp], &[("web", "db", 80, true)]);
    assert!(!ask(&[&not_udp], "web", "db", Port { protocol: Protocol::Udp, number: Some(53) }).0);
    check(&[&db("ipVersion: 6")], &[("192.0.2.1", "db", 80, false)]);
    check(&[&db("ipVersion: 4")], &[("192.0.2.1", "db", 80, true)]);
    assert!(ask(&[&db("protocol: TCP")], "web", "db", Port::UNNAMED).0);
    assert!(!ask(&[&tcp("notPorts: [22]")], "web", "db", Port::UNNAMED).0);
}

#[test]
fn what_is_not_known_is_not_followed() {
    let rule = |rule: &str| ingress("vault", &format!("[{{action: Allow, {rule}}}]"));
    for bad in [
        rule("http: {methods: [GET]}"),
        rule("source: {ports: [80]}"),
        rule("source: {services: {name: s}}"),
        rule("source: {selector: app = 'x'}"),
        rule("source: {domains: [a.example]}"),
        rule("destination: {selector: app == 'x'}"),
        rule("moon: full"),
        rule("source: {nets: [everywhere]}"),
        ingress("vault", "[{action: Wave}]"),
        policy("vault", "c", "{tier: none}"),
        policy("vault", "c", "{selector: app is great}"),
        policy("vault", "c", "{moon: full}"),
    ] {
        assert_eq!(blind(&[&bad]), ["vault"], "{bad}");
        assert!(ask(&[&bad], "web", "db", Port::tcp(80)).0, "{bad}");
    }
    // One of the cluster is left out where it decides.
    assert_eq!(blind(&[&policy("", "c", "{selector: app == 'web', tier: none}")]), ["shop"]);
    assert_eq!(blind(&[&policy("", "c", "{selector: app is great}")]), ["shop", "vault"]);
    assert!(blind(&[&rule("protocol: TCP")]).is_empty());
    let cilium = "{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: c, namespace: shop}, spec: {endpointSelector: {}}}";
    assert_eq!(blind(&[cilium, &rule("protocol: TCP")]), ["shop", "vault"]);
}
