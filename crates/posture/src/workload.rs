//! Whatever makes pods: the nine built-in kinds, each looked at once.

use std::collections::HashSet;

use admission::pod_security::{Pod, TEMPLATES, Template};
use api::Value;
use evidence::{Evidence, Object};

/// An object and the pod in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Workload<'a> {
    pub object: &'a Object,
    pub template: &'static Template,
    pub pod: Pod<'a>,
}

/// Every workload; those that another one of them made are left out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Workloads<'a>(pub Vec<Workload<'a>>);

/// A container, and where it stands in the pod's specification.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Container<'a> {
    pub list: &'static str,
    pub index: usize,
    pub value: &'a Value,
}

/// The lists of containers of a pod.
const LISTS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

impl<'a> Workloads<'a> {
    pub(crate) fn of(evidence: &'a Evidence) -> Self {
        let all: Vec<_> = evidence.objects.iter().filter_map(Workload::of).collect();
        let uid = |w: &Workload<'a>| w.object.value.str_at(&["metadata", "uid"]);
        // What was not taken from a cluster has none.
        let uids: HashSet<&str> = all.iter().map(uid).filter(|uid| !uid.is_empty()).collect();
        let made = |w: &Workload| {
            let owners = w.object.value.array_at(&["metadata", "ownerReferences"]);
            owners
                .iter()
                .any(|o| o.at(&["controller"]).as_bool() == Some(true) && uids.contains(o.str_at(&["uid"])))
        };
        Self(all.iter().filter(|w| !made(w)).copied().collect())
    }
}

impl<'a> Workload<'a> {
    fn of(object: &'a Object) -> Option<Self> {
        let template = TEMPLATES.iter().find(|t| t.kind == object.kind() && t.group == object.group())?;
        Some(Self { object, template, pod: template.pod(&object.value)? })
    }

    pub(crate) fn spec(&self) -> &'a Value {
        self.pod.spec
    }

    /// The name of a field of the pod's specification, from the object on.
    pub(crate) fn field(&self, member: &str) -> String {
        let path: String = self.template.path.iter().flat_map(|step| [step, "."]).collect();
        format!("{path}spec.{member}")
    }

    pub(crate) fn containers(&self) -> impl Iterator<Item = Container<'a>> + use<'a> {
        let spec = self.pod.spec;
        LISTS.into_iter().flat_map(move |list| {
            let items = spec.array_at(&[list]).iter().enumerate();
            items.map(move |(index, value)| Container { list, index, value })
        })
    }

    pub(crate) fn volumes(&self) -> impl Iterator<Item = (usize, &'a Value)> + use<'a> {
        self.pod.spec.array_at(&["volumes"]).iter().enumerate()
    }

    /// A label or annotation of the pod, or of the object.
    pub(crate) fn label(&self, key: &str) -> Option<&'a str> {
        let of = |metadata: &'a Value| {
            ["labels", "annotations"].iter().find_map(|m| metadata.at(&[m]).get(key)).and_then(Value::as_str)
        };
        of(self.pod.metadata).or_else(|| of(self.object.value.at(&["metadata"])))
    }
}

impl<'a> Container<'a> {
    pub(crate) fn name(&self) -> &'a str {
        self.value.str_at(&["name"])
    }

    /// The name of a field of the container, within the pod's specification.
    pub(crate) fn field(&self, member: &str) -> String {
        format!("{}[{}].{member}", self.list, self.index)
    }

    /// A member of the security context.
    pub(crate) fn security(&self, member: &str) -> &'a Value {
        self.value.at(&["securityContext", member])
    }
}

#[cfg(test)]
mod tests {
    use evidence::Origin;

    use super::*;

    #[test]
    fn what_has_no_uid_was_not_made_by_another() {
        let pod = |name: &str, metadata: &str| {
            Object {
            value: codec::yaml::parse(
                format!("{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, {metadata}}}, spec: {{containers: []}}}}")
                    .as_bytes(),
            )
            .unwrap()
            .value,
            origin: Origin::whole("test"),
        }
        };
        let names = |objects: Vec<Object>| {
            let evidence = Evidence { objects, ..Evidence::default() };
            let all = Workloads::of(&evidence).0;
            all.iter().map(|w| w.object.name().to_owned()).collect::<Vec<_>>()
        };
        let owned = "ownerReferences: [{name: set, controller: true}]";
        assert_eq!(names(vec![pod("a", owned), pod("b", owned)]), ["a", "b"]);
        let owned = "ownerReferences: [{uid: u, controller: true}]";
        assert_eq!(names(vec![pod("a", "uid: u"), pod("b", owned)]), ["a"]);
    }
}
