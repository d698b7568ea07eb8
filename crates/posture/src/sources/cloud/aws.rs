//! Amazon, as its command line prints it and as Terraform knows it: clusters, security groups, subnets, servers, disks,
//! load balancers, buckets.

use super::Given;
use super::Openness;
use super::item::{At, Item};
use super::model::*;
use super::ports::Ports;
use super::read::{Adapter, Reader};

pub(super) const ADAPTER: Adapter = Adapter {
    answers: &[
        (&["resourcesVpcConfig", "version"], cluster),
        (&["nodegroupName", "nodeRole"], pool),
        (&["GroupId", "IpPermissions"], described_group),
        (&["SubnetId", "MapPublicIpOnLaunch"], subnet),
        (&["InstanceId", "InstanceType"], server),
        (&["VolumeId", "Encrypted"], volume),
        (&["LoadBalancerArn", "Scheme"], balancer),
        (&["ListenerArn", "Protocol"], listener),
    ],
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
        ("aws_launch_template", template),
        ("aws_lb", balancer),
        ("aws_alb", balancer),
        ("aws_lb_listener", listener),
        ("aws_alb_listener", listener),
        ("aws_s3_bucket_acl", bucket),
    ],
    lists: &[
        ("SecurityGroups", Some(Given::Rules)),
        ("Subnets", Some(Given::Subnets)),
        ("Reservations", Some(Given::Servers)),
        ("Volumes", Some(Given::Volumes)),
        ("LoadBalancers", Some(Given::Balancers)),
        ("Listeners", None),
        ("nodegroups", None),
    ],
};

fn cluster<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    let resource = item.resource("EKSCluster", &["arn", "id", "name"], &["name"]);
    let id = resource.id.clone();
    let network = item.items(&["vpc_config", "resourcesVpcConfig"]);
    let network = network.first().unwrap_or(item);
    reader.cloud.endpoints.push(endpoint(network, &resource));
    if network.is_open(CIDRS) && !network.texts(&["public_access_cidrs"]).is_empty() {
        reader.untold(Given::Endpoints, &resource);
    }
    if network.is_open(&["subnet_ids"]) {
        reader.untold(Given::Subnets, &resource);
    }
    let encryption = item.items(&["encryption_config", "encryptionConfig"]);
    let covers = |one: &Item<'_>| one.texts(&["resources"]).iter().any(|at| at.value == "secrets");
    let by_api = |at: At<String>| At { value: at.value == "API", field: at.field };
    let modes = ["access_config.0.authentication_mode", "accessConfig.authenticationMode"];
    let cluster = Cluster {
        provider: Provider::Amazon,
        version: item.text(&["version"]),
        subnets: network.texts(&["subnet_ids", "subnetIds"]),
        balancer_subnets: Vec::new(),
        public_workers: None,
        audit: audit(item),
        encrypts_secrets: Some(At {
            value: encryption.iter().any(covers),
            field: encryption.first().map_or_else(|| item.field("encryption_config"), |one| one.path.clone()),
        }),
        network_plugin: None,
        protected: item.flag(&["deletion_protection", "deletionProtection"]),
        grants_by_api: item.text(&modes).map(by_api),
        login_key: None,
        resource,
    };
    reader.keep(|cloud| &mut cloud.clusters, item, ("cluster", &id), cluster);
}

/// Kinds of logs that are kept: a list, or lists of those that are on and those that are off.
fn audit(item: &Item<'_>) -> Option<At<bool>> {
    if item.is_open(&["enabled_cluster_log_types"]) {
        return None;
    }
    let described = item.items(&["logging.clusterLogging"]);
    let on = described.iter().filter(|one| one.flag(&["enabled"]).is_some_and(|on| on.value));
    let mut kinds = item.texts(&["enabled_cluster_log_types"]);
    kinds.extend(on.flat_map(|one| one.texts(&["types"])));
    let field = if item.has(&["logging"]) { "logging.clusterLogging" } else { "enabled_cluster_log_types" };
    Some(At { value: kinds.iter().any(|kind| kind.value == "audit"), field: item.field(field) })
}

/// Networks that may come to the API server.
const CIDRS: &[&str] = &["public_access_cidrs"];

