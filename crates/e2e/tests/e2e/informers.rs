//! Informers behind a network that fails, of a server that is stopped and killed, while several clients write at
//! random: each is told of every change in order, and ends with what the store holds.
//!
//! `SUMUN_SEED` repeats the decisions of a run (not its timing); `SUMUN_CHAOS_ROUNDS=50` runs more rounds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use e2e::Server;
use futures_util::StreamExt;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::runtime::utils::Backoff;
use kube::runtime::watcher::{Config, Event};
use kube::runtime::{WatchStreamExt, reflector, watcher};
use kube::{Client, ResourceExt};
use serde_json::{Value, json};

use crate::proxy::Proxy;
use crate::support::{Random, admin, block_on, config, namespace, wait_until};

const NAMESPACE: &str = "informers";
const WRITERS: u64 = 3;
const NAMES: u64 = 40;
const SELECTOR: &str = "watched=yes";

#[test]
fn they_hold_what_the_store_holds_whatever_happens() {
    let rounds: u64 = std::env::var("SUMUN_CHAOS_ROUNDS").map_or(3, |rounds| rounds.parse().unwrap());
    let seed = Random::seed();
    println!("SUMUN_SEED={seed}");
    let mut random = Random::new(seed);
    let mut server = Server::start(&[]);
    block_on(120 + 60 * rounds, async {
        let client = admin(&server).await;
        namespace(&client, NAMESPACE).await;
        let maps: Api<ConfigMap> = Api::namespaced(client, NAMESPACE);
        let proxy = Proxy::start(server.address(), Random::new(random.next())).await;
        let listing = Config::default().labels(SELECTOR).page_size(7);
        let streaming = Config::default().labels(SELECTOR).streaming_lists();
        let mut informers = Vec::new();
        for options in [&listing, &streaming, &Config::default().streaming_lists()] {
            informers.push(Informer::start(&server, &proxy, options).await);
        }
        for round in 0..rounds {
            proxy.set_rough(true);
            let writing = Writing::start(&maps, &mut random);
            writing.more(50).await;
            // Newcomers, whose lists are cut too.
            let newcomers = [
                Informer::start(&server, &proxy, &listing).await,
                Informer::start(&server, &proxy, &streaming).await,
            ];
            disturb(&mut server, &proxy, &writing, &mut random, round).await;
            writing.finish().await;
            // Calm: what is still cut is cut once more, and then nothing is.
            proxy.set_rough(false);
            proxy.cut();
            for informer in informers.iter().chain(&newcomers) {
                informer.settle(&maps, seed).await;
            }
        }
        for informer in &informers {
            println!("{}", informer.seen.lock().unwrap().summary());
        }
        println!("{} connections cut", proxy.cuts());
        assert!(proxy.cuts() > informers.len());
    });
}

/// Cuts, stops or kills a few times, each when some more has been written.
async fn disturb(server: &mut Server, proxy: &Proxy, writing: &Writing, random: &mut Random, round: u64) {
    let restart = random.below(4);
    for step in 0..4 {
        writing.more(40 + random.below(80)).await;
        if step != restart {
            proxy.cut();
            continue;
        }
        if round.is_multiple_of(2) {
            server.kill();
        } else {
            let output = server.stop();
            assert_eq!(output.code, Some(0), "{output:?}");
        }
        server.start_again();
    }
    writing.more(40).await;
}

