//! The model of a cloud: what every provider has, by whatever name.
//!
//! `None` is what an export does not tell; no check takes that for good.

use api::time::Timestamp;

use super::item::{At, Resource};
use super::ports::{Ports, is_world};
use crate::settings::Profile;

/// Who provides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Provider {
    NaverCloud,
    Amazon,
}

/// A cluster that a provider runs.
#[derive(Clone, Debug)]
pub(crate) struct Cluster<'a> {
    pub provider: Provider,
    pub resource: Resource<'a>,
    pub version: Option<At<String>>,
    /// Where its workers are.
    pub subnets: Vec<At<String>>,
    /// Where its load balancers are.
    pub balancer_subnets: Vec<At<String>>,
    /// True when its workers are given addresses of the internet.
    pub public_workers: Option<At<bool>>,
    /// True when the control plane's audit log is kept.
    pub audit: Option<At<bool>>,
    /// True when secrets are stored encrypted with a key of the site's own.
    pub encrypts_secrets: Option<At<bool>>,
    /// What connects its pods.
    pub network_plugin: Option<At<String>>,
    /// True when it cannot be deleted by mistake.
    pub protected: Option<At<bool>>,
    /// True when grants of access are entries of the API, not of a ConfigMap.
    pub grants_by_api: Option<At<bool>>,
    pub login_key: Option<At<String>>,
}

/// Who may come to a cluster's API server.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint<'a> {
    /// The cluster's id; `""` when it cannot be told.
    pub cluster: String,
    pub resource: Resource<'a>,
    /// False when it is reached from within the network only.
    pub public: Option<At<bool>>,
    /// True when whoever no entry is about may come.
    pub default: Option<At<bool>>,
    /// Networks that may come.
    pub allowed: Vec<At<String>>,
}

/// Nodes of a cluster that are alike.
#[derive(Clone, Debug)]
pub(crate) struct Pool<'a> {
    pub cluster: String,
    pub resource: Resource<'a>,
    pub version: Option<At<String>>,
    pub subnets: Vec<At<String>>,
    /// The role that its servers act in.
    pub role: Option<At<String>>,
}

/// A node, as the cluster's service lists it.
#[derive(Clone, Debug)]
pub(crate) struct Worker<'a> {
    pub resource: Resource<'a>,
    pub public_ip: Option<At<String>>,
}

/// Who was given access to a cluster.
#[derive(Clone, Debug)]
pub(crate) struct AccessEntry<'a> {
    pub cluster: String,
    pub resource: Resource<'a>,
    pub groups: Vec<At<String>>,
    pub grants: Vec<Grant>,
}

/// A policy of an access entry.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    pub power: Power,
    pub policy: At<String>,
    /// True when it counts in every namespace.
    pub everywhere: bool,
}

/// What a policy of an access entry lets do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Power {
    ClusterAdmin,
    Admin,
    Edit,
    View,
}

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Inbound,
    Outbound,
}

/// What is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Any,
    Tcp,
    Udp,
    Icmp,
    Other,
}

/// A rule of a firewall of servers (an access control group, a security group): it lets something through.
#[derive(Clone, Debug)]
pub(crate) struct Rule<'a> {
    pub resource: Resource<'a>,
    pub direction: Direction,
    pub protocol: Protocol,
    /// Networks on the other side; none when it is another group.
    pub peers: Vec<At<String>>,
    pub ports: Vec<Ports>,
    pub ports_field: String,
}

/// A firewall of a subnet.
#[derive(Clone, Debug)]
pub(crate) struct NetworkAcl<'a> {
    pub resource: Resource<'a>,
    pub is_default: Option<At<bool>>,
    /// True when what no rule is about goes through.
    pub lets_rest: bool,
}

/// A rule of a firewall of a subnet; the lowest number counts.
#[derive(Clone, Debug)]
pub(crate) struct AclRule<'a> {
    pub acl: String,
    pub resource: Resource<'a>,
    pub direction: Direction,
    pub priority: i64,
    pub protocol: Protocol,
    pub peer: Option<At<String>>,
    pub ports: Vec<Ports>,
    pub allows: bool,
}

/// A subnet.
#[derive(Clone, Debug)]
pub(crate) struct Subnet<'a> {
    pub resource: Resource<'a>,
    pub public: Option<At<bool>>,
    pub acl: String,
}

/// A server.
#[derive(Clone, Debug)]
pub(crate) struct Server<'a> {
    pub resource: Resource<'a>,
    pub public_ip: Option<At<String>>,
    pub subnet: String,
    pub login_key: Option<At<String>>,
    pub interfaces: Vec<String>,
}

/// A network interface.
#[derive(Clone, Debug)]
pub(crate) struct Interface<'a> {
    pub resource: Resource<'a>,
    pub server: String,
    pub subnet: String,
    pub flow_log: Option<At<bool>>,
}

