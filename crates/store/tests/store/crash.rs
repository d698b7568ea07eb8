//! The machine stops at every single step: nothing acknowledged is lost, nothing is half there, revisions only grow.

use std::sync::Arc;

use sumun_store::{CommitError, Condition, Key, Scope, Store, Transaction, Write};

use crate::disk::{FakeDisk, Fault};
use crate::support::*;

/// What the store must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Model {
    pub revision: u64,
    pub contents: Contents,
}

impl Model {
    pub fn of(store: &Store) -> Self {
        Self { revision: store.revision(), contents: contents(store) }
    }

    /// The model after a transaction of puts and deletes.
    fn after(&self, transaction: &Transaction) -> Self {
        let mut next = self.clone();
        next.revision += 1;
        for write in &transaction.writes {
            let key = format!("{}/{}", write.key.resource.resource, write.key.name);
            match &write.action {
                sumun_store::Action::Put(draft) => {
                    let json = String::from_utf8(draft.json().to_vec()).unwrap();
                    let (_, text) = json.rsplit_once(r#""data":""#).unwrap();
                    next.contents.insert(key, (next.revision, text.trim_end_matches("\"}").to_owned()));
                }
                sumun_store::Action::Delete(_) => drop(next.contents.remove(&key)),
                sumun_store::Action::Check => {}
            }
        }
        next
    }
}

/// A transaction of one to three writes.
fn transaction(store: &Store, random: &mut Random) -> Transaction {
    let mut writes: Vec<Write> = Vec::new();
    for _ in 0..1 + random.below(3) {
        let key = Key::new(&[pods(), nodes()][random.below(2)], "ns", random.below(6).to_string());
        if writes.iter().any(|write| write.key == key) {
            continue;
        }
        let text = "x".repeat(random.below(300)) + &random.next().to_string();
        writes.push(match store.get(&key) {
            Some(object) if random.below(3) == 0 => deletion(&object),
            Some(object) => Write::put(key, Condition::Revision(object.revision()), draft("p", &text)),
            None => Write::put(key, Condition::Absent, draft("p", &text)),
        });
    }
    writes.into()
}

/// Writes until the end or an error.  Answers the state that is acknowledged, and the one that may be there instead.
pub fn work(store: &Store, random: &mut Random, rounds: usize) -> (Model, Option<Model>) {
    let mut model = Model::of(store);
    for _ in 0..rounds {
        let transaction = transaction(store, random);
        let next = model.after(&transaction);
        match block_on(store.commit(transaction)) {
            Ok(committed) => {
                assert_eq!(committed.revision, next.revision);
                model = next;
                assert_eq!(Model::of(store), model);
            }
            Err(CommitError::StorageFull(_)) => assert_eq!(Model::of(store), model),
            Err(CommitError::Uncertain(_)) => {
                assert_eq!(Model::of(store), model);
                return (model, Some(next));
            }
            Err(CommitError::Unavailable(_)) => return (model, None),
            Err(error) => panic!("{error}"),
        }
    }
    (model, None)
}

/// The history that is left tells the same story as the objects.
pub fn check_history(store: &Store) {
    for resource in store.resources() {
        let first =
            (1..=store.revision()).find(|revision| store.snapshot_at(&resource, *revision).is_ok()).unwrap();
        let start = store.snapshot_at(&resource, first).unwrap();
        let mut state: Contents = start
            .iter(&Scope::All, None)
            .map(|o| (o.key().name.to_string(), (o.revision(), text(o))))
            .collect();
        let mut events = Vec::new();
        store.watch(&resource, Scope::All, first).unwrap().try_next_batch(&mut events, usize::MAX).unwrap();
        for event in events {
            let name = event.object.key().name.to_string();
            let before = event.previous.as_ref().map(|object| (object.revision(), text(object)));
            assert_eq!(state.get(&name), before.as_ref(), "{event:?}");
            match event.change() {
                sumun_store::Change::Deleted => drop(state.remove(&name)),
                _ => drop(state.insert(name, (event.revision(), text(&event.object)))),
            }
        }
        let now = store.snapshot(&resource);
        let now: Contents = now
            .iter(&Scope::All, None)
            .map(|o| (o.key().name.to_string(), (o.revision(), text(o))))
            .collect();
        assert_eq!(state, now);
    }
}

/// Opens what a crash left, which must be one of the two states.
fn reopen(disk: &FakeDisk, (sure, maybe): &(Model, Option<Model>), what: &str) -> Store {
    let store = Store::open_on(&disk.shared(), &small()).unwrap_or_else(|error| panic!("{what}: {error}"));
    let found = Model::of(&store);
    assert!(
        found == *sure || Some(&found) == maybe.as_ref(),
        "{what}: {found:?} is neither {sure:?} nor {maybe:?}"
    );
    check_history(&store);
    store
}

#[test]
fn nothing_is_lost_whenever_the_machine_stops() {
    let rounds = 60;
    let disk = FakeDisk::default();
    work(&open(&disk.shared()), &mut Random(1), rounds);
    let steps = disk.steps();
    assert!(steps > 300, "{steps} steps go through segments and snapshots");
    for step in 1..=steps {
        let disk = FakeDisk::default();
        disk.fail_at(step, Fault::Crash);
        let state = match Store::open_on(&disk.shared(), &small()) {
            Ok(store) => work(&store, &mut Random(1), rounds),
            Err(_) => (Model { revision: 1, ..Model::default() }, None),
        };
        for seed in 0..2 {
            let mut random = Random(step * 1000 + seed);
            // Twice, as the machine may stop again while the store is brought back or just after.
            let again = disk.after_crash(&mut random);
            let store = reopen(&again, &state, &format!("step {step}, seed {seed}"));
            again.fail_at(again.steps() + 1 + random.next() % 60, Fault::Crash);
            let state = work(&store, &mut random, 20);
            drop(store);
            let last = again.after_crash(&mut random);
            let store = reopen(&last, &state, &format!("step {step}, seed {seed}, again"));
            let (model, _) = work(&store, &mut random, 5);
            drop(store);
            reopen(&last.after_kill(), &(model, None), &format!("step {step}, seed {seed}, at last"));
        }
    }
}

#[test]
fn nothing_is_lost_when_the_machine_stops_while_it_opens() {
    let disk = FakeDisk::default();
    let state = work(&open(&disk.shared()), &mut Random(3), 100);
    for seed in 0..30 {
        for step in 1..6 {
            let mut random = Random(seed);
            let opening = disk.after_crash(&mut random);
            opening.fail_at(step, Fault::Crash);
            drop(Store::open_on(&opening.shared(), &small()));
            reopen(&opening.after_crash(&mut random), &state, &format!("step {step}, seed {seed}"));
        }
    }
}

/// Many writers at once, so that batches of several transactions are cut.  Each writer counts in an object of its own.
#[test]
fn batches_are_all_or_nothing() {
    for round in 0..150_u64 {
        let disk = FakeDisk::default();
        disk.fail_at(5 + round, Fault::Crash);
        let Ok(store) = Store::open_on(&disk.shared(), &small()) else { continue };
        let acknowledged = block_on(async {
            let store = Arc::new(store);
            let writers: Vec<_> = (0..8).map(|n| counting(Arc::clone(&store), n)).collect();
            let mut all = Vec::new();
            let tasks: Vec<_> = writers.into_iter().map(Box::pin).collect();
            for done in join_all(tasks).await {
                all.push(done);
            }
            all
        });
        let store = open(&disk.after_crash(&mut Random(round)).shared());
        let mut last = 1;
        for (n, count) in acknowledged.into_iter().enumerate() {
            let object = store.get(&Key::new(&pods(), "ns", n.to_string()));
            let found = object.map_or(0, |object| {
                last = last.max(object.revision());
                text(&object).parse().unwrap()
            });
            assert!(
                found == count || found == count + 1,
                "round {round}: writer {n} was told {count}, found {found}"
            );
        }
        assert_eq!(store.revision(), last);
        check_history(&store);
    }
}

/// Counts upwards until the store fails; answers the last number that was acknowledged.
async fn counting(store: Arc<Store>, writer: usize) -> u64 {
    for count in 1.. {
        if put(&store, &pods(), &writer.to_string(), &count.to_string()).await.is_err() {
            return count - 1;
        }
    }
    unreachable!()
}

/// Polls all futures until all are done.
async fn join_all<F: Future + Unpin>(mut futures: Vec<F>) -> Vec<F::Output> {
    let mut done: Vec<Option<F::Output>> = futures.iter().map(|_| None).collect();
    std::future::poll_fn(|cx| {
        for (future, done) in futures.iter_mut().zip(&mut done) {
            if done.is_none()
                && let std::task::Poll::Ready(output) = std::pin::Pin::new(future).poll(cx)
            {
                *done = Some(output);
            }
        }
        if done.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}
