//! The data directory of a server, read without changing it.
//!
//! Entry point: [`read`].  The server must not be running: it holds the directory, and what it is just writing could
//! not be told from damage.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use store::{EmbeddedOptions, OpenError, Store};

use crate::disk::ReadOnly;
use crate::origin::{Origin, ProblemKind};
use crate::reader::{Found, Object, Reader, Wanted};

/// The store of a data directory, open for reading.
pub struct Stored(Store);

impl Stored {
    /// Opens the store of a data directory; nothing in it is changed.
    ///
    /// # Errors
    /// Why it cannot be read, with what to do about it.
    pub fn open(path: &Path) -> Result<Self, String> {
        let folder = folder(path);
        if !folder.is_dir() {
            return Err(format!(
                "`{}` is no data directory of sumun: it has no folder `store`",
                path.display()
            ));
        }
        let disk: Arc<dyn store::disk::Disk> = Arc::new(ReadOnly::new(folder));
        // A snapshot would be a write.
        let options = EmbeddedOptions { snapshot_bytes: u64::MAX, ..EmbeddedOptions::default() };
        Store::open_on(&disk, &options).map(Self).map_err(|error| match error {
            OpenError::Locked { directory } => format!(
                "`{directory}` is in use by a running server; read it through the server (--kubeconfig) or stop it first"
            ),
            OpenError::Io { file, error } if error.kind() == std::io::ErrorKind::ReadOnlyFilesystem => {
                format!("`{file}`: there is no store here yet")
            }
            other => other.to_string(),
        })
    }
}

/// The folder with the store: `store` in the data directory, or that folder itself.
fn folder(path: &Path) -> PathBuf {
    let inside = path.join("store");
    if inside.is_dir() || !path.join("lock").is_file() { inside } else { path.to_owned() }
}

/// Reads the wanted objects.
pub(crate) fn read(reader: &mut Reader, path: &Path) {
    let origin = Origin::whole(path.display().to_string());
    let stored = match Stored::open(path) {
        Ok(stored) => stored,
        Err(why) => return reader.problem(origin, ProblemKind::Unreadable, why),
    };
    for resource in stored.0.resources() {
        if !may_hold(&reader.wanted, &resource) {
            continue;
        }
        let snapshot = stored.0.snapshot(&resource);
        for object in snapshot.iter(&store::Scope::All, None) {
            let json = object.json_bytes();
            let taken = match codec::json::parse(json) {
                Ok(parsed) => {
                    let found = Object { value: parsed.value, origin: origin.clone() };
                    reader.take(Found::Object(found, json.len()))
                }
                Err(why) => {
                    let text = format!("{}: not JSON: {why}", object.key());
                    reader.problem(origin.clone(), ProblemKind::Broken, text);
                    std::ops::ControlFlow::Continue(())
                }
            };
            if taken.is_break() {
                return;
            }
        }
    }
}

/// False when the catalogue knows that a resource has no wanted objects.
fn may_hold(wanted: &Wanted, resource: &store::Resource) -> bool {
    let mut known =
        schema::resources().iter().filter(|r| r.group == resource.group && r.plural == resource.resource);
    known.next().is_none_or(|r| wanted.kind(r.group, r.kind))
}
