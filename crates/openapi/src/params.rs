//! Parameters of operations.  Names and types come from the catalogue's option kinds, texts are our own; for what
//! `DeleteOptions` has, its descriptions serve.
//!
//! Entry points: [`options`] for the query, [`path`] for placeholders.

use std::borrow::Cow;

use schema::{Field, Type};

use crate::{Describe, model::Param};

/// Own texts by parameter name.
const TEXTS: &[(&str, &str)] = &[
    ("allowWatchBookmarks", "Asks for bookmark events, which only tell how far a watch has come."),
    ("command", "The command to run and its arguments, without a shell."),
    ("container", "The container; may be left out when the pod has just one."),
    ("continue", "The token of the page before, to get the next one."),
    ("dryRun", "With 'All' everything is done but storing the result."),
    ("fieldManager", "The name under which the changed fields are tracked."),
    ("fieldSelector", "Only objects whose fields match."),
    ("fieldValidation", "What unknown and duplicate fields lead to: Ignore, Warn or Strict."),
    ("follow", "Keeps the stream open for new lines."),
    ("force", "Takes over fields that others manage; for apply only."),
    ("insecureSkipTLSVerifyBackend", "Does not check the certificate of the node the log comes from."),
    ("labelSelector", "Only objects whose labels match."),
    ("limit", "The most objects a page may hold."),
    ("limitBytes", "The most bytes to return."),
    ("path", "The path to pass on."),
    ("ports", "The ports to forward."),
    ("pretty", "With 'true' the answer is indented."),
    ("previous", "The log of the container before its last restart."),
    ("resourceVersion", "The version of the data asked for; resourceVersionMatch says how it is meant."),
    ("resourceVersionMatch", "How resourceVersion is meant: Exact or NotOlderThan."),
    ("sendInitialEvents", "Begins a watch with an event for each object there is."),
    ("shardSelector", "Only objects of some shards; an alpha feature of Kubernetes."),
    ("sinceSeconds", "Only lines of the last so many seconds."),
    ("stderr", "Connects standard error."),
    ("stdin", "Connects standard input."),
    ("stdout", "Connects standard output."),
    ("stream", "Which stream to return: All, Stdout or Stderr."),
    ("tailLines", "Only so many lines from the end."),
    ("timeoutSeconds", "How long the call may take."),
    ("timestamps", "Begins each line with its time."),
    ("tty", "Allocates a terminal."),
    ("watch", "Streams the changes instead of listing the objects."),
];

/// Placeholders and what they stand for.
const NAMESPACE: &str = "The namespace.";
const PATH: &str = "The path below the proxied address.";

/// A placeholder of a path; `kind` is what `{name}` names.
pub(crate) fn path(name: &'static str, kind: &str) -> Param {
    let description = match name {
        "name" => Cow::Owned(format!("The name of the {kind}.")),
        "namespace" => NAMESPACE.into(),
        _ => PATH.into(),
    };
    Param { name: name.into(), in_path: true, ty: "string", description }
}

/// `pretty`, which nearly every operation has.
pub(crate) fn pretty() -> Param {
    query("pretty", "string", None)
}

/// The query parameters that the members of an option kind (core group or `meta.k8s.io`, `v1`) make: those that hold a
/// scalar or a list of scalars.
pub(crate) fn options(kind: &str, describe: Describe) -> Vec<Param> {
    let Some(message) = schema::kind("", "v1", kind) else { return Vec::new() };
    let described = kind == "DeleteOptions";
    let param = |field: &Field| {
        let text = if described { describe(message.name, field.name) } else { None };
        Some(query(field.name, query_type(&field.ty)?, text))
    };
    message.fields.iter().filter(|f| f.number != 0).filter_map(param).collect()
}

fn query(name: &'static str, ty: &'static str, description: Option<String>) -> Param {
    let own =
        || TEXTS.iter().find(|(n, _)| *n == name).map_or(Cow::Borrowed(""), |(_, text)| Cow::Borrowed(text));
    Param { name: name.into(), in_path: false, ty, description: description.map_or_else(own, Cow::Owned) }
}

fn query_type(ty: &Type) -> Option<&'static str> {
    match ty {
        Type::Bool => Some("boolean"),
        Type::Int32 | Type::Int64 => Some("integer"),
        Type::String => Some("string"),
        Type::List(item) => query_type(item),
        _ => None,
    }
}
