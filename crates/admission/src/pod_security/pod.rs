//! A pod as the controls look at it, alone or inside a workload.

use api::Value;

/// Labels, annotations and the specification of a pod or of the pods a workload makes.
#[derive(Clone, Copy, Debug)]
pub struct Pod<'a> {
    /// `metadata`.
    pub metadata: &'a Value,
    /// `spec`.
    pub spec: &'a Value,
}

/// A kind that holds pods, and where.
#[derive(Clone, Copy, Debug)]
pub struct Template {
    /// API group.
    pub group: &'static str,
    /// Plural name.
    pub resource: &'static str,
    /// Kind.
    pub kind: &'static str,
    /// The way to what has `metadata` and `spec` of a pod.
    pub path: &'static [&'static str],
}

const IN_SPEC: &[&str] = &["spec", "template"];

/// Every built-in kind that holds pods, and pods themselves.
pub const TEMPLATES: &[Template] = &[
    Template { group: "", resource: "pods", kind: "Pod", path: &[] },
    Template { group: "", resource: "podtemplates", kind: "PodTemplate", path: &["template"] },
    Template { group: "", resource: "replicationcontrollers", kind: "ReplicationController", path: IN_SPEC },
    Template { group: "apps", resource: "daemonsets", kind: "DaemonSet", path: IN_SPEC },
    Template { group: "apps", resource: "deployments", kind: "Deployment", path: IN_SPEC },
    Template { group: "apps", resource: "replicasets", kind: "ReplicaSet", path: IN_SPEC },
    Template { group: "apps", resource: "statefulsets", kind: "StatefulSet", path: IN_SPEC },
    Template {
        group: "batch",
        resource: "cronjobs",
        kind: "CronJob",
        path: &["spec", "jobTemplate", "spec", "template"],
    },
    Template { group: "batch", resource: "jobs", kind: "Job", path: IN_SPEC },
];

impl Template {
    /// How objects of a resource hold pods.
    pub fn of(group: &str, resource: &str) -> Option<&'static Self> {
        TEMPLATES.iter().find(|t| t.group == group && t.resource == resource)
    }

    /// The pod in `object`; none when it has no template.
    pub fn pod<'a>(&self, object: &'a Value) -> Option<Pod<'a>> {
        let pod = object.at(self.path);
        (!pod.is_null()).then(|| Pod { metadata: pod.at(&["metadata"]), spec: pod.at(&["spec"]) })
    }
}

impl<'a> Pod<'a> {
    /// Every container: those that run first, the others, those added to look inside.
    pub fn containers(&self) -> impl Iterator<Item = &'a Value> {
        let spec = self.spec;
        ["initContainers", "containers", "ephemeralContainers"]
            .into_iter()
            .flat_map(move |list| spec.array_at(&[list]))
    }

    /// A member of the pod's own security context, `Null` when there is none.
    pub(super) fn security(&self, path: &[&str]) -> &'a Value {
        self.spec.at(&["securityContext"]).at(path)
    }

    /// An annotation.
    pub(super) fn annotation(&self, key: &str) -> Option<&'a str> {
        self.metadata.at(&["annotations"]).get(key).and_then(Value::as_str)
    }

    /// True for a pod whose users are not those of its host (KEP-127).
    pub(super) fn has_own_users(&self) -> bool {
        self.spec.at(&["hostUsers"]).as_bool() == Some(false)
    }

    /// True for a pod that says it runs on Windows.
    pub(super) fn is_windows(&self) -> bool {
        self.spec.str_at(&["os", "name"]) == "windows"
    }
}

/// A member of a container's security context, `Null` when there is none.
pub(super) fn security<'a>(container: &'a Value, path: &[&str]) -> &'a Value {
    container.at(&["securityContext"]).at(path)
}

/// The name of a container or volume.
pub(super) fn name(item: &Value) -> &str {
    item.str_at(&["name"])
}
