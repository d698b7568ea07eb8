//! The server process: started, asked until it is ready, stopped gently or not at all gently, started again.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

use rustix::process::{Signal, kill_process};
use tempfile::TempDir;

use crate::process::{drain, pid, wait};
use crate::{Answer, ClientCertificate, Connection, Guard, Output, PATIENCE, sumun, wait_for};

/// A running server on a folder of its own; dropping it stops the process and removes the folder.
pub struct Server {
    arguments: Vec<String>,
    running: Option<Running>,
    address: SocketAddr,
    folder: TempDir,
}

struct Running {
    // Fields are dropped in this order: the guard goes after the child has been waited for.
    child: Child,
    stdout: JoinHandle<String>,
    stderr: JoinHandle<String>,
    _guard: Guard,
}

impl Server {
    /// Starts a server with further flags on a new folder and waits until it is ready.
    pub fn start(flags: &[&str]) -> Self {
        let folder = tempfile::Builder::new().prefix("sumun-e2e-").tempdir().expect("a folder can be made");
        Self::start_in(folder, flags)
    }

    /// As [`Server::start`], with a data folder that may hold something already.
    pub fn start_in(folder: TempDir, flags: &[&str]) -> Self {
        let arguments = flags.iter().map(ToString::to_string).collect();
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut server = Self { arguments, running: None, address, folder };
        server.launch();
        server
    }

    /// Folder that was given as `--data-dir`.
    pub fn data(&self) -> &Path {
        self.folder.path()
    }

    /// Folder of the keys and certificates that the server made.
    pub fn pki(&self) -> PathBuf {
        self.data().join("pki")
    }

    /// The kubeconfig that the server made for its administrator.
    pub fn kubeconfig(&self) -> PathBuf {
        self.data().join("admin.kubeconfig")
    }

    /// Where it listens; the same after each start.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Base of all addresses that it serves.
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// Connects as its administrator.
    pub fn connect(&self) -> std::io::Result<Connection> {
        let admin = ClientCertificate::read(&self.pki(), "admin");
        Connection::open(self.address, &self.pki(), Some(&admin))
    }

    /// Asks for a path as its administrator.
    pub fn get(&self, path: &str) -> std::io::Result<Answer> {
        self.connect()?.get(path, "")
    }

    /// Asks for a path without credentials.
    pub fn get_anonymously(&self, path: &str) -> std::io::Result<Answer> {
        Connection::open(self.address, &self.pki(), None)?.get(path, "")
    }

    /// Sends SIGTERM and does not wait.
    pub fn begin_stop(&self) {
        let running = self.running.as_ref().expect("the server runs");
        kill_process(pid(&running.child), Signal::TERM).expect("a child can be signalled");
    }

    /// Sends SIGTERM and waits for the end.
    pub fn stop(&mut self) -> Output {
        self.begin_stop();
        self.wait()
    }

    /// Waits for the end of a server that was told to stop; fails when it does not end in [`PATIENCE`].
    pub fn wait(&mut self) -> Output {
        let mut running = self.running.take().expect("the server runs");
        let ended = wait(&mut running.child, PATIENCE);
        running.finish(ended.is_none())
    }

    /// Kills the process without any warning.
    pub fn kill(&mut self) -> Output {
        self.running.take().expect("the server runs").finish(true)
    }

    /// Starts again on the same folder, port and flags after a stop or kill; waits until it is ready.
    pub fn start_again(&mut self) {
        assert!(self.running.is_none(), "the server still runs");
        self.launch();
    }

    /// Starts with other flags on the same folder and port, after a stop.
    pub fn with_flags(mut self, flags: &[&str]) -> Self {
        self.arguments = flags.iter().map(ToString::to_string).collect();
        self.start_again();
        self
    }

    /// The command line of a server on this server's folder that listens on `port`.
    pub fn command(&self, port: u16) -> Command {
        let mut command = Command::new(sumun());
        command.arg("serve").arg("--data-dir").arg(self.data());
        command.args(["--bind-address", "127.0.0.1", "--secure-port"]).arg(port.to_string());
        command.args(&self.arguments);
        command
    }

    fn launch(&mut self) {
        let mut child = self
            .command(self.address.port())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let guard = Guard::new(&child, Some(self.data()));
        let stderr = drain(child.stderr.take());
        let mut stdout = BufReader::new(child.stdout.take().expect("it was piped"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("the server's output can be read");
        let rest = drain(Some(stdout));
        let running = Running { child, stdout: rest, stderr, _guard: guard };
        let address = line.trim_end().rsplit_once("https://").and_then(|(_, address)| address.parse().ok());
        let Some(address) = address else {
            panic!("the server did not say where it listens: {line:?}, then {:?}", running.finish(true));
        };
        self.address = address;
        self.running = Some(running);
        wait_for("ready server", || self.get("/readyz").ok().filter(|answer| answer.status == 200));
    }
}

impl Running {
    /// Reaps the process, after killing it where that is asked for.
    fn finish(mut self, kill: bool) -> Output {
        if kill {
            self.child.kill().expect("a child can be killed");
        }
        let status = self.child.wait().expect("a child can be waited for");
        Output {
            stdout: self.stdout.join().expect("a reader of output ends"),
            stderr: self.stderr.join().expect("a reader of output ends"),
            code: status.code(),
            timed_out: kill,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.finish(true);
        }
    }
}
