//! The entry of a manager that creates, updates or patches, and what others lose by it.
//!
//! Entry point: [`track`].

use std::{fmt, sync::LazyLock};

use api::{Str, Value};

use super::{
    compare::{Comparison, compare},
    element::Element,
    entries::{Entry, Managed, Manager, Operation, put, take},
    reset::ResetFields,
    set::FieldSet,
    view::TypeView,
};

/// How many entries of updates an object keeps; the oldest are merged beyond that.
const MAX_UPDATE_MANAGERS: usize = 10;

/// The manager that the oldest updates are merged into.
const OLD_UPDATES: &str = "ancient-changes";

/// The write that is tracked.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The name of the manager; see [`manager_name`].
    pub manager: &'a str,
    /// Group and version that is written, such as `apps/v1`.
    pub api_version: &'a str,
    /// The subresource that is written, `""` for the object itself.
    pub subresource: &'a str,
    /// Now, as `metav1.Time` is written: `2006-01-02T15:04:05Z`.
    pub now: &'a str,
    /// The fields this write cannot change; see [`super::reset_fields`].
    pub reset: ResetFields,
}

/// How many bytes the name of a manager may have.
const MAX_NAME: usize = 128;

/// The name of the manager of a request: the one it gives, else what its user agent has before the first slash.
pub fn manager_name(given: &str, user_agent: &str) -> String {
    if !given.is_empty() {
        return given.to_owned();
    }
    let prefix = user_agent.split('/').next().unwrap_or("");
    let mut name = String::new();
    for c in prefix.chars().filter(|c| *c == ' ' || !(c.is_control() || c.is_whitespace())) {
        if name.len() + c.len_utf8() > MAX_NAME {
            break;
        }
        name.push(c);
    }
    name
}

impl Request<'_> {
    pub(super) fn manager(&self, name: &str, operation: Operation) -> Manager {
        let name = if name.is_empty() { "unknown" } else { name };
        Manager::new(name, operation, self.api_version, self.subresource)
    }
}

/// Conversion of a kind's objects between its versions, for entries that were written in another version.
pub trait Versions<V> {
    /// The object in the version `api_version`, encoded, with the view of that version; `None` when it is not served.
    fn convert(&self, object: &Value, api_version: &str) -> Option<(Value, V)>;
}

/// A kind that is served in one version only.
#[derive(Clone, Copy, Debug)]
pub struct NoVersions;

impl<V> Versions<V> for NoVersions {
    fn convert(&self, _object: &Value, _api_version: &str) -> Option<(Value, V)> {
        None
    }
}

/// Why managed fields could not be tracked.  The object has none then, and the write goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Untracked(pub(super) String);

impl fmt::Display for Untracked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failed to update managedFields: {}", self.0)
    }
}

impl std::error::Error for Untracked {}

/// Sets `metadata.managedFields` of `new` for a create (`live` is `None`) or an update of `live`.
///
/// Call it when the request's object is decoded and defaulted, before admission and before the kind's strategy
/// prepares it.  Both objects are of the version that is written; `live` is as stored, `new` is decoded and keeps its
/// empty lists and maps.  Do not canonicalize `new` before: an empty `metadata.managedFields` would be lost, which, as a
/// list of one empty entry, resets tracking.
///
/// # Errors
/// [`Untracked`] when items of a list cannot be told apart; managed fields are removed from `new`.
pub fn track<V: TypeView>(
    live: Option<&Value>,
    new: &mut Value,
    view: V,
    versions: &dyn Versions<V>,
    request: &Request,
) -> Result<(), Untracked> {
    let sent = take(new);
    if !view.holds_empties(new) {
        view.canonicalize(new);
        return track_written(live, new, sent, view, versions, request);
    }
    let mut written = new.clone();
    view.canonicalize(&mut written);
    let outcome = track_written(live, &mut written, sent, view, versions, request);
    if let Some(managed) = take(&mut written) {
        new.object_at_mut(&["metadata"]).insert("managedFields", managed);
    }
    outcome
}

