//! Object storage that speaks S3: access lists, versions and locks of buckets, as `aws s3api` prints them.

use super::Given;
use super::item::{At, Item};
use super::model::*;
use super::read::{Adapter, Reader};

pub(super) const ADAPTER: Adapter = Adapter {
    answers: &[(&["bucket", "acl"], bucket), (&["Grants", "Owner"], access_list)],
    resources: &[],
    lists: &[("Buckets", None::<Given>)],
};

/// `{bucket: NAME, acl: …, versioning: …, objectLock: …}`: what three questions about a bucket were answered.
fn bucket<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    let resource = item.resource("Bucket", &["bucket"], &["bucket"]);
    let id = resource.id.clone();
    let canned = item.text(&["acl"]).map(|at| (Openness::of_rule(&at.value), at));
    let listed = || item.items(&["acl"]).first().map(openness);
    let is_on = |names: &[&str]| {
        let at = item.text(names)?;
        Some(At { value: at.value == "Enabled", field: at.field })
    };
    // Whoever has asked for versions or locks and got nothing has none.
    let off = |name: &str| item.has(&[name]).then(|| At { value: false, field: item.field(name) });
    let bucket = Bucket {
        access: canned.or_else(listed),
        versions: is_on(&["versioning.Status"]).or_else(|| off("versioning")),
        locks: is_on(&["objectLock.ObjectLockConfiguration.ObjectLockEnabled"]).or_else(|| off("objectLock")),
        resource,
    };
    reader.keep(|cloud| &mut cloud.buckets, item, ("bucket", &id), bucket);
}

/// The answer does not say of which bucket it is: the last word of its name does (`bucket-acl.NAME.json`).
fn access_list<'a>(reader: &mut Reader<'a>, item: &Item<'a>) {
    let source = item.document.origin.source.trim_end_matches(".json");
    let way = if item.path.is_empty() { source } else { item.path.as_str() };
    let name = way.rsplit(['.', '/']).next().unwrap_or(way).to_owned();
    let mut resource = item.resource("Bucket", &[], &[]);
    resource.name.clone_from(&name);
    let bucket = Bucket { access: Some(openness(item)), versions: None, locks: None, resource };
    reader.keep(|cloud| &mut cloud.buckets, item, ("bucket", &name), bucket);
}

/// The widest grant, and where it stands.
fn openness(item: &Item<'_>) -> (Openness, At<String>) {
    let grants = item.items(&["Grants"]);
    let found = grants.iter().filter_map(|grant| {
        let group = grant.text(&["Grantee.URI"])?;
        Some((Openness::of_group(&group.value)?, group))
    });
    let owner_only = || (Openness::Private, At { value: "private".to_owned(), field: item.field("Grants") });
    found.max_by_key(|(openness, _)| *openness).unwrap_or_else(owner_only)
}

impl Openness {
    /// Of one of the rules that stand for access lists.
    pub(super) fn of_rule(rule: &str) -> Self {
        match rule {
            _ if rule.starts_with("public-") => Self::Everybody,
            "authenticated-read" => Self::Accounts,
            _ => Self::Private,
        }
    }

    /// Of a group of grantees.
    fn of_group(uri: &str) -> Option<Self> {
        match uri.rsplit('/').next() {
            Some("AllUsers") => Some(Self::Everybody),
            Some("AuthenticatedUsers") => Some(Self::Accounts),
            _ => None,
        }
    }
}
