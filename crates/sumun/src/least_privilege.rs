//! `sumun least-privilege`: the smallest sensible roles and bindings for what an audit log shows.

use std::path::PathBuf;
use std::process::ExitCode;

use api::{Value, object};
use audit::log::{Reader, Summary};
use clap::{Arg, ArgAction, ArgMatches, Command, ValueHint};
use evidence::Wanted;
use privilege::Policy;
use privilege::least::{self, Kept, Observed, Options, Report};

use crate::common::{Failure, Output, Sources, end, exit, logs, output_arg, print, say};

pub(crate) const NAME: &str = "least-privilege";

const HELP: &str = "\
Examples:
  # Roles and bindings for everything in an API server's log; what was left out is told on stderr
  sumun least-privilege --audit-log /var/log/kubernetes/audit.log > least.yaml

  # All files of a folder (gzip too), logs of EKS, GKE, AKS and NAVER Cloud alike
  sumun least-privilege --audit-log logs/ --subject system:serviceaccount:monitoring:prometheus

  # What present grants have that nobody used: from manifests, or from the cluster of the kubeconfig
  sumun least-privilege --audit-log audit.log --current manifests/ -o text
  sumun least-privilege --audit-log audit.log --current live -o text

  # Nothing but what was seen
  sumun least-privilege --audit-log audit.log --exact | kubectl apply --dry-run=server -f -

Requests that were forbidden are not granted. No roles are made for system:masters, kubelets and anonymous requests.
Every distinct question of the log is asked again of the authorizer a server would run with the result; the report says
what else it allows.

Exit codes: 0 done, 1 the result would refuse something that was seen, 2 the command line makes no sense or nothing could
be read, 3 done, but a part of the logs or of the present grants could not be read.";

pub(crate) fn command() -> Command {
    let file = |name: &'static str| Arg::new(name).long(name).value_hint(ValueHint::AnyPath);
    let switch = |name: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue);
    let number = |name: &'static str| {
        Arg::new(name).long(name).value_name("N").value_parser(clap::value_parser!(usize))
    };
    Command::new(NAME)
        .about("Make the smallest sensible roles and bindings for what an audit log shows")
        .after_help(HELP)
        .arg(
            file("audit-log")
                .value_name("PATH")
                .required(true)
                .num_args(1..)
                .action(ArgAction::Append)
                .help("Audit logs: files, directories, or - for standard input; compressed or not"),
        )
        .arg(
            file("current")
                .value_name("PATH|live")
                .action(ArgAction::Append)
                .help("Present roles and bindings to compare with: manifests, or live for a cluster"),
        )
        .arg(file("kubeconfig").value_name("FILE").help("The cluster of --current live"))
        .arg(Arg::new("context").long("context").value_name("NAME").help("Context of the kubeconfig"))
        .arg(
            Arg::new("subject")
                .long("subject")
                .value_name("NAME")
                .action(ArgAction::Append)
                .help("Only this user (a service account by its user name); may be repeated"),
        )
        .arg(switch("exact").help("Allow nothing but what was seen: pin every name, group no verbs"))
        .arg(
            number("max-names")
                .default_value("3")
                .help("Pin names when a subject asked for no more than N different ones; 0 for never"),
        )
        .arg(
            number("cluster-wide-from")
                .help("Grant in the whole cluster what a subject needs alike in N namespaces or more"),
        )
        .arg(
            switch("by-group")
                .help("Grant to the group that most users of it share, instead of to each user"),
        )
        .arg(switch("without-defaults").help("Do not count on the bindings that every cluster starts with"))
        .arg(
            Arg::new("prefix")
                .long("prefix")
                .value_name("TEXT")
                .default_value("least:")
                .help("What the names of roles and bindings begin with"),
        )
        .arg(file("report").value_name("FILE").help("Write the whole report there, as JSON"))
        .arg(switch("quiet").short('q').help("No report on stderr"))
        .arg(
            output_arg().default_value("yaml").help(
                "yaml or json: the roles and bindings, and the report on stderr; text: the report alone",
            ),
        )
}

pub(crate) fn run(matches: &ArgMatches) -> ExitCode {
    end(outcome(matches))
}

