//! Files and directories.
//!
//! Entry points: [`path`], [`read`].

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Cursor, Read};
use std::ops::ControlFlow;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::bytes::Bytes;
use crate::documents::Documents;
use crate::origin::{Origin, ProblemKind};
use crate::reader::{Found, Reader};
use crate::{json, kustomize, yaml};

/// How deep directories may nest.
const MAX_DEPTH: usize = 64;

/// Reads one text of YAML documents or JSON values, both lists too, and hands on what is in it as it is found.  No more
/// than one document, or one item of a list, is in memory; one of more than `limit` bytes is a problem.
///
/// # Errors
/// [`ControlFlow::Break`] when `found` wants no more.
pub fn read(
    name: &str,
    input: &mut dyn Read,
    limit: usize,
    found: &mut dyn FnMut(Found) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let mut documents = Documents::new(Arc::from(name), limit, found);
    let mut bytes = Bytes::new(input);
    let head = bytes.ahead();
    if head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]) {
        return wide(&mut bytes, &mut documents);
    }
    if head.starts_with(&[0xef, 0xbb, 0xbf]) {
        bytes.skip(3);
    }
    documents_of(&mut bytes, &mut documents, name.ends_with(".json"))
}

fn documents_of(bytes: &mut Bytes, documents: &mut Documents, is_json: bool) -> ControlFlow<()> {
    if is_json || looks_like_json(bytes.ahead()) {
        json::read(bytes, documents)?;
    } else {
        yaml::read(bytes, documents)?;
    }
    match bytes.failure().map(ToString::to_string) {
        None => ControlFlow::Continue(()),
        Some(why) => {
            documents.problem(bytes.line(), ProblemKind::Unreadable, format!("reading stops here: {why}"))
        }
    }
}

/// Text in UTF-16 is read as a whole.
fn wide(bytes: &mut Bytes, documents: &mut Documents) -> ControlFlow<()> {
    let Some(all) = bytes.rest(documents.limit) else { return documents.too_large(1) };
    let (pairs, _) = all.as_chunks::<2>();
    let little = all.starts_with(&[0xff]);
    let units = pairs
        .iter()
        .skip(1)
        .map(|pair| if little { u16::from_le_bytes(*pair) } else { u16::from_be_bytes(*pair) });
    let text: String = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    let mut input = Cursor::new(text);
    documents_of(&mut Bytes::new(&mut input), documents, false)
}

/// `{` before a string or `}`, or `[`: other braces are YAML's, or those of templates.
fn looks_like_json(head: &[u8]) -> bool {
    let mut signs = head.iter().filter(|b| !b.is_ascii_whitespace());
    match signs.next() {
        Some(b'[') => true,
        Some(b'{') => matches!(signs.next(), Some(b'"' | b'}')),
        _ => false,
    }
}

/// Reads a file, or the `.yaml`, `.yml` and `.json` files of a directory and those below it, by name.  Files and
/// directories whose names begin with a dot are passed over, and so are links to directories.  No file is read twice,
/// whatever its names.
pub(crate) fn path(reader: &mut Reader, path: &Path) {
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => directory(reader, path, 0),
        Ok(_) => file(reader, path),
        Err(why) => unreadable(reader, path, &why),
    }
    // Behind everything else: what has a name of its own is known by that.
    for link in std::mem::take(&mut reader.walk.links) {
        if !reader.is_full() {
            file(reader, &link);
        }
    }
}

/// What is known on the way through directories.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    /// Files that were read, by device and number.
    read: HashSet<(u64, u64)>,
    /// Links to files, not read yet.
    links: Vec<PathBuf>,
    /// Files that a kustomization names as patches, and where it stands.
    pub(crate) patches: kustomize::Patches,
}

fn directory(reader: &mut Reader, path: &Path, depth: usize) {
    let entries = match entries(path) {
        Ok(entries) => entries,
        Err(why) => return unreadable(reader, path, &why),
    };
    reader.walk.patches.of_directory(path);
    for (entry, what) in entries {
        if reader.is_full() {
            return;
        }
        let is_directory = what == What::Directory;
        if what == What::Other {
            // A pipe would be waited for, a link in a circle leads nowhere.
            let text = "it is no file; it is not read";
            reader.problem(Origin::whole(entry.display().to_string()), ProblemKind::Unreadable, text);
        } else if what == What::Link {
            reader.walk.links.push(entry);
        } else if is_directory && depth == MAX_DEPTH {
            let text = format!("directories nest more than {MAX_DEPTH} deep; what is below is not read");
            reader.problem(Origin::whole(entry.display().to_string()), ProblemKind::TooLarge, text);
        } else if is_directory {
            directory(reader, &entry, depth + 1);
        } else {
            file(reader, &entry);
        }
    }
}

/// What stands in a directory.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    File,
    Directory,
    /// To a file.
    Link,
    /// Named like a file that may hold objects, and none.
    Other,
}

/// The directories and what may hold objects, by name.
fn entries(path: &Path) -> io::Result<Vec<(PathBuf, What)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let kind = entry.file_type()?;
        let holds = path.extension().is_some_and(|e| e == "yaml" || e == "yml" || e == "json");
        if kind.is_dir() {
            found.push((path, What::Directory));
        } else if holds {
            let behind = std::fs::metadata(&path);
            let what = match behind {
                Ok(behind) if behind.is_file() && kind.is_symlink() => What::Link,
                Ok(behind) if behind.is_file() => What::File,
                // Links to directories are passed over, so that nothing is read twice.
                Ok(behind) if behind.is_dir() => continue,
                _ => What::Other,
            };
            found.push((path, what));
        }
    }
    found.sort();
    Ok(found)
}

fn file(reader: &mut Reader, path: &Path) {
    let known = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file);
    if known.is_some_and(|known| !reader.walk.read.insert((known.dev(), known.ino()))) {
        return;
    }
    if let Some(by) = reader.walk.patches.named_by(path) {
        let text = format!("a patch of {by}, no object of its own: give what `kubectl kustomize` writes");
        reader.problem(Origin::whole(path.display().to_string()), ProblemKind::NotAnObject, text);
        return;
    }
    if reader.files == reader.limits.files {
        let text = format!("more than {} files; from here on none is read", reader.limits.files);
        reader.problem(Origin::whole(path.display().to_string()), ProblemKind::TooLarge, text);
    }
    reader.files += 1;
    if reader.files > reader.limits.files {
        return;
    }
    match File::open(path) {
        Ok(mut input) => reader.text(&path.display().to_string(), &mut input),
        Err(why) => unreadable(reader, path, &why),
    }
}

fn unreadable(reader: &mut Reader, path: &Path, why: &io::Error) {
    reader.problem(Origin::whole(path.display().to_string()), ProblemKind::Unreadable, why.to_string());
}
