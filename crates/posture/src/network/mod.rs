//! Who can reach whom: the policies of a cluster, held against its pods, its nodes and the world.
//!
//! Entry points: [`Reach::of`] reads every policy once; [`Reach::may_pass`] and [`Reach::may_leave`] answer.
//! NetworkPolicy, AdminNetworkPolicy, BaselineAdminNetworkPolicy and ClusterNetworkPolicy are followed as their APIs say,
//! Cilium's and Calico's policies up to layer 4.  [`Reach::is_blind`] tells where policies may decide that are not followed.

mod address;
mod admin;
mod calico;
mod cilium;
mod decide;
mod ends;
mod plain;
mod policy;
mod ports;
#[cfg(test)]
mod properties;
mod reading;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{IpAddr, Ipv4Addr};

use api::{Map, Value};
use evidence::{Evidence, Object};

pub(crate) use address::Block;
pub(crate) use decide::{Because, Verdict};
pub(crate) use ends::{Endpoint, Machine, Namespace, Peer};
pub(crate) use policy::{Action, Direction, Entity, Pods, Policy, Rule, Scope, Subject, Who};
pub(crate) use ports::{Declared, Port, Protocol};

use self::decide::{first, together};
use self::policy::Tier;
use self::reading::{Unread, read};
use crate::sources::nodes::is_control_plane;
use crate::workload::{Workload, Workloads};

/// Where machines of clouds are told who they are.
pub(crate) const METADATA: Ipv4Addr = Ipv4Addr::new(169, 254, 169, 254);

/// Somebody on the internet.
pub(crate) const STRANGER: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 1);

/// The policies of a cluster and those they are for.
#[derive(Debug)]
pub(crate) struct Reach<'a> {
    /// In the order in which they are asked.
    pub policies: Vec<Policy<'a>>,
    /// Pods that no policy can tell apart.
    pub groups: Vec<Group<'a>>,
    /// Namespaces by name; those that only objects name have no labels.
    pub namespaces: BTreeMap<&'a str, Namespace<'a>>,
    /// Policies of one namespace, by its name; the others are everywhere.
    local: HashMap<&'a str, Vec<usize>>,
    everywhere: Vec<usize>,
    group_of: Vec<usize>,
    /// Groups of a namespace.
    neighbours: HashMap<&'a str, Vec<usize>>,
    pod_ranges: Vec<Block>,
    /// Calico enforces them: policies of applications are asked by order too.
    by_order: bool,
    /// Namespaces with policies that are not followed; `""` for all of them.
    blind: BTreeSet<&'a str>,
}

/// Workloads whose pods no policy can tell apart.
#[derive(Debug)]
pub(crate) struct Group<'a> {
    pub endpoint: Endpoint<'a>,
    /// Their places among all workloads.
    pub members: Vec<usize>,
    policies: Vec<usize>,
}

impl<'a> Reach<'a> {
    /// Reads policies, namespaces and workloads.
    pub(crate) fn of(evidence: &'a Evidence, workloads: &Workloads<'a>) -> Self {
        let (policies, unread) = read(evidence);
        let by_order = policies.iter().any(|policy| calico::is_policy(policy.object));
        let mut local: HashMap<&str, Vec<usize>> = HashMap::new();
        let mut everywhere = Vec::new();
        for (i, policy) in policies.iter().enumerate() {
            match policy.object.namespace() {
                "" if policy.object.kind() != "NetworkPolicy" => everywhere.push(i),
                namespace => local.entry(namespace).or_default().push(i),
            }
        }
        let mut reach = Self {
            policies,
            groups: Vec::new(),
            namespaces: namespaces(evidence, workloads),
            local,
            everywhere,
            group_of: Vec::new(),
            neighbours: HashMap::new(),
            pod_ranges: pod_ranges(evidence),
            by_order,
            blind: BTreeSet::new(),
        };
        reach.group(evidence, workloads);
        for unread in &unread {
            reach.leave_out(unread);
        }
        reach
    }

    /// Takes down where a policy may decide that is not followed.
    fn leave_out(&mut self, unread: &Unread<'a>) {
        let of = |pods: &Pods| {
            let chosen = self.groups.iter().map(|group| &group.endpoint).filter(|pod| pods.has(pod));
            chosen.map(|pod| pod.namespace.name).collect()
        };
        let places: Vec<&str> = match unread {
            Unread::In(namespace) => vec![namespace],
            Unread::Anywhere => vec![""],
            Unread::For(pods) => of(pods),
        };
        self.blind.extend(places);
    }

    /// Puts workloads together that no policy can tell apart.
    fn group(&mut self, evidence: &'a Evidence, workloads: &Workloads<'a>) {
        let mut known: HashMap<String, usize> = HashMap::new();
        let accounts = evidence.of_kind("", "ServiceAccount").map(|o| ((o.namespace(), o.name()), labels(o)));
        let accounts: HashMap<_, _> = accounts.collect();
        for (i, workload) in workloads.0.iter().enumerate() {
            let mut endpoint = self.endpoint(workload);
            let account = accounts.get(&(endpoint.namespace.name, endpoint.account));
            endpoint.account_labels = account.copied().flatten();
            let place = *known.entry(key(&endpoint)).or_insert_with(|| {
                let policies = self.for_peer(Peer::Pod(&endpoint));
                self.neighbours.entry(endpoint.namespace.name).or_default().push(self.groups.len());
                self.groups.push(Group { endpoint, members: Vec::new(), policies });
                self.groups.len() - 1
            });
            self.group_of.push(place);
            if let Some(group) = self.groups.get_mut(place) {
                group.members.push(i);
            }
        }
    }

