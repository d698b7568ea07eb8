//! Events out of one JSON value, however it is wrapped.
//!
//! Entry point: [`Extract::value`].  A value is an event when it looks like one; else whatever is known to carry events
//! (lists of records, texts of messages) is opened, a few levels deep.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use crate::event::{Decision, Event, ObjectRef, Person, Stage};

use super::cloud;
use super::scan::{Cursor, Malformed, inside, string, unescape};

/// How deep wrappings are opened.
const DEEPEST: usize = 12;

/// How events were wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Form {
    /// As the API server writes them: one a line, or a list of them.
    Kubernetes,
    /// Amazon CloudWatch: exports, subscriptions, queries.
    CloudWatch,
    /// Google Cloud Logging: translated from its own form.
    CloudLogging,
    /// Azure Monitor: diagnostic records, or the table `AKSAudit`.
    AzureMonitor,
    /// NAVER Cloud Log Analytics: search results and exports.
    Naver,
    /// Something else that carries events as text or as members.
    Wrapped,
}

/// Members that carry events, and whose they are; `Wrapped` when several have them.
const CARRIERS: &[(&[u8], Form)] = &[
    (b"items", Form::Kubernetes),
    (b"logEvents", Form::CloudWatch),
    (b"@message", Form::CloudWatch),
    (b"message", Form::CloudWatch),
    (b"value", Form::CloudWatch),
    (b"records", Form::AzureMonitor),
    (b"properties", Form::AzureMonitor),
    (b"log_s", Form::AzureMonitor),
    (b"searchResult", Form::Naver),
    (b"logDetail", Form::Naver),
    (b"log", Form::Wrapped),
    (b"events", Form::Wrapped),
    (b"event", Form::Wrapped),
    (b"entries", Form::Wrapped),
    (b"results", Form::Wrapped),
    (b"result", Form::Wrapped),
    (b"hits", Form::Wrapped),
    (b"_source", Form::Wrapped),
    (b"_raw", Form::Wrapped),
    (b"raw", Form::Wrapped),
    (b"data", Form::Wrapped),
    (b"content", Form::Wrapped),
    (b"body", Form::Wrapped),
    (b"line", Form::Wrapped),
    (b"textPayload", Form::CloudLogging),
    (b"jsonPayload", Form::CloudLogging),
];

/// What a value held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// Events.
    pub events: u64,
    /// Texts that begin as JSON and are none.
    pub broken: u64,
}

/// Takes events out of values and hands them on.
pub(super) struct Extract<'s> {
    pub sink: &'s mut dyn FnMut(&Event),
    pub forms: &'s mut BTreeMap<Form, u64>,
    pub file: &'s str,
    pub line: u64,
}

