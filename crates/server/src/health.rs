//! `/healthz`, `/livez`, `/readyz`: named checks, one answer (k8s.io/apiserver `server/healthz`).

use std::sync::atomic::{AtomicBool, Ordering};

use hyper::StatusCode;

use crate::app::App;
use crate::http::{Response, answer};
use api::request::Query;

/// What the server knows of its own start.
#[derive(Debug, Default)]
pub(crate) struct Health {
    bootstrapped: AtomicBool,
}

impl Health {
    /// The bootstrap objects are there.
    pub(crate) fn set_bootstrapped(&self) {
        self.bootstrapped.store(true, Ordering::Release);
    }
}

/// One check: its name, and why it fails.
struct Check {
    name: &'static str,
    run: fn(&App) -> Result<(), String>,
}

const PING: Check = Check { name: "ping", run: |_| Ok(()) };
const LOG: Check = Check { name: "log", run: |_| Ok(()) };
const STORE: Check = Check {
    name: "store",
    run: |app| match app.store.health() {
        store::Health::Ok => Ok(()),
        store::Health::StorageFull(why) | store::Health::ReadOnly(why) => Err(why),
        store::Health::Closed => Err("the store is closed".to_owned()),
    },
};
const BOOTSTRAP: Check = Check {
    name: "poststarthook/bootstrap",
    run: |app| {
        let done = app.health.bootstrapped.load(Ordering::Acquire);
        if done { Ok(()) } else { Err("not finished".to_owned()) }
    },
};
const SHUTDOWN: Check = Check {
    name: "shutdown",
    run: |app| if app.shutdown.begun() { Err("process is shutting down".to_owned()) } else { Ok(()) },
};

/// The three endpoints and what each looks at.
const ENDPOINTS: [(&str, &[Check]); 3] = [
    ("healthz", &[PING, LOG, STORE, BOOTSTRAP]),
    ("livez", &[PING, LOG, STORE]),
    ("readyz", &[PING, LOG, STORE, BOOTSTRAP, SHUTDOWN]),
];

/// Answers a health path, `None` when it is none: `/readyz`, `/readyz/store`, with `verbose` and `exclude`.
pub(crate) fn health(app: &App, path: &str, query: &Query) -> Option<Response> {
    let mut parts = path.trim_start_matches('/').splitn(2, '/');
    let endpoint = parts.next()?;
    let (name, checks) = ENDPOINTS.iter().find(|(name, _)| *name == endpoint)?;
    match parts.next().filter(|check| !check.is_empty()) {
        None => Some(all(app, name, checks, query)),
        Some(one) => checks.iter().find(|c| c.name == one).map(|check| single(app, check)),
    }
}

fn single(app: &App, check: &Check) -> Response {
    match (check.run)(app) {
        Ok(()) => answer::text(StatusCode::OK, "ok"),
        Err(why) => {
            answer::text(StatusCode::INTERNAL_SERVER_ERROR, format!("internal server error: {why}\n"))
        }
    }
}

fn all(app: &App, endpoint: &str, checks: &[Check], query: &Query) -> Response {
    let excluded: Vec<&str> = query.all("exclude").collect();
    let mut report = String::new();
    let mut failed = false;
    for check in checks {
        let line = if excluded.contains(&check.name) {
            format!("[+]{} excluded: ok\n", check.name)
        } else {
            match (check.run)(app) {
                Ok(()) => format!("[+]{} ok\n", check.name),
                Err(why) => {
                    failed = true;
                    tracing::info!(check = check.name, %why, "health check failed");
                    format!("[-]{} failed: reason withheld\n", check.name)
                }
            }
        };
        report.push_str(&line);
    }
    let known = |name: &&&str| checks.iter().any(|c| c.name == **name);
    let unknown: Vec<String> = excluded.iter().filter(|n| !known(n)).map(|n| format!("\"{n}\"")).collect();
    if !unknown.is_empty() {
        report.push_str(&format!(
            "warn: some health checks cannot be excluded: no matches for {}\n",
            unknown.join(", ")
        ));
    }
    if failed {
        report.push_str(&format!("{endpoint} check failed\n"));
        return answer::text(StatusCode::INTERNAL_SERVER_ERROR, report);
    }
    if query.first("verbose").is_none() {
        return answer::text(StatusCode::OK, "ok");
    }
    report.push_str(&format!("{endpoint} check passed\n"));
    answer::text(StatusCode::OK, report)
}
