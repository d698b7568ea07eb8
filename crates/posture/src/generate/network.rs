//! Network policies for namespaces that have none: what is not allowed is denied, and machines keep their metadata.

use std::collections::{BTreeMap, BTreeSet};

use api::{Value, object};

use super::Made;
use crate::input::Input;
use crate::network::{Direction, Group, METADATA, Namespace, Port, Reach, metadata_service};
use crate::settings::Settings;
use crate::workload::Workloads;

/// How many workloads a comment names.
const MOST_NAMED: usize = 5;

/// Where names are looked up when nothing that was gathered tells.
const DNS: (&str, &str) = ("k8s-app", "kube-dns");

/// Where caches of names on nodes listen.
const NODE_LOCAL_DNS: &str = "169.254.20.10/32";

/// A NetworkPolicy for each namespace in which something runs and where what no policy allows is not denied, save
/// those of the system: it denies everything in the directions that are open, and lets names be looked up.
pub fn default_deny(input: &Input, settings: &Settings) -> Vec<Made> {
    let workloads = Workloads::of(&input.objects);
    let reach = Reach::of(&input.objects, &workloads);
    let dns = Dns::of(&reach);
    let mut made = Vec::new();
    for (namespace, groups) in running(&reach, settings) {
        let open: Vec<_> =
            Direction::BOTH.into_iter().filter(|d| !reach.denies_the_rest(namespace, *d)).collect();
        if open.is_empty() {
            continue;
        }
        let egress = open.contains(&Direction::Egress);
        let types: Vec<Value> = open.iter().map(|direction| Value::from(direction.name())).collect();
        let mut spec = object! { "podSelector" => object! {}, "policyTypes" => types };
        if egress {
            spec.set_at(&["egress"], vec![dns.rule()]);
        }
        let name = if open.len() == 2 { "default-deny" } else { single_name(egress) };
        let comment = denial_comment(namespace.name, &groups, &workloads, egress);
        made.push(Made { comment, object: policy(namespace.name, name, spec) });
    }
    made
}

/// A NetworkPolicy for each namespace, save those of the system, whose pods may go anywhere: the same without the
/// metadata of machines.  Where policies allow some egress already they are left to whoever wrote them, because
/// another one would only allow more.
pub fn keep_from_metadata(input: &Input, settings: &Settings) -> Vec<Made> {
    let workloads = Workloads::of(&input.objects);
    let reach = Reach::of(&input.objects, &workloads);
    let mut made = Vec::new();
    for (namespace, groups) in running(&reach, settings) {
        let untouched = |group: &&Group<'_>| {
            let verdict = reach.may_leave(group, metadata_service(), Port::tcp(80));
            verdict.allowed && verdict.because.is_none()
        };
        let isolated = |p: &crate::network::Policy<'_>| p.covers(Direction::Egress);
        if !groups.iter().any(untouched) || reach.policies_in(namespace.name).any(isolated) {
            continue;
        }
        let but_metadata = object! { "cidr" => "0.0.0.0/0", "except" => vec![Value::from(format!("{METADATA}/32").as_str())] };
        let v6 = object! { "cidr" => "::/0", "except" => vec![Value::from("fd00:ec2::254/128")] };
        let to = vec![
            object! { "namespaceSelector" => object! {} },
            object! { "ipBlock" => but_metadata },
            object! { "ipBlock" => v6 },
        ];
        let spec = object! {
            "podSelector" => object! {},
            "policyTypes" => vec![Value::from("Egress")],
            "egress" => vec![object! { "to" => to }],
        };
        let comment = format!(
            "{}: pods go wherever they like as before, but not to {METADATA}, where clouds tell machines who they are\nA policy that denies egress by default keeps them from it too, and from more",
            namespace.name
        );
        made.push(Made { comment, object: policy(namespace.name, "no-metadata", spec) });
    }
    made
}

fn single_name(egress: bool) -> &'static str {
    if egress { "default-deny-egress" } else { "default-deny-ingress" }
}

