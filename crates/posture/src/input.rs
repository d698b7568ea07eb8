//! What a scan is given.

use admission::pod_security::Version;
use evidence::Evidence;

use crate::catalogue::Kind;

/// What was gathered of a cluster.
#[derive(Clone, Debug, Default)]
pub struct Input {
    /// Objects and manifests.
    pub objects: Evidence,
    /// True when `objects` are all that the cluster has, so that what is missing is not there.
    pub whole_cluster: bool,
}

/// What a site has decided for itself.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The version of the Pod Security Standards.
    pub pod_security: Version,
    /// Namespaces of the system, which workloads keep out of.
    pub system_namespaces: Vec<String>,
    /// The most applications in one namespace.
    pub most_applications: usize,
    /// The smallest number of a user or group that is certainly not one of a host.
    pub lowest_id: i64,
    /// Registries, or folders of them, that images may come from; empty when nobody has said.
    pub registries: Vec<String>,
    /// The longest life of a projected token, in seconds.
    pub longest_token: i64,
}

impl Default for Settings {
    fn default() -> Self {
        let system = ["kube-system", "kube-public", "kube-node-lease"];
        Self {
            pod_security: Version::Latest,
            system_namespaces: system.map(str::to_owned).to_vec(),
            most_applications: 5,
            lowest_id: 10_000,
            registries: Vec::new(),
            longest_token: 86_400,
        }
    }
}

impl Input {
    /// True when something of this kind was given.
    pub fn has(&self, kind: Kind) -> bool {
        match kind {
            Kind::Objects => !self.objects.objects.is_empty(),
            Kind::Cluster => self.whole_cluster,
            _ => false,
        }
    }
}

impl Settings {
    /// True when a site has said what a check needs to know.
    pub(crate) fn decides(&self, id: &str) -> bool {
        id != "IMG-003" || !self.registries.is_empty()
    }

    /// True for a namespace of the system.
    pub(crate) fn is_system(&self, namespace: &str) -> bool {
        self.system_namespaces.iter().any(|n| n == namespace)
    }
}
