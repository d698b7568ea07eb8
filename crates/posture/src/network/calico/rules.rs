//! Rules of Calico's policies: whom they are about, and which ports.

use api::Value;

use super::super::address::Block;
use super::super::policy::{Direction, Pods, Scope, Selector, Who};
use super::super::ports::{Ports, Protocol, number};
use super::expression::{Expression, Label, Test};
use super::{Set, only};

/// Members of a rule; `metadata` changes nothing.
const MEMBERS: [&str; 10] = [
    "action",
    "ipVersion",
    "protocol",
    "icmp",
    "notProtocol",
    "notICMP",
    "source",
    "destination",
    "http",
    "metadata",
];

/// Members that name somebody.
const WHO: [&str; 7] = [
    "nets",
    "selector",
    "namespaceSelector",
    "notNets",
    "notSelector",
    "serviceAccounts",
    // Names of services and hosts are not followed.
    "services",
];

const PORTS: [&str; 2] = ["ports", "notPorts"];

const PROTOCOLS: [(Protocol, i64); 3] = [(Protocol::Tcp, 6), (Protocol::Udp, 17), (Protocol::Sctp, 132)];

/// Where rules stand that are read.
pub(super) struct Rules<'r> {
    pub sets: &'r [Set<'r>],
    /// `""` for a policy of the whole cluster.
    pub namespace: &'r str,
    pub direction: Direction,
}

/// Whom a rule is about and which ports; `None` for all.
type Read = (Option<Vec<Who>>, Option<Vec<Ports>>);

impl Rules<'_> {
    /// Reads a rule; `None` when something in it is not followed.
    pub(super) fn read(&self, rule: &Value) -> Option<Read> {
        let (source, destination) = (rule.at(&["source"]), rule.at(&["destination"]));
        let (other, own) = match self.direction {
            Direction::Ingress => (source, destination),
            Direction::Egress => (destination, source),
        };
        only(rule, &MEMBERS)?;
        only(other, &[&WHO[..], &PORTS].concat())?;
        // Policies are for whom they select; what rules say of that end beside ports is not followed, nor are the ports from
        // which connections come.
        let is_said = |value: &Value, members: &[&str]| members.iter().any(|m| has(value, m));
        if has(rule, "http") || has(other, "services") || is_said(own, &WHO) || is_said(source, &PORTS) {
            return None;
        }
        only(own, &[&WHO[..], &PORTS].concat())?;
        Some((self.who(other, rule.at(&["ipVersion"]).as_i64())?, ports(rule, destination)?))
    }

    /// Whom an end of traffic is; the outer `None` when that is not followed.
    fn who(&self, end: &Value, version: Option<i64>) -> Option<Option<Vec<Who>>> {
        let mut all: Vec<Vec<Who>> = Vec::new();
        if let Some(pods) = self.pods(end)? {
            let sets = self.sets.iter().filter(|set| set.is_among(&pods));
            let blocks = sets.flat_map(|set| &set.blocks).map(|block| of_block(*block, Vec::new()));
            let blocks: Vec<_> = blocks.collect();
            all.push(std::iter::once(Who::Pods(pods)).chain(blocks).collect());
        }
        all.extend(nets(end)?);
        if has(end, "notSelector") {
            let expression = Expression::parse(end.str_at(&["notSelector"]))?;
            let pods = Pods { scope: Scope::all(), selector: Selector::Calico(expression) };
            let sets = self.sets.iter().filter(|set| set.is_among(&pods));
            let blocks = sets.flat_map(|set| &set.blocks).map(|block| of_block(*block, Vec::new()));
            let blocks: Vec<_> = blocks.collect();
            all.push(vec![Who::None(std::iter::once(Who::Pods(pods)).chain(blocks).collect())]);
        }
        let family = |block| Some(vec![of_block(Block::parse(block)?, Vec::new())]);
        all.extend(match version {
            Some(4) => family("0.0.0.0/0"),
            Some(6) => family("::/0"),
            _ => None,
        });
        Some(match all.len() {
            0 => None,
            1 => all.pop(),
            _ => Some(vec![Who::Each(all)]),
        })
    }

    /// The pods that selectors choose, when there are some: those of the policy's own namespace unless others are named.
    fn pods(&self, end: &Value) -> Option<Option<Pods>> {
        let namespaces = end.str_at(&["namespaceSelector"]);
        let is_said = ["selector", "serviceAccounts"].iter().any(|member| has(end, member));
        let is_narrowed = !self.namespace.is_empty() && has(end, "notSelector");
        if !is_said && !is_narrowed && namespaces.is_empty() {
            return Some(None);
        }
        let accounts = accounts(end.at(&["serviceAccounts"]))?;
        let expression = Expression::parse(end.str_at(&["selector"]))?.and(accounts);
        let scope = match namespaces {
            "" if self.namespace.is_empty() => Scope::all(),
            "" => Scope::One(self.namespace.to_owned()),
            namespaces => Scope::Expressed(Expression::parse(namespaces)?.of_namespaces()),
        };
        Some(Some(Pods { scope, selector: Selector::Calico(expression) }))
    }
}

