//! What a cloud provider says of clusters, their networks, disks, registries and people.
//!
//! Entry point: [`Cloud::of`].  An adapter a provider (`cloud/ncp.rs`, `cloud/aws.rs`) turns what its API answers, or
//! Terraform knows, into one model; checks see the model only.

mod aws;
mod item;
mod model;
mod ncp;
mod ports;
mod read;
mod s3;

use std::collections::BTreeSet;

use evidence::{Problem, ProblemKind};

use crate::catalogue::Kind;
use crate::input::Input;
use crate::settings::Profile;

pub(crate) use item::{At, Resource};
pub(crate) use model::*;
pub(crate) use ports::{Ports, Range, is_world};

/// Everything that was exported.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cloud<'a> {
    pub clusters: Vec<Cluster<'a>>,
    pub endpoints: Vec<Endpoint<'a>>,
    pub pools: Vec<Pool<'a>>,
    pub workers: Vec<Worker<'a>>,
    pub entries: Vec<AccessEntry<'a>>,
    pub rules: Vec<Rule<'a>>,
    pub acls: Vec<NetworkAcl<'a>>,
    pub acl_rules: Vec<AclRule<'a>>,
    pub subnets: Vec<Subnet<'a>>,
    pub servers: Vec<Server<'a>>,
    pub interfaces: Vec<Interface<'a>>,
    pub flow_logs: Vec<FlowLog<'a>>,
    pub balancers: Vec<Balancer<'a>>,
    pub listeners: Vec<Listener<'a>>,
    pub volumes: Vec<Volume<'a>>,
    pub scripts: Vec<Script<'a>>,
    pub registries: Vec<Registry<'a>>,
    pub buckets: Vec<Bucket<'a>>,
    pub identities: Vec<Identity<'a>>,
    pub policies: Vec<Policy<'a>>,
    pub exports: Vec<LogExport<'a>>,
    pub log_lines: Vec<LogLines<'a>>,
    /// Lists that were given, even when nothing stands in them.
    pub given: BTreeSet<Given>,
    /// What is only planned, and not known in all that counts.
    pub untold: Vec<(Given, Resource<'a>)>,
}

/// A list whose emptiness counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Given {
    Acls,
    Balancers,
    Clusters,
    Endpoints,
    Entries,
    Exports,
    FlowLogs,
    Interfaces,
    Rules,
    Scripts,
    Servers,
    Subnets,
    Volumes,
}

impl<'a> Cloud<'a> {
    /// What the documents of an export say.
    pub(crate) fn of(input: &'a Input) -> Self {
        read::read(input).cloud
    }

    /// True when there is a cluster of Naver Cloud's service.
    pub(crate) fn is_nks(&self) -> bool {
        self.profile() == Some(Profile::Nks)
    }

    /// Who runs the control plane, when all clusters of the export are of one service.
    pub(crate) fn profile(&self) -> Option<Profile> {
        let mut profiles = self.clusters.iter().map(|cluster| cluster.provider.profile());
        let first = profiles.next()?;
        profiles.all(|other| other == first).then_some(first)
    }