    fn endpoint(&self, workload: &Workload<'a>) -> Endpoint<'a> {
        let spec = workload.spec();
        let lists = workload.containers().flat_map(|container| container.value.array_at(&["ports"]));
        let name = workload.object.namespace();
        let address = workload.object.value.str_at(&["status", "podIP"]);
        Endpoint {
            namespace: self.namespace(name),
            labels: workload.pod.metadata.at(&["labels"]).as_object(),
            account: match spec.str_at(&["serviceAccountName"]) {
                "" => "default",
                account => account,
            },
            account_labels: None,
            ports: lists.filter_map(Declared::of).collect(),
            on_host: spec.at(&["hostNetwork"]).as_bool() == Some(true),
            address: address.parse().ok(),
        }
    }

    /// A namespace by its name.
    pub(crate) fn namespace(&self, name: &'a str) -> Namespace<'a> {
        self.namespaces.get(name).copied().unwrap_or(Namespace { name, labels: None })
    }

    /// The group of a workload, by its place among all of them.
    pub(crate) fn group_of(&self, workload: usize) -> Option<&Group<'a>> {
        self.groups.get(*self.group_of.get(workload)?)
    }

    /// The policies that are for the pods of a group.
    pub(crate) fn policies_of(&self, group: &Group<'a>) -> impl Iterator<Item = &Policy<'a>> {
        group.policies.iter().filter_map(|i| self.policies.get(*i))
    }

    /// The policies that may be for pods of a namespace.
    pub(crate) fn policies_in(&self, namespace: &str) -> impl Iterator<Item = &Policy<'a>> {
        let local = self.local.get(namespace).into_iter().flatten();
        local.chain(&self.everywhere).filter_map(|i| self.policies.get(*i))
    }

    /// True when some workload is among these pods.
    pub(crate) fn is_anybody(&self, pods: &Pods) -> bool {
        let there = |namespace: &Namespace<'_>| self.neighbours.get(namespace.name).into_iter().flatten();
        let mut groups = self.namespaces.values().filter(|n| pods.scope.has(**n)).flat_map(there);
        groups.any(|i| self.groups.get(*i).is_some_and(|g| !g.endpoint.on_host && pods.has(&g.endpoint)))
    }

    /// True when policies that are not followed may decide about pods of a namespace.
    pub(crate) fn is_blind(&self, namespace: &str) -> bool {
        self.blind.contains("") || self.blind.contains(namespace)
    }

    /// May pods of a group open connections to a port of something else?
    pub(crate) fn may_leave(&self, from: &Group<'_>, to: Peer<'_>, port: Port) -> Verdict<'_> {
        let receiver = self.for_peer(to);
        self.between((Peer::Pod(&from.endpoint), &from.policies), (to, &receiver), port)
    }

