//! What is served, as a list: built-in group-versions from the catalogue and, beside them, those of custom resources.
//! Entry point: [`Listing`].

use std::{cmp::Ordering, sync::Arc};

use api::{Str, Value};
use schema::Message;

/// Every served group-version, groups and versions in the order discovery shows them.
///
/// A listing is cheap to clone and to rebuild: the group-versions are shared.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    versions: Vec<Arc<ApiVersion>>,
}

/// One served group-version.
#[derive(Clone, Debug, Default)]
pub struct ApiVersion {
    /// API group, `""` for the core group.
    pub group: Str,
    /// Version, such as `v1`.
    pub version: Str,
    /// The least priority of the group; groups with a higher one come first (`groupPriorityMinimum` of its APIService).
    pub group_priority: i32,
    /// Priority of the version inside its group (`versionPriority` of its APIService).
    pub version_priority: i32,
    /// True for a group-version of custom resources, whose discovery spells out the group and version of each kind.
    pub custom: bool,
    /// Its resources; discovery shows them by name.
    pub resources: Vec<ApiResource>,
}

/// One served resource.
#[derive(Clone, Debug)]
pub struct ApiResource {
    /// Plural name.
    pub name: Str,
    /// Singular name.
    pub singular: Str,
    /// Kind of its objects.
    pub kind: Str,
    /// Kind of its lists, `""` when it is not listed.
    pub list_kind: Str,
    /// True when its objects live in a namespace.
    pub namespaced: bool,
    /// Short names.
    pub short_names: Vec<Str>,
    /// Categories.
    pub categories: Vec<Str>,
    /// Verbs, sorted.
    pub verbs: Vec<Str>,
    /// Hash of the version objects are stored in, `""` for resources that are not stored.
    pub storage_version_hash: Str,
    /// Its subresources.
    pub subresources: Vec<ApiSubresource>,
    /// The structure of its objects.
    pub schema: Schema,
}

/// One served subresource.
#[derive(Clone, Debug)]
pub struct ApiSubresource {
    /// Name without the parent, such as `status`.
    pub name: Str,
    /// Group of its kind.
    pub group: Str,
    /// Version of its kind.
    pub version: Str,
    /// Its kind.
    pub kind: Str,
    /// Verbs, sorted.
    pub verbs: Vec<Str>,
    /// The structure of its bodies, when it has one.
    pub schema: Option<Schema>,
}

/// Where the structure of a kind is written down.
#[derive(Clone, Debug)]
pub enum Schema {
    /// In the catalogue.
    Message(&'static Message),
    /// In a CustomResourceDefinition: the `openAPIV3Schema` of the version.
    Custom(Arc<Value>),
}

/// Group priorities of the built-in groups (what upstream writes into their APIServices).
const GROUP_PRIORITIES: &[(&str, i32)] = &[
    ("", 18000),
    ("apiregistration.k8s.io", 20000),
    ("apps", 17800),
    ("events.k8s.io", 17750),
    ("authentication.k8s.io", 17700),
    ("authorization.k8s.io", 17600),
    ("autoscaling", 17500),
    ("batch", 17400),
    ("certificates.k8s.io", 17300),
    ("networking.k8s.io", 17200),
    ("policy", 17100),
    ("rbac.authorization.k8s.io", 17000),
    ("storage.k8s.io", 16800),
    ("admissionregistration.k8s.io", 16700),
    ("apiextensions.k8s.io", 16700),
    ("scheduling.k8s.io", 16600),
    ("coordination.k8s.io", 16500),
    ("node.k8s.io", 16300),
    ("discovery.k8s.io", 16200),
    ("resource.k8s.io", 16200),
    ("flowcontrol.apiserver.k8s.io", 16100),
];

/// Version priorities of the built-in group-versions that differ from [`VERSION_PRIORITY`].
const VERSION_PRIORITIES: &[((&str, &str), i32)] = &[
    (("", "v1"), 1),
    (("autoscaling", "v2"), 30),
    (("flowcontrol.apiserver.k8s.io", "v1"), 21),
    (("resource.k8s.io", "v1"), 21),
];

/// Version priority of most built-in group-versions.
const VERSION_PRIORITY: i32 = 15;

/// Group priority of custom resources and of groups nobody ranked.
pub const CUSTOM_GROUP_PRIORITY: i32 = 1000;

/// Version priority of every version of a custom resource; their names decide.
pub const CUSTOM_VERSION_PRIORITY: i32 = 100;

/// The priorities of a group-version of ours, as its APIService states them: `groupPriorityMinimum` and
/// `versionPriority`.
pub fn priorities(group: &str, version: &str) -> (i32, i32) {
    let group_priority =
        GROUP_PRIORITIES.iter().find(|(g, _)| *g == group).map_or(CUSTOM_GROUP_PRIORITY, |(_, p)| *p);
    let version_priority = VERSION_PRIORITIES
        .iter()
        .find(|(gv, _)| *gv == (group, version))
        .map_or(VERSION_PRIORITY, |(_, p)| *p);
    (group_priority, version_priority)
}

impl Listing {
    /// A listing of these group-versions, each named once.
    pub fn new(mut versions: Vec<Arc<ApiVersion>>) -> Self {
        let priority = |v: &ApiVersion, all: &[Arc<ApiVersion>]| {
            all.iter()
                .filter(|o| o.group == v.group)
                .map(|o| o.group_priority)
                .max()
                .unwrap_or(v.group_priority)
        };
        let ranks: Vec<i32> = versions.iter().map(|v| priority(v, &versions)).collect();
        let mut ranked: Vec<(i32, Arc<ApiVersion>)> = ranks.into_iter().zip(versions.drain(..)).collect();
        ranked.sort_by(|(ra, a), (rb, b)| {
            rb.cmp(ra)
                .then_with(|| a.group.cmp(&b.group))
                .then_with(|| b.version_priority.cmp(&a.version_priority))
                .then_with(|| compare_versions(&b.version, &a.version))
        });
        Self { versions: ranked.into_iter().map(|(_, v)| v).collect() }
    }