/// Clients that write until they are told to stop.
struct Writing {
    done: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Writing {
    fn start(maps: &Api<ConfigMap>, random: &mut Random) -> Self {
        let done = Arc::new(AtomicUsize::new(0));
        let stop = Arc::new(AtomicBool::new(false));
        let tasks = (0..WRITERS)
            .map(|id| {
                let (maps, mut random) = (maps.clone(), Random::new(random.next()));
                let (done, stop) = (Arc::clone(&done), Arc::clone(&stop));
                tokio::spawn(async move {
                    while !stop.load(Ordering::Relaxed) {
                        match step(&maps, &mut random, id).await {
                            Ok(()) => _ = done.fetch_add(1, Ordering::Relaxed),
                            // It was there already, or not any more, or somebody else was quicker.
                            Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => {}
                            Err(kube::Error::Api(status)) => panic!("{status:?}"),
                            // The server is away.
                            Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
                        }
                    }
                })
            })
            .collect();
        Self { done, stop, tasks }
    }

    /// Waits until so many more writes have succeeded.
    async fn more(&self, count: u64) {
        let goal = self.done.load(Ordering::Relaxed) + usize::try_from(count).unwrap();
        wait_until("progress of the writers", || (self.done.load(Ordering::Relaxed) >= goal).then_some(()))
            .await;
    }

    async fn finish(self) {
        self.stop.store(true, Ordering::Relaxed);
        for task in self.tasks {
            task.await.unwrap();
        }
    }
}

/// One write of any kind.
async fn step(maps: &Api<ConfigMap>, random: &mut Random, writer: u64) -> kube::Result<()> {
    let name = format!("map-{}", random.below(NAMES));
    let text = random.next().to_string();
    let watched = if random.below(2) == 0 { "yes" } else { "no" };
    let group = format!("g{}", random.below(8));
    let merge = |patch: Value| Patch::Merge(patch);
    let plain = PatchParams::default();
    match random.below(20) {
        0..6 => {
            let labels = json!({"watched": watched, "group": group});
            let map = json!({"metadata": {"name": name, "labels": labels}, "data": {"text": text}});
            maps.create(&PostParams::default(), &serde_json::from_value(map).unwrap()).await?;
        }
        6..8 => _ = maps.patch(&name, &plain, &merge(json!({"data": {"text": text}}))).await?,
        8..10 => {
            let mut map = maps.get(&name).await?;
            map.labels_mut().insert("watched".into(), watched.into());
            map.data.get_or_insert_default().insert("replaced".into(), text);
            maps.replace(&name, &PostParams::default(), &map).await?;
        }
        10..13 => {
            let labels = json!({"metadata": {"labels": {"watched": watched, "group": group}}});
            maps.patch(&name, &plain, &merge(labels)).await?;
        }
        13 => {
            let note = json!({"metadata": {"annotations": {"note": text}}});
            maps.patch(&name, &plain, &Patch::Strategic(note)).await?;
        }
        14 => {
            let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"applied": text},
                "metadata": {"name": name, "labels": {"watched": watched}}});
            let params = PatchParams::apply(&format!("writer-{writer}")).force();
            maps.patch(&name, &params, &Patch::Apply(map)).await?;
        }
        15 => {
            let held = if random.below(2) == 0 { json!(["example.com/held"]) } else { Value::Null };
            maps.patch(&name, &plain, &merge(json!({"metadata": {"finalizers": held}}))).await?;
        }
        16..19 => _ = maps.delete(&name, &DeleteParams::default()).await?,
        _ => {
            let group = ListParams::default().labels(&format!("group={group}"));
            maps.delete_collection(&DeleteParams::default(), &group).await?;
        }
    }
    Ok(())
}

/// An informer behind the proxy and what it has been told.
struct Informer {
    selector: ListParams,
    copy: reflector::Store<ConfigMap>,
    seen: Arc<Mutex<Seen>>,
    task: tokio::task::JoinHandle<()>,
}

impl Informer {
    async fn start(server: &Server, proxy: &Proxy, options: &Config) -> Self {
        let mut config = config(server).await;
        config.cluster_url = format!("https://{}", proxy.address()).parse().unwrap();
        let maps: Api<ConfigMap> = Api::namespaced(Client::try_from(config).unwrap(), NAMESPACE);
        let selected = options.label_selector.is_some();
        let mut selector = ListParams::default();
        selector.label_selector.clone_from(&options.label_selector);
        let seen = Arc::new(Mutex::new(Seen { selected, ..Seen::default() }));
        let (copy, writer) = reflector::store();
        let (noted, options) = (Arc::clone(&seen), options.clone());
        let task = tokio::spawn(async move {
            let stream = watcher(maps, options).reflect(writer).backoff(Soon);
            let mut stream = std::pin::pin!(stream);
            while let Some(event) = stream.next().await {
                noted.lock().unwrap().note(event);
            }
        });
        Self { selector, copy, seen, task }
    }

