//! Refusals (401 and 403) by where they came from: the most within a minute.
//!
//! A window of sixty seconds slides in steps of ten, so that a minute that begins in the middle counts as one.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use api::time::Timestamp;
use audit::Event;

use super::mark::Mark;

/// How many sources are kept.
const MOST_SOURCES: usize = 10_000;
/// How many names of users are kept of a source.
const MOST_USERS: usize = 5;
/// A step of the window, in seconds, and how many of them it has.
const STEP: i64 = 10;
const STEPS: usize = 6;

/// What one source was refused.
#[derive(Clone, Debug)]
pub(crate) struct Burst {
    /// All refusals.
    pub total: u64,
    /// The most within a minute.
    pub most: u64,
    /// An event of that minute, the last one.
    pub mark: Mark,
    /// Names that were tried, the first five.
    pub users: BTreeSet<String>,
    /// Refusals by step, the step of `newest` first.
    steps: [u64; STEPS],
    newest: i64,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Bursts(HashMap<String, Burst>);

impl Bursts {
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &Burst)> {
        self.0.iter().map(|(source, burst)| (source.as_str(), burst))
    }

    pub(super) fn add(&mut self, event: &Event, file: &Arc<str>) {
        let Ok(time) = Timestamp::parse(&event.time) else { return };
        let step = time.seconds().div_euclid(STEP);
        let source = event.source();
        if let Some(burst) = self.0.get_mut(&*source) {
            return burst.meet(step, event, file);
        }
        if self.0.len() < MOST_SOURCES && !source.is_empty() {
            let mut burst = Burst {
                total: 0,
                most: 0,
                mark: Mark::of(event, file),
                users: BTreeSet::new(),
                steps: [0; STEPS],
                newest: step,
            };
            burst.meet(step, event, file);
            self.0.insert(source.into_owned(), burst);
        }
    }
}

impl Burst {
    fn meet(&mut self, step: i64, event: &Event, file: &Arc<str>) {
        self.total += 1;
        if self.users.len() < MOST_USERS && !event.user.name.is_empty() {
            self.users.insert(event.user.name.to_string());
        }
        if step > self.newest {
            let by = usize::try_from(step - self.newest).unwrap_or(STEPS).min(STEPS);
            self.steps.rotate_right(by % STEPS);
            self.steps.iter_mut().take(by).for_each(|count| *count = 0);
            self.newest = step;
        }
        let mut back = usize::try_from(self.newest - step).unwrap_or(STEPS);
        if back >= STEPS {
            // Another file, or one with the newest first: a window of its own.
            (self.newest, self.steps, back) = (step, [0; STEPS], 0);
        }
        if let Some(count) = self.steps.get_mut(back) {
            *count += 1;
        }
        let within: u64 = self.steps.iter().sum();
        if within > self.most {
            self.most = within;
            self.mark = Mark::of(event, file);
        }
    }
}
