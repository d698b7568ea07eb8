//! What a store counts.
//!
//! Entry point: [`Metrics`], shared by all parts of a store and read by whoever exports it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::{CommitError, Committed};

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

/// How often something took how long.
#[derive(Debug, Default)]
pub struct Histogram {
    buckets: [AtomicU64; BOUNDS.len() + 1],
    sum_nanos: AtomicU64,
}

/// The upper bounds of a [`Histogram`]'s buckets but the last, which has none.
pub const BOUNDS: [Duration; 16] = {
    let mut bounds = [Duration::ZERO; 16];
    let mut i = 0;
    while i < 16 {
        #[expect(clippy::indexing_slicing, reason = "evaluated at compile time")]
        {
            bounds[i] = Duration::from_micros(125 << i);
        }
        i += 1;
    }
    bounds
};

/// The counters of a store since it was opened.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Transactions that took place.
    pub commits: Counter,
    /// Transactions whose condition did not hold.
    pub conflicts: Counter,
    /// Transactions that failed for any other reason.
    pub failures: Counter,
    /// Batches written to the log.
    pub batches: Counter,
    /// Bytes written to the log.
    pub log_bytes: Counter,
    /// How long syncing the log took.
    pub syncs: Histogram,
    /// Log segments begun.
    pub segments: Counter,
    /// How long writing a snapshot took.
    pub snapshots: Histogram,
    /// Snapshots that failed.
    pub snapshot_failures: Counter,
}

impl Metrics {
    /// Counts how a transaction went.
    pub(crate) fn count(&self, result: &Result<Committed, CommitError>) {
        match result {
            Ok(_) => self.commits.add(1),
            Err(CommitError::Conflict(_)) => self.conflicts.add(1),
            Err(_) => self.failures.add(1),
        }
    }
}

impl Counter {
    pub(crate) fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    /// Its value.
    pub fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Histogram {
    pub(crate) fn observe(&self, took: Duration) {
        let at = BOUNDS.partition_point(|bound| *bound < took);
        if let Some(bucket) = self.buckets.get(at) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.sum_nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    /// How many observations fell between each bound of [`BOUNDS`] and the one before it; last those beyond all.
    pub fn buckets(&self) -> [u64; BOUNDS.len() + 1] {
        self.buckets.each_ref().map(|bucket| bucket.load(Ordering::Relaxed))
    }

    /// How many observations there were.
    pub fn count(&self) -> u64 {
        self.buckets().iter().sum()
    }

    /// How long all of them took together.
    pub fn sum(&self) -> Duration {
        Duration::from_nanos(self.sum_nanos.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn observations_fall_into_their_buckets() {
        let histogram = Histogram::default();
        for micros in [1, 125, 126, 10_000_000] {
            histogram.observe(Duration::from_micros(micros));
        }
        let buckets = histogram.buckets();
        assert_eq!((buckets[0], buckets[1], buckets[16], histogram.count()), (2, 1, 1, 4));
        assert_eq!(histogram.sum(), Duration::from_micros(10_000_252));
    }
}
