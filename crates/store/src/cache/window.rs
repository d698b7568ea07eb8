//! The recent history of one resource: a bounded ring of events that all watchers share.
//!
//! Entry point: [`Window`].  Each event has a sequence number; a watcher holds one of them and nothing else.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::{Change, Object};

/// One change of one object.
#[derive(Clone, Debug)]
pub struct Event {
    /// The object behind the change; for a deletion its tombstone.
    pub object: Arc<Object>,
    /// The object before the change, `None` when it was created.
    pub previous: Option<Arc<Object>>,
}

/// How much history is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowLimits {
    /// Events of one resource.
    pub events: usize,
    /// Bytes that all resources' history may hold on to beyond the live objects.
    pub bytes: usize,
}

/// The ring.
pub(super) struct Window {
    events: VecDeque<Event>,
    /// Sequence number of the first event in the ring.
    first: u64,
    /// The revision of the last event that was dropped: history is complete behind it.
    floor: u64,
    /// What the ring holds on to beyond the live objects.
    bytes: usize,
}

impl Default for WindowLimits {
    fn default() -> Self {
        Self { events: 16 << 10, bytes: 32 << 20 }
    }
}

impl Event {
    /// The revision of the change.
    pub fn revision(&self) -> u64 {
        self.object.revision()
    }

    /// What happened.
    pub fn change(&self) -> Change {
        self.object.change()
    }

    /// The objects that live only in history once this event is there, and the event itself.  The object of any other
    /// change is live until a later event names it as its previous one.
    fn cost(&self) -> usize {
        let previous = self.previous.as_ref().map_or(0, |object| object.size());
        let tombstone = if self.change() == Change::Deleted { self.object.size() } else { 0 };
        size_of::<Self>() + previous + tombstone
    }
}

impl Window {
    pub(super) fn new(floor: u64) -> Self {
        Self { events: VecDeque::new(), first: 0, floor, bytes: 0 }
    }

    /// Adds an event, answers what it costs in bytes.
    pub(super) fn push(&mut self, event: Event) -> usize {
        let cost = event.cost();
        self.bytes += cost;
        self.events.push_back(event);
        cost
    }

    /// Drops events from the old end while there are more than `keep`; answers the bytes that became free.
    pub(super) fn shrink(&mut self, keep: usize) -> usize {
        let before = self.bytes;
        while self.events.len() > keep && self.drop_oldest() {}
        before - self.bytes
    }

    /// Drops events from the old end until `bytes` became free or none is left; answers the bytes that did.
    pub(super) fn free(&mut self, bytes: usize) -> usize {
        let before = self.bytes;
        while before - self.bytes < bytes && self.drop_oldest() {}
        before - self.bytes
    }

    fn drop_oldest(&mut self) -> bool {
        let Some(event) = self.events.pop_front() else { return false };
        self.first += 1;
        self.floor = event.revision();
        self.bytes -= event.cost();
        true
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The oldest revision one can watch from and read exactly.
    pub(super) fn floor(&self) -> u64 {
        self.floor
    }

    /// The sequence number behind the last event.
    pub(super) fn end(&self) -> u64 {
        self.first + self.events.len() as u64
    }

    /// The sequence number of the first event behind `revision`, which must not be older than the floor.
    pub(super) fn seek(&self, revision: u64) -> u64 {
        self.first + self.events.partition_point(|event| event.revision() <= revision) as u64
    }

    /// The events from a sequence number on; `None` when some of them were dropped.
    pub(super) fn from(&self, seq: u64) -> Option<impl DoubleEndedIterator<Item = &Event>> {
        let skip = usize::try_from(seq.checked_sub(self.first)?).ok()?;
        Some(self.events.range(skip.min(self.events.len())..))
    }
}
