//! Policies of Cilium (`cilium.io/v2`): CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy, up to layer 4.

#[cfg(test)]
mod tests;

use api::selector::{LabelSelector, Operator, Requirement};
use api::{Str, Value};
use evidence::{Evidence, Object};

use super::address::Block;
use super::plain::ORDER;
use super::policy::{
    Action, Direction, Entity, Pods, Policy, Rule, RuleName, Scope, Selector, Side, Subject, Tier, Who,
};
use super::ports::{Ports, Protocol, number};

const NAMESPACE: &str = "io.kubernetes.pod.namespace";

/// Members of rules that name hosts outside, which no address can be held against.
const OUTSIDE: [&str; 3] = ["toFQDNs", "toGroups", "fromGroups"];

/// A policy and what it refers to.
struct Reading<'a> {
    evidence: &'a Evidence,
    /// `""` for a policy of the whole cluster.
    namespace: &'a str,
    which: Option<usize>,
}

/// Reads a policy: one for each of its specifications.
pub(super) fn policies<'a>(evidence: &'a Evidence, object: &'a Object) -> Vec<Policy<'a>> {
    let single = object.value.at(&["spec"]);
    let single = (!single.is_null()).then_some((None, single));
    let several = object.value.array_at(&["specs"]).iter().enumerate().map(|(i, spec)| (Some(i), spec));
    let all = single.into_iter().chain(several);
    all.map(|(which, spec)| {
        let reading = Reading { evidence, namespace: object.namespace(), which };
        Policy {
            object,
            tier: Tier::DEFAULT,
            order: ORDER,
            subject: reading.subject(spec),
            ingress: reading.side(spec, Direction::Ingress),
            egress: reading.side(spec, Direction::Egress),
        }
    })
    .collect()
}

impl Reading<'_> {
    fn subject(&self, spec: &Value) -> Subject {
        match spec.at(&["nodeSelector"]) {
            Value::Null => Subject::Pods(Pods {
                scope: self.own(),
                selector: Selector::Cilium(selector(spec.at(&["endpointSelector"]))),
            }),
            nodes => Subject::Nodes(selector(nodes)),
        }
    }

    fn own(&self) -> Scope {
        if self.namespace.is_empty() { Scope::all() } else { Scope::One(self.namespace.to_owned()) }
    }

    fn side(&self, spec: &Value, direction: Direction) -> Side {
        let (allow, deny, start) = match direction {
            Direction::Ingress => ("ingress", "ingressDeny", "from"),
            Direction::Egress => ("egress", "egressDeny", "to"),
        };
        let mut rules = Vec::new();
        for (list, action) in [(deny, Action::Deny), (allow, Action::Allow)] {
            for (index, rule) in spec.array_at(&[list]).iter().enumerate() {
                let name = RuleName { spec: self.which, list, index };
                let (mut who, ports) = (self.who(rule, start), ports(rule));
                // What keeps from one's own node alone leaves the others, and the other way round.
                if action == Action::Deny && !is_every_node(rule, start) {
                    who.iter_mut().for_each(|who| who.retain(|w| !matches!(w, Who::Entity(Entity::Node))));
                }
                // A rule that says nothing is about nobody; it is there to isolate.
                let who = if who.is_none() && ports.is_none() { Some(Vec::new()) } else { who };
                rules.push(Rule { name, action, who, ports });
            }
        }
        let default = spec.at(&["enableDefaultDeny", allow]).as_bool();
        Side { isolates: default.unwrap_or(!rules.is_empty()), rules }
    }

    /// Whom a rule is about; `None` when it does not say.
    fn who(&self, rule: &Value, start: &str) -> Option<Vec<Who>> {
        let member = |rest: &str| rule.at(&[&format!("{start}{rest}")]);
        let list = |rest: &str| member(rest).as_array().unwrap_or_default();
        let named = ["Endpoints", "CIDR", "CIDRSet", "Entities", "Nodes", "Services", "Requires"];
        let is_named = named.iter().any(|rest| !member(rest).is_null())
            || OUTSIDE.iter().any(|member| !rule.at(&[member]).is_null());
        if !is_named {
            return None;
        }
        let required: Vec<_> = list("Requires").iter().map(selector).collect();
        let mut who: Vec<_> = list("Endpoints").iter().map(|e| self.endpoints(e, &required)).collect();
        who.extend(list("CIDR").iter().filter_map(|cidr| block(cidr.as_str()?, Vec::new())));
        who.extend(list("CIDRSet").iter().flat_map(|set| self.block_set(set)));
        who.extend(list("Entities").iter().map(|e| Who::Entity(Entity::parse(e.as_str().unwrap_or("")))));
        who.extend(list("Nodes").iter().map(|nodes| Who::Nodes(selector(nodes))));
        who.extend(list("Services").iter().flat_map(|service| self.service(service)));
        // Hosts of every name are the world.
        let is_any = |host: &Value| host.str_at(&["matchPattern"]) == "*";
        who.extend(rule.array_at(&["toFQDNs"]).iter().any(is_any).then_some(Who::Entity(Entity::World)));
        Some(who)
    }

    /// Pods; those of the policy's own namespace unless the selector says something of namespaces.
    fn endpoints(&self, endpoint: &Value, required: &[LabelSelector]) -> Who {
        let selector = selector(endpoint);
        let mut all = selector.requirements().map(<[_]>::to_vec).unwrap_or_default();
        if let Some(entity) = all.iter().find_map(|r| r.key.strip_prefix("reserved:")) {
            return Who::Entity(Entity::parse(entity));
        }
        let of_namespaces =
            |r: &Requirement| r.key == NAMESPACE || r.key.starts_with("io.cilium.k8s.namespace.labels.");
        let scope = if all.iter().any(of_namespaces) { Scope::all() } else { self.own() };
        all.extend(required.iter().filter_map(LabelSelector::requirements).flatten().cloned());
        let nothing = selector.requirements().is_none();
        let selector = if nothing { selector } else { LabelSelector::new(all) };
        Who::Pods(Pods { scope, selector: Selector::Cilium(selector) })
    }

    fn block_set(&self, set: &Value) -> Vec<Who> {
        let except = || set.array_at(&["except"]).iter().filter_map(|e| Block::parse(e.as_str()?)).collect();
        let group = set.str_at(&["cidrGroupRef"]);
        if group.is_empty() {
            return block(set.str_at(&["cidr"]), except()).into_iter().collect();
        }
        let groups = self.evidence.of_kind("cilium.io", "CiliumCIDRGroup").filter(|g| g.name() == group);
        let blocks = groups.flat_map(|g| g.value.array_at(&["spec", "externalCIDRs"]));
        blocks.filter_map(|cidr| block(cidr.as_str()?, except())).collect()
    }

    /// The pods behind services.
    fn service(&self, service: &Value) -> Vec<Who> {
        let (named, labelled) = (service.at(&["k8sService"]), service.at(&["k8sServiceSelector"]));
        let of = if named.is_null() { labelled } else { named };
        let namespace = match of.str_at(&["namespace"]) {
            "" => self.namespace,
            namespace => namespace,
        };
        let wanted = selector(labelled.at(&["selector"]));
        let is_meant = |s: &&Object| {
            let by_name = s.name() == named.str_at(&["serviceName"]);
            let by_label = || wanted.matches_map(s.value.at(&["metadata", "labels"]).as_object());
            s.namespace() == namespace && if named.is_null() { by_label() } else { by_name }
        };
        let services = self.evidence.of_kind("", "Service").filter(is_meant);
        let pods = services.filter_map(|s| {
            let labels = s.value.at(&["spec", "selector"]).as_object().filter(|labels| !labels.is_empty())?;
            let one = |(key, value): (&str, &Value)| requirement(key, Operator::Equals, vec![text(value)]);
            let selector = LabelSelector::new(labels.iter().map(one).collect());
            Some(Who::Pods(Pods::of(namespace, selector)))
        });
        pods.collect()
    }
}