fn outcome(matches: &ArgMatches) -> Result<u8, Failure> {
    let options = options(matches)?;
    let current = current(matches)?;
    let (observed, summary) = read_logs(matches, options.exact)?;
    let plan = least::plan(&observed, &options);
    let proof = least::prove(&observed, &plan, &options);
    let comparison = current.as_ref().map(|(policy, _)| least::compare(&observed, policy));
    let report = Report {
        summary: &summary,
        observed: &observed,
        plan: &plan,
        proof: &proof,
        comparison: comparison.as_ref(),
    };
    show(matches, &plan.objects(), &report)?;
    let current_is_whole = current.is_none_or(|(_, whole)| whole);
    Ok(if !proof.refused.is_empty() {
        exit::NO
    } else if summary.broken > 0 || !current_is_whole {
        exit::INCOMPLETE
    } else {
        exit::OK
    })
}

fn options(matches: &ArgMatches) -> Result<Options, Failure> {
    let number = |name| matches.get_one::<usize>(name).copied();
    let prefix = matches.get_one::<String>("prefix").cloned().unwrap_or_default();
    if prefix.contains(['/', '%']) || prefix.starts_with('.') {
        return Err(Failure(format!(
            "--prefix {prefix}: names of roles have no `/`, no `%` and begin with no `.`"
        )));
    }
    Ok(Options {
        exact: matches.get_flag("exact"),
        most_names: number("max-names").unwrap_or(0),
        cluster_wide_from: number("cluster-wide-from"),
        by_group: matches.get_flag("by-group"),
        use_defaults: !matches.get_flag("without-defaults"),
        prefix,
    })
}

/// The present policy, and whether all of it could be read.
fn current(matches: &ArgMatches) -> Result<Option<(Policy, bool)>, Failure> {
    let one = |name| matches.get_one::<String>(name).cloned();
    let paths: Vec<String> = matches.get_many("current").into_iter().flatten().cloned().collect();
    if paths.is_empty() {
        return Ok(None);
    }
    let (live, files): (Vec<String>, Vec<String>) = paths.into_iter().partition(|path| path == "live");
    let mut sources = Sources { files, ..Sources::default() };
    if !live.is_empty() {
        sources.kubeconfig = one("kubeconfig").map(PathBuf::from);
        sources.context = one("context");
        if !sources.is_live() {
            return Err(Failure("--current live beside files needs --kubeconfig or --context".to_owned()));
        }
    }
    let evidence = sources.read(Wanted::Kinds(privilege::RBAC_KINDS.to_vec()))?;
    Ok(Some((Policy::of(&evidence.objects), evidence.is_complete())))
}

fn read_logs(matches: &ArgMatches, exact: bool) -> Result<(Observed, Summary), Failure> {
    let wanted: Vec<&String> = matches.get_many("subject").into_iter().flatten().collect();
    let mut observed = Observed::new(if exact { Kept::EXACT } else { Kept::default() });
    let mut sink = |event: &audit::Event| {
        if wanted.is_empty() || wanted.iter().any(|name| **name == event.subject().name) {
            observed.add(event);
        }
    };
    let files = logs::files(matches.get_many("audit-log").into_iter().flatten())?;
    let mut reader = Reader::new(&mut sink);
    logs::read(&files, |name, input| reader.read(name, input))?;
    let summary = reader.finish();
    if summary.events == 0 {
        let first = summary.problems.first().map(|p| format!("; {p}")).unwrap_or_default();
        return Err(Failure(format!("no audit events in what was given{first}")));
    }
    Ok((observed, summary))
}

fn show(matches: &ArgMatches, objects: &[Value], report: &Report) -> Result<(), Failure> {
    if let Some(file) = matches.get_one::<String>("report") {
        let mut text = Vec::new();
        codec::json::write_pretty(&mut text, &report.value());
        text.push(b'\n');
        std::fs::write(file, text).map_err(|why| Failure(format!("{file}: {why}")))?;
    }
    let output = Output::of(matches);
    if output == Output::Text {
        return print(&report.text());
    }
    if !matches.get_flag("quiet") {
        say(report.text().trim_end());
    }
    if output == Output::Yaml {
        let documents: Vec<String> = objects.iter().map(codec::yaml::write).collect();
        return print(&documents.join("---\n"));
    }
    let list = || object! { "apiVersion" => "v1", "kind" => "List", "items" => objects.to_vec() };
    output.show(list, String::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn present_grants_from_files_and_a_cluster() {
        let of = |args: &[&str]| {
            let args = [&[NAME, "--audit-log", "x", "--current"], args].concat();
            current(&command().try_get_matches_from(args).unwrap())
        };
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("empty.yaml");
        std::fs::write(&file, "").unwrap();
        let file = file.to_str().unwrap();
        assert!(of(&[file]).is_ok_and(|found| found.is_some_and(|(_, whole)| whole)));
        assert!(of(&[file, "--current", "live"]).is_err_and(|e| e.0.contains("--kubeconfig")));
    }
}
