//! A live cluster, read through its API.
//!
//! Entry points: [`Cluster`] is who answers, [`read`].  Lists come in pages, so that no more than one of them is in
//! memory beside what is kept.

use std::fmt;

use api::Value;

use crate::origin::{Origin, ProblemKind};
use crate::reader::{Found, Reader, Wanted};

/// How many objects a page has.
const PAGE: usize = 500;

/// Whoever answers requests to a cluster; may block.
pub trait Cluster {
    /// Its address, as people should see it.
    fn address(&self) -> String;

    /// What the cluster answers to `GET` of a path with its query.
    ///
    /// # Errors
    /// What the cluster says, or why it cannot be asked.
    fn get(&mut self, path: &str) -> Result<Value, ClusterError>;
}

/// Why a cluster does not answer with what was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClusterError {
    /// It answered with another status than success.
    Status {
        /// The HTTP status.
        code: u16,
        /// The message of its `Status`.
        message: String,
    },
    /// It cannot be reached, or does not speak as a cluster does.
    Unreachable(String),
}

impl fmt::Display for ClusterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status { code, message } => write!(f, "{message} (status {code})"),
            Self::Unreachable(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for ClusterError {}

/// A resource whose objects can be listed.
struct Listed {
    /// Path of its list.
    path: String,
    kind: String,
    version: String,
}

/// Reads what is wanted.  A resource that the cluster does not serve has no objects; one that may not be read is a
/// problem.
pub(crate) fn read(reader: &mut Reader, cluster: &mut dyn Cluster) {
    let address = cluster.address();
    let listed = match &reader.wanted {
        Wanted::Kinds(kinds) => known(kinds),
        Wanted::All => match served(cluster) {
            Ok(listed) => listed,
            Err(why) => {
                return reader.problem(Origin::whole(address), ProblemKind::Unreadable, why.to_string());
            }
        },
    };
    for resource in listed {
        let outcome = pages(reader, cluster, &address, &resource);
        match outcome {
            Ok(()) | Err(ClusterError::Status { code: 404, .. }) => {}
            Err(why) => {
                let text = format!("{}: {why}", resource.path);
                reader.problem(Origin::whole(address.as_str()), ProblemKind::Unreadable, text);
                if matches!(why, ClusterError::Unreachable(_)) {
                    return;
                }
            }
        }
        if reader.is_full() {
            return;
        }
    }
}

/// The built-in resources of these kinds, each in its newest version.
fn known(kinds: &[(&str, &str)]) -> Vec<Listed> {
    let mut listed: Vec<Listed> = Vec::new();
    for (group, kind) in kinds {
        let found = schema::resources()
            .iter()
            .find(|r| r.group == *group && r.kind == *kind && r.verbs.contains(&"list"));
        listed.extend(found.map(|r| listing(r.group, r.version, r.plural, r.kind)));
    }
    listed
}

fn listing(group: &str, version: &str, plural: &str, kind: &str) -> Listed {
    let (path, version) = match group {
        "" => (format!("/api/{version}/{plural}"), version.to_owned()),
        _ => (format!("/apis/{group}/{version}/{plural}"), format!("{group}/{version}")),
    };
    Listed { path, kind: kind.to_owned(), version }
}

/// Every resource that the cluster serves and lists, in the version it prefers.
fn served(cluster: &mut dyn Cluster) -> Result<Vec<Listed>, ClusterError> {
    let mut versions = vec![(String::new(), "v1".to_owned())];
    for group in cluster.get("/apis")?.array_at(&["groups"]) {
        let version = group.str_at(&["preferredVersion", "version"]).to_owned();
        versions.push((group.str_at(&["name"]).to_owned(), version));
    }
    let mut listed = Vec::new();
    for (group, version) in versions {
        let path = if group.is_empty() { "/api/v1".to_owned() } else { format!("/apis/{group}/{version}") };
        // A group whose server is away is told by the cluster's own health, and has no objects to give.
        let Ok(document) = cluster.get(&path) else { continue };
        for resource in document.array_at(&["resources"]) {
            let name = resource.str_at(&["name"]);
            let lists = resource.array_at(&["verbs"]).iter().any(|v| v.as_str() == Some("list"));
            if lists && !name.contains('/') {
                listed.push(listing(&group, &version, name, resource.str_at(&["kind"])));
            }
        }
    }
    // Events are stored once and served under two groups.
    listed.retain(|l| l.version != "events.k8s.io/v1");
    Ok(listed)
}

fn pages(
    reader: &mut Reader,
    cluster: &mut dyn Cluster,
    address: &str,
    resource: &Listed,
) -> Result<(), ClusterError> {
    let mut next = String::new();
    loop {
        let path = format!("{}?limit={PAGE}{next}", resource.path);
        let mut page = cluster.get(&path)?;
        let token = page.str_at(&["metadata", "continue"]).to_owned();
        for object in items(&mut page, resource) {
            let found =
                Found::Object(crate::Object { value: object, origin: Origin::whole(address) }, 1 << 10);
            if reader.take(found).is_break() {
                return Ok(());
            }
        }
        if token.is_empty() {
            return Ok(());
        }
        next = format!("&continue={}", escaped(&token));
    }
}

/// The items of a page, with kind and version, which lists leave out.
fn items(page: &mut Value, resource: &Listed) -> Vec<Value> {
    let items = page.get_mut("items").and_then(Value::as_array_mut).map(std::mem::take).unwrap_or_default();
    let named = items.into_iter().map(|mut item| {
        item.set_at(&["kind"], resource.kind.as_str());
        item.set_at(&["apiVersion"], resource.version.as_str());
        item
    });
    named.collect()
}

/// A token as the value of a query parameter.
fn escaped(token: &str) -> String {
    let mut out = String::with_capacity(token.len());
    for byte in token.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
