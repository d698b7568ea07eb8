//! The flags as one table: name, meaning, default, and what a value changes.  Help, completion and the "did you mean"
//! of an unknown flag are made from it.  Entry point: [`command`] and [`apply`].

mod access;
mod admission;
mod authn;
mod kubelet;
mod oidc;
mod serving;
mod value;
mod webhooks;

use clap::{Arg, ArgAction, ArgMatches, Command};
use server::config::Config;

/// What a flag takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    /// `--flag`, `--flag=true`, `--flag=false`.
    Bool,
    /// One value; the text is its placeholder in help.
    One(&'static str),
    /// Values separated by commas; the flag may be repeated.
    Many(&'static str),
}

/// One flag.
#[derive(Debug)]
pub(crate) struct Flag {
    /// Name without dashes.
    pub name: &'static str,
    /// One letter, for the few that have one.
    pub short: Option<char>,
    /// What it takes.
    pub takes: Takes,
    /// Text of the default, `""` for none.
    pub default: &'static str,
    /// Heading of its group in help.
    pub group: &'static str,
    /// What it is for.
    pub help: &'static str,
    /// Puts one value into the settings; the text of an error follows the flag's name.
    pub set: fn(&mut Config, &str) -> Result<(), String>,
}

/// All flags of `sumun serve`, in the order of help.
pub(crate) fn all() -> impl Iterator<Item = &'static Flag> {
    [
        serving::FLAGS,
        authn::FLAGS,
        access::FLAGS,
        oidc::FLAGS,
        webhooks::FLAGS,
        admission::FLAGS,
        kubelet::FLAGS,
    ]
    .into_iter()
    .flatten()
}

/// Adds the flags to a command.
pub(crate) fn command(command: Command) -> Command {
    all().fold(command, |command, flag| command.arg(arg(flag)))
}

fn arg(flag: &'static Flag) -> Arg {
    let mut help = flag.help.to_owned();
    if !flag.default.is_empty() {
        help.push_str(&format!(" [default: {}]", flag.default));
    }
    let arg =
        Arg::new(flag.name).long(flag.name).help(help).help_heading(flag.group).hide_default_value(true);
    let arg = if let Some(short) = flag.short { arg.short(short) } else { arg };
    match flag.takes {
        Takes::Bool => arg
            .action(ArgAction::Set)
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true")
            .value_name("BOOL")
            .hide_possible_values(true),
        Takes::One(name) => arg.action(ArgAction::Set).overrides_with(flag.name).value_name(name),
        Takes::Many(name) => arg.action(ArgAction::Append).value_name(name),
    }
    .allow_hyphen_values(matches!(flag.takes, Takes::Many(_)))
}

/// Puts what the command line says into the settings.
///
/// # Errors
/// Every flag whose value makes no sense, one line each.
pub(crate) fn apply(matches: &ArgMatches, config: &mut Config) -> Result<(), String> {
    let mut problems = Vec::new();
    for flag in all() {
        let Some(values) = matches.get_many::<String>(flag.name) else { continue };
        config.given.insert(flag.name);
        for value in values {
            if let Err(why) = (flag.set)(config, value) {
                problems.push(format!("--{} `{value}`: {why}", flag.name));
            }
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Result<Config, String> {
        let matches = command(Command::new("serve").no_binary_name(true)).try_get_matches_from(args);
        let mut config = Config::default();
        apply(&matches.map_err(|e| e.to_string())?, &mut config)?;
        Ok(config)
    }

    #[test]
    fn values_reach_the_settings_in_every_spelling() {
        let c =
            parse(&["--secure-port=7443", "--bind-address", "127.0.0.1", "--anonymous-auth=false"]).unwrap();
        assert_eq!(
            (c.secure_port, c.bind_address.to_string().as_str(), c.anonymous_auth),
            (7443, "127.0.0.1", false)
        );
        assert!(parse(&["--profiling"]).unwrap().profiling);
        let c = parse(&["--controllers=-*", "--authorization-mode", "Node,RBAC"]).unwrap();
        assert_eq!(c.controllers, ["-*"]);
        assert_eq!(c.authorization_mode, ["Node", "RBAC"]);
    }

    #[test]
    fn an_unknown_flag_names_the_closest_one() {
        let error = parse(&["--tls-cert-fil=x"]).unwrap_err();
        assert!(error.contains("--tls-cert-file"), "{error}");
    }

    #[test]
    fn all_bad_values_are_told_at_once() {
        let error = parse(&["--secure-port=x", "--bind-address=nowhere"]).unwrap_err();
        assert!(error.contains("--secure-port `x`") && error.contains("--bind-address `nowhere`"), "{error}");
    }

    #[test]
    fn defaults_in_help_are_the_defaults_of_the_settings() {
        let mut from_help = Config::default();
        for flag in all().filter(|f| !f.default.is_empty()) {
            if matches!(flag.takes, Takes::Many(_)) {
                continue; // lists append; their defaults are compared by eye in the table
            }
            (flag.set)(&mut from_help, flag.default).unwrap();
        }
        assert_eq!(format!("{from_help:?}"), format!("{:?}", Config::default()));
    }

    #[test]
    fn names_are_unique_and_help_is_a_sentence() {
        let mut names: Vec<_> = all().map(|f| f.name).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(all().all(|f| f.help.ends_with('.')));
    }
}
