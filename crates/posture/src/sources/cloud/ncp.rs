//! Naver Cloud: clusters, networks, servers, disks, registries and logs, as its API answers (`uuid`, `k8sVersion`) and as
//! Terraform knows them (`ncloud_nks_cluster`).

mod network;
mod people;
mod servers;

use super::Given;
use super::item::{At, Item};
use super::model::*;
use super::read::{Adapter, Reader};

pub(super) const ADAPTER: Adapter = Adapter {
    answers: &[
        (&["uuid", "k8sVersion"], cluster),
        (&["defaultAction", "entries"], endpoint),
        (&["accessEntries"], entries),
        (&["entry", "policies"], entry),
        (&["entry", "groups"], entry),
        (&["k8sStatus", "name"], worker),
        (&["instanceNo", "nodeCount"], pool),
        (&["accessControlGroupRuleType"], network::rule),
        (&["networkAclNo", "networkAclRuleType"], network::acl_rule),
        (&["networkAclNo", "networkAclName"], network::acl),
        (&["subnetNo", "subnetType"], network::subnet),
        (&["serverInstanceNo", "serverInstanceStatus"], servers::server),
        (&["publicIpInstanceNo", "publicIp"], servers::address),
        (&["blockStorageInstanceNo"], servers::volume),
        (&["nasVolumeInstanceNo"], servers::nas),
        (&["launchConfigurationNo", "launchConfigurationName"], servers::volume),
        (&["networkInterfaceNo", "collectActionType"], network::flow_log),
        (&["networkInterfaceNo", "subnetNo"], network::interface),
        (&["loadBalancerInstanceNo", "loadBalancerNetworkType"], network::balancer),
        (&["loadBalancerListenerNo", "protocolType"], network::listener),
        (&["initScriptNo", "initScriptContent"], servers::script),
        (&["public_reg_status"], servers::registry),
        (&["scan_on_push_enabled"], servers::registry),
        (&["exportConfigInfo"], servers::exports),
        (&["logType", "logTime"], servers::log_line),
        (&["identities"], people::identities),
        (&["subAccountId", "loginId"], people::user),
        (&["roleNo", "roleName"], people::role),
        (&["policyId", "permissions"], people::policy),
        (&["accessKey", "createTime"], people::key),
    ],
    resources: &[
        ("ncloud_nks_cluster", cluster),
        ("ncloud_nks_node_pool", pool),
        ("ncloud_access_control_group_rule", network::rules),
        ("ncloud_network_acl", network::acl),
        ("ncloud_network_acl_rule", network::acl_rules),
        ("ncloud_subnet", network::subnet),
        ("ncloud_server", servers::server),
        ("ncloud_public_ip", servers::address),
        ("ncloud_block_storage", servers::volume),
        ("ncloud_nas_volume", servers::nas),
        ("ncloud_launch_configuration", servers::volume),
        ("ncloud_network_interface", network::interface),
        ("ncloud_lb", network::balancer),
        ("ncloud_lb_listener", network::listener),
        ("ncloud_init_script", servers::script),
        ("ncloud_objectstorage_bucket_acl", servers::bucket_acl),
    ],
    lists: &[
        ("accessControlGroupRuleList", Some(Given::Rules)),
        ("flowLogConfigurationList", Some(Given::FlowLogs)),
        ("accessControlGroupList", None),
        ("blockStorageInstanceList", Some(Given::Volumes)),
        ("clusters", Some(Given::Clusters)),
        ("initScriptList", Some(Given::Scripts)),
        ("loadBalancerInstanceList", Some(Given::Balancers)),
        ("loadBalancerListenerList", None),
        ("loginKeyList", None),
        ("nasVolumeInstanceList", None),
        ("networkAclList", None),
        ("networkAclRuleList", Some(Given::Acls)),
        ("networkInterfaceList", Some(Given::Interfaces)),
        ("nodePool", None),
        ("publicIpInstanceList", None),
        ("serverInstanceList", Some(Given::Servers)),
        ("subnetList", Some(Given::Subnets)),
        ("vpcList", None),
        ("searchResult", None),
        ("issuerURL", None),
    ],
};

fn cluster<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    let resource = item.resource("NKSCluster", &["uuid", "id"], &["name"]);
    let id = resource.id.clone();
    for pool_item in item.items(&["nodePool"]) {
        pool_of(reader, &pool_item, &id);
    }
    let subnets = ["subnet_no_list", "lb_private_subnet_no", "lb_public_subnet_no", "public_network"];
    let entries = item.items(&["ip_acl"]);
    let is_open = item.is_open(&["ip_acl"]) || entries.iter().any(|one| one.is_open(&["action", "address"]));
    let rights = item.items(&["access_entries"]);
    let grants = rights.iter().flat_map(|one| one.items(&["policies"]));
    let is_granted = item.is_open(&["access_entries"])
        || rights.iter().any(|one| one.is_open(&["entry", "groups", "policies"]))
        || grants.into_iter().any(|policy| policy.is_open(&["type", "scope"]));
    let gaps =
        [(item.is_open(&subnets), Given::Subnets), (is_open, Given::Endpoints), (is_granted, Given::Entries)];
    for (_, list) in gaps.into_iter().filter(|(is_open, _)| *is_open) {
        reader.untold(list, &resource);
    }
    if item.at(&["ip_acl_default_action", "ip_acl"]).is_some() {
        let (default, entries) = ("ip_acl_default_action", "ip_acl");
        let mut endpoint = endpoint_of(item, default, entries);
        endpoint.cluster.clone_from(&id);
        reader.cloud.endpoints.push(endpoint);
    }
    for one in item.items(&["access_entries"]) {
        entry_of(reader, &one, &id);
    }
    let cluster = Cluster {
        provider: Provider::NaverCloud,
        version: item.text(&["k8sVersion", "k8s_version"]),
        subnets: item.texts(&["subnetNoList", "subnet_no_list"]),
        balancer_subnets: BALANCER_SUBNETS.iter().filter_map(|names| item.text(names)).collect(),
        public_workers: item.flag(&["publicNetwork", "public_network"]),
        audit: audit(item),
        encrypts_secrets: encryption(item),
        network_plugin: item.text(&["kubeNetworkPlugin", "kube_network_plugin"]),
        protected: item.flag(&["returnProtection", "return_protection"]),
        grants_by_api: item
            .text(&["authType", "auth_type"])
            .map(|at| At { value: at.value == "API", field: at.field }),
        login_key: item.text(&["loginKeyName", "login_key_name"]),
        resource,
    };
    reader.keep(|cloud| &mut cloud.clusters, item, ("cluster", &id), cluster);
}

