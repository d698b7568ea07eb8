//! Measures an embedded store: durable puts a second, memory, time to open.
//!
//! `cargo run --release -p sumun-store --example measure -- puts|fill|open|watch DIRECTORY [OBJECTS] [BYTES]`;
//! `open` opens what `fill` made; for `watch` OBJECTS is the number of watchers.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a program for people who measure")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sumun_store::{Condition, Draft, EmbeddedOptions, Fields, Head, Key, Resource, Scope, Store};

const FIELDS: [(&str, &str); 9] = [
    ("spec.nodeName", "node-17"),
    ("spec.restartPolicy", "Always"),
    ("spec.schedulerName", "default-scheduler"),
    ("spec.serviceAccountName", "default"),
    ("spec.hostNetwork", "false"),
    ("status.phase", "Running"),
    ("status.podIP", "10.1.2.3"),
    ("status.podIPs", ""),
    ("status.nominatedNodeName", ""),
];

fn draft(name: &str, bytes: usize) -> Draft {
    let mut json = format!(
        r#"{{"kind":"Pod","apiVersion":"v1","metadata":{{"name":"{name}","uid":"0f8fad5b-d9cb-469f-a165-70867728950e","labels":{{"app":"web"}}}},"spec":{{"filler":""#
    );
    let splice_at = json.find(r#","labels""#).unwrap();
    let filler = bytes.saturating_sub(json.len() + 3);
    json.push_str(&"x".repeat(filler));
    json.push_str("\"}}");
    let head = Head {
        uid: "0f8fad5b-d9cb-469f-a165-70867728950e".into(),
        labels: Box::new([("app".into(), "web".into()), ("pod-template-hash".into(), "5d78c9869d".into())]),
        fields: Fields::new(FIELDS),
        expires: 0,
    };
    Draft::new(head, json, splice_at, 32).unwrap()
}

fn key(resource: &Resource, n: u64) -> Key {
    Key::new(resource, format!("namespace-{}", n % 1000), format!("deployment-{n}-5d78c9869d-abcde"))
}

/// Resident memory of this process in bytes.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or("0 0");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) * 1024
}

fn options() -> EmbeddedOptions {
    let mut options = EmbeddedOptions::default();
    options.cache.indexes = vec![(Resource::new("", "pods"), "spec.nodeName".into())];
    options
}

