//! Amazon, as Terraform knows it: clusters, security groups, subnets, servers, disks, load balancers, buckets.

use super::Openness;
use super::item::{At, Item};
use super::model::*;
use super::ports::Ports;
use super::read::{Adapter, Reader};

pub(super) const ADAPTER: Adapter = Adapter {
    answers: &[],
    resources: &[
        ("aws_eks_cluster", cluster),
        ("aws_eks_node_group", pool),
        ("aws_security_group", group),
        ("aws_default_security_group", group),
        ("aws_security_group_rule", rule),
        ("aws_vpc_security_group_ingress_rule", ingress),
        ("aws_vpc_security_group_egress_rule", egress),
        ("aws_subnet", subnet),
        ("aws_instance", server),
        ("aws_ebs_volume", volume),
        ("aws_lb", balancer),
        ("aws_lb_listener", listener),
        ("aws_s3_bucket_acl", bucket),
    ],
    lists: &[],
};

fn cluster<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    let resource = item.resource("EKSCluster", &["arn", "id", "name"], &["name"]);
    let id = resource.id.clone();
    let network = item.items(&["vpc_config"]);
    let network = network.first().unwrap_or(item);
    reader.cloud.endpoints.push(endpoint(network, &resource));
    let logs = item.texts(&["enabled_cluster_log_types"]);
    let has_audit = logs.iter().any(|log| log.value == "audit");
    let encryption = item.items(&["encryption_config"]);
    let covers = |one: &Item<'_>| one.texts(&["resources"]).iter().any(|at| at.value == "secrets");
    let by_api = |at: At<String>| At { value: at.value == "API", field: at.field };
    let cluster = Cluster {
        provider: Provider::Amazon,
        version: item.text(&["version"]),
        subnets: network.texts(&["subnet_ids"]),
        balancer_subnets: Vec::new(),
        public_workers: None,
        audit: Some(At { value: has_audit, field: item.field("enabled_cluster_log_types") }),
        encrypts_secrets: Some(At {
            value: encryption.iter().any(covers),
            field: item.field("encryption_config"),
        }),
        network_plugin: None,
        protected: item.flag(&["deletion_protection"]),
        grants_by_api: item.text(&["access_config.0.authentication_mode"]).map(by_api),
        login_key: None,
        resource,
    };
    reader.keep(|cloud| &mut cloud.clusters, item, ("cluster", &id), cluster);
}

/// A public endpoint that names no networks is for everybody.
fn endpoint<'a>(network: &Item<'a>, cluster: &super::Resource<'a>) -> Endpoint<'a> {
    let allowed = network.texts(&["public_access_cidrs"]);
    let public = network.flag(&["endpoint_public_access"]);
    let default = At { value: allowed.is_empty(), field: network.field("public_access_cidrs") };
    Endpoint {
        cluster: cluster.id.clone(),
        resource: cluster.clone(),
        public: public.or_else(|| Some(At { value: true, field: network.field("endpoint_public_access") })),
        default: Some(default),
        allowed,
    }
}

fn pool<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    let resource = item.resource("EKSNodeGroup", &["id"], &["node_group_name"]);
    let id = resource.id.clone();
    let of = item.word(&["cluster_name"]);
    let cluster = reader.cloud.clusters.iter().find(|cluster| cluster.resource.name == of);
    let pool = Pool {
        cluster: cluster.map_or_else(String::new, |cluster| cluster.resource.id.clone()),
        version: item.text(&["version"]),
        subnets: item.texts(&["subnet_ids"]),
        role: item.text(&["node_role_arn"]),
        resource,
    };
    reader.keep(|cloud| &mut cloud.pools, item, ("pool", &id), pool);
}

fn group<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    for (list, direction) in [("ingress", Direction::Inbound), ("egress", Direction::Outbound)] {
        item.items(&[list]).iter().for_each(|one| rule_of(reader, one, &item.word(&["name"]), direction));
    }
}

fn rule<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    let direction = if item.word(&["type"]) == "ingress" { Direction::Inbound } else { Direction::Outbound };
    rule_of(reader, item, &item.word(&["security_group_id"]), direction);
}

fn ingress<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    rule_of(reader, item, &item.word(&["security_group_id"]), Direction::Inbound);
}

fn egress<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    rule_of(reader, item, &item.word(&["security_group_id"]), Direction::Outbound);
}