const BALANCER_SUBNETS: [&[&str]; 2] = [
    &["lbPrivateSubnetNo", "lb_private_subnet_no", "subnetLbNo"],
    &["lbPublicSubnetNo", "lb_public_subnet_no"],
];

/// An empty list of settings is one that was never made: nothing is kept then.
fn audit(item: &Item<'_>) -> Option<At<bool>> {
    let unset = || {
        let log = item.at(&["log"])?;
        log.value.as_array().filter(|list| list.is_empty()).map(|_| At { value: false, field: log.field })
    };
    item.flag(&["log.audit", "log.0.audit"]).or_else(unset)
}

/// Members that only whole answers have.
const WHOLE: &[&str] = &["returnProtection", "log"];

/// The API leaves the key out when there is none; only an answer with everything else in it tells that.
fn encryption(item: &Item<'_>) -> Option<At<bool>> {
    let names = ["kmsKeyTag", "kms_key_tag"];
    match item.text(&names) {
        Some(at) => Some(At { value: !at.value.is_empty(), field: at.field }),
        None if item.has(&["kms_key_tag"]) => Some(At { value: false, field: item.field("kms_key_tag") }),
        None if item.has(&["kmsKeyTag"]) || (item.has(&["k8sVersion"]) && item.has(WHOLE)) => {
            Some(At { value: false, field: item.field("kmsKeyTag") })
        }
        None => None,
    }
}

fn endpoint<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    let endpoint = endpoint_of(item, "defaultAction", "entries");
    reader.cloud.endpoints.push(endpoint);
}

fn endpoint_of<'a>(item: &Item<'a>, default: &str, entries: &str) -> Endpoint<'a> {
    let allowed = item.items(&[entries]);
    let allowed = allowed.iter().filter(|entry| entry.word(&["action"]) == "allow");
    Endpoint {
        cluster: String::new(),
        resource: item.resource("NKSIpAcl", &["uuid", "id"], &["name"]),
        public: None,
        default: item.text(&[default]).map(|at| At { value: at.value == "allow", field: at.field }),
        allowed: allowed.filter_map(|entry| entry.text(&["address"])).collect(),
    }
}

fn entries<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    reader.cloud.given.insert(Given::Entries);
    item.items(&["accessEntries"]).iter().for_each(|one| entry_of(reader, one, ""));
}

fn entry<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    entry_of(reader, item, "");
}

fn entry_of<'a>(reader: &mut Reader<'a>, item: &Item<'a>, cluster: &str) {
    let power = |policy: &str| match policy {
        "NKSClusterAdminPolicy" => Some(Power::ClusterAdmin),
        "NKSAdminPolicy" => Some(Power::Admin),
        "NKSEditPolicy" => Some(Power::Edit),
        "NKSViewPolicy" => Some(Power::View),
        _ => None,
    };
    let policies = item.items(&["policies"]);
    let grant = |one: &Item<'_>| {
        let policy = one.text(&["type"])?;
        Some(Grant { power: power(&policy.value)?, everywhere: one.word(&["scope"]) != "namespace", policy })
    };
    let entry = AccessEntry {
        cluster: cluster.to_owned(),
        resource: item.resource("NKSAccessEntry", &["entry"], &["username", "entry"]),
        groups: item.texts(&["groups"]),
        grants: policies.iter().filter_map(grant).collect(),
    };
    let key = if item.has(&["uuid"]) { item.word(&["uuid"]) } else { String::new() };
    reader.keep(|cloud| &mut cloud.entries, item, ("entry", &key), entry);
}

fn pool<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    pool_of(reader, item, &item.word(&["cluster_uuid"]));
    item.items(&["nodes"]).iter().for_each(|one| worker(reader, one));
}

fn pool_of<'a>(reader: &mut Reader<'a>, item: &Item<'a>, cluster: &str) {
    let resource = item.resource("NKSNodePool", &["instanceNo", "instance_no"], &["name", "node_pool_name"]);
    let id = resource.id.clone();
    let subnets = item.texts(&["subnetNoList", "subnet_no_list"]);
    let pool = Pool {
        cluster: cluster.to_owned(),
        version: item.text(&["k8sVersion", "k8s_version"]),
        subnets: if subnets.is_empty() { item.texts(&["subnet_no"]) } else { subnets },
        role: item.text(&["serverRoleId", "server_role_id"]).filter(|role| !role.value.is_empty()),
        resource,
    };
    reader.keep(|cloud| &mut cloud.pools, item, ("pool", &id), pool);
}

fn worker<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    let resource = item.resource("NKSWorkerNode", &["id", "instance_no"], &["name", "serverName"]);
    let id = resource.id.clone();
    let worker = Worker { public_ip: item.text(&["publicIp", "public_ip"]), resource };
    reader.keep(|cloud| &mut cloud.workers, item, ("worker", &id), worker);
}
