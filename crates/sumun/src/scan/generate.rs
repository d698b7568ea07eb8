//! `sumun scan generate`: objects that a cluster lacks.

use admission::pod_security::Version;
use clap::{Arg, ArgMatches, Command};
use posture::{Input, Made, Settings};

use super::{gather, version};
use crate::common::{self, Failure, exit, print, say};

const HELP: &str = "\
Examples:
  # Labels of namespaces: the strictest pod security level that what runs there meets
  sumun scan generate psa-labels --kubeconfig ~/.kube/config > labels.yaml

  # Network policies that deny what no policy allows
  sumun scan generate default-deny --kubeconfig ~/.kube/config > deny.yaml

  # An audit policy to begin with
  sumun scan generate audit-policy > audit.yaml

Look at what is written before you apply it.  Least-privilege roles come from `sumun least-privilege`.";

/// What can be made.
enum Generator {
    /// The same for everybody.
    Text(fn() -> &'static str),
    /// Out of what is there.
    Objects(fn(&Input, &Settings) -> Vec<Made>),
}

const GENERATORS: &[(&str, Generator)] = &[
    ("audit-policy", Generator::Text(posture::audit_policy)),
    ("default-deny", Generator::Objects(posture::default_deny)),
    ("keep-from-metadata", Generator::Objects(posture::keep_from_metadata)),
    ("psa-labels", Generator::Objects(posture::psa_labels)),
];

pub(super) fn command() -> Command {
    Command::new("generate")
        .about("Write what is lacking, such as network policies, pod security labels or an audit policy")
        .after_help(HELP)
        .arg(
            Arg::new("what")
                .required(true)
                .value_name("WHAT")
                .value_parser(GENERATORS.iter().map(|(name, _)| *name).collect::<Vec<_>>())
                .help("What to write"),
        )
        .args(common::source_args())
        .args(gather::args())
        .args([version(), super::whole()])
}

pub(super) fn generate(matches: &ArgMatches) -> Result<u8, Failure> {
    let what = matches.get_one::<String>("what").map_or("", String::as_str);
    match GENERATORS.iter().find(|(name, _)| *name == what) {
        Some((_, Generator::Objects(make))) => objects(matches, *make),
        Some((_, Generator::Text(text))) => print(text()).map(|()| exit::OK),
        None => Err(Failure(format!("`{what}` cannot be made"))),
    }
}

fn objects(matches: &ArgMatches, make: fn(&Input, &Settings) -> Vec<Made>) -> Result<u8, Failure> {
    let gathered = gather::gather(matches)?;
    let version = matches.get_one::<String>("pod-security-version");
    let pod_security = version.and_then(|text| Version::parse(text).ok()).unwrap_or_default();
    let made = make(&gathered.input, &Settings { pod_security, ..Settings::default() });
    if made.is_empty() {
        say("note: nothing is lacking");
    }
    print(&posture::manifest(&made))?;
    Ok(if gathered.is_complete { exit::OK } else { exit::INCOMPLETE })
}
