//! The catalogue and its walks against data of the reference release, which may lie beside the workspace.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests fail by panicking and say what they skip"
)]

mod openapi;
mod roundtrip;
mod transcripts;

use std::path::{Path, PathBuf};

use api::Value;

/// The folder `../shared` of the workspace, or what `SUMUN_SHARED` names; `None`, and says so, when it is not there.
fn shared() -> Option<PathBuf> {
    let folder = std::env::var_os("SUMUN_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: {} is not there", folder.display());
    None
}

/// A JSON file of that folder.
fn shared_json(path: &str) -> Option<Value> {
    Some(parse(&shared()?.join(path)))
}

fn parse(file: &Path) -> Value {
    let bytes = std::fs::read(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    codec::json::parse(&bytes).unwrap_or_else(|e| panic!("{}: {e}", file.display())).value
}
