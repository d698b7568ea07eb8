//! A user at a terminal: a folder with a kubeconfig in it, and lines that a shell runs there with kubectl at hand.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::{ClientCertificate, Output, PATIENCE, Server, kubectl, run, sumun};

/// Folder of the programs that are at hand: kubectl, sumun, and sumun as kube-apiserver.
const TOOLS: &str = ".bin";

/// One user's terminal.  Nothing of the machine's own settings reaches what runs in it.
pub struct Session {
    folder: TempDir,
}

impl Session {
    /// The administrator's terminal.
    pub fn admin(server: &Server) -> Self {
        Self::with_kubeconfig(&server.kubeconfig())
    }

    /// A terminal with a copy of a kubeconfig.
    pub fn with_kubeconfig(kubeconfig: &Path) -> Self {
        let folder =
            tempfile::Builder::new().prefix("sumun-e2e-user-").tempdir().expect("a folder can be made");
        std::fs::copy(kubeconfig, folder.path().join("kubeconfig")).expect("the kubeconfig can be copied");
        let tools = folder.path().join(TOOLS);
        std::fs::create_dir(&tools).expect("a folder can be made");
        for (name, program) in [("kubectl", kubectl()), ("sumun", sumun()), ("kube-apiserver", sumun())] {
            let program = std::fs::canonicalize(program).expect("the program is there");
            symlink(program, tools.join(name)).expect("a link can be made");
        }
        Self { folder }
    }

    /// The terminal of a user whom nothing but a client certificate makes known.
    pub fn user(server: &Server, certificate: &ClientCertificate) -> Self {
        let session = Self::admin(server);
        session.write("user.crt", &certificate.certificate);
        session.write("user.key", &certificate.key);
        session.expect(
            "kubectl config set-credentials user --client-certificate=user.crt --client-key=user.key
             kubectl config set-context user --cluster=sumun --user=user
             kubectl config use-context user",
        );
        session
    }

    /// Working folder of the commands.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Puts a file into the working folder.
    pub fn write(&self, name: &str, content: &str) {
        std::fs::write(self.folder().join(name), content).expect("a file can be written");
    }

    /// Runs lines of shell; kills them after [`PATIENCE`].
    pub fn run(&self, lines: &str) -> Output {
        self.run_for(lines, PATIENCE)
    }

    /// Runs lines of shell that must succeed; answers what they wrote to standard output.
    pub fn expect(&self, lines: &str) -> String {
        let output = self.run(lines);
        assert!(output.code == Some(0), "`{lines}` failed: {output:?}");
        output.stdout
    }

    /// Runs lines of shell; kills them when the time is over.
    pub fn run_for(&self, lines: &str, limit: Duration) -> Output {
        let usual = std::env::var("PATH").unwrap_or_default();
        let mut command = Command::new("sh");
        command.args(["-c", lines]).current_dir(self.folder()).env_clear();
        command.env("PATH", format!("{}:{usual}", self.folder().join(TOOLS).display()));
        command.env("HOME", self.folder()).env("KUBECONFIG", self.folder().join("kubeconfig"));
        command.env("LANG", "C.UTF-8").env("TZ", "UTC");
        run(&mut command, limit)
    }
}
