//! The files of a host below some directory: links are followed within it, and what could not be seen is remembered.
//!
//! Entry point: [`Root`].

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::PathBuf;

use api::{Value, object};

/// How many links are followed for one path.
const MOST_LINKS: usize = 40;
/// The most entries of a directory that are looked at.
const MOST_ENTRIES: usize = 4_096;
/// The most bytes of a file that are read.
const MOST_BYTES: u64 = 1 << 20;
/// Opening does not wait for whoever writes (`O_NONBLOCK`).
const AT_ONCE: i32 = 0o4000;

/// Where a host's files are.
pub(super) struct Root {
    at: PathBuf,
    users: BTreeMap<u32, String>,
    groups: BTreeMap<u32, String>,
    missing: BTreeMap<String, (String, String)>,
}

/// What is told of a file, directory or socket.
pub(super) struct Stat {
    /// `file`, `directory`, `socket` or `other`.
    pub kind: &'static str,
    /// Its path without links.
    pub target: String,
    mode: u32,
    uid: u32,
    gid: u32,
    /// When it was changed, in seconds since 1970.
    pub changed: i64,
}

impl Root {
    /// The host below a directory; `/` is this one.
    pub(super) fn new(at: PathBuf) -> Self {
        let mut root = Self { at, users: BTreeMap::new(), groups: BTreeMap::new(), missing: BTreeMap::new() };
        root.users = root.names("/etc/passwd");
        root.groups = root.names("/etc/group");
        root
    }

    /// True for this host itself, where programs may be asked.
    pub(super) fn is_here(&self) -> bool {
        self.at.as_os_str() == "/"
    }

    /// Names by number: the first and third column.
    fn names(&mut self, path: &str) -> BTreeMap<u32, String> {
        let text = self.read(path).unwrap_or_default();
        let row = |line: &str| {
            let mut columns = line.split(':');
            let name = columns.next()?.to_owned();
            Some((columns.nth(1)?.parse().ok()?, name))
        };
        // The first name of a number counts.
        text.lines().rev().filter_map(row).collect()
    }

    /// What could not be seen, and what to do about it.
    pub(super) fn lack(&mut self, what: &str, why: impl Into<String>, todo: &str) {
        self.missing.entry(what.to_owned()).or_insert_with(|| (why.into(), todo.to_owned()));
    }

    /// Everything that could not be seen.
    pub(super) fn missing(&self) -> Vec<Value> {
        let gap = |(what, (why, todo)): (&String, &(String, String))| {
            object! { "what" => what.as_str(), "why" => why.as_str(), "todo" => todo.as_str() }
        };
        self.missing.iter().map(gap).collect()
    }

    /// Where a path of the host really is, with every link followed below the root.
    fn resolve(&self, path: &str) -> Option<(PathBuf, String)> {
        let mut ahead: Vec<String> = path.split('/').rev().map(str::to_owned).collect();
        let (mut done, mut links): (Vec<String>, usize) = (Vec::new(), 0);
        while let Some(step) = ahead.pop() {
            match step.as_str() {
                "" | "." => continue,
                ".." => {
                    done.pop();
                    continue;
                }
                _ => done.push(step),
            }
            let real = self.at.join(done.join("/"));
            if let Ok(target) = fs::read_link(&real) {
                links += 1;
                if links > MOST_LINKS {
                    return None;
                }
                let target = target.to_string_lossy();
                done.pop();
                if target.starts_with('/') {
                    done.clear();
                }
                ahead.extend(target.split('/').rev().map(str::to_owned));
            }
        }
        let path = done.join("/");
        Some((self.at.join(&path), format!("/{path}")))
    }

