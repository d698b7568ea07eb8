//! NetworkPolicy held against an evaluator that is as simple as the API's own words.

use api::Value;
use evidence::{Evidence, Object, Origin};
use proptest::prelude::*;

use super::{Peer, Port, Protocol, Reach};
use crate::workload::Workloads;

/// Labels, by which selectors below choose.
fn labels() -> impl Strategy<Value = String> {
    prop_oneof![Just("{}"), Just("{a: x}"), Just("{a: z, b: x}"), Just("{b: z}")].prop_map(str::to_owned)
}

fn selector() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("{}"),
        Just("{matchLabels: {a: x}}"),
        Just("{matchLabels: {a: z, b: x}}"),
        Just("{matchExpressions: [{key: b, operator: Exists}]}"),
        Just("{matchExpressions: [{key: a, operator: NotIn, values: [x]}]}"),
        Just(
            "{matchExpressions: [{key: a, operator: In, values: [x, z]}, {key: b, operator: DoesNotExist}]}"
        ),
    ]
    .prop_map(str::to_owned)
}

fn peer() -> impl Strategy<Value = String> {
    prop_oneof![
        selector().prop_map(|s| format!("{{podSelector: {s}}}")),
        selector().prop_map(|s| format!("{{namespaceSelector: {s}}}")),
        (selector(), selector()).prop_map(|(n, p)| format!("{{namespaceSelector: {n}, podSelector: {p}}}")),
        Just("{ipBlock: {cidr: 10.0.0.0/8}}".to_owned()),
        Just("{ipBlock: {cidr: 0.0.0.0/0, except: [10.1.0.0/16, 192.0.2.0/24]}}".to_owned()),
    ]
}

fn port() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("{port: 80}"),
        Just("{port: 80, protocol: UDP}"),
        Just("{port: web}"),
        Just("{port: 70, endPort: 90}"),
        Just("{protocol: UDP}"),
    ]
    .prop_map(str::to_owned)
}

fn list(of: impl Strategy<Value = String>, most: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(of, 0..=most).prop_map(|all| format!("[{}]", all.join(", ")))
}

fn rule(peers: &'static str) -> impl Strategy<Value = String> {
    (list(peer(), 2), list(port(), 2)).prop_map(move |(p, ports)| format!("{{{peers}: {p}, ports: {ports}}}"))
}

fn policy() -> impl Strategy<Value = String> {
    let types = prop_oneof![Just(""), Just("policyTypes: [Ingress], "), Just("policyTypes: [Egress], ")];
    let types = prop_oneof![types, Just("policyTypes: [Ingress, Egress], ")];
    (0..2, selector(), types, list(rule("from"), 2), list(rule("to"), 2)).prop_map(|(n, s, t, i, e)| {
        format!(
            "{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: p, namespace: n{n}}}, spec: {{podSelector: {s}, {t}ingress: {i}, egress: {e}}}}}"
        )
    })
}

/// Address, whether it is on the host's network, labels; the first half are in the first namespace.
fn pod(i: usize, labels: &str, on_host: bool) -> String {
    let port = if i.is_multiple_of(2) { 80 } else { 8080 };
    format!(
        "{{apiVersion: v1, kind: Pod, metadata: {{name: p{i}, namespace: n{}, labels: {labels}}}, status: {{podIP: 10.{}.0.{i}}}, spec: {{hostNetwork: {on_host}, containers: [{{name: c, ports: [{{name: web, containerPort: {port}}}]}}]}}}}",
        i % 2,
        i % 3
    )
}

fn object(text: &str) -> Object {
    let value = codec::yaml::parse(text.as_bytes()).map_err(|e| format!("{text}: {e}")).unwrap().value;
    Object { value, origin: Origin::whole("t") }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn the_model_agrees_with_the_words_of_the_api(
        policies in prop::collection::vec(policy(), 0..5),
        pods in prop::collection::vec((labels(), prop::bool::weighted(0.1)), 4),
        spaces in prop::collection::vec(labels(), 2),
        by_order in any::<bool>(),
    ) {
        let mut texts = policies;
        // A policy of Calico that is for nobody: the others are asked by order, and come to the same.
        texts.extend(by_order.then(|| "{apiVersion: projectcalico.org/v3, kind: GlobalNetworkPolicy, metadata: {name: c}, spec: {selector: has(nobody), ingress: [{action: Deny}]}}".to_owned()));
        texts.extend(pods.iter().enumerate().map(|(i, (l, host))| pod(i, l, *host)));
        texts.extend(spaces.iter().enumerate().map(|(i, l)| {
            format!("{{apiVersion: v1, kind: Namespace, metadata: {{name: n{i}, labels: {l}}}}}")
        }));
        let evidence = Evidence { objects: texts.iter().map(|t| object(t)).collect(), ..Evidence::default() };
        let workloads = Workloads::of(&evidence);
        let reach = Reach::of(&evidence, &workloads);
        let world: std::net::IpAddr = "192.0.2.1".parse().unwrap();
        for port in [Port::tcp(80), Port::tcp(8080), Port { protocol: Protocol::Udp, number: Some(80) }] {
            for (i, a) in workloads.0.iter().enumerate() {
                let from = reach.group_of(i).unwrap();
                for (j, b) in workloads.0.iter().enumerate() {
                    let to = reach.group_of(j).unwrap();
                    let got = reach.may_pass(from, to, port);
                    let want = naive::may(&evidence, Some(a.object), Some(b.object), port);
                    prop_assert_eq!(got.allowed, want, "{} to {} {}: {:?} {:#?}", a.object.name(), b.object.name(), port, got.because.map(|b| b.policy.name()), &texts);
                }
                let out = reach.may_leave(from, Peer::World(world, false), port).allowed;
                prop_assert_eq!(out, naive::may(&evidence, Some(a.object), None, port), "out {} {:#?}", a.object.name(), &texts);
                let into = reach.may(Peer::World(world, false), Peer::Pod(&from.endpoint), port).allowed;
                prop_assert_eq!(into, naive::may(&evidence, None, Some(a.object), port), "in {} {:#?}", a.object.name(), &texts);
            }
        }
    }
}

