//! Names of stored objects: resource, namespace, name.
//!
//! Entry point: [`Key`].

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use api::{GroupResource, Str};

/// A resource in a group, such as `deployments.apps`: a shared pointer, eight bytes, cheap to clone.
///
/// Compares by content, at once when both sides share the pointer; the store keeps one pointer for each resource, so
/// it is worth making each `Resource` once and cloning it.
#[derive(Clone)]
pub struct Resource(Arc<GroupResource>);

/// Namespace and name of an object of a known resource; ordered as the text `namespace/name`, as lists of every namespace
/// show them (and etcd's keys are).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Name {
    /// Namespace, `""` for cluster-wide objects.
    pub namespace: Str,
    /// Name.
    pub name: Str,
}

/// Where an object lives; ordered by resource, namespace, name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Its resource.
    pub resource: Resource,
    /// Its namespace and name.
    pub name: Name,
}

impl Resource {
    /// Names a resource; `group` is `""` for the core group.
    pub fn new(group: impl Into<Str>, resource: impl Into<Str>) -> Self {
        Self(Arc::new(GroupResource::new(group, resource)))
    }
}

impl From<GroupResource> for Resource {
    fn from(name: GroupResource) -> Self {
        Self(Arc::new(name))
    }
}

impl std::ops::Deref for Resource {
    type Target = GroupResource;

    fn deref(&self) -> &GroupResource {
        &self.0
    }
}

impl PartialEq for Resource {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0 == other.0
    }
}

impl Eq for Resource {}

impl Hash for Resource {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl PartialOrd for Resource {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Resource {
    fn cmp(&self, other: &Self) -> Ordering {
        if Arc::ptr_eq(&self.0, &other.0) { Ordering::Equal } else { self.0.cmp(&other.0) }
    }
}

impl fmt::Debug for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&*self.0, f)
    }
}

impl Name {
    /// Names an object; `namespace` is `""` for cluster-wide objects.
    pub fn new(namespace: impl Into<Str>, name: impl Into<Str>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> Ordering {
        let (a, b) = (self.namespace.as_bytes(), other.namespace.as_bytes());
        if a == b {
            return self.name.cmp(&other.name);
        }
        // Of two namespaces that begin alike, `a-b` comes before `a`: `-` stands before `/`.
        a.iter().chain(b"/").cmp(b.iter().chain(b"/"))
    }
}

impl Key {
    /// Names an object; `namespace` is `""` for cluster-wide objects.
    pub fn new(resource: &Resource, namespace: impl Into<Str>, name: impl Into<Str>) -> Self {
        Self { resource: resource.clone(), name: Name::new(namespace, name) }
    }
}

/// `pods "kube-system/coredns"` or `nodes "n1"`.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} \"{}\"", *self.resource, self.name)
    }
}

/// `kube-system/coredns` or `n1`.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() {
            f.write_str(&self.name)
        } else {
            write!(f, "{}/{}", self.namespace, self.name)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_order_by_resource_then_namespace_then_name() {
        let (pods, nodes) = (Resource::new("", "pods"), Resource::new("", "nodes"));
        let mut keys = [
            Key::new(&pods, "b", "a"),
            Key::new(&pods, "a", "z"),
            Key::new(&nodes, "", "n"),
            Key::new(&pods, "a", "b"),
        ];
        keys.sort();
        let texts: Vec<String> = keys.iter().map(Key::to_string).collect();
        assert_eq!(texts, [r#"nodes "n""#, r#"pods "a/b""#, r#"pods "a/z""#, r#"pods "b/a""#]);
    }

    #[test]
    fn names_order_as_paths() {
        let mut names =
            [Name::new("a", "z"), Name::new("a-b", "a"), Name::new("ab", "a"), Name::new("a", "b")];
        names.sort();
        assert_eq!(names.map(|n| n.to_string()), ["a-b/a", "a/b", "a/z", "ab/a"]);
    }

    #[test]
    fn resources_compare_by_content() {
        let apps = GroupResource::new("apps", "deployments");
        assert_eq!(Resource::from(apps), Resource::new("apps", "deployments"));
        assert_ne!(Resource::new("", "events"), Resource::new("events.k8s.io", "events"));
    }
}
