//! Damage that no interrupted write explains is found, named, and left alone.

use std::collections::BTreeMap;

use sumun_store::{EmbeddedOptions, OpenError, Store};

use crate::crash::{Model, work};
use crate::disk::FakeDisk;
use crate::support::*;

type Files = BTreeMap<String, Vec<u8>>;

/// The files of a store that has gone through some segments and two snapshots, the state before and after its last
/// batch.
fn damaged() -> (Files, Model, Model) {
    // Snapshots are written by a thread of their own, which may be late.
    let enough = |files: &Files| {
        let count = |start: &str| files.keys().filter(|name| name.starts_with(start)).count();
        count("log-") > 2 && count("snapshot-") == 2
    };
    std::iter::repeat_with(written).take(100).find(|(files, ..)| enough(files)).unwrap()
}

fn written() -> (Files, Model, Model) {
    let disk = FakeDisk::default();
    let store = open(&disk.shared());
    let before = work(&store, &mut Random(5), 120).0;
    block_on(put(&store, &pods(), "last", "one")).unwrap();
    let after = Model::of(&store);
    block_on(store.close());
    (disk.after_kill().files(), before, after)
}

fn open_files(files: &Files) -> Result<Store, OpenError> {
    Store::open_on(&FakeDisk::with_files(files).shared(), &small())
}

/// The places to damage: all with `SUMUN_THOROUGH`, otherwise all in file headers and a fifth of the rest.  Five has no
/// divisor in common with eight, so every place of a frame has its turn.
fn places(len: usize) -> impl Iterator<Item = usize> {
    let step = if std::env::var_os("SUMUN_THOROUGH").is_some() { 1 } else { 5 };
    (0..len.min(64)).chain((64..len).step_by(step))
}

#[test]
fn every_changed_byte_is_noticed() {
    let (files, before, after) = damaged();
    let last = files.keys().filter(|name| name.starts_with("log-")).max().unwrap();
    let base = files.keys().filter(|name| name.starts_with("snapshot-")).min().unwrap();
    let mut refused = 0;
    for (name, bytes) in &files {
        for at in places(bytes.len()) {
            let mut files = files.clone();
            files.get_mut(name).unwrap()[at] ^= 1 << (at % 8);
            match open_files(&files) {
                Ok(store) => {
                    let found = Model::of(&store);
                    // Damage in the last batch cannot be told from a write that was cut short.
                    assert!(found == after || (name == last && found == before), "{name} at {at}");
                    assert!(name != base, "{name} at {at}");
                }
                Err(OpenError::Corrupt { file, .. }) => {
                    refused += 1;
                    assert_eq!(file, format!("fake/{name}"));
                }
                Err(OpenError::Version { .. }) => assert!((8..12).contains(&at)),
                Err(error) => panic!("{name} at {at}: {error}"),
            }
        }
    }
    assert!(refused > 1000, "{refused}");
}

#[test]
fn every_cut_is_noticed() {
    let (files, _, after) = damaged();
    let last = files.keys().filter(|name| name.starts_with("log-")).max().unwrap();
    for (name, bytes) in files.iter().filter(|(name, _)| *name != last) {
        for len in places(bytes.len()) {
            let mut files = files.clone();
            files.get_mut(name).unwrap().truncate(len);
            // Cutting zeros from a segment is harmless.
            let zeros = bytes[len..].iter().all(|byte| *byte == 0) && name.starts_with("log-");
            match open_files(&files) {
                Ok(store) => assert!(
                    (zeros || newest_snapshot(&files, name)) && Model::of(&store) == after,
                    "{name} {len}"
                ),
                Err(OpenError::Corrupt { .. }) => assert!(
                    !zeros || bytes[..len].iter().all(|byte| *byte == 0) || len % 8 != 0,
                    "{name} at {len}"
                ),
                Err(error) => panic!("{name} at {len}: {error}"),
            }
        }
    }
}

/// The newest snapshot is not read as long as the one before it is there.
fn newest_snapshot(files: &Files, name: &str) -> bool {
    files.keys().filter(|name| name.starts_with("snapshot-")).max().is_some_and(|newest| newest == name)
}