    /// Says what could not be seen; what is not there, or is gone by now, is nothing to say.
    fn denied(&mut self, path: &str, why: &io::Error) {
        match why.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => {}
            ErrorKind::PermissionDenied => self.lack(path, "permission denied", "run as root"),
            _ => self.lack(path, why.to_string(), "look at it by hand"),
        }
    }

    /// Of another root not everything may be there: what lies in a directory that is not was not seen.
    pub(super) fn lack_unmounted(&mut self, path: &str) {
        // Of these, some may be mounted without the others.
        let steps = if path.starts_with("/var/") || path.starts_with("/usr/") { 2 } else { 1 };
        let top: String = path.split('/').skip(1).take(steps).map(|step| format!("/{step}")).collect();
        if !self.is_here() && !self.exists(&top) {
            self.lack(&top, "it is not there", "mount it below --root");
        }
    }

    /// True when it was said that a path could not be seen.
    pub(super) fn is_missing(&self, path: &str) -> bool {
        self.missing.contains_key(path)
    }

    /// What is at a path, if anything is.
    pub(super) fn stat(&mut self, path: &str) -> Option<Stat> {
        let (real, target) = self.resolve(path)?;
        let data = fs::metadata(real).map_err(|why| self.denied(path, &why)).ok()?;
        let kind = match data.file_type() {
            kind if kind.is_file() => "file",
            kind if kind.is_dir() => "directory",
            kind if kind.is_socket() => "socket",
            _ => "other",
        };
        let (mode, uid, gid) = (data.mode() & 0o7777, data.uid(), data.gid());
        Some(Stat { kind, target, mode, uid, gid, changed: data.mtime() })
    }

    /// True when something is at a path.
    pub(super) fn exists(&mut self, path: &str) -> bool {
        self.stat(path).is_some()
    }

    /// The facts of a path.
    pub(super) fn facts(&self, path: &str, stat: &Stat) -> Value {
        let name = |names: &BTreeMap<u32, String>, id: u32| {
            names.get(&id).cloned().unwrap_or_else(|| id.to_string())
        };
        let mut facts = object! {
            "path" => path,
            "type" => stat.kind,
            "mode" => format!("{:04o}", stat.mode).as_str(),
            "owner" => name(&self.users, stat.uid).as_str(),
            "group" => name(&self.groups, stat.gid).as_str(),
        };
        if stat.target != path {
            facts.set_at(&["target"], stat.target.as_str());
        }
        facts
    }

    /// The text of a file that is not too large.
    pub(super) fn read(&mut self, path: &str) -> Option<String> {
        let text = String::from_utf8(self.bytes(path)?);
        if text.is_err() {
            self.lack(path, "it is not in UTF-8", "look at it by hand");
        }
        text.ok()
    }

    /// The bytes of a file that is not too large.
    fn bytes(&mut self, path: &str) -> Option<Vec<u8>> {
        match self.peek(path) {
            Ok(bytes) => return Some(bytes),
            Err(why) if why.kind() == ErrorKind::FileTooLarge => {
                self.lack(path, "it is larger than 1 MiB", "look at it by hand");
            }
            // Directories and pipes have nothing to read.
            Err(why) if why.kind() == ErrorKind::InvalidInput => {}
            Err(why) => self.denied(path, &why),
        }
        None
    }

    /// The same, without a word when it cannot be had.
    pub(super) fn peek(&self, path: &str) -> io::Result<Vec<u8>> {
        let (real, _) = self.resolve(path).ok_or(ErrorKind::NotFound)?;
        // Nothing that could wait for a writer is opened.
        if !fs::metadata(&real)?.is_file() {
            return Err(ErrorKind::InvalidInput.into());
        }
        let file = fs::OpenOptions::new().read(true).custom_flags(AT_ONCE).open(real)?;
        let mut bytes = Vec::new();
        file.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MOST_BYTES {
            return Err(ErrorKind::FileTooLarge.into());
        }
        Ok(bytes)
    }

    /// The first line of a file, without spaces around it.
    pub(super) fn line(&mut self, path: &str) -> Option<String> {
        let text = self.read(path)?;
        Some(text.lines().next().unwrap_or("").trim().to_owned())
    }

    /// The names in a directory, sorted.
    pub(super) fn list(&mut self, path: &str) -> Vec<String> {
        self.list_all(path, MOST_ENTRIES)
    }

    /// The same, up to some number.
    pub(super) fn list_all(&mut self, path: &str, most: usize) -> Vec<String> {
        let Some((real, _)) = self.resolve(path) else { return Vec::new() };
        let entries = match fs::read_dir(real) {
            Ok(entries) => entries,
            Err(why) => {
                self.denied(path, &why);
                return Vec::new();
            }
        };
        let mut names = Vec::new();
        for entry in entries.take(most + 1) {
            match entry.map(|entry| entry.file_name().into_string()) {
                Ok(Ok(name)) => names.push(name),
                Ok(Err(name)) => {
                    let shown = format!("{path}/{}", name.to_string_lossy());
                    self.lack(&shown, "its name is not in UTF-8", "rename it");
                }
                Err(why) => self.denied(path, &why),
            }
        }
        names.sort();
        if names.len() > most {
            self.lack(path, format!("it has more than {most} entries"), "look at the rest by hand");
            names.truncate(most);
        }
        names
    }
}
