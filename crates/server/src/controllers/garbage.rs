//! The garbage collector: dependents go when their owners are gone, go first when their owner asks for it, and lose
//! their owner when it asks for that.
//!
//! An index knows who depends on whom; what it says is checked against the store before anything is done.

mod index;

use std::sync::Arc;
use std::time::Duration;

use api::{ApiError, GroupVersion, Reason, Value};
use store::{Change, Event, Key, Object, Scope, Snapshot};

use self::index::Index;
use super::feed::{self, Sink};
use super::queue::Queue;
use crate::app::App;
use crate::catalog::Served;
use crate::http::options::DeleteOptions;
use crate::registry::{FOREGROUND, ORPHAN, meta, parse};

const NAME: &str = "garbage-collector-controller";
const AGAIN: Duration = Duration::from_secs(1);

/// Starts the controller.
pub(super) fn start(app: &Arc<App>) {
    let (queue, index) = (Queue::new(), Arc::new(Index::default()));
    for served in app.catalog.all_stored().filter(|s| s.table.plural != "events") {
        feed::follow(app, served, Arc::new(Graph { queue: queue.clone(), index: index.clone() }));
    }
    // Every dependent is looked at once: its owner may have gone while no server ran.
    index.dependents().into_iter().for_each(|key| queue.add(key));
    let app = app.clone();
    tokio::spawn(async move {
        loop {
            let key: Key = tokio::select! {
                () = app.shutdown.end_watches() => return,
                key = queue.take() => key,
            };
            match look_at(&app, &index, &key).await {
                Ok(true) => {}
                Ok(false) => queue.add_later(key, AGAIN),
                Err(error) => {
                    tracing::warn!(%error, object = %key, "cannot collect, trying again");
                    queue.add_later(key, AGAIN);
                }
            }
        }
    });
}

/// Feeds index and queue.
struct Graph {
    queue: Arc<Queue<Key>>,
    index: Arc<Index>,
}

impl Sink for Graph {
    fn fill(&self, _served: &Served, snapshot: &Snapshot) {
        snapshot.iter(&Scope::All, None).for_each(|object| self.upsert(object));
    }

    fn take(&self, _served: &Served, events: &[Event]) {
        for event in events {
            if event.change() == Change::Deleted {
                self.index.remove(event.object.key());
                let dependents = self.index.of_owner(event.object.head().uid);
                dependents.into_iter().for_each(|key| self.queue.add(key));
                self.look_at_owners(event);
            } else {
                self.upsert(&event.object);
            }
        }
    }
}

impl Graph {
    fn upsert(&self, object: &Object) {
        // Most objects have neither owners nor a deletion under way; they are not parsed.
        let bytes = object.json_bytes();
        let owned = contains(bytes, b"\"ownerReferences\":[");
        let going = contains(bytes, b"\"deletionTimestamp\":\"");
        if !owned && !going {
            self.index.remove(object.key());
            return;
        }
        let Ok(value) = parse(object) else { return };
        let owners = value.array_at(&["metadata", "ownerReferences"]);
        self.index.set(object.key(), owners.iter().map(|o| o.str_at(&["uid"])));
        if owned || going {
            self.queue.add(object.key().clone());
        }
    }

