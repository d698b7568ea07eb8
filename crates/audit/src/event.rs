//! One event of an audit log, as far as questions of authorization need it.
//!
//! Entry point: [`Event`].  It borrows from the text it was read from; what is seldom asked for (groups, extra) stays
//! text until somebody asks.

use std::borrow::Cow;
use std::collections::BTreeMap;

use api::request::decode_path;
use api::user::UserInfo;

use crate::log::values;

/// When in the life of a request an event was written (`audit.k8s.io` `Stage`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// Before anything was decided.
    RequestReceived,
    /// Headers of a long answer (a watch, an exec) are out.
    ResponseStarted,
    /// The answer is out.
    #[default]
    ResponseComplete,
    /// The server failed in the middle.
    Panic,
}

/// What authorization said, as the annotation `authorization.k8s.io/decision` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// `allow`
    Allow,
    /// `forbid`
    Forbid,
}

/// What became of a request, as far as authorization goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It was authorized, whatever came of it later.
    Allowed,
    /// It was forbidden.
    Denied,
    /// Nobody could tell who asked (401).
    Unauthenticated,
    /// The event was written before the decision.
    Undecided,
}

/// A user in an event.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Person<'a> {
    /// The user name.
    pub name: Cow<'a, str>,
    /// The id, `""` for none.
    pub uid: Cow<'a, str>,
    /// The JSON text of the list of groups, empty for none.
    pub groups_text: &'a [u8],
    /// The JSON text of the map of extra values, empty for none.
    pub extra_text: &'a [u8],
}

/// The object an event is about (`objectRef`); a part that is not given is `""`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectRef<'a> {
    /// API group, `""` for the core group.
    pub group: Cow<'a, str>,
    /// API version.
    pub version: Cow<'a, str>,
    /// Plural name.
    pub resource: Cow<'a, str>,
    /// Subresource.
    pub subresource: Cow<'a, str>,
    /// Namespace.
    pub namespace: Cow<'a, str>,
    /// Name.  For a create this may be the name in the body, which authorization does not see.
    pub name: Cow<'a, str>,
}

/// What an event's request was for, as authorization was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// A resource.
    Resource(ObjectRef<'a>),
    /// Another path of the server.
    Path(Cow<'a, str>),
}

/// One event.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Event<'a> {
    /// The file it was read from, `""` for none.
    pub file: &'a str,
    /// The line it begins on, from 1.
    pub line: u64,
    /// Its `auditID`, the same for every stage of a request; `""` when the log does not say.
    pub id: Cow<'a, str>,
    /// When it was written.
    pub stage: Stage,
    /// The verb of the API, or the HTTP method in lower case for a path.
    pub verb: Cow<'a, str>,
    /// Path and query as sent, `""` when the log does not say.
    pub request_uri: Cow<'a, str>,
    /// Who showed a credential.
    pub user: Person<'a>,
    /// Whom the request was taken for instead.
    pub impersonated: Option<Person<'a>>,
    /// The verb that allowed a constrained impersonation (KEP-5284), `""` for none.
    pub constraint: Cow<'a, str>,
    /// What the request was about; `None` for paths.
    pub object: Option<ObjectRef<'a>>,
    /// The HTTP status, 0 when the log does not say.
    pub code: u16,
    /// What authorization said, when the log says.
    pub decision: Option<Decision>,
    /// Why (`authorization.k8s.io/reason`), `""` when the log does not say.
    pub reason: Cow<'a, str>,
    /// When it was written, RFC 3339, `""` when the log does not say.
    pub time: Cow<'a, str>,
    /// When the request came, RFC 3339, `""` when the log does not say.
    pub received: Cow<'a, str>,
    /// The JSON text of the list of addresses it came from, the client's first; empty for none.
    pub sources_text: &'a [u8],
    /// The JSON text of the map of annotations, empty for none.
    pub annotations_text: &'a [u8],
    /// The JSON text of the request's body, empty when the level leaves it out.
    pub request_text: &'a [u8],
}

impl Stage {
    /// Every stage, in the order a request goes through them.
    pub const ALL: [Self; 4] =
        [Self::RequestReceived, Self::ResponseStarted, Self::ResponseComplete, Self::Panic];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::RequestReceived => "RequestReceived",
            Self::ResponseStarted => "ResponseStarted",
            Self::ResponseComplete => "ResponseComplete",
            Self::Panic => "Panic",
        }
    }

    /// Reads a stage; what is unknown counts as complete.
    pub fn parse(text: &[u8]) -> Self {
        match text {
            b"RequestReceived" => Self::RequestReceived,
            b"ResponseStarted" => Self::ResponseStarted,
            b"Panic" => Self::Panic,
            _ => Self::ResponseComplete,
        }
    }
}

