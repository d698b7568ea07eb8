//! What an audit log tells, gathered event by event: who asked from where, what looks like an attack, whether the log is
//! whole.
//!
//! Entry point: [`AuditLog::read`], as often as there are files.  Memory is bounded, whatever is read: of everything that
//! a log can have without end only so much is kept, and the rest is counted.

mod actors;
mod bodies;
mod bursts;
mod detections;
mod integrity;
mod mark;
mod sightings;

use std::io::Read;
use std::sync::Arc;

use audit::log::{Problem, Reader, Summary};
use audit::{Event, Outcome, Stage};
use privilege::least::Observed;

pub(crate) use actors::{Actor, ActorKind};
pub(crate) use bodies::BindingWrite;
pub(crate) use bursts::Burst;
pub(crate) use detections::DETECTIONS;
pub(crate) use integrity::Integrity;
pub(crate) use mark::Mark;
pub(crate) use sightings::Sighting;

use actors::Actors;
use bodies::Bodies;
use bursts::Bursts;
use sightings::Sightings;

/// How many problems of files are kept word for word.
const MOST_PROBLEMS: usize = 100;

/// Audit logs, as far as checks need them.
#[derive(Clone, Debug, Default)]
pub struct AuditLog {
    /// What was read, over all files.
    summary: Summary,
    /// Who asked.
    actors: Actors,
    /// What looks like an attack, by check.
    sightings: Sightings,
    /// Refusals by where they came from.
    bursts: Bursts,
    /// What bodies say of bindings and of the labels of namespaces.
    bodies: Bodies,
    /// Whether the log is whole.
    integrity: Integrity,
    /// Distinct questions, as least privilege needs them.
    observed: Observed,
}

impl AuditLog {
    /// Reads one more log, compressed or not, however a cloud wrapped it.  What is broken in it is told by
    /// [`AuditLog::problems`], and the rest counts.
    pub fn read(&mut self, name: &str, input: impl Read) {
        let file: Arc<str> = name.into();
        let mut place = Arc::clone(&file);
        self.integrity.begin();
        let mut sink = |event: &Event| {
            if *place != *event.file {
                place = event.file.into();
            }
            self.add(event, &place);
        };
        let mut reader = Reader::new(&mut sink);
        reader.read(name, input);
        let summary = reader.finish();
        self.integrity.end(&summary);
        self.join(summary);
    }

    /// How many events were read.
    pub fn events(&self) -> u64 {
        self.summary.events
    }

    /// How many lines or values are broken.
    pub fn broken(&self) -> u64 {
        self.summary.broken
    }

    /// What could not be read, the first hundred.
    pub fn problems(&self) -> &[Problem] {
        &self.summary.problems
    }

    /// Everybody who asked and was let in by an authenticator, the first 20,000.
    fn actors(&self) -> impl Iterator<Item = &Actor> {
        self.actors.all()
    }

    /// People who showed a client certificate.
    pub(crate) fn certificate_users(&self) -> impl Iterator<Item = &Actor> {
        self.actors().filter(|actor| actor.kind == ActorKind::Human && actor.certificate.is_some())
    }

    /// Service accounts, with the addresses that they asked from.
    pub(crate) fn service_accounts(&self) -> impl Iterator<Item = &Actor> {
        self.actors().filter(|actor| actor.kind == ActorKind::ServiceAccount)
    }

    /// What a detection has seen.
    pub(crate) fn sightings(&self, id: &str) -> impl Iterator<Item = &Sighting> {
        self.sightings.of(id)
    }

    /// How many sightings of a detection are not among [`AuditLog::sightings`].
    pub(crate) fn uncounted(&self, id: &str) -> u64 {
        self.sightings.beyond(id)
    }

    /// The most refusals within a minute, source by source.
    pub(crate) fn bursts(&self) -> impl Iterator<Item = (&str, &Burst)> {
        self.bursts.all()
    }

    /// Bindings that were written.
    pub(crate) fn binding_writes(&self) -> &[BindingWrite] {
        &self.bodies.bindings
    }

    /// How often namespaces were written without the log having the body.
    pub(crate) fn unseen_labels(&self) -> u64 {
        self.bodies.unseen_labels
    }

    /// Whether the log is whole.
    pub(crate) fn integrity(&self) -> &Integrity {
        &self.integrity
    }

    /// Distinct questions.
    pub(crate) fn observed(&self) -> &Observed {
        &self.observed
    }

    fn add(&mut self, event: &Event, file: &Arc<str>) {
        self.integrity.add(event, file);
        if event.stage == Stage::RequestReceived {
            return;
        }
        self.observed.add(event);
        let kind = self.actors.add(event, file);
        if matches!(event.outcome(), Outcome::Denied | Outcome::Unauthenticated) {
            self.bursts.add(event, file);
        }
        for (at, detection) in DETECTIONS.iter().enumerate() {
            if let Some(what) = (detection.look)(event, kind) {
                self.sightings.add(at, event, &what, file);
            }
        }
        if let Some(lowered) = self.bodies.add(event, file) {
            self.sightings.add(detections::LABEL, event, &lowered, file);
        }
    }

    fn join(&mut self, more: Summary) {
        let all = &mut self.summary;
        all.events += more.events;
        all.bytes += more.bytes;
        all.broken += more.broken;
        all.other += more.other;
        for (form, count) in more.forms {
            *all.forms.entry(form).or_default() += count;
        }
        let room = MOST_PROBLEMS.saturating_sub(all.problems.len());
        all.problems.extend(more.problems.into_iter().take(room));
    }
}

#[cfg(test)]
mod tests;