    /// A dependent that is gone may have been the last one that its owner waited for.
    fn look_at_owners(&self, event: &Event) {
        let Ok(value) = parse(&event.object) else { return };
        for owner in value.array_at(&["metadata", "ownerReferences"]) {
            if let Some(key) = self.index.key_of_going(owner.str_at(&["uid"])) {
                self.queue.add(key);
            }
        }
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// True when there is nothing more to do for the object now.
async fn look_at(app: &App, index: &Index, key: &Key) -> Result<bool, ApiError> {
    let Some(served) = app.catalog.stored(&key.resource.group, &key.resource.resource).cloned() else {
        return Ok(true);
    };
    let Some(object) = app.store.get(key) else { return Ok(true) };
    let value = parse(&object)?;
    if meta::is_deleting(&value) {
        index.set_going(&object);
        if meta::finalizers(&value).any(|f| f == ORPHAN) {
            return orphan(app, index, &served, &object).await;
        }
        if meta::finalizers(&value).any(|f| f == FOREGROUND) {
            return delete_dependents(app, index, &served, &object).await;
        }
        return Ok(true);
    }
    check_owners(app, index, &served, &object, &value).await
}

/// How an owner stands to its dependent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    /// It is there.
    Solid,
    /// It is there, but waits for its dependents to go.
    Waiting,
    /// It is gone.
    Gone,
    /// Nobody can tell.
    Unknown,
}

fn judge(app: &App, dependent: &Object, reference: &Value) -> Owner {
    let gv = GroupVersion::parse(reference.str_at(&["apiVersion"])).unwrap_or_default();
    let Some(served) = app.catalog.kind(&gv.group, reference.str_at(&["kind"])) else {
        return Owner::Unknown;
    };
    if served.table.namespaced && dependent.namespace().is_empty() {
        // A cluster-wide object cannot be owned by one in a namespace.
        return Owner::Unknown;
    }
    let name = reference.str_at(&["name"]);
    let Some(owner) = app.store.get(&served.key(dependent.namespace(), name)) else { return Owner::Gone };
    if owner.head().uid != reference.str_at(&["uid"]) {
        return Owner::Gone;
    }
    match parse(&owner) {
        Ok(value) if meta::is_deleting(&value) && meta::finalizers(&value).any(|f| f == FOREGROUND) => {
            Owner::Waiting
        }
        _ => Owner::Solid,
    }
}

/// Deletes an object whose owners are all gone, or takes those that are gone out of it.
async fn check_owners(
    app: &App,
    index: &Index,
    served: &Served,
    object: &Object,
    value: &Value,
) -> Result<bool, ApiError> {
    let owners = value.array_at(&["metadata", "ownerReferences"]);
    let judged: Vec<Owner> = owners.iter().map(|o| judge(app, object, o)).collect();
    if judged.is_empty() || judged.contains(&Owner::Unknown) {
        return Ok(true);
    }
    if judged.contains(&Owner::Solid) {
        let stale: Vec<&str> = owners
            .iter()
            .zip(&judged)
            .filter(|(_, j)| **j != Owner::Solid)
            .map(|(o, _)| o.str_at(&["uid"]))
            .collect();
        if !stale.is_empty() {
            disown(app, served, object, &stale).await?;
        }
        return Ok(true);
    }
    let policy = if judged.contains(&Owner::Waiting) && !index.of_owner(object.head().uid).is_empty() {
        "Foreground"
    } else if meta::finalizers(value).any(|f| f == ORPHAN) {
        "Orphan"
    } else {
        "Background"
    };
    remove(app, served, object, policy).await?;
    Ok(true)
}

/// Deletes what depends on an owner that waits for it, and lets the owner go when nothing does any more.
async fn delete_dependents(
    app: &App,
    index: &Index,
    served: &Served,
    owner: &Object,
) -> Result<bool, ApiError> {
    let mut blocking = false;
    for key in index.of_owner(owner.head().uid) {
        let Some(dependent) = app.store.get(&key) else { continue };
        let Some(dependent_served) = app.catalog.stored(&key.resource.group, &key.resource.resource) else {
            continue;
        };
        let value = parse(&dependent)?;
        let reference = |o: &&Value| o.str_at(&["uid"]) == owner.head().uid;
        let owners = value.array_at(&["metadata", "ownerReferences"]);
        blocking |= owners
            .iter()
            .find(reference)
            .is_some_and(|o| o.at(&["blockOwnerDeletion"]).as_bool() == Some(true));
        if !meta::is_deleting(&value) {
            check_owners(app, index, dependent_served, &dependent, &value).await?;
        }
    }
    if blocking && index.of_owner(owner.head().uid).iter().any(|key| app.store.get(key).is_some()) {
        return Ok(false);
    }
    take_finalizer(app, served, owner, FOREGROUND).await?;
    Ok(true)
}

/// Takes an owner out of all its dependents, then lets it go.
async fn orphan(app: &App, index: &Index, served: &Served, owner: &Object) -> Result<bool, ApiError> {
    for key in index.of_owner(owner.head().uid) {
        let Some(dependent) = app.store.get(&key) else { continue };
        let Some(dependent_served) = app.catalog.stored(&key.resource.group, &key.resource.resource) else {
            continue;
        };
        disown(app, dependent_served, &dependent, &[owner.head().uid]).await?;
    }
    take_finalizer(app, served, owner, ORPHAN).await?;
    Ok(true)
}

async fn remove(app: &App, served: &Served, object: &Object, policy: &str) -> Result<(), ApiError> {
    let options = DeleteOptions {
        uid: Some(object.head().uid.to_string()),
        resource_version: Some(object.revision().to_string()),
        propagation_policy: Some(policy.to_owned()),
        ..DeleteOptions::default()
    };
    let at = (object.namespace(), object.name());
    forgive(super::write(app, NAME, served, at, "", async |call| call.delete(options).await).await)
}

/// Takes owners out of an object.
async fn disown(app: &App, served: &Served, object: &Object, uids: &[&str]) -> Result<(), ApiError> {
    edit(app, served, object, |value| {
        let mut kept = value.array_at(&["metadata", "ownerReferences"]).to_vec();
        kept.retain(|o| !uids.contains(&o.str_at(&["uid"])));
        set_list(value, "ownerReferences", kept);
    })
    .await
}

async fn take_finalizer(
    app: &App,
    served: &Served,
    object: &Object,
    finalizer: &str,
) -> Result<(), ApiError> {
    edit(app, served, object, |value| {
        let mut kept = value.array_at(&["metadata", "finalizers"]).to_vec();
        kept.retain(|f| f.as_str() != Some(finalizer));
        set_list(value, "finalizers", kept);
    })
    .await
}

fn set_list(value: &mut Value, member: &str, list: Vec<Value>) {
    if list.is_empty() {
        value.remove_at(&["metadata", member]);
    } else {
        value.set_at(&["metadata", member], list);
    }
}

async fn edit(
    app: &App,
    served: &Served,
    object: &Object,
    change: impl Fn(&mut Value),
) -> Result<(), ApiError> {
    let uid = object.head().uid;
    let at = (object.namespace(), object.name());
    let written = super::write(app, NAME, served, at, "", async |call| {
        call.update(false, |call, live| {
            let live = live.value.ok_or_else(ApiError::no_such_path)?;
            if live.str_at(&["metadata", "uid"]) != uid {
                return Err(ApiError::not_found(&served.group_resource(), at.1));
            }
            let mut value = live.clone();
            change(&mut value);
            call.track(Some(live), &mut value);
            Ok(value)
        })
        .await
    });
    forgive(written.await)
}

/// An object that is gone, or was changed meanwhile, is looked at again when its event comes.
fn forgive<T>(result: Result<T, ApiError>) -> Result<(), ApiError> {
    match result {
        Err(error) if !matches!(error.reason, Reason::NotFound | Reason::Conflict) => Err(error),
        _ => Ok(()),
    }
}