/// A log of connections.
#[derive(Clone, Debug)]
pub(crate) struct FlowLog<'a> {
    pub resource: Resource<'a>,
    /// The interface or subnet that it is of.
    pub of: String,
    /// What is kept: accepted connections, refused ones, or all.
    pub action: Option<At<String>>,
    pub bucket: Option<At<String>>,
}

/// A load balancer.
#[derive(Clone, Debug)]
pub(crate) struct Balancer<'a> {
    pub resource: Resource<'a>,
    pub public: Option<At<bool>>,
    pub subnets: Vec<At<String>>,
}

/// Where a load balancer listens.
#[derive(Clone, Debug)]
pub(crate) struct Listener<'a> {
    pub balancer: String,
    pub resource: Resource<'a>,
    pub protocol: At<String>,
    /// The oldest TLS it speaks, and whether that is older than 1.2.
    pub tls: Option<(At<String>, bool)>,
}

/// A disk, or what disks are made from.
#[derive(Clone, Debug)]
pub(crate) struct Volume<'a> {
    pub resource: Resource<'a>,
    pub encrypted: Option<At<bool>>,
}

/// What runs when a server starts for the first time.
#[derive(Clone, Debug)]
pub(crate) struct Script<'a> {
    pub resource: Resource<'a>,
    pub content: Option<At<String>>,
}

/// A registry of images.
#[derive(Clone, Debug)]
pub(crate) struct Registry<'a> {
    pub resource: Resource<'a>,
    /// Its host on the internet, and that within the network.
    pub public_host: String,
    pub private_host: String,
    /// True when it answers on the internet.
    pub public: Option<At<bool>>,
    /// True when whoever asks may pull.
    pub anonymous: Option<At<bool>>,
    /// True when images are scanned as they come.
    pub scans: Option<At<bool>>,
}

/// A bucket.
#[derive(Clone, Debug)]
pub(crate) struct Bucket<'a> {
    pub resource: Resource<'a>,
    pub access: Option<(Openness, At<String>)>,
    /// True when older versions are kept, and when nothing can be deleted before its time.
    pub versions: Option<At<bool>>,
    pub locks: Option<At<bool>>,
}

/// To whom a bucket is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Openness {
    Private,
    Accounts,
    Everybody,
}

/// A user, or a role that a server or program acts in.
#[derive(Clone, Debug)]
pub(crate) struct Identity<'a> {
    pub resource: Resource<'a>,
    pub is_role: bool,
    /// True for what a server acts in, not a person.
    pub of_server: bool,
    pub policies: Vec<At<String>>,
    /// False when it may have more policies: lists of accounts do not say which.
    pub is_told: bool,
    pub mfa: Option<At<bool>>,
    pub keys: Vec<Key>,
}

/// A key for the cloud's API; the key itself is not kept.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub made: Option<Timestamp>,
    pub is_active: bool,
    pub field: String,
}

/// What a policy lets do.
#[derive(Clone, Debug)]
pub(crate) struct Policy<'a> {
    pub resource: Resource<'a>,
    /// Actions that are everything there is.
    pub wildcards: Vec<At<String>>,
}

/// Where logs are sent to by themselves.
#[derive(Clone, Debug)]
pub(crate) struct LogExport<'a> {
    pub resource: Resource<'a>,
    /// Kinds of logs; `all` for every kind.
    pub types: Vec<At<String>>,
    pub bucket: Option<At<String>>,
}

/// Lines of a log that somebody has looked up.
#[derive(Clone, Debug)]
pub(crate) struct LogLines<'a> {
    pub resource: Resource<'a>,
    pub kind: String,
    pub last: Option<Timestamp>,
}

impl Provider {
    /// Whose control plane it is then.
    pub(crate) fn profile(self) -> Profile {
        match self {
            Self::NaverCloud => Profile::Nks,
            Self::Amazon => Profile::Eks,
        }
    }
}

impl Identity<'_> {
    /// True for a key of which nobody knows whose it is.
    pub(crate) fn is_key(&self) -> bool {
        self.resource.kind == "AccessKey"
    }
}

impl Endpoint<'_> {
    /// What lets everybody come: the field and what stands there.
    pub(crate) fn open(&self) -> Option<(&str, String)> {
        if self.public.as_ref().is_some_and(|public| !public.value) {
            return None;
        }
        if let Some(default) = self.default.as_ref().filter(|default| default.value) {
            return Some((&default.field, "allow".to_owned()));
        }
        self.allowed.iter().find(|at| is_world(&at.value)).map(|at| (at.field.as_str(), at.value.clone()))
    }
}

impl Protocol {
    /// True when the other may be spoken under it.
    pub(crate) fn may_be(self, other: Self) -> bool {
        self == Self::Any || self == other
    }
}

impl Rule<'_> {
    /// The network of everybody, when it is one of those on the other side.
    pub(crate) fn world(&self) -> Option<&At<String>> {
        self.peers.iter().find(|peer| is_world(&peer.value))
    }

    /// True when every port is in it.
    pub(crate) fn is_all_ports(&self) -> bool {
        self.ports.iter().any(|ports| ports.is_all())
    }
}
