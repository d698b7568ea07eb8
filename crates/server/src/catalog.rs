//! What this server serves: each resource of the catalogue joined with its strategy and its place in the store.

use std::collections::HashMap;
use std::sync::Arc;

use api::{GroupResource, GroupVersion, Value};
use kinds::Strategy;
use schema::Message;

/// One served version of a resource, with everything the read and write paths ask about it.
pub(crate) struct Served {
    /// What discovery says of it.
    pub table: &'static schema::Resource,
    /// Where its objects lie in the store; versions of one resource share it.
    pub stored: store::Resource,
    /// The structure of its objects as they are stored.
    pub stored_message: &'static Message,
    /// What its kind means.
    pub strategy: &'static dyn Strategy,
    /// What the kind means that its objects are stored as; it names the selectable fields.
    pub stored_strategy: &'static dyn Strategy,
    /// Names of the selectable fields besides name and namespace, and what each is called in the stored kind.
    pub fields: Vec<(&'static str, &'static str)>,
}

impl std::fmt::Debug for Served {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{} {}", self.table.group, self.table.version, self.table.plural)
    }
}

impl Served {
    /// `None` for a resource whose objects are answered, not stored (reviews).
    fn new(table: &'static schema::Resource) -> Option<Self> {
        let (group, version) = table.storage;
        let stored_message = schema::kind(group, version, table.kind)?;
        let strategy = kinds::strategy(table.group, table.kind);
        let stored_strategy = kinds::strategy(group, table.kind);
        let aliases = strategy.field_aliases();
        let own =
            stored_strategy.selectable_fields(&Value::object()).into_iter().map(|(name, _)| (name, name));
        let renamed = !aliases.is_empty() && group != table.group;
        let fields = own.filter(|_| !renamed).chain(aliases.iter().copied()).collect();
        let stored = store::Resource::new(group, table.plural);
        Some(Self { table, stored, stored_message, strategy, stored_strategy, fields })
    }

    /// The name in upstream's messages.
    pub(crate) fn group_resource(&self) -> GroupResource {
        GroupResource::new(self.table.group, self.table.plural)
    }

    /// Group and version of the request.
    pub(crate) fn group_version(&self) -> GroupVersion {
        GroupVersion::new(self.table.group, self.table.version)
    }

    /// Group and version objects are stored in.
    pub(crate) fn stored_version(&self) -> GroupVersion {
        GroupVersion::new(self.table.storage.0, self.table.storage.1)
    }

    /// Group and version that the strategy works on: the stored one, unless the kind is served by another group, which
    /// has a strategy of its own.
    pub(crate) fn strategy_version(&self) -> GroupVersion {
        if self.table.group == self.table.storage.0 { self.stored_version() } else { self.group_version() }
    }

    /// True when objects are stored just as they are served.
    pub(crate) fn stored_as_served(&self) -> bool {
        self.table.storage == (self.table.group, self.table.version)
    }

    /// The kind of its lists.
    pub(crate) fn list_kind(&self) -> String {
        format!("{}List", self.table.kind)
    }

    /// True when the resource has this verb.
    pub(crate) fn allows(&self, verb: &str) -> bool {
        self.table.verbs.contains(&verb)
    }

    /// A subresource by name.
    pub(crate) fn subresource(&self, name: &str) -> Option<&'static schema::Subresource> {
        self.table.subresources.iter().find(|s| s.name == name)
    }

    /// The key of one of its objects.
    pub(crate) fn key(&self, namespace: &str, name: &str) -> store::Key {
        let namespace = if self.table.namespaced { namespace } else { "" };
        store::Key::new(&self.stored, namespace, name)
    }
}

/// Every served resource.
#[derive(Debug)]
pub(crate) struct Catalog {
    by_plural: HashMap<&'static str, Vec<Arc<Served>>>,
}

impl Catalog {
    /// The resources of some tables, such as [`schema::resources`].
    pub(crate) fn of(tables: impl IntoIterator<Item = &'static schema::Resource>) -> Self {
        let mut by_plural: HashMap<_, Vec<_>> = HashMap::new();
        for table in tables {
            if let Some(served) = Served::new(table) {
                by_plural.entry(table.plural).or_default().push(Arc::new(served));
            }
        }
        Self { by_plural }
    }

    /// A resource by group, version and plural name.
    pub(crate) fn find(&self, group: &str, version: &str, plural: &str) -> Option<&Arc<Served>> {
        let versions = self.by_plural.get(plural)?;
        versions.iter().find(|s| s.table.group == group && s.table.version == version)
    }

    /// A resource in the version its objects are stored in; `group` may be any it is served in.
    pub(crate) fn stored(&self, group: &str, plural: &str) -> Option<&Arc<Served>> {
        let served = self.by_plural.get(plural)?.iter().find(|s| s.table.group == group)?;
        self.find(served.table.storage.0, served.table.storage.1, plural)
    }

    /// A kind in the version its objects are stored in, for owner references.
    pub(crate) fn kind(&self, group: &str, kind: &str) -> Option<&Arc<Served>> {
        let served = self.all().find(|s| s.table.group == group && s.table.kind == kind)?;
        self.stored(group, served.table.plural)
    }

    /// All served resources, each version.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Served>> {
        self.by_plural.values().flatten()
    }

    /// All resources with objects in the store, once each, in their stored version.
    pub(crate) fn all_stored(&self) -> impl Iterator<Item = &Arc<Served>> {
        self.all().filter(|s| s.stored_as_served() && s.allows("list"))
    }
}
