//! What refuses pods beside the labels of namespaces: policies of the API server and of engines, as far as they are in
//! force.  Entry point: [`Engines::of`].

use admission::pod_security::{Configuration, Policy};
use api::Value;
use evidence::Object;

use crate::catalogue::Kind;
use crate::input::Input;

/// Resources of which pods come, as rules for admission name them.
const RESOURCES: [&str; 9] =
    ["*", "*/*", "pods", "pods/*", "deployments", "daemonsets", "statefulsets", "replicasets", "jobs"];

/// The same by kind.
const KINDS: [&str; 7] = ["*", "Pod", "Deployment", "DaemonSet", "StatefulSet", "ReplicaSet", "Job"];

/// Policies that refuse pods.
pub(super) struct Engines<'a> {
    refusing: Vec<&'a Object>,
    /// What the API server does where a namespace says nothing.
    configuration: Option<Configuration>,
}

impl<'a> Engines<'a> {
    pub(super) fn of(input: &'a Input) -> Self {
        let objects = &input.objects.objects;
        let refusing = objects.iter().filter(|object| refuses(object, objects)).collect();
        Self { refusing, configuration: configuration(input) }
    }

    /// A policy that counts in a namespace.
    pub(super) fn in_namespace(&self, namespace: &str) -> Option<&'a Object> {
        let counts = |object: &&&Object| object.namespace().is_empty() || object.namespace() == namespace;
        self.refusing.iter().find(counts).copied()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.refusing.is_empty()
    }

    /// What counts where labels say nothing.
    pub(super) fn defaults(&self) -> Policy {
        self.configuration.as_ref().map(|configuration| configuration.defaults).unwrap_or_default()
    }

    /// True for a namespace that the plug-in leaves alone, whatever its labels say.
    pub(super) fn is_exempt(&self, namespace: &str) -> bool {
        let exempt = self.configuration.iter().flat_map(|configuration| &configuration.namespaces);
        exempt.into_iter().any(|name| name == namespace)
    }
}

/// The configuration of the plug-in, alone or in that of all plug-ins.
fn configuration(input: &Input) -> Option<Configuration> {
    input.of_kind(Kind::ControlPlane).find_map(|document| {
        let value = match document.value.str_at(&["kind"]) {
            "PodSecurityConfiguration" => &document.value,
            _ => {
                let mut plugins = document.value.array_at(&["plugins"]).iter();
                plugins.find(|plugin| plugin.str_at(&["name"]) == "PodSecurity")?.at(&["configuration"])
            }
        };
        Configuration::read(api::json::to_string(value).as_bytes()).ok()
    })
}

/// True for a policy in force that is about pods and does not only tell.
fn refuses(object: &Object, all: &[Object]) -> bool {
    let spec = object.value.at(&["spec"]);
    let denies =
        || spec.array_at(&["validationActions"]).iter().any(|action| action.as_str() == Some("Deny"));
    match (object.group(), object.kind()) {
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding") => {
            let policy = |policy: &&Object| {
                policy.kind() == "ValidatingAdmissionPolicy"
                    && policy.group() == object.group()
                    && policy.name() == spec.str_at(&["policyName"])
            };
            let rules =
                |o: &Object| about_pods(o.value.array_at(&["spec", "matchConstraints", "resourceRules"]));
            denies() && all.iter().find(policy).is_some_and(rules)
        }
        ("kyverno.io", "ClusterPolicy" | "Policy") => {
            spec.array_at(&["rules"]).iter().any(|rule| kyverno(spec, rule))
        }
        ("policies.kyverno.io", "ValidatingPolicy" | "NamespacedValidatingPolicy") => {
            let acts = spec.array_at(&["validationActions"]).is_empty() || denies();
            acts && about_pods(spec.array_at(&["matchConstraints", "resourceRules"]))
        }
        ("constraints.gatekeeper.sh", _) => {
            let matches = spec.array_at(&["match", "kinds"]);
            let kinds = |m: &Value| m.array_at(&["kinds"]).iter().filter_map(Value::as_str).any(is_kind);
            matches!(spec.str_at(&["enforcementAction"]), "" | "deny")
                && (matches.is_empty() || matches.iter().any(kinds))
        }
        ("policies.kubewarden.io", _) => {
            spec.str_at(&["mode"]) != "monitor" && about_pods(spec.array_at(&["rules"]))
        }
        _ => false,
    }
}

fn about_pods(rules: &[Value]) -> bool {
    let mut resources = rules.iter().flat_map(|rule| rule.array_at(&["resources"]));
    resources.any(|resource| resource.as_str().is_some_and(|name| RESOURCES.contains(&name)))
}

/// A rule that validates, enforces, and is about pods.  The rule's own word counts before the policy's, which is to tell.
fn kyverno(spec: &Value, rule: &Value) -> bool {
    let own = rule.str_at(&["validate", "failureAction"]);
    let action = if own.is_empty() { spec.str_at(&["validationFailureAction"]) } else { own };
    let filters = ["any", "all"].iter().flat_map(|list| rule.array_at(&["match", list]));
    let mut kinds = filters
        .map(|filter| filter.at(&["resources"]))
        .chain([rule.at(&["match", "resources"])])
        .flat_map(|resources| resources.array_at(&["kinds"]));
    !rule.at(&["validate"]).is_null()
        && action.eq_ignore_ascii_case("enforce")
        && kinds.any(|kind| kind.as_str().is_some_and(is_kind))
}

/// A kind, maybe behind its group and version.
fn is_kind(name: &str) -> bool {
    KINDS.contains(&name.rsplit('/').next().unwrap_or(name))
}
