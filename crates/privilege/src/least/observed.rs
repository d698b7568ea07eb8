//! Events in, distinct questions out.
//!
//! Entry point: [`Observed::add`].  Memory grows with the number of distinct questions, never with that of events: of
//! names and paths only so many are kept ([`Kept`]).

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use api::user::{
    ANONYMOUS, AUTHENTICATED, SERVICE_ACCOUNTS, UserInfo, service_account_groups, split_service_account,
};
use audit::{Event, ObjectRef, Outcome, Person, Stage, Target};
use authz::{Attributes, Authorizer, Reason, ResourceTarget, Rules, Verdict};

use super::questions::{Ask, Question, Subject, SubjectClass, SubjectId};

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub struct Kept {
    /// The most names of a question.
    pub names: usize,
    /// The most paths of a subject; what comes beyond counts by its first segment.
    pub paths: usize,
}

impl Default for Kept {
    fn default() -> Self {
        Self { names: 64, paths: 500 }
    }
}

impl Kept {
    /// Enough to pin every name, within reason.
    pub const EXACT: Self = Self { names: 10_000, paths: 10_000 };
}

/// What is not granted, but worth knowing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Aside {
    /// Requests by members of `system:masters`, by user.
    pub masters: BTreeMap<String, u64>,
    /// Requests of kubelets, all together.
    pub nodes: u64,
    /// Requests without a credential that were allowed.
    pub anonymous: u64,
    /// Requests that nobody could be found for (401).
    pub unauthenticated: u64,
    /// Events written before a decision.
    pub undecided: u64,
    /// Requests made as somebody else, by who made them.
    pub impersonations: BTreeMap<String, u64>,
}

/// The distinct questions of a log.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    kept: Kept,
    words: Words,
    subjects: Vec<Known>,
    by_name: HashMap<String, SubjectId>,
    allowed: HashMap<Key, Seen>,
    denied: HashMap<Key, Seen>,
    aside: Aside,
    first: String,
    last: String,
}

#[derive(Clone, Debug)]
struct Known {
    subject: Subject,
    groups_text: Vec<u8>,
    paths: usize,
}

/// Texts as numbers.
#[derive(Clone, Debug, Default)]
struct Words {
    ids: HashMap<String, u32>,
    texts: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    subject: SubjectId,
    verb: u32,
    group: u32,
    /// With its subresource; of a path, the path.
    resource: u32,
    /// `None` for paths.
    namespace: Option<u32>,
}

/// INVARIANT: a request counts in `done` or in both; a watch that still runs only in `started`.
#[derive(Clone, Debug, Default)]
struct Seen {
    done: u64,
    started: u64,
    unnamed: bool,
    names: BTreeSet<Box<str>>,
    more_names: bool,
}

impl Observed {
    /// Knows nothing yet.
    pub fn new(kept: Kept) -> Self {
        Self { kept, ..Self::default() }
    }

    /// Takes in an event.
    pub fn add(&mut self, event: &Event) {
        let outcome = event.outcome();
        match outcome {
            _ if event.stage == Stage::RequestReceived => {
                self.aside.undecided += 1;
                return;
            }
            Outcome::Undecided => {
                self.aside.undecided += 1;
                return;
            }
            Outcome::Unauthenticated => {
                self.aside.unauthenticated += 1;
                return;
            }
            Outcome::Allowed | Outcome::Denied => {}
        }
        self.note_time(&event.time);
        let subject = self.subject(event.subject());
        if self.set_aside(subject, event, outcome) {
            return;
        }
        let target = event.target();
        if event.impersonated.is_some() && outcome == Outcome::Allowed {
            self.impersonation(event, &target);
        }
        let done = event.stage != Stage::ResponseStarted;
        self.record(subject, &event.verb, &target, outcome, done);
    }

    fn note_time(&mut self, time: &str) {
        if !time.is_empty() && (self.first.is_empty() || time < self.first.as_str()) {
            time.clone_into(&mut self.first);
        }
        if time > self.last.as_str() {
            time.clone_into(&mut self.last);
        }
    }

    fn subject(&mut self, person: &Person) -> SubjectId {
        if let Some(id) = self.by_name.get(person.name.as_ref()).copied() {
            if let Some(known) = self.subjects.get_mut(id as usize) {
                known.meet(person);
            }
            return id;
        }
        let id = u32::try_from(self.subjects.len()).unwrap_or(u32::MAX);
        self.by_name.insert(person.name.to_string(), id);
        self.subjects.push(Known::new(person));
        id
    }

    /// True when no roles are made for the subject.
    fn set_aside(&mut self, id: SubjectId, event: &Event, outcome: Outcome) -> bool {
        let Some(known) = self.subjects.get_mut(id as usize) else { return true };
        // A watch that goes on is counted when it ends.
        let one = u64::from(event.stage != Stage::ResponseStarted);
        match outcome {
            Outcome::Denied => known.subject.denied += one,
            _ => known.subject.allowed += one,
        }
        match known.subject.class {
            SubjectClass::Masters => {
                *self.aside.masters.entry(known.subject.name.clone()).or_default() += one;
            }
            SubjectClass::Node => self.aside.nodes += one,
            SubjectClass::Anonymous if outcome == Outcome::Allowed => {
                self.aside.anonymous += one;
                return false;
            }
            _ => return false,
        }
        true
    }

