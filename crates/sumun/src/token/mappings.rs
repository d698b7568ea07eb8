//! `sumun token mappings`: who clouds say people are, with those whom only the configuration names.

use std::path::Path;

use api::{Value, object};
use authn::iam::{Rule, Rules};
use clap::{Arg, ArgMatches, Command, ValueHint};
use evidence::Wanted;
use server::iam::{self, Settings};

use super::connect;
use crate::common::{Failure, Output, Sources, exit, output_arg, say, source_args, table};

pub(super) const NAME: &str = "mappings";

const HELP: &str = "\
A managed cluster gives its creator system:masters without telling; here owners stand in the configuration, and this
command shows them beside the rules of the ConfigMap (ncp-auth, aws-auth), with everybody who is an administrator of
everything marked.

Examples:
  # With the ConfigMap of a live cluster
  sumun token mappings --iam-config iam.yaml --kubeconfig admin.kubeconfig

  # With a ConfigMap from a file
  sumun token mappings --iam-config iam.yaml -f ncp-auth.yaml

Exit codes: 0 shown, 2 a file or cluster that cannot be read, 3 shown, but some rules cannot be used.";

pub(super) fn command() -> Command {
    Command::new(NAME)
        .about("Show which user each identity of a cloud becomes, owners included")
        .after_help(HELP)
        .arg(
            Arg::new("iam-config")
                .long("iam-config")
                .value_name("FILE")
                .required(true)
                .value_hint(ValueHint::FilePath)
                .help("The IAMConfiguration that the server is started with"),
        )
        .args(source_args())
        .arg(output_arg())
}

pub(super) fn run(matches: &ArgMatches) -> Result<u8, Failure> {
    let file = matches.get_one::<String>("iam-config").map_or("", String::as_str);
    let bytes = std::fs::read(file).map_err(|e| Failure(format!("{file}: {e}")))?;
    let base = Path::new(file).parent().unwrap_or(Path::new(""));
    let providers = iam::read(&bytes, base).map_err(|e| Failure(format!("{file}: {e}")))?;
    let maps = Maps::read(&Sources::of(matches), &providers)?;
    let all: Vec<(&Settings, Rules)> =
        providers.iter().map(|settings| (settings, settings.rules(maps.find(settings)))).collect();
    let problems = |(settings, rules): &(&Settings, Rules)| -> Vec<String> {
        rules.problems.iter().map(|why| format!("{}: {why}", settings.name)).collect()
    };
    let problems: Vec<String> = all.iter().flat_map(problems).collect();
    problems.iter().for_each(|why| say(&format!("warning: {why}")));
    Output::of(matches).show(|| value(&all), || text(&all))?;
    Ok(if problems.is_empty() { exit::OK } else { exit::INCOMPLETE })
}

/// ConfigMaps from files or a cluster.
struct Maps(Vec<Value>);

impl Maps {
    fn read(sources: &Sources, providers: &[Settings]) -> Result<Self, Failure> {
        if !sources.is_live() {
            let evidence = sources.read(Wanted::Kinds(vec![("", "ConfigMap")]))?;
            return Ok(Self(evidence.objects.into_iter().map(|object| object.value).collect()));
        }
        let client = connect(sources)?;
        let mut maps = Vec::new();
        for (namespace, name) in providers.iter().map(|settings| &settings.map) {
            match client.get(&format!("/api/v1/namespaces/{namespace}/configmaps/{name}")) {
                Ok(map) => maps.push(map),
                Err(error) if error.code() == Some(404) => {
                    say(&format!("note: there is no ConfigMap {namespace}/{name}"));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Self(maps))
    }

    fn find(&self, settings: &Settings) -> Option<&Value> {
        let (namespace, name) = &settings.map;
        self.0.iter().find(|map| {
            let given = map.str_at(&["metadata", "namespace"]);
            map.str_at(&["metadata", "name"]) == name && (given == namespace || given.is_empty())
        })
    }
}

/// A remark on a rule.
fn remark(rules: &Rules, at: usize, rule: &Rule) -> &'static str {
    if rules.is_shadowed(at) {
        "never used: another rule for it comes first"
    } else if rule.is_master() {
        "ADMINISTRATOR OF EVERYTHING"
    } else {
        ""
    }
}

fn text(all: &[(&Settings, Rules)]) -> String {
    let mut rows = Vec::new();
    for (settings, rules) in all {
        for (at, rule) in rules.all().iter().enumerate() {
            rows.push(vec![
                settings.name.clone(),
                rule.id.clone(),
                rule.username.clone(),
                rule.groups.join(","),
                rule.origin.to_string(),
                remark(rules, at, rule).to_owned(),
            ]);
        }
    }
    table(&["PROVIDER", "ID", "USER", "GROUPS", "FROM", "REMARK"], &rows)
}

fn value(all: &[(&Settings, Rules)]) -> Value {
    let provider = |(settings, rules): &(&Settings, Rules)| {
        let rule = |(at, rule): (usize, &Rule)| {
            object! {
                "id" => rule.id.as_str(),
                "username" => rule.username.as_str(),
                "groups" => rule.groups.iter().map(String::as_str).collect::<Vec<_>>(),
                "from" => rule.origin.to_string(),
                "administrator" => rule.is_master(),
                "used" => !rules.is_shadowed(at),
            }
        };
        object! {
            "name" => settings.name.as_str(),
            "configMap" => format!("{}/{}", settings.map.0, settings.map.1),
            "rules" => rules.all().iter().enumerate().map(rule).collect::<Vec<_>>(),
            "problems" => rules.problems.iter().map(String::as_str).collect::<Vec<_>>(),
        }
    };
    object! { "providers" => all.iter().map(provider).collect::<Vec<_>>() }
}