/// A public endpoint that names no networks is for everybody.
fn endpoint<'a>(network: &Item<'a>, cluster: &super::Resource<'a>) -> Endpoint<'a> {
    let names = ["public_access_cidrs", "publicAccessCidrs"];
    let allowed = network.texts(&names);
    let public = network.flag(&["endpoint_public_access", "endpointPublicAccess"]);
    // Those that a plan does not know yet are some.
    let planned = network.has(CIDRS) && network.is_open(CIDRS);
    let default = At { value: allowed.is_empty(), field: network.field("public_access_cidrs") };
    Endpoint {
        cluster: cluster.id.clone(),
        resource: cluster.clone(),
        public: public.or_else(|| Some(At { value: true, field: network.field("endpoint_public_access") })),
        default: Some(default).filter(|_| !planned || !allowed.is_empty()),
        allowed,
    }
}

fn pool<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    let resource =
        item.resource("EKSNodeGroup", &["nodegroupArn", "id"], &["nodegroupName", "node_group_name"]);
    let id = resource.id.clone();
    let of = item.word(&["clusterName", "cluster_name"]);
    let cluster = reader.cloud.clusters.iter().find(|cluster| cluster.resource.name == of);
    let pool = Pool {
        cluster: cluster.map_or_else(String::new, |cluster| cluster.resource.id.clone()),
        version: item.text(&["version"]),
        subnets: item.texts(&["subnet_ids", "subnets"]),
        role: item.text(&["node_role_arn", "nodeRole"]),
        resource,
    };
    reader.keep(|cloud| &mut cloud.pools, item, ("pool", &id), pool);
}

/// As `aws ec2 describe-security-groups` prints it: peers are objects.
fn described_group<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    let lists = [("IpPermissions", Direction::Inbound), ("IpPermissionsEgress", Direction::Outbound)];
    for (list, direction) in lists {
        item.items(&[list]).iter().for_each(|one| rule_of(reader, one, &item.word(&["GroupId"]), direction));
    }
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
    let protocol = match item.word(&["protocol", "ip_protocol", "IpProtocol"]).to_ascii_lowercase().as_str() {
        "-1" | "all" => Protocol::Any,
        "tcp" | "6" => Protocol::Tcp,
        "udp" | "17" => Protocol::Udp,
        "icmp" | "icmpv6" | "1" | "58" => Protocol::Icmp,
        _ => Protocol::Other,
    };
    let port = |names: &[&str]| item.number(names).and_then(|at| u16::try_from(at.value).ok());
    let ports = (port(&["from_port", "FromPort"]), port(&["to_port", "ToPort"]));
    let ports = match (protocol, ports.0, ports.1) {
        (Protocol::Any, ..) => vec![Ports::ALL],
        (Protocol::Tcp | Protocol::Udp, Some(first), Some(last)) => vec![Ports::of(first, last)],
        _ => Vec::new(),
    };
    let mut peers = item.texts(&["cidr_blocks", "cidr_ipv4"]);
    peers.extend(item.texts(&["ipv6_cidr_blocks", "cidr_ipv6"]));
    for one in item.items(&["IpRanges"]).iter().chain(&item.items(&["Ipv6Ranges"])) {
        peers.extend(one.text(&["CidrIp", "CidrIpv6"]));
    }
    let mut resource = item.resource("SecurityGroupRule", &[], &[]);
    group.clone_into(&mut resource.name);
    let is_open = |names: [&str; 2]| names.iter().all(|name| item.is_open(&[name]));
    let by_group = ["source_security_group_id", "referenced_security_group_id", "self", "security_groups"];
    let of_group = by_group.iter().any(|name| !matches!(item.word(&[name]).as_str(), "" | "false"));
    if is_open(["from_port", "to_port"]) || (!of_group && is_open(["cidr_blocks", "cidr_ipv4"])) {
        reader.untold(Given::Rules, &resource);
    }
    let ports_field = item.field(if item.has(&["FromPort"]) { "FromPort" } else { "from_port" });
    reader.cloud.rules.push(Rule { resource, direction, protocol, peers, ports, ports_field });
}