impl Extract<'_> {
    /// Takes the events out of one complete value.  On an error nothing has been handed on.
    pub fn value(&mut self, text: &[u8]) -> Result<Found, Malformed> {
        let mut found = Found::default();
        self.open(text, Form::Kubernetes, DEEPEST, &mut found)?;
        Ok(found)
    }

    fn open(&mut self, text: &[u8], form: Form, depth: usize, found: &mut Found) -> Result<(), Malformed> {
        if depth == 0 {
            return Ok(());
        }
        match text.first() {
            Some(b'{') => self.object(text, form, depth, found),
            Some(b'[') => self.list(text, form, depth, found),
            Some(b'"') => {
                self.message(text, form, depth, found);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn list(&mut self, text: &[u8], form: Form, depth: usize, found: &mut Found) -> Result<(), Malformed> {
        let mut items = 0;
        Cursor::new(text).list(|_| {
            items += 1;
            Ok(())
        })?;
        Cursor::new(text).list(|item| {
            if self.open(item, form, depth - 1, found).is_err() {
                found.broken += 1;
            }
            Ok(())
        })
    }

    /// A string that may hold JSON.
    fn message(&mut self, text: &[u8], form: Form, depth: usize, found: &mut Found) {
        let raw = inside(text);
        if !matches!(raw.trim_ascii_start().first(), Some(b'{' | b'[')) {
            return;
        }
        let mut plain = Vec::new();
        unescape(raw, &mut plain);
        let mut cursor = Cursor::new(&plain);
        let whole = cursor.value().and_then(|value| match cursor.peek() {
            None => self.open(value, form, depth - 1, found),
            Some(_) => Err(Malformed),
        });
        if whole.is_err() {
            found.broken += 1;
        }
    }

    fn object(&mut self, text: &[u8], form: Form, depth: usize, found: &mut Found) -> Result<(), Malformed> {
        let mut draft = Draft::default();
        let mut cursor = Cursor::new(text);
        cursor.object(|key, value| draft.member(key, value))?;
        if cursor.peek().is_some() {
            return Err(Malformed);
        }
        match draft.event()? {
            Some((event, own_form)) => {
                let event = Event { file: self.file, line: self.line, ..event };
                *self.forms.entry(own_form.unwrap_or(form)).or_default() += 1;
                found.events += 1;
                (self.sink)(&event);
            }
            None => {
                for (carried, theirs) in draft.carried {
                    let form = if theirs == Form::Wrapped { innermost(form) } else { theirs };
                    if self.open(carried, form, depth - 1, found).is_err() {
                        found.broken += 1;
                    }
                }
            }
        }
        Ok(())
    }
}

/// What is known stays known inside of what is not.
fn innermost(form: Form) -> Form {
    if form == Form::Kubernetes { Form::Wrapped } else { form }
}

/// What an object has shown so far.
#[derive(Default)]
struct Draft<'a> {
    event: Event<'a>,
    /// How many of the members that make an event there were.
    marks: usize,
    table: bool,
    payload: Option<&'a [u8]>,
    labels: &'a [u8],
    carried: Vec<(&'a [u8], Form)>,
}

impl<'a> Draft<'a> {
    fn member(&mut self, key: &'a [u8], value: &'a [u8]) -> Result<(), Malformed> {
        match key {
            b"responseObject" | b"ResponseObject" => {}
            b"requestObject" | b"RequestObject" => self.event.request_text = value,
            b"auditID" | b"AuditId" | b"insertId" => self.event.id = string(value),
            b"sourceIPs" | b"SourceIps" => self.event.sources_text = value,
            b"requestReceivedTimestamp" | b"RequestReceivedTime" => self.event.received = string(value),
            b"stage" | b"Stage" => self.event.stage = Stage::parse(inside(value)),
            b"verb" | b"Verb" => {
                self.event.verb = string(value);
                self.marks += usize::from(!self.event.verb.is_empty());
                self.table |= key.first() == Some(&b'V');
            }
            b"requestURI" | b"RequestUri" => {
                self.event.request_uri = string(value);
                self.marks += usize::from(!self.event.request_uri.is_empty());
            }
            b"objectRef" | b"ObjectRef" => self.event.object = opened(value, |v| object_ref(v).map(Some))?,
            b"user" | b"User" => {
                self.event.user = opened(value, person)?;
                self.marks += usize::from(value.first() == Some(&b'{'));
            }
            b"impersonatedUser" | b"ImpersonatedUser" => {
                self.event.impersonated = opened(value, |v| person(v).map(Some))?;
            }
            b"responseStatus" | b"ResponseStatus" => self.event.code = opened(value, code)?,
            b"annotations" | b"Annotations" => self.annotations(value)?,
            b"authenticationMetadata" => self.event.constraint = opened(value, constraint)?,
            b"stageTimestamp" | b"StageReceivedTime" => self.event.time = string(value),
            b"protoPayload" | b"protopayload_auditlog" | b"proto_payload" => self.payload = Some(value),
            b"labels" => self.labels = value,
            b"timestamp" if self.event.time.is_empty() => self.event.time = string(value),
            _ => {
                if let Some((_, form)) = CARRIERS.iter().find(|(carrier, _)| *carrier == key) {
                    self.carried.push((value, *form));
                }
            }
        }
        Ok(())
    }

    fn annotations(&mut self, value: &'a [u8]) -> Result<(), Malformed> {
        let (decision, reason) = opened(value, decision)?;
        self.event.annotations_text = value;
        (self.event.decision, self.event.reason) = (decision, reason);
        Ok(())
    }

    /// The event, when it is one: a verb, and who or what it is about.
    fn event(&mut self) -> Result<Option<(Event<'a>, Option<Form>)>, Malformed> {
        let event = std::mem::take(&mut self.event);
        if let Some(payload) = self.payload {
            let translated = cloud::translate(payload, self.labels, event.time)?;
            let named = translated.map(|translated| Event { id: event.id, ..translated });
            return Ok(named.map(|event| (event, Some(Form::CloudLogging))));
        }
        let is_one = !event.verb.is_empty() && self.marks >= 2;
        Ok(is_one.then(|| (event, self.table.then_some(Form::AzureMonitor))))
    }
}

/// Reads an object; anything else, such as `null`, is nothing.
///
/// Some exports write these members as text, which is then borrowed from nowhere, so it cannot be read into an event:
/// those are nothing too, and the status decides.
fn opened<'a, T: Default>(
    value: &'a [u8],
    read: impl FnOnce(&'a [u8]) -> Result<T, Malformed>,
) -> Result<T, Malformed> {
    if value.first() == Some(&b'{') { read(value) } else { Ok(T::default()) }
}

fn person(text: &[u8]) -> Result<Person<'_>, Malformed> {
    let mut person = Person::default();
    Cursor::new(text).object(|key, value| {
        match key {
            b"username" => person.name = string(value),
            b"uid" => person.uid = string(value),
            b"groups" => person.groups_text = value,
            b"extra" => person.extra_text = value,
            _ => {}
        }
        Ok(())
    })?;
    Ok(person)
}

fn object_ref(text: &[u8]) -> Result<ObjectRef<'_>, Malformed> {
    let mut object = ObjectRef::default();
    Cursor::new(text).object(|key, value| {
        match key {
            b"apiGroup" => object.group = string(value),
            b"apiVersion" => object.version = string(value),
            b"resource" => object.resource = string(value),
            b"subresource" => object.subresource = string(value),
            b"namespace" => object.namespace = string(value),
            b"name" => object.name = string(value),
            _ => {}
        }
        Ok(())
    })?;
    Ok(object)
}