    /// What the impersonation itself asked for, by asking for it again.
    fn impersonation(&mut self, event: &Event, target: &Target) {
        let requestor = self.subject(&event.user);
        *self.aside.impersonations.entry(event.user.name.to_string()).or_default() += 1;
        let class = self.subjects.get(requestor as usize).map(|k| k.subject.class);
        if class == Some(SubjectClass::Masters) {
            return;
        }
        let Some(person) = &event.impersonated else { return };
        let recorder = Recorder { constraint: &event.constraint, asked: Mutex::default() };
        let user = event.user.user_info();
        let attributes = Attributes { user: &user, verb: &event.verb, target: authz_target(target) };
        // The log says that it was allowed; only what was asked is of interest.
        let _ = authz::impersonate(&wanted(person), &attributes, &recorder);
        for (verb, target) in recorder.asked.into_inner().unwrap_or_else(PoisonError::into_inner) {
            self.record(requestor, &verb, &target, Outcome::Allowed, true);
        }
    }

    fn record(&mut self, subject: SubjectId, verb: &str, target: &Target, outcome: Outcome, done: bool) {
        let verb = self.words.id(verb);
        let (key, name) = match target {
            Target::Resource(object) => {
                let resource = if object.subresource.is_empty() {
                    self.words.id(&object.resource)
                } else {
                    self.words.id(&format!("{}/{}", object.resource, object.subresource))
                };
                let group = self.words.id(&object.group);
                let namespace = Some(self.words.id(&object.namespace));
                (Key { subject, verb, group, resource, namespace }, object.name.as_ref())
            }
            Target::Path(path) => {
                let path = self.path(subject, verb, path);
                (Key { subject, verb, group: path, resource: path, namespace: None }, "")
            }
        };
        let map = if outcome == Outcome::Denied { &mut self.denied } else { &mut self.allowed };
        let seen = map.entry(key).or_default();
        if done {
            seen.done += 1;
        } else {
            seen.started += 1;
        };
        if name.is_empty() {
            seen.unnamed = true;
        } else if !seen.names.contains(name) {
            if seen.names.len() < self.kept.names {
                seen.names.insert(name.into());
            } else {
                seen.more_names = true;
            }
        }
    }

    /// The path, or what stands for it when the subject has asked for very many.
    fn path(&mut self, subject: SubjectId, verb: u32, path: &str) -> u32 {
        if let Some(id) = self.words.find(path)
            && self.allowed.contains_key(&Key { subject, verb, group: id, resource: id, namespace: None })
        {
            return id;
        }
        let Some(known) = self.subjects.get_mut(subject as usize) else { return self.words.id(path) };
        known.paths += 1;
        if known.paths <= self.kept.paths { self.words.id(path) } else { self.words.id(&first_segment(path)) }
    }

    /// Everybody who asked, in the order of their numbers.
    pub fn subjects(&self) -> impl Iterator<Item = &Subject> {
        self.subjects.iter().map(|k| &k.subject)
    }

    /// One subject.
    pub fn subject_of(&self, question: &Question) -> Option<&Subject> {
        self.subjects.get(question.subject as usize).map(|k| &k.subject)
    }

    /// What is not granted.
    pub fn aside(&self) -> &Aside {
        &self.aside
    }

    /// The times of the first and the last event, `""` when unknown.
    pub fn period(&self) -> (&str, &str) {
        (&self.first, &self.last)
    }

    /// The questions that were allowed, sorted by subject and question.
    pub fn allowed(&self) -> Vec<Question> {
        self.questions(&self.allowed)
    }

    /// The questions that were forbidden, sorted by subject and question.
    pub fn denied(&self) -> Vec<Question> {
        self.questions(&self.denied)
    }

    fn questions(&self, map: &HashMap<Key, Seen>) -> Vec<Question> {
        let mut all: Vec<Question> = map.iter().map(|(key, seen)| self.question(key, seen)).collect();
        let name = |q: &Question| self.subject_of(q).map(|s| s.name.as_str());
        all.sort_by(|a, b| (name(a), &a.ask).cmp(&(name(b), &b.ask)));
        all
    }

    fn question(&self, key: &Key, seen: &Seen) -> Question {
        let text = |id: u32| self.words.text(id).to_owned();
        let ask = match key.namespace {
            Some(namespace) => Ask::Resource {
                group: text(key.group),
                resource: text(key.resource),
                verb: text(key.verb),
                namespace: text(namespace),
            },
            None => Ask::Path { path: text(key.resource), verb: text(key.verb) },
        };
        Question {
            subject: key.subject,
            ask,
            count: seen.done.max(seen.started),
            unnamed: seen.unnamed,
            names: seen.names.iter().map(ToString::to_string).collect(),
            more_names: seen.more_names,
        }
    }
}

