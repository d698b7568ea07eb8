//! `/metrics` in Prometheus' text format, under upstream's names where upstream has one.

use std::fmt::Write as _;
use std::sync::atomic::Ordering;

use hyper::StatusCode;

use crate::app::App;
use crate::http::{Response, answer};
use crate::transport::Body;

const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Answers `/metrics`.
pub(crate) fn metrics(app: &App) -> Response {
    let mut out = String::new();
    family(&mut out, "apiserver_storage_objects", "gauge", "Number of stored objects by resource.");
    let mut resources: Vec<_> = app.catalog.all_stored().collect();
    resources.sort_by_key(|s| (s.table.plural, s.table.group));
    for served in resources {
        let count = app.store.snapshot(&served.stored).len();
        let resource = served.group_resource();
        let _ = writeln!(out, "apiserver_storage_objects{{resource=\"{resource}\"}} {count}");
    }
    family(&mut out, "sumun_store_revision", "gauge", "Revision up to which reads are complete.");
    let _ = writeln!(out, "sumun_store_revision {}", app.store.revision());
    family(&mut out, "process_uptime_seconds", "gauge", "Seconds since the server started.");
    let _ = writeln!(out, "process_uptime_seconds {:.3}", app.started.elapsed().as_secs_f64());
    reloads(&mut out, app);
    app.authentication.jwt.show(&mut out);
    app.impersonation.show(&mut out);
    app.authorization.metrics(&mut out);
    for (name, help, count) in app.authentication.accounts.keys.counts.all() {
        family(&mut out, name, "counter", help);
        let _ = writeln!(out, "{name} {count}");
    }
    if let Some(external) = app.authentication.accounts.external() {
        external.show(&mut out);
    }
    cloud_iam(&mut out, app);
    answer::bytes(StatusCode::OK, CONTENT_TYPE, Body::whole(out))
}

/// What became of tokens of clouds.
fn cloud_iam(out: &mut String, app: &App) {
    let providers = app.authentication.iam.providers();
    if providers.is_empty() {
        return;
    }
    let name = "sumun_iam_tokens_total";
    family(out, name, "counter", "Tokens of clouds that were judged, by provider and outcome.");
    for provider in &providers {
        for (result, count) in provider.counts.all() {
            let provider = provider.name();
            let _ = writeln!(out, "{name}{{provider=\"{provider}\",result=\"{result}\"}} {count}");
        }
    }
    family(out, "sumun_iam_rules", "gauge", "Rules that say who is who, by provider.");
    for provider in &providers {
        let (provider, rules) = (provider.name(), provider.rules().all().len());
        let _ = writeln!(out, "sumun_iam_rules{{provider=\"{provider}\"}} {rules}");
    }
}

/// The head of a family of metrics.
pub(crate) fn family(out: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

/// What became of files that are read again when they change.
fn reloads(out: &mut String, app: &App) {
    let outcomes = app.reloads.outcomes();
    let name = "sumun_file_reloads_total";
    family(out, name, "counter", "New content of files by the flag that names them, and whether it is used.");
    for outcome in &outcomes {
        for (result, count) in [("used", &outcome.taken), ("refused", &outcome.refused)] {
            let (what, count) = (&outcome.what, count.load(Ordering::Relaxed));
            let _ = writeln!(out, "{name}{{files=\"{what}\",result=\"{result}\"}} {count}");
        }
    }
    if let Some(at) = app.trust.next_revocations() {
        let name = "sumun_client_crl_next_update_timestamp_seconds";
        family(out, name, "gauge", "When the first of the revocation lists should be replaced.");
        let _ = writeln!(out, "{name} {at}");
    }
    let name = "sumun_file_reload_timestamp_seconds";
    family(out, name, "gauge", "When the content that is used was read, in seconds since the Unix epoch.");
    for outcome in &outcomes {
        let _ =
            writeln!(out, "{name}{{files=\"{}\"}} {}", outcome.what, outcome.last.load(Ordering::Relaxed));
    }
}
