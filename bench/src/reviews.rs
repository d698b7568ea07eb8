//! Authorization with few and with many bindings: [`measure`].
//!
//! Bindings are made through the API, one user each; then SubjectAccessReviews ask about users among them, half of what
//! is asked allowed, half not.  The server is the same from the smallest number to the largest.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hyper::body::Bytes;
use hyper::{Method, StatusCode};
use tokio::task::JoinSet;

use crate::client::{Client, Sender, text};
use crate::process::{Folder, Running};

const ROLES: &str = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
const BINDINGS: &str = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
const REVIEWS: &str = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
const ROLE: &str = "bench-reader";
/// Connections that make bindings.
const MAKERS: usize = 64;
/// Reviews at once.
const TASKS: [usize; 2] = [1, 16];
/// How long reviews are asked for, each time.
const LENGTH: Duration = Duration::from_secs(5);
/// How many single bindings are made and deleted to see how soon each counts.
const CHANGES: usize = 100;
/// How long a change may take to count.
const PATIENCE: Duration = Duration::from_secs(10);

/// Prints rates of reviews, how soon a change counts, and memory, with each number of bindings.
///
/// # Errors
/// A server that does not start or answers otherwise than it should.
pub(crate) async fn measure(
    token: &str,
    counts: &[usize],
    command: &str,
    arguments: &[&str],
) -> Result<(), String> {
    let folder = Folder::new()?;
    let server = Running::start(command, arguments, folder.path()).await?;
    let client = Client::new(&server.address, token)?;
    client.make(ROLES, role()).await?;
    let (mut made, empty) = (0, server.idle_kib().await);
    for &count in counts {
        let began = Instant::now();
        make(&client, made..count).await?;
        let (grown, seconds) = (count.saturating_sub(made), began.elapsed().as_secs_f64());
        made = made.max(count);
        let kib = server.idle_kib().await;
        println!(
            "{made} bindings: the last {grown} made at {:.0} /s; {:.1} MiB, {:.0} bytes a binding",
            grown as f64 / seconds,
            kib as f64 / 1024.0,
            kib.saturating_sub(empty) as f64 * 1024.0 / made.max(1) as f64
        );
        for tasks in TASKS {
            let times = ask(&client, made, tasks).await?;
            println!(
                "  reviews  {tasks:>3} at once   {:>9.0} /s   p50 {:>7.2} ms   p99 {:>7.2} ms",
                times.len() as f64 / LENGTH.as_secs_f64(),
                at(&times, 0.5),
                at(&times, 0.99)
            );
        }
        changes(&client).await?;
    }
    server.stop().await;
    Ok(())
}

fn at(times: &[Duration], share: f64) -> f64 {
    let index = (times.len() as f64 * share) as usize;
    times.get(index.min(times.len().saturating_sub(1))).map_or(0.0, |t| t.as_secs_f64() * 1000.0)
}

/// Makes bindings on many connections.
async fn make(client: &Client, numbers: Range<usize>) -> Result<(), String> {
    let next = Arc::new(AtomicUsize::new(numbers.start));
    let mut running = JoinSet::new();
    for _ in 0..MAKERS.min(numbers.len()) {
        let (client, next, end) = (client.clone(), next.clone(), numbers.end);
        running.spawn(async move {
            let mut sender = client.connect().await?;
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= end {
                    return Ok::<_, String>(());
                }
                bind(&client, &mut sender, &number.to_string()).await?;
            }
        });
    }
    while let Some(done) = running.join_next().await {
        done.map_err(text)??;
    }
    Ok(())
}

