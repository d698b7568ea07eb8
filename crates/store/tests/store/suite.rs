//! What every back end must do, run against each of them.

use sumun_store::{
    CacheOptions, Change, CommitError, Condition, EmbeddedOptions, Health, Key, Limits, Name, RevisionError,
    Scope, Store, Transaction, WatchError, WindowLimits, Write,
};

use crate::disk::FakeDisk;
use crate::support::*;

/// One test for each case and back end.
macro_rules! suite {
    ($($case:ident),* $(,)?) => {
        mod memory {
            $(#[tokio::test] async fn $case() { super::$case(crate::support::memory()).await; })*
        }
        mod embedded {
            $(#[tokio::test] async fn $case() {
                super::$case(crate::support::open(&crate::disk::FakeDisk::default().shared())).await;
            })*
        }
    };
}

suite!(
    create_update_delete,
    conditions,
    transactions_are_all_or_nothing,
    checks_take_no_revision,
    limits,
    lists,
    exact_revisions,
    forgotten_resources,
    history_lets_go,
    watch_replays_then_follows,
    watch_scopes,
    watch_too_old,
    closing,
);

async fn create_update_delete(store: Store) {
    let key = Key::new(&pods(), "ns", "a");
    assert_eq!((store.revision(), store.get(&key).is_none()), (1, true));
    let created = store.put(key.clone(), Condition::Absent, draft("a", "one")).await.unwrap();
    assert_eq!((created.revision(), created.change(), text(&created)), (2, Change::Added, "one".into()));
    assert_eq!(store.revision(), 2);
    let updated = store.put(key.clone(), Condition::Revision(2), draft("a", "two")).await.unwrap();
    assert_eq!((updated.revision(), updated.change(), text(&updated)), (3, Change::Modified, "two".into()));
    assert_eq!(store.get(&key).unwrap().json(), updated.json());
    assert_eq!(updated.head().label("app"), Some("a"));
    assert!(
        updated
            .rest()
            .unwrap()
            .starts_with(b"\"metadata\":{\"name\":\"a\",\"uid\":\"u-a\",\"resourceVersion\":\"3\"")
    );
    let gone = store.delete(key.clone(), Condition::Revision(3), updated.draft()).await.unwrap();
    assert_eq!((gone.revision(), gone.change(), text(&gone)), (4, Change::Deleted, "two".into()));
    assert!(store.get(&key).is_none());
    assert_eq!(store.put(key, Condition::Any, draft("a", "three")).await.unwrap().change(), Change::Added);
    assert_eq!(store.consistent().await.unwrap(), 5);
    store.reached(5).await;
}

async fn conditions(store: Store) {
    let key = |name: &str| Key::new(&pods(), "ns", name);
    put(&store, &pods(), "a", "one").await.unwrap();
    let wrong = [
        Write::put(key("a"), Condition::Absent, draft("a", "x")),
        Write::put(key("a"), Condition::Revision(1), draft("a", "x")),
        Write::delete(key("a"), Condition::Absent, draft("a", "x")),
        Write::check(key("a"), Condition::Absent),
        Write::check(key("a"), Condition::Revision(3)),
        Write::put(key("b"), Condition::Revision(2), draft("b", "x")),
        Write::delete(key("b"), Condition::Any, draft("b", "x")),
        Write::delete(key("b"), Condition::Absent, draft("b", "x")),
    ];
    for write in wrong {
        let (name, condition) = (write.key.name.name.clone(), write.condition);
        let error = store.commit(write).await.unwrap_err();
        let CommitError::Conflict(conflict) = error else { panic!("{error}") };
        assert_eq!((&conflict.key.name.name, conflict.condition), (&name, condition));
        assert_eq!(conflict.current.map(|object| object.revision()), (name == "a").then_some(2));
    }
    assert_eq!((store.revision(), contents(&store).len()), (2, 1));
}