impl Known {
    fn new(person: &Person) -> Self {
        let groups = groups_of(person);
        let class = SubjectClass::of(&person.name, &groups);
        let subject = Subject { name: person.name.to_string(), groups, class, allowed: 0, denied: 0 };
        Self { subject, groups_text: person.groups_text.to_vec(), paths: 0 }
    }

    /// The same user once more: only groups that are always there count.
    fn meet(&mut self, person: &Person) {
        if self.groups_text == person.groups_text {
            return;
        }
        let groups = groups_of(person);
        // A member of the privileged group, even if not always, needs no roles for what it did as one.
        self.subject.class = SubjectClass::of(&person.name, &groups);
        self.subject.groups.retain(|g| groups.contains(g));
        self.groups_text = person.groups_text.to_vec();
    }
}

/// The groups of a user, sorted; where the log has none, those that the name alone gives.
fn groups_of(person: &Person) -> Vec<String> {
    let mut groups = person.groups();
    if groups.is_empty() && person.name != ANONYMOUS {
        if let Some((namespace, _)) = split_service_account(&person.name) {
            groups = service_account_groups(namespace);
        }
        groups.push(AUTHENTICATED.to_owned());
    }
    groups.sort_unstable();
    groups.dedup();
    groups
}

/// The first segment of a path and everything below it.
fn first_segment(path: &str) -> String {
    let rest = path.strip_prefix('/').unwrap_or(path);
    match rest.split_once('/') {
        Some((first, _)) => format!("/{first}/*"),
        None => "/*".to_owned(),
    }
}

/// Whom an impersonation asked for: the groups that the server adds by itself are not among them.
fn wanted(person: &Person) -> UserInfo {
    let mut user = person.user_info();
    let account = split_service_account(&user.name).map(|(namespace, _)| namespace.to_owned());
    let own = account.map(|namespace| format!("{SERVICE_ACCOUNTS}:{namespace}"));
    let is_own = |group: &str| {
        group == AUTHENTICATED || own.as_deref().is_some_and(|own| group == own || group == SERVICE_ACCOUNTS)
    };
    user.groups.retain(|g| !is_own(g));
    if user.name == ANONYMOUS {
        user.groups.retain(|g| g != api::user::UNAUTHENTICATED);
    }
    user
}

fn authz_target<'a>(target: &'a Target) -> authz::Target<'a> {
    match target {
        Target::Path(path) => authz::Target::Path(path),
        Target::Resource(object) => authz::Target::Resource(ResourceTarget {
            group: &object.group,
            version: &object.version,
            resource: &object.resource,
            subresource: &object.subresource,
            namespace: &object.namespace,
            name: &object.name,
            selectors: None,
        }),
    }
}

/// Allows one way of impersonating and remembers what it asked.  A mutex, since authorizers are shared by contract.
struct Recorder<'a> {
    constraint: &'a str,
    asked: Mutex<Vec<(String, Target<'static>)>>,
}

impl Authorizer for Recorder<'_> {
    fn authorize(&self, attributes: &Attributes) -> Verdict {
        let verb = attributes.verb;
        let on = verb.strip_prefix("impersonate-on:").map(|rest| rest.split(':').next().unwrap_or(""));
        let is_ours = match (self.constraint.strip_prefix("impersonate:"), on) {
            (None, None) => verb == "impersonate",
            (None, Some(_)) => false,
            (Some(mode), Some(on)) => mode == on,
            (Some(_), None) => verb == self.constraint,
        };
        if !is_ours {
            return Verdict::no_opinion("");
        }
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.push((verb.to_owned(), owned(&attributes.target)));
        Verdict::allow(Reason::None)
    }

    fn rules(&self, _: &UserInfo, _: &str) -> Rules {
        Rules::default()
    }
}

fn owned(target: &authz::Target) -> Target<'static> {
    let text = |text: &str| Cow::Owned(text.to_owned());
    match target {
        authz::Target::Path(path) => Target::Path(text(path)),
        authz::Target::Resource(r) => Target::Resource(ObjectRef {
            group: text(r.group),
            version: text(r.version),
            resource: text(r.resource),
            subresource: text(r.subresource),
            namespace: text(r.namespace),
            name: text(r.name),
        }),
    }
}

impl Words {
    fn find(&self, text: &str) -> Option<u32> {
        self.ids.get(text).copied()
    }

    fn id(&mut self, text: &str) -> u32 {
        if let Some(id) = self.ids.get(text) {
            return *id;
        }
        let id = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        self.ids.insert(text.to_owned(), id);
        self.texts.push(text.to_owned());
        id
    }

    fn text(&self, id: u32) -> &str {
        self.texts.get(id as usize).map_or("", String::as_str)
    }
}
