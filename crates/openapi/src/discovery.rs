//! The discovery documents: groups, versions, resources, one by one or all in one (KEP-3352).
//!
//! Entry points: [`core_versions`] (`/api`), [`groups`] (`/apis`), [`group`], [`resources`] (`/apis/<g>/<v>`),
//! [`aggregated`] for the all-in-one form of `/api` and `/apis`, [`paths`] (`/`).

use std::sync::Arc;

use api::{Map, Str, Value, object};

use crate::{ApiResource, ApiSubresource, ApiVersion, Listing};

/// Which half of the API an aggregated document covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// `/api`: the core group.
    Core,
    /// `/apis`: all other groups.
    Groups,
}

/// The version of `apidiscovery.k8s.io` a client asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AggregatedVersion {
    /// `v2`.
    V2,
    /// `v2beta1`, for clients before 1.30.
    V2beta1,
}

impl AggregatedVersion {
    /// Reads the `v` parameter of an Accept header.
    pub fn parse(version: &str) -> Option<Self> {
        match version {
            "v2" => Some(Self::V2),
            "v2beta1" => Some(Self::V2beta1),
            _ => None,
        }
    }

    /// The version's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V2 => "v2",
            Self::V2beta1 => "v2beta1",
        }
    }

    /// The media type of a JSON answer.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::V2 => "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
            Self::V2beta1 => "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList",
        }
    }
}

/// `/api`: an `APIVersions`.  `server_address` is the `host:port` clients outside reach this server under.
pub fn core_versions(listing: &Listing, server_address: &str) -> Value {
    let versions: Vec<Str> = listing.group("").iter().map(|v| v.version.clone()).collect();
    object! {
        "kind" => "APIVersions",
        "versions" => versions,
        "serverAddressByClientCIDRs" =>
            vec![object! { "clientCIDR" => "0.0.0.0/0", "serverAddress" => server_address }],
    }
}

/// `/apis`: an `APIGroupList`.
pub fn groups(listing: &Listing) -> Value {
    let groups: Vec<Value> = listing.groups().map(|g| Value::Object(group_members(g, Map::new()))).collect();
    object! { "kind" => "APIGroupList", "apiVersion" => "v1", "groups" => groups }
}

/// `/apis/<group>`: an `APIGroup`; `None` when the group is not served.
pub fn group(listing: &Listing, group: &str) -> Option<Value> {
    let versions = listing.group(group);
    if versions.is_empty() {
        return None;
    }
    let head = [("kind", "APIGroup"), ("apiVersion", "v1")].into_iter().collect();
    Some(Value::Object(group_members(versions, head)))
}

fn group_members(versions: &[Arc<ApiVersion>], mut out: Map) -> Map {
    let entry =
        |v: &ApiVersion| object! { "groupVersion" => v.group_version(), "version" => v.version.clone() };
    if let Some(preferred) = versions.first() {
        out.insert("name", preferred.group.clone().into());
        out.insert("versions", versions.iter().map(|v| entry(v)).collect::<Vec<_>>().into());
        out.insert("preferredVersion", entry(preferred));
    }
    out
}

/// `/api/v1` and `/apis/<group>/<version>`: an `APIResourceList`.
pub fn resources(version: &ApiVersion) -> Value {
    let mut entries = Vec::new();
    for resource in &version.resources {
        entries.push(resource_entry(resource));
        entries.extend(resource.subresources.iter().map(|s| subresource_entry(version, resource, s)));
    }
    let mut out = object! { "kind" => "APIResourceList" };
    let map = out.make_object();
    if !version.group.is_empty() {
        // Upstream leaves it out of the core group's list.
        map.insert("apiVersion", "v1".into());
    }
    map.insert("groupVersion", version.group_version().into());
    map.insert("resources", entries.into());
    out
}

fn resource_entry(resource: &ApiResource) -> Value {
    let mut out = object! {
        "name" => resource.name.clone(),
        "singularName" => resource.singular.clone(),
        "namespaced" => resource.namespaced,
        "kind" => resource.kind.clone(),
        "verbs" => resource.verbs.clone(),
    };
    let map = out.make_object();
    insert_names(map, resource);
    if !resource.storage_version_hash.is_empty() {
        map.insert("storageVersionHash", resource.storage_version_hash.clone().into());
    }
    out
}

fn subresource_entry(version: &ApiVersion, resource: &ApiResource, sub: &ApiSubresource) -> Value {
    let mut out = object! {
        "name" => format!("{}/{}", resource.name, sub.name),
        "singularName" => "",
        "namespaced" => resource.namespaced,
    };
    let map = out.make_object();
    if (&sub.group, &sub.version) != (&version.group, &version.version) {
        map.insert("group", sub.group.clone().into());
        map.insert("version", sub.version.clone().into());
    }
    map.insert("kind", sub.kind.clone().into());
    map.insert("verbs", sub.verbs.clone().into());
    out
}

