//! `sumun scan`: is this built the way the guidelines say?

mod catalogue;
mod exceptions;
mod files;
mod fix;
mod gather;
mod generate;
mod host;
mod limits;
mod probe;
mod root;

use std::process::ExitCode;

use admission::pod_security::Version;
use api::Value;
use api::time::Timestamp;
use clap::{Arg, ArgAction, ArgMatches, Command};
use posture::{Framework, Input, Language, Profile, Report, Settings, Severity};

use crate::common::{self, Failure, exit, print, say};

pub(crate) const NAME: &str = "scan";

const HELP: &str = "\
Examples:
  # Manifests, as a pipeline would
  sumun scan -f manifests/ --fail-on critical

  # A live cluster, the kubeconfig's current one; a page to show around
  sumun scan --kubeconfig ~/.kube/config -o html > posture.html

  # What a code host understands
  sumun scan -f manifests/ -o sarif > posture.sarif

  # What is checked, and why
  sumun scan list
  sumun scan explain POD-005

A check for which nothing was given is \"not evaluated\", never a pass: manifests do not tell what a cluster lacks.
With --whole-cluster files count as everything that there is, such as a dump.

Exit codes: 0 nothing as bad as --fail-on, 1 something is, 2 the scan cannot be made, 3 some files could not be read.";

pub(crate) fn command() -> Command {
    Command::new(NAME)
        .about("Check clusters and manifests against Kubernetes security guidelines")
        .after_help(HELP)
        .args_conflicts_with_subcommands(true)
        .args(common::source_args())
        .args(gather::args())
        .args(limits::args())
        .args(exceptions::args())
        .args(fix::args())
        .args([output(), language(), fail_on(), framework(), profile(), version(), registries(), whole()])
        .subcommands(catalogue::commands())
        .subcommand(host::command())
        .subcommand(generate::command())
}

fn output() -> Arg {
    Arg::new("output")
        .short('o')
        .long("output")
        .value_name("FORMAT")
        .value_parser([
            "text",
            "json",
            "yaml",
            "sarif",
            "junit",
            "html",
            "markdown",
            "csv",
            "oscal",
            "policyreport",
        ])
        .default_value("text")
        .help("How the report is written")
}

fn language() -> Arg {
    Arg::new("lang")
        .long("lang")
        .value_name("LANGUAGE")
        .value_parser(["en", "ko"])
        .default_value("en")
        .help("Language of the report: English or Korean")
}

fn fail_on() -> Arg {
    Arg::new("fail-on")
        .long("fail-on")
        .value_name("SEVERITY")
        .value_parser(["critical", "high", "medium", "low", "info", "never"])
        .default_value("high")
        .help("Exit with 1 when a check of this severity or worse fails")
}

fn framework() -> Arg {
    Arg::new("framework")
        .long("framework")
        .value_name("NAME")
        .action(ArgAction::Append)
        .value_delimiter(',')
        .value_parser(Framework::ALL.map(Framework::name))
        .help("Only checks of this guideline, told by its items too; may be repeated")
}

fn profile() -> Arg {
    Arg::new("profile").long("profile").value_name("WHO").value_parser(Profile::ALL.map(Profile::name)).help(
        "Who runs the control plane: you, or a provider; told by nodes and exports of the cloud unless said",
    )
}

fn version() -> Arg {
    Arg::new("pod-security-version")
        .long("pod-security-version")
        .value_name("VERSION")
        .value_parser(|text: &str| Version::parse(text).map(|_| text.to_owned()))
        .default_value("latest")
        .help("Version of the Pod Security Standards: latest or v1.x")
}

fn registries() -> Arg {
    Arg::new("registry")
        .long("registry")
        .value_name("HOST[/FOLDER]")
        .action(ArgAction::Append)
        .help("A registry that images may come from; may be repeated. Without any, IMG-003 is not evaluated")
}

fn whole() -> Arg {
    Arg::new("whole-cluster")
        .long("whole-cluster")
        .action(ArgAction::SetTrue)
        .help("The files hold all objects of a cluster: what is missing in them is not there")
}

pub(crate) fn run(matches: &ArgMatches) -> ExitCode {
    common::end(match matches.subcommand() {
        Some(("list", matches)) => catalogue::list(matches),
        Some(("explain", matches)) => catalogue::explain(matches),
        Some((host::NAME, matches)) => host::run(matches),
        Some(("generate", matches)) => generate::generate(matches),
        _ => scan(matches),
    })
}

