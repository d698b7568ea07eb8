//! The authorizers of a server, made from evidence: what the commands ask.
//!
//! Entry points: [`policy_args`], [`Policy::load`].

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use api::Value;
use api::time::Timestamp;
use authz::abac::{Abac, Policies};
use authz::access::{self, AccessRules};
use authz::configuration::Configuration;
use authz::node::{Node, Source};
use authz::rbac::{GROUP, Kind, Rbac};
use authz::{AlwaysAllow, AlwaysDeny, Authorizer, Mode, Unavailable, Union, bootstrap};
use clap::{Arg, ArgAction, ArgMatches, ValueHint};
use evidence::{Evidence, Origin, Wanted};

use super::resources::Resources;
use super::{Failure, Live, Sources, say};

/// Kinds of RBAC with those that name custom resources.
const KINDS: [(&str, &str); 5] = [
    (GROUP, "Role"),
    (GROUP, "ClusterRole"),
    (GROUP, "RoleBinding"),
    (GROUP, "ClusterRoleBinding"),
    ("apiextensions.k8s.io", "CustomResourceDefinition"),
];

/// Flags that say how the server authorizes, named like those of `sumun serve`.
pub(crate) fn policy_args() -> [Arg; 5] {
    const AUTHZ: &str = "Authorization";
    let file = |name: &'static str| {
        Arg::new(name).long(name).value_name("FILE").value_hint(ValueHint::FilePath).help_heading(AUTHZ)
    };
    [
        Arg::new("authorization-mode")
            .long("authorization-mode")
            .value_name("MODE")
            .value_delimiter(',')
            .action(ArgAction::Append)
            .help_heading(AUTHZ)
            .help("Authorizers as the server has them, in order; Webhook is not asked [default: Node,RBAC]"),
        file("authorization-config")
            .conflicts_with("authorization-mode")
            .help("AuthorizationConfiguration that says which authorizers there are, instead of modes"),
        file("authorization-policy-file").help("Policy file of the mode ABAC"),
        file("access-rules-file").help("Rules of the mode AccessRules, instead of its objects"),
        Arg::new("without-bootstrap-policy")
            .long("without-bootstrap-policy")
            .action(ArgAction::SetTrue)
            .help_heading(AUTHZ)
            .help("Do not take the roles and bindings that every cluster starts with as given beside files"),
    ]
}

/// The authorizers, and what they were made from.
pub(crate) struct Policy {
    /// All of them, in order.
    pub union: Union,
    /// The names of resources.
    pub resources: Resources,
    /// Where roles and bindings were found: by kind, namespace, name.
    pub origins: HashMap<(String, String, String), Origin>,
    /// False when objects may be missing.
    pub is_complete: bool,
}

impl Policy {
    /// Reads the sources and makes the authorizers; `nodes` when a question may be about a kubelet.
    ///
    /// # Errors
    /// Modes or files that cannot be used; nothing that could be read.
    pub(crate) fn load(matches: &ArgMatches, nodes: bool, live: Option<&mut Live>) -> Result<Self, Failure> {
        let wanted_members = members_of(matches)?;
        let modes: Vec<Mode> = wanted_members.iter().map(|m| m.mode).collect();
        let sources = Sources::of(matches);
        let evidence = sources.read_with(wanted(&modes, nodes), live)?;
        let presume = sources.has_files() && !matches.get_flag("without-bootstrap-policy");
        let members: Vec<Arc<dyn Authorizer>> = wanted_members
            .iter()
            .map(|m| member(m, matches, &evidence, presume))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            union: Union::new(members),
            resources: Resources::of(&evidence),
            origins: origins(&evidence),
            is_complete: evidence.is_complete(),
        })
    }

    /// Adds to every object that an answer names where it was found, as `origin`.
    pub(crate) fn add_origins(&self, answer: &mut Value) {
        match answer {
            Value::Array(items) => items.iter_mut().for_each(|item| self.add_origins(item)),
            Value::Object(map) => {
                map.iter_mut().for_each(|(_, value)| self.add_origins(value));
                let key = |k: &str| map.get(k).and_then(Value::as_str).unwrap_or("").to_owned();
                let origin = self.origins.get(&(key("kind"), key("namespace"), key("name")));
                if let Some(origin) = origin.map(ToString::to_string) {
                    map.insert("origin", origin.into());
                }
            }
            _ => {}
        }
    }
}

fn wanted(modes: &[Mode], nodes: bool) -> Wanted {
    let mut kinds = KINDS.to_vec();
    if modes.contains(&Mode::AccessRules) {
        kinds.push((access::GROUP, access::KIND));
    }
    if nodes && modes.contains(&Mode::Node) {
        let ties = |r: &&schema::Resource| Source::of_resource(r.group, r.plural).is_some();
        kinds.extend(schema::resources().iter().filter(ties).map(|r| (r.group, r.kind)));
    }
    Wanted::Kinds(kinds)
}

/// One authorizer as flags or configuration want it.
struct WantedMember {
    mode: Mode,
    name: String,
    /// The file with its rules, when the configuration names one.
    file: Option<String>,
}

