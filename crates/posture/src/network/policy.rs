//! Policies of every dialect, made ready to be asked: whom they are for, and what their rules do to whom.

use std::net::IpAddr;

use api::selector::LabelSelector;
use api::{Map, Value};
use evidence::Object;

use super::address::Block;
use super::ports::{Declared, Port, Ports};

/// A direction of traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// To a pod.
    Ingress,
    /// From a pod.
    Egress,
}

/// A policy.
#[derive(Clone, Debug)]
pub(crate) struct Policy<'a> {
    pub object: &'a Object,
    pub tier: Tier,
    pub subject: Subject,
    pub ingress: Side,
    pub egress: Side,
}

/// When a policy is asked: tiers in this order, and within the first and the last by priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tier {
    /// Before others; the first rule that fits decides.
    Admin(i64),
    /// What makers of applications write: together they say what is allowed.
    Namespaced,
    /// For pods that none of those is for; the first rule that fits decides.
    Baseline(i64),
}

/// Whom a policy is for.
#[derive(Clone, Debug)]
pub(crate) enum Subject {
    /// Pods, save those on the host's network.
    Pods(Pods),
    /// Nodes, and the pods on their network.
    Nodes(LabelSelector),
}

/// What a policy does in one direction.
#[derive(Clone, Debug, Default)]
pub(crate) struct Side {
    /// What no rule allows is denied.
    pub isolates: bool,
    pub rules: Vec<Rule>,
}

/// A rule.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub name: RuleName,
    pub action: Action,
    /// Whom it is about; `None` for everybody.
    pub who: Option<Vec<Who>>,
    /// Which ports; `None` for all.
    pub ports: Option<Vec<Ports>>,
}

/// Where a rule stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RuleName {
    /// Which of the specifications, in policies with several.
    pub spec: Option<usize>,
    pub list: &'static str,
    pub index: usize,
}

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Lets through.
    Allow,
    /// Keeps out.
    Deny,
    /// Leaves it to the next tier.
    Pass,
}

/// The other end of traffic, as rules name it.
#[derive(Clone, Debug)]
pub(crate) enum Who {
    Pods(Pods),
    /// Addresses; `cluster` when those of pods and nodes count too.
    Block {
        block: Block,
        except: Vec<Block>,
        cluster: bool,
    },
    Nodes(LabelSelector),
    Entity(Entity),
}

/// Pods of some namespaces with some labels.
#[derive(Clone, Debug)]
pub(crate) struct Pods {
    pub scope: Scope,
    pub selector: LabelSelector,
    pub dialect: Dialect,
}

/// Namespaces.
#[derive(Clone, Debug)]
pub(crate) enum Scope {
    One(String),
    Selected(LabelSelector),
}

/// Which labels a pod has for selectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Its own.
    Plain,
    /// Its own, and what Cilium tells of its namespace and account.
    Cilium,
}

/// Words of Cilium for parts of the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entity {
    All,
    Cluster,
    World,
    WorldV4,
    WorldV6,
    /// Any node.
    Node,
    ApiServer,
    /// Parts that nothing of a cluster's own is.
    Other,
}

/// A namespace and its labels.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Namespace<'a> {
    pub name: &'a str,
    pub labels: Option<&'a Map>,
}

/// A pod, or all pods that policies cannot tell apart.
#[derive(Clone, Debug, Default)]
pub(crate) struct Endpoint<'a> {
    pub namespace: Namespace<'a>,
    pub labels: Option<&'a Map>,
    pub account: &'a str,
    pub ports: Vec<Declared<'a>>,
    /// It uses the host's network.
    pub on_host: bool,
    pub address: Option<IpAddr>,
}

/// A node.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Machine<'a> {
    pub labels: Option<&'a Map>,
    pub address: Option<IpAddr>,
    /// The API server is on it.
    pub serves_api: bool,
}

/// One end of traffic.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Peer<'p> {
    Pod(&'p Endpoint<'p>),
    Node(Machine<'p>),
    /// Something outside; true for the API server.
    World(IpAddr, bool),
}

impl Direction {
    pub(crate) const BOTH: [Self; 2] = [Self::Ingress, Self::Egress];

    /// Its name in `policyTypes`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ingress => "Ingress",
            Self::Egress => "Egress",
        }
    }
}

impl Policy<'_> {
    /// What it does in a direction.
    pub(crate) fn side(&self, direction: Direction) -> &Side {
        match direction {
            Direction::Ingress => &self.ingress,
            Direction::Egress => &self.egress,
        }
    }

    /// True when the policy is about a direction.
    pub(crate) fn covers(&self, direction: Direction) -> bool {
        let side = self.side(direction);
        side.isolates || !side.rules.is_empty()
    }

    /// True when it is for one end of traffic.
    pub(crate) fn selects(&self, peer: Peer<'_>) -> bool {
        match (&self.subject, peer) {
            (Subject::Pods(pods), Peer::Pod(pod)) => !pod.on_host && pods.has(pod),
            (Subject::Nodes(nodes), Peer::Node(node)) => nodes.matches_map(node.labels),
            // Whoever is on the host's network is the host.
            (Subject::Nodes(nodes), Peer::Pod(pod)) => pod.on_host && nodes.is_empty(),
            _ => false,
        }
    }

    /// True when it is for every pod of a namespace.
    pub(crate) fn is_for_all_of(&self, namespace: Namespace<'_>) -> bool {
        matches!(&self.subject, Subject::Pods(pods) if pods.selector.is_empty() && pods.scope.has(namespace))
    }
}

