//! Whether a log is whole: minutes without an event, events that stand there twice, clocks that go back.
//!
//! Entry points: [`Integrity::begin`], [`Integrity::add`] and [`Integrity::end`] for each file; then the questions.
//! Minutes are bits, so that gaps are found whatever order files and servers come in.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::sync::Arc;

use api::time::Timestamp;
use audit::Event;
use audit::log::{Problem, Summary};

use super::mark::Mark;

/// How many days are kept.
const MOST_DAYS: usize = 4_000;
const DAY_MINUTES: i64 = 1_440;
/// How many ids are remembered before the older half is forgotten.
const MOST_IDS: usize = 1 << 19;
/// How many examples are kept.
const MOST_MARKS: usize = 5;
/// Steps back of the clock that count, in seconds; events are written when they end, and in batches.
const LEAST_STEP: i64 = 30;

/// What speaks for or against a log being whole.
#[derive(Clone, Debug, Default)]
pub(crate) struct Integrity {
    days: BTreeMap<i64, [u64; 23]>,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    seen: Ids,
    file: File,
    /// Events that stood there before, counted, and the first of them.
    pub duplicates: (u64, Vec<Mark>),
    /// Steps back of the clock within a file, the seconds of each with it.
    pub steps_back: (u64, Vec<(i64, Mark)>),
    /// Events that ended before their request came.
    pub ended_early: (u64, Vec<Mark>),
    /// Broken lines, and where the first are.
    pub broken: (u64, Vec<Problem>),
    /// Events without a time.
    pub timeless: u64,
}

/// Hashes of ids and stages, in two generations.
#[derive(Clone, Debug, Default)]
struct Ids {
    young: HashSet<u64, BuildHasherDefault<Same>>,
    old: HashSet<u64, BuildHasherDefault<Same>>,
}

/// A hash that is one already.
#[derive(Clone, Debug, Default)]
struct Same(u64);

/// What is known of the file that is being read.
#[derive(Clone, Debug, Default)]
struct File {
    last: Option<i64>,
    /// Steps on and back, all and those that count.
    on: Steps,
    back: Steps,
}

#[derive(Clone, Debug, Default)]
struct Steps {
    all: u64,
    large: u64,
    marks: Vec<(i64, Mark)>,
}

impl Integrity {
    /// A file begins.
    pub(super) fn begin(&mut self) {
        self.file = File::default();
    }

    /// Takes in an event.
    pub(super) fn add(&mut self, event: &Event, file: &Arc<str>) {
        if !event.id.is_empty() && self.seen.repeats(event) {
            count(&mut self.duplicates, || Mark::of(event, file));
        }
        let Ok(time) = Timestamp::parse(&event.time) else {
            self.timeless += 1;
            return;
        };
        self.first = Some(self.first.map_or(time, |first| first.min(time)));
        self.last = Some(self.last.map_or(time, |last| last.max(time)));
        self.minute(time.seconds().div_euclid(60));
        self.file.step(time.seconds(), event, file);
        if Timestamp::parse(&event.received).is_ok_and(|received| time < received) {
            count(&mut self.ended_early, || Mark::of(event, file));
        }
    }

    /// The file has ended.
    pub(super) fn end(&mut self, summary: &Summary) {
        let File { on, back, .. } = std::mem::take(&mut self.file);
        // Some exports have the newest first.
        let against = if back.all > on.all { on } else { back };
        self.steps_back.0 += against.large;
        let room = MOST_MARKS.saturating_sub(self.steps_back.1.len());
        self.steps_back.1.extend(against.marks.into_iter().take(room));
        self.broken.0 += summary.broken;
        let broken = summary.problems.iter().filter(|problem| !problem.what.starts_with("is no audit event"));
        let room = MOST_MARKS.saturating_sub(self.broken.1.len());
        self.broken.1.extend(broken.take(room).cloned());
    }

    /// The times of the first and the last event.
    pub(crate) fn period(&self) -> Option<(Timestamp, Timestamp)> {
        self.first.zip(self.last)
    }

    /// Stretches of more than so many minutes without an event: from the last minute before to the first after.
    pub(crate) fn gaps(&self, longest: i64) -> Vec<(Timestamp, Timestamp)> {
        let mut gaps = Vec::new();
        let mut before: Option<i64> = None;
        for minute in self.minutes() {
            if let Some(before) = before.filter(|before| minute - before > longest + 1) {
                gaps.push((Timestamp::new(before * 60, 0), Timestamp::new(minute * 60, 0)));
            }
            before = Some(minute);
        }
        gaps
    }

    fn minute(&mut self, minute: i64) {
        let day = minute.div_euclid(DAY_MINUTES);
        if self.days.len() >= MOST_DAYS && !self.days.contains_key(&day) {
            return;
        }
        let words = self.days.entry(day).or_insert([0; 23]);
        let at = usize::try_from(minute.rem_euclid(DAY_MINUTES)).unwrap_or(0);
        if let Some(word) = words.get_mut(at / 64) {
            *word |= 1 << (at % 64);
        }
    }

    /// The minutes that have events, in order.
    fn minutes(&self) -> impl Iterator<Item = i64> {
        self.days.iter().flat_map(|(day, words)| {
            let bits = (0..DAY_MINUTES).filter(move |minute| {
                let at = usize::try_from(*minute).unwrap_or(0);
                words.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 == 1)
            });
            bits.map(move |minute| day * DAY_MINUTES + minute)
        })
    }
}

impl File {
    fn step(&mut self, time: i64, event: &Event, file: &Arc<str>) {
        if let Some(last) = self.last {
            let steps = if time < last { &mut self.back } else { &mut self.on };
            steps.all += u64::from(time != last);
            let length = (time - last).abs();
            if length >= LEAST_STEP {
                steps.large += 1;
                if steps.marks.len() < MOST_MARKS {
                    steps.marks.push((length, Mark::of(event, file)));
                }
            }
        }
        self.last = Some(time);
    }
}

impl Ids {
    /// True when this stage of this request was there before.
    fn repeats(&mut self, event: &Event) -> bool {
        let mut hasher = DefaultHasher::new();
        (&*event.id, event.stage).hash(&mut hasher);
        let id = hasher.finish();
        if self.old.contains(&id) || !self.young.insert(id) {
            return true;
        }
        if self.young.len() >= MOST_IDS {
            self.old = std::mem::take(&mut self.young);
        }
        false
    }
}

impl Hasher for Same {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // Never: the keys are numbers.
        bytes.iter().for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

fn count(kept: &mut (u64, Vec<Mark>), mark: impl FnOnce() -> Mark) {
    kept.0 += 1;
    if kept.1.len() < MOST_MARKS {
        kept.1.push(mark());
    }
}