/// Straight from the text of the API, with nothing made ready; the world is at 192.0.2.1.
mod naive {
    use super::*;

    type Pod<'a> = Option<&'a Object>;

    pub(super) fn may(evidence: &Evidence, from: Pod<'_>, to: Pod<'_>, port: Port) -> bool {
        let leaves = from.is_none_or(|pod| passes(evidence, pod, to, to, port, "Egress"));
        let is_local = from.is_some_and(on_host);
        leaves && (is_local || to.is_none_or(|pod| passes(evidence, pod, from, to, port, "Ingress")))
    }

    fn on_host(pod: &Object) -> bool {
        pod.value.at(&["spec", "hostNetwork"]).as_bool() == Some(true)
    }

    fn passes(evidence: &Evidence, me: &Object, other: Pod<'_>, to: Pod<'_>, port: Port, way: &str) -> bool {
        if on_host(me) {
            return true;
        }
        let (rules, peers) = if way == "Ingress" { ("ingress", "from") } else { ("egress", "to") };
        let mut isolated = false;
        for policy in evidence.objects.iter().filter(|o| o.kind() == "NetworkPolicy") {
            let spec = policy.value.at(&["spec"]);
            let types: Vec<_> = spec.array_at(&["policyTypes"]).iter().filter_map(Value::as_str).collect();
            let by_default = way == "Ingress" || !spec.array_at(&["egress"]).is_empty();
            let covers = if types.is_empty() { by_default } else { types.contains(&way) };
            if !covers || policy.namespace() != me.namespace() || !selects(spec.at(&["podSelector"]), me) {
                continue;
            }
            isolated = true;
            for rule in spec.array_at(&[rules]) {
                let named = rule.array_at(&[peers]);
                let ports = rule.array_at(&["ports"]);
                let who = named.is_empty() || named.iter().any(|p| is(evidence, policy, p, other));
                if who && (ports.is_empty() || ports.iter().any(|p| is_port(p, to, port))) {
                    return true;
                }
            }
        }
        !isolated
    }

    fn is(evidence: &Evidence, policy: &Object, peer: &Value, other: Pod<'_>) -> bool {
        let block = peer.at(&["ipBlock"]);
        if !block.is_null() {
            let address = other.map_or("192.0.2.1", |pod| pod.value.str_at(&["status", "podIP"]));
            // The blocks of these tests end between bytes.
            return match block.str_at(&["cidr"]) {
                "10.0.0.0/8" => address.starts_with("10."),
                _ => !address.starts_with("10.1.") && !address.starts_with("192.0.2."),
            };
        }
        let Some(pod) = other.filter(|pod| !on_host(pod)) else { return false };
        let namespaces = peer.at(&["namespaceSelector"]);
        let there = if namespaces.is_null() {
            pod.namespace() == policy.namespace()
        } else {
            let space = evidence.of_kind("", "Namespace").find(|n| n.name() == pod.namespace()).unwrap();
            selects(namespaces, space)
        };
        there && (peer.at(&["podSelector"]).is_null() || selects(peer.at(&["podSelector"]), pod))
    }

    fn is_port(port: &Value, to: Pod<'_>, asked: Port) -> bool {
        let protocol = port.at(&["protocol"]).as_str().unwrap_or("TCP");
        let number = i64::from(asked.number.unwrap());
        protocol == asked.protocol.name()
            && match port.at(&["port"]) {
                Value::Null => true,
                Value::Int(from) => {
                    (*from..=port.at(&["endPort"]).as_i64().unwrap_or(*from)).contains(&number)
                }
                _ => to.is_some_and(|pod| {
                    let declared = &pod.value.array_at(&["spec", "containers"])[0].array_at(&["ports"])[0];
                    declared.at(&["containerPort"]).as_i64() == Some(number) && protocol == "TCP"
                }),
            }
    }

    fn selects(selector: &Value, object: &Object) -> bool {
        let labels = object.value.at(&["metadata", "labels"]);
        let of = |key: &str| labels.get(key).and_then(Value::as_str);
        let exact = selector.at(&["matchLabels"]).as_object().into_iter().flat_map(api::Map::iter);
        exact.into_iter().all(|(key, value)| of(key) == value.as_str())
            && selector.array_at(&["matchExpressions"]).iter().all(|e| {
                let value = of(e.str_at(&["key"]));
                let listed =
                    value.is_some_and(|v| e.array_at(&["values"]).iter().any(|x| x.as_str() == Some(v)));
                match e.str_at(&["operator"]) {
                    "In" => listed,
                    "NotIn" => !listed,
                    "Exists" => value.is_some(),
                    _ => value.is_none(),
                }
            })
    }
}