async fn transactions_are_all_or_nothing(store: Store) {
    let key = |name: &str| Key::new(&pods(), "ns", name);
    let a = put(&store, &pods(), "a", "one").await.unwrap();
    let failing = vec![
        Write::put(key("b"), Condition::Absent, draft("b", "x")),
        deletion(&a),
        Write::check(key("c"), Condition::Revision(1)),
    ];
    assert!(matches!(store.commit(failing).await, Err(CommitError::Conflict(c)) if c.key == key("c")));
    assert_eq!((store.revision(), contents(&store).len()), (2, 1));
    let twice = vec![Write::check(key("a"), Condition::Any), Write::check(key("a"), Condition::Any)];
    assert!(matches!(store.commit(twice).await, Err(CommitError::Invalid(_))));
    let working = vec![
        Write::put(Key::new(&nodes(), "", "n"), Condition::Absent, draft("n", "x")),
        deletion(&a),
        Write::check(key("c"), Condition::Absent),
        Write::put(key("b"), Condition::Absent, draft("b", "y")),
    ];
    let committed = store.commit(working).await.unwrap();
    let objects: Vec<_> = committed.objects.iter().map(|o| (o.name(), o.change(), o.revision())).collect();
    assert_eq!(objects, [("n", Change::Added, 3), ("a", Change::Deleted, 3), ("b", Change::Added, 3)]);
    assert_eq!((committed.revision, store.revision()), (3, 3));
    let keys: Vec<String> = contents(&store).into_keys().collect();
    assert_eq!(keys, ["nodes/n", "pods/ns/b"]);
}

async fn checks_take_no_revision(store: Store) {
    put(&store, &pods(), "a", "one").await.unwrap();
    let check = Write::check(Key::new(&pods(), "ns", "a"), Condition::Revision(2));
    let committed = store.commit(check).await.unwrap();
    assert_eq!((committed.revision, committed.objects.len(), store.revision()), (2, 0, 2));
    assert_eq!(store.commit(Transaction::default()).await.unwrap().revision, 2);
}

async fn limits(store: Store) {
    let big = "x".repeat(Limits::default().object_bytes);
    let refused = put(&store, &pods(), "a", &big).await;
    assert!(matches!(refused, Err(CommitError::TooLarge { limit: 3_145_728, .. })));
    let large = "x".repeat(Limits::default().object_bytes - 1000);
    assert_eq!(put(&store, &pods(), "a", &large).await.unwrap().revision(), 2);
    let key = |n: usize| Key::new(&pods(), "ns", n.to_string());
    let many: Vec<Write> = (0..6).map(|n| Write::put(key(n), Condition::Any, draft("a", &large))).collect();
    assert!(matches!(store.commit(many).await, Err(CommitError::TooLarge { limit: 16_777_216, .. })));
    assert_eq!(contents(&store).len(), 1);
}

async fn lists(store: Store) {
    for (namespace, name, node) in
        [("a", "x", "n1"), ("b", "y", "n2"), ("b", "z", "n1"), ("c", "x", ""), ("bb", "q", "n1")]
    {
        store
            .put(Key::new(&pods(), namespace, name), Condition::Absent, draft_on(name, "t", node))
            .await
            .unwrap();
    }
    let snapshot = store.snapshot(&pods());
    let names = |scope: Scope, after: Option<(&str, &str)>| {
        let after = after.map(|(namespace, name)| Name::new(namespace, name));
        let found: Vec<String> =
            snapshot.iter(&scope, after.as_ref()).map(|o| o.key().name.to_string()).collect();
        found.join(" ")
    };
    assert_eq!(names(Scope::All, None), "a/x b/y b/z bb/q c/x");
    assert_eq!(names(Scope::All, Some(("b", "y"))), "b/z bb/q c/x");
    assert_eq!(names(Scope::Namespace("b".into()), None), "b/y b/z");
    assert_eq!(names(Scope::Namespace("b".into()), Some(("a", "x"))), "b/y b/z");
    assert_eq!(names(Scope::Namespace("b".into()), Some(("b", "y"))), "b/z");
    assert_eq!(names(Scope::Namespace("b".into()), Some(("c", "y"))), "");
    assert_eq!(names(Scope::Name(Name::new("b", "z")), None), "b/z");
    assert_eq!(names(Scope::Name(Name::new("b", "z")), Some(("b", "z"))), "");
    assert_eq!(names(Scope::Field("spec.nodeName".into(), "n1".into()), None), "a/x b/z bb/q");
    assert_eq!(names(Scope::Field("spec.nodeName".into(), "n1".into()), Some(("b", "z"))), "bb/q");
    assert_eq!(names(Scope::Field("spec.nodeName".into(), "".into()), None), "c/x");
    assert_eq!(names(Scope::Field("spec.nodeName".into(), "n3".into()), None), "");
    assert_eq!(names(Scope::Field("status.phase".into(), "Running".into()), Some(("b", "z"))), "bb/q c/x");
    assert_eq!(names(Scope::Field("no.such".into(), "".into()), None), "");
    // A snapshot does not change, whatever is written.
    let moved = Key::new(&pods(), "b", "z");
    store.put(moved, Condition::Any, draft_on("z", "t", "n2")).await.unwrap();
    assert_eq!(names(Scope::Field("spec.nodeName".into(), "n1".into()), None), "a/x b/z bb/q");
    let now = store.snapshot(&pods());
    let on_n2: Vec<&str> =
        now.iter(&Scope::Field("spec.nodeName".into(), "n2".into()), None).map(|o| o.name()).collect();
    assert_eq!((on_n2, now.revision(), snapshot.revision()), (vec!["y", "z"], 7, 6));
    assert!(store.snapshot(&nodes()).is_empty());
}

