//! Which files of a directory are patches of others, as its kustomization says.
//!
//! Entry point: [`Patches`].  A patch says only what it changes; taken for an object it would lack everything else.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use api::Value;

/// The names that a kustomization may have.
const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// The most of a kustomization that is read, in bytes.
const MOST_BYTES: u64 = 1 << 20;

/// Files that kustomizations name as patches, and by which one.
#[derive(Debug, Default)]
pub(crate) struct Patches(HashMap<PathBuf, PathBuf>);

impl Patches {
    /// Notes what the kustomization of a directory names, if there is one.
    pub(crate) fn of_directory(&mut self, directory: &Path) {
        for path in NAMES.map(|name| directory.join(name)) {
            let Some(kustomization) = parse(&path) else { continue };
            for name in named(&kustomization) {
                if let Ok(file) = std::fs::canonicalize(directory.join(name)) {
                    self.0.insert(file, path.clone());
                }
            }
        }
    }

    /// The kustomization that names a file as a patch.
    pub(crate) fn named_by(&self, file: &Path) -> Option<String> {
        if self.0.is_empty() {
            return None;
        }
        let file = std::fs::canonicalize(file).ok()?;
        self.0.get(&file).map(|path| path.display().to_string())
    }
}

fn parse(path: &Path) -> Option<Value> {
    if !std::fs::metadata(path).ok()?.is_file() {
        return None;
    }
    let mut text = Vec::new();
    File::open(path).ok()?.take(MOST_BYTES).read_to_end(&mut text).ok()?;
    Some(codec::yaml::parse(&text).ok()?.value)
}

/// What it names as patches; older ones have the text of a patch in the place of a name.
fn named(kustomization: &Value) -> impl Iterator<Item = &str> {
    let paths = ["patches", "patchesJson6902"];
    let paths = paths.into_iter().flat_map(|key| kustomization.array_at(&[key])).map(|p| p.str_at(&["path"]));
    let plain = kustomization.array_at(&["patchesStrategicMerge"]).iter().filter_map(Value::as_str);
    paths.chain(plain).filter(|name| !name.is_empty() && !name.contains('\n'))
}