    /// Waits until its copy is what the store holds, in every byte, and checks what it was told on the way.
    async fn settle(&self, maps: &Api<ConfigMap>, seed: u64) {
        let mut wanted = maps.list(&self.selector).await.unwrap().items;
        // Objects of a list do not say their kind, nor do those of the copy.
        wanted.iter_mut().for_each(|map| map.metadata.managed_fields = None);
        let wanted: BTreeMap<_, _> = wanted.into_iter().map(|map| (map.name_any(), map)).collect();
        let equal = || {
            let held = self.copy.state().into_iter().map(|map| {
                let mut map = ConfigMap::clone(&map);
                map.metadata.managed_fields = None;
                (map.name_any(), map)
            });
            (held.collect::<BTreeMap<_, _>>() == wanted).then_some(())
        };
        wait_until(&format!("agreement with the store (seed {seed})"), equal).await;
        let seen = self.seen.lock().unwrap();
        assert!(seen.wrong.is_empty(), "seed {seed}: {:#?}", seen.wrong);
        assert_eq!(seen.known, wanted.into_keys().collect::<BTreeSet<_>>(), "seed {seed}");
    }
}

impl Drop for Informer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What an informer was told.
#[derive(Default)]
struct Seen {
    /// Whether it selects by label.
    selected: bool,
    /// Revision of the latest change that it was told of, by a list or a watch.
    revision: u64,
    known: BTreeSet<String>,
    /// Objects of the list that is under way.
    listing: BTreeMap<String, u64>,
    lists: usize,
    events: usize,
    errors: usize,
    /// What must not be.
    wrong: Vec<String>,
}

impl Seen {
    fn note(&mut self, event: Result<Event<ConfigMap>, watcher::Error>) {
        match event {
            Ok(Event::Init) => self.listing.clear(),
            Ok(Event::InitApply(map)) => self.listed(&map),
            Ok(Event::InitDone) => {
                let listing = std::mem::take(&mut self.listing);
                self.lists += 1;
                self.revision = listing.values().copied().fold(self.revision, u64::max);
                self.known = listing.into_keys().collect();
            }
            Ok(Event::Apply(map)) => {
                self.changed(&map, "change");
                self.check_selection(&map);
                self.known.insert(map.name_any());
            }
            Ok(Event::Delete(map)) => {
                self.changed(&map, "deletion");
                if !self.known.remove(&map.name_any()) {
                    self.wrong.push(format!("deletion of {}, which is not known", map.name_any()));
                }
            }
            // The connection was cut, or the server is away, or it no longer knows where to go on.
            Err(_) => self.errors += 1,
        }
    }

    fn listed(&mut self, map: &ConfigMap) {
        self.check_selection(map);
        if self.listing.insert(map.name_any(), revision(map)).is_some() {
            self.wrong.push(format!("{} is twice in a list", map.name_any()));
        }
    }

    fn changed(&mut self, map: &ConfigMap, what: &str) {
        self.events += 1;
        let (before, now) = (self.revision, revision(map));
        if now <= before {
            self.wrong.push(format!("{what} of {} at revision {now} comes after {before}", map.name_any()));
        }
        self.revision = now;
    }

    fn check_selection(&mut self, map: &ConfigMap) {
        if self.selected && map.labels().get("watched").is_none_or(|value| value != "yes") {
            self.wrong.push(format!("{} is not selected: {:?}", map.name_any(), map.labels()));
        }
    }

    fn summary(&self) -> String {
        let Self { lists, events, errors, .. } = self;
        format!("{lists} lists, {events} events, {errors} errors")
    }
}

fn revision(map: &ConfigMap) -> u64 {
    map.resource_version().unwrap().parse().unwrap()
}

/// Tries again at once, but for a moment.
struct Soon;

impl Iterator for Soon {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        Some(Duration::from_millis(10))
    }
}

impl Backoff for Soon {
    fn reset(&mut self) {}
}