async fn exact_revisions(store: Store) {
    let mut states = vec![(1, contents(&store))];
    for n in 0..40 {
        let name = (n % 7).to_string();
        if n % 3 == 2 && store.get(&Key::new(&pods(), "ns", name.as_str())).is_some() {
            delete(&store, &pods(), &name).await.unwrap();
        } else {
            put(&store, &pods(), &name, &n.to_string()).await.unwrap();
        }
        // Another resource moves the revision on, too.
        put(&store, &nodes(), "n", &n.to_string()).await.unwrap();
        let pods_only = contents(&store).into_iter().filter(|(key, _)| key.starts_with("pods")).collect();
        states.push((store.revision(), pods_only));
    }
    let mut order: Vec<usize> = (0..states.len()).collect();
    order.sort_by_key(|n| Random(*n as u64).next());
    for (revision, state) in order.into_iter().map(|n| &states[n]) {
        let snapshot = store.snapshot_at(&pods(), *revision).unwrap();
        let found: Contents = snapshot
            .iter(&Scope::All, None)
            .map(|o| (format!("pods/{}", o.key().name), (o.revision(), text(o))))
            .collect();
        assert_eq!((snapshot.revision(), &found), (*revision, state));
        let on_none = snapshot.iter(&Scope::Field("status.phase".into(), "Running".into()), None).count();
        assert_eq!(on_none, state.len());
    }
    let future = store.snapshot_at(&pods(), 1000).map(|_| ());
    assert_eq!(future, Err(RevisionError::TooNew { requested: 1000, current: store.revision() }));
    for n in 0..100 {
        put(&store, &pods(), "a", &n.to_string()).await.unwrap();
    }
    let oldest = store.revision() - 64;
    assert_eq!(store.snapshot_at(&pods(), oldest).unwrap().revision(), oldest);
    let old = store.snapshot_at(&pods(), oldest - 1).map(|_| ());
    assert_eq!(old, Err(RevisionError::TooOld { requested: oldest - 1, oldest }));
    assert_eq!(store.snapshot_at(&nodes(), oldest - 1).unwrap().len(), 1);
}

async fn forgotten_resources(store: Store) {
    put(&store, &pods(), "a", "one").await.unwrap();
    let mut watch = store.watch(&pods(), Scope::All, 2).unwrap();
    assert!(!store.forget(&pods()));
    delete(&store, &pods(), "a").await.unwrap();
    assert_eq!(line(&watch.next().await.unwrap()), "DELETED a 3");
    assert!(store.forget(&pods()));
    assert_eq!(watch.next().await.unwrap_err(), WatchError::Closed);
    let too_old = store.watch(&pods(), Scope::All, 2).map(|_| ()).unwrap_err();
    assert_eq!(too_old, WatchError::TooOld { requested: 2, oldest: 3 });
    let mut watch = store.watch(&pods(), Scope::All, 3).unwrap();
    put(&store, &pods(), "a", "two").await.unwrap();
    assert_eq!(line(&watch.next().await.unwrap()), "ADDED a 4");
}

async fn history_lets_go(store: Store) {
    let old = std::sync::Arc::downgrade(&put(&store, &pods(), "a", "old").await.unwrap());
    put(&store, &pods(), "a", "new").await.unwrap();
    assert_eq!(store.snapshot_at(&pods(), 2).unwrap().len(), 1);
    assert!(old.upgrade().is_some());
    for n in 0..100 {
        put(&store, &pods(), "a", &n.to_string()).await.unwrap();
    }
    assert!(old.upgrade().is_none(), "nothing holds on to an object that left the window");
}