/// True when a rule names one's own node and the others.
fn is_every_node(rule: &Value, start: &str) -> bool {
    let entities = rule.array_at(&[&format!("{start}Entities")]);
    let has = |name: &str| entities.iter().any(|entity| entity.as_str() == Some(name));
    has("host") && has("remote-node")
}

fn block(cidr: &str, except: Vec<Block>) -> Option<Who> {
    Some(Who::Block { block: Block::parse(cidr)?, except, cluster: false })
}

/// Which ports; `None` for all.  ICMP has none.
fn ports(rule: &Value) -> Option<Vec<Ports>> {
    let listed = rule.array_at(&["toPorts"]);
    if listed.is_empty() {
        return (!rule.array_at(&["icmps"]).is_empty()).then(Vec::new);
    }
    let one = |list: &Value| match list.array_at(&["ports"]) {
        [] => vec![Ports::all(None)],
        ports => ports.iter().filter_map(port).collect(),
    };
    Some(listed.iter().flat_map(one).collect())
}

fn port(port: &Value) -> Option<Ports> {
    let protocol = match port.str_at(&["protocol"]) {
        "" | "ANY" => None,
        name => Some(Protocol::parse(name)?),
    };
    let text = port.str_at(&["port"]);
    let first = number(port.at(&["port"])).or_else(|| text.parse::<u16>().ok());
    Some(match first {
        Some(0) => Ports::all(protocol),
        None if text.is_empty() => Ports::all(protocol),
        None => Ports::Named(protocol, text.to_owned()),
        Some(from) => {
            let to = number(port.at(&["endPort"])).filter(|to| *to != 0).unwrap_or(from);
            Ports::Numbers(protocol, from, to)
        }
    })
}

/// A selector whose keys may say where a label comes from, such as `k8s:app`; what is left out selects everything.
fn selector(value: &Value) -> LabelSelector {
    let labels = value.at(&["matchLabels"]).as_object().into_iter().flat_map(api::Map::iter);
    let mut all: Vec<_> = labels.map(|(k, v)| requirement(k, Operator::Equals, vec![text(v)])).collect();
    for expression in value.array_at(&["matchExpressions"]) {
        let operator = match expression.str_at(&["operator"]) {
            "In" => Operator::In,
            "NotIn" => Operator::NotIn,
            "Exists" => Operator::Exists,
            "DoesNotExist" => Operator::DoesNotExist,
            _ => return LabelSelector::nothing(),
        };
        let values = expression.array_at(&["values"]).iter().map(text).collect();
        all.push(requirement(expression.str_at(&["key"]), operator, values));
    }
    // There is one cluster here, whatever it is called.
    all.retain(|r| r.key != "io.cilium.k8s.policy.cluster");
    LabelSelector::new(all)
}

fn requirement(key: &str, operator: Operator, values: Vec<Str>) -> Requirement {
    let bare = ["k8s:", "any:"].iter().find_map(|source| key.strip_prefix(source));
    // What is reserved says who it is by being there.
    let operator = if key.starts_with("reserved:") { Operator::Exists } else { operator };
    Requirement { key: bare.unwrap_or(key).into(), operator, values }
}

fn text(value: &Value) -> Str {
    value.as_str().unwrap_or("").into()
}
