//! Recorded sessions: what a person types at a terminal and what comes back, as text.  [`check`] types it again and
//! compares.
//!
//! ```text
//! # A remark; a session begins with one that says what it is about.
//! $ kubectl get configmap one \
//! >     --output name
//! configmap/one
//!
//! $ kubectl get configmap two
//! ! Error from server (NotFound): configmaps "two" not found
//! ? 1
//! ```
//!
//! `$ ` begins a command, which a shell runs, and `> ` goes on with it. Then come the lines of its standard output,
//! behind `! ` those of its standard error, and behind `? ` its exit code when that is not 0.  In what is expected
//! `[..]` stands for any text in a line and a line `...` for any number of lines.  What differs in each run is
//! replaced before the comparison: see `normalize`.
//!
//! INVARIANT: a command that fails has not changed the store, unless its code says so: `? 1, changes`.
//!
//! With `SUMUN_UPDATE=1` the file is rewritten to what came back instead; read the difference before you commit it.
//! With `SUMUN_E2E_KUBECONFIG` the sessions run against the API server that this names, to see whether the
//! expectations hold elsewhere; it should be an empty one.

mod file;
mod lines;

use std::fmt::Write as _;
use std::path::Path;

use crate::{Server, Session};
use file::{Answer, Step, parse};

/// Runs the session that a file holds in a namespace of the file's name, on a server of its own; fails with all
/// that differs.
pub fn check(file: &Path, flags: &[&str]) {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let stem = file.file_stem().expect("a file has a name").to_string_lossy().replace('_', "-");
    let terminal = Terminal::open(&stem, flags);
    let mut new = String::new();
    let mut wrong = String::new();
    for step in parse(&text) {
        let actual = terminal.run(&step);
        if step.expected.fits(&actual) {
            step.write(&step.expected, &mut new);
        } else {
            step.write(&actual, &mut new);
            let _ =
                write!(wrong, "\n{}\n--- expected\n{}--- but it was\n{actual}", step.command, step.expected);
        }
    }
    if std::env::var_os("SUMUN_UPDATE").is_some() {
        std::fs::write(file, new.trim_end().to_owned() + "\n").expect("the session can be written");
    } else {
        assert!(
            wrong.is_empty(),
            "{}: {wrong}\nSUMUN_UPDATE=1 rewrites what is expected\n{}",
            file.display(),
            terminal.log()
        );
    }
}

/// Where a session's commands are typed: at the administrator's terminal of a server.
struct Terminal {
    session: Session,
    // None when it is somebody else's server.
    server: Option<Server>,
}

impl Terminal {
    fn open(namespace: &str, flags: &[&str]) -> Self {
        let foreign = std::env::var_os("SUMUN_E2E_KUBECONFIG");
        let server = foreign.is_none().then(|| Server::start(flags));
        let session = match (&server, foreign) {
            (Some(server), _) => Session::admin(server),
            (None, path) => Session::with_kubeconfig(Path::new(&path.unwrap_or_default())),
        };
        session.expect(&format!("kubectl create namespace {namespace}"));
        session.expect(&format!("kubectl config set-context --current --namespace={namespace}"));
        if server.is_none() {
            // A bare API server has no controllers, which make what pods need.
            session.run("kubectl create serviceaccount default");
            session.run("kubectl create configmap kube-root-ca.crt --from-literal=ca.crt=x");
        }
        session.expect(
            "until kubectl get serviceaccount/default configmap/kube-root-ca.crt; do sleep 0.1; done 2>&1",
        );
        Self { session, server }
    }

    /// Runs a step's command; notes whether the store changed when it failed.
    fn run(&self, step: &Step) -> Answer {
        let before = self.revision();
        let output = self.session.run(&step.command);
        let mut answer = Answer::of(&output);
        answer.changes = answer.code != Some(0) && before != self.revision();
        answer
    }

    /// Revision of the store; none where others write to it too.
    fn revision(&self) -> Option<String> {
        let answer = self.server.as_ref()?.get("/api/v1/namespaces?limit=1").expect("the server answers");
        let list: serde_json::Value = serde_json::from_str(&answer.body).expect("a list is JSON");
        Some(list.pointer("/metadata/resourceVersion").expect("a list has a revision").to_string())
    }

    /// Stops the server; answers what it wrote to its log, to be shown with a failure.
    fn log(self) -> String {
        self.server.map_or_else(String::new, |mut server| server.stop().stderr)
    }
}
