//! `sumun token inspect|ncp|mappings`: what a token is, tokens of Naver Cloud, and who clouds say people are.

pub(crate) mod credentials;
mod inspect;
mod mappings;
pub(crate) mod ncp;

use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::{ArgMatches, Command};
use client::{Blocking, Kubeconfig};

use crate::common::{Failure, Sources, end};

pub(crate) const NAME: &str = "token";

pub(crate) fn command() -> Command {
    Command::new(NAME)
        .about("Explain tokens, make tokens of Naver Cloud, show who clouds say people are")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands([inspect::command(), ncp::command(), mappings::command()])
}

pub(crate) fn run(matches: &ArgMatches) -> ExitCode {
    end(match matches.subcommand() {
        Some((inspect::NAME, matches)) => inspect::run(matches),
        Some((ncp::NAME, matches)) => ncp::run(matches),
        Some((mappings::NAME, matches)) => mappings::run(matches),
        _ => Err(Failure("inspect, ncp or mappings?".to_owned())),
    })
}

/// A client of the cluster that the flags name.
pub(crate) fn connect(sources: &Sources) -> Result<Blocking, Failure> {
    let kubeconfig = match &sources.kubeconfig {
        Some(path) => Kubeconfig::load(path)?,
        None => Kubeconfig::load_default()?,
    };
    Ok(Blocking::new(kubeconfig.config(sources.context.as_deref())?)?)
}

/// Now, in milliseconds since the Unix epoch.
pub(crate) fn now_millis() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
