//! The store's contract on the back end in memory.

#![expect(clippy::unwrap_used, reason = "a test")]
use sumun_store::{
    CacheOptions, Change, CommitError, Condition, Draft, EmbeddedOptions, Head, Key, Limits, OpenError,
    Resource, Scope, Store,
};

fn draft(name: &str, text: &str) -> Draft {
    let json =
        format!(r#"{{"kind":"Pod","apiVersion":"v1","metadata":{{"name":"{name}"}},"data":"{text}"}}"#);
    let at = json.find("},\"data").unwrap();
    Draft::new(Head::default(), json, at, 32).unwrap()
}

#[tokio::test]
async fn smoke() {
    let store = Store::memory(&CacheOptions::default(), Limits::default());
    let pods = Resource::new("", "pods");
    let key = Key::new(&pods, "ns", "a");
    let mut watch = store.watch(&pods, Scope::All, store.revision()).unwrap();
    let a = store.put(key.clone(), Condition::Absent, draft("a", "1")).await.unwrap();
    assert!(matches!(
        store.put(key.clone(), Condition::Absent, draft("a", "1")).await,
        Err(CommitError::Conflict(_))
    ));
    let b = store.put(key.clone(), Condition::Revision(a.revision()), draft("a", "2")).await.unwrap();
    let gone = store.delete(key.clone(), Condition::Revision(b.revision()), b.draft()).await.unwrap();
    for (change, revision) in [(Change::Added, 2), (Change::Modified, 3), (Change::Deleted, 4)] {
        let event = watch.next().await.unwrap();
        assert_eq!((event.change(), event.revision()), (change, revision));
    }
    assert_eq!(watch.progress(), Some(4));
    assert_eq!(gone.json(), String::from_utf8(b.json_at(4)).unwrap());
    assert!(store.get(&key).is_none());
    assert_eq!(store.snapshot_at(&pods, 3).unwrap().len(), 1);
    assert_eq!(store.snapshot_at(&pods, 1).unwrap().len(), 0);
}

#[tokio::test]
async fn durable() {
    let dir = tempfile::tempdir().unwrap();
    let options = EmbeddedOptions { segment_bytes: 4096, snapshot_bytes: 8000, ..EmbeddedOptions::default() };
    let pods = Resource::new("", "pods");
    for round in 0..5 {
        let store = Store::open(dir.path().join("a"), &options).unwrap();
        assert_eq!(store.revision(), 1 + round * 100);
        for n in 0..100 {
            let key = Key::new(&pods, "ns", format!("{}", n % 10));
            let old = store.get(&key);
            let condition = old.map_or(Condition::Absent, |o| Condition::Revision(o.revision()));
            store.put(key, condition, draft("x", &format!("{n}"))).await.unwrap();
        }
        assert!(matches!(Store::open(dir.path().join("a"), &options), Err(OpenError::Locked { .. })));
    }
}