fn members_of(matches: &ArgMatches) -> Result<Vec<WantedMember>, Failure> {
    if let Some(path) = matches.get_one::<String>("authorization-config") {
        // Files that it names are those of the server, which may not be here.
        let configuration = Configuration::parse(read(path)?.as_bytes(), &|_| Ok(()))
            .map_err(|why| Failure(format!("{path}: {why}")))?;
        let members = configuration.authorizers.into_iter().map(|authorizer| {
            let mode = Mode::ALL.into_iter().find(|m| m.name() == authorizer.of.name);
            let mode =
                mode.ok_or_else(|| Failure(format!("{path}: type {} is not known", authorizer.of.name)))?;
            let file = authorizer.access_rules.and_then(|source| match source {
                access::Source::File(file) => Some(file),
                access::Source::Objects => None,
            });
            Ok(WantedMember { mode, name: authorizer.name, file })
        });
        return members.collect();
    }
    let given: Vec<String> = matches.get_many("authorization-mode").into_iter().flatten().cloned().collect();
    let modes = if given.is_empty() { "Node,RBAC".to_owned() } else { given.join(",") };
    let modes = Mode::parse_list(&modes).map_err(|e| Failure(format!("--authorization-mode: {e}")))?;
    Ok(modes
        .into_iter()
        .map(|mode| WantedMember { mode, name: mode.name().to_owned(), file: None })
        .collect())
}

fn member(
    wanted: &WantedMember,
    matches: &ArgMatches,
    evidence: &Evidence,
    presume: bool,
) -> Result<Arc<dyn Authorizer>, Failure> {
    let file = |name: &str| matches.get_one::<String>(name).map(String::as_str);
    Ok(match wanted.mode {
        Mode::AlwaysAllow => Arc::new(AlwaysAllow),
        Mode::AlwaysDeny => Arc::new(AlwaysDeny),
        Mode::Rbac => Arc::new(rbac(evidence, presume)),
        Mode::Node => Arc::new(node(evidence)),
        Mode::Abac => {
            let path = file("authorization-policy-file");
            let missing = || Failure("ABAC needs --authorization-policy-file".to_owned());
            Arc::new(abac(path.ok_or_else(missing)?)?)
        }
        Mode::AccessRules => {
            let path = file("access-rules-file").or(wanted.file.as_deref());
            Arc::new(access_rules(path, evidence)?)
        }
        Mode::Webhook => Arc::new(Unavailable(wanted.name.clone())),
    })
}

/// RBAC with the roles and bindings of the evidence; aggregated roles without rules get theirs.
fn rbac(evidence: &Evidence, presume: bool) -> Rbac {
    let mut objects: Vec<Value> =
        evidence.objects.iter().filter(|o| o.group() == GROUP).map(|o| o.value.clone()).collect();
    if presume {
        let stock = bootstrap::missing_in(&objects);
        objects.extend(stock.into_iter().map(|(_, object)| object));
    }
    for problem in authz::rbac::aggregate_all(&mut objects) {
        say(&format!("note: {problem}"));
    }
    let rbac = Rbac::new();
    rbac.batch(|batch| {
        for object in &objects {
            let plural = object.str_at(&["kind"]).to_lowercase() + "s";
            if let Some(kind) = Kind::of_resource(&plural) {
                batch.upsert(kind, object);
            }
        }
    });
    rbac
}

fn node(evidence: &Evidence) -> Node {
    let node = Node::new();
    node.batch(|batch| {
        for object in &evidence.objects {
            let of = |r: &&schema::Resource| r.group == object.group() && r.kind == object.kind();
            let plural = schema::resources().iter().find(of).map_or("", |r| r.plural);
            if let Some(source) = Source::of_resource(object.group(), plural) {
                batch.upsert(source, &object.value);
            }
        }
    });
    node
}

fn abac(path: &str) -> Result<Abac, Failure> {
    let (policies, warnings) = Policies::parse(&read(path)?).map_err(|errors| {
        Failure(errors.iter().map(|e| format!("{path}: {e}")).collect::<Vec<_>>().join("\n"))
    })?;
    warnings.iter().for_each(|warning| say(&format!("note: {path}: {warning}")));
    Ok(Abac::new(policies))
}

fn access_rules(path: Option<&str>, evidence: &Evidence) -> Result<AccessRules, Failure> {
    let rules = AccessRules::new(Arc::new(now));
    match path {
        Some(path) => {
            let found = access::file::parse(&read(path)?).map_err(|errors| {
                Failure(errors.iter().map(|e| format!("{path}: {e}")).collect::<Vec<_>>().join("\n"))
            })?;
            rules.replace(found);
        }
        None => {
            let objects = evidence.of_kind(access::GROUP, access::KIND).map(|o| &o.value);
            let bad = rules.upsert(objects);
            if !bad.is_empty() {
                let texts = bad.iter().map(|(name, errors)| format!("AccessRule {name}: {errors}"));
                return Err(Failure(texts.collect::<Vec<_>>().join("\n")));
            }
        }
    }
    Ok(rules)
}

fn read(path: &str) -> Result<String, Failure> {
    std::fs::read_to_string(Path::new(path)).map_err(|why| Failure(format!("{path}: {why}")))
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::new(i64::try_from(since.as_secs()).unwrap_or(i64::MAX), since.subsec_nanos())
}

fn origins(evidence: &Evidence) -> HashMap<(String, String, String), Origin> {
    let roles = evidence.objects.iter().filter(|o| o.group() == GROUP && o.origin.line > 0);
    let key = |o: &evidence::Object| (o.kind().to_owned(), o.namespace().to_owned(), o.name().to_owned());
    roles.map(|o| (key(o), o.origin.clone())).collect()
}
