//! `/metrics` in Prometheus' text format, under upstream's names where upstream has one.

use std::fmt::Write as _;

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
    answer::bytes(StatusCode::OK, CONTENT_TYPE, Body::whole(out))
}

fn family(out: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
}
