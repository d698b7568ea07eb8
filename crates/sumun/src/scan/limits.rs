//! What a site takes: how old, how many, how long; and rights that are written down to be reviewed.
//!
//! Entry points: [`args`], [`limits`], [`write_rights`].

use std::path::Path;

use clap::{Arg, ArgAction, ArgMatches, ValueHint};
use posture::{Input, Limit, Limits};

use crate::common::{Failure, say};
use crate::scan::files;

/// The flags.
pub(super) fn args() -> [Arg; 2] {
    [
        Arg::new("limit")
            .long("limit")
            .value_name("NAME=N")
            .action(ArgAction::Append)
            .value_delimiter(',')
            .value_parser(parsed)
            .help("What you take: how old, how many; `sumun scan list --limits` names all; may be repeated"),
        Arg::new("write-rights")
            .long("write-rights")
            .value_name("FILE")
            .value_hint(ValueHint::FilePath)
            .help_heading("Evidence")
            .help("Write who may do what, to be reviewed and given to later scans with --attestation"),
    ]
}

/// A limit and its number.
fn parsed(text: &str) -> Result<(&'static Limit, u32), String> {
    let (name, number) = text.split_once('=').ok_or("it is NAME=N")?;
    let limit = Limit::find(name)
        .ok_or_else(|| format!("there is no limit {name}; `sumun scan list --limits` names them all"))?;
    let number = number.parse().map_err(|_| format!("{number:?} is no number that a limit can be"))?;
    Ok((limit, number))
}

/// What the flags say.
pub(super) fn limits(matches: &ArgMatches) -> Limits {
    let mut limits = Limits::default();
    for (limit, number) in matches.get_many::<(&'static Limit, u32)>("limit").into_iter().flatten() {
        limits.set(limit, *number);
    }
    limits
}

/// Writes down who may do what, when that is asked for.
///
/// # Errors
/// Why the file cannot be written.
pub(super) fn write_rights(matches: &ArgMatches, input: &Input) -> Result<(), Failure> {
    let Some(path) = matches.get_one::<String>("write-rights") else { return Ok(()) };
    let text = codec::yaml::write(&posture::rights(input));
    files::replace(Path::new(path), text.as_bytes()).map_err(|why| Failure(format!("{path}: {why}")))?;
    say(&format!("{path}: review it, then set spec.reviewer and spec.reviewed"));
    Ok(())
}
