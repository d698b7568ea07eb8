//! The objects that were given, found at once by kind, namespace and name.

use std::collections::{HashMap, HashSet};

use evidence::{Evidence, Object};

/// An index of objects.  Versions do not matter; of several objects of one name the last counts, as it would when they
/// are applied one after another.
#[derive(Debug, Default)]
pub(crate) struct Objects<'a> {
    /// By group, then kind.
    kinds: HashMap<&'a str, HashMap<&'a str, Kind<'a>>>,
    /// Service accounts that bindings name, by namespace (`""` where none is said) and by name alone.
    bound: HashSet<(&'a str, &'a str)>,
    bound_names: HashSet<&'a str>,
}

#[derive(Debug, Default)]
struct Kind<'a> {
    namespaces: HashMap<&'a str, Namespace<'a>>,
}

#[derive(Debug, Default)]
struct Namespace<'a> {
    all: Vec<&'a Object>,
    by_name: HashMap<&'a str, &'a Object>,
}

impl<'a> Objects<'a> {
    pub(crate) fn of(evidence: &'a Evidence) -> Self {
        let mut index = Self::default();
        for object in &evidence.objects {
            let kind = index.kinds.entry(object.group()).or_default().entry(object.kind()).or_default();
            let namespace = kind.namespaces.entry(object.namespace()).or_default();
            namespace.all.push(object);
            namespace.by_name.insert(object.name(), object);
            if object.group() == "rbac.authorization.k8s.io" && object.kind().ends_with("RoleBinding") {
                index.bind(object);
            }
        }
        index
    }

    /// The objects of a kind in a namespace, in the order they were found.
    pub(crate) fn in_namespace(&self, group: &str, kind: &str, namespace: &str) -> &[&'a Object] {
        let namespace = self.kind(group, kind).and_then(|kind| kind.namespaces.get(namespace));
        namespace.map_or(&[], |namespace| &namespace.all)
    }

    /// The one of a name; `namespace` is `""` for kinds without.
    pub(crate) fn get(&self, group: &str, kind: &str, namespace: &str, name: &str) -> Option<&'a Object> {
        self.kind(group, kind)?.namespaces.get(namespace)?.by_name.get(name).copied()
    }

    fn bind(&mut self, binding: &'a Object) {
        let subjects = binding.value.array_at(&["subjects"]).iter();
        for subject in subjects.filter(|subject| subject.str_at(&["kind"]) == "ServiceAccount") {
            let name = subject.str_at(&["name"]);
            self.bound.insert((subject.str_at(&["namespace"]), name));
            self.bound_names.insert(name);
        }
    }

    /// True for a service account that a binding names; manifests may leave the namespace to whoever applies them.
    pub(crate) fn is_bound(&self, namespace: &str, account: &str) -> bool {
        let is_named = |namespace| self.bound.contains(&(namespace, account));
        is_named(namespace) || is_named("") || (namespace.is_empty() && self.bound_names.contains(account))
    }

    fn kind(&self, group: &str, kind: &str) -> Option<&Kind<'a>> {
        self.kinds.get(group)?.get(kind)
    }
}

#[cfg(test)]
mod tests {
    use evidence::Origin;

    use super::*;

    #[test]
    fn objects_are_found() {
        let object = |text: &str| Object {
            value: codec::yaml::parse(text.as_bytes()).unwrap().value,
            origin: Origin::whole("test"),
        };
        let objects = vec![
            object("{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: one}}"),
            object("{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: two}}"),
            object("{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: two}, spec: {}}"),
        ];
        let evidence = Evidence { objects, ..Evidence::default() };
        let index = Objects::of(&evidence);
        assert_eq!(index.in_namespace("", "Pod", "two").len(), 2);
        assert_eq!(index.get("", "Pod", "two", "a"), evidence.objects.last());
        assert_eq!(index.get("apps", "Pod", "two", "a"), None);
        assert!(index.in_namespace("", "Pod", "three").is_empty());
    }
}