fn rule_of<'a>(reader: &mut Reader<'a>, item: &Item<'a>, group: &str, direction: Direction) {
    let protocol = match item.word(&["protocol", "ip_protocol"]).to_ascii_lowercase().as_str() {
        "-1" | "all" => Protocol::Any,
        "tcp" | "6" => Protocol::Tcp,
        "udp" | "17" => Protocol::Udp,
        "icmp" | "icmpv6" | "1" | "58" => Protocol::Icmp,
        _ => Protocol::Other,
    };
    let port = |name: &str| item.number(&[name]).and_then(|at| u16::try_from(at.value).ok());
    let ports = match (protocol, port("from_port"), port("to_port")) {
        (Protocol::Any, ..) => vec![Ports::ALL],
        (Protocol::Tcp | Protocol::Udp, Some(first), Some(last)) => vec![Ports::of(first, last)],
        _ => Vec::new(),
    };
    let mut peers = item.texts(&["cidr_blocks", "cidr_ipv4"]);
    peers.extend(item.texts(&["ipv6_cidr_blocks", "cidr_ipv6"]));
    let mut resource = item.resource("SecurityGroupRule", &[], &[]);
    group.clone_into(&mut resource.name);
    let ports_field = item.field("from_port");
    reader.cloud.rules.push(Rule { resource, direction, protocol, peers, ports, ports_field });
}

fn subnet<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    let resource = item.resource("Subnet", &["id"], &["tags.Name", "id"]);
    let id = resource.id.clone();
    let subnet = Subnet { public: item.flag(&["map_public_ip_on_launch"]), acl: String::new(), resource };
    reader.keep(|cloud| &mut cloud.subnets, item, ("subnet", &id), subnet);
}

fn server<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    let resource = item.resource("Instance", &["id"], &["tags.Name", "id"]);
    let id = resource.id.clone();
    for disk in item.items(&["root_block_device", "ebs_block_device"]) {
        let encrypted = disk.flag(&["encrypted"]);
        reader.cloud.volumes.push(Volume { resource: resource.clone(), encrypted });
    }
    let server = Server {
        public_ip: item.text(&["public_ip"]),
        subnet: item.word(&["subnet_id"]),
        login_key: item.text(&["key_name"]).filter(|key| !key.value.is_empty()),
        interfaces: Vec::new(),
        resource,
    };
    reader.keep(|cloud| &mut cloud.servers, item, ("server", &id), server);
}

fn volume<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    let resource = item.resource("Volume", &["id"], &["tags.Name", "id"]);
    let id = resource.id.clone();
    let encrypted = item.flag(&["encrypted"]);
    reader.keep(|cloud| &mut cloud.volumes, item, ("volume", &id), Volume { resource, encrypted });
}

fn balancer<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    let resource = item.resource("LoadBalancer", &["arn", "id"], &["name"]);
    let id = resource.id.clone();
    let inside = item.flag(&["internal"]);
    let balancer = Balancer {
        public: inside.map(|at| At { value: !at.value, field: at.field }),
        subnets: item.texts(&["subnets"]),
        resource,
    };
    reader.keep(|cloud| &mut cloud.balancers, item, ("balancer", &id), balancer);
}

/// Policies of listeners are named after the oldest version they speak (`…TLS13-1-2…`, `…TLS-1-1…`); the first ones are
/// named after the day they were made, and speak all.
fn listener<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    let Some(protocol) = item.text(&["protocol"]) else { return };
    let mut resource = item.resource("LoadBalancerListener", &["arn", "id"], &[]);
    resource.name = format!("{} {}", protocol.value, item.word(&["port"]));
    let id = resource.id.clone();
    let tls = item.text(&["ssl_policy"]).filter(|at| !at.value.is_empty());
    let is_old = |policy: &str| !["-1-2", "-1-3", "FS-1-2"].iter().any(|new| policy.contains(new));
    let listener = Listener {
        balancer: item.word(&["load_balancer_arn"]),
        protocol,
        tls: tls.map(|at| {
            let old = is_old(&at.value);
            (at, old)
        }),
        resource,
    };
    reader.keep(|cloud| &mut cloud.listeners, item, ("listener", &id), listener);
}

fn bucket<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    let resource = item.resource("Bucket", &["bucket"], &["bucket"]);
    let id = resource.id.clone();
    let access = item.text(&["acl"]).map(|at| (Openness::of_rule(&at.value), at));
    let bucket = Bucket { access, versions: None, locks: None, resource };
    reader.keep(|cloud| &mut cloud.buckets, item, ("bucket", &id), bucket);
}
