//! What the commands about policy share: where objects come from, how answers are shown, what exit codes mean.
//!
//! Entry points: [`source_args`] and [`Sources`]; [`output_arg`], [`Output`] and [`print`]; [`Failure`].

mod live;
pub(crate) mod logs;
mod policy;
pub(crate) mod progress;
mod question;
mod resources;

use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use api::Value;
use clap::{Arg, ArgAction, ArgMatches, ValueHint};
use evidence::{Evidence, Reader, Wanted};
use posture::columns;

pub(crate) use live::Live;
pub(crate) use policy::{Policy, policy_args};
pub(crate) use question::{Question, question_args, user, user_args, user_of};
pub(crate) use resources::Resources;

/// Exit codes, the same for all of these commands; help texts tell them.
pub(crate) mod exit {
    /// Done; yes.
    pub(crate) const OK: u8 = 0;
    /// Done; no, or there are findings.
    pub(crate) const NO: u8 = 1;
    /// The command line makes no sense, or the question cannot be answered.
    pub(crate) const FAILED: u8 = 2;
    /// Answered, but a part of what was given could not be read.
    pub(crate) const INCOMPLETE: u8 = 3;
}

/// How many problems are listed one by one.
const MOST_PROBLEMS: usize = 20;

/// Why a command ends early; shown as `error: …` with exit code [`exit::FAILED`].
#[derive(Debug)]
pub(crate) struct Failure(pub String);

impl<E: std::fmt::Display> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// Ends a command: its exit code, or the text of its failure on stderr.
pub(crate) fn end(outcome: Result<u8, Failure>) -> ExitCode {
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(Failure(text)) => {
            say(&format!("error: {text}"));
            ExitCode::from(exit::FAILED)
        }
    }
}

/// Flags that say where objects come from: `-f`, `--data-dir`, `--kubeconfig`, `--context`.
pub(crate) fn source_args() -> [Arg; 4] {
    const FROM: &str = "Source";
    [
        Arg::new("filename")
            .short('f')
            .long("filename")
            .value_name("PATH")
            .action(ArgAction::Append)
            .value_hint(ValueHint::AnyPath)
            .help_heading(FROM)
            .help(
                "YAML or JSON file, directory (with all below it), or - for standard input; may be repeated",
            ),
        Arg::new("data-dir")
            .long("data-dir")
            .value_name("DIR")
            .value_hint(ValueHint::DirPath)
            .help_heading(FROM)
            .help("Data directory of a sumun server that is not running; it is only read"),
        Arg::new("kubeconfig")
            .long("kubeconfig")
            .value_name("FILE")
            .value_hint(ValueHint::FilePath)
            .help_heading(FROM)
            .help("A live cluster. Without any of these flags: $KUBECONFIG, then ~/.kube/config"),
        Arg::new("context")
            .long("context")
            .value_name("NAME")
            .help_heading(FROM)
            .help("Context of the kubeconfig, instead of its current one"),
    ]
}

/// Where objects come from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources {
    /// Files and directories; `-` is standard input.
    pub files: Vec<String>,
    /// Data directory of a server.
    pub data_dir: Option<PathBuf>,
    /// Kubeconfig, when one is named.
    pub kubeconfig: Option<PathBuf>,
    /// Context, when one is named.
    pub context: Option<String>,
}

impl Sources {
    /// What the flags of [`source_args`] say.
    pub(crate) fn of(matches: &ArgMatches) -> Self {
        let one = |name| matches.get_one::<String>(name).cloned();
        Self {
            files: matches.get_many("filename").into_iter().flatten().cloned().collect(),
            data_dir: one("data-dir").map(PathBuf::from),
            kubeconfig: one("kubeconfig").map(PathBuf::from),
            context: one("context"),
        }
    }

    /// True when a live cluster is to be read: one is named, or nothing else is.
    pub(crate) fn is_live(&self) -> bool {
        self.kubeconfig.is_some()
            || self.context.is_some()
            || (self.files.is_empty() && self.data_dir.is_none())
    }

