//! The files that flags name, wherever they were given: as documents, or with the facts of a host.

use std::borrow::Cow;
use std::collections::BTreeMap;

use api::Value;
use evidence::Origin;

use super::{Component, ControlPlane};
use crate::catalogue::Kind;
use crate::document::Document;
use crate::finding::Place;
use crate::input::Input;

/// Flags that name files which tell how the control plane is set up, and hold no key and no token of their own.
const NAMES: &[&str] = &[
    "admission-control-config-file",
    "audit-policy-file",
    "audit-webhook-config-file",
    "authentication-config",
    "authentication-token-webhook-config-file",
    "authorization-config",
    "authorization-policy-file",
    "authorization-webhook-config-file",
    "cert-file",
    "client-ca-file",
    "config",
    "config-file",
    "encryption-provider-config",
    "openshift-config",
    "requestheader-client-ca-file",
    "tls-cert-file",
    "trusted-ca-file",
];

/// Kinds of documents that a flag may name.
const KINDS: [Kind; 3] = [Kind::ControlPlane, Kind::AuditPolicy, Kind::Kubeconfig];

/// Every file that a flag may name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Files<'a> {
    /// Documents by the last part of the name of their file.
    by_name: BTreeMap<&'a str, Vec<&'a Document>>,
    /// Files of hosts whose content was given, by path.
    of_hosts: BTreeMap<&'a str, Vec<OfHost<'a>>>,
}

#[derive(Clone, Copy, Debug)]
struct OfHost<'a> {
    host: &'a str,
    file: &'a Value,
    origin: &'a Origin,
}

/// A file.
#[derive(Clone, Debug)]
pub(crate) struct File<'a> {
    /// What it is called.
    pub path: String,
    pub origin: &'a Origin,
    content: Content<'a>,
}

#[derive(Clone, Debug)]
enum Content<'a> {
    Text(&'a str),
    Documents(Vec<&'a Document>),
}

impl<'a> Files<'a> {
    pub(super) fn of(input: &'a Input) -> Self {
        let mut files = Self::default();
        for document in input.documents.iter().filter(|d| KINDS.contains(&d.kind)) {
            files.by_name.entry(base(&document.origin.source)).or_default().push(document);
        }
        for host in input.of_kind(Kind::Host) {
            let (name, origin) = (host.value.str_at(&["metadata", "name"]), &host.origin);
            for file in host.value.array_at(&["files"]).iter().filter(|f| f.get("content").is_some()) {
                let found = OfHost { host: name, file, origin };
                files.of_hosts.entry(file.str_at(&["path"])).or_default().push(found);
            }
        }
        files
    }

    /// The file of that path on a host; any host's when nobody says which.
    pub(crate) fn find(&self, path: &str, host: &str) -> Option<File<'a>> {
        if path.is_empty() {
            return None;
        }
        let hosts = self.of_hosts.get(path).map_or(&[][..], Vec::as_slice);
        let own = hosts
            .iter()
            .find(|found| found.host == host)
            .or_else(|| hosts.first().filter(|_| host.is_empty()));
        if let Some(OfHost { file, origin, .. }) = own {
            return Some(File::of_host(path, file, origin));
        }
        self.document(path).or_else(|| {
            let OfHost { file, origin, .. } = hosts.first()?;
            Some(File::of_host(path, file, origin))
        })
    }

    /// A document whose file is called so: by its whole path, by the end of it, or by its name when only one is.
    fn document(&self, path: &str) -> Option<File<'a>> {
        let all = self.by_name.get(base(path))?;
        let sources: Vec<&'a str> = {
            let mut sources: Vec<&str> = all.iter().map(|d| &*d.origin.source).collect();
            sources.dedup();
            sources
        };
        let ends = |source: &&&str| {
            source
                .strip_suffix(path)
                .is_some_and(|front| front.is_empty() || path.starts_with('/') || front.ends_with('/'))
        };
        let source = sources
            .iter()
            .find(|source| **source == path)
            .or_else(|| sources.iter().find(ends))
            .or_else(|| sources.first().filter(|_| sources.len() == 1))?;
        let documents: Vec<_> = all.iter().copied().filter(|d| &*d.origin.source == *source).collect();
        let origin = &documents.first()?.origin;
        Some(File { path: path.to_owned(), origin, content: Content::Documents(documents) })
    }

    /// The mode of a file of a host, such as 0o600, when facts of one tell.
    pub(crate) fn mode(input: &Input, path: &str, host: &str) -> Option<u32> {
        let hosts = input.of_kind(Kind::Host);
        let hosts = hosts.filter(|h| host.is_empty() || h.value.str_at(&["metadata", "name"]) == host);
        let mut files = hosts.flat_map(|h| h.value.array_at(&["files"]));
        let file = files.find(|file| file.str_at(&["path"]) == path)?;
        u32::from_str_radix(file.str_at(&["mode"]), 8).ok()
    }
}