#[test]
fn a_missing_file_is_noticed() {
    let (files, _, after) = damaged();
    let logs: Vec<&String> = files.keys().filter(|name| name.starts_with("log-")).collect();
    for name in files.keys() {
        let mut fewer = files.clone();
        fewer.remove(name);
        match open_files(&fewer) {
            // A snapshot or the lock may go: the other snapshot has the same objects.
            Ok(store) => {
                // Without its newest segment a log looks like one that ended before.
                let found = Model::of(&store);
                assert!(
                    found == after || (Some(&name) == logs.last() && found.revision < after.revision),
                    "{name}"
                );
            }
            Err(OpenError::Corrupt { what, .. }) => assert!(name.starts_with("log-"), "{name}: {what}"),
            Err(error) => panic!("{name}: {error}"),
        }
    }
    let only_snapshots: Files = files.into_iter().filter(|(name, _)| name.starts_with("snapshot-")).collect();
    let error = open_files(&only_snapshots).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("there is a snapshot but no log"), "{error}");
}

#[test]
fn a_log_that_ends_before_the_snapshot_is_noticed() {
    let number = |name: &str| name.split(['-', '.']).nth(1).unwrap().parse::<u64>().unwrap();
    // Where segments begin depends on threads; one is wanted that begins before the snapshot.
    let files = std::iter::repeat_with(|| damaged().0)
        .find(|files| {
            let first =
                |start: &str| files.keys().find(|name| name.starts_with(start)).map(|name| number(name));
            first("log-") <= first("snapshot-")
        })
        .unwrap();
    let oldest = files.keys().find(|name| name.starts_with("log-")).unwrap();
    let mut cut: Files =
        files.iter().filter(|(name, _)| *name == oldest || !name.starts_with("log-")).map(own).collect();
    cut.get_mut(oldest).unwrap().truncate(64);
    let error = open_files(&cut).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("the log ends at revision"), "{error}");
    let newest = files.keys().rfind(|name| name.starts_with("snapshot-")).unwrap();
    cut.remove(newest);
    let error = open_files(&cut).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("the state is at"), "{error}");
}

fn own((name, bytes): (&String, &Vec<u8>)) -> (String, Vec<u8>) {
    (name.clone(), bytes.clone())
}

#[test]
fn files_of_two_stores_do_not_mix() {
    let (files, ..) = damaged();
    let (others, ..) = damaged();
    for name in files.keys().filter(|name| name.starts_with("log-") && others.contains_key(*name)) {
        let mut mixed = files.clone();
        mixed.insert(name.clone(), others[name].clone());
        assert!(matches!(open_files(&mixed), Err(OpenError::Corrupt { .. })), "{name}");
    }
}

#[test]
fn an_error_names_the_file_and_the_place() {
    let disk = FakeDisk::default();
    let store = open(&disk.shared());
    for n in 0..4 {
        block_on(put(&store, &pods(), "a", &n.to_string())).unwrap();
    }
    drop(store);
    let mut files = disk.files();
    let log = files.get_mut("log-00000000000000000002.log").unwrap();
    log[70] ^= 1;
    let error = open_files(&files).map(|_| ()).unwrap_err().to_string();
    let expect = "the store is damaged: `fake/log-00000000000000000002.log` at offset 64: the frame header is damaged, \
                  but a later frame follows at offset 264; restore the directory from a backup, nothing was changed";
    assert_eq!(error, expect);
    let files_after = FakeDisk::with_files(&files).files();
    assert_eq!(files, files_after);
}

#[test]
fn data_that_looks_like_a_frame_is_data() {
    let disk = FakeDisk::default();
    let options = EmbeddedOptions::default();
    let store = Store::open_on(&disk.shared(), &options).unwrap();
    block_on(put(&store, &pods(), "a", "one")).unwrap();
    let frame = {
        let files = disk.files();
        files["log-00000000000000000002.log"][64..96].to_vec()
    };
    // What can be put into JSON of a frame, at every alignment.
    let text: String =
        frame.iter().map(|byte| if byte.is_ascii_graphic() { *byte as char } else { 'B' }).collect();
    let text = format!("BTCH{text}").repeat(20).replace(['"', '\\'], "x");
    block_on(put(&store, &pods(), "a", &text)).unwrap();
    let before = Model::of(&store);
    block_on(put(&store, &pods(), "b", &text)).unwrap();
    drop(store);
    let mut files = disk.files();
    let log = files.get_mut("log-00000000000000000002.log").unwrap();
    let end = log.iter().rposition(|byte| *byte != 0).unwrap();
    log[end - 3] ^= 1;
    assert_eq!(Model::of(&open_files(&files).unwrap()), before);
}