fn policy(namespace: &str, name: &str, spec: Value) -> Value {
    object! {
        "apiVersion" => "networking.k8s.io/v1",
        "kind" => "NetworkPolicy",
        "metadata" => object! { "name" => name, "namespace" => namespace },
        "spec" => spec,
    }
}

/// Namespaces in which pods run that policies are for, and these pods.
fn running<'r, 'a>(reach: &'r Reach<'a>, settings: &Settings) -> Vec<(Namespace<'a>, Vec<&'r Group<'a>>)> {
    let mut all: BTreeMap<&str, Vec<&Group<'_>>> = BTreeMap::new();
    for group in reach.groups.iter().filter(|group| !group.endpoint.on_host) {
        all.entry(group.endpoint.namespace.name).or_default().push(group);
    }
    let meant = |name: &&str| !name.is_empty() && !settings.is_system(name) && !reach.is_blind(name);
    all.into_iter()
        .filter(|(name, _)| meant(name))
        .map(|(name, groups)| (reach.namespace(name), groups))
        .collect()
}

fn denial_comment(namespace: &str, groups: &[&Group<'_>], workloads: &Workloads<'_>, egress: bool) -> String {
    let members = groups.iter().flat_map(|group| &group.members).filter_map(|i| workloads.0.get(*i));
    let names: BTreeSet<String> =
        members.map(|workload| format!("{} {}", workload.object.kind(), workload.object.name())).collect();
    let mut named: Vec<&str> = names.iter().take(MOST_NAMED).map(String::as_str).collect();
    let more = format!("{} more", names.len().saturating_sub(MOST_NAMED));
    if names.len() > MOST_NAMED {
        named.push(&more);
    }
    let what = if egress {
        "what no other policy allows is denied, save looking up names"
    } else {
        "who is not allowed by another policy is kept out"
    };
    format!("{namespace}: {what}\nBefore this is applied, allow what these need: {}", named.join(", "))
}

/// Where names are looked up.
struct Dns {
    namespace: String,
    label: (String, String),
    on_nodes: bool,
}

impl Dns {
    /// The pods that say they listen for it.
    fn of(reach: &Reach<'_>) -> Self {
        let listens = |group: &&Group<'_>| group.endpoint.ports.iter().any(|port| port.number == 53);
        let servers: Vec<_> = reach.groups.iter().filter(listens).collect();
        let on_nodes = servers.iter().any(|group| group.endpoint.on_host);
        let named = servers.iter().filter(|group| !group.endpoint.on_host).find_map(|group| {
            let label = group.endpoint.labels?.get(DNS.0)?.as_str()?;
            Some((group.endpoint.namespace.name, label))
        });
        let (namespace, label) = named.unwrap_or(("kube-system", DNS.1));
        Self { namespace: namespace.to_owned(), label: (DNS.0.to_owned(), label.to_owned()), on_nodes }
    }

    /// A rule that lets pods look up names.
    fn rule(&self) -> Value {
        let (mut namespace, mut pods) = (Value::object(), Value::object());
        namespace.set_at(&["matchLabels", "kubernetes.io/metadata.name"], self.namespace.as_str());
        pods.set_at(&["matchLabels", &self.label.0], self.label.1.as_str());
        let mut to = vec![object! { "namespaceSelector" => namespace, "podSelector" => pods }];
        if self.on_nodes {
            to.push(object! { "ipBlock" => object! { "cidr" => NODE_LOCAL_DNS } });
        }
        let port = |protocol: &str| object! { "protocol" => protocol, "port" => 53 };
        object! { "to" => to, "ports" => vec![port("UDP"), port("TCP")] }
    }
}

#[cfg(test)]
mod tests {
    use evidence::{Object, Origin};

    use super::*;
    use crate::finding::Status;
    use crate::settings::Profile;

    const APP: &str = "{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop, labels: {app: web}}, spec: {containers: [{name: c}]}}";
    const SPACE: &str = "{apiVersion: v1, kind: Namespace, metadata: {name: shop}}";
    const NAMES: &str = "{apiVersion: v1, kind: Pod, metadata: {name: dns, namespace: kube-system, labels: {k8s-app: coredns}}, spec: {containers: [{name: c, ports: [{containerPort: 53, protocol: UDP}]}]}}";

    fn input(texts: &[&str]) -> Input {
        let mut input = Input { whole_cluster: true, ..Input::default() };
        for text in texts {
            input.add(object(codec::yaml::parse(text.as_bytes()).unwrap().value));
        }
        input
    }

    fn object(value: Value) -> Object {
        Object { value, origin: Origin::whole("f") }
    }

    /// How checks come out once what was made is there.
    fn after(texts: &[&str], made: &[Made], ids: &[&str]) -> Vec<Status> {
        let mut input = input(texts);
        made.iter().for_each(|made| input.add(object(made.object.clone())));
        let settings = Settings { profile: Profile::Nks, ..Settings::default() };
        let report = crate::scan(&input, &settings);
        ids.iter().map(|id| report.outcomes.iter().find(|o| o.check.id == *id).unwrap().status).collect()
    }

    const DENIED: [&str; 5] = ["NET-002", "NET-003", "NET-004", "NET-005", "NET-008"];

    #[test]
    fn what_is_made_is_what_the_checks_ask_for() {
        let texts = [APP, SPACE, NAMES];
        assert_eq!(after(&texts, &[], &DENIED[..2]), [Status::Fail, Status::Fail]);
        let made = default_deny(&input(&texts), &Settings::default());
        assert_eq!(made.len(), 1);
        assert!(made[0].comment.contains("Pod web") && made[0].comment.starts_with("shop: "));
        assert_eq!(after(&texts, &made, &DENIED), [Status::Pass; 5]);
        let text = codec::yaml::write(&made[0].object);
        assert!(text.contains("k8s-app: coredns") && text.contains("name: default-deny\n"), "{text}");
    }

    #[test]
    fn names_can_still_be_looked_up() {
        let texts = [APP, SPACE, NAMES];
        let made = default_deny(&input(&texts), &Settings::default());
        let mut input = input(&texts);
        input.add(object(made[0].object.clone()));
        let workloads = Workloads::of(&input.objects);
        let reach = Reach::of(&input.objects, &workloads);
        let (web, dns) = (reach.group_of(0).unwrap(), reach.group_of(1).unwrap());
        let port = |number, protocol| Port { number: Some(number), protocol };
        assert!(reach.may_pass(web, dns, port(53, crate::network::Protocol::Udp)).allowed);
        assert!(reach.may_pass(web, dns, port(53, crate::network::Protocol::Tcp)).allowed);
        assert!(!reach.may_pass(web, dns, port(9153, crate::network::Protocol::Tcp)).allowed);
    }

    #[test]
    fn only_what_is_open_is_denied() {
        let ingress = "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: n, namespace: shop}, spec: {podSelector: {}}}";
        let texts = [APP, SPACE, ingress];
        let made = default_deny(&input(&texts), &Settings::default());
        assert_eq!(made[0].object.str_at(&["metadata", "name"]), "default-deny-egress");
        assert_eq!(made[0].object.array_at(&["spec", "policyTypes"]), [Value::from("Egress")]);
        assert_eq!(after(&texts, &made, &DENIED), [Status::Pass; 5]);
        let mut closed = input(&texts);
        closed.add(object(made[0].object.clone()));
        assert!(default_deny(&closed, &Settings::default()).is_empty());
    }

    #[test]
    fn metadata_alone_is_kept_away() {
        let texts = [APP, SPACE, NAMES];
        let made = keep_from_metadata(&input(&texts), &Settings::default());
        assert_eq!(made.len(), 1);
        assert_eq!(after(&texts, &made, &["NET-008", "NET-006"]), [Status::Pass, Status::Pass]);
        // Another policy's egress would only grow.
        let some = "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: n, namespace: shop}, spec: {podSelector: {matchLabels: {app: x}}, policyTypes: [Egress]}}";
        assert!(keep_from_metadata(&input(&[APP, SPACE, some]), &Settings::default()).is_empty());
    }
}
