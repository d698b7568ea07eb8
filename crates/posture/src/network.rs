//! Network policies (`networking.k8s.io/v1`): which pods they select, and what they let through.

use api::Value;
use api::selector::LabelSelector;
use evidence::{Evidence, Object};

use crate::workload::Workload;

/// A direction of traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// To a pod.
    Ingress,
    /// From a pod.
    Egress,
}

/// A policy.
pub(crate) struct Policy<'a> {
    pub object: &'a Object,
    selector: LabelSelector,
}

impl Direction {
    pub(crate) const BOTH: [Self; 2] = [Self::Ingress, Self::Egress];

    /// Its name in `policyTypes`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ingress => "Ingress",
            Self::Egress => "Egress",
        }
    }

    /// The member of a policy with its rules, and that of a rule with its peers.
    pub(crate) fn members(self) -> (&'static str, &'static str) {
        match self {
            Self::Ingress => ("ingress", "from"),
            Self::Egress => ("egress", "to"),
        }
    }
}

/// Every policy; one whose selector cannot be read selects nothing.
pub(crate) fn policies(evidence: &Evidence) -> Vec<Policy<'_>> {
    let all = evidence.of_kind("networking.k8s.io", "NetworkPolicy");
    let read = all.map(|object| {
        // A selector that is left out is an empty one: everything in the namespace.
        let selector = match object.value.at(&["spec", "podSelector"]) {
            Value::Null => LabelSelector::everything(),
            selector => LabelSelector::from_object(selector).unwrap_or_else(|_| LabelSelector::nothing()),
        };
        Policy { object, selector }
    });
    read.collect()
}

impl Policy<'_> {
    /// True when the policy counts for a direction.  What it does not say is for ingress, and for egress when it has
    /// rules for that.
    pub(crate) fn covers(&self, direction: Direction) -> bool {
        let spec = self.object.value.at(&["spec"]);
        let types = spec.array_at(&["policyTypes"]);
        if types.is_empty() {
            return direction == Direction::Ingress || !spec.array_at(&["egress"]).is_empty();
        }
        types.iter().any(|t| t.as_str() == Some(direction.name()))
    }

    /// Its rules for a direction.
    pub(crate) fn rules(&self, direction: Direction) -> &[Value] {
        self.object.value.array_at(&["spec", direction.members().0])
    }

    /// True when it is for every pod of its namespace.
    pub(crate) fn is_for_all(&self) -> bool {
        self.selector.is_empty()
    }

    /// True when the policy is for the pods of a workload.
    pub(crate) fn selects(&self, workload: &Workload<'_>) -> bool {
        workload.object.namespace() == self.object.namespace()
            && self.selector.matches_map(workload.pod.metadata.at(&["labels"]).as_object())
    }
}

/// Addresses of everybody.
pub(crate) fn is_everybody(cidr: &str) -> bool {
    matches!(cidr, "0.0.0.0/0" | "::/0")
}
