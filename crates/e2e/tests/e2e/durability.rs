//! Sixteen clients write over TLS while the server is killed at random moments.  What was acknowledged is there
//! afterwards, whole, under the uid and revision that the acknowledgement named.
//!
//! `SUMUN_KILL_ROUNDS=50` runs more rounds than the few of an ordinary test run.

use std::collections::BTreeMap;
use std::time::Duration;

use e2e::Server;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::ResourceExt;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams};
use serde_json::json;

use crate::client::config_map;
use crate::support::{Random, admin, block_on, namespace};

const WRITERS: usize = 16;
const NAMESPACE: &str = "durability";

/// An object as an acknowledgement or a list shows it.
#[derive(Clone, Debug, PartialEq)]
struct Version {
    number: usize,
    uid: String,
    revision: u64,
}

/// What a writer asked for last without an answer.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Pending {
    Nothing,
    Create(usize),
    Change(usize),
    Delete,
}

/// What one writer knows.
#[derive(Debug)]
struct Writer {
    id: usize,
    next: usize,
    /// The object that it keeps changing, unless it is deleted.
    current: Option<Version>,
    pending: Pending,
    /// Objects that it created and never touches again.
    kept: BTreeMap<String, Version>,
    /// Name of a kept object whose creation was not answered.
    pending_kept: Option<String>,
    acknowledged: usize,
}

#[test]
fn nothing_acknowledged_is_lost_by_kill_9() {
    let rounds = std::env::var("SUMUN_KILL_ROUNDS").map_or(5, |rounds| rounds.parse().unwrap());
    let mut server = Server::start(&[]);
    let mut random = Random::new(std::process::id().into());
    let limit = 60 + 10 * rounds;
    block_on(limit, async {
        namespace(&admin(&server).await, NAMESPACE).await;
        let mut writers: Vec<_> = (0..WRITERS).map(Writer::new).collect();
        let mut revision = 0;
        for round in 0..rounds {
            let maps: Api<ConfigMap> = Api::namespaced(admin(&server).await, NAMESPACE);
            let tasks: Vec<_> =
                writers.into_iter().map(|writer| tokio::spawn(writer.write(maps.clone()))).collect();
            tokio::time::sleep(Duration::from_millis(50 + random.next() % 600)).await;
            server.kill();
            writers = Vec::new();
            for task in tasks {
                writers.push(task.await.unwrap());
            }
            server.start_again();
            revision = check(&server, &mut writers, revision, round).await;
        }
        let acknowledged: usize = writers.iter().map(|writer| writer.acknowledged).sum();
        println!("{acknowledged} acknowledged writes in {rounds} rounds, revision {revision}");
        assert!(acknowledged > WRITERS * usize::try_from(rounds).unwrap(), "{acknowledged} writes only");
    });
}

impl Writer {
    fn new(id: usize) -> Self {
        Self {
            id,
            next: 0,
            current: None,
            pending: Pending::Nothing,
            kept: BTreeMap::new(),
            pending_kept: None,
            acknowledged: 0,
        }
    }

    fn name(&self) -> String {
        format!("changing-{}", self.id)
    }

    /// Writes until the server is gone.
    async fn write(mut self, maps: Api<ConfigMap>) -> Self {
        loop {
            self.next += 1;
            match self.step(&maps).await {
                Ok(()) => self.acknowledged += 1,
                Err(kube::Error::Api(status)) => panic!("writer {self:?}: {status:?}"),
                Err(_) => return self,
            }
        }
    }

    async fn step(&mut self, maps: &Api<ConfigMap>) -> kube::Result<()> {
        let number = self.next;
        if number.is_multiple_of(10) {
            let name = format!("kept-{}-{number}", self.id);
            self.pending_kept = Some(name.clone());
            let made = maps.create(&PostParams::default(), &content(&name, number)).await?;
            self.pending_kept = None;
            self.kept.insert(name, version(&made));
        } else if self.current.is_none() {
            self.pending = Pending::Create(number);
            let made = maps.create(&PostParams::default(), &content(&self.name(), number)).await?;
            self.current = Some(version(&made));
        } else if number % 50 == 49 {
            self.pending = Pending::Delete;
            maps.delete(&self.name(), &DeleteParams::default()).await?;
            self.current = None;
        } else {
            self.pending = Pending::Change(number);
            let data = json!({"data": content("", number).data});
            let made = maps.patch(&self.name(), &PatchParams::default(), &Patch::Merge(data)).await?;
            self.current = Some(version(&made));
        }
        self.pending = Pending::Nothing;
        Ok(())
    }

    /// Compares what the store holds with what was acknowledged, and goes on from what it holds.
    fn check(&mut self, found: &mut BTreeMap<String, Version>, what: &str) {
        let now = found.remove(&self.name());
        let fits = match (&self.current, &now, self.pending) {
            (was, now, _) if was == now => true,
            (Some(_), None, Pending::Delete) => true,
            (None, Some(now), Pending::Create(number)) => now.number == number,
            (Some(was), Some(now), Pending::Change(number)) => {
                now.number == number && now.uid == was.uid && now.revision > was.revision
            }
            _ => false,
        };
        assert!(fits, "{what}: {self:?} found {now:?}");
        self.current = now;
        self.pending = Pending::Nothing;
        if let Some(name) = self.pending_kept.take()
            && let Some(version) = found.get(&name)
        {
            self.kept.insert(name, version.clone());
        }
        for (name, version) in &self.kept {
            assert_eq!(found.remove(name).as_ref(), Some(version), "{what}: {name}");
        }
    }
}

/// Checks all writers' objects against the store; answers its revision.
async fn check(server: &Server, writers: &mut [Writer], before: u64, round: u64) -> u64 {
    let what = format!("round {round}");
    let maps: Api<ConfigMap> = Api::namespaced(admin(server).await, NAMESPACE);
    let list = maps.list(&ListParams::default()).await.unwrap();
    let revision: u64 = list.metadata.resource_version.as_ref().unwrap().parse().unwrap();
    assert!(revision >= before, "{what}: revision {revision} after {before}");
    let mut found = BTreeMap::new();
    for map in list.items.iter().filter(|map| map.name_any() != "kube-root-ca.crt") {
        let version = version(map);
        assert!(version.revision <= revision, "{what}: {version:?} is newer than the store's {revision}");
        assert_eq!(map.data, content("", version.number).data, "{what}: torn {}", map.name_any());
        // One by one it is the same object as in the list.
        if version.number.is_multiple_of(7) {
            assert_eq!(&maps.get(&map.name_any()).await.unwrap(), map, "{what}");
        }
        found.insert(map.name_any(), version);
    }
    for writer in writers.iter_mut() {
        writer.check(&mut found, &what);
    }
    assert!(found.is_empty(), "{what}: nobody wrote {found:?}");
    let newest = writers.iter().flat_map(|writer| writer.kept.values().chain(&writer.current));
    let newest = newest.map(|version| version.revision).max().unwrap_or(0);
    assert!(newest <= revision, "{what}: {newest} was acknowledged, the store is at {revision}");
    revision
}

/// An object that shows by itself whether it is whole.
fn content(name: &str, number: usize) -> ConfigMap {
    let filler = "x".repeat(number % 700);
    config_map(name, &[("number", &number.to_string()), ("filler", &filler), ("end", &number.to_string())])
}

fn version(map: &ConfigMap) -> Version {
    Version {
        number: map.data.as_ref().unwrap()["number"].parse().unwrap(),
        uid: map.uid().unwrap(),
        revision: map.resource_version().unwrap().parse().unwrap(),
    }
}
