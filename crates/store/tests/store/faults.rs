//! The disk runs full or breaks: a clean error, nothing half done.

use sumun_store::{CommitError, Condition, Health, Key, OpenError, Store};

use crate::crash::{Model, check_history, work};
use crate::disk::{FakeDisk, Fault};
use crate::support::*;

#[test]
fn any_step_may_find_the_disk_full() {
    let disk = FakeDisk::default();
    work(&open(&disk.shared()), &mut Random(1), 60);
    for step in 1..=disk.steps() {
        let disk = FakeDisk::default();
        disk.fail_at(step, Fault::Full);
        let Ok(store) = Store::open_on(&disk.shared(), &small()) else { continue };
        let (sure, maybe) = work(&store, &mut Random(1), 60);
        // A full disk is survived unless it is found out at a point of no return.
        assert!(maybe.is_some() || sure.revision > 55, "step {step}: {}", sure.revision);
        drop(store);
        let store = open(&disk.after_crash(&mut Random(step)).shared());
        let found = Model::of(&store);
        assert!(found == sure || Some(&found) == maybe.as_ref(), "step {step}");
        check_history(&store);
    }
}

#[test]
fn any_step_may_find_the_disk_broken() {
    let disk = FakeDisk::default();
    work(&open(&disk.shared()), &mut Random(1), 60);
    for step in 1..=disk.steps() {
        let disk = FakeDisk::default();
        disk.fail_at(step, Fault::Broken);
        let Ok(store) = Store::open_on(&disk.shared(), &small()) else { continue };
        let (sure, maybe) = work(&store, &mut Random(1), 60);
        if maybe.is_some() {
            // From now on nothing is written, whatever the disk says; reads go on.
            assert!(matches!(store.health(), Health::ReadOnly(_)), "step {step}");
            let logs =
                |disk: &FakeDisk| disk.files().into_iter().filter(|(name, _)| name.starts_with("log-"));
            let before: Vec<_> = logs(&disk).collect();
            let refused = block_on(put(&store, &pods(), "a", "x"));
            assert!(matches!(refused, Err(CommitError::Unavailable(_))), "step {step}");
            assert_eq!(Model::of(&store), sure);
            assert!(logs(&disk).all(|file| before.contains(&file)), "step {step}");
        }
        drop(store);
        let store = open(&disk.after_crash(&mut Random(step)).shared());
        let found = Model::of(&store);
        assert!(found == sure || Some(&found) == maybe.as_ref(), "step {step}");
    }
}

#[test]
fn a_full_disk_is_left_as_it_was_and_room_brings_the_store_back() {
    let disk = FakeDisk::default();
    let store = open(&disk.shared());
    let before = work(&store, &mut Random(1), 30).0;
    disk.set_capacity(Some(disk.used()));
    let mut full = 0;
    for n in 0..40 {
        match block_on(put(&store, &pods(), "a", &"x".repeat(n * 20))) {
            Ok(_) => assert_eq!(store.health(), Health::Ok),
            Err(CommitError::StorageFull(why)) => {
                full += 1;
                assert!(why.contains("fake/"), "{why}");
                assert!(matches!(store.health(), Health::StorageFull(_)));
                let open = open(&disk.after_kill().shared());
                assert_eq!(Model::of(&open), Model::of(&store));
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert!(full > 10);
    disk.set_capacity(None);
    let last = block_on(put(&store, &pods(), "a", "room")).unwrap();
    assert_eq!(store.health(), Health::Ok);
    assert!(last.revision() > before.revision);
    let expect = Model::of(&store);
    drop(store);
    assert_eq!(Model::of(&open(&disk.shared())), expect);
}

/// A conflict with a write that then failed is no conflict.
#[test]
fn conflicts_are_with_what_is_there() {
    let disk = FakeDisk::default();
    let store = open(&disk.shared());
    disk.set_capacity(Some(disk.used()));
    let (mut full, runtime) = (0, tokio::runtime::Builder::new_current_thread().build().unwrap());
    for round in 0..200 {
        let filler = "x".repeat(3000);
        let writers: Vec<_> = (0..8)
            .map(|_| {
                let (store, filler) = (store.clone(), filler.clone());
                let key = Key::new(&pods(), "ns", round.to_string());
                runtime.spawn(async move { store.put(key, Condition::Absent, draft("a", &filler)).await })
            })
            .collect();
        for writer in writers {
            match runtime.block_on(writer).unwrap() {
                Err(CommitError::StorageFull(_)) => full += 1,
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!((full, store.revision(), contents(&store).len()), (1600, 1, 0));
}

#[test]
fn one_directory_has_one_owner() {
    let disk = FakeDisk::default();
    let store = open(&disk.shared());
    let second = Store::open_on(&disk.shared(), &small()).map(|_| ()).unwrap_err();
    assert!(matches!(second, OpenError::Locked { .. }), "{second}");
    drop(store);
    open(&disk.shared());

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a/b");
    let store = Store::open(&path, &small()).unwrap();
    let second = Store::open(&path, &small()).map(|_| ()).unwrap_err();
    assert_eq!(second.to_string(), format!("`{}/` is in use by another process", path.display()));
    block_on(put(&store, &pods(), "a", "x")).unwrap();
    block_on(store.close());
    let again = Store::open(&path, &small()).unwrap();
    assert!(again.get(&Key::new(&pods(), "ns", "a")).is_some());
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store");
    let store = Store::open(&path, &small()).unwrap();
    work(&store, &mut Random(1), 60);
    block_on(store.close());
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o700);
    for file in std::fs::read_dir(&path).unwrap() {
        assert_eq!(mode(&file.unwrap().path()), 0o600);
    }
}
