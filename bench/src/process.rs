//! Starting a server and looking at it from outside.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::process::{Child, Command};

use crate::client::Client;

/// How long a server gets to become ready.
const PATIENCE: Duration = Duration::from_secs(120);
/// When memory is looked at: the server has settled.
const SETTLE: Duration = Duration::from_secs(3);

/// A server that runs.
pub(crate) struct Running {
    child: Child,
    /// Where it serves, `IP:port`.
    pub address: String,
    /// From the start of the process to the first 200 of `/readyz`.
    pub ready: Duration,
}

impl Running {
    /// Starts the command with `{dir}` replaced in its arguments, and waits until it is ready.
    ///
    /// # Errors
    /// A command that cannot be started, has no `--secure-port`, or does not get ready.
    pub(crate) async fn start(command: &str, arguments: &[&str], folder: &Path) -> Result<Self, String> {
        let dir = folder.display().to_string();
        let arguments: Vec<String> = arguments.iter().map(|a| a.replace("{dir}", &dir)).collect();
        let address = format!("127.0.0.1:{}", port(&arguments)?);
        let client = Client::new(&address, "")?;
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
        Ok(Self { child, address, ready: started.elapsed() })
    }

    /// Kills it and waits for its end.
    pub(crate) async fn stop(mut self) {
        let _ = self.child.kill().await;
    }

    /// Resident memory after a while without requests, in KiB.
    pub(crate) async fn idle_kib(&self) -> u64 {
        tokio::time::sleep(SETTLE).await;
        self.status_kib("VmRSS:")
    }

    /// Largest resident memory since [`Running::forget_peak`], in KiB.
    pub(crate) fn peak_kib(&self) -> u64 {
        self.status_kib("VmHWM:")
    }

    /// Lets the peak begin at what is resident now.
    ///
    /// # Errors
    /// A system that does not let us.
    pub(crate) fn forget_peak(&self) -> Result<(), String> {
        let path = format!("/proc/{}/clear_refs", self.child.id().unwrap_or(0));
        std::fs::write(&path, "5").map_err(|e| format!("{path}: {e}"))
    }

    fn status_kib(&self, field: &str) -> u64 {
        let read = |pid| std::fs::read_to_string(format!("/proc/{pid}/status")).ok();
        let status = self.child.id().and_then(read).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
    }
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

/// A folder for a server's data, removed in the end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// Makes a new one.
    ///
    /// # Errors
    /// A system that does not let us.
    pub(crate) fn new() -> Result<Self, String> {
        let name = format!("sumun-bench-{}-{:?}", std::process::id(), Instant::now())
            .replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        Ok(Self(path))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
