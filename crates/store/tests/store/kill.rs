//! A real process with sixteen writers on a real disk is killed at random moments.
//!
//! `SUMUN_KILL_ROUNDS=50` runs more rounds than the few of an ordinary test run.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::time::Duration;

use sumun_store::{EmbeddedOptions, Key, Store};

use crate::crash::check_history;
use crate::support::*;

const WRITERS: usize = 16;
const DIRECTORY: &str = "SUMUN_KILL_DIRECTORY";

fn options() -> EmbeddedOptions {
    EmbeddedOptions {
        cache: cache(),
        segment_bytes: 1 << 18,
        snapshot_bytes: 1 << 19,
        ..EmbeddedOptions::default()
    }
}

/// Not a test of its own: what the killed process runs.  Says `writer count revision` after each acknowledgement.
#[test]
fn child() {
    let Ok(directory) = std::env::var(DIRECTORY) else { return };
    let store = Store::open(directory, &options()).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(async {
        let writers: Vec<_> = (0..WRITERS).map(|writer| tokio::spawn(count(store.clone(), writer))).collect();
        for writer in writers {
            writer.await.unwrap();
        }
    });
}

/// Counts on in an object of its own; deletes it now and then.
async fn count(store: Store, writer: usize) {
    let name = writer.to_string();
    let key = Key::new(&pods(), "ns", name.as_str());
    let mut count: usize =
        store.get(&key).map_or(0, |object| text(&object).trim_end_matches('x').parse().unwrap());
    loop {
        count += 1;
        if count.is_multiple_of(50) && store.get(&key).is_some() {
            delete(&store, &pods(), &name).await.unwrap();
        }
        let filler = "x".repeat(count % 700);
        let object = put(&store, &pods(), &name, &format!("{count}{filler}")).await.unwrap();
        // One write call, so that no line is cut.
        let line = format!("ack {writer} {count} {}\n", object.revision());
        std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
    }
}

#[test]
fn nothing_acknowledged_is_lost_by_kill_9() {
    let rounds = std::env::var("SUMUN_KILL_ROUNDS").map_or(4, |rounds| rounds.parse().unwrap());
    let directory = tempfile::tempdir().unwrap();
    let mut random = Random(std::process::id().into());
    let mut acknowledged: HashMap<usize, usize> = HashMap::new();
    let mut revision = 1;
    let mut total = 0;
    for round in 0..rounds {
        let wait = Duration::from_millis(100 + random.next() % 400);
        for (writer, count, at) in run_and_kill(directory.path(), wait) {
            acknowledged.insert(writer, count);
            revision = revision.max(at);
            total += 1;
        }
        let store = Store::open(directory.path(), &options()).unwrap();
        assert!(store.revision() >= revision, "round {round}: {} after {revision}", store.revision());
        revision = store.revision();
        for (writer, count) in &mut acknowledged {
            let object = store.get(&Key::new(&pods(), "ns", writer.to_string()));
            // The next number may be there without an acknowledgement, or the deletion that comes before it.
            let Some(object) = object else {
                assert!(
                    *count == 0 || (*count + 1).is_multiple_of(50),
                    "round {round}: writer {writer}: nothing after {count}"
                );
                *count = 0;
                continue;
            };
            let found = text(&object).trim_end_matches('x').parse().unwrap();
            assert!(
                found == *count || found == *count + 1,
                "round {round}: writer {writer}: {found} after {count}"
            );
            *count = found;
        }
        check_history(&store);
    }
    assert!(total > rounds * WRITERS, "{total} writes in {rounds} rounds");
}

/// Runs the child for a while; answers what it said.
fn run_and_kill(directory: &std::path::Path, wait: Duration) -> Vec<(usize, usize, u64)> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["kill::child", "--exact", "--nocapture"])
        .env(DIRECTORY, directory)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let reader = std::thread::spawn(move || {
        output.lines().map_while(Result::ok).filter_map(|line| parse(&line)).collect()
    });
    std::thread::sleep(wait);
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap()
}

fn parse(line: &str) -> Option<(usize, usize, u64)> {
    let (_, line) = line.split_once("ack ")?;
    let mut words = line.split(' ');
    Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?, words.next()?.parse().ok()?))
}
