//! Policies of every dialect, made ready to be asked: whom they are for, and what their rules do to whom.

use std::net::IpAddr;

use api::selector::LabelSelector;
use evidence::Object;

use super::address::Block;
use super::calico::Expression;
use super::ends::{Endpoint, Namespace, Peer};
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
    pub tier: Tier<'a>,
    /// When it is asked within the tier.
    pub order: f64,
    pub subject: Subject,
    pub ingress: Side,
    pub egress: Side,
}

/// When a policy is asked: tiers by their order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Tier<'a> {
    pub order: f64,
    pub name: &'a str,
    /// What is done to traffic that one of its policies is for and that no rule fits.
    pub otherwise: Action,
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
    /// Whom one of each of these names.
    Each(Vec<Vec<Self>>),
    /// Whom none of these names.
    None(Vec<Self>),
}

/// Pods of some namespaces with some labels.
#[derive(Clone, Debug)]
pub(crate) struct Pods {
    pub scope: Scope,
    pub selector: Selector,
}

/// Namespaces.
#[derive(Clone, Debug)]
pub(crate) enum Scope {
    One(String),
    Selected(LabelSelector),
    Expressed(Expression),
}

/// Labels of pods.
#[derive(Clone, Debug)]
pub(crate) enum Selector {
    /// Of their own.
    Plain(LabelSelector),
    /// Of their own, and what Cilium tells of their namespace and account.
    Cilium(LabelSelector),
    /// The same of Calico.
    Calico(Expression),
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

impl Tier<'static> {
    /// Of administrators, before others.
    pub(crate) const ADMIN: Self = Self { order: 1_000.0, name: "kube-admin", otherwise: Action::Pass };
    /// Of whoever makes applications.
    pub(crate) const DEFAULT: Self = Self { order: 1_000_000.0, name: "default", otherwise: Action::Deny };
    /// For pods that none of those is for.
    pub(crate) const BASELINE: Self =
        Self { order: 10_000_000.0, name: "kube-baseline", otherwise: Action::Pass };
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
        matches!(&self.subject, Subject::Pods(pods) if pods.are_all_of(namespace))
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
            (Self::Each(lists), peer) => lists.iter().all(|list| list.iter().any(|who| who.is(peer, ranges))),
            (Self::None(list), peer) => !list.iter().any(|who| who.is(peer, ranges)),
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
        Self { scope: Scope::One(namespace.to_owned()), selector: Selector::Plain(selector) }
    }

    /// True when a pod is among them.
    pub(crate) fn has(&self, pod: &Endpoint<'_>) -> bool {
        self.scope.has(pod.namespace) && self.selector.has(pod)
    }

    /// True when every pod of a namespace is among them, whatever its labels.
    fn are_all_of(&self, namespace: Namespace<'_>) -> bool {
        self.scope.has(namespace)
            && match &self.selector {
                Selector::Calico(e) => e.judge(&|key| namespace.calico_label_of_pods(key)) == Some(true),
                selector => selector.is_everything(),
            }
    }
}

impl Selector {
    /// True when it chooses every pod.
    pub(crate) fn is_everything(&self) -> bool {
        match self {
            Self::Plain(selector) | Self::Cilium(selector) => selector.is_empty(),
            Self::Calico(expression) => expression.is_all(),
        }
    }

    fn has(&self, pod: &Endpoint<'_>) -> bool {
        match self {
            Self::Plain(selector) => selector.matches_map(pod.labels),
            Self::Cilium(selector) => selector.matches(|key| pod.cilium_label(key)),
            Self::Calico(expression) => expression.judge(&|key| pod.calico_label(key)) == Some(true),
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
            Self::Expressed(expression) => expression.judge(&|key| namespace.label(key).into()) == Some(true),
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