/// The same for an object in the form that Go writes, whose managed fields were `sent`.
fn track_written<V: TypeView>(
    live: Option<&Value>,
    new: &mut Value,
    sent: Option<Value>,
    view: V,
    versions: &dyn Versions<V>,
    request: &Request,
) -> Result<(), Untracked> {
    if view.field("metadata").is_none() && view.atom().map.is_none_or(|object| object.other.is_none()) {
        return Ok(());
    }
    let created = live.is_none_or(|live| live.str_at(&["metadata", "uid"]).is_empty());
    let zero = if live.is_none() { view.zero_object() } else { Value::Null };
    let live = live.unwrap_or(&zero);
    let stored = live.at(&["metadata", "managedFields"]);
    let claimed = sent.as_ref().filter(|_| request.subresource.is_empty());
    let same_claims = claimed.is_none_or(|claimed| claimed.is_null() || claimed == stored);
    if same_claims && stored.is_null() && !created {
        return Ok(());
    }
    let differences = Differences { live, new, view, versions, request };
    let here = differences.here().map_err(Untracked)?;
    if same_claims && !created && here.is_untracked() {
        let kept = sent.filter(|sent| sent == stored).unwrap_or_else(|| stored.clone());
        new.object_at_mut(&["metadata"]).insert("managedFields", kept);
        return Ok(());
    }
    let mut managed = claims(claimed, stored);
    if managed.entries.is_empty() && !created {
        return Ok(());
    }
    differences.assign(here, &mut managed, request.manager).map_err(Untracked)?;
    cap(&mut managed);
    put(new, managed);
    Ok(())
}

/// The entries a write starts from: those the client sent, unless it sent none that can be read.
fn claims(claimed: Option<&Value>, stored: &Value) -> Managed {
    if claimed.is_some_and(is_reset) {
        return Managed::default();
    }
    let claimed = claimed.and_then(|claimed| Managed::decode(claimed).ok());
    match claimed.filter(|managed| !managed.entries.is_empty()) {
        Some(managed) => managed,
        None => Managed::decode(stored).unwrap_or_default(),
    }
}

/// True for an empty list and for one of an empty entry.
fn is_reset(managed_fields: &Value) -> bool {
    match managed_fields.as_array() {
        Some([]) => true,
        Some([Value::Object(entry)]) => entry.is_empty(),
        _ => false,
    }
}

/// Fields that no entry ever has.
pub(super) static NEVER_TRACKED: LazyLock<FieldSet> = LazyLock::new(|| {
    let mut set = FieldSet::of_names(&[&["apiVersion"], &["kind"], &["metadata"]]);
    let system = [
        "name",
        "namespace",
        "creationTimestamp",
        "selfLink",
        "uid",
        "clusterName",
        "generation",
        "managedFields",
        "resourceVersion",
    ];
    for name in system {
        set.insert(&[Element::field("metadata"), Element::field(name)]);
    }
    set
});

/// Two objects of one kind and version, and how to see them in other versions.
#[derive(Clone, Copy)]
pub(super) struct Differences<'a, V> {
    pub live: &'a Value,
    pub new: &'a Value,
    pub view: V,
    pub versions: &'a dyn Versions<V>,
    pub request: &'a Request<'a>,
}

/// Differences by version; `None` for a version that is not served.
pub(super) type Found = Vec<(Str, Option<Comparison>)>;