fn subnet<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    let resource = item.resource("Subnet", &["SubnetId", "id"], &["tags.Name", "SubnetId", "id"]);
    let id = resource.id.clone();
    let public = item.flag(&["map_public_ip_on_launch", "MapPublicIpOnLaunch"]);
    let subnet = Subnet { public, acl: String::new(), resource };
    reader.keep(|cloud| &mut cloud.subnets, item, ("subnet", &id), subnet);
}

fn server<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    let resource = item.resource("Instance", &["InstanceId", "id"], &["tags.Name", "InstanceId", "id"]);
    if item.is_open(&["public_ip"]) {
        reader.untold(Given::Servers, &resource);
    }
    let id = resource.id.clone();
    for disk in item.items(&["root_block_device", "ebs_block_device"]) {
        let encrypted = disk.flag(&["encrypted"]);
        reader.cloud.volumes.push(Volume { resource: resource.clone(), encrypted });
    }
    let server = Server {
        public_ip: item.text(&["public_ip", "PublicIpAddress"]),
        subnet: item.word(&["subnet_id", "SubnetId"]),
        login_key: item.text(&["key_name", "KeyName"]).filter(|key| !key.value.is_empty()),
        interfaces: Vec::new(),
        resource,
    };
    reader.keep(|cloud| &mut cloud.servers, item, ("server", &id), server);
}

fn volume<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    let resource = item.resource("Volume", &["VolumeId", "id"], &["tags.Name", "VolumeId", "id"]);
    let id = resource.id.clone();
    let encrypted = item.flag(&["encrypted", "Encrypted"]);
    reader.keep(|cloud| &mut cloud.volumes, item, ("volume", &id), Volume { resource, encrypted });
}

/// What disks of nodes are made from.
fn template<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    let resource = item.resource("LaunchTemplate", &["id"], &["name", "id"]);
    for disk in item.items(&["block_device_mappings"]).iter().flat_map(|one| one.items(&["ebs"])) {
        let encrypted = disk.flag(&["encrypted"]);
        reader.cloud.volumes.push(Volume { resource: resource.clone(), encrypted });
    }
}

fn balancer<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    let resource =
        item.resource("LoadBalancer", &["LoadBalancerArn", "arn", "id"], &["LoadBalancerName", "name"]);
    let id = resource.id.clone();
    let inside = item.flag(&["internal"]).map(|at| At { value: !at.value, field: at.field });
    let scheme = item.text(&["Scheme"]).map(|at| At { value: at.value != "internal", field: at.field });
    let mut subnets = item.texts(&["subnets"]);
    subnets.extend(item.items(&["AvailabilityZones"]).iter().filter_map(|zone| zone.text(&["SubnetId"])));
    let balancer = Balancer { public: inside.or(scheme), subnets, resource };
    reader.keep(|cloud| &mut cloud.balancers, item, ("balancer", &id), balancer);
}

/// True for a policy that speaks what is older than TLS 1.2.  Policies are named after the oldest version they speak
/// (`…TLS13-1-2-2021-06`, `…TLS-1-1-2017-01`); the first ones are named after the day they were made, and speak all.
fn is_old(policy: &str) -> bool {
    let has = |versions: [&str; 2]| versions.iter().any(|version| policy.contains(version));
    has(["-1-0-", "-1-1-"]) || !has(["-1-2-", "-1-3-"])
}

/// True when all that a listener does is to send whoever comes to where TLS is spoken.
fn redirects(item: &Item<'_>) -> bool {
    let ways = ["redirect.0.protocol", "RedirectConfig.Protocol"];
    let actions = item.items(&["default_action", "DefaultActions"]);
    !actions.is_empty() && actions.iter().all(|action| action.word(&ways) == "HTTPS")
}

fn listener<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    let mut resource = item.resource("LoadBalancerListener", &["ListenerArn", "arn", "id"], &[]);
    let Some(mut protocol) = item.text(&["protocol", "Protocol"]) else {
        return reader.untold(Given::Balancers, &resource);
    };
    resource.name = format!("{} {}", protocol.value, item.word(&["port", "Port"]));
    if redirects(item) {
        protocol.value.push_str(" to HTTPS");
    }
    let id = resource.id.clone();
    let tls = item.text(&["ssl_policy", "SslPolicy"]).filter(|at| !at.value.is_empty());
    let listener = Listener {
        balancer: item.word(&["load_balancer_arn", "LoadBalancerArn"]),
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