    /// True when any source is named.
    pub(crate) fn is_named(&self) -> bool {
        self.kubeconfig.is_some() || self.context.is_some() || self.has_files() || self.data_dir.is_some()
    }

    /// True when files or directories are given.
    pub(crate) fn has_files(&self) -> bool {
        !self.files.is_empty()
    }

    /// The live cluster, when one is to be read.
    ///
    /// # Errors
    /// What is wrong with the kubeconfig.
    pub(crate) fn open_live(&self) -> Result<Option<Live>, Failure> {
        if !self.is_live() {
            return Ok(None);
        }
        Live::open(self.kubeconfig.as_deref(), self.context.as_deref()).map(Some)
    }

    /// How the live cluster is asked.
    ///
    /// # Errors
    /// No cluster is named, or what is wrong with the kubeconfig.
    pub(crate) fn live_config(&self) -> Result<client::Config, Failure> {
        if !self.is_live() {
            return Err(Failure("no cluster is named: add --kubeconfig or --context".to_owned()));
        }
        let file = match &self.kubeconfig {
            Some(path) => client::Kubeconfig::load(path)?,
            None => client::Kubeconfig::load_default()?,
        };
        Ok(file.config(self.context.as_deref())?)
    }

    /// Reads the wanted kinds from all of them.  Problems are told on stderr; [`Evidence::is_complete`] says whether
    /// objects may be missing.
    ///
    /// # Errors
    /// A cluster that cannot be asked at all, or nothing that could be read.
    pub(crate) fn read(&self, wanted: Wanted) -> Result<Evidence, Failure> {
        self.read_with(wanted, self.open_live()?.as_mut())
    }

    /// The same with the live cluster opened before.
    ///
    /// # Errors
    /// Those of [`Sources::read`].
    pub(crate) fn read_with(&self, wanted: Wanted, live: Option<&mut Live>) -> Result<Evidence, Failure> {
        let mut reader = Reader::new(wanted).watched(progress::watch());
        for file in &self.files {
            match file.as_str() {
                "-" => reader.text("standard input", &mut std::io::stdin().lock()),
                path => reader.path(Path::new(path)),
            }
        }
        if let Some(dir) = &self.data_dir {
            reader.data_dir(dir);
        }
        if let Some(live) = live {
            reader.cluster(live);
        }
        let evidence = reader.finish();
        progress::clear();
        tell_problems(&evidence);
        if evidence.objects.is_empty() && !evidence.is_complete() {
            return Err(Failure("nothing could be read".to_owned()));
        }
        Ok(evidence)
    }
}

/// Tells what was not read as it stands, a line each.
pub(crate) fn tell_problems(evidence: &Evidence) {
    let (losses, others): (Vec<_>, Vec<_>) = evidence.problems.iter().partition(|p| p.kind.is_loss());
    for problem in losses.into_iter().chain(others).take(MOST_PROBLEMS) {
        let word = if problem.kind.is_loss() { "error" } else { "note" };
        say(&format!("{word}: {problem}"));
    }
    let more = evidence.problems.len().saturating_sub(MOST_PROBLEMS);
    if more > 0 {
        say(&format!("note: and {more} more of these"));
    }
}

/// How an answer is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// For programs, and people who like it.
    Yaml,
}

/// `-o text|json|yaml`.
pub(crate) fn output_arg() -> Arg {
    Arg::new("output")
        .short('o')
        .long("output")
        .value_name("FORMAT")
        .value_parser(["text", "json", "yaml"])
        .default_value("text")
        .help("How the answer is shown")
}

impl Output {
    /// What the flag of [`output_arg`] says.
    pub(crate) fn of(matches: &ArgMatches) -> Self {
        match matches.get_one::<String>("output").map(String::as_str) {
            Some("json") => Self::Json,
            Some("yaml") => Self::Yaml,
            _ => Self::Text,
        }
    }

