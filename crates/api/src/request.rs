//! What a request asks for, read from its method and target alone: verb, resource or path, name, namespace.
//!
//! Entry point: [`RequestInfo::parse`].  It is total: any target gives an answer or a clear error, never a panic, and
//! nothing that it says has been checked against the resources that exist.

use std::fmt;

use crate::selector::{FieldSelector, LabelSelector};
use crate::{GroupResource, Str, content};

/// A request as authorization, admission and routing see it (k8s.io/apiserver `request.RequestInfo`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestInfo {
    /// True for `/api/{version}/…` and `/apis/{group}/{version}/…`; else only `path` and `verb` are set.
    pub is_resource: bool,
    /// The path, percent-decoded.
    pub path: String,
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`, `proxy`; `""` for a method
    /// the API does not know.  For a non-resource request the method in lower case.
    pub verb: Str,
    /// `api` or `apis`.
    pub api_prefix: Str,
    /// API group, `""` for the core group.
    pub group: Str,
    /// API version.
    pub version: Str,
    /// Namespace, `""` for none.  For the resource `namespaces` itself it is the name.
    pub namespace: Str,
    /// Plural resource name.
    pub resource: Str,
    /// Subresource, `""` for the object itself.
    pub subresource: Str,
    /// Name of the object, `""` for none.  A list or watch by `fieldSelector=metadata.name=x` has it too.
    pub name: Str,
    /// Path segments after the subresource, such as the path behind `/proxy`.
    pub rest: Vec<Str>,
    /// True when the verb came from the path (`/api/v1/watch/…`, `/api/v1/proxy/…`).
    pub verb_in_path: bool,
    /// The field selector as given, for the verbs whose selectors authorization may see (KEP-4601).
    pub field_selector: String,
    /// The label selector as given, for the same verbs.
    pub label_selector: String,
}

/// Why a target could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetError {
    /// A percent escape is broken: HTTP 400, before anything else looks at the request.
    Escape(String),
    /// `/api/v1/watch` with nothing behind it: HTTP 500 in plain text, as upstream answers.
    NoResource(String),
}

impl RequestInfo {
    /// Reads method and target (`/path?query`, as on the request line).
    pub fn parse(method: &str, target: &str) -> Result<Self, TargetError> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let path = decode_path(path).ok_or_else(|| TargetError::Escape(path.to_owned()))?;
        Self::from_parts(method, &path, &Query::parse(query))
            .map_err(|NoResource| TargetError::NoResource(target.to_owned()))
    }

    /// Reads a method, a decoded path and a decoded query.
    fn from_parts(method: &str, path: &str, query: &Query) -> Result<Self, NoResource> {
        let mut info =
            Self { path: path.to_owned(), verb: Str::from(method.to_ascii_lowercase()), ..Self::default() };
        let trimmed = path.trim_matches('/');
        let mut parts = trimmed.split('/').peekable();
        let count = if trimmed.is_empty() { 0 } else { trimmed.matches('/').count() + 1 };
        let grouped = match parts.next() {
            Some("api") if count >= 3 => false,
            Some("apis") if count >= 3 => true,
            _ => return Ok(info),
        };
        info.api_prefix = if grouped { "apis".into() } else { "api".into() };
        if grouped {
            if count < 4 {
                return Ok(info);
            }
            info.group = parts.next().unwrap_or("").into();
        }
        info.is_resource = true;
        info.version = parts.next().unwrap_or("").into();
        if let Some(special @ ("proxy" | "watch")) = parts.peek().copied() {
            parts.next();
            info.verb = special.into();
            info.verb_in_path = true;
            if parts.peek().is_none() {
                return Err(NoResource);
            }
        } else {
            info.verb = verb_of(method).into();
        }
        info.take_names(&parts.collect::<Vec<_>>());
        info.settle_verb(query);
        Ok(info)
    }

    /// Namespace, resource, name, subresource and what follows, from the segments behind version and verb.
    fn take_names(&mut self, mut parts: &[&str]) {
        if let ["namespaces", namespace, after @ ..] = parts {
            self.namespace = (*namespace).into();
            if after.first().is_some_and(|s| !matches!(*s, "status" | "finalize")) {
                parts = after;
            }
        }
        let mut parts = parts.iter().map(|s| Str::from(*s));
        self.resource = parts.next().unwrap_or_default();
        self.name = parts.next().unwrap_or_default();
        if self.verb != "proxy" {
            self.subresource = parts.next().unwrap_or_default();
        }
        self.rest = parts.collect();
    }

    /// Tells list, watch and deletecollection from get and delete.
    fn settle_verb(&mut self, query: &Query) {
        if self.name.is_empty() && self.verb == "get" {
            let (watch, name) = list_options(query);
            self.verb = if watch { "watch" } else { "list" }.into();
            self.name = name.unwrap_or_default();
        }
        if self.name.is_empty() && self.verb == "delete" {
            self.verb = "deletecollection".into();
        }
        if !self.verb_in_path && matches!(self.verb.as_str(), "list" | "watch" | "deletecollection") {
            self.field_selector = query.first("fieldSelector").unwrap_or("").to_owned();
            self.label_selector = query.first("labelSelector").unwrap_or("").to_owned();
        }
    }

    /// The resource without its version.
    pub fn group_resource(&self) -> GroupResource {
        GroupResource::new(self.group.clone(), self.resource.clone())
    }
}

struct NoResource;

fn verb_of(method: &str) -> &'static str {
    match method {
        "POST" => "create",
        "GET" | "HEAD" => "get",
        "PUT" => "update",
        "PATCH" => "patch",
        "DELETE" => "delete",
        _ => "",
    }
}

/// Whether the options of a list ask for a watch, and the one name they ask for.
///
/// When any option cannot be read, only `watch` counts, as upstream does.
fn list_options(query: &Query) -> (bool, Option<Str>) {
    let watch = query.bool("watch");
    let number = |key| query.first(key).is_none_or(|v| v.parse::<i64>().is_ok());
    let labels = query.first("labelSelector").is_none_or(|s| LabelSelector::parse(s).is_ok());
    let Ok(fields) = FieldSelector::parse(query.first("fieldSelector").unwrap_or("")) else {
        return (watch, None);
    };
    if !labels || !number("timeoutSeconds") || !number("limit") {
        return (watch, None);
    }
    let name = fields.exact_match("metadata.name").filter(|n| content::path_segment_name(n).is_empty());
    (watch, name.map(Str::from))
}

/// A decoded query string: pairs in the order given, a key may stand more than once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads the text behind `?`.  Pairs with a broken escape or a semicolon are skipped, as Go skips them.
    pub fn parse(text: &str) -> Self {
        let pair = |part: &str| {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            Some((decode_query(key)?, decode_query(value)?))
        };
        Self(text.split('&').filter(|p| !p.is_empty() && !p.contains(';')).filter_map(pair).collect())
    }

    /// The first value of `key`.
    pub fn first(&self, key: &str) -> Option<&str> {
        self.all(key).next()
    }

    /// Every value of `key`.
    pub fn all<'a>(&'a self, key: &str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(k, _)| k == key).map(|(_, v)| v.as_str())
    }

    /// A boolean option: false when missing, `0` or `false`, else true (also when empty).
    pub fn bool(&self, key: &str) -> bool {
        self.first(key).is_some_and(|v| v != "0" && !v.eq_ignore_ascii_case("false"))
    }

    /// All pairs in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.iter().map(|(k, v)| (k.as_str(), v.as_str()))
    }
}

/// A path without its percent escapes, `None` when one is broken.  Bytes that are no UTF-8 become U+FFFD.
pub fn decode_path(text: &str) -> Option<String> {
    decode(text, |b| b)
}

/// A query key or value without its percent escapes; `+` is a space.
pub fn decode_query(text: &str) -> Option<String> {
    decode(text, |b| if b == b'+' { b' ' } else { b })
}

fn decode(text: &str, plain: impl Fn(u8) -> u8) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(b) = bytes.next() {
        if b == b'%' {
            let mut digit = || char::from(bytes.next()?).to_digit(16);
            let (high, low) = (digit()?, digit()?);
            out.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            out.push(plain(b));
        }
    }
    Some(String::from_utf8(out).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned()))
}

impl fmt::Display for TargetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Escape(path) => write!(f, "invalid URL escape in {}", crate::field::go_quote(path)),
            Self::NoResource(target) => {
                write!(f, "unable to determine kind and namespace from url, {target}")
            }
        }
    }
}

impl std::error::Error for TargetError {}

#[cfg(test)]
mod tests;
