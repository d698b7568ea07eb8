//! Naver Cloud: access control groups, network ACLs, subnets, interfaces, flow logs, load balancers.

use crate::sources::cloud::Given;
use crate::sources::cloud::item::{At, Item};
use crate::sources::cloud::model::*;
use crate::sources::cloud::ports::Ports;
use crate::sources::cloud::read::Reader;

fn protocol(text: &str) -> Protocol {
    match text.to_ascii_uppercase().as_str() {
        "TCP" | "6" => Protocol::Tcp,
        "UDP" | "17" => Protocol::Udp,
        "ICMP" | "1" => Protocol::Icmp,
        _ => Protocol::Other,
    }
}

pub(super) fn rule<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    let direction = match item.word(&["accessControlGroupRuleType"]).as_str() {
        "INBND" => Direction::Inbound,
        _ => Direction::Outbound,
    };
    rule_of(reader, item, &item.word(&["accessControlGroupNo"]), direction);
}

pub(super) fn rules<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    let group = known(item, "access_control_group_no");
    told_lists(reader, item, Given::Rules, "AccessControlGroupRule");
    for (list, direction) in [("inbound", Direction::Inbound), ("outbound", Direction::Outbound)] {
        item.items(&[list]).iter().for_each(|one| rule_of(reader, one, &group, direction));
    }
}

/// A number, or what Terraform calls whoever will have one.
fn known(item: &Item<'_>, name: &str) -> String {
    item.text(&[name]).map_or_else(|| item.address.clone(), |at| at.value)
}

/// Rules of which there will be some, but nobody knows which.
fn told_lists<'a>(reader: &mut Reader<'a>, item: &Item<'a>, list: Given, kind: &'static str) {
    if item.is_open(&["inbound", "outbound"]) {
        reader.untold(list, &item.resource(kind, &[], &[]));
    }
}

fn rule_of<'a>(reader: &mut Reader<'a>, item: &Item<'a>, group: &str, direction: Direction) {
    let by_group = !item.word(&["source_access_control_group_no"]).is_empty();
    if item.is_open(&["port_range"]) || (!by_group && item.is_open(&["ip_block"])) {
        reader.untold(Given::Rules, &item.resource("AccessControlGroupRule", &[], &[]));
    }
    let peer = item.text(&["ipBlock", "ip_block"]).filter(|at| !at.value.is_empty());
    let ports = item.text(&["portRange", "port_range"]);
    let spoken = item.word(&["protocolType", "protocol"]);
    let protocol = protocol(&spoken);
    let text = ports.as_ref().map_or("", |at| at.value.as_str());
    let name = if group == item.address { "ACG".to_owned() } else { format!("ACG {group}") };
    let mut resource = item.resource("AccessControlGroupRule", &[], &[]);
    resource.name = name;
    let network = peer.as_ref().map_or_else(
        || item.word(&["accessControlGroupSequence", "source_access_control_group_no"]),
        |at| at.value.clone(),
    );
    let key = format!("{group} {direction:?} {spoken} {network} {text}");
    let rule = Rule {
        direction,
        protocol,
        peers: peer.into_iter().collect(),
        ports: spoken_ports(protocol, text),
        ports_field: ports.map_or_else(|| item.path.clone(), |at| at.field),
        resource,
    };
    reader.keep(|cloud| &mut cloud.rules, item, ("rule", &key), rule);
}

/// A rule of a protocol with ports that names none is for all of them.
fn spoken_ports(protocol: Protocol, text: &str) -> Vec<Ports> {
    let has_ports = matches!(protocol, Protocol::Any | Protocol::Tcp | Protocol::Udp);
    if has_ports && text.is_empty() { vec![Ports::ALL] } else { Ports::parse(text) }
}

pub(super) fn acl<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    let resource =
        item.resource("NetworkACL", &["networkAclNo", "network_acl_no", "id"], &["networkAclName", "name"]);
    let id = resource.id.clone();
    // What no rule is about goes through, as long as nobody writes a rule that drops the rest.
    let acl = NetworkAcl { is_default: item.flag(&["isDefault", "is_default"]), lets_rest: true, resource };
    reader.keep(|cloud| &mut cloud.acls, item, ("acl", &id), acl);
}

pub(super) fn acl_rule<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    let direction = match item.word(&["networkAclRuleType"]).as_str() {
        "INBND" => Direction::Inbound,
        _ => Direction::Outbound,
    };
    acl_rule_of(reader, item, &item.word(&["networkAclNo"]), direction);
}

pub(super) fn acl_rules<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    let acl = known(item, "network_acl_no");
    told_lists(reader, item, Given::Acls, "NetworkACLRule");
    for (list, direction) in [("inbound", Direction::Inbound), ("outbound", Direction::Outbound)] {
        item.items(&[list]).iter().for_each(|one| acl_rule_of(reader, one, &acl, direction));
    }
}

