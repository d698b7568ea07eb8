//! An audit policy that tells what matters and keeps what is secret out of the log.

/// The policy, as YAML with the reasons beside its rules.  The checks of audit policies pass on it.
pub fn audit_policy() -> &'static str {
    include_str!("audit_policy.yaml")
}

#[cfg(test)]
mod tests {
    use api::UserInfo;
    use audit::policy::{Attributes, Level, Policy, Resource, Target};

    use super::*;
    use crate::{Document, Input, Kind, Settings, Status, scan};

    #[test]
    fn the_checks_pass_on_it() {
        let documents = Document::parse(Kind::AuditPolicy, "p", audit_policy().as_bytes()).unwrap();
        let input = Input { documents, ..Input::default() };
        for outcome in scan(&input, &Settings::default()).outcomes {
            if matches!(outcome.check.id, "AUD-005" | "AUD-006" | "AUD-007" | "AUD-008") {
                assert_eq!(outcome.status, Status::Pass, "{:?}", outcome.findings);
            }
        }
    }

    #[test]
    fn noise_is_dropped_and_changes_have_bodies() {
        let policy = Policy::read(audit_policy().as_bytes()).unwrap().policy;
        let level = |user: &str, group: &str, verb: &str, (group_of, resource): (&str, &str)| {
            let user = UserInfo::new(user, [group, "system:authenticated"]);
            let resource =
                Resource { group: group_of, resource, namespace: "ns", name: "x", ..Resource::default() };
            policy.decide(&Attributes { user: Some(&user), verb, target: Target::Resource(resource) }).level
        };
        let leases = ("coordination.k8s.io", "leases");
        assert_eq!(level("system:node:n", "system:nodes", "update", leases), Level::None);
        assert_eq!(level("ann", "dev", "update", leases), Level::Metadata);
        assert_eq!(level("system:node:n", "system:nodes", "get", ("", "pods")), Level::None);
        assert_eq!(level("system:node:n", "system:nodes", "get", ("", "secrets")), Level::Metadata);
        assert_eq!(level("system:kube-controller-manager", "x", "watch", ("", "secrets")), Level::None);
        assert_eq!(level("system:kube-controller-manager", "x", "create", ("", "secrets")), Level::Metadata);
        assert_eq!(level("ann", "dev", "patch", ("", "namespaces")), Level::Request);
        assert_eq!(level("ann", "dev", "delete", ("", "events")), Level::Metadata);
        assert_eq!(level("ann", "dev", "list", ("apps", "deployments")), Level::Metadata);
    }
}
