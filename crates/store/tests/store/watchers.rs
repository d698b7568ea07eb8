//! Many writers and many watchers at once: each watcher sees each event of its scope once and in order.

use std::sync::Arc;

use sumun_store::{
    CacheOptions, Condition, EmbeddedOptions, Event, Key, Limits, Name, Scope, Store, Watch, WatchError,
    WindowLimits,
};

use crate::disk::FakeDisk;
use crate::support::*;

const WRITERS: usize = 8;
const WRITES: usize = 250;

fn wide() -> CacheOptions {
    CacheOptions { window: WindowLimits { events: 1 << 20, bytes: 1 << 30 }, indexes: Vec::new() }
}

/// Writes pods of all names, moving them between nodes, and deletes some.
async fn write(store: Store, writer: usize) {
    let mut random = Random(writer as u64);
    for n in 0..WRITES {
        let name = format!("w{writer}-{}", random.below(5));
        let key = Key::new(&pods(), format!("ns{}", random.below(3)), name.as_str());
        match store.get(&key) {
            Some(object) if random.below(4) == 0 => drop(store.commit(deletion(&object)).await.unwrap()),
            _ => {
                let node = format!("n{}", random.below(10));
                drop(store.put(key, Condition::Any, draft_on(&name, &n.to_string(), &node)).await.unwrap());
            }
        }
    }
}

/// Reads until the revision is reached.
async fn follow(mut watch: Watch, until: u64, batch: usize) -> Vec<Event> {
    let mut events = Vec::new();
    let start = std::time::Instant::now();
    while watch.progress().is_none_or(|revision| revision < until) {
        assert!(start.elapsed().as_secs() < 100, "{:?} of {until}", watch.progress());
        let more = watch.next_batch(&mut events, batch);
        // The last event of all need not be for this one.
        if tokio::time::timeout(std::time::Duration::from_millis(20), more)
            .await
            .is_ok_and(|more| more.is_err())
        {
            panic!("the window is wide enough");
        }
    }
    events
}

fn scopes() -> Vec<Scope> {
    let mut scopes = vec![Scope::All, Scope::All];
    scopes.extend((0..3).map(|n| Scope::Namespace(format!("ns{n}").into())));
    scopes.extend((0..4).map(|n| Scope::Name(Name::new("ns1", format!("w{n}-1")))));
    scopes.extend((0..10).map(|n| Scope::Field("spec.nodeName".into(), format!("n{n}").into())));
    scopes
}

