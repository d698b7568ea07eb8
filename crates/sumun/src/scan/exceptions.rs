//! Findings that do not count: risks that somebody has taken, and what was known before.
//!
//! Entry points: [`args`], [`judge`], [`write_down`].

use std::path::Path;

use clap::{Arg, ArgAction, ArgMatches, ValueHint};
use evidence::Problem;
use posture::{Baseline, Exceptions, Input, Report, Settings};

use crate::common::{Failure, say};
use crate::scan::files;

/// The flags.
pub(super) fn args() -> [Arg; 3] {
    let file = |name: &'static str, help: &'static str| {
        Arg::new(name)
            .long(name)
            .value_name("FILE")
            .value_hint(ValueHint::FilePath)
            .help_heading("What does not count")
            .help(help)
    };
    [
        file("exceptions", "Risks that somebody has taken, with reason, owner and end; may be repeated")
            .action(ArgAction::Append),
        file("baseline", "What an earlier scan found, from --write-baseline; only what is new counts"),
        file("write-baseline", "Write what is found, so that later scans count only what is new")
            .conflicts_with("baseline"),
    ]
}

/// What became of the files.
#[derive(Default)]
pub(super) struct Judged {
    /// An exception has ended.
    pub expired: bool,
    /// What is to be told.
    told: Vec<String>,
}

impl Judged {
    /// Tells what became of the files.
    pub(super) fn tell(&self) {
        self.told.iter().for_each(|line| say(line));
    }
}

/// Marks the findings of a report.
///
/// # Errors
/// Files that cannot be read, or that are wrong, after every mistake in them is told.
pub(super) fn judge(
    matches: &ArgMatches,
    report: &mut Report,
    input: &Input,
    settings: &Settings,
) -> Result<Judged, Failure> {
    let applied = exceptions(matches)?.apply(report, input, settings.now);
    let mut told = Vec::new();
    let expired = applied.expired.iter();
    told.extend(expired.map(|exception| format!("error: {exception} has ended; what it covered counts")));
    let unused = applied.unused.iter();
    told.extend(unused.map(|exception| format!("warning: {exception} fits nothing that was found")));
    if let Some(path) = matches.get_one::<String>("baseline") {
        let gone = Baseline::parse(path, &read(path)?)?.compare(report);
        told.extend(gone.iter().map(|known| format!("note: {path}: gone: {known}")));
    }
    Ok(Judged { expired: !applied.expired.is_empty(), told })
}

/// Writes down what a report holds, which is known from then on.
///
/// # Errors
/// A file that cannot be written.
pub(super) fn write_down(matches: &ArgMatches, report: &mut Report) -> Result<(), Failure> {
    let Some(path) = matches.get_one::<String>("write-baseline") else { return Ok(()) };
    let baseline = Baseline::of(report);
    files::replace(Path::new(path), baseline.write().as_bytes())
        .map_err(|why| Failure(format!("{path}: {why}")))?;
    baseline.compare(report);
    Ok(())
}

fn exceptions(matches: &ArgMatches) -> Result<Exceptions, Failure> {
    let mut all = Exceptions::default();
    let mut problems: Vec<Problem> = Vec::new();
    for path in matches.get_many::<String>("exceptions").into_iter().flatten() {
        match Exceptions::parse(path, &read(path)?) {
            Ok(exceptions) => all.extend(exceptions),
            Err(wrong) => problems.extend(wrong),
        }
    }
    let Some((last, others)) = problems.split_last() else { return Ok(all) };
    for problem in others {
        say(&format!("error: {problem}"));
    }
    Err(Failure(last.to_string()))
}

fn read(path: &str) -> Result<Vec<u8>, Failure> {
    files::read(Path::new(path)).map_err(|why| Failure(format!("{path}: {why}")))
}
