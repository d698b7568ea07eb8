//! The sessions under `scenarios/`, one test each.

use std::path::{Path, PathBuf};

use e2e::transcript::check;

macro_rules! scenarios {
    ($($name:ident)*) => {
        const NAMES: &[&str] = &[$(stringify!($name)),*];
        $(
            #[test]
            fn $name() {
                check(&folder().join(concat!(stringify!($name), ".txt")), &[]);
            }
        )*
    };
}

scenarios! {
    access apply apply_conflict apply_server_side bad cascade change chunks columns command completion create decisions
    delete describe diff edit events explain kinds label last_applied operate output pod_security prune
    reconcile scan start wait watch workload write_options
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

#[test]
fn every_file_is_a_test() {
    let mut names: Vec<_> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert_eq!(names, NAMES);
}
