//! What becomes of questions to webhooks and of new content of the configuration file, under upstream's names.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use authz::webhook::Counts;

use crate::metrics::family;

/// Counters that live as long as the server.
#[derive(Debug, Default)]
pub(super) struct Outcomes {
    webhooks: Mutex<BTreeMap<String, Arc<Counts>>>,
    /// Successes, then failures.
    reloads: [Reload; 2],
}

#[derive(Debug, Default)]
struct Reload {
    count: AtomicU64,
    /// The last one, in seconds since the Unix epoch; 0 for none.
    last: AtomicI64,
}

/// The counters of a webhook with their names, the value of the label `result` and a help.
type Column = (&'static str, &'static str, fn(&Counts) -> &AtomicU64);

const EVALUATIONS: &str = "apiserver_authorization_webhook_evaluations_total";
const COLUMNS: [Column; 7] = [
    (EVALUATIONS, "success", |c| &c.success),
    (EVALUATIONS, "error", |c| &c.error),
    (EVALUATIONS, "timeout", |c| &c.timeout),
    (EVALUATIONS, "canceled", |c| &c.canceled),
    ("apiserver_authorization_webhook_evaluations_fail_open_total", "", |c| &c.fail_open),
    ("apiserver_authorization_match_condition_exclusions_total", "", |c| &c.excluded),
    ("apiserver_authorization_match_condition_evaluation_errors_total", "", |c| &c.condition_errors),
];

impl Outcomes {
    /// The counters of the webhook of that name.
    pub(super) fn webhook(&self, name: &str) -> Arc<Counts> {
        let mut webhooks = self.webhooks.lock().unwrap_or_else(PoisonError::into_inner);
        webhooks.entry(name.to_owned()).or_default().clone()
    }

    /// New content of the file was used or refused.
    pub(super) fn reloaded(&self, used: bool) {
        let [success, failure] = &self.reloads;
        let reload = if used { success } else { failure };
        reload.count.fetch_add(1, Ordering::Relaxed);
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        reload.last.store(i64::try_from(since.as_secs()).unwrap_or(i64::MAX), Ordering::Relaxed);
    }

    /// Writes everything that is not zero.
    pub(super) fn write(&self, out: &mut String) {
        let webhooks = self.webhooks.lock().unwrap_or_else(PoisonError::into_inner);
        let mut last = "";
        for (metric, result, count) in COLUMNS {
            if webhooks.is_empty() {
                break;
            }
            if metric != last {
                family(
                    out,
                    metric,
                    "counter",
                    "Questions to webhooks of authorization by what became of them.",
                );
                last = metric;
            }
            for (name, counts) in webhooks.iter() {
                let labels = match (metric == EVALUATIONS, metric.contains("match_condition")) {
                    (true, _) => format!("name=\"{name}\",result=\"{result}\""),
                    (_, true) => format!("name=\"{name}\",type=\"Webhook\""),
                    _ => format!("name=\"{name}\""),
                };
                let _ = writeln!(out, "{metric}{{{labels}}} {}", count(counts).load(Ordering::Relaxed));
            }
        }
        self.write_reloads(out);
    }

    fn write_reloads(&self, out: &mut String) {
        const TOTAL: &str = "apiserver_authorization_config_controller_automatic_reloads_total";
        const LAST: &str =
            "apiserver_authorization_config_controller_automatic_reload_last_timestamp_seconds";
        let by_status = || ["success", "failure"].into_iter().zip(&self.reloads);
        let seen = |reload: &Reload| reload.count.load(Ordering::Relaxed) > 0;
        if !self.reloads.iter().any(seen) {
            return;
        }
        family(
            out,
            TOTAL,
            "counter",
            "New content of the authorization configuration file by whether it is used.",
        );
        for (status, reload) in by_status().filter(|(_, reload)| seen(reload)) {
            let _ = writeln!(out, "{TOTAL}{{status=\"{status}\"}} {}", reload.count.load(Ordering::Relaxed));
        }
        family(out, LAST, "gauge", "When such content was last seen, in seconds since the Unix epoch.");
        for (status, reload) in by_status().filter(|(_, reload)| seen(reload)) {
            let _ = writeln!(out, "{LAST}{{status=\"{status}\"}} {}", reload.last.load(Ordering::Relaxed));
        }
    }
}
