//! What `sumun scan host` wrote about a host: files, processes, units, and how the system is set up.
//!
//! Entry point: [`Host::all`].

use std::collections::BTreeMap;

use api::Value;

use super::flags::Flags;
use crate::catalogue::Kind;
use crate::document::Document;
use crate::finding::Place;
use crate::input::Input;

/// A host.
#[derive(Clone, Debug)]
pub(crate) struct Host<'a> {
    pub document: &'a Document,
    files: BTreeMap<&'a str, File<'a>>,
}

/// A file, directory or socket; everything is told of what a link leads to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct File<'a> {
    pub path: &'a str,
    /// `file`, `directory` or `socket`.
    pub kind: &'a str,
    /// Its permissions, with the set-user-id, set-group-id and sticky bits; `None` when they were not seen.
    pub mode: Option<u32>,
    pub owner: &'a str,
    pub group: &'a str,
    /// What stands in it, for files whose contents are collected.
    pub content: Option<&'a str>,
}

/// A running program.
#[derive(Clone, Debug)]
pub(crate) struct Process<'a> {
    pub args: Vec<&'a str>,
    /// The variables that it goes by.
    pub environment: &'a Value,
    /// Another program has it inside.
    pub is_inside: bool,
}

/// What is known about a path.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Seen<'a> {
    /// It is there.
    There(File<'a>),
    /// It is not there.
    Absent,
    /// Nobody could look; why.
    Unknown(&'a str),
}

impl<'a> Host<'a> {
    /// Every host that was given.
    pub(crate) fn all(input: &'a Input) -> Vec<Self> {
        input.of_kind(Kind::Host).map(Self::of).collect()
    }

    fn of(document: &'a Document) -> Self {
        let files = document.value.array_at(&["files"]).iter().map(File::of);
        Self { document, files: files.map(|file| (file.path, file)).collect() }
    }

    /// Its name; the name of the document when it has none.
    pub(crate) fn name(&self) -> &'a str {
        match self.document.value.str_at(&["metadata", "name"]) {
            "" => &self.document.origin.source,
            name => name,
        }
    }

    /// What was collected at a path of members.
    pub(crate) fn at(&self, path: &[&str]) -> &'a Value {
        self.document.value.at(path)
    }

    /// A file, directory or socket.
    pub(crate) fn file(&self, path: &str) -> Option<File<'a>> {
        self.files.get(trimmed(path)).copied()
    }

    /// What stands in a file.
    pub(crate) fn content(&self, path: &str) -> Option<&'a str> {
        self.file(path)?.content
    }

    /// Everything below a directory, not the directory itself.
    pub(crate) fn below(&self, directory: &str) -> impl Iterator<Item = File<'a>> {
        let start = format!("{}/", trimmed(directory));
        self.files.values().filter(move |file| file.path.starts_with(&start)).copied()
    }

    /// What is known about a path.
    pub(crate) fn seen(&self, path: &str) -> Seen<'a> {
        match self.file(path) {
            Some(file) => Seen::There(file),
            None if self.at(&["files"]).is_null() => Seen::Unknown("no files were collected"),
            None => self.missing(path).map_or(Seen::Absent, Seen::Unknown),
        }
    }

    /// Why something was not collected: a path (or a directory above it), or a word such as `updates`.
    pub(crate) fn missing(&self, what: &str) -> Option<&'a str> {
        let what = trimmed(what);
        let above = |gap: &&Value| {
            let gap = gap.str_at(&["what"]);
            // There were too many files to tell of all.
            if gap == "files" && what.starts_with('/') {
                return true;
            }
            what.strip_prefix(gap).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let gaps = self.document.value.array_at(&["missing"]);
        gaps.iter().find(above).map(|gap| gap.str_at(&["why"]))
    }

    /// The running programs of a name, such as `kubelet`.
    pub(crate) fn processes(&self, name: &str) -> impl Iterator<Item = Process<'a>> {
        let all = self.document.value.array_at(&["processes"]).iter();
        all.filter(move |process| process.str_at(&["name"]) == name).map(|process| Process {
            args: process.array_at(&["args"]).iter().filter_map(Value::as_str).collect(),
            environment: process.at(&["environment"]),
            is_inside: !process.str_at(&["within"]).is_empty(),
        })
    }

    /// The flags of the first running program of a name.
    pub(crate) fn flags(&self, name: &str) -> Option<Flags<'a>> {
        self.processes(name).next().map(|process| process.flags())
    }

    /// Where a finding about a path of this host is.
    pub(crate) fn place(&self, kind: &str, path: &str) -> Place {
        Place::named(kind, format!("{}:{path}", self.name()), &self.document.origin)
    }
}

impl<'a> File<'a> {
    fn of(value: &'a Value) -> Self {
        let text = |member| value.str_at(&[member]);
        Self {
            path: trimmed(text("path")),
            kind: text("type"),
            mode: u32::from_str_radix(text("mode"), 8).ok(),
            owner: text("owner"),
            group: text("group"),
            content: value.at(&["content"]).as_str(),
        }
    }

    /// The part of its path behind the last `/`.
    pub(crate) fn base_name(&self) -> &'a str {
        self.path.rsplit_once('/').map_or(self.path, |(_, name)| name)
    }
}

impl<'a> Process<'a> {
    /// Its flags.
    pub(crate) fn flags(&self) -> Flags<'a> {
        Flags::parse(self.args.iter().skip(1).copied())
    }
}

/// A path without the `/` at its end.
fn trimmed(path: &str) -> &str {
    match path.trim_end_matches('/') {
        "" => path,
        path => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FACTS: &str = "{metadata: {name: a}, files: [
        {path: /etc/x, type: directory, mode: '0755', owner: root, group: root},
        {path: /etc/x/1, type: file, mode: '4600', owner: root, group: etcd, content: c},
        {path: /etc/x.d/2, type: file, mode: huh}],
        processes: [{name: kubelet, args: [/usr/bin/kubelet, --a, b]}],
        missing: [{what: /var/lib/etcd, why: permission denied}]}";

    #[test]
    fn a_host_tells_what_is_there() {
        let documents = Document::parse(Kind::Host, "facts", FACTS.as_bytes()).unwrap();
        let input = Input { documents, ..Input::default() };
        let hosts = Host::all(&input);
        let host = &hosts[0];
        let below: Vec<_> = host.below("/etc/x/").map(|file| (file.base_name(), file.mode)).collect();
        assert_eq!((host.name(), below), ("a", vec![("1", Some(0o4600))]));
        assert_eq!((host.content("/etc/x/1"), host.content("/etc/x")), (Some("c"), None));
        assert!(matches!(host.seen("/etc/x/"), Seen::There(File { kind: "directory", .. })));
        assert!(matches!(host.seen("/etc/x/2"), Seen::Absent));
        assert!(matches!(host.seen("/var/lib/etcd/member"), Seen::Unknown("permission denied")));
        assert!(matches!(host.seen("/var/lib/etcd2"), Seen::Absent));
        let many = Document::parse(Kind::Host, "facts", b"{files: [], missing: [{what: files, why: many}]}")
            .unwrap();
        let many = Host::of(&many[0]);
        assert!(matches!(many.seen("/etc/x"), Seen::Unknown("many")) && many.missing("updates").is_none());
        assert_eq!(host.flags("kubelet").and_then(|flags| flags.last("a")), Some("b"));
        assert_eq!(host.file("/etc/x.d/2").map(|file| file.mode), Some(None));
    }
}
