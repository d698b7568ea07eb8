//! `sumun serve`: a Kubernetes API server.

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::LazyLock;

use clap::{Arg, ArgAction, ArgMatches, Command};
use server::config::Config;
use server::{Ready, Server};

use crate::flags;

pub(crate) const NAME: &str = "serve";

const AFTER_HELP: &str = "\
Examples:
  # A secured, durable API server; keys, certificates and admin.kubeconfig are made under ./sumun-data
  sumun serve

  # On a free port, for a test
  sumun serve --data-dir \"$(mktemp -d)\" --bind-address 127.0.0.1 --secure-port 0

  # Beside a real kube-controller-manager
  sumun serve --controllers='-*'

Flags have kube-apiserver's names and meanings. Under the name kube-apiserver (a link), this is the command line.";

pub(crate) fn command() -> Command {
    let command = Command::new(NAME)
        .about("Run a Kubernetes API server on an embedded, durable store")
        .after_help(AFTER_HELP)
        .arg(
            Arg::new("verbosity")
                .short('v')
                .long("v")
                .value_name("LEVEL")
                .action(ArgAction::Set)
                .help("Log verbosity: 0 warnings and milestones, 2 requests that fail, 4 every request, 6 everything. [default: 0]"),
        );
    flags::command(command)
}

/// The same command as a program of its own, which tells its version as kube-apiserver does.
pub(crate) fn as_kube_apiserver() -> Command {
    static VERSION: LazyLock<String> = LazyLock::new(server::kubernetes_version);
    command().name("kube-apiserver").display_name("Kubernetes").version(VERSION.as_str())
}

pub(crate) fn run(matches: &ArgMatches) -> ExitCode {
    let mut config = Config::default();
    if let Err(problems) = flags::apply(matches, &mut config) {
        return fail(&problems);
    }
    let verbosity = matches.get_one::<String>("verbosity").map_or("0", String::as_str);
    let Ok(verbosity) = verbosity.parse::<u8>() else { return fail("-v takes a number") };
    log_to_stderr(verbosity);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("cannot start: {error}")),
    };
    match runtime.block_on(serve(config)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

async fn serve(config: Config) -> Result<(), String> {
    let server = Server::start(config).await.map_err(|e| e.to_string())?;
    greet(server.ready());
    server.run_until(termination()).await.map_err(|e| e.to_string())
}

/// Says where the server is and what to type next.
fn greet(ready: &Ready) {
    let kubectl = std::env::var("SUMUN_KUBECTL").unwrap_or_else(|_| "kubectl".to_owned());
    let mut out = std::io::stdout().lock();
    let _ = writeln!(
        out,
        "sumun {} serves Kubernetes {} at {}",
        env!("CARGO_PKG_VERSION"),
        ready.kubernetes_version,
        ready.url
    );
    let _ = writeln!(out, "data: {}", ready.data_dir.display());
    let _ = writeln!(out, "next: {kubectl} --kubeconfig {} get namespaces", ready.kubeconfig.display());
    let _ = out.flush();
}

async fn termination() {
    let mut terminate = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(signal) => signal,
        Err(error) => {
            tracing::warn!(%error, "cannot listen for SIGTERM");
            return std::future::pending().await;
        }
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

fn log_to_stderr(verbosity: u8) {
    let level = match verbosity {
        0..2 => tracing::Level::WARN,
        2..4 => tracing::Level::INFO,
        4..6 => tracing::Level::DEBUG,
        _ => tracing::Level::TRACE,
    };
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(level).with_target(false).init();
}

#[expect(clippy::print_stderr, reason = "the last words of a failed start")]
fn fail(problem: &str) -> ExitCode {
    eprintln!("sumun serve: {problem}");
    ExitCode::from(1)
}
