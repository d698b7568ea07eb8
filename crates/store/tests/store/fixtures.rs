//! Files written by released versions are read by this one.
//!
//! `fixtures/vN` was written in format version N.  `SUMUN_WRITE_FIXTURE=1` writes the directory of the current version
//! anew; that is right only as long as no release has written that version.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use sumun_store::{Scope, Store};

use crate::crash::{check_history, work};
use crate::disk::FakeDisk;
use crate::support::*;

fn directory(version: u32) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/store/fixtures/v{version}"))
}

/// Everything a reader can see: objects, heads, events.
fn describe(store: &Store) -> String {
    let mut text = format!("revision {}\n", store.revision());
    let mut resources = store.resources();
    resources.sort();
    for resource in resources {
        for object in store.snapshot(&resource).iter(&Scope::All, None) {
            let json = String::from_utf8(object.json_bytes().to_vec()).unwrap();
            let head = object.head();
            let fields: Vec<_> = head.fields.iter().collect();
            writeln!(text, "{} {} {fields:?} {:?} {json}", object.key(), head.uid, head.label("app"))
                .unwrap();
        }
        let mut events = Vec::new();
        let first = (1..).find(|revision| store.watch(&resource, Scope::All, *revision).is_ok()).unwrap();
        store.watch(&resource, Scope::All, first).unwrap().try_next_batch(&mut events, usize::MAX).unwrap();
        events.iter().for_each(|event| writeln!(text, "{}", line(event)).unwrap());
    }
    text
}

fn write_fixture() {
    let disk = FakeDisk::default();
    let store = open(&disk.shared());
    work(&store, &mut Random(11), 40);
    block_on(store.close());
    std::fs::create_dir_all(directory(1)).unwrap();
    for (name, bytes) in disk.files() {
        std::fs::write(directory(1).join(name), bytes).unwrap();
    }
    let text = describe(&open(&disk.after_kill().shared()));
    std::fs::write(directory(1).join("expected.txt"), text).unwrap();
}

#[test]
fn version_1_is_read() {
    if std::env::var_os("SUMUN_WRITE_FIXTURE").is_some() {
        write_fixture();
    }
    let read = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.unwrap().path();
        (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(path).unwrap())
    };
    let mut files: BTreeMap<String, Vec<u8>> = std::fs::read_dir(directory(1)).unwrap().map(read).collect();
    let expect = String::from_utf8(files.remove("expected.txt").unwrap()).unwrap();
    assert!(files.keys().any(|name| name.starts_with("snapshot-")) && files.len() > 3, "{:?}", files.keys());
    let store = open(&FakeDisk::with_files(&files).shared());
    let found = describe(&store);
    found.lines().zip(expect.lines()).for_each(|(found, expect)| assert_eq!(found, expect));
    assert_eq!(found.lines().count(), expect.lines().count());
    check_history(&store);
    // And it can be written to.
    assert!(work(&store, &mut Random(1), 40).1.is_none());
}
