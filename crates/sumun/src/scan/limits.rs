//! How many vulnerabilities a site takes, how old reports may be, and rights that are written down to be reviewed.
//!
//! Entry points: [`args`], [`limits`], [`write_rights`].

use std::path::Path;

use clap::{Arg, ArgMatches, ValueHint, value_parser};
use posture::{Input, Limits};

use crate::common::{Failure, say};
use crate::scan::files;

/// The flags.
pub(super) fn args() -> [Arg; 4] {
    let number = |name: &'static str, value: &'static str, default: &'static str, help: &'static str| {
        Arg::new(name)
            .long(name)
            .value_name(value)
            .value_parser(value_parser!(u32))
            .default_value(default)
            .help_heading("Evidence")
            .help(help)
    };
    [
        number(
            "max-critical",
            "N",
            "0",
            "The most critical vulnerabilities of an image that newer versions mend",
        ),
        number("max-high", "N", "10", "The most high ones"),
        number("report-days", "DAYS", "30", "Days after which a report on an image tells too little"),
        Arg::new("write-rights")
            .long("write-rights")
            .value_name("FILE")
            .value_hint(ValueHint::FilePath)
            .help_heading("Evidence")
            .help("Write who may do what, to be reviewed and given to later scans with --attestation"),
    ]
}

/// What the flags say.
pub(super) fn limits(matches: &ArgMatches) -> Limits {
    let number = |name: &str| matches.get_one::<u32>(name).copied();
    let mut limits = Limits::default();
    let count =
        |name: &str, default: usize| number(name).and_then(|n| usize::try_from(n).ok()).unwrap_or(default);
    limits.critical = count("max-critical", limits.critical);
    limits.high = count("max-high", limits.high);
    limits.report_days = number("report-days").map_or(limits.report_days, i64::from);
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