fn code(text: &[u8]) -> Result<u16, Malformed> {
    let mut code = 0;
    Cursor::new(text).object(|key, value| {
        if key == b"code" {
            code = number(value);
        }
        Ok(())
    })?;
    Ok(code)
}

pub(super) fn number(text: &[u8]) -> u16 {
    std::str::from_utf8(text).ok().and_then(|t| t.parse().ok()).unwrap_or(0)
}

fn constraint(text: &[u8]) -> Result<Cow<'_, str>, Malformed> {
    let mut constraint = Cow::Borrowed("");
    Cursor::new(text).object(|key, value| {
        if key == b"impersonationConstraint" {
            constraint = string(value);
        }
        Ok(())
    })?;
    Ok(constraint)
}

/// Decision and reason out of annotations (or the labels that carry them).
pub(super) fn decision(text: &[u8]) -> Result<(Option<Decision>, Cow<'_, str>), Malformed> {
    let (mut decision, mut reason) = (None, Cow::Borrowed(""));
    Cursor::new(text).object(|key, value| {
        match key {
            b"authorization.k8s.io/decision" => {
                decision = match inside(value) {
                    b"allow" => Some(Decision::Allow),
                    b"forbid" => Some(Decision::Forbid),
                    _ => None,
                };
            }
            b"authorization.k8s.io/reason" => reason = string(value),
            _ => {}
        }
        Ok(())
    })?;
    Ok((decision, reason))
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kubernetes => "Kubernetes",
            Self::CloudWatch => "Amazon CloudWatch",
            Self::CloudLogging => "Google Cloud Logging",
            Self::AzureMonitor => "Azure Monitor",
            Self::Naver => "NAVER Cloud Log Analytics",
            Self::Wrapped => "wrapped",
        })
    }
}