    /// Rules of firewalls that let everybody come to a port; `None` when no rules were exported.
    pub(crate) fn firewall_opens(&self, port: u16) -> Option<Vec<&Rule<'a>>> {
        let open = |rule: &&Rule<'_>| {
            rule.direction == Direction::Inbound
                && rule.protocol.may_be(Protocol::Tcp)
                && rule.world().is_some()
                && rule.ports.iter().any(|ports| ports.meets(Ports::one(port)))
        };
        let is_given = !self.rules.is_empty() || self.given.contains(&Given::Rules);
        let found: Vec<_> = self.rules.iter().filter(open).collect();
        // A rule of which too little is known may open it too.
        let is_told = self.untold(Given::Rules).next().is_none() || !found.is_empty();
        (is_given && is_told).then_some(found)
    }

    /// What of a list is there of which too little is known.
    pub(crate) fn untold(&self, list: Given) -> impl Iterator<Item = &Resource<'a>> {
        self.untold.iter().filter(move |(of, _)| *of == list).map(|(_, resource)| resource)
    }

    /// True when every cluster's API server answers to named networks only, false when one answers to everybody;
    /// `None` when that was not exported.
    pub(crate) fn api_is_restricted(&self) -> Option<bool> {
        let open = self.endpoints.iter().any(|endpoint| endpoint.open().is_some());
        let all = !self.clusters.is_empty() && self.clusters.iter().all(|c| self.endpoint(c).is_some());
        match (open, all) {
            (true, _) => Some(false),
            (false, _) if self.untold(Given::Endpoints).next().is_some() => None,
            (false, true) => Some(true),
            (false, false) if self.clusters.is_empty() && !self.endpoints.is_empty() => Some(true),
            (false, false) => None,
        }
    }

    /// Who may come to a cluster's API server.
    pub(crate) fn endpoint(&self, cluster: &Cluster<'_>) -> Option<&Endpoint<'a>> {
        self.endpoints.iter().find(|endpoint| endpoint.cluster == cluster.resource.id)
    }

    /// The node pools of a cluster.
    pub(crate) fn pools_of<'c>(&'c self, cluster: &'c Cluster<'a>) -> impl Iterator<Item = &'c Pool<'a>> {
        self.pools.iter().filter(move |pool| pool.cluster == cluster.resource.id)
    }

    /// The subnets in which a cluster's workers are, each with what names it first.
    pub(crate) fn worker_subnets<'c>(
        &'c self,
        cluster: &'c Cluster<'a>,
    ) -> Vec<(&'c At<String>, &'c Resource<'a>)> {
        let own = cluster.subnets.iter().map(|at| (at, &cluster.resource));
        let of_pools =
            self.pools_of(cluster).flat_map(|pool| pool.subnets.iter().map(|at| (at, &pool.resource)));
        let mut seen = BTreeSet::new();
        own.chain(of_pools).filter(|(at, _)| seen.insert(at.value.as_str())).collect()
    }

    /// A subnet by its id.
    pub(crate) fn subnet(&self, id: &str) -> Option<&Subnet<'a>> {
        self.subnets.iter().find(|subnet| subnet.resource.id == id)
    }

    /// Tells which servers are nodes of a cluster: those that the cluster's service lists, or, when it was not asked,
    /// those in its subnets; all of them when no cluster was exported.
    pub(crate) fn nodes(&self) -> Vec<&Server<'a>> {
        if self.clusters.is_empty() && self.workers.is_empty() {
            return self.servers.iter().collect();
        }
        let ids: BTreeSet<&str> = self.workers.iter().map(|worker| worker.resource.id.as_str()).collect();
        let names: BTreeSet<&str> = self.workers.iter().map(|worker| worker.resource.name.as_str()).collect();
        let subnets = self.clusters.iter().flat_map(|cluster| self.worker_subnets(cluster));
        let subnets: BTreeSet<&str> = subnets.map(|(at, _)| at.value.as_str()).collect();
        let is_node = |server: &&Server<'_>| match self.workers.is_empty() {
            true => subnets.contains(server.subnet.as_str()),
            false => {
                ids.contains(server.resource.id.as_str())
                    || (!server.resource.name.is_empty() && names.contains(server.resource.name.as_str()))
            }
        };
        self.servers.iter().filter(is_node).collect()
    }
}

/// Exports in which nothing is known, and lists that are cut off.
pub(super) fn problems(input: &Input) -> Vec<Problem> {
    const UNKNOWN: &str =
        "nothing in it is known: neither an answer of an API nor what `terraform show -json` writes";
    let read::Export { known, cut, .. } = read::read(input);
    let documents = input.of_kind(Kind::Cloud).zip(known).filter(|(_, known)| !known);
    let unknown = documents.map(|(document, _)| (document, UNKNOWN.to_owned()));
    let problem = |(document, text): (&crate::document::Document, String)| Problem {
        origin: document.origin.clone(),
        kind: ProblemKind::Broken,
        text,
    };
    unknown.chain(cut).map(problem).collect()
}