    /// May pods of a group open connections to a port of pods of another?
    pub(crate) fn may_pass(&self, from: &Group<'_>, to: &Group<'_>, port: Port) -> Verdict<'_> {
        let (sender, receiver) = (Peer::Pod(&from.endpoint), Peer::Pod(&to.endpoint));
        self.between((sender, &from.policies), (receiver, &to.policies), port)
    }

    /// The same between any two ends.
    #[cfg(test)]
    pub(crate) fn may(&self, from: Peer<'_>, to: Peer<'_>, port: Port) -> Verdict<'_> {
        let (sender, receiver) = (self.for_peer(from), self.for_peer(to));
        self.between((from, &sender), (to, &receiver), port)
    }

    /// What the policies of one end alone say of traffic with another.
    pub(crate) fn one_way(
        &self,
        direction: Direction,
        me: Peer<'_>,
        other: Peer<'_>,
        port: Port,
    ) -> Verdict<'_> {
        let destination = if direction == Direction::Ingress { me } else { other };
        self.side(direction, &self.for_peer(me), other, port, declared(destination))
    }

    /// True when a pod of a namespace that nobody has thought of has nothing to do with strangers, because of a policy
    /// for all of its pods.
    pub(crate) fn denies_the_rest(&self, namespace: Namespace<'_>, direction: Direction) -> bool {
        let denies = |policy: &Policy<'_>| {
            let side = policy.side(direction);
            policy.is_for_all_of(namespace)
                && (side.isolates || side.rules.iter().any(|rule| rule.action == Action::Deny))
        };
        let me = Endpoint { namespace, ..Endpoint::default() };
        let elsewhere = Endpoint::default();
        let closed = |other| !self.one_way(direction, Peer::Pod(&me), other, Port::UNNAMED).allowed;
        self.policies_in(namespace.name).any(denies)
            && [stranger(), Peer::Pod(&elsewhere)].into_iter().all(closed)
    }

    fn between(&self, from: (Peer<'_>, &[usize]), to: (Peer<'_>, &[usize]), port: Port) -> Verdict<'_> {
        let declared = declared(to.0);
        let out = self.side(Direction::Egress, from.1, to.0, port, declared);
        // Pods are always reached from their own node.
        let from_host = match from.0 {
            Peer::Pod(pod) => pod.on_host,
            Peer::Node(_) => true,
            Peer::World(..) => false,
        };
        if !out.allowed || from_host {
            return out;
        }
        let into = self.side(Direction::Ingress, to.1, from.0, port, declared);
        if into.allowed && into.because.is_none() { out } else { into }
    }

    /// What the policies of one end say of the other.
    fn side(
        &self,
        direction: Direction,
        policies: &[usize],
        other: Peer<'_>,
        port: Port,
        declared: &[Declared<'_>],
    ) -> Verdict<'_> {
        let fits = |rule: &Rule| rule.fits(other, &self.pod_ranges, port, declared);
        let tier = |i: &usize| self.policies.get(*i).map(|policy| policy.tier);
        let decided = policies.chunk_by(|a, b| tier(a) == tier(b)).find_map(|tier| {
            let all = tier.iter().filter_map(|i| self.policies.get(*i));
            let as_one = !self.by_order && all.clone().all(|policy| policy.tier == Tier::DEFAULT);
            if as_one { together(all, direction, fits) } else { first(all, direction, fits) }
        });
        decided.unwrap_or(Verdict { allowed: true, because: None })
    }

    /// The policies that are for one end of traffic.
    fn for_peer(&self, peer: Peer<'_>) -> Vec<usize> {
        let namespace = match peer {
            Peer::Pod(pod) => pod.namespace.name,
            Peer::Node(_) => "",
            Peer::World(..) => return Vec::new(),
        };
        let local = self.local.get(namespace).into_iter().flatten();
        let all = local.chain(&self.everywhere).copied();
        let mut all: Vec<_> =
            all.filter(|i| self.policies.get(*i).is_some_and(|policy| policy.selects(peer))).collect();
        all.sort_unstable();
        all
    }
}

/// The ports that pods at one end declare.
fn declared<'p>(peer: Peer<'p>) -> &'p [Declared<'p>] {
    match peer {
        Peer::Pod(pod) => &pod.ports,
        _ => &[],
    }
}

fn labels(object: &Object) -> Option<&Map> {
    object.value.at(&["metadata", "labels"]).as_object()
}

fn namespaces<'a>(evidence: &'a Evidence, workloads: &Workloads<'a>) -> BTreeMap<&'a str, Namespace<'a>> {
    let named = workloads.0.iter().map(|workload| (workload.object.namespace(), None));
    let given = evidence.of_kind("", "Namespace").map(|object| (object.name(), labels(object)));
    named.chain(given).map(|(name, labels)| (name, Namespace { name, labels })).collect()
}

/// Where addresses of pods are taken from.
fn pod_ranges(evidence: &Evidence) -> Vec<Block> {
    let of_node = |node: &Object| Block::parse(node.value.str_at(&["spec", "podCIDR"]));
    evidence.of_kind("", "Node").filter_map(of_node).collect()
}

/// What policies can tell pods apart by.
fn key(endpoint: &Endpoint<'_>) -> String {
    let mut labels: Vec<_> = endpoint.labels.into_iter().flat_map(Map::iter).collect();
    labels.sort_by_key(|(key, _)| *key);
    let labels: Vec<_> = labels.iter().map(|(key, value)| (key, value.as_str())).collect();
    let Endpoint { namespace, account, ports, on_host, address, .. } = endpoint;
    format!("{:?}", (namespace.name, account, on_host, address, ports, labels))
}

/// Nodes as ends of traffic, those of the control plane first.
pub(crate) fn machines(evidence: &Evidence) -> Vec<(&Object, Machine<'_>)> {
    let mut all: Vec<_> = evidence.of_kind("", "Node").map(|node| (node, machine(node))).collect();
    all.sort_by_key(|(_, machine)| !machine.serves_api);
    all
}

fn machine(node: &Object) -> Machine<'_> {
    let internal = |address: &&Value| address.str_at(&["type"]) == "InternalIP";
    let address = node.value.array_at(&["status", "addresses"]).iter().find(internal);
    Machine {
        labels: labels(node),
        address: address.and_then(|address| address.str_at(&["address"]).parse().ok()),
        serves_api: is_control_plane(node),
    }
}

/// Where clouds tell machines who they are, as an end of traffic.
pub(crate) fn metadata_service() -> Peer<'static> {
    Peer::World(IpAddr::V4(METADATA), false)
}

/// Somebody on the internet.
pub(crate) fn stranger() -> Peer<'static> {
    Peer::World(IpAddr::V4(STRANGER), false)
}

/// Addresses of everybody.
pub(crate) fn is_everybody(cidr: &str) -> bool {
    matches!(cidr, "0.0.0.0/0" | "::/0")
}