fn insert_names(out: &mut Map, resource: &ApiResource) {
    if !resource.short_names.is_empty() {
        out.insert("shortNames", resource.short_names.clone().into());
    }
    if !resource.categories.is_empty() {
        out.insert("categories", resource.categories.clone().into());
    }
}

/// `/api` or `/apis` as one `APIGroupDiscoveryList` with every resource.
pub fn aggregated(listing: &Listing, scope: Scope, version: AggregatedVersion) -> Value {
    let items: Vec<Value> = match scope {
        Scope::Core => vec![aggregated_group(listing.group(""))],
        Scope::Groups => listing.groups().map(aggregated_group).collect(),
    };
    object! {
        "kind" => "APIGroupDiscoveryList",
        "apiVersion" => format!("apidiscovery.k8s.io/{}", version.as_str()),
        "metadata" => object! {},
        "items" => items,
    }
}

fn aggregated_group(versions: &[Arc<ApiVersion>]) -> Value {
    let name = versions.first().map(|v| v.group.clone()).unwrap_or_default();
    let metadata = if name.is_empty() {
        object! {}
    } else {
        object! { "name" => name }
    };
    let versions: Vec<Value> = versions.iter().map(|v| aggregated_version(v)).collect();
    object! { "metadata" => metadata, "versions" => versions }
}

fn aggregated_version(version: &ApiVersion) -> Value {
    let resources: Vec<Value> = version.resources.iter().map(|r| aggregated_resource(version, r)).collect();
    object! { "version" => version.version.clone(), "resources" => resources, "freshness" => "Current" }
}

fn aggregated_resource(version: &ApiVersion, resource: &ApiResource) -> Value {
    let mut out = object! {
        "resource" => resource.name.clone(),
        "responseKind" => response_kind(version, (&version.group, &version.version), &resource.kind),
        "scope" => if resource.namespaced { "Namespaced" } else { "Cluster" },
        "singularResource" => resource.singular.clone(),
        "verbs" => resource.verbs.clone(),
    };
    let map = out.make_object();
    insert_names(map, resource);
    let subresources: Vec<Value> = resource
        .subresources
        .iter()
        .map(|s| {
            object! {
                "subresource" => s.name.clone(),
                "responseKind" => response_kind(version, (&s.group, &s.version), &s.kind),
                "verbs" => s.verbs.clone(),
            }
        })
        .collect();
    if !subresources.is_empty() {
        map.insert("subresources", subresources.into());
    }
    out
}

/// Group and version are left empty when they are the surrounding ones, except for custom resources.
fn response_kind(version: &ApiVersion, gv: (&Str, &Str), kind: &Str) -> Value {
    let (group, version) = match gv {
        gv if gv == (&version.group, &version.version) && !version.custom => (Str::default(), Str::default()),
        (group, version) => (group.clone(), version.clone()),
    };
    object! { "group" => group, "version" => version, "kind" => kind.clone() }
}

/// `/`: the paths there are, sorted.  `others` are those outside the API: health, metrics, OpenAPI.
pub fn paths<'a>(listing: &Listing, others: impl IntoIterator<Item = &'a str>) -> Value {
    let mut paths: Vec<String> = others.into_iter().map(str::to_owned).collect();
    paths.push("/api".to_owned());
    paths.push("/apis".to_owned());
    paths.push("/apis/".to_owned());
    for version in listing.versions() {
        paths.push(version.path());
        if !version.group.is_empty() {
            paths.push(format!("/apis/{}", version.group));
        }
    }
    paths.sort();
    paths.dedup();
    object! { "paths" => paths }
}

/// An entity tag for a document: 32 hexadecimal digits that change when the text does.  The header carries it in
/// double quotes.
///
/// It is a 128-bit FNV-1a hash: enough to tell documents of our own making apart, not against somebody who makes
/// collisions for his own answers.
pub fn etag(text: &str) -> String {
    let mut hash = Fnv::new();
    hash.write(text.as_bytes());
    hash.finish()
}

/// A 128-bit FNV-1a hash in the making.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fnv(u128);

impl Fnv {
    pub(crate) fn new() -> Self {
        Self(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d)
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u128::from(*byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
        }
    }

    pub(crate) fn finish(self) -> String {
        format!("{:032X}", self.0)
    }
}

#[cfg(test)]
mod tests;
