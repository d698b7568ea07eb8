//! What `/metrics` tells of issuers and of the file they come from, under upstream's names.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use authn::oidc::Issuer;
use aws_lc_rs::digest::{SHA256, digest};

use super::now;
use crate::histogram::Histogram;

/// Upper ends of the classes of durations, in seconds.
const BUCKETS: [f64; 12] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// The most issuers that durations are kept of; a file may name others again and again.
const MOST_ISSUERS: usize = 256;
const CONTROLLER: &str = "apiserver_authentication_config_controller";
const JWT: &str = "apiserver_authentication_jwt_authenticator";

/// Counters of issuers and of their file.
#[derive(Debug, Default)]
pub(super) struct Metrics(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    /// By result and issuer.
    latency: BTreeMap<(&'static str, String), Histogram>,
    success: Reloads,
    failure: Reloads,
    /// Hash of the content in use, `""` without a file.
    config: String,
}

#[derive(Debug, Default)]
struct Reloads {
    count: u64,
    last: Option<i64>,
}

impl Metrics {
    /// A token of an issuer was looked at.
    pub(super) fn answered(&self, issuer: &str, ok: bool, took: Duration) {
        let key = (if ok { "success" } else { "failure" }, issuer.to_owned());
        let mut counts = self.lock();
        if counts.latency.len() < MOST_ISSUERS || counts.latency.contains_key(&key) {
            counts.latency.entry(key).or_insert_with(|| Histogram::new(&BUCKETS)).add(took.as_secs_f64());
        }
    }

    /// The content with which the server was started is in use.
    pub(super) fn in_use(&self, content: &[u8]) {
        self.lock().config = hash(content);
    }

    /// New content is in use.
    pub(super) fn taken(&self, content: &[u8]) {
        let mut counts = self.lock();
        counts.config = hash(content);
        counts.success.note();
    }

    /// New content is not in use.
    pub(super) fn refused(&self) {
        self.lock().failure.note();
    }

    /// Writes all of it.
    pub(super) fn show(&self, out: &mut String, issuers: &[Arc<Issuer>]) {
        let counts = self.lock();
        if !counts.config.is_empty() {
            counts.show_file(out);
        }
        if !counts.latency.is_empty() {
            counts.show_latency(out);
        }
        show_keys(out, issuers);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    fn show_file(&self, out: &mut String) {
        let (id, results) = (server_id(), [("success", &self.success), ("failure", &self.failure)]);
        let name = format!("{CONTROLLER}_automatic_reloads_total");
        family(out, &name, "counter", "Reloads of the authentication configuration by what became of them.");
        for (status, reloads) in results {
            let _ =
                writeln!(out, "{name}{{apiserver_id_hash=\"{id}\",status=\"{status}\"}} {}", reloads.count);
        }
        let name = format!("{CONTROLLER}_automatic_reload_last_timestamp_seconds");
        family(out, &name, "gauge", "When the authentication configuration was reloaded last.");
        for (status, reloads) in results {
            if let Some(last) = reloads.last {
                let _ = writeln!(out, "{name}{{apiserver_id_hash=\"{id}\",status=\"{status}\"}} {last}");
            }
        }
        let name = format!("{CONTROLLER}_last_config_info");
        family(out, &name, "gauge", "Hash of the authentication configuration that is in use.");
        let _ = writeln!(out, "{name}{{apiserver_id_hash=\"{id}\",hash=\"{}\"}} 1", self.config);
    }

    fn show_latency(&self, out: &mut String) {
        let name = format!("{JWT}_latency_seconds");
        family(out, &name, "histogram", "How long tokens of issuers took that were not remembered.");
        for ((result, issuer), histogram) in &self.latency {
            let labels = format!("jwt_issuer_hash=\"{}\",result=\"{result}\"", hash(issuer.as_bytes()));
            histogram.show(out, &name, &labels);
        }
    }
}

impl Reloads {
    fn note(&mut self) {
        self.count += 1;
        self.last = Some(now());
    }
}

fn show_keys(out: &mut String, issuers: &[Arc<Issuer>]) {
    if issuers.is_empty() {
        return;
    }
    let id = server_id();
    let name = format!("{JWT}_jwks_fetch_last_timestamp_seconds");
    family(out, &name, "gauge", "When keys of an issuer were fetched last, and whether that worked.");
    for issuer in issuers {
        let (issuer, news) = (hash(issuer.url().as_bytes()), issuer.key_news());
        for (result, at) in [("success", news.success), ("failure", news.failure)] {
            let Some(at) = at else { continue };
            let labels =
                format!("apiserver_id_hash=\"{id}\",jwt_issuer_hash=\"{issuer}\",result=\"{result}\"");
            let _ = writeln!(out, "{name}{{{labels}}} {at}");
        }
    }
    let name = format!("{JWT}_jwks_fetch_last_key_set_info");
    family(out, &name, "gauge", "Hash of the keys of an issuer that are in use.");
    for issuer in issuers {
        let (issuer, hash) = (hash(issuer.url().as_bytes()), issuer.key_news().hash);
        if !hash.is_empty() {
            let labels = format!("apiserver_id_hash=\"{id}\",hash=\"{hash}\",jwt_issuer_hash=\"{issuer}\"");
            let _ = writeln!(out, "{name}{{{labels}}} 1");
        }
    }
}

fn family(out: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

/// `sha256:` and hexadecimal digits.
fn hash(bytes: &[u8]) -> String {
    let digest = digest(&SHA256, bytes);
    digest.as_ref().iter().fold("sha256:".to_owned(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What tells this server from others, hashed: the name of its host.
fn server_id() -> String {
    static ID: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    ID.get_or_init(|| {
        let host = std::fs::read("/proc/sys/kernel/hostname").unwrap_or_default();
        hash(host.trim_ascii())
    })
    .clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown() {
        let metrics = Metrics::default();
        metrics.in_use(b"one");
        metrics.refused();
        metrics.taken(b"two");
        metrics.answered("https://i", true, Duration::from_millis(3));
        metrics.answered("https://i", true, Duration::from_secs(60));
        let mut out = String::new();
        metrics.show(&mut out, &[]);
        let has = |start: &str, end: &str| out.lines().any(|l| l.starts_with(start) && l.ends_with(end));
        for status in ["success", "failure"] {
            let end = format!("status=\"{status}\"}} 1");
            assert!(
                has("apiserver_authentication_config_controller_automatic_reloads_total{", &end),
                "{out}"
            );
        }
        let latency = "apiserver_authentication_jwt_authenticator_latency_seconds";
        assert!(has(&format!("{latency}_bucket{{jwt_issuer_hash=\"sha256:"), "le=\"0.005\"} 1"), "{out}");
        assert!(
            has(&format!("{latency}_bucket"), "le=\"+Inf\"} 2") && has(&format!("{latency}_count"), " 2")
        );
        assert!(out.contains("last_config_info{apiserver_id_hash=\"sha256:") && out.contains(&hash(b"two")));
    }
}