    /// An answer in this form; `text` makes the one for people.
    pub(crate) fn show(
        self,
        value: impl FnOnce() -> Value,
        text: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        print(&match self {
            Self::Text => text(),
            Self::Yaml => codec::yaml::write(&value()),
            Self::Json => {
                let mut out = Vec::new();
                codec::json::write_pretty(&mut out, &value());
                String::from_utf8(out)? + "\n"
            }
        })
    }
}

/// Writes to stdout; a reader that went away is no failure.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(why) if why.kind() != ErrorKind::BrokenPipe => Err(why.into()),
        _ => Ok(()),
    }
}

/// Writes a line to stderr.
pub(crate) fn say(text: &str) {
    // Nobody is left to tell when stderr is gone.
    let _ = writeln!(std::io::stderr(), "{}", posture::visible_lines(text));
}

/// A rule as one line: `get, list on pods, deployments.apps named web`; groups are left out where all are the core one.
pub(crate) fn rule_text(rule: &Value) -> String {
    let list = |key: &str| rule.array_at(&[key]).iter().filter_map(Value::as_str).collect::<Vec<_>>();
    let mut parts = Vec::new();
    let (groups, resources) = (list("apiGroups"), list("resources"));
    if !resources.is_empty() {
        let group = match groups.as_slice() {
            [] | [""] => String::new(),
            groups => format!(
                " ({})",
                groups.iter().map(|g| if g.is_empty() { "core" } else { g }).collect::<Vec<_>>().join(", ")
            ),
        };
        parts.push(resources.join(", ") + &group);
    }
    let urls = list("nonResourceURLs");
    if !urls.is_empty() {
        parts.push(urls.join(", "));
    }
    let names = list("resourceNames");
    let names = if names.is_empty() { String::new() } else { format!(" named {}", names.join(", ")) };
    format!("{} on {}{names}", list("verbs").join(", "), parts.join(", "))
}

/// How something came about: `RoleBinding read-pods → ClusterRole pod-reader`, or in an authorizer's own words.
pub(crate) fn source_text(grant: &Value) -> String {
    let text = |path: &[&str]| grant.str_at(path);
    if grant.at(&["binding"]).is_null() {
        return format!("{}: {}", text(&["authorizer"]), text(&["source"]));
    }
    let part = |what: &str| format!("{} {}", text(&[what, "kind"]), text(&[what, "name"]));
    format!("{} → {}", part("binding"), part("role"))
}

/// Rows under a heading, columns aligned with three spaces between them as kubectl's.
pub(crate) fn table(heading: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|r| r.get(column)).map(|c| columns(c));
        cells.chain(heading.get(column).map(|h| columns(h))).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..heading.len()).map(width).collect();
    let line = |cells: Vec<&str>| {
        let pad = |cell: &str, width: usize| " ".repeat(width.saturating_sub(columns(cell)));
        let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell}{}", pad(cell, *width)));
        padded.collect::<Vec<_>>().join("   ").trim_end().to_owned() + "\n"
    };
    let body = rows.iter().map(|row| line(row.iter().map(String::as_str).collect()));
    std::iter::once(line(heading.to_vec())).chain(body).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_align() {
        let rows = vec![vec!["bob".into(), "é".into()], vec!["alexandra".into(), String::new()]];
        assert_eq!(table(&["NAME", "X"], &rows), "NAME        X\nbob         é\nalexandra\n");
    }

    #[test]
    fn files_are_sources_and_nothing_means_live() {
        let of = |args: &[&str]| {
            let command = clap::Command::new("x").no_binary_name(true).args(source_args());
            Sources::of(&command.get_matches_from(args))
        };
        assert!(of(&[]).is_live() && of(&["--context", "a"]).is_live());
        let files = of(&["-f", "a", "-f", "-"]);
        assert_eq!((files.files.as_slice(), files.is_live()), (&["a".to_owned(), "-".to_owned()][..], false));
    }
}
