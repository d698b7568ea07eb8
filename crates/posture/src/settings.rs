//! What a site has decided for itself.

use std::time::{SystemTime, UNIX_EPOCH};

use admission::pod_security::Version;
use api::time::Timestamp;
use evidence::Object;

use crate::input::Input;
use crate::limits::Limits;
use crate::sources::cloud::Cloud;
use crate::words::{Said, Words, words};

const NO_REGISTRY: Words = words(
    "nobody has said which registries images may come from (--registry)",
    "허용된 레지스트리가 지정되지 않음 (--registry)",
);

/// What a site has decided for itself.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The version of the Pod Security Standards.
    pub pod_security: Version,
    /// Who runs the control plane.
    pub profile: Profile,
    /// The time at which ages and ends are judged.
    pub now: Timestamp,
    /// Namespaces of the system, which workloads keep out of.
    pub system_namespaces: Vec<String>,
    /// Registries, or folders of them, that images may come from; empty when nobody has said.
    pub registries: Vec<String>,
    /// How old, how many, how long.
    pub limits: Limits,
}

/// Who runs the control plane: what can be mended there, and what is there at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// Whoever runs the cluster.
    #[default]
    SelfManaged,
    /// Naver Cloud Kubernetes Service.
    Nks,
    /// Amazon Elastic Kubernetes Service.
    Eks,
    /// Google Kubernetes Engine.
    Gke,
    /// Azure Kubernetes Service.
    Aks,
}

/// How labels begin that providers put on their nodes.
const NODE_LABELS: &[(&str, Profile)] = &[
    ("cloud.google.com/gke-", Profile::Gke),
    ("eks.amazonaws.com/", Profile::Eks),
    ("kubernetes.azure.com/cluster", Profile::Aks),
    ("ncloud.com/nks-", Profile::Nks),
];

impl Default for Settings {
    fn default() -> Self {
        let system = ["kube-system", "kube-public", "kube-node-lease"];
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            pod_security: Version::Latest,
            profile: Profile::SelfManaged,
            now: Timestamp::new(i64::try_from(since.as_secs()).unwrap_or(i64::MAX), 0),
            system_namespaces: system.map(str::to_owned).to_vec(),
            registries: Vec::new(),
            limits: Limits::default(),
        }
    }
}

impl Settings {
    /// What a site would have to say for a check to be decided.
    pub(crate) fn lacks(&self, id: &str) -> Option<Said> {
        (id == "IMG-003" && self.registries.is_empty()).then(|| NO_REGISTRY.plain())
    }

    /// True for a namespace of the system.
    pub(crate) fn is_system(&self, namespace: &str) -> bool {
        self.system_namespaces.iter().any(|n| n == namespace)
    }

    /// How many whole days lie between then and now; negative for what is still to come.
    pub(crate) fn days_since(&self, then: Timestamp) -> i64 {
        (self.now.seconds() - then.seconds()).div_euclid(86_400)
    }
}

impl Profile {
    /// Every profile.
    pub const ALL: [Self; 5] = [Self::SelfManaged, Self::Nks, Self::Eks, Self::Gke, Self::Aks];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::SelfManaged => "self-managed",
            Self::Nks => "nks",
            Self::Eks => "eks",
            Self::Gke => "gke",
            Self::Aks => "aks",
        }
    }

    /// The profile of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| profile.name() == name)
    }

    /// Who runs the control plane of what was given, as far as its nodes and an export of its cloud tell.
    pub fn of(input: &Input) -> Option<Self> {
        let of_node = |node: &Object| {
            let labels = node.value.at(&["metadata", "labels"]).as_object()?;
            let is_of = |(prefix, _): &&(&str, Self)| labels.keys().any(|key| key.starts_with(prefix));
            NODE_LABELS.iter().find(is_of).map(|(_, profile)| *profile)
        };
        let exported = Cloud::of(input).profile();
        exported.or_else(|| input.objects.of_kind("", "Node").find_map(of_node))
    }

    /// True when a provider runs the control plane, so that its flags and files are out of reach.
    pub fn is_managed(self) -> bool {
        self != Self::SelfManaged
    }
}
