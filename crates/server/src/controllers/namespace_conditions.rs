//! What the conditions of a namespace say while it is emptied (upstream's namespace deleter).

use std::collections::BTreeMap;

use api::{GroupResource, Value, object};

use crate::registry::meta;

/// A condition: its type; reason and message while all is well; the reason while it is not.
struct Condition {
    kind: &'static str,
    fine: (&'static str, &'static str),
    bad: &'static str,
}

const DISCOVERY: Condition = Condition {
    kind: "NamespaceDeletionDiscoveryFailure",
    fine: ("ResourcesDiscovered", "All resources successfully discovered"),
    bad: "DiscoveryFailed",
};
const PARSING: Condition = Condition {
    kind: "NamespaceDeletionGroupVersionParsingFailure",
    fine: ("ParsedGroupVersions", "All legacy kube types successfully parsed"),
    bad: "GroupVersionParsingFailed",
};
const DELETION: Condition = Condition {
    kind: "NamespaceDeletionContentFailure",
    fine: ("ContentDeleted", "All content successfully deleted, may be waiting on finalization"),
    bad: "ContentDeletionFailed",
};
const CONTENT: Condition = Condition {
    kind: "NamespaceContentRemaining",
    fine: ("ContentRemoved", "All content successfully removed"),
    bad: "SomeResourcesRemain",
};
const FINALIZERS: Condition = Condition {
    kind: "NamespaceFinalizersRemaining",
    fine: ("ContentHasNoFinalizers", "All content-preserving finalizers finished"),
    bad: "SomeFinalizersRemain",
};

/// What keeps a namespace.
#[derive(Debug, Default)]
pub(super) struct Remaining {
    resources: BTreeMap<String, usize>,
    finalizers: BTreeMap<String, usize>,
    failures: Vec<String>,
}

impl Remaining {
    /// True when nothing does.
    pub(super) fn is_empty(&self) -> bool {
        self.resources.is_empty() && self.failures.is_empty()
    }

    /// Adds an object that is still there.
    pub(super) fn add(&mut self, resource: &GroupResource, object: &Value) {
        *self.resources.entry(format!("{}.{}", resource.resource, resource.group)).or_default() += 1;
        for finalizer in meta::finalizers(object) {
            *self.finalizers.entry(finalizer.to_owned()).or_default() += 1;
        }
    }

    /// Adds a reason for which something could not be deleted.
    pub(super) fn fail(&mut self, why: String) {
        self.failures.push(why);
    }

    /// Writes the conditions into the namespace; true when that changes something.
    pub(super) fn write(&self, namespace: &mut Value, now: &str) -> bool {
        let said = self.messages();
        let mut conditions = namespace.array_at(&["status", "conditions"]).to_vec();
        let mut changed = false;
        for (condition, message) in said {
            let new = condition.value(message.as_deref(), now);
            let place = conditions.iter().position(|c| c.str_at(&["type"]) == condition.kind);
            match place.and_then(|i| conditions.get_mut(i)) {
                None => conditions.push(new),
                Some(old) if ["status", "reason", "message"].iter().all(|m| old.at(&[m]) == new.at(&[m])) => {
                    continue;
                }
                Some(old) => {
                    let since = old.at(&["lastTransitionTime"]).clone();
                    let flipped = old.at(&["status"]) != new.at(&["status"]);
                    *old = new;
                    if !flipped {
                        old.set_at(&["lastTransitionTime"], since);
                    }
                }
            }
            changed = true;
        }
        if changed {
            namespace.set_at(&["status", "conditions"], conditions);
        }
        changed
    }

    /// Every condition with its message when something is wrong, in upstream's order.
    fn messages(&self) -> [(&'static Condition, Option<String>); 5] {
        let list = |counts: &BTreeMap<String, usize>, verb: &str| -> String {
            counts
                .iter()
                .map(|(what, n)| format!("{what} {verb} {n} resource instances"))
                .collect::<Vec<_>>()
                .join(", ")
        };
        let failed = (!self.failures.is_empty()).then(|| {
            let all = self.failures.join(", ");
            format!("Failed to delete all resource types, {} remaining: {all}", self.failures.len())
        });
        let content = (!self.resources.is_empty())
            .then(|| format!("Some resources are remaining: {}", list(&self.resources, "has")));
        let finalizers = (!self.finalizers.is_empty()).then(|| {
            let all = list(&self.finalizers, "in");
            format!("Some content in the namespace has finalizers remaining: {all}")
        });
        [
            (&DISCOVERY, None),
            (&PARSING, None),
            (&DELETION, failed),
            (&CONTENT, content),
            (&FINALIZERS, finalizers),
        ]
    }
}

impl Condition {
    fn value(&self, wrong: Option<&str>, now: &str) -> Value {
        let (status, reason, message) = match wrong {
            Some(message) => ("True", self.bad, message),
            None => ("False", self.fine.0, self.fine.1),
        };
        object! {
            "type" => self.kind, "status" => status, "lastTransitionTime" => now, "reason" => reason,
            "message" => message,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(namespace: &Value) -> Vec<String> {
        let text = |c: &Value| format!("{} {}", c.str_at(&["status"]), c.str_at(&["message"]));
        namespace.array_at(&["status", "conditions"]).iter().map(text).collect()
    }

    #[test]
    fn conditions_follow_what_remains() {
        let mut namespace = object! { "metadata" => object! { "name" => "n" } };
        let held =
            object! { "metadata" => object! { "finalizers" => vec![Value::from("example.com/hold")] } };
        let mut remaining = Remaining::default();
        remaining.add(&GroupResource::new("", "configmaps"), &held);
        assert!(remaining.write(&mut namespace, "2030-01-01T00:00:00Z"));
        assert_eq!(
            said(&namespace)[3],
            "True Some resources are remaining: configmaps. has 1 resource instances"
        );
        assert_eq!(
            said(&namespace)[4],
            "True Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances"
        );
        assert!(!remaining.write(&mut namespace, "2030-01-01T00:00:01Z"));

        // More of it: the message changes, the time of the transition stays.
        remaining.add(&GroupResource::new("apps", "deployments"), &object! {});
        assert!(remaining.write(&mut namespace, "2030-01-01T00:00:02Z"));
        let content = &namespace.array_at(&["status", "conditions"])[3];
        assert_eq!(content.str_at(&["lastTransitionTime"]), "2030-01-01T00:00:00Z");

        assert!(Remaining::default().write(&mut namespace, "2030-01-01T00:00:03Z"));
        let content = &namespace.array_at(&["status", "conditions"])[3];
        assert_eq!(content.str_at(&["reason"]), "ContentRemoved");
        assert_eq!(content.str_at(&["lastTransitionTime"]), "2030-01-01T00:00:03Z");
    }
}
