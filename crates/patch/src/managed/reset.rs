//! The fields a write cannot change, because the kind's strategy puts the stored values back: their writers do not
//! own them.
//!
//! Entry point: [`reset_fields`].

use super::{element::Element, set::FieldSet};

/// The fields a write cannot change.  Paths are lists of member names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResetFields {
    /// None.
    Nothing,
    /// These, and what is below them.
    These(&'static [&'static [&'static str]]),
    /// All but these and what is below them; `*` stands for any step.
    AllBut(&'static [&'static [&'static str]]),
}

const SPEC: &[&str] = &["spec"];
const STATUS: &[&str] = &["status"];
const METADATA: &[&str] = &["metadata"];

const RESETS_STATUS: ResetFields = ResetFields::These(&[STATUS]);
const RESETS_SPEC: ResetFields = ResetFields::These(&[SPEC]);
const RESETS_ALL_BUT_STATUS: ResetFields = ResetFields::These(&[METADATA, SPEC]);

/// What the strategies of built-in kinds reset, by group, plural resource name and subresource.
const TABLE: &[(&str, &str, &str, ResetFields)] = &[
    ("", "namespaces", "", RESETS_STATUS),
    ("", "namespaces", "status", RESETS_SPEC),
    ("", "namespaces", "finalize", RESETS_STATUS),
    ("", "nodes", "", RESETS_STATUS),
    ("", "nodes", "status", RESETS_SPEC),
    ("", "persistentvolumeclaims", "", RESETS_STATUS),
    ("", "persistentvolumeclaims", "status", RESETS_SPEC),
    ("", "persistentvolumes", "", RESETS_STATUS),
    ("", "persistentvolumes", "status", RESETS_SPEC),
    ("", "pods", "", RESETS_STATUS),
    (
        "",
        "pods",
        "status",
        ResetFields::These(&[SPEC, &["metadata", "deletionTimestamp"], &["metadata", "ownerReferences"]]),
    ),
    ("", "pods", "ephemeralcontainers", ResetFields::AllBut(&[&["spec", "ephemeralContainers"]])),
    (
        "",
        "pods",
        "resize",
        ResetFields::AllBut(&[
            &["spec", "containers", "*", "resources"],
            &["spec", "containers", "*", "resizePolicy"],
            &["spec", "initContainers", "*", "resources"],
            &["spec", "initContainers", "*", "resizePolicy"],
        ]),
    ),
    ("", "replicationcontrollers", "", RESETS_STATUS),
    ("", "replicationcontrollers", "status", RESETS_SPEC),
    ("", "resourcequotas", "", RESETS_STATUS),
    ("", "resourcequotas", "status", RESETS_SPEC),
    ("", "services", "", RESETS_STATUS),
    ("", "services", "status", RESETS_SPEC),
    ("admissionregistration.k8s.io", "validatingadmissionpolicies", "", RESETS_STATUS),
    ("admissionregistration.k8s.io", "validatingadmissionpolicies", "status", RESETS_ALL_BUT_STATUS),
    ("apiextensions.k8s.io", "customresourcedefinitions", "", RESETS_STATUS),
    ("apiextensions.k8s.io", "customresourcedefinitions", "status", RESETS_SPEC),
    ("apiregistration.k8s.io", "apiservices", "", RESETS_STATUS),
    ("apiregistration.k8s.io", "apiservices", "status", RESETS_ALL_BUT_STATUS),
    ("apps", "daemonsets", "", RESETS_STATUS),
    ("apps", "daemonsets", "status", RESETS_SPEC),
    ("apps", "deployments", "", RESETS_STATUS),
    ("apps", "deployments", "status", ResetFields::These(&[SPEC, &["metadata", "labels"]])),
    ("apps", "replicasets", "", RESETS_STATUS),
    ("apps", "replicasets", "status", RESETS_SPEC),
    ("apps", "statefulsets", "", RESETS_STATUS),
    ("apps", "statefulsets", "status", RESETS_SPEC),
    ("autoscaling", "horizontalpodautoscalers", "", RESETS_STATUS),
    ("autoscaling", "horizontalpodautoscalers", "status", RESETS_SPEC),
    ("batch", "cronjobs", "", RESETS_STATUS),
    ("batch", "cronjobs", "status", RESETS_SPEC),
    ("batch", "jobs", "", RESETS_STATUS),
    ("batch", "jobs", "status", RESETS_SPEC),
    ("certificates.k8s.io", "certificatesigningrequests", "", ResetFields::These(&[SPEC, STATUS])),
    (
        "certificates.k8s.io",
        "certificatesigningrequests",
        "status",
        ResetFields::These(&[SPEC, &["status", "conditions"]]),
    ),
    (
        "certificates.k8s.io",
        "certificatesigningrequests",
        "approval",
        ResetFields::These(&[SPEC, &["status", "certificate"]]),
    ),
    ("certificates.k8s.io", "podcertificaterequests", "status", RESETS_SPEC),
    ("flowcontrol.apiserver.k8s.io", "flowschemas", "", RESETS_STATUS),
    ("flowcontrol.apiserver.k8s.io", "flowschemas", "status", RESETS_ALL_BUT_STATUS),
    ("flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations", "", RESETS_STATUS),
    ("flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations", "status", RESETS_ALL_BUT_STATUS),
    ("internal.apiserver.k8s.io", "storageversions", "", RESETS_STATUS),
    ("internal.apiserver.k8s.io", "storageversions", "status", RESETS_ALL_BUT_STATUS),
    ("networking.k8s.io", "ingresses", "", RESETS_STATUS),
    ("networking.k8s.io", "ingresses", "status", RESETS_SPEC),
    ("networking.k8s.io", "servicecidrs", "", RESETS_STATUS),
    ("networking.k8s.io", "servicecidrs", "status", RESETS_ALL_BUT_STATUS),
    ("policy", "poddisruptionbudgets", "", RESETS_STATUS),
    ("policy", "poddisruptionbudgets", "status", RESETS_SPEC),
    ("resource.k8s.io", "devicetaintrules", "", RESETS_STATUS),
    ("resource.k8s.io", "devicetaintrules", "status", RESETS_ALL_BUT_STATUS),
    ("resource.k8s.io", "resourceclaims", "", RESETS_STATUS),
    ("resource.k8s.io", "resourceclaims", "status", RESETS_ALL_BUT_STATUS),
    ("resource.k8s.io", "resourcepoolstatusrequests", "", RESETS_STATUS),
    ("resource.k8s.io", "resourcepoolstatusrequests", "status", RESETS_ALL_BUT_STATUS),
    ("scheduling.k8s.io", "podgroups", "", RESETS_STATUS),
    ("scheduling.k8s.io", "podgroups", "status", RESETS_ALL_BUT_STATUS),
    ("storage.k8s.io", "volumeattachments", "", RESETS_STATUS),
    ("storage.k8s.io", "volumeattachments", "status", RESETS_ALL_BUT_STATUS),
    ("storagemigration.k8s.io", "storageversionmigrations", "", RESETS_STATUS),
    ("storagemigration.k8s.io", "storageversionmigrations", "status", RESETS_ALL_BUT_STATUS),
];

/// What a write to a built-in resource cannot change.  Custom resources with a status subresource reset `status`, and
/// `metadata` and `spec` in that subresource: [`ResetFields::of_custom`].
pub fn reset_fields(group: &str, plural: &str, subresource: &str) -> ResetFields {
    let row = TABLE.iter().find(|(g, p, s, _)| *g == group && *p == plural && *s == subresource);
    row.map_or(ResetFields::Nothing, |(.., fields)| *fields)
}

impl ResetFields {
    /// What a write to a custom resource cannot change.
    pub fn of_custom(has_status: bool, subresource: &str) -> Self {
        match subresource {
            "status" => RESETS_ALL_BUT_STATUS,
            "" if has_status => RESETS_STATUS,
            _ => Self::Nothing,
        }
    }

    /// The fields of `set` that a write can change.
    pub(super) fn filter(self, mut set: FieldSet) -> FieldSet {
        match self {
            Self::Nothing => set,
            Self::These(paths) => {
                paths.iter().for_each(|path| set.remove_below(path));
                set
            }
            Self::AllBut(paths) => set.only_below(paths),
        }
    }
}

impl FieldSet {
    /// Removes the field at a path of member names and what is below it.
    fn remove_below(&mut self, path: &[&str]) {
        let Some((name, rest)) = path.split_first() else { return };
        self.retain_nodes(|node| {
            if matches!(&node.element, Element::Field(field) if field == name) {
                node.member &= !rest.is_empty();
                if rest.is_empty() {
                    node.children = Self::new();
                }
                node.children.remove_below(rest);
            }
        });
    }

    /// Keeps what is on the way to one of the paths, or below.
    fn only_below(mut self, paths: &[&[&str]]) -> Self {
        self.retain_nodes(|node| {
            let matches =
                |step: &str| step == "*" || matches!(&node.element, Element::Field(name) if name == step);
            let rests: Vec<&[&str]> = paths
                .iter()
                .filter_map(|path| path.split_first())
                .filter(|(s, _)| matches(s))
                .map(|(_, r)| r)
                .collect();
            if rests.is_empty() {
                node.member = false;
                node.children = Self::new();
            } else if !rests.iter().any(|rest| rest.is_empty()) {
                node.children = std::mem::take(&mut node.children).only_below(&rests);
            }
        });
        self
    }
}
