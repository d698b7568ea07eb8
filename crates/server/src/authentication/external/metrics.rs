//! What `/metrics` shows of a signer, in upstream's names.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::histogram::Histogram;
use crate::metrics::family;

/// Upper ends of the classes of durations, in seconds.
const ENDS: &[f64] = &[0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

/// The counters of a signer.
#[derive(Default)]
pub(super) struct Metrics(Mutex<Counted>);

#[derive(Default)]
struct Counted {
    /// Requests by method and code.
    requests: BTreeMap<(&'static str, &'static str), Histogram>,
    fetches: BTreeMap<&'static str, u64>,
    signs: BTreeMap<&'static str, u64>,
    /// When keys were fetched last, and when they were true then.
    fetched: Option<(f64, f64)>,
}

impl Metrics {
    /// Counts a call of a method.
    pub(super) fn called(&self, method: &'static str, code: &'static str, took: Duration) {
        self.with(|counted| {
            let requests = counted.requests.entry((method, code)).or_insert_with(|| Histogram::new(ENDS));
            requests.add(took.as_secs_f64());
        });
    }

    /// Counts an attempt to fetch keys.
    pub(super) fn fetched(&self, code: &'static str) {
        self.with(|counted| *counted.fetches.entry(code).or_default() += 1);
    }

    /// Notes keys that are used from now on, and the time their signer says they are of; in seconds since the Unix epoch.
    pub(super) fn took_keys(&self, now: f64, data: f64) {
        self.with(|counted| counted.fetched = Some((now, data)));
    }

    /// Counts an attempt to have a token signed.
    pub(super) fn signed(&self, code: &'static str) {
        self.with(|counted| *counted.signs.entry(code).or_default() += 1);
    }

    /// Writes all of them.
    pub(super) fn show(&self, out: &mut String) {
        self.with(|counted| counted.show(out));
    }

    fn with<T>(&self, f: impl FnOnce(&mut Counted) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Counted {
    fn show(&self, out: &mut String) {
        for (name, help, counts) in [
            ("fetch_keys_request_total", "Attempts to fetch the keys of the signer.", &self.fetches),
            ("sign_request_total", "Attempts to have a token signed.", &self.signs),
        ] {
            let name = format!("apiserver_externaljwt_{name}");
            family(out, &name, "counter", help);
            for (code, count) in counts {
                let _ = writeln!(out, "{name}{{code=\"{code}\"}} {count}");
            }
        }
        if let Some((at, data)) = self.fetched {
            for (name, help, value) in [
                ("fetch_keys_success_timestamp", "When the keys of the signer were fetched last.", at),
                ("fetch_keys_data_timestamp", "The time that the signer says its keys are of.", data),
            ] {
                let name = format!("apiserver_externaljwt_{name}");
                family(out, &name, "gauge", help);
                let _ = writeln!(out, "{name} {value}");
            }
        }
        let name = "apiserver_externaljwt_request_duration_seconds";
        family(out, name, "histogram", "How long calls of the signer took.");
        for ((method, code), histogram) in &self.requests {
            histogram.show(out, name, &format!("method=\"{method}\",code=\"{code}\""));
        }
    }
}