/// Asks for a while; the time of each answer, ascending.
async fn ask(client: &Client, users: usize, tasks: usize) -> Result<Vec<Duration>, String> {
    let end = Instant::now() + LENGTH;
    let mut running = JoinSet::new();
    for task in 0..tasks {
        let client = client.clone();
        running.spawn(async move {
            let mut sender = client.connect().await?;
            let mut times = Vec::new();
            // Steps through all users in an order of its own.
            let mut number = task * 7919;
            while Instant::now() < end {
                number = (number + 104_729) % users.max(1);
                let allowed = times.len() % 2 == 0;
                let resource = if allowed { "pods" } else { "secrets" };
                let began = Instant::now();
                if review(&client, &mut sender, &number.to_string(), resource).await? != allowed {
                    return Err(format!("a wrong answer about user-{number} and {resource}"));
                }
                times.push(began.elapsed());
            }
            Ok(times)
        });
    }
    let mut times = Vec::new();
    while let Some(done) = running.join_next().await {
        times.extend(done.map_err(text)??);
    }
    times.sort_unstable();
    Ok(times)
}

/// Makes and deletes single bindings, and asks after each answer until the change counts.
async fn changes(client: &Client) -> Result<(), String> {
    let mut sender = client.connect().await?;
    let mut times = Vec::new();
    for number in 0..CHANGES {
        let name = format!("change-{number}");
        bind(client, &mut sender, &name).await?;
        times.push(until(client, &mut sender, &name, true).await?);
        let path = format!("{BINDINGS}/bench-{name}");
        let (status, _) = client.send(&mut sender, Method::DELETE, &path, Bytes::new()).await?;
        if status != StatusCode::OK {
            return Err(format!("DELETE {path}: {status}"));
        }
        times.push(until(client, &mut sender, &name, false).await?);
    }
    times.sort_unstable();
    println!(
        "  a change counts after its answer within   p50 {:.2} ms   longest {:.2} ms",
        at(&times, 0.5),
        at(&times, 1.0)
    );
    Ok(())
}

/// The time until a user is answered so, the question and its answer included.
async fn until(client: &Client, sender: &mut Sender, name: &str, wanted: bool) -> Result<Duration, String> {
    let began = Instant::now();
    while review(client, sender, name, "pods").await? != wanted {
        if began.elapsed() > PATIENCE {
            return Err(format!("the binding of user-{name} does not count"));
        }
    }
    Ok(began.elapsed())
}

async fn bind(client: &Client, sender: &mut Sender, name: &str) -> Result<(), String> {
    let body = format!(
        r#"{{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRoleBinding","metadata":{{"name":"bench-{name}"}},
"roleRef":{{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"{ROLE}"}},
"subjects":[{{"apiGroup":"rbac.authorization.k8s.io","kind":"User","name":"user-{name}"}}]}}"#
    );
    let (status, _) = client.send(sender, Method::POST, BINDINGS, body.into()).await?;
    if status == StatusCode::CREATED { Ok(()) } else { Err(format!("POST {BINDINGS}: {status}")) }
}

/// May the user get a resource?
async fn review(client: &Client, sender: &mut Sender, name: &str, resource: &str) -> Result<bool, String> {
    let body = format!(
        r#"{{"apiVersion":"authorization.k8s.io/v1","kind":"SubjectAccessReview","spec":{{"user":"user-{name}",
"groups":["system:authenticated"],"resourceAttributes":{{"namespace":"default","verb":"get","resource":"{resource}"}}}}}}"#
    );
    let (status, answer) = client.send(sender, Method::POST, REVIEWS, body.into()).await?;
    if status != StatusCode::CREATED {
        return Err(format!("POST {REVIEWS}: {status}"));
    }
    let answer = String::from_utf8_lossy(&answer).into_owned();
    match (answer.contains(r#""allowed":true"#), answer.contains(r#""allowed":false"#)) {
        (true, false) => Ok(true),
        (false, true) => Ok(false),
        _ => Err(format!("not understood: {answer}")),
    }
}

fn role() -> String {
    format!(
        r#"{{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{{"name":"{ROLE}"}},
"rules":[{{"apiGroups":[""],"resources":["pods"],"verbs":["get","list","watch"]}}]}}"#
    )
}
