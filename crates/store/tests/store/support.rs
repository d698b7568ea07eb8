//! Objects to write and ways to look at a store.

use std::collections::BTreeMap;
use std::sync::Arc;

use sumun_store::disk::Disk;
use sumun_store::{
    CacheOptions, CommitError, Condition, Draft, EmbeddedOptions, Event, Fields, Head, Key, Limits, Object,
    Resource, Scope, Store, WindowLimits, Write,
};

/// What a store holds, by `resource/namespace/name`: revision and text.
pub type Contents = BTreeMap<String, (u64, String)>;

pub fn pods() -> Resource {
    Resource::new("", "pods")
}

pub fn nodes() -> Resource {
    Resource::new("", "nodes")
}

/// An object with a text in it, a label and a selectable field.
pub fn draft_on(name: &str, text: &str, node: &str) -> Draft {
    let json = format!(
        r#"{{"kind":"Pod","apiVersion":"v1","metadata":{{"name":"{name}","uid":"u-{name}","labels":{{"app":"{name}"}}}},"data":"{text}"}}"#
    );
    let splice_at = json.find(r#","labels""#).unwrap();
    let rest_at = json.find(r#""metadata""#).unwrap();
    let head = Head {
        uid: format!("u-{name}").into(),
        labels: Box::new([("app".into(), name.into())]),
        fields: Fields::new([("spec.nodeName", node), ("status.phase", "Running")]),
        expires: 0,
    };
    Draft::new(head, json, splice_at, rest_at).unwrap()
}

pub fn draft(name: &str, text: &str) -> Draft {
    draft_on(name, text, "")
}

/// The text that was given to [`draft`].
pub fn text(object: &Object) -> String {
    let json = String::from_utf8(object.json_bytes().to_vec()).unwrap();
    let version = format!(r#""resourceVersion":"{}""#, object.revision());
    assert!(json.contains(&version), "{json} has revision {}", object.revision());
    let (_, data) = json.rsplit_once(r#""data":""#).unwrap();
    data.strip_suffix(r#""}"#).unwrap().to_owned()
}

/// All objects of a store; checks that lists, counts and single reads agree.
pub fn contents(store: &Store) -> Contents {
    let mut all = Contents::new();
    for resource in store.resources() {
        let snapshot = store.snapshot(&resource);
        let mut bytes = 0;
        for object in snapshot.iter(&Scope::All, None) {
            assert!(Arc::ptr_eq(&store.get(object.key()).unwrap(), object));
            assert!(object.revision() <= snapshot.revision());
            bytes += object.json_bytes().len() as u64;
            let key = format!("{}/{}", resource.resource, object.key().name);
            assert!(all.insert(key, (object.revision(), text(object))).is_none());
        }
        assert_eq!(snapshot.bytes(), bytes);
    }
    all
}

/// Creates or replaces, whatever is there.
pub async fn put(
    store: &Store,
    resource: &Resource,
    name: &str,
    text: &str,
) -> Result<Arc<Object>, CommitError> {
    store.put(Key::new(resource, "ns", name), Condition::Any, draft(name, text)).await
}

/// The write that deletes an object that is there.
pub fn deletion(object: &Object) -> Write {
    Write::delete(object.key().clone(), Condition::Revision(object.revision()), object.draft())
}

pub async fn delete(store: &Store, resource: &Resource, name: &str) -> Result<Arc<Object>, CommitError> {
    let object = store.get(&Key::new(resource, "ns", name)).unwrap();
    let mut committed = store.commit(deletion(&object)).await?;
    Ok(committed.objects.pop().unwrap())
}

/// Small segments and snapshots, so that a few writes go through everything.
pub fn small() -> EmbeddedOptions {
    EmbeddedOptions {
        cache: cache(),
        segment_bytes: 2048,
        snapshot_bytes: 4096,
        ..EmbeddedOptions::default()
    }
}

/// A small window and an index.
pub fn cache() -> CacheOptions {
    CacheOptions {
        window: WindowLimits { events: 64, bytes: 1 << 20 },
        indexes: vec![(pods(), "spec.nodeName".into())],
    }
}

pub fn open(disk: &Arc<dyn Disk>) -> Store {
    Store::open_on(disk, &small()).unwrap()
}

pub fn memory() -> Store {
    Store::memory(&cache(), Limits::default())
}

/// An event in one line: `MODIFIED a 7`.
pub fn line(event: &Event) -> String {
    format!("{} {} {}", event.change().as_str(), event.object.name(), event.revision())
}

/// A small generator of numbers that look random (SplitMix64).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
}

/// Runs a future to its end on this thread.
pub fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}