    /// A listing of a resource table (that of the catalogue, as a rule) and of further group-versions.
    pub fn of(table: &[schema::Resource], others: impl IntoIterator<Item = Arc<ApiVersion>>) -> Self {
        let mut versions = versions_of(table);
        versions.extend(others);
        Self::new(versions)
    }

    /// The group-versions in order; those of one group stand together, the preferred version first.
    pub fn versions(&self) -> &[Arc<ApiVersion>] {
        &self.versions
    }

    /// The group-versions of one group, the preferred version first; empty when the group is not served.
    pub fn group(&self, group: &str) -> &[Arc<ApiVersion>] {
        let start = self.versions.iter().position(|v| v.group == group).unwrap_or(self.versions.len());
        let rest = self.versions.get(start..).unwrap_or(&[]);
        let len = rest.iter().take_while(|v| v.group == group).count();
        rest.get(..len).unwrap_or(&[])
    }

    /// One group-version.
    pub fn version(&self, group: &str, version: &str) -> Option<&Arc<ApiVersion>> {
        self.group(group).iter().find(|v| v.version == version)
    }

    /// The packages of the catalogue that kinds come from, with the group and version they are served under.
    pub(crate) fn packages(&self) -> Vec<(&'static str, Str, Str)> {
        let mut packages: Vec<(&'static str, Str, Str)> = Vec::new();
        let mut add = |schema: &Schema, group: &Str, version: &Str| {
            let Schema::Message(message) = schema else { return };
            let package = message.name.rsplit_once('.').map_or("", |(package, _)| package);
            if packages.iter().all(|(p, ..)| *p != package) {
                packages.push((package, group.clone(), version.clone()));
            }
        };
        for version in &self.versions {
            for resource in &version.resources {
                add(&resource.schema, &version.group, &version.version);
                for sub in &resource.subresources {
                    sub.schema.iter().for_each(|s| add(s, &sub.group, &sub.version));
                }
            }
        }
        packages
    }

    /// The groups besides the core group, in order.
    pub fn groups(&self) -> impl Iterator<Item = &[Arc<ApiVersion>]> {
        self.versions
            .chunk_by(|a, b| a.group == b.group)
            .filter(|g| g.first().is_some_and(|v| !v.group.is_empty()))
    }
}

impl ApiVersion {
    /// `group/version`, or the version alone for the core group.
    pub fn group_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_string()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// The path it is served under, such as `/apis/apps/v1`.
    pub fn path(&self) -> String {
        format!("/{}/{}", if self.group.is_empty() { "api" } else { "apis" }, self.group_version())
    }
}

impl From<&schema::Resource> for ApiResource {
    fn from(r: &schema::Resource) -> Self {
        let mut subresources: Vec<_> = r.subresources.iter().map(ApiSubresource::from).collect();
        subresources.sort_by(|a, b| a.name.cmp(&b.name));
        let listed = r.verbs.contains(&"list");
        Self {
            name: r.plural.into(),
            singular: r.singular.into(),
            kind: r.kind.into(),
            list_kind: if listed { Str::from(r.kind) + "List" } else { Str::default() },
            namespaced: r.namespaced,
            short_names: owned(r.short_names),
            categories: owned(r.categories),
            verbs: owned(r.verbs),
            storage_version_hash: r.storage_version_hash.into(),
            subresources,
            schema: Schema::Message(r.message),
        }
    }
}

impl From<&schema::Subresource> for ApiSubresource {
    fn from(s: &schema::Subresource) -> Self {
        Self {
            name: s.name.into(),
            group: s.group.into(),
            version: s.version.into(),
            kind: s.kind.into(),
            verbs: owned(s.verbs),
            schema: s.message.map(Schema::Message),
        }
    }
}

fn owned(texts: &[&str]) -> Vec<Str> {
    texts.iter().map(|s| Str::from(*s)).collect()
}

/// The group-versions of a resource table.
pub fn versions_of(table: &[schema::Resource]) -> Vec<Arc<ApiVersion>> {
    let mut versions: Vec<ApiVersion> = Vec::new();
    for resource in table {
        let at = versions
            .iter()
            .position(|v| v.group == resource.group && v.version == resource.version)
            .unwrap_or_else(|| {
                versions.push(empty_version(resource.group, resource.version));
                versions.len() - 1
            });
        if let Some(version) = versions.get_mut(at) {
            version.resources.push(resource.into());
        }
    }
    for version in &mut versions {
        version.resources.sort_by(|a, b| a.name.cmp(&b.name));
    }
    versions.into_iter().map(Arc::new).collect()
}

fn empty_version(group: &str, version: &str) -> ApiVersion {
    let (group_priority, version_priority) = priorities(group, version);
    ApiVersion {
        group: group.into(),
        version: version.into(),
        group_priority,
        version_priority,
        ..ApiVersion::default()
    }
}

/// Orders version names as Kubernetes does: `v1alpha1 < v1beta1 < v1beta2 < v1 < v2`; anything else comes before those,
/// in reverse alphabetical order.
pub fn compare_versions(a: &str, b: &str) -> Ordering {
    match (parse_version(a), parse_version(b)) {
        (Some(x), Some(y)) => x.cmp(&y),
        (Some(_), None) => Ordering::Greater,
        (None, Some(_)) => Ordering::Less,
        (None, None) => b.cmp(a),
    }
}

/// Stage (0 alpha, 1 beta, 2 stable), major and minor number of `v<major>[alpha|beta<minor>]`.
fn parse_version(version: &str) -> Option<(u8, u64, u64)> {
    let number = |s: &str| if s.bytes().all(|b| b.is_ascii_digit()) { s.parse::<u64>().ok() } else { None };
    let rest = version.strip_prefix('v')?;
    for (stage, word) in [(0, "alpha"), (1, "beta")] {
        if let Some((major, minor)) = rest.split_once(word) {
            return Some((stage, number(major)?, number(minor)?));
        }
    }
    Some((2, number(rest)?, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(group: &str, version: &str, group_priority: i32, version_priority: i32) -> Arc<ApiVersion> {
        let (group, version) = (group.into(), version.into());
        Arc::new(ApiVersion { group, version, group_priority, version_priority, ..ApiVersion::default() })
    }

    #[test]
    fn versions_sort_by_stage_then_number() {
        let mut names =
            ["foo10", "v1alpha1", "v10", "foo1", "v2", "v11beta2", "v1", "v3beta1", "v11alpha2", "v"];
        names.sort_by(|a, b| compare_versions(b, a));
        assert_eq!(
            names,
            ["v10", "v2", "v1", "v11beta2", "v3beta1", "v11alpha2", "v1alpha1", "foo1", "foo10", "v"]
        );
    }

    #[test]
    fn groups_sort_by_their_highest_priority_then_by_name() {
        let listing = Listing::new(vec![
            version("b.example", "v1", 1000, 100),
            version("a.example", "v1alpha1", 1000, 100),
            version("low", "v1", 10, 1),
            version("low", "v2", 5000, 1),
            version("a.example", "v1", 1000, 100),
            version("", "v1", 18000, 1),
        ]);
        let names: Vec<String> = listing.versions().iter().map(|v| v.group_version()).collect();
        assert_eq!(names, ["v1", "low/v2", "low/v1", "a.example/v1", "a.example/v1alpha1", "b.example/v1"]);
        assert_eq!(listing.group("a.example").len(), 2);
        assert!(listing.group("none").is_empty());
        assert_eq!(listing.groups().count(), 3);
        assert_eq!(listing.version("low", "v1").map(|v| v.path()).as_deref(), Some("/apis/low/v1"));
    }
}
