//! `sumun escalations`: who can become cluster-admin, and how.

use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches, Command};
use evidence::Wanted;
use privilege::escalation::{self, Findings, Options, WORLD_KINDS, World};

use crate::common::{Failure, Output, Sources, end, exit, output_arg, source_args};

pub(crate) const NAME: &str = "escalations";

const HELP: &str = "\
Examples:
  # The cluster of the kubeconfig; needs to list roles, bindings, accounts, pods, secrets, namespaces and nodes
  sumun escalations

  # A dump, or the manifests of a repository before they are applied
  kubectl get clusterroles,clusterrolebindings,roles,rolebindings,sa,pods,namespaces,nodes -A -o yaml > dump.yaml
  sumun escalations -f dump.yaml
  sumun escalations -f manifests/ --fail-on any

  # The data directory of a server that is not running
  sumun escalations --data-dir /var/lib/sumun -o json

Each path is a list of steps; each step needs permissions, and each permission is told with the binding and rule that give
it, and the file and line where these stand. All permissions are proved by the authorizer a server runs. What comes of the
roles every cluster starts with is left out.

Exit codes: 0 done, 1 paths as --fail-on says, 2 the command line makes no sense or nothing could be read, 3 done, but a
part could not be read.";

pub(crate) fn command() -> Command {
    Command::new(NAME)
        .about("Find who can become cluster-admin, and how")
        .after_help(HELP)
        .args(source_args())
        .arg(
            Arg::new("show-system")
                .long("show-system")
                .action(ArgAction::SetTrue)
                .help("Also what comes of the roles every cluster starts with, such as its controllers'"),
        )
        .arg(
            Arg::new("fail-on")
                .long("fail-on")
                .value_name("never|any|N")
                .default_value("never")
                .value_parser(limit)
                .help(
                    "Exit with 1 when there is a path, or one of at most N steps; paths that assume something do not count",
                ),
        )
        .arg(output_arg())
}

/// The most steps of a path that is a failure; `None` when no path is.
fn limit(text: &str) -> Result<Option<usize>, String> {
    match text {
        "never" => Ok(None),
        "any" => Ok(Some(usize::MAX)),
        number => number.parse().map(Some).map_err(|_| "never, any, or a number of steps".to_owned()),
    }
}

pub(crate) fn run(matches: &ArgMatches) -> ExitCode {
    end(outcome(matches))
}

fn outcome(matches: &ArgMatches) -> Result<u8, Failure> {
    let evidence = Sources::of(matches).read(Wanted::Kinds(WORLD_KINDS.to_vec()))?;
    let world = World::of(&evidence.objects);
    let findings = escalation::find(&world, Options { stock: matches.get_flag("show-system") });
    Output::of(matches).show(|| escalation::value(&findings), || escalation::text(&findings))?;
    let limit = matches.get_one::<Option<usize>>("fail-on").copied().flatten();
    Ok(if limit.is_some_and(|most| fails(&findings, most)) {
        exit::NO
    } else if evidence.is_complete() {
        exit::OK
    } else {
        exit::INCOMPLETE
    })
}

fn fails(findings: &Findings, most: usize) -> bool {
    let certain = |p: &&escalation::Path| p.steps.iter().all(|s| s.technique.assumes.is_empty());
    findings.paths.iter().filter(certain).any(|p| p.steps.len() <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "
kind: Role
apiVersion: rbac.authorization.k8s.io/v1
metadata: {name: pods, namespace: kube-system}
rules: [{apiGroups: [''], resources: [pods], verbs: [create]}]
---
kind: RoleBinding
apiVersion: rbac.authorization.k8s.io/v1
metadata: {name: pods, namespace: kube-system}
roleRef: {kind: Role, name: pods, apiGroup: rbac.authorization.k8s.io}
subjects: [{kind: User, name: bob}]
";

    #[test]
    fn exit_codes() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("rbac.yaml");
        std::fs::write(&file, MANIFEST).unwrap();
        let code = |args: &[&str]| {
            let args = [&[NAME, "-o", "json", "-f", file.to_str().unwrap()], args].concat();
            outcome(&command().try_get_matches_from(args).unwrap()).unwrap()
        };
        assert_eq!(code(&[]), exit::OK);
        // Two steps: an account of a controller that may write its own role.
        assert_eq!(code(&["--fail-on", "any"]), exit::NO);
        assert_eq!(code(&["--fail-on", "2"]), exit::NO);
        assert_eq!(code(&["--fail-on", "1"]), exit::OK);
        std::fs::write(dir.path().join("broken.yaml"), "a: [").unwrap();
        let dir = dir.path().to_str().unwrap();
        assert_eq!(code(&["-f", dir]), exit::INCOMPLETE);
        assert!(command().try_get_matches_from([NAME, "--fail-on", "some"]).is_err());
    }
}
