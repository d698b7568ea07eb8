//! Impersonation: a user who may do so acts as somebody else (KEP-5284 included).
//!
//! Entry points: [`impersonate`], and [`Impersonation`], what a server remembers and counts of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use api::ApiError;
use authn::impersonation;
use authz::{Attributes, LastModes, Selectors};

use super::authenticate::Authenticated;
use crate::app::App;
use crate::histogram::Histogram;

/// Upper ends of the classes of durations, in seconds (upstream's).
const BUCKETS: [f64; 15] = [
    0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.024, 2.048, 4.096, 8.192, 16.384,
];

/// What is known of earlier impersonation.
#[derive(Debug, Default)]
pub(crate) struct Impersonation {
    last: LastModes,
    /// Durations by mode (`""` when it was denied).
    attempts: Mutex<BTreeMap<&'static str, Histogram>>,
}

/// Takes the identity that the `Impersonate-*` headers name, if the user may.
///
/// # Errors
/// 400 for headers that make no sense, 403 for somebody who may not.
pub(crate) async fn impersonate(app: &App, request: Authenticated) -> Result<Authenticated, ApiError> {
    let headers = request.received().headers().iter();
    let headers = headers.map(|(name, value)| (name.as_str(), value.as_bytes()));
    let Some(wanted) = impersonation::wanted_user(headers)? else { return Ok(request) };
    let start = Instant::now();
    let selectors = Selectors::of_request(request.info());
    let attributes = Attributes::of_request(request.user(), request.info(), selectors.as_ref());
    let (union, memory) = (app.authorization.union(), &app.impersonation);
    let allowed = union.settle(|authorizer| memory.last.impersonate(&wanted, &attributes, authorizer)).await;
    memory.tried(allowed.as_ref().map_or("", |allowed| allowed.mode()), start.elapsed());
    Ok(request.acting_as(allowed?.user))
}

impl Impersonation {
    fn tried(&self, mode: &'static str, took: Duration) {
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        attempts.entry(mode).or_insert_with(|| Histogram::new(&BUCKETS)).add(took.as_secs_f64());
    }

    /// Adds what `/metrics` shows, under upstream's names.
    pub(crate) fn show(&self, out: &mut String) {
        let attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        if attempts.is_empty() {
            return;
        }
        let labels = |mode: &str| {
            let decision = if mode.is_empty() { "denied" } else { "allowed" };
            format!("decision=\"{decision}\",mode=\"{mode}\"")
        };
        let name = "apiserver_impersonation_attempts_total";
        let _ = writeln!(out, "# HELP {name} Attempts to act as somebody else.\n# TYPE {name} counter");
        for (mode, histogram) in attempts.iter() {
            let _ = writeln!(out, "{name}{{{}}} {}", labels(mode), histogram.count());
        }
        let name = "apiserver_impersonation_attempts_duration_seconds";
        let _ = writeln!(out, "# HELP {name} How long it took to decide them.\n# TYPE {name} histogram");
        attempts.iter().for_each(|(mode, histogram)| histogram.show(out, name, &labels(mode)));
    }
}
