//! Starting a server and looking at it from outside.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::process::Command;

use crate::load::Client;

/// How long a server gets to become ready.
const PATIENCE: Duration = Duration::from_secs(120);
/// When memory is looked at: the server has settled.
const SETTLE: Duration = Duration::from_secs(3);

/// What was seen of one start.
pub(crate) struct Start {
    /// From the start of the process to the first 200 of `/readyz`.
    pub ready: Duration,
    /// Resident memory a while later.
    pub idle_kib: u64,
}

/// Starts the command once.
///
/// # Errors
/// A command that cannot be started, has no `--secure-port`, or does not get ready.
pub(crate) async fn start(command: &str, arguments: &[&str]) -> Result<Start, String> {
    let folder = folder()?;
    let dir = folder.display().to_string();
    let arguments: Vec<String> = arguments.iter().map(|a| a.replace("{dir}", &dir)).collect();
    let client = Client::new(&format!("127.0.0.1:{}", port(&arguments)?), "")?;
    let started = Instant::now();
    let mut child = Command::new(command)
        .args(&arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|e| format!("{command}: {e}"))?;
    while !client.is_ready().await {
        if started.elapsed() > PATIENCE {
            return Err(format!("{command} did not get ready within {} s", PATIENCE.as_secs()));
        }
        if let Ok(Some(status)) = child.try_wait() {
            return Err(format!("{command} ended: {status}"));
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let ready = started.elapsed();
    tokio::time::sleep(SETTLE).await;
    let idle_kib = child.id().and_then(resident_kib).unwrap_or(0);
    let _ = child.kill().await;
    let _ = std::fs::remove_dir_all(&folder);
    Ok(Start { ready, idle_kib })
}

fn port(arguments: &[String]) -> Result<u16, String> {
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let value = match word.strip_prefix("--secure-port") {
            Some("") => words.next().map(String::as_str),
            Some(rest) => rest.strip_prefix('='),
            None => continue,
        };
        return value.and_then(|v| v.parse().ok()).ok_or_else(|| "--secure-port needs a number".to_owned());
    }
    Err("the command has no --secure-port".to_owned())
}

fn folder() -> Result<PathBuf, String> {
    let name = format!("sumun-bench-{}-{:?}", std::process::id(), Instant::now())
        .replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    let path = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(path)
}

fn resident_kib(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|l| l.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