impl Set<'_> {
    /// True when selectors choose the set.
    fn is_among(&self, pods: &Pods) -> bool {
        let in_scope = match (&pods.scope, self.namespace) {
            (scope, Some(namespace)) => scope.has(namespace),
            (Scope::One(_), None) => false,
            (Scope::Expressed(expression), None) => expression.holds_nowhere(),
            (Scope::Selected(_), None) => true,
        };
        let Selector::Calico(expression) = &pods.selector else { return false };
        in_scope && expression.judge(&|key| self.label(key)) == Some(true)
    }

    fn label(&self, key: &str) -> Label<'_> {
        let own = || self.labels?.get(key)?.as_str();
        let value = match (self.namespace, key, key.strip_prefix("pcns.")) {
            (Some(namespace), "projectcalico.org/namespace", _) => Some(namespace.name),
            (Some(namespace), _, Some(key)) => namespace.label(key),
            _ => own(),
        };
        value.into()
    }
}

fn has(value: &Value, member: &str) -> bool {
    match value.at(&[member]) {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(all) => !all.is_empty(),
        Value::Object(members) => !members.is_empty(),
        _ => true,
    }
}

fn accounts(accounts: &Value) -> Option<Expression> {
    only(accounts, &["names", "selector"])?;
    let chosen = Expression::parse(accounts.str_at(&["selector"]))?.prefixed("pcsa.");
    let names: Vec<_> =
        accounts.array_at(&["names"]).iter().filter_map(Value::as_str).map(str::to_owned).collect();
    Some(match names.is_empty() {
        true => chosen,
        false => {
            chosen.and(Expression::Label("projectcalico.org/serviceaccount".to_owned(), Test::In(names)))
        }
    })
}

fn of_block(block: Block, except: Vec<Block>) -> Who {
    Who::Block { block, except, cluster: true }
}

/// Addresses, without those that are named as not meant; blocks that cannot be read are not followed.
fn nets(end: &Value) -> Option<Option<Vec<Who>>> {
    let read = |member: &str| -> Option<Vec<Block>> {
        end.array_at(&[member]).iter().map(|net| Block::parse(net.as_str()?)).collect()
    };
    let (mut nets, except) = (read("nets")?, read("notNets")?);
    if nets.is_empty() && except.is_empty() {
        return Some(None);
    }
    if nets.is_empty() {
        nets = ["0.0.0.0/0", "::/0"].into_iter().filter_map(Block::parse).collect();
    }
    // Without something is without it for every family: of an address that nobody knows neither is certain.
    Some(Some(nets.into_iter().map(|block| of_block(block, except.clone())).collect()))
}

/// The ports of the destination; no port at all for protocols without.
fn ports(rule: &Value, destination: &Value) -> Option<Option<Vec<Ports>>> {
    let carried = protocols(rule)?;
    let all = || carried.iter().map(|protocol| Ports::all(Some(*protocol))).collect();
    let (listed, not) = (destination.array_at(&["ports"]), destination.array_at(&["notPorts"]));
    if listed.is_empty() && not.is_empty() {
        return Some((carried.len() < PROTOCOLS.len()).then(all));
    }
    let not: Vec<(u16, u16)> = not.iter().map(range).collect::<Option<_>>()?;
    let mut ports: Vec<Ports> = Vec::new();
    for protocol in carried {
        if listed.is_empty() {
            ports.extend(without((0, u16::MAX), &not).map(|(a, b)| Ports::Numbers(Some(protocol), a, b)));
        }
        for port in listed {
            match (range(port), port.as_str()) {
                (Some(range), _) => {
                    ports.extend(without(range, &not).map(|(a, b)| Ports::Numbers(Some(protocol), a, b)));
                }
                (None, Some(name)) if not.is_empty() => {
                    ports.push(Ports::Named(Some(protocol), name.to_owned()));
                }
                _ => return None,
            }
        }
    }
    Some(Some(ports))
}

/// What a rule is for of the protocols that have ports.
fn protocols(rule: &Value) -> Option<Vec<Protocol>> {
    let is = |value: &Value, (protocol, of): (Protocol, i64)| match value {
        Value::Int(given) => *given == of,
        Value::String(name) => {
            name.eq_ignore_ascii_case(protocol.name()) || name.parse::<i64>().is_ok_and(|given| given == of)
        }
        _ => false,
    };
    let (wanted, not) = (rule.at(&["protocol"]), rule.at(&["notProtocol"]));
    if wanted.is_null() && has(rule, "icmp") {
        return Some(Vec::new());
    }
    let all = PROTOCOLS.into_iter().filter(|p| (wanted.is_null() || is(wanted, *p)) && !is(not, *p));
    Some(all.map(|(protocol, _)| protocol).collect())
}

/// One port, or from one to another such as `80:90`; `None` for a name.
fn range(port: &Value) -> Option<(u16, u16)> {
    if let Some(one) = number(port) {
        return Some((one, one));
    }
    let (from, to) = port.as_str().map(|text| text.split_once(':').unwrap_or((text, text)))?;
    Some((from.parse().ok()?, to.parse().ok()?))
}

/// What is left of a range without others.
fn without((from, to): (u16, u16), not: &[(u16, u16)]) -> impl Iterator<Item = (u16, u16)> {
    let mut left = vec![(u32::from(from), u32::from(to))];
    for (a, b) in not.iter().map(|(a, b)| (u32::from(*a), u32::from(*b))) {
        let cut = |(from, to): (u32, u32)| {
            let before = (from, to.min(a.wrapping_sub(1)));
            let after = (from.max(b.saturating_add(1)), to);
            let before = (a > from).then_some(before);
            [before, Some(after)].into_iter().flatten().filter(|(from, to)| from <= to)
        };
        left = left.into_iter().flat_map(cut).collect();
    }
    left.into_iter().filter_map(|(a, b)| Some((u16::try_from(a).ok()?, u16::try_from(b).ok()?)))
}
