//! Commands that end in bounded time and leave no process behind.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

/// What a finished command left.
#[derive(Debug)]
pub struct Output {
    /// What it wrote to its standard output.
    pub stdout: String,
    /// What it wrote to its standard error.
    pub stderr: String,
    /// Exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// Whether it was killed because its time was over.
    pub timed_out: bool,
}

/// Runs a command to its end, or kills it and all that it started when `limit` is over.
pub fn run(command: &mut Command, limit: Duration) -> Output {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"));
    let stdout = drain(child.stdout.take());
    let stderr = drain(child.stderr.take());
    let group = pid(&child);
    let ended = wait(&mut child, limit);
    // What the command left in the background goes too; it would hold the pipes open.
    let _ = kill_process_group(group, Signal::KILL);
    let status = ended.unwrap_or_else(|| child.wait().expect("a killed child can be waited for"));
    Output {
        stdout: stdout.join().expect("a reader of output ends"),
        stderr: stderr.join().expect("a reader of output ends"),
        code: status.code(),
        timed_out: ended.is_none(),
    }
}

/// Waits for the end of a child; none when `limit` is over first.
pub(crate) fn wait(child: &mut Child, limit: Duration) -> Option<std::process::ExitStatus> {
    let start = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait().expect("a child can be waited for") {
            return Some(status);
        }
        if start.elapsed() > limit {
            return None;
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

/// Reads all of a pipe in a thread of its own, so that the writer never waits.
pub(crate) fn drain(pipe: Option<impl Read + Send + 'static>) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            pipe.read_to_end(&mut bytes).expect("a pipe can be read");
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Id of a child for signals; valid until it is waited for.
pub(crate) fn pid(child: &Child) -> Pid {
    Pid::from_child(child)
}

/// Outlives the test program, however that ends, and then kills a process and removes a folder.
///
/// A shell waits for the end of a pipe that only the test program holds.
pub struct Guard {
    shell: Child,
}

impl Guard {
    /// Starts to watch over `child`, and over `folder` when there is one.
    pub fn new(child: &Child, folder: Option<&Path>) -> Self {
        let shell = Command::new("sh")
            .args(["-c", r#"read -r _; kill -9 "$0"; [ -z "$1" ] || rm -rf -- "$1""#])
            .arg(child.id().to_string())
            .arg(folder.unwrap_or(Path::new("")))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("a shell starts");
        Self { shell }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // Stopped before its pipe is closed: whoever drops it looks after the process himself.
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}
