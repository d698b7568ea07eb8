//! Measures a Kubernetes API server from outside, over TLS: how fast it starts, what it takes when idle, how many reads
//! and durable writes a second it answers, what lists and watches cost in memory, what authorization costs with many
//! bindings; and scans of manifests.  The same program measures any server of that API, and any scanner, so that two of
//! them can be compared in one run; see `bench/README.md`.
#![expect(clippy::print_stdout, reason = "the table is the output")]

mod client;
mod credential;
mod load;
mod memory;
mod process;
mod reviews;
mod scans;

use std::process::ExitCode;
use std::time::Duration;

use client::Client;
use credential::Credential;
use load::Kind;
use memory::{What, measure};
use process::{Folder, Running};

/// How long each load runs.
const LENGTH: Duration = Duration::from_secs(5);
/// Requests at once, for each load.
const TASKS: [usize; 3] = [1, 16, 64];

const USAGE: &str = "\
usage: sumun-bench start ROUNDS COMMAND [ARGS…]   time from process start to /readyz, and idle memory
       sumun-bench load IP:PORT TOKEN              GET and durable create rates
       sumun-bench who IP:PORT CREDENTIAL…         requests that say who they are: a token, basic:NAME:PASSWORD,
                                                   cert:CERTIFICATE,KEY or '' for nobody
       sumun-bench lists TOKEN COMMAND [ARGS…]     memory of readers of a list of 10,000 pods
       sumun-bench watches TOKEN COMMAND [ARGS…]   memory of 5,000 idle watches
       sumun-bench reviews TOKEN COUNTS COMMAND [ARGS…]
                                                   SubjectAccessReviews with numbers of bindings such as 10,10000
       sumun-bench scans COUNT COMMAND [ARGS…] [-- COMMAND [ARGS…]]…
                                                   time and memory of commands over so many manifests in `{dir}`

COMMAND must serve on 127.0.0.1 at the port that follows --secure-port and answer /readyz to anybody; `{dir}` in an
argument is replaced by a new folder each round. TOKEN is an administrator's.";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["start", rounds, command, rest @ ..] => match rounds.parse() {
            Ok(rounds) => start(rounds, command, rest).await,
            Err(_) => Err(USAGE.to_owned()),
        },
        ["load", address, token] => load(address, token).await,
        ["who", address, credentials @ ..] => who(address, credentials).await,
        ["lists", token, command, rest @ ..] => measure(What::Lists, token, command, rest).await,
        ["watches", token, command, rest @ ..] => measure(What::Watches, token, command, rest).await,
        ["reviews", token, counts, command, rest @ ..] => {
            let counts: Result<Vec<usize>, _> = counts.split(',').map(str::parse).collect();
            match counts {
                Ok(counts) => reviews::measure(token, &counts, command, rest).await,
                Err(_) => Err(USAGE.to_owned()),
            }
        }
        ["scans", count, commands @ ..] => match count.parse() {
            Ok(count) => scans::measure(count, commands),
            Err(_) => Err(USAGE.to_owned()),
        },
        _ => Err(USAGE.to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            println!("{why}");
            ExitCode::from(2)
        }
    }
}

async fn start(rounds: usize, command: &str, arguments: &[&str]) -> Result<(), String> {
    let mut times = Vec::new();
    let mut memory = Vec::new();
    for _ in 0..rounds.max(1) {
        let folder = Folder::new()?;
        let server = Running::start(command, arguments, folder.path()).await?;
        times.push(server.ready.as_secs_f64() * 1000.0);
        memory.push(server.idle_kib().await as f64 / 1024.0);
        server.stop().await;
    }
    println!("start to /readyz   {:>9.1} ms   (median of {})", median(&mut times), times.len());
    println!("memory when idle   {:>9.1} MiB", median(&mut memory));
    Ok(())
}

async fn load(address: &str, token: &str) -> Result<(), String> {
    let client = Client::new(address, token)?;
    load::prepare(&client).await?;
    for kind in [Kind::Get, Kind::Create] {
        for tasks in TASKS {
            let report = load::run(&client, kind, tasks, LENGTH).await?;
            println!(
                "{:<8} {tasks:>3} at once   {:>9.0} /s   p50 {:>7.2} ms   p99 {:>7.2} ms",
                kind.name(),
                report.rate,
                report.p50,
                report.p99
            );
        }
    }
    Ok(())
}

async fn who(address: &str, credentials: &[&str]) -> Result<(), String> {
    for credential in credentials.iter().map(|text| Credential::parse(text)) {
        let client = Client::with(address, &credential)?;
        for tasks in [1, 16] {
            let report = load::run(&client, Kind::Version, tasks, LENGTH).await?;
            println!(
                "{:<12} {tasks:>3} at once   {:>9.0} /s   p50 {:>7.2} ms   p99 {:>7.2} ms",
                credential.name(),
                report.rate,
                report.p50,
                report.p99
            );
        }
    }
    Ok(())
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}