async fn run(store: Store) {
    let total = 1 + (WRITERS * WRITES) as u64;
    let start = |scope: &Scope, after| store.watch(&pods(), scope.clone(), after).unwrap();
    let early: Vec<_> =
        scopes().iter().map(|scope| tokio::spawn(follow(start(scope, 1), total, 7))).collect();
    let writers: Vec<_> = (0..WRITERS).map(|n| tokio::spawn(write(store.clone(), n))).collect();
    store.reached(500).await;
    let late: Vec<_> =
        scopes().iter().map(|scope| tokio::spawn(follow(start(scope, 300), total, 1000))).collect();
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(store.revision(), total);
    let all = follow(store.watch(&pods(), Scope::All, 1).unwrap(), total, 1 << 20).await;
    assert!(all.iter().map(Event::revision).eq(2..=total));
    for (after, watchers) in [(1, early), (300, late)] {
        for (scope, watcher) in scopes().into_iter().zip(watchers) {
            let found = watcher.await.unwrap();
            let expect = all.iter().filter(|event| event.revision() > after && scope.touches(event));
            assert!(found.iter().map(line).eq(expect.map(line)), "{scope:?} behind {after}");
            let shared =
                found.iter().all(|event| all.iter().any(|other| Arc::ptr_eq(&event.object, &other.object)));
            assert!(shared, "watchers share the objects");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_watcher_sees_each_event_once_in_memory() {
    run(Store::memory(&wide(), Limits::default())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_watcher_sees_each_event_once_embedded() {
    let options = EmbeddedOptions {
        cache: wide(),
        segment_bytes: 1 << 16,
        snapshot_bytes: 1 << 16,
        ..EmbeddedOptions::default()
    };
    run(Store::open_on(&FakeDisk::default().shared(), &options).unwrap()).await;
}

/// Lists and then watches while others write: the two together give what is there in the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn list_and_watch_fit_together() {
    let store = Store::memory(&wide(), Limits::default());
    let total = 1 + (WRITERS * WRITES) as u64;
    let writers: Vec<_> = (0..WRITERS).map(|n| tokio::spawn(write(store.clone(), n))).collect();
    let informers: Vec<_> = (0..20_u64).map(|n| tokio::spawn(inform(store.clone(), n * 90, total))).collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let expect: Vec<(Name, u64)> = listing(&store);
    for informer in informers {
        assert_eq!(informer.await.unwrap(), expect);
    }
}

fn listing(store: &Store) -> Vec<(Name, u64)> {
    store.snapshot(&pods()).iter(&Scope::All, None).map(|o| (o.key().name.clone(), o.revision())).collect()
}

async fn inform(store: Store, start: u64, until: u64) -> Vec<(Name, u64)> {
    store.reached(start).await;
    let snapshot = store.snapshot(&pods());
    let mut state: std::collections::BTreeMap<Name, u64> =
        snapshot.iter(&Scope::All, None).map(|o| (o.key().name.clone(), o.revision())).collect();
    for event in follow(store.watch(&pods(), Scope::All, snapshot.revision()).unwrap(), until, 50).await {
        let name = event.object.key().name.clone();
        assert_eq!(state.get(&name).copied(), event.previous.as_ref().map(|object| object.revision()));
        match event.change() {
            sumun_store::Change::Deleted => drop(state.remove(&name)),
            _ => drop(state.insert(name, event.revision())),
        }
    }
    state.into_iter().collect()
}

/// Whoever lists sees a transaction as a whole, however many objects and resources it has.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_reader_sees_half_a_transaction() {
    let store = memory();
    let names: Vec<String> = (0..100).map(|n| n.to_string()).collect();
    let reader = {
        let store = store.clone();
        tokio::task::spawn_blocking(move || {
            let mut seen = std::collections::BTreeSet::new();
            while store.revision() < 400 {
                let snapshot = store.snapshot(&pods());
                let texts: Vec<String> =
                    snapshot.iter(&Scope::All, None).map(|object| text(object)).collect();
                assert!(texts.is_empty() || texts.len() == 100);
                assert!(texts.iter().all(|text| *text == texts[0]), "{texts:?} at {}", snapshot.revision());
                assert!(
                    snapshot.iter(&Scope::All, None).all(|object| object.revision() == snapshot.revision())
                );
                seen.extend(texts.into_iter().next());
            }
            seen.len()
        })
    };
    for n in 0..400 {
        let put = |resource, name: &str| {
            sumun_store::Write::put(
                Key::new(resource, "ns", name),
                Condition::Any,
                draft(name, &n.to_string()),
            )
        };
        let (pods, nodes) = (pods(), nodes());
        let writes: Vec<_> = names.iter().flat_map(|name| [put(&pods, name), put(&nodes, name)]).collect();
        store.commit(writes).await.unwrap();
    }
    assert!(reader.await.unwrap() > 10);
}

/// A reader that stops reading costs nobody anything: it is told, the others go on.
#[tokio::test]
async fn a_slow_watcher_is_told_and_the_others_go_on() {
    let store = memory();
    let mut slow = store.watch(&pods(), Scope::All, 1).unwrap();
    let mut fast = store.watch(&pods(), Scope::All, 1).unwrap();
    let mut seen = Vec::new();
    for n in 0..200 {
        put(&store, &pods(), "a", &n.to_string()).await.unwrap();
        fast.next_batch(&mut seen, 10).await.unwrap();
    }
    assert_eq!(seen.len(), 200);
    assert_eq!(slow.next().await.unwrap_err(), WatchError::TooSlow);
    assert_eq!(slow.next().await.unwrap_err(), WatchError::TooSlow);
}

/// Only the watchers that an event concerns are woken.
#[tokio::test]
async fn an_event_wakes_only_those_it_concerns() {
    let store = memory();
    let woken = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let tasks: Vec<_> = (0..500)
        .map(|n| {
            let scope = Scope::Field("spec.nodeName".into(), format!("n{n}").into());
            let mut watch = store.watch(&pods(), scope, 1).unwrap();
            let woken = Arc::clone(&woken);
            tokio::spawn(async move {
                let mut next = std::pin::pin!(watch.next());
                std::future::poll_fn(|cx| {
                    woken.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    next.as_mut().poll(cx)
                })
                .await
                .unwrap()
                .revision()
            })
        })
        .collect();
    while woken.load(std::sync::atomic::Ordering::Relaxed) < 500 {
        tokio::task::yield_now().await;
    }
    woken.store(0, std::sync::atomic::Ordering::Relaxed);
    store.put(Key::new(&pods(), "ns", "a"), Condition::Any, draft_on("a", "t", "n7")).await.unwrap();
    store.put(Key::new(&pods(), "ns", "a"), Condition::Any, draft_on("a", "t", "n8")).await.unwrap();
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(woken.load(std::sync::atomic::Ordering::Relaxed), 2);
    for (n, task) in tasks.into_iter().enumerate() {
        match n {
            7 => assert_eq!(task.await.unwrap(), 2),
            8 => assert_eq!(task.await.unwrap(), 3),
            _ => task.abort(),
        }
    }
}
