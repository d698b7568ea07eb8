//! Turns the tables under `catalogue/` into `'static` Rust: one `static` a message, lookups over all of them.
//!
//! `table` reads the text, `resolve` follows type names across packages, `emit` writes the code that `src/catalogue.rs`
//! includes.  `catalogue/README.md` describes the tables.

mod emit;
#[path = "../src/hash.rs"]
mod hash;
mod resolve;
mod resources;
mod table;

use std::error::Error;
use std::path::Path;
use std::{env, fs};

#[expect(clippy::print_stdout, reason = "a build script talks to cargo on its standard output")]
fn main() -> Result<(), Box<dyn Error>> {
    let root = env::var("CARGO_MANIFEST_DIR")?;
    let folder = Path::new(&root).join("catalogue");
    println!("cargo::rerun-if-changed={}", folder.display());
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed=src/hash.rs");
    let mut packages = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        let Some(id) = path.file_name().and_then(|n| n.to_str()).and_then(|n| n.strip_suffix(".txt")) else {
            continue;
        };
        if !matches!(id, "resources" | "own") {
            let text = fs::read_to_string(&path)?;
            packages.push(table::parse(id, &text).map_err(|e| format!("{}: {e}", path.display()))?);
        }
    }
    packages.sort_by(|a, b| a.id.cmp(&b.id));
    let catalogue = resolve::Catalogue::new(&packages)?;
    let [resources, own] = ["resources.txt", "own.txt"].map(|name| folder.join(name));
    let resources = resources::parse(&fs::read_to_string(resources)?)?;
    let own = resources::parse(&fs::read_to_string(own)?)?;
    let code = emit::code(&catalogue, &resources, &own)?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("catalogue.rs"), code)?;
    Ok(())
}
