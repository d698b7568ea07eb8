//! Who asked: people told apart from what runs by itself, with the credentials and addresses they came with.

use std::collections::HashMap;
use std::sync::Arc;

use api::user::{ANONYMOUS, split_service_account};
use audit::{Event, Outcome};

use super::mark::Mark;

/// How many actors are kept.
const MOST_ACTORS: usize = 20_000;
/// How many addresses of an actor are kept.
const MOST_SOURCES: usize = 64;
/// The extra value that names the credential of a request.
const CREDENTIAL: &str = "authentication.kubernetes.io/credential-id";

/// What kind of user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ActorKind {
    /// Nobody showed a credential.
    Anonymous,
    ServiceAccount,
    /// A kubelet.
    Node,
    /// A part of the control plane, or of the cloud that runs it.
    System,
    /// Anybody else: a person, or a machine that poses as one.
    Human,
}

/// Users of clouds' control planes that have no `system:` before their names.
const MACHINES: &[&str] = &[
    "aksService",
    "apiserver-kubelet-client",
    "hcpService",
    "kube-apiserver",
    "kube-apiserver-kubelet-client",
    "kube-aggregator",
    "front-proxy-client",
    "masterclient",
    "nodeclient",
];
/// How names of clouds' own services begin or end; accounts that a site makes for itself in a cloud are none.
const MACHINE_PREFIXES: &[&str] = &["eks:", "system:", "aks-"];
const MACHINE_SUFFIXES: &[&str] =
    &["@cloudservices.gserviceaccount.com", "@container-engine-robot.iam.gserviceaccount.com"];

/// Somebody who asked.
#[derive(Clone, Debug)]
pub(crate) struct Actor {
    pub name: String,
    pub kind: ActorKind,
    /// Events, refused ones too.
    pub events: u64,
    /// The first event.
    pub first: Mark,
    /// The first event with a client certificate; only of humans.
    pub certificate: Option<Mark>,
    /// Addresses, each with how many events it has; the first 64.
    pub sources: Vec<(String, u64)>,
    /// True when there were more addresses.
    pub more_sources: bool,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Actors {
    all: Vec<Actor>,
    by_name: HashMap<String, usize>,
}

impl ActorKind {
    /// What kind of user has the name.
    pub(crate) fn of(name: &str) -> Self {
        if name == ANONYMOUS {
            Self::Anonymous
        } else if split_service_account(name).is_some() {
            Self::ServiceAccount
        } else if name.starts_with("system:node:") {
            Self::Node
        } else if MACHINES.contains(&name)
            || MACHINE_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
            || MACHINE_SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
        {
            Self::System
        } else {
            Self::Human
        }
    }
}

impl Actors {
    pub(super) fn all(&self) -> impl Iterator<Item = &Actor> {
        self.all.iter()
    }

    /// Takes in an event; answers what kind of user showed the credential.
    pub(super) fn add(&mut self, event: &Event, file: &Arc<str>) -> ActorKind {
        let name: &str = &event.user.name;
        // A name in an event that nobody was found for is what somebody claims.
        if event.outcome() == Outcome::Unauthenticated || name.is_empty() {
            return ActorKind::Anonymous;
        }
        let found = self.by_name.get(name).and_then(|at| self.all.get_mut(*at));
        match found {
            Some(actor) => {
                actor.meet(event, file);
                actor.kind
            }
            None => self.new_actor(name, event, file),
        }
    }

    fn new_actor(&mut self, name: &str, event: &Event, file: &Arc<str>) -> ActorKind {
        let kind = ActorKind::of(name);
        if self.all.len() < MOST_ACTORS {
            let mut actor = Actor {
                name: name.to_owned(),
                kind,
                events: 0,
                first: Mark::of(event, file),
                certificate: None,
                sources: Vec::new(),
                more_sources: false,
            };
            actor.meet(event, file);
            self.by_name.insert(name.to_owned(), self.all.len());
            self.all.push(actor);
        }
        kind
    }
}

impl Actor {
    fn meet(&mut self, event: &Event, file: &Arc<str>) {
        self.events += 1;
        if self.kind == ActorKind::Human && self.certificate.is_none() && has_certificate(event) {
            self.certificate = Some(Mark::of(event, file));
        }
        let source = event.source();
        if source.is_empty() {
            return;
        }
        let room = self.sources.len() < MOST_SOURCES;
        match self.sources.iter_mut().find(|(known, _)| *known == source) {
            Some((_, count)) => *count += 1,
            None if room => self.sources.push((source.into_owned(), 1)),
            None => self.more_sources = true,
        }
    }
}

/// True when the credential was a client certificate (`X509SHA256=…`).
fn has_certificate(event: &Event) -> bool {
    let is_certificate = |id: &str| id.starts_with("X509");
    is_certificate(&event.user.extra(CREDENTIAL)) || is_certificate(&event.annotation(CREDENTIAL))
}