fn spoken(matches: &ArgMatches) -> Language {
    match matches.get_one::<String>("lang").map(String::as_str) {
        Some("ko") => Language::Korean,
        _ => Language::English,
    }
}

fn scan(matches: &ArgMatches) -> Result<u8, Failure> {
    let mut gathered = gather::gather(matches)?;
    limits::write_rights(matches, &gathered.input)?;
    let settings = settings(matches, &gathered.input);
    let (mut report, mut judged) = look(&gathered.input, matches, &settings)?;
    let patches = match fix::wanted(matches) {
        None => None,
        Some(how) => {
            let patches = fix::make(how, matches, report.clone(), &settings, &mut gathered.input)?;
            if how == fix::How::Apply {
                (report, judged) = look(&gathered.input, matches, &settings)?;
            }
            (how == fix::How::Print).then_some(patches)
        }
    };
    judged.tell();
    exceptions::write_down(matches, &mut report)?;
    let report = report.of(&frameworks(matches));
    print(&patches.unwrap_or_else(|| written(&report, settings.now, matches)))?;
    Ok(match (failed(&report, matches) || judged.expired, gathered.is_complete) {
        (true, _) => exit::NO,
        (false, false) => exit::INCOMPLETE,
        (false, true) => exit::OK,
    })
}

/// Every check, and what exceptions and baselines say of what is found.
fn look(
    input: &Input,
    matches: &ArgMatches,
    settings: &Settings,
) -> Result<(Report, exceptions::Judged), Failure> {
    common::progress::step(&format!("checking {} objects", input.objects.objects.len()));
    let mut report = posture::scan(input, settings);
    common::progress::clear();
    let judged = exceptions::judge(matches, &mut report, input, settings)?;
    Ok((report, judged))
}

fn frameworks(matches: &ArgMatches) -> Vec<Framework> {
    let named = matches.get_many::<String>("framework").into_iter().flatten();
    named.filter_map(|name| Framework::parse(name)).collect()
}

fn settings(matches: &ArgMatches, input: &Input) -> Settings {
    let text = |name| matches.get_one::<String>(name).map_or("", String::as_str);
    Settings {
        pod_security: Version::parse(text("pod-security-version")).unwrap_or_default(),
        profile: Profile::parse(text("profile")).or_else(|| Profile::of(input)).unwrap_or_default(),
        registries: matches.get_many("registry").into_iter().flatten().cloned().collect(),
        limits: limits::limits(matches),
        ..Settings::default()
    }
}

fn written(report: &Report, now: Timestamp, matches: &ArgMatches) -> String {
    let language = spoken(matches);
    let json = |value: &Value| {
        let mut out = Vec::new();
        codec::json::write_pretty(&mut out, value);
        String::from_utf8_lossy(&out).into_owned() + "\n"
    };
    match matches.get_one::<String>("output").map(String::as_str) {
        Some("json") => json(&posture::value(report, language)),
        Some("yaml") => codec::yaml::write(&posture::value(report, language)),
        Some("sarif") => json(&posture::sarif(report, language, env!("CARGO_PKG_VERSION"))),
        Some("junit") => posture::junit(report, language),
        Some("html") => posture::html(report, language),
        Some("markdown") => posture::markdown(report, language),
        Some("csv") => posture::csv(report, language),
        Some("oscal") => json(&posture::oscal(report, language, env!("CARGO_PKG_VERSION"), now)),
        Some("policyreport") => codec::yaml::write(&posture::policy_report(report, language, now)),
        _ => posture::text(report, language),
    }
}

/// True when something as bad as `--fail-on` failed; said aloud where the report does not end in it.
fn failed(report: &Report, matches: &ArgMatches) -> bool {
    let least = matches.get_one::<String>("fail-on").and_then(|name| Severity::parse(name));
    let failed = |o: &&posture::Outcome| least.is_some_and(|least| o.check.severity >= least);
    let count = report.new_failures().filter(failed).count();
    if let (Some(least), true) = (least, count > 0) {
        let checks = if count == 1 { "check of severity" } else { "checks of severity" };
        say(&format!("{count} {checks} {least} or worse failed"));
    }
    count > 0
}