/// Has writers create objects for a while; answers how many a second.
async fn puts(store: &Store, writers: u64, bytes: usize, time: Duration, next: &Arc<AtomicU64>) -> f64 {
    let pods = Resource::new("", "pods");
    let start = Instant::now();
    let before = next.load(Ordering::Relaxed);
    let tasks: Vec<_> = (0..writers)
        .map(|_| {
            let (store, pods, next) = (store.clone(), pods.clone(), Arc::clone(next));
            tokio::spawn(async move {
                while start.elapsed() < time {
                    let key = key(&pods, next.fetch_add(1, Ordering::Relaxed));
                    let draft = draft(&key.name.name, bytes);
                    store.put(key, Condition::Absent, draft).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    (next.load(Ordering::Relaxed) - before) as f64 / start.elapsed().as_secs_f64()
}

async fn fill(store: &Store, objects: u64, bytes: usize) {
    let pods = Resource::new("", "pods");
    let tasks: Vec<_> = (0..100)
        .map(|task| {
            let (store, pods) = (store.clone(), pods.clone());
            tokio::spawn(async move {
                for n in (task..objects).step_by(100) {
                    let key = key(&pods, n);
                    let draft = draft(&key.name.name, bytes);
                    store.put(key, Condition::Absent, draft).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

fn report_memory(store: &Store, what: &str, before: u64) {
    let snapshot = store.snapshot(&Resource::new("", "pods"));
    let used = resident().saturating_sub(before);
    let json = snapshot.bytes();
    let (mib, ratio) = (used as f64 / 1048576.0, used as f64 / json as f64);
    println!("{what}: {} objects, {json} bytes of JSON, {mib:.0} MiB resident, {ratio:.2} x", snapshot.len());
}

fn measure_open(directory: &Path) {
    let before = resident();
    let start = Instant::now();
    let store = Store::open(directory, &options()).unwrap();
    println!("open: {:.3} s", start.elapsed().as_secs_f64());
    report_memory(&store, "after open", before);
    measure_reads(&store);
}

fn measure_reads(store: &Store) {
    let pods = Resource::new("", "pods");
    let snapshot = store.snapshot(&pods);
    let start = Instant::now();
    let bytes: usize = snapshot.iter(&Scope::All, None).map(|object| object.json_bytes().len()).sum();
    println!("list: {} objects, {bytes} bytes in {:?}", snapshot.len(), start.elapsed());
    let keys: Vec<Key> =
        snapshot.iter(&Scope::All, None).step_by(7).map(|object| object.key().clone()).collect();
    let start = Instant::now();
    let found = keys.iter().filter(|key| store.get(key).is_some()).count();
    println!("get: {:?} each", start.elapsed() / u32::try_from(found.max(1)).unwrap());
    let start = Instant::now();
    let node = Scope::Field("spec.nodeName".into(), "node-17".into());
    println!("list by node: {} in {:?}", snapshot.iter(&node, None).take(100).count(), start.elapsed());
}

async fn measure_puts(directory: &Path, bytes: usize) {
    for writers in [1, 16, 128] {
        let directory = directory.join(format!("puts-{writers}"));
        // What an earlier run left.
        let _ = std::fs::remove_dir_all(&directory);
        let store = Store::open(&directory, &options()).unwrap();
        let rate = puts(&store, writers, bytes, Duration::from_secs(4), &Arc::default()).await;
        let syncs = &store.metrics().syncs;
        let sync = syncs.sum() / u32::try_from(syncs.count().max(1)).unwrap();
        let each = store.metrics().commits.value() as f64 / store.metrics().batches.value() as f64;
        println!("{writers} writers: {rate:.0} puts/s, {each:.1} in a batch, a sync takes {sync:?}");
        store.close().await;
    }
}

async fn measure_fill(directory: &Path, objects: u64, bytes: usize) {
    let _ = std::fs::remove_dir_all(directory);
    let before = resident();
    let start = Instant::now();
    let store = Store::open(directory, &options()).unwrap();
    println!("open an empty store: {:?}", start.elapsed());
    let start = Instant::now();
    fill(&store, objects, bytes).await;
    println!("filled in {:.1} s", start.elapsed().as_secs_f64());
    store.close().await;
    report_memory(&store, "after filling", before);
}

/// Has all watchers of one kind see some events; answers how long it took from the first write on.
async fn delivered(
    store: &Store,
    watchers: u64,
    scope: impl Fn(u64) -> Scope,
    each: usize,
    writes: u64,
) -> Duration {
    let pods = Resource::new("", "pods");
    let tasks: Vec<_> = (0..watchers)
        .map(|n| {
            let mut watch = store.watch(&pods, scope(n), store.revision()).unwrap();
            tokio::spawn(async move {
                let mut events = Vec::new();
                while events.len() < each {
                    watch.next_batch(&mut events, each).await.unwrap();
                }
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let start = Instant::now();
    for n in 0..writes {
        let (key, mut head) = (key(&pods, n), Head::default());
        head.fields = Fields::new([("spec.nodeName", format!("node-{n}"))]);
        let json = r#"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"p"}}"#;
        store.put(key, Condition::Any, Draft::new(head, json, json.len() - 2, 32).unwrap()).await.unwrap();
    }
    println!("    {writes} writes took {:?}", start.elapsed());
    for task in tasks {
        task.await.unwrap();
    }
    start.elapsed()
}

async fn measure_watch(directory: &Path, watchers: u64) {
    let _ = std::fs::remove_dir_all(directory);
    let store = Store::open(directory, &options()).unwrap();
    let before = resident();
    let took = delivered(&store, 0, |_| Scope::All, 0, 1000).await;
    println!("nobody watches: {took:?}");
    let node = |n| Scope::Field("spec.nodeName".into(), format!("node-{n}").into());
    let took = delivered(&store, watchers, node, 1, watchers).await;
    println!("{watchers} watchers of a node each, one event for each: {took:?}");
    let took = delivered(&store, watchers, |_| Scope::All, 1, 1).await;
    println!("{watchers} watchers of everything, one event: {took:?}");
    let took = delivered(&store, watchers, |_| Scope::All, 100, 100).await;
    println!("{watchers} watchers of everything, 100 events: {took:?}");
    println!("memory grew by {} KiB", resident().saturating_sub(before) / 1024);
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let (what, directory) = (arguments.next().unwrap(), arguments.next().unwrap());
    let objects = arguments.next().map_or(100_000, |n| n.parse().unwrap());
    let bytes = arguments.next().map_or(2048, |n| n.parse().unwrap());
    let filled = Path::new(&directory).join("filled");
    match what.as_str() {
        "puts" => measure_puts(Path::new(&directory), bytes).await,
        "fill" => measure_fill(&filled, objects, bytes).await,
        "open" => measure_open(&filled),
        "watch" => measure_watch(&Path::new(&directory).join("watched"), objects).await,
        _ => println!("puts, fill, open or watch"),
    }
}
