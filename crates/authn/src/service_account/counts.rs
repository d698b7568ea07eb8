//! How many tokens of which kind were used, for the metrics.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counters of uses; a remembered answer does not count again.
#[derive(Debug, Default)]
pub struct Counts {
    /// Tokens before their warning threshold.
    pub valid: Count,
    /// Tokens past it: their client does not read them again.
    pub stale: Count,
    /// Tokens without an audience.
    pub legacy: Count,
    /// Legacy tokens of secrets that somebody made.
    pub legacy_manual: Count,
    /// Legacy tokens of secrets that a cluster made for every account, long ago.
    pub legacy_auto: Count,
    /// Such tokens that were marked invalid.
    pub legacy_invalid: Count,
}

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// One more.
    pub(super) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// How many so far.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counts {
    /// Names and helps as kube-apiserver has them, with the present numbers.
    pub fn all(&self) -> [(&'static str, &'static str, u64); 6] {
        [
            (
                "serviceaccount_valid_tokens_total",
                "Tokens of service accounts used in time.",
                self.valid.get(),
            ),
            (
                "serviceaccount_stale_tokens_total",
                "Tokens of service accounts used past the time they were asked for.",
                self.stale.get(),
            ),
            (
                "serviceaccount_legacy_tokens_total",
                "Tokens of service accounts used that name no audience.",
                self.legacy.get(),
            ),
            (
                "serviceaccount_legacy_manual_token_uses_total",
                "Tokens used from secrets that were made by hand.",
                self.legacy_manual.get(),
            ),
            (
                "serviceaccount_legacy_auto_token_uses_total",
                "Tokens used from secrets that were made for every account.",
                self.legacy_auto.get(),
            ),
            (
                "serviceaccount_invalid_legacy_auto_token_uses_total",
                "Tokens refused because their secret was marked invalid.",
                self.legacy_invalid.get(),
            ),
        ]
    }
}
