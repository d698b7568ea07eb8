//! What lists and watches of ten thousand pods cost a server in memory: [`measure`].
//!
//! Each measurement is of a process of its own that was started on the same data, so that none is helped by memory
//! that an earlier one left.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::{Bytes, Incoming};
use hyper::{Method, Response, StatusCode};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::client::{Client, NAMESPACE, Sender, Sender2, text};
use crate::load::namespace;
use crate::process::{Folder, Running};

const PODS: usize = 10_000;
const NODES: usize = 100;
/// Readers of a list at once.
const READERS: usize = 16;
const WATCHERS: usize = 5_000;
/// Watches on one HTTP/2 connection: as many as kube-apiserver lets there be.
const STREAMS: usize = 100;
/// How many connections are opened, or pods made, at once.
const AT_ONCE: usize = 16;
/// What a slow reader takes before it stops, and what the kernel keeps for it.
const SLOW_BYTES: usize = 64 * 1024;
/// How long the slow readers read nothing.
const STALL: Duration = Duration::from_secs(2);
/// How long an event may take.
const EVENT: Duration = Duration::from_secs(10);

const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";
/// Names and accepted types (and encodings) of lists.
const FORMATS: [(&str, &str); 4] = [
    ("JSON", "application/json"),
    ("JSON, gzip", "application/json\ngzip"),
    ("Table", "application/json;as=Table;v=v1;g=meta.k8s.io"),
    ("protobuf", PROTOBUF),
];

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// Readers of the list of all pods.
    Lists,
    /// Watches of one node's pods each, to which nothing happens.
    Watches,
}

/// Prints what lists or watches cost.
///
/// # Errors
/// A server that does not start or answers otherwise than it should.
pub(crate) async fn measure(
    what: What,
    token: &str,
    command: &str,
    arguments: &[&str],
) -> Result<(), String> {
    let bench = Bench { token, command, arguments, folder: Folder::new()? };
    let (server, client) = bench.start().await?;
    let empty = server.idle_kib().await;
    fill(&client).await?;
    server.stop().await;
    let (server, _) = bench.start().await?;
    let full = server.idle_kib().await;
    println!("{PODS} pods   {:.1} MiB, {:.1} MiB without", mib(full), mib(empty));
    server.stop().await;
    match what {
        What::Lists => bench.lists().await,
        What::Watches => bench.watches().await,
    }
}

/// How watches get to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Streams of a few HTTP/2 connections, as one process's informers.
    Shared,
    /// Each on an HTTP/2 connection of its own, as kubelets.
    Own,
    /// Each on an HTTP/1.1 connection of its own.
    Old,
}

impl Way {
    fn name(self) -> &'static str {
        match self {
            Self::Shared => "on shared HTTP/2 connections",
            Self::Own => "each on an HTTP/2 connection",
            Self::Old => "each on an HTTP/1.1 connection",
        }
    }

    /// Watches that one task opens, on one connection when they share it.
    fn at_once(self) -> usize {
        if self == Self::Shared { STREAMS } else { 100 }
    }
}

struct Bench<'a> {
    token: &'a str,
    command: &'a str,
    arguments: &'a [&'a str],
    folder: Folder,
}

impl Bench<'_> {
    async fn start(&self) -> Result<(Running, Client), String> {
        let server = Running::start(self.command, self.arguments, self.folder.path()).await?;
        let client = Client::new(&server.address, self.token)?;
        Ok((server, client))
    }

    async fn lists(&self) -> Result<(), String> {
        for slow in [false, true] {
            for (name, accept) in FORMATS {
                let (server, client) = self.start().await?;
                let (grown, bytes) = lists(&server, &client, accept, slow).await?;
                let kind = if slow { "slow" } else { "fast" };
                println!(
                    "{READERS} {kind} readers of {name:<10}   {:>6.2} MiB each   ({:.1} MiB read each)",
                    mib(grown) / READERS as f64,
                    bytes as f64 / 1024.0 / 1024.0
                );
                server.stop().await;
            }
        }
        Ok(())
    }

    async fn watches(&self) -> Result<(), String> {
        for way in [Way::Shared, Way::Own, Way::Old] {
            let (server, client) = self.start().await?;
            let each = watches(&server, &client, way).await? as f64 / WATCHERS as f64;
            println!("{WATCHERS} idle watches, {:<30}   {each:>6.1} KiB each", way.name());
            server.stop().await;
        }
        Ok(())
    }
}