async fn watch_replays_then_follows(store: Store) {
    let mut early = store.watch(&pods(), Scope::All, 1).unwrap();
    assert_eq!(early.progress(), None);
    for n in 0..5 {
        put(&store, &pods(), "a", &n.to_string()).await.unwrap();
    }
    let mut late = store.watch(&pods(), Scope::All, 3).unwrap();
    let mut future = store.watch(&pods(), Scope::All, 7).unwrap();
    delete(&store, &pods(), "a").await.unwrap();
    put(&store, &pods(), "b", "x").await.unwrap();
    let mut lines = Vec::new();
    for _ in 0..7 {
        lines.push(line(&early.next().await.unwrap()));
    }
    let expect = [
        "ADDED a 2",
        "MODIFIED a 3",
        "MODIFIED a 4",
        "MODIFIED a 5",
        "MODIFIED a 6",
        "DELETED a 7",
        "ADDED b 8",
    ];
    assert_eq!(lines, expect);
    let mut events = Vec::new();
    late.next_batch(&mut events, 3).await.unwrap();
    assert_eq!((events.len(), late.progress()), (3, None));
    late.next_batch(&mut events, 100).await.unwrap();
    assert_eq!(events.iter().map(line).collect::<Vec<_>>(), expect[2..]);
    progress(&early, 8).await;
    progress(&late, 8).await;
    assert_eq!(line(&future.next().await.unwrap()), "ADDED b 8");
    let modified = &events[1];
    assert_eq!(text(modified.previous.as_ref().unwrap()), "2");
    let frame = String::from_utf8(modified.object.frame().to_vec()).unwrap();
    assert!(
        frame.starts_with(r#"{"type":"MODIFIED","object":{"kind":"Pod""#) && frame.ends_with("\"}}\n"),
        "{frame}"
    );
    put(&store, &nodes(), "n", "x").await.unwrap();
    events.clear();
    early.try_next_batch(&mut events, 10).unwrap();
    assert_eq!(events.len(), 0);
    progress(&early, 9).await;
}

/// Watchers are told a moment after the writer is.
async fn progress(watch: &sumun_store::Watch, revision: u64) {
    for _ in 0..1000 {
        if watch.progress() == Some(revision) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    panic!("{:?} does not become {revision}", watch.progress());
}

async fn watch_scopes(store: Store) {
    let watch = |scope| store.watch(&pods(), scope, 1).unwrap();
    let mut all = watch(Scope::All);
    let mut namespace = watch(Scope::Namespace("ns".into()));
    let mut name = watch(Scope::Name(Name::new("ns", "b")));
    let mut node = watch(Scope::Field("spec.nodeName".into(), "n1".into()));
    let write = async |namespace: &str, name: &str, node: &str| {
        store
            .put(Key::new(&pods(), namespace, name), Condition::Any, draft_on(name, "t", node))
            .await
            .unwrap();
    };
    write("ns", "a", "").await;
    write("ns", "a", "n1").await;
    write("ns", "b", "n2").await;
    write("other", "b", "n1").await;
    write("ns", "a", "n2").await;
    write("ns", "a", "n3").await;
    let lines = async |watch: &mut sumun_store::Watch| {
        let mut events = Vec::new();
        watch.try_next_batch(&mut events, 100).unwrap();
        events.iter().map(line).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(
        lines(&mut all).await,
        "ADDED a 2, MODIFIED a 3, ADDED b 4, ADDED b 5, MODIFIED a 6, MODIFIED a 7"
    );
    assert_eq!(lines(&mut namespace).await, "ADDED a 2, MODIFIED a 3, ADDED b 4, MODIFIED a 6, MODIFIED a 7");
    assert_eq!(lines(&mut name).await, "ADDED b 4");
    // What came to the node, and what left it.
    assert_eq!(lines(&mut node).await, "MODIFIED a 3, ADDED b 5, MODIFIED a 6");
    write("other", "b", "n2").await;
    assert_eq!(line(&node.next().await.unwrap()), "MODIFIED b 8");
    assert_eq!(lines(&mut name).await, "");
    progress(&name, 8).await;
}

async fn watch_too_old(store: Store) {
    let mut slow = store.watch(&pods(), Scope::All, 1).unwrap();
    let mut idle = store.watch(&pods(), Scope::Name(Name::new("ns", "idle")), 1).unwrap();
    let mut events = Vec::new();
    idle.try_next_batch(&mut events, 10).unwrap();
    for n in 0..65 {
        put(&store, &pods(), "a", &n.to_string()).await.unwrap();
    }
    assert_eq!(slow.next().await.unwrap_err(), WatchError::TooSlow);
    let refused = store.watch(&pods(), Scope::All, 1).map(|_| ()).unwrap_err();
    assert_eq!(refused, WatchError::TooOld { requested: 1, oldest: 2 });
    assert!(store.watch(&pods(), Scope::All, 2).is_ok());
    // Nothing that was for this one is lost, however old its place in the ring.
    progress(&idle, 66).await;
    put(&store, &pods(), "idle", "x").await.unwrap();
    assert_eq!(line(&idle.next().await.unwrap()), "ADDED idle 67");
}

async fn closing(store: Store) {
    put(&store, &pods(), "a", "one").await.unwrap();
    let mut watch = store.watch(&pods(), Scope::All, 1).unwrap();
    let mut waiting = store.watch(&pods(), Scope::All, 2).unwrap();
    let waiter = tokio::spawn(async move { waiting.next().await.map(drop) });
    tokio::task::yield_now().await;
    assert_eq!(store.health(), Health::Ok);
    store.close().await;
    store.close().await;
    assert_eq!(store.health(), Health::Closed);
    assert!(matches!(put(&store, &pods(), "b", "x").await, Err(CommitError::Unavailable(_))));
    assert_eq!(waiter.await.unwrap(), Err(WatchError::Closed));
    assert_eq!(watch.next().await.unwrap_err(), WatchError::Closed);
    assert_eq!(store.watch(&nodes(), Scope::All, 1).map(|_| ()).unwrap_err(), WatchError::Closed);
    assert_eq!(contents(&store).len(), 1);
}

#[tokio::test]
async fn the_window_is_bounded_in_bytes_over_all_resources() {
    let window = WindowLimits { events: 1 << 20, bytes: 100_000 };
    let store = Store::memory(&CacheOptions { window, indexes: Vec::new() }, Limits::default());
    let filler = "x".repeat(1000);
    put(&store, &nodes(), "quiet", &filler).await.unwrap();
    for _ in 0..1000 {
        put(&store, &pods(), "busy", &filler).await.unwrap();
    }
    // The busy resource pays, the quiet one keeps its history.
    let busy = store.watch(&pods(), Scope::All, 1).map(|_| ()).unwrap_err();
    let WatchError::TooOld { oldest, .. } = busy else { panic!("{busy}") };
    assert!((900..960).contains(&oldest), "{oldest}");
    assert!(store.watch(&nodes(), Scope::All, 1).is_ok());
}

#[tokio::test]
async fn what_was_there_is_there_after_a_restart() {
    let disk = FakeDisk::default();
    let store = open(&disk.shared());
    for n in 0..30 {
        put(&store, &pods(), &(n % 5).to_string(), &n.to_string()).await.unwrap();
    }
    delete(&store, &pods(), "3").await.unwrap();
    let before = contents(&store);
    drop(store);
    let store = open(&disk.shared());
    assert_eq!((store.revision(), contents(&store)), (32, before));
    let object = store.get(&Key::new(&pods(), "ns", "1")).unwrap();
    let head = object.head();
    assert_eq!(
        (head.uid, head.label("app"), head.fields.get("status.phase")),
        ("u-1", Some("1"), Some("Running"))
    );
    // The history goes on where it was.
    let mut watch = store.watch(&pods(), Scope::All, 25).unwrap();
    let mut events = Vec::new();
    watch.next_batch(&mut events, 100).await.unwrap();
    let last = events.last().unwrap();
    assert_eq!((events.len(), line(last)), (7, "DELETED 3 32".to_owned()));
    assert_eq!(last.previous.as_ref().unwrap().revision(), 30);
    assert_eq!(put(&store, &pods(), "3", "again").await.unwrap().revision(), 33);
}

#[tokio::test]
async fn heads_are_made_again_when_their_version_changes() {
    let disk = FakeDisk::default();
    let store = open(&disk.shared());
    put(&store, &pods(), "a", "one").await.unwrap();
    drop(store);
    let mut options: EmbeddedOptions = small();
    options.heads.version = 1;
    options.heads.read = std::sync::Arc::new(|key, json| {
        assert!(
            std::str::from_utf8(json)
                .unwrap()
                .starts_with(r#"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a""#)
        );
        Some(sumun_store::Head { uid: key.name.name.clone(), ..Default::default() })
    });
    for revision in [3, 4] {
        let store = Store::open_on(&disk.shared(), &options).unwrap();
        assert_eq!(store.get(&Key::new(&pods(), "ns", "a")).unwrap().head().uid, "a");
        assert_eq!(put(&store, &pods(), "b", "two").await.unwrap().revision(), revision);
    }
    // The head of `b` was stored with the new version and is not made again.
    let store = Store::open_on(&disk.shared(), &options).unwrap();
    assert_eq!(store.get(&Key::new(&pods(), "ns", "b")).unwrap().head().uid, "u-b");
}
