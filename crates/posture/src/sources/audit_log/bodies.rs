//! What stands in the bodies of requests: bindings with their roles, Pod Security labels of namespaces.
//!
//! Only the writes of these few kinds are opened; of everything else bodies are passed over.

use std::collections::HashMap;
use std::sync::Arc;

use admission::pod_security::{Level, Policy};
use api::{Str, Value};
use audit::{Event, ObjectRef};

use super::detections::{What, is_write, succeeded};
use super::mark::Mark;
use crate::finding::Status;

/// How many writes of bindings, and namespaces, are kept.
const MOST: usize = 2_000;
/// The largest body that is opened, in bytes.
const MOST_BYTES: usize = 1 << 20;
const RBAC: &str = "rbac.authorization.k8s.io";
const ENFORCE: &str = "pod-security.kubernetes.io/enforce";
/// The user that a server has for itself.
const SERVER: &str = "system:apiserver";

/// A binding or a role that was written, as far as the log tells.
#[derive(Clone, Debug)]
pub(crate) struct BindingWrite {
    pub actor: String,
    pub verb: String,
    pub resource: String,
    pub namespace: String,
    /// Of the binding or role; `""` when the log does not say.
    pub name: String,
    /// Kind and name of the role that is bound, or that was written; `None` when the body is not in the log.
    pub role: Option<(String, String)>,
    /// True for a role that allows everything.
    pub is_everything: bool,
    pub mark: Mark,
    pub count: u64,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Bodies {
    pub bindings: Vec<BindingWrite>,
    pub unseen_labels: u64,
    by_binding: HashMap<[String; 4], usize>,
    /// The last level of a namespace that was seen.
    levels: HashMap<String, Level>,
}

impl Bodies {
    /// Takes in an event; answers when it lowers what a namespace enforces.
    pub(super) fn add(&mut self, event: &Event, file: &Arc<str>) -> Option<What> {
        let object = event.object.as_ref()?;
        if !is_write(&event.verb) || event.user.name == SERVER {
            return None;
        }
        match (&*object.group, &*object.resource, &*object.subresource) {
            ("", "namespaces", "") if succeeded(event) => self.namespace(event, object),
            (RBAC, "rolebindings" | "clusterrolebindings" | "clusterroles", "") => {
                if succeeded(event) && !event.verb.starts_with("delete") {
                    self.binding(event, object, file);
                }
                None
            }
            _ => None,
        }
    }

    fn binding(&mut self, event: &Event, object: &ObjectRef, file: &Arc<str>) {
        let body = body(event);
        let in_body = |path: &[&str]| body.as_ref().map_or("", |b| b.str_at(path)).to_owned();
        let name =
            if object.name.is_empty() { in_body(&["metadata", "name"]) } else { object.name.to_string() };
        let key =
            [event.user.name.to_string(), object.resource.to_string(), object.namespace.to_string(), name];
        if let Some(known) = self.by_binding.get(&key).and_then(|at| self.bindings.get_mut(*at)) {
            known.count += 1;
            return;
        }
        let everything = body.as_ref().is_some_and(|b| b.array_at(&["rules"]).iter().any(is_everything));
        // Of roles only those that are as good as cluster-admin are of interest.
        if self.bindings.len() >= MOST || (object.resource == "clusterroles" && !everything) {
            return;
        }
        let role = (in_body(&["roleRef", "kind"]), in_body(&["roleRef", "name"]));
        let [actor, resource, namespace, name] = key.clone();
        self.by_binding.insert(key, self.bindings.len());
        self.bindings.push(BindingWrite {
            actor,
            verb: event.verb.to_string(),
            resource,
            namespace,
            name,
            role: Some(role).filter(|(_, name)| !name.is_empty()),
            is_everything: everything,
            mark: Mark::of(event, file),
            count: 1,
        });
    }

    fn namespace(&mut self, event: &Event, object: &ObjectRef) -> Option<What> {
        if event.verb.starts_with("delete") {
            self.levels.remove(&*object.name);
            return None;
        }
        let Some(body) = body(event) else {
            self.unseen_labels += 1;
            return None;
        };
        let level = enforced(event, &body)?;
        let name = if object.name.is_empty() { body.str_at(&["metadata", "name"]) } else { &object.name };
        let known = self.levels.contains_key(name);
        let before =
            if known || self.levels.len() < MOST { self.levels.insert(name.to_owned(), level) } else { None };
        let from = match before {
            Some(before) => before.name(),
            // What it was is not known, but this is the lowest, and somebody asked for it.
            None if event.verb == "patch" && level == Level::Privileged => "?",
            None => return None,
        };
        let lower = before.is_none_or(|before| level < before);
        lower.then(|| What { status: Status::Fail, text: format!("{name}: {from} → {}", level.name()) })
    }
}

/// The level that a write of a namespace makes it enforce; `None` when it leaves that as it is.
fn enforced(event: &Event, body: &Value) -> Option<Level> {
    let labels = body.at(&["metadata", "labels"]);
    let of = |label: &Value| {
        let labels = Value::Object([(Str::from(ENFORCE), label.clone())].into_iter().collect());
        Policy::of_labels(&labels, &Policy::default()).0.enforce.level
    };
    if let Value::Array(operations) = body {
        let ours = |o: &&Value| o.str_at(&["path"]).ends_with("/pod-security.kubernetes.io~1enforce");
        let last = operations.iter().rfind(ours)?;
        return Some(if last.str_at(&["op"]) == "remove" {
            Level::Privileged
        } else {
            of(last.at(&["value"]))
        });
    }
    match labels.get(ENFORCE) {
        Some(Value::Null) => Some(Level::Privileged),
        Some(label) => Some(of(label)),
        None if event.verb == "patch" => None,
        None => Some(Level::Privileged),
    }
}

/// The body of a request.  `None` when the log does not have it, or it is none that can be looked into.
fn body(event: &Event) -> Option<Value> {
    let text = event.request_text;
    if !matches!(text.first(), Some(b'{' | b'[')) || text.len() > MOST_BYTES {
        return None;
    }
    codec::json::parse(text).ok().map(|parsed| parsed.value)
}

/// True for a rule that allows every verb on every resource.
fn is_everything(rule: &Value) -> bool {
    let every = |list: &str| rule.array_at(&[list]).iter().any(|item| item.as_str() == Some("*"));
    every("verbs") && every("apiGroups") && every("resources")
}