impl Person<'_> {
    /// The groups, in the order of the log.
    pub fn groups(&self) -> Vec<String> {
        values::strings(self.groups_text)
    }

    /// True when `group` is among the groups.
    pub fn is_in(&self, group: &str) -> bool {
        // Most lists do not even have the text.
        memchr::memmem::find(self.groups_text, group.as_bytes()).is_some()
            && self.groups().iter().any(|g| g == group)
    }

    /// The first of the extra values of that key, `""` for none.
    pub fn extra(&self, key: &str) -> String {
        let found = memchr::memmem::find(self.extra_text, key.as_bytes());
        let lists = if found.is_some() { values::string_lists(self.extra_text) } else { Vec::new() };
        let list = lists.into_iter().find(|(k, _)| k == key).map(|(_, values)| values);
        list.and_then(|values| values.into_iter().next()).unwrap_or_default()
    }

    /// The user as later stages know users.
    pub fn user_info(&self) -> UserInfo {
        let extra: BTreeMap<_, _> = values::string_lists(self.extra_text).into_iter().collect();
        UserInfo {
            name: self.name.clone().into_owned(),
            uid: self.uid.clone().into_owned(),
            groups: self.groups(),
            extra,
        }
    }
}

impl Event<'_> {
    /// The address the request came from, as its client's side says, `""` when the log does not say.
    pub fn source(&self) -> Cow<'_, str> {
        values::first(self.sources_text)
    }

    /// An annotation, `""` for none.
    pub fn annotation(&self, key: &str) -> Cow<'_, str> {
        values::member(self.annotations_text, key)
    }

    /// Whom authorization judged: the impersonated user, else the one with the credential.
    pub fn subject(&self) -> &Person<'_> {
        self.impersonated.as_ref().unwrap_or(&self.user)
    }

    /// What authorization was asked about.
    ///
    /// The name of an object that is created is left out: it stands in the body, which comes after authorization.
    pub fn target(&self) -> Target<'_> {
        match &self.object {
            Some(object) => {
                let mut object = object.clone();
                if self.verb == "create" && object.subresource.is_empty() {
                    object.name = Cow::Borrowed("");
                }
                if self.verb == "deletecollection" {
                    object.name = Cow::Borrowed("");
                }
                Target::Resource(object)
            }
            None => Target::Path(path_of(&self.request_uri)),
        }
    }

    /// What became of the request.  Without the annotation the status tells; a 403 of admission then counts as denied.
    pub fn outcome(&self) -> Outcome {
        match (self.decision, self.code) {
            (Some(Decision::Allow), _) => Outcome::Allowed,
            (Some(Decision::Forbid), _) | (None, 403) => Outcome::Denied,
            (None, 401) => Outcome::Unauthenticated,
            (None, _) if self.stage == Stage::RequestReceived => Outcome::Undecided,
            (None, _) => Outcome::Allowed,
        }
    }
}

/// The decoded path of a request.
fn path_of(uri: &str) -> Cow<'_, str> {
    let path = uri.split(['?', '#']).next().unwrap_or("");
    match path.contains('%').then(|| decode_path(path)).flatten() {
        Some(decoded) => Cow::Owned(decoded),
        None => Cow::Borrowed(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(verb: &'static str, uri: &'static str) -> Event<'static> {
        Event { verb: verb.into(), request_uri: uri.into(), ..Event::default() }
    }

    #[test]
    fn what_was_asked() {
        let mut create = event("create", "/api/v1/namespaces/a/pods");
        let pod = |subresource: &'static str, name: &'static str| ObjectRef {
            resource: "pods".into(),
            namespace: "a".into(),
            subresource: subresource.into(),
            name: name.into(),
            ..ObjectRef::default()
        };
        create.object = Some(pod("", "x"));
        assert_eq!(create.target(), Target::Resource(pod("", "")), "the name is in the body");
        create.object = Some(pod("exec", "x"));
        assert_eq!(create.target(), Target::Resource(pod("exec", "x")));
        assert_eq!(event("get", "/healthz%2fx?verbose").target(), Target::Path("/healthz/x".into()));
        assert_eq!(event("get", "/a%2").target(), Target::Path("/a%2".into()));
    }

    #[test]
    fn what_became_of_it() {
        let with = |decision, code, stage| Event { decision, code, stage, ..Event::default() }.outcome();
        let done = Stage::ResponseComplete;
        assert_eq!(with(Some(Decision::Allow), 403, done), Outcome::Allowed, "admission said no");
        assert_eq!(with(Some(Decision::Forbid), 403, done), Outcome::Denied);
        assert_eq!(with(None, 403, done), Outcome::Denied);
        assert_eq!(with(None, 401, done), Outcome::Unauthenticated);
        assert_eq!(with(None, 404, done), Outcome::Allowed);
        assert_eq!(with(None, 0, Stage::RequestReceived), Outcome::Undecided);
    }
}
