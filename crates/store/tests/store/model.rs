//! Any sequence of writes, reads and restarts does what a plain map would do.

use proptest::prelude::*;
use sumun_store::{CommitError, Condition, Key, Scope, Store, Write};

use crate::crash::check_history;
use crate::disk::FakeDisk;
use crate::support::*;

#[derive(Clone, Debug)]
enum Op {
    /// Resource, name, condition, text.
    Put(bool, u8, Want, u16),
    Delete(bool, u8, Want),
    /// A put and a delete or check of other names.
    Both(u8, u8, Want),
    Restart,
    Kill,
}

/// A condition, relative to what is there.
#[derive(Clone, Copy, Debug)]
enum Want {
    Any,
    Absent,
    Current,
    Stale,
}

fn want() -> impl Strategy<Value = Want> {
    prop_oneof![4 => Just(Want::Any), 2 => Just(Want::Absent), 4 => Just(Want::Current), 1 => Just(Want::Stale)]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        12 => (any::<bool>(), 0..8_u8, want(), 0..600_u16).prop_map(|(r, n, w, t)| Op::Put(r, n, w, t)),
        6 => (any::<bool>(), 0..8_u8, want()).prop_map(|(r, n, w)| Op::Delete(r, n, w)),
        3 => (0..8_u8, 0..8_u8, want()).prop_map(|(a, b, w)| Op::Both(a, b, w)),
        1 => Just(Op::Restart),
        1 => Just(Op::Kill),
    ]
}

/// The plain map.
#[derive(Default)]
struct Plain {
    revision: u64,
    contents: Contents,
}

impl Plain {
    fn revision_of(&self, key: &Key) -> Option<u64> {
        self.contents.get(&path(key)).map(|(revision, _)| *revision)
    }

    fn condition(&self, key: &Key, want: Want) -> Condition {
        let current = self.revision_of(key);
        match want {
            Want::Any => Condition::Any,
            Want::Absent => Condition::Absent,
            Want::Current => current.map_or(Condition::Absent, Condition::Revision),
            Want::Stale => Condition::Revision(current.unwrap_or(7) - 1),
        }
    }

    fn holds(&self, write: &Write) -> bool {
        let current = self.revision_of(&write.key);
        let there = match write.condition {
            Condition::Any => true,
            Condition::Absent => current.is_none(),
            Condition::Revision(revision) => current == Some(revision),
        };
        there && (current.is_some() || !matches!(write.action, sumun_store::Action::Delete(_)))
    }

    fn commit(&mut self, writes: &[Write], put_text: &str) -> Result<u64, Key> {
        if let Some(write) = writes.iter().find(|write| !self.holds(write)) {
            return Err(write.key.clone());
        }
        self.revision +=
            u64::from(writes.iter().any(|write| !matches!(write.action, sumun_store::Action::Check)));
        for write in writes {
            match write.action {
                sumun_store::Action::Put(_) => {
                    drop(self.contents.insert(path(&write.key), (self.revision, put_text.to_owned())));
                }
                sumun_store::Action::Delete(_) => drop(self.contents.remove(&path(&write.key))),
                sumun_store::Action::Check => {}
            }
        }
        Ok(self.revision)
    }
}

fn path(key: &Key) -> String {
    format!("{}/{}", key.resource.resource, key.name)
}

fn key(node: bool, name: u8) -> Key {
    Key::new(&if node { nodes() } else { pods() }, "ns", name.to_string())
}

/// The writes of an operation, and the text its put writes.
fn writes(op: &Op, plain: &Plain) -> (Vec<Write>, String) {
    let put = |key: Key, want, text: &str| {
        let node = ["", "n1", "n2"][text.len() % 3];
        Write::put(key.clone(), plain.condition(&key, want), draft_on("p", text, node))
    };
    match op {
        Op::Put(node, name, want, len) => {
            let text = format!("{}{len}", "x".repeat(usize::from(*len)));
            (vec![put(key(*node, *name), *want, &text)], text)
        }
        Op::Delete(node, name, want) => {
            let key = key(*node, *name);
            (
                vec![Write::delete(key.clone(), plain.condition(&key, *want), draft("p", "gone"))],
                String::new(),
            )
        }
        Op::Both(a, b, want) => {
            let (first, second) = (key(false, *a), key(true, *b));
            let other = if a % 2 == 0 {
                Write::check(second.clone(), plain.condition(&second, *want))
            } else {
                Write::delete(second.clone(), plain.condition(&second, *want), draft("p", "gone"))
            };
            (vec![put(first, Want::Any, "both"), other], "both".to_owned())
        }
        Op::Restart | Op::Kill => (Vec::new(), String::new()),
    }
}

fn run(ops: &[Op]) {
    let mut disk = FakeDisk::default();
    let mut store = open(&disk.shared());
    let mut plain = Plain { revision: 1, ..Plain::default() };
    for op in ops {
        match op {
            Op::Restart => {
                drop(store);
                store = open(&disk.shared());
            }
            Op::Kill => {
                // The old one goes on with the old disk, which nobody looks at any more.
                disk = disk.after_kill();
                store = open(&disk.shared());
            }
            _ => {
                let (writes, text) = writes(op, &plain);
                let expect = plain.commit(&writes, &text);
                check_answer(block_on(store.commit(writes)), expect);
            }
        }
        assert_eq!((store.revision(), contents(&store)), (plain.revision, plain.contents.clone()));
        check_index(&store);
    }
    check_history(&store);
}

fn check_answer(found: Result<sumun_store::Committed, CommitError>, expect: Result<u64, Key>) {
    match (found, expect) {
        (Ok(committed), Ok(revision)) => assert_eq!(committed.revision, revision),
        (Err(CommitError::Conflict(conflict)), Err(key)) => assert_eq!(conflict.key, key),
        (found, expect) => panic!("{found:?} instead of {expect:?}"),
    }
}

/// The index finds what a scan finds.
fn check_index(store: &Store) {
    let snapshot = store.snapshot(&pods());
    for node in ["", "n1", "n2"] {
        let scope = Scope::Field("spec.nodeName".into(), node.into());
        let indexed = snapshot.iter(&scope, None).map(|object| object.key());
        let scanned = snapshot
            .iter(&Scope::All, None)
            .filter(|object| scope.contains(object))
            .map(|object| object.key());
        assert!(indexed.eq(scanned), "{node}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_store_is_a_map_with_revisions(ops in proptest::collection::vec(op(), 1..150)) {
        run(&ops);
    }
}
