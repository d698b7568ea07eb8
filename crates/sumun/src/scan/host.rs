//! `sumun scan host`: facts of this host, for a scan elsewhere.
//!
//! Entry points: [`command`], [`run`].  It runs without root as far as it can, says what it could not see, and takes
//! contents only of configuration, without credentials.

mod devices;
mod k3s;
mod kubeconfig;
mod microk8s;
mod programs;
mod redact;
mod root;
mod system;
mod units;
mod updates;
mod watch;

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use api::time::Timestamp;
use api::{Value, object};
use clap::{Arg, ArgAction, ArgMatches, Command, ValueHint};

use crate::common::{Failure, exit, print, say};
use programs::Programs;
use root::Root;
use watch::Watch;

pub(super) const NAME: &str = "host";

const HELP: &str = "\
Examples:
  # On the host, as root; then wherever the report is to be made
  sumun scan host --output-file node-1.json
  sumun scan --host-facts node-1.json

  # In a pod, with the host's directories mounted below /host
  sumun scan host --root /host

Contents are taken of configuration only, never of keys, and without tokens and passwords.  What cannot be seen is told
in the document and on stderr; checks that need it are not evaluated.";

pub(super) fn command() -> Command {
    Command::new(NAME).about("Write down facts of this host for a scan").after_help(HELP).args([
        Arg::new("root")
            .long("root")
            .value_name("DIR")
            .default_value("/")
            .value_hint(ValueHint::DirPath)
            .help("Where the host's files are"),
        Arg::new("name").long("name").value_name("NAME").help("Name of the host, as its node is called"),
        Arg::new("output")
            .short('o')
            .long("output")
            .value_name("FORMAT")
            .value_parser(["json", "yaml"])
            .default_value("json")
            .help("How the facts are written"),
        Arg::new("output-file")
            .long("output-file")
            .value_name("FILE")
            .value_hint(ValueHint::FilePath)
            .help("Write to a file that only you can read instead of to stdout"),
        Arg::new("quiet")
            .short('q')
            .long("quiet")
            .action(ArgAction::SetTrue)
            .help("Do not tell on stderr what could not be seen; the document does"),
    ])
}

pub(super) fn run(matches: &ArgMatches) -> Result<u8, Failure> {
    let text = |name| matches.get_one::<String>(name).map(String::as_str);
    let at = PathBuf::from(text("root").unwrap_or("/"));
    if !at.is_dir() {
        return Err(Failure(format!("{} is not a directory", at.display())));
    }
    let facts = collect(at, text("name"));
    if !matches.get_flag("quiet") {
        tell_missing(&facts);
    }
    let written = match text("output") {
        Some("yaml") => codec::yaml::write(&facts),
        _ => {
            let mut out = Vec::new();
            codec::json::write_pretty(&mut out, &facts);
            String::from_utf8_lossy(&out).into_owned() + "\n"
        }
    };
    match text("output-file") {
        Some(path) => write(Path::new(path), &written).map_err(|e| Failure(format!("{path}: {e}")))?,
        None => print(&written)?,
    }
    Ok(exit::OK)
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

fn tell_missing(facts: &Value) {
    for gap in facts.array_at(&["missing"]) {
        let of = |member| gap.str_at(&[member]);
        say(&format!("warning: {}: {}; {}", of("what"), of("why"), of("todo")));
    }
}

/// Everything that is told of a host.
fn collect(at: PathBuf, name: Option<&str>) -> Value {
    let mut root = Root::new(at);
    let name = name.map(str::to_owned).or_else(|| system::name(&mut root));
    let mut facts = object! {
        "apiVersion" => "posture.sumun.io/v1",
        "kind" => "HostFacts",
        "metadata" => object! { "name" => name.as_deref().unwrap_or("host") },
        "collected" => Timestamp::from(SystemTime::now()).text().as_str(),
        "os" => system::release(&mut root),
        "kernel" => system::kernel(&mut root),
    };
    if root.is_here() {
        facts.set_at(&["architecture"], std::env::consts::ARCH);
    }
    let programs = Programs::of(&mut root);
    let (units, paths) = units::units(&mut root);
    let watch = Watch::all(&mut root, &programs.told, &paths);
    facts.set_at(&["files"], watch.files());
    facts.set_at(&["certificates"], watch.pems());
    facts.set_at(&["processes"], programs.facts());
    facts.set_at(&["units"], units);
    facts.set_at(&["sysctls"], system::sysctls(&mut root));
    system::protection(&mut root, &mut facts);
    let optional = [
        ("timeSync", Some(system::clock(&mut root, &programs.running)).filter(|told| !told.is_null())),
        ("updates", updates::updates(&mut root)),
        ("blockDevices", devices::tree(&mut root)),
    ];
    for (member, value) in optional {
        if let Some(value) = value {
            facts.set_at(&[member], value);
        }
    }
    facts.set_at(&["missing"], root.missing());
    facts
}

#[cfg(test)]
mod tests;