/// Makes the pods.
async fn fill(client: &Client) -> Result<(), String> {
    client.make("/api/v1/namespaces", namespace()).await?;
    let account = r#"{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"default"}}"#;
    client.make(&format!("/api/v1/namespaces/{NAMESPACE}/serviceaccounts"), account.to_owned()).await?;
    let mut tasks = JoinSet::new();
    for task in 0..AT_ONCE {
        let client = client.clone();
        tasks.spawn(async move {
            let collection = format!("/api/v1/namespaces/{NAMESPACE}/pods");
            let mut sender = client.connect().await?;
            for number in (task..PODS).step_by(AT_ONCE) {
                let (status, body) =
                    client.send(&mut sender, Method::POST, &collection, pod(number).into()).await?;
                if status != StatusCode::CREATED {
                    return Err(format!("POST {collection}: {status} {}", String::from_utf8_lossy(&body)));
                }
            }
            Ok(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.map_err(text)??;
    }
    Ok(())
}

/// Growth in KiB while many read the list of all pods, and what each of them read, in bytes.
async fn lists(server: &Running, client: &Client, accept: &str, slow: bool) -> Result<(u64, usize), String> {
    warm_up(client, accept).await?;
    let before = server.idle_kib().await;
    server.forget_peak()?;
    let stalled = Arc::new(Barrier::new(READERS + 1));
    let mut readers = JoinSet::new();
    for _ in 0..READERS {
        let (client, accept, stalled) = (client.clone(), accept.to_owned(), Arc::clone(&stalled));
        readers.spawn(async move {
            let mut sender: Sender =
                if slow { client.connect_slow(SLOW_BYTES as u32).await? } else { client.connect().await? };
            let mut answer = client.open(&mut sender, "/api/v1/pods", &accept).await?;
            let mut bytes = 0;
            if slow {
                while bytes < SLOW_BYTES {
                    let Some(piece) = piece(&mut answer).await? else { break };
                    bytes += piece.len();
                }
                // All have begun; then all go on.
                stalled.wait().await;
                stalled.wait().await;
            }
            Ok::<_, String>(bytes + drain(answer).await?)
        });
    }
    if slow {
        stalled.wait().await;
        tokio::time::sleep(STALL).await;
        stalled.wait().await;
    }
    let mut bytes = 0;
    while let Some(done) = readers.join_next().await {
        bytes = done.map_err(text)??;
    }
    Ok((server.peak_kib().saturating_sub(before), bytes))
}

/// What a server makes once when somebody asks for the first time is no part of a reader's cost.
async fn warm_up(client: &Client, accept: &str) -> Result<(), String> {
    let mut sender = client.connect().await?;
    drain(client.open(&mut sender, "/api/v1/pods?limit=1", accept).await?).await.map(drop)
}

/// The store's revision.
async fn revision(client: &Client) -> Result<String, String> {
    let mut sender = client.connect().await?;
    let (_, list) = client.send(&mut sender, Method::GET, "/api/v1/pods?limit=1", Bytes::new()).await?;
    let list = String::from_utf8_lossy(&list).into_owned();
    let (_, rest) = list.split_once(r#""resourceVersion":""#).ok_or("a list without a revision")?;
    Ok(rest.chars().take_while(char::is_ascii_digit).collect())
}

/// Growth in KiB with many watches of one node's pods each, to which nothing happens.
async fn watches(server: &Running, client: &Client, way: Way) -> Result<u64, String> {
    warm_up(client, PROTOBUF).await?;
    let revision: Arc<str> = revision(client).await?.into();
    let before = server.idle_kib().await;
    let mut watches = Vec::new();
    let mut opening = JoinSet::new();
    for first in (0..WATCHERS).step_by(way.at_once()) {
        let (client, revision) = (client.clone(), Arc::clone(&revision));
        opening
            .spawn(async move { open_watches(&client, first..first + way.at_once(), &revision, way).await });
        if opening.len() == AT_ONCE
            && let Some(done) = opening.join_next().await
        {
            watches.extend(done.map_err(text)??);
        }
    }
    while let Some(done) = opening.join_next().await {
        watches.extend(done.map_err(text)??);
    }
    let grown = server.idle_kib().await.saturating_sub(before);
    check(client, watches, &revision).await?;
    Ok(grown)
}

/// One watch, and the connection that it needs.
struct Watch {
    node: usize,
    answer: Response<Incoming>,
    _connection: Connection,
}

enum Connection {
    Old { _sender: Sender },
    New { _sender: Sender2 },
}

async fn open_watches(
    client: &Client,
    numbers: std::ops::Range<usize>,
    revision: &str,
    way: Way,
) -> Result<Vec<Watch>, String> {
    let mut watches = Vec::new();
    let shared = if way == Way::Shared { Some(client.connect2().await?) } else { None };
    for number in numbers {
        let node = number % NODES;
        let path = format!(
            "/api/v1/pods?watch=1&resourceVersion={revision}&timeoutSeconds=3600\
             &fieldSelector=spec.nodeName%3Dnode-{node}"
        );
        let (answer, connection) = if way == Way::Old {
            let mut sender = client.connect().await?;
            (client.open(&mut sender, &path, PROTOBUF).await?, Connection::Old { _sender: sender })
        } else {
            let mut sender = match &shared {
                Some(shared) => shared.clone(),
                None => client.connect2().await?,
            };
            (client.open2(&mut sender, &path, PROTOBUF).await?, Connection::New { _sender: sender })
        };
        watches.push(Watch { node, answer, _connection: connection });
    }
    Ok(watches)
}

/// Changes one pod: the watches of its node see it, no other does.
async fn check(client: &Client, watches: Vec<Watch>, now: &str) -> Result<(), String> {
    let path = format!("/api/v1/namespaces/{NAMESPACE}/pods/{}", name(0));
    let mut sender = client.connect().await?;
    let change = Bytes::from(format!(r#"{{"metadata":{{"labels":{{"changed-after":"{now}"}}}}}}"#));
    let (status, _) = client.send(&mut sender, Method::PATCH, &path, change).await?;
    if status != StatusCode::OK {
        return Err(format!("PATCH {path}: {status}"));
    }
    let (touched, mut idle): (Vec<_>, Vec<_>) = watches.into_iter().partition(|watch| watch.node == 0);
    let count = touched.len();
    for mut watch in touched {
        let event = tokio::time::timeout(EVENT, piece(&mut watch.answer)).await.map_err(text)??;
        if event.is_none_or(|event| event.is_empty()) {
            return Err("a watch ended".to_owned());
        }
    }
    for watch in idle.iter_mut().take(count) {
        if tokio::time::timeout(Duration::from_millis(1), piece(&mut watch.answer)).await.is_ok() {
            return Err("a watch ended, or saw another node's pod".to_owned());
        }
    }
    Ok(())
}

async fn piece(answer: &mut Response<Incoming>) -> Result<Option<Bytes>, String> {
    while let Some(frame) = answer.body_mut().frame().await {
        if let Ok(data) = frame.map_err(text)?.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}

/// Reads an answer to its end; answers how long it was.
async fn drain(mut answer: Response<Incoming>) -> Result<usize, String> {
    let mut bytes = 0;
    while let Some(piece) = piece(&mut answer).await? {
        bytes += piece.len();
    }
    Ok(bytes)
}

fn name(number: usize) -> String {
    format!("web-5d8f9c7b6-{number:05}")
}

fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

/// A pod as a controller makes it, on one of the nodes.
fn pod(number: usize) -> String {
    let (name, node) = (name(number), number % NODES);
    format!(
        r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"{name}","labels":{{"app":"web","tier":"front",
"pod-template-hash":"5d8f9c7b6"}},"annotations":{{"example.com/config-hash":"0123456789abcdef0123456789abcdef"}}}},
"spec":{{"nodeName":"node-{node}","containers":[{{"name":"main","image":"registry.example.com/web:1.2.3",
"ports":[{{"containerPort":8080,"name":"http"}}],"env":[{{"name":"MODE","value":"production"}},
{{"name":"POD_IP","valueFrom":{{"fieldRef":{{"fieldPath":"status.podIP"}}}}}}],
"resources":{{"requests":{{"cpu":"100m","memory":"128Mi"}},"limits":{{"memory":"256Mi"}}}},
"readinessProbe":{{"httpGet":{{"path":"/ready","port":"http"}}}},
"volumeMounts":[{{"name":"config","mountPath":"/etc/web"}}]}}],
"volumes":[{{"name":"config","configMap":{{"name":"web"}}}}]}}}}"#
    )
}
