//! House rules: what ARCHITECTURE.md says of the crates is true, and no file grows out of hand.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Lines above which a file has to be taken apart.
const LONGEST: usize = 700;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn crates() -> BTreeSet<String> {
    let entries = std::fs::read_dir(root().join("crates")).unwrap();
    entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
}

/// The crates of ARCHITECTURE.md's table, each with those it may know; `None` is "all above".
fn stated() -> BTreeMap<String, Option<BTreeSet<String>>> {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let table = text.split("## Crates").nth(1).unwrap().split("## ").next().unwrap();
    let rows = table.lines().filter(|l| l.starts_with("| `"));
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let knows = match cells[3] {
            "all above" => None,
            text if text.starts_with("nothing") => Some(BTreeSet::new()),
            text => Some(text.split(", ").map(str::to_owned).collect()),
        };
        (cells[1].trim_matches('`').to_owned(), knows)
    })
    .collect()
}

/// Our own crates among the dependencies of one (those for tests aside).
fn dependencies(name: &str) -> BTreeSet<String> {
    let manifest = std::fs::read_to_string(root().join("crates").join(name).join("Cargo.toml")).unwrap();
    let section = manifest.split("[dependencies]").nth(1).unwrap_or("").split("\n[").next().unwrap_or("");
    let names = section.lines().filter_map(|l| l.split(['.', ' ', '=']).next()).map(str::to_owned);
    let ours = crates();
    names.filter(|n| ours.contains(n)).collect()
}

#[test]
fn architecture_names_every_crate_and_no_other() {
    assert_eq!(stated().into_keys().collect::<BTreeSet<_>>(), crates());
}

#[test]
fn arrows_point_down_as_stated() {
    for (name, knows) in stated() {
        let Some(knows) = knows else { continue };
        let unknown: Vec<_> = dependencies(&name).into_iter().filter(|d| !knows.contains(d)).collect();
        assert!(unknown.is_empty(), "`{name}` depends on {unknown:?}, which ARCHITECTURE.md does not say");
    }
}

#[test]
fn files_stay_short() {
    let mut long = Vec::new();
    let mut folders =
        ["crates", "bench", "fuzz/src", "fuzz/tests"].map(|folder| root().join(folder)).to_vec();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let lines = std::fs::read_to_string(&path).unwrap().lines().count();
                if lines > LONGEST {
                    long.push(format!("{} has {lines} lines", path.display()));
                }
            }
        }
    }
    assert!(long.is_empty(), "{}", long.join("\n"));
}