fn acl_rule_of<'a>(reader: &mut Reader<'a>, item: &Item<'a>, acl: &str, direction: Direction) {
    let by_group = !item.word(&["deny_allow_group_no"]).is_empty();
    let is_open = item.is_open(&["priority", "port_range", "rule_action"]);
    if is_open || (!by_group && item.is_open(&["ip_block"])) {
        reader.untold(Given::Acls, &item.resource("NetworkACLRule", &[], &[]));
    }
    let Some(priority) = item.number(&["priority"]) else { return };
    let protocol = protocol(&item.word(&["protocolType", "protocol"]));
    let mut resource = item.resource("NetworkACLRule", &[], &[]);
    resource.name = match acl == item.address {
        true => format!("NACL {}", priority.value),
        false => format!("NACL {acl} {}", priority.value),
    };
    let rule = AclRule {
        acl: acl.to_owned(),
        direction,
        priority: priority.value,
        protocol,
        peer: item.text(&["ipBlock", "ip_block"]).filter(|at| !at.value.is_empty()),
        ports: spoken_ports(protocol, &item.word(&["portRange", "port_range"])),
        allows: item.word(&["ruleAction", "rule_action"]) == "ALLOW",
        resource,
    };
    let key = format!("{acl} {direction:?} {}", priority.value);
    reader.keep(|cloud| &mut cloud.acl_rules, item, ("acl rule", &key), rule);
}

pub(super) fn subnet<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    let resource = item.resource("Subnet", &["subnetNo", "subnet_no", "id"], &["subnetName", "name"]);
    let id = resource.id.clone();
    let kind = item.text(&["subnetType", "subnet_type"]);
    let subnet = Subnet {
        public: kind.map(|at| At { value: at.value == "PUBLIC", field: at.field }),
        acl: item.word(&["networkAclNo", "network_acl_no"]),
        resource,
    };
    reader.keep(|cloud| &mut cloud.subnets, item, ("subnet", &id), subnet);
}

pub(super) fn interface<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    let resource = item.resource(
        "NetworkInterface",
        &["networkInterfaceNo", "network_interface_no", "id"],
        &["networkInterfaceName", "name"],
    );
    let id = resource.id.clone();
    let interface = Interface {
        server: item.word(&["instanceNo", "server_instance_no"]),
        subnet: item.word(&["subnetNo", "subnet_no"]),
        flow_log: item.flag(&["enableFlowLog"]),
        resource,
    };
    reader.keep(|cloud| &mut cloud.interfaces, item, ("interface", &id), interface);
}

pub(super) fn flow_log<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    let resource = item.resource("FlowLog", &["networkInterfaceNo"], &[]);
    let id = resource.id.clone();
    reader.cloud.given.insert(Given::FlowLogs);
    let log = FlowLog {
        of: id.clone(),
        action: item.text(&["collectActionType"]),
        bucket: item.text(&["storageBucketName"]).filter(|bucket| !bucket.value.is_empty()),
        resource,
    };
    reader.keep(|cloud| &mut cloud.flow_logs, item, ("flow log", &id), log);
}

pub(super) fn balancer<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    let resource = item.resource(
        "LoadBalancer",
        &["loadBalancerInstanceNo", "load_balancer_no", "id"],
        &["loadBalancerName", "name"],
    );
    let id = resource.id.clone();
    let kind = item.text(&["loadBalancerNetworkType", "network_type"]);
    let balancer = Balancer {
        public: kind.map(|at| At { value: at.value == "PUBLIC", field: at.field }),
        subnets: item.texts(&["subnetNoList", "subnet_no_list"]),
        resource,
    };
    reader.keep(|cloud| &mut cloud.balancers, item, ("balancer", &id), balancer);
}

pub(super) fn listener<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    let mut resource =
        item.resource("LoadBalancerListener", &["loadBalancerListenerNo", "listener_no", "id"], &[]);
    let Some(protocol) = item.text(&["protocolType", "protocol"]) else {
        return reader.untold(Given::Balancers, &resource);
    };
    resource.name = format!("{} {}", protocol.value, item.word(&["port"]));
    let id = resource.id.clone();
    let names = ["tlsMinVersionType", "tls_min_version_type"];
    let speaks = matches!(protocol.value.as_str(), "HTTPS" | "TLS");
    // The oldest version is what a listener is given that is not told otherwise.
    let unset = || At { value: "TLSV10".to_owned(), field: item.field("tls_min_version_type") };
    let tls = item.text(&names).filter(|at| !at.value.is_empty());
    let tls = speaks.then(|| tls.unwrap_or_else(unset));
    let listener = Listener {
        balancer: item.word(&["loadBalancerInstanceNo", "load_balancer_no"]),
        protocol,
        tls: tls.map(|at| {
            let is_old = matches!(at.value.as_str(), "TLSV10" | "TLSV11");
            (at, is_old)
        }),
        resource,
    };
    reader.keep(|cloud| &mut cloud.listeners, item, ("listener", &id), listener);
}
