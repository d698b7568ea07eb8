//! Google Cloud Logging has a form of its own for what GKE's API server did: this translates it back.
//!
//! Entry point: [`translate`].  `methodName` is `io.k8s.core.v1.pods.exec.create`, `resourceName`
//! `core/v1/namespaces/a/pods/b/exec`; groups of users are not in it.

use std::borrow::Cow;

use crate::event::{Decision, Event, ObjectRef, Person};

use super::extract::{decision, number};
use super::scan::{Cursor, Malformed, string};

/// `PERMISSION_DENIED` among Google's codes.
const DENIED: u16 = 7;
/// `UNAUTHENTICATED` among Google's codes.
const UNAUTHENTICATED: u16 = 16;

/// The event in a `protoPayload`, `None` when it is about something else than the Kubernetes API.
pub(super) fn translate<'a>(
    payload: &'a [u8],
    labels: &'a [u8],
    time: Cow<'a, str>,
) -> Result<Option<Event<'a>>, Malformed> {
    let mut said = Said::default();
    Cursor::new(payload).object(|key, value| said.member(key, value))?;
    let Some(method) = said.method.strip_prefix("io.k8s.") else { return Ok(None) };
    let Some(verb) = method.rsplit('.').next() else { return Ok(None) };
    let (annotated, reason) =
        if labels.first() == Some(&b'{') { decision(labels)? } else { (None, Cow::Borrowed("")) };
    let mut event = Event {
        verb: Cow::Owned(verb.to_owned()),
        user: Person { name: said.principal, ..Person::default() },
        impersonated: said.authority.map(|name| Person { name, ..Person::default() }),
        code: match said.code {
            DENIED => 403,
            UNAUTHENTICATED => 401,
            _ => 200,
        },
        decision: annotated.or(said.granted),
        reason,
        time,
        sources_text: said.caller,
        request_text: said.request,
        annotations_text: labels,
        ..Event::default()
    };
    let object = if method.contains('.') { object(&said.resource, verb) } else { None };
    match object {
        Some(object) => event.object = Some(object),
        None => event.request_uri = Cow::Owned(format!("/{}", said.resource.trim_start_matches('/'))),
    }
    Ok(Some(event))
}

#[derive(Default)]
struct Said<'a> {
    method: Cow<'a, str>,
    resource: Cow<'a, str>,
    principal: Cow<'a, str>,
    authority: Option<Cow<'a, str>>,
    code: u16,
    granted: Option<Decision>,
    /// The address, as a JSON string.
    caller: &'a [u8],
    request: &'a [u8],
}

impl<'a> Said<'a> {
    fn member(&mut self, key: &'a [u8], value: &'a [u8]) -> Result<(), Malformed> {
        let is_object = value.first() == Some(&b'{');
        match key {
            b"methodName" | b"method_name" => self.method = string(value),
            b"resourceName" | b"resource_name" => self.resource = string(value),
            b"authenticationInfo" if is_object => Cursor::new(value).object(|key, value| {
                match key {
                    b"principalEmail" => self.principal = string(value),
                    b"authoritySelector" => self.authority = Some(string(value)).filter(|a| !a.is_empty()),
                    _ => {}
                }
                Ok(())
            })?,
            b"requestMetadata" if is_object => Cursor::new(value).object(|key, value| {
                if key == b"callerIp" {
                    self.caller = value;
                }
                Ok(())
            })?,
            b"request" => self.request = value,
            b"authorizationInfo" if value.first() == Some(&b'[') => self.granted(value)?,
            b"status" if is_object => Cursor::new(value).object(|key, value| {
                if key == b"code" {
                    self.code = number(value);
                }
                Ok(())
            })?,
            _ => {}
        }
        Ok(())
    }

    /// Granted when every entry says so; a false that is left out is false.
    fn granted(&mut self, list: &'a [u8]) -> Result<(), Malformed> {
        Cursor::new(list).list(|entry| {
            let mut granted = false;
            Cursor::new(entry).object(|key, value| {
                granted |= key == b"granted" && value == b"true";
                Ok(())
            })?;
            if granted {
                self.granted = self.granted.or(Some(Decision::Allow));
            } else {
                self.granted = Some(Decision::Forbid);
            }
            Ok(())
        })
    }
}

/// The object that a `resourceName` names.
fn object(name: &str, verb: &str) -> Option<ObjectRef<'static>> {
    let parts: Vec<&str> = name.split('/').collect();
    let [group, version, rest @ ..] = parts.as_slice() else { return None };
    let (namespace, rest) = match rest {
        ["namespaces", namespace, "status" | "finalize"] | ["namespaces", namespace] => {
            // As the server sees it: the namespace of a namespace is itself, once it exists.
            (if verb == "create" { "" } else { namespace }, rest)
        }
        ["namespaces", namespace, rest @ ..] => (*namespace, rest),
        rest => ("", rest),
    };
    let part = |at: usize| Cow::Owned(rest.get(at).copied().unwrap_or_default().to_owned());
    let group = if *group == "core" { "" } else { group };
    Some(ObjectRef {
        group: Cow::Owned(group.to_owned()),
        version: Cow::Owned((*version).to_owned()),
        namespace: Cow::Owned(namespace.to_owned()),
        resource: part(0),
        name: part(1),
        subresource: part(2),
    })
    .filter(|o| !o.resource.is_empty())
}
