//! Requests one after the other, each task on a connection of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hyper::body::Bytes;
use hyper::{Method, StatusCode};

use crate::client::{Client, NAMESPACE, text};

const COLLECTION: &str = "/api/v1/namespaces/bench/configmaps";

/// What a load does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Reads one object of about 1 KiB.
    Get,
    /// Makes objects of about 1 KiB.
    Create,
    /// Reads what everybody may read, so that saying who one is costs the most.
    Version,
}

impl Kind {
    /// Its name in the table.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Create => "create",
            Self::Version => "version",
        }
    }
}

/// What a load came to.
pub(crate) struct Report {
    /// Answers a second.
    pub rate: f64,
    /// Median, in milliseconds.
    pub p50: f64,
    /// 99th percentile, in milliseconds.
    pub p99: f64,
}

/// Makes the namespace and the object that loads use.
///
/// # Errors
/// An answer that is neither success nor "exists".
pub(crate) async fn prepare(client: &Client) -> Result<(), String> {
    client.make("/api/v1/namespaces", namespace()).await?;
    client.make(COLLECTION, object("one")).await
}

/// Runs a load for a while.
///
/// # Errors
/// The first request that fails.
pub(crate) async fn run(
    client: &Client,
    kind: Kind,
    tasks: usize,
    length: Duration,
) -> Result<Report, String> {
    let number = Arc::new(AtomicU64::new(0));
    let prefix = format!("{}-{tasks}-{}", kind.name().to_ascii_lowercase(), std::process::id());
    let end = Instant::now() + length;
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..tasks {
        let (client, number, prefix) = (client.clone(), number.clone(), prefix.clone());
        running.spawn(async move { task(&client, kind, &prefix, &number, end).await });
    }
    let mut times = Vec::new();
    while let Some(done) = running.join_next().await {
        times.extend(done.map_err(text)??);
    }
    times.sort_unstable();
    let at = |share: f64| {
        let index = (times.len() as f64 * share) as usize;
        times.get(index.min(times.len().saturating_sub(1))).map_or(0.0, |t| t.as_secs_f64() * 1000.0)
    };
    Ok(Report { rate: times.len() as f64 / length.as_secs_f64(), p50: at(0.5), p99: at(0.99) })
}

async fn task(
    client: &Client,
    kind: Kind,
    prefix: &str,
    number: &AtomicU64,
    end: Instant,
) -> Result<Vec<Duration>, String> {
    let mut sender = client.connect().await?;
    let mut times = Vec::new();
    while Instant::now() < end {
        let (method, path, body, wanted) = match kind {
            Kind::Version => (Method::GET, "/version".to_owned(), Bytes::new(), StatusCode::OK),
            Kind::Get => (Method::GET, format!("{COLLECTION}/one"), Bytes::new(), StatusCode::OK),
            Kind::Create => {
                let name = format!("{prefix}-{}", number.fetch_add(1, Ordering::Relaxed));
                (Method::POST, COLLECTION.to_owned(), object(&name).into(), StatusCode::CREATED)
            }
        };
        let began = Instant::now();
        let (status, _) = client.send(&mut sender, method, &path, body).await?;
        if status != wanted {
            return Err(format!("{path}: {status}"));
        }
        times.push(began.elapsed());
    }
    Ok(times)
}

/// The namespace of all that is made.
pub(crate) fn namespace() -> String {
    format!("{{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{{\"name\":\"{NAMESPACE}\"}}}}")
}

/// A config map of about 1 KiB.
fn object(name: &str) -> String {
    let data = "x".repeat(700);
    format!(
        "{{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{{\"name\":\"{name}\",\"labels\":{{\"app\":\"bench\"}}}},\
         \"data\":{{\"k\":\"{data}\"}}}}"
    )
}
