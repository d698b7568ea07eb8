//! What detections have seen: by who did what, counted, with the first events of each to look up.

use std::collections::HashMap;
use std::sync::Arc;

use audit::{Event, Stage};

use super::detections::{DETECTIONS, What};
use super::mark::Mark;
use crate::finding::Status;

/// How many events are kept of a sighting.
const MOST_MARKS: usize = 5;
/// How many sightings are kept of a detection.
const MOST_SIGHTINGS: usize = 200;

/// Somebody did something, once or often.
#[derive(Clone, Debug)]
pub(crate) struct Sighting {
    pub status: Status,
    /// Who showed the credential.
    pub actor: String,
    /// What they did.
    pub what: String,
    /// The times of the first and the last event.
    pub first: String,
    pub last: String,
    /// The first events.
    pub marks: Vec<Mark>,
    /// INVARIANT: a request counts in `done` or in both; one that goes on only in `started`.
    done: u64,
    started: u64,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Sightings {
    all: [Kept; DETECTIONS.len()],
}

#[derive(Clone, Debug, Default)]
struct Kept {
    all: Vec<Sighting>,
    by_key: HashMap<(String, String), usize>,
    beyond: u64,
}

impl Sightings {
    pub(super) fn of(&self, id: &str) -> impl Iterator<Item = &Sighting> {
        self.kept(id).flat_map(|kept| &kept.all)
    }

    pub(super) fn beyond(&self, id: &str) -> u64 {
        self.kept(id).map(|kept| kept.beyond).sum()
    }

    fn kept(&self, id: &str) -> impl Iterator<Item = &Kept> {
        let rows = DETECTIONS.iter().zip(&self.all);
        rows.filter(move |(row, _)| row.id == id).map(|(_, kept)| kept)
    }

    /// The detection at that place of the table has seen something.
    pub(super) fn add(&mut self, at: usize, event: &Event, what: &What, file: &Arc<str>) {
        let Some(kept) = self.all.get_mut(at) else { return };
        let key = (event.user.name.to_string(), what.text.clone());
        let found = kept.by_key.get(&key).copied();
        let at = match found {
            Some(at) => at,
            None if kept.all.len() < MOST_SIGHTINGS => {
                kept.all.push(Sighting::new(event, what));
                kept.by_key.insert(key, kept.all.len() - 1);
                kept.all.len() - 1
            }
            None => {
                kept.beyond += 1;
                return;
            }
        };
        if let Some(sighting) = kept.all.get_mut(at) {
            sighting.meet(event, what, file);
        }
    }
}

impl Sighting {
    fn new(event: &Event, what: &What) -> Self {
        Self {
            status: what.status,
            actor: event.user.name.to_string(),
            what: what.text.clone(),
            first: event.time.to_string(),
            last: event.time.to_string(),
            marks: Vec::new(),
            done: 0,
            started: 0,
        }
    }

    /// How many requests.
    pub(crate) fn count(&self) -> u64 {
        self.done.max(self.started)
    }

    fn meet(&mut self, event: &Event, what: &What, file: &Arc<str>) {
        self.status = self.status.max(what.status);
        match event.stage {
            Stage::ResponseStarted => self.started += 1,
            _ => self.done += 1,
        }
        let time: &str = &event.time;
        if !time.is_empty() {
            if self.first.is_empty() || time < self.first.as_str() {
                time.clone_into(&mut self.first);
            }
            if time > self.last.as_str() {
                time.clone_into(&mut self.last);
            }
        }
        // The stages of a request have one id.
        let known = |mark: &Mark| !mark.id.is_empty() && *mark.id == *event.id;
        if self.marks.len() < MOST_MARKS && !self.marks.iter().any(known) {
            self.marks.push(Mark::of(event, file));
        }
    }
}