impl<V: TypeView> Differences<'_, V> {
    /// The differences in the version of the request.
    pub fn here(&self) -> Result<Comparison, String> {
        let found = compare(self.view, self.live, self.new);
        Ok(found.map_err(|e| format!("failed to compare objects: {e}"))?.without(self.request.reset))
    }

    /// The differences in `version`, found once.
    pub fn at<'f>(&self, version: &str, found: &'f mut Found) -> Result<Option<&'f Comparison>, String> {
        let at = match found.iter().position(|(known, _)| known == version) {
            Some(at) => at,
            None => {
                found.push((version.into(), self.elsewhere(version)?));
                found.len() - 1
            }
        };
        Ok(found.get(at).and_then(|(_, comparison)| comparison.as_ref()))
    }

    fn elsewhere(&self, version: &str) -> Result<Option<Comparison>, String> {
        let Some((live, view)) = self.versions.convert(self.live, version) else { return Ok(None) };
        let Some((new, _)) = self.versions.convert(self.new, version) else { return Ok(None) };
        let found = compare(view, &live, &new).map_err(|e| format!("failed to compare objects: {e}"))?;
        Ok(Some(found.without(self.request.reset)))
    }

    /// Gives the updater `name` what differs, and takes it from everybody else.
    pub fn assign(&self, here: Comparison, managed: &mut Managed, name: &str) -> Result<(), String> {
        self.reconcile(managed);
        let mut found = vec![(Str::from(self.request.api_version), Some(here))];
        for entry in &mut managed.entries {
            let fields = std::mem::take(&mut entry.fields);
            if let Some(comparison) = self.at(&entry.api_version, &mut found)? {
                entry.fields = fields.difference(&comparison.changed).difference(&comparison.removed);
            }
        }
        managed.sweep();
        let mine = found.into_iter().next().and_then(|(_, comparison)| comparison).unwrap_or_default();
        let mine = mine.changed.difference(&NEVER_TRACKED);
        if !mine.is_empty() {
            let manager = self.request.manager(name, Operation::Update);
            let held = managed.get(&manager).map(|entry| entry.fields.clone()).unwrap_or_default();
            let api_version = self.request.api_version.into();
            let time = Some(self.request.now.into());
            managed.set(Entry { manager, api_version, time, fields: mine.union(held) });
        }
        Ok(())
    }

    /// Drops entries of versions that are gone, and brings the others in line with the schema of theirs.
    pub fn reconcile(&self, managed: &mut Managed) {
        let mut views = vec![(Str::from(self.request.api_version), Some(self.view))];
        managed.entries.retain_mut(|entry| {
            let known =
                views.iter().find(|(version, _)| *version == entry.api_version).map(|(_, view)| *view);
            let view = known.unwrap_or_else(|| {
                let view = self.versions.convert(self.live, &entry.api_version).map(|(_, view)| view);
                views.push((entry.api_version.clone(), view));
                view
            });
            view.map(|view| entry.fields.reconcile(view)).is_some()
        });
    }
}

impl Comparison {
    /// The differences in fields that a write can change.
    fn without(self, reset: ResetFields) -> Self {
        Self { changed: reset.filter(self.changed), removed: reset.filter(self.removed) }
    }

    /// True when nothing differs but what is never tracked.
    fn is_untracked(&self) -> bool {
        [&self.changed, &self.removed].iter().all(|set| set.is_within(&NEVER_TRACKED))
    }
}

/// Merges the oldest entries of updates, of each version into one, until few enough are left.
fn cap(managed: &mut Managed) {
    let updates = |managed: &Managed| {
        managed.entries.iter().filter(|e| e.manager.operation == Operation::Update).count()
    };
    if updates(managed) <= MAX_UPDATE_MANAGERS {
        return;
    }
    let mut oldest: Vec<_> = managed
        .entries
        .iter()
        .filter(|e| e.manager.operation == Operation::Update)
        .map(|e| (e.seconds(), e.manager.identifier(), e.manager.clone()))
        .collect();
    oldest.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    let mut first_of: Vec<Manager> = Vec::new();
    for (.., manager) in oldest {
        if updates(managed) <= MAX_UPDATE_MANAGERS {
            return;
        }
        match first_of.iter().find(|first| first.api_version == manager.api_version) {
            None => first_of.push(manager),
            Some(first) => merge_into_bucket(managed, first, &manager),
        }
    }
}

fn merge_into_bucket(managed: &mut Managed, first: &Manager, manager: &Manager) {
    let bucket = Manager::new(OLD_UPDATES, Operation::Update, &manager.api_version, "");
    if managed.get(&bucket).is_none()
        && let Some(entry) = managed.entries.iter_mut().find(|e| e.manager == *first)
    {
        entry.manager = bucket.clone();
    }
    let Some(at) = managed.entries.iter().position(|e| e.manager == *manager) else { return };
    if *manager == bucket {
        return;
    }
    let merged = managed.entries.remove(at);
    if let Some(entry) = managed.entries.iter_mut().find(|e| e.manager == bucket) {
        entry.fields = std::mem::take(&mut entry.fields).union(merged.fields);
        // The later of the two, because older entries come first.
        entry.time = merged.time;
    }
}
