//! Whatever makes pods: the nine built-in kinds, and every other kind that holds a pod's specification, each looked at
//! once.  Entry point: [`Workloads::of`].

mod found;
mod made;
mod refused;

use admission::pod_security::{Pod, TEMPLATES, Template};
use api::Value;
use evidence::{Evidence, Object};

pub(crate) use found::{Found, pods_in};
pub(crate) use refused::Refused;

/// An object and a pod in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Workload<'a> {
    pub object: &'a Object,
    pub pod: Pod<'a>,
    /// Where a built-in kind holds its pod.
    template: Option<&'static Template>,
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

/// The name of an image, and where it stands in the pod's specification.
#[derive(Clone, Debug)]
pub(crate) struct Named<'a> {
    pub field: String,
    pub reference: &'a str,
    /// When it is pulled, and the field that says so.
    pub policy: (&'static str, &'a str),
}

/// The lists of containers of a pod.
const LISTS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

impl<'a> Workloads<'a> {
    pub(crate) fn of(evidence: &'a Evidence) -> Self {
        let all: Vec<_> = evidence.objects.iter().flat_map(Workload::of).collect();
        Self(made::left_in(&all))
    }
}

impl<'a> Workload<'a> {
    fn of(object: &'a Object) -> Vec<Self> {
        let known = TEMPLATES.iter().find(|t| t.kind == object.kind() && t.group == object.group());
        match known {
            Some(template) => {
                let pod = template.pod(&object.value);
                pod.map(|pod| Self { object, pod, template: Some(template) }).into_iter().collect()
            }
            None if found::may_hold(object) => {
                let found = pods_in(&object.value).into_iter();
                found.map(|Found { pod, .. }| Self { object, pod, template: None }).collect()
            }
            None => Vec::new(),
        }
    }

    /// A pod itself, not what pods are made from.
    pub(crate) fn is_pod(&self) -> bool {
        self.template.is_some_and(|template| template.path.is_empty())
    }

    /// True for a pod that nodes with Windows run: what is Linux's alone may not be set in it.
    pub(crate) fn is_windows(&self) -> bool {
        self.spec().str_at(&["os", "name"]) == "windows"
            || self.spec().str_at(&["nodeSelector", "kubernetes.io/os"]) == "windows"
    }

    pub(crate) fn spec(&self) -> &'a Value {
        self.pod.spec
    }

    /// The service account by name; the namespace's own when the pod names none.
    pub(crate) fn account(&self) -> &'a str {
        let names = ["serviceAccountName", "serviceAccount"].map(|member| self.spec().str_at(&[member]));
        names.into_iter().find(|name| !name.is_empty()).unwrap_or("default")
    }

    /// The name of a field of the pod's specification, from the object on.
    pub(crate) fn field(&self, member: &str) -> String {
        match self.template {
            Some(template) => {
                let path: String = template.path.iter().flat_map(|step| [step, "."]).collect();
                format!("{path}spec.{member}")
            }
            None => {
                let all = pods_in(&self.object.value);
                let this = all.iter().find(|found| std::ptr::eq(found.pod.spec, self.pod.spec));
                this.map_or_else(|| member.to_owned(), |found| format!("{}.{member}", found.name()))
            }
        }
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

    /// The images of its containers, and those that are mounted as volumes.
    pub(crate) fn images(&self) -> impl Iterator<Item = Named<'a>> + use<'a> {
        let of_containers = self.containers().map(|c| Named {
            field: c.field("image"),
            reference: c.value.str_at(&["image"]),
            policy: ("imagePullPolicy", c.value.str_at(&["imagePullPolicy"])),
        });
        let of_volumes = self.volumes().map(|(i, volume)| Named {
            field: format!("volumes[{i}].image.reference"),
            reference: volume.str_at(&["image", "reference"]),
            policy: ("pullPolicy", volume.str_at(&["image", "pullPolicy"])),
        });
        of_containers.chain(of_volumes).filter(|image| !image.reference.is_empty())
    }

    /// A label or annotation of the pod, or of the object.
    pub(crate) fn label(&self, key: &str) -> Option<&'a str> {
        let of = |metadata: &'a Value| {
            ["labels", "annotations"].iter().find_map(|m| metadata.at(&[m]).get(key)).and_then(Value::as_str)
        };
        of(self.pod.metadata).or_else(|| of(self.object.value.at(&["metadata"])))
    }
}

impl Named<'_> {
    /// The field that says when the image is pulled.
    pub(crate) fn policy_field(&self) -> String {
        let place = self.field.rsplit_once('.').map_or("", |(place, _)| place);
        format!("{place}.{}", self.policy.0)
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
mod tests;