impl Rule {
    /// True when the rule is about traffic; `destination` are the ports that its destination declares.
    pub(crate) fn fits(
        &self,
        peer: Peer<'_>,
        ranges: &[Block],
        port: Port,
        destination: &[Declared<'_>],
    ) -> bool {
        let ports = |ports: &Vec<Ports>| ports.iter().any(|p| p.has(port, destination));
        let who = |who: &Vec<Who>| who.iter().any(|who| who.is(peer, ranges));
        self.ports.as_ref().is_none_or(ports) && self.who.as_ref().is_none_or(who)
    }
}

/// `spec.ingress[0]`.
impl std::fmt::Display for RuleName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { spec, list, index } = self;
        match spec {
            Some(spec) => write!(f, "specs[{spec}].{list}[{index}]"),
            None => write!(f, "spec.{list}[{index}]"),
        }
    }
}

impl Who {
    /// True when it names a peer; `ranges` are where addresses of pods are taken from.
    pub(crate) fn is(&self, peer: Peer<'_>, ranges: &[Block]) -> bool {
        match (self, peer) {
            (Self::Pods(pods), Peer::Pod(pod)) => !pod.on_host && pods.has(pod),
            (Self::Nodes(nodes), Peer::Node(node)) => nodes.matches_map(node.labels),
            (Self::Block { block, except, .. }, Peer::World(address, _)) => within(block, except, address),
            (Self::Block { block, except, cluster: true }, Peer::Node(node)) => {
                node.address.map_or_else(|| is_anywhere(block, except), |at| within(block, except, at))
            }
            (Self::Block { block, except, cluster: true }, Peer::Pod(pod)) => match pod.address {
                Some(address) => within(block, except, address),
                None if pod.on_host => is_anywhere(block, except),
                None => is_of_pods(block, except, ranges),
            },
            (Self::Entity(entity), peer) => entity.has(peer),
            _ => false,
        }
    }
}

fn within(block: &Block, except: &[Block], address: IpAddr) -> bool {
    block.contains(address) && !except.iter().any(|e| e.contains(address))
}

/// True when an address that nobody knows is certainly in the block.
fn is_anywhere(block: &Block, except: &[Block]) -> bool {
    block.is_everything() && except.iter().all(Block::is_link_local)
}

fn is_of_pods(block: &Block, except: &[Block], ranges: &[Block]) -> bool {
    let whole = |range: &Block| block.covers(range) && !except.iter().any(|e| e.overlaps(range));
    if ranges.is_empty() { is_anywhere(block, except) } else { ranges.iter().any(whole) }
}

impl Pods {
    /// Pods of a namespace.
    pub(crate) fn of(namespace: &str, selector: LabelSelector) -> Self {
        Self { scope: Scope::One(namespace.to_owned()), selector, dialect: Dialect::Plain }
    }

    /// True when a pod is among them.
    pub(crate) fn has(&self, pod: &Endpoint<'_>) -> bool {
        self.scope.has(pod.namespace)
            && match self.dialect {
                Dialect::Plain => self.selector.matches_map(pod.labels),
                Dialect::Cilium => self.selector.matches(|key| pod.cilium_label(key)),
            }
    }
}

impl Scope {
    /// Every namespace.
    pub(crate) fn all() -> Self {
        Self::Selected(LabelSelector::everything())
    }

    /// True when a namespace is among them.
    pub(crate) fn has(&self, namespace: Namespace<'_>) -> bool {
        match self {
            Self::One(name) => name == namespace.name,
            Self::Selected(selector) => selector.matches(|key| namespace.label(key)),
        }
    }
}

impl<'a> Namespace<'a> {
    /// A label; servers give each namespace one with its name.
    fn label(&self, key: &str) -> Option<&'a str> {
        let given = self.labels.and_then(|labels| labels.get(key)).and_then(Value::as_str);
        given.or_else(|| (key == "kubernetes.io/metadata.name").then_some(self.name))
    }
}

impl<'a> Endpoint<'a> {
    fn cilium_label(&self, key: &str) -> Option<&'a str> {
        match key {
            "io.kubernetes.pod.namespace" => return Some(self.namespace.name),
            "io.cilium.k8s.policy.serviceaccount" => return Some(self.account),
            _ => {}
        }
        match key.strip_prefix("io.cilium.k8s.namespace.labels.") {
            Some(key) => self.namespace.label(key),
            None => self.labels?.get(key)?.as_str(),
        }
    }
}

impl Entity {
    /// By its name.
    pub(crate) fn parse(name: &str) -> Self {
        match name {
            "all" => Self::All,
            "cluster" => Self::Cluster,
            "world" => Self::World,
            "world-ipv4" => Self::WorldV4,
            "world-ipv6" => Self::WorldV6,
            "host" | "remote-node" => Self::Node,
            "kube-apiserver" => Self::ApiServer,
            _ => Self::Other,
        }
    }

    fn has(self, peer: Peer<'_>) -> bool {
        match (self, peer) {
            (Self::All, _) => true,
            (Self::Other, _) => false,
            (_, Peer::World(address, api)) => match self {
                Self::World => true,
                Self::WorldV4 => address.is_ipv4(),
                Self::WorldV6 => address.is_ipv6(),
                Self::ApiServer => api,
                _ => false,
            },
            (_, Peer::Node(node)) => match self {
                Self::Cluster | Self::Node => true,
                Self::ApiServer => node.serves_api,
                _ => false,
            },
            (_, Peer::Pod(pod)) => self == Self::Cluster || (self == Self::Node && pod.on_host),
        }
    }
}