impl<'a> File<'a> {
    /// A document by itself.
    pub(crate) fn of(document: &'a Document) -> Self {
        let path = document.origin.source.to_string();
        Self { path, origin: &document.origin, content: Content::Documents(vec![document]) }
    }

    fn of_host(path: &str, file: &'a Value, origin: &'a Origin) -> Self {
        Self { path: path.to_owned(), origin, content: Content::Text(file.str_at(&["content"])) }
    }

    /// What a finding about it is about.
    pub(crate) fn place(&self) -> Place {
        Place::named("File", &*self.path, self.origin)
    }

    /// What stands in it, as a value; `None` when it is neither YAML nor JSON.
    pub(crate) fn value(&self) -> Option<Cow<'a, Value>> {
        match &self.content {
            Content::Text(text) => parsed(text),
            Content::Documents(documents) => match &documents.first()?.value {
                Value::String(text) => parsed(text),
                value => Some(Cow::Borrowed(value)),
            },
        }
    }

    /// What stands in it, as a text; documents a line each.
    pub(crate) fn text(&self) -> Cow<'a, str> {
        let documents = match &self.content {
            Content::Text(text) => return Cow::Borrowed(*text),
            Content::Documents(documents) => documents,
        };
        if let [only] = documents.as_slice()
            && let Value::String(text) = &only.value
        {
            return Cow::Borrowed(text);
        }
        let lines = documents.iter().map(|document| api::json::to_string(&document.value));
        Cow::Owned(lines.collect::<Vec<_>>().join("\n"))
    }

    /// True when it was given by itself, not with the facts of a host.
    pub(crate) fn is_document(&self) -> bool {
        matches!(self.content, Content::Documents(_))
    }

    /// True when the document is part of this file.
    pub(crate) fn holds(&self, document: &Document) -> bool {
        match &self.content {
            Content::Text(_) => false,
            Content::Documents(documents) => documents.iter().any(|d| std::ptr::eq(*d, document)),
        }
    }
}

fn parsed<'a>(text: &str) -> Option<Cow<'a, Value>> {
    codec::yaml::parse(text.as_bytes()).ok().map(|parsed| Cow::Owned(parsed.value))
}

fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The paths on the host that a component's flags name and that were not given, and those that such files name.
pub(super) fn named(plane: &ControlPlane<'_>, component: &Component<'_>) -> Vec<String> {
    let mut paths = Vec::new();
    for path in NAMES.iter().map(|flag| component.flags.text(flag)).filter(|path| !path.is_empty()) {
        match plane.file(component, path).and_then(|file| file.value()) {
            Some(value) => paths.extend(named_within(&value, path)),
            None => paths.push(path.to_owned()),
        }
    }
    let missing = component.missing.iter().cloned();
    let paths = paths.into_iter().chain(missing).filter(|path| plane.file(component, path).is_none());
    paths.map(|path| component.on_host(&path)).collect()
}

/// The files that a configuration names: those of plug-ins, and the kubeconfigs of webhooks.
fn named_within(value: &Value, path: &str) -> Vec<String> {
    let plugins = value.array_at(&["plugins"]).iter().map(|plugin| plugin.str_at(&["path"]));
    let hooks = value.array_at(&["authorizers"]).iter();
    let hooks = hooks.map(|a| a.str_at(&["webhook", "connectionInfo", "kubeConfigFile"]));
    plugins.chain(hooks).filter(|found| !found.is_empty()).map(|found| beside(found, path)).collect()
}

/// A path that counts from the folder of the file that names it.
pub(crate) fn beside(path: &str, file: &str) -> String {
    match file.rsplit_once('/') {
        Some((folder, _)) if !path.starts_with('/') => format!("{folder}/{}", path.trim_start_matches("./")),
        _ => path.to_owned(),
    }
}
