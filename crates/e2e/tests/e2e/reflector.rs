//! An informer of the Rust client: it sees each change once and ends with what the store holds, also when the server
//! dies on the way.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use e2e::Server;
use futures_util::StreamExt;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::runtime::watcher::{Config, Event};
use kube::runtime::{WatchStreamExt, reflector, watcher};
use kube::{Client, ResourceExt};
use serde_json::json;

use crate::client::config_map;
use crate::support::{admin, block_on, namespace};

const NAMESPACE: &str = "reflector";

/// What the informer was told.
#[derive(Default)]
struct Seen {
    /// Revisions of changes and deletions, in the order in which they came, since the last list.
    changes: Vec<u64>,
    /// How often it had to list.
    lists: usize,
}

#[test]
fn it_sees_each_change_once_and_survives_the_server() {
    let mut server = Server::start(&[]);
    block_on(120, async {
        let client = admin(&server).await;
        namespace(&client, NAMESPACE).await;
        let maps: Api<ConfigMap> = Api::namespaced(client.clone(), NAMESPACE);
        let seen = Arc::new(Mutex::new(Seen::default()));
        let (reader, writer) = reflector::store();
        let informer = tokio::spawn(inform(maps.clone(), writer, Arc::clone(&seen)));
        reader.wait_until_ready().await.unwrap();

        let written = write(&maps, 0..60).await;
        settle(&maps, &reader).await;
        {
            let seen = seen.lock().unwrap();
            assert_eq!(seen.lists, 1);
            assert!(seen.changes.is_sorted_by(|a, b| a < b), "{:?}", seen.changes);
            // Deletions have revisions of their own, which only the watch shows.
            let changes: BTreeSet<_> = seen.changes.iter().copied().collect();
            assert!(written.is_subset(&changes), "{written:?} {changes:?}");
        }

        // The server dies while somebody writes; the informer finds its way back and has missed nothing.
        for round in 1..=2 {
            let writing = tokio::spawn(write_until_it_fails(maps.clone(), round * 1000));
            tokio::time::sleep(std::time::Duration::from_millis(150)).await;
            server.kill();
            writing.await.unwrap();
            server.start_again();
            write(&maps, round * 100..round * 100 + 20).await;
            settle(&maps, &reader).await;
            let seen = seen.lock().unwrap();
            assert!(seen.changes.is_sorted_by(|a, b| a < b), "{:?}", seen.changes);
        }
        informer.abort();
    });
}

/// Runs the informer and notes what it is told.
async fn inform(maps: Api<ConfigMap>, writer: reflector::store::Writer<ConfigMap>, seen: Arc<Mutex<Seen>>) {
    let revision = |map: &ConfigMap| map.resource_version().unwrap().parse::<u64>().unwrap();
    let stream = watcher(maps, Config::default()).reflect(writer).default_backoff();
    let mut stream = std::pin::pin!(stream);
    while let Some(event) = stream.next().await {
        let mut seen = seen.lock().unwrap();
        match event {
            Ok(Event::Init) => {
                seen.lists += 1;
                seen.changes.clear();
            }
            Ok(Event::Apply(map) | Event::Delete(map)) => seen.changes.push(revision(&map)),
            // A dead server is an error that the informer gets over.
            Ok(Event::InitApply(_) | Event::InitDone) | Err(_) => {}
        }
    }
}

/// Creates, changes and deletes; answers the revisions of what was created and changed.
async fn write(maps: &Api<ConfigMap>, numbers: std::ops::Range<usize>) -> BTreeSet<u64> {
    let mut revisions = BTreeSet::new();
    for number in numbers {
        if let Some(map) = step(maps, number).await.unwrap() {
            revisions.insert(map.resource_version().unwrap().parse().unwrap());
        }
    }
    revisions
}

async fn write_until_it_fails(maps: Api<ConfigMap>, from: usize) {
    for number in from.. {
        match step(&maps, number).await {
            Ok(_) => {}
            Err(kube::Error::Api(status)) => panic!("{status:?}"),
            Err(_) => return,
        }
    }
}

async fn step(maps: &Api<ConfigMap>, number: usize) -> kube::Result<Option<ConfigMap>> {
    let name = format!("map-{}", number % 5);
    let text = number.to_string();
    if maps.get_opt(&name).await?.is_none() {
        return maps.create(&PostParams::default(), &config_map(&name, &[("n", &text)])).await.map(Some);
    }
    if number.is_multiple_of(7) {
        maps.delete(&name, &DeleteParams::default()).await?;
        return Ok(None);
    }
    let patch = Patch::Merge(json!({"data": {"n": text}}));
    maps.patch(&name, &PatchParams::default(), &patch).await.map(Some)
}

/// Waits until the informer's copy is what the store holds.
async fn settle(maps: &Api<ConfigMap>, copy: &reflector::Store<ConfigMap>) {
    let versions = |maps: Vec<ConfigMap>| -> BTreeMap<String, String> {
        maps.iter().map(|map| (map.name_any(), map.resource_version().unwrap())).collect()
    };
    let wanted = versions(maps.list(&ListParams::default()).await.unwrap().items);
    for _ in 0..3000 {
        let held = versions(copy.state().iter().map(|map| ConfigMap::clone(map)).collect());
        if held == wanted {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let held = versions(copy.state().iter().map(|map| ConfigMap::clone(map)).collect());
    assert_eq!(held, wanted);
}

#[test]
fn a_list_by_watch_is_a_list() {
    let server = Server::start(&[]);
    block_on(60, async {
        let client: Client = admin(&server).await;
        namespace(&client, NAMESPACE).await;
        let maps: Api<ConfigMap> = Api::namespaced(client, NAMESPACE);
        let written = write(&maps, 0..5).await;
        let (reader, writer) = reflector::store();
        let stream = watcher(maps.clone(), Config::default().streaming_lists()).reflect(writer);
        let mut stream = std::pin::pin!(stream);
        let mut listed = BTreeSet::new();
        while let Some(event) = stream.next().await {
            match event.unwrap() {
                Event::InitApply(map) => {
                    listed.insert(map.resource_version().unwrap().parse::<u64>().unwrap());
                }
                Event::InitDone => break,
                _ => {}
            }
        }
        assert!(written.is_subset(&listed) && !written.is_empty(), "{written:?} {listed:?}");
        assert_eq!(reader.state().len(), maps.list(&ListParams::default()).await.unwrap().items.len());
    });
}
