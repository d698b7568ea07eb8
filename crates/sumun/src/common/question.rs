//! The question of the commands: who wants to do what with which.
//!
//! Entry points: [`Question`], [`user`].

use api::request::RequestInfo;
use api::user::{
    ANONYMOUS, AUTHENTICATED, UNAUTHENTICATED, UserInfo, service_account_groups, split_service_account,
};
use authz::{Attributes, ResourceTarget, Selectors, Target};
use clap::{Arg, ArgAction, ArgMatches};

use super::resources::Resources;
use super::{Failure, say};

/// A question that owns its words.
#[derive(Clone, Debug, Default)]
pub(crate) struct Question {
    /// Who.
    pub user: UserInfo,
    /// The verb.
    pub verb: String,
    /// A path; `""` for a resource.
    pub path: String,
    /// API group.
    pub group: String,
    /// API version, `*` when nobody says.
    pub version: String,
    /// Plural name.
    pub resource: String,
    /// Subresource.
    pub subresource: String,
    /// Namespace, `""` for the cluster scope.
    pub namespace: String,
    /// Name of the object.
    pub name: String,
    /// What a list is restricted to.
    pub selectors: Option<Selectors>,
}

/// Flags that say what is asked about: verb, resource or path, name, namespace.
pub(crate) fn question_args() -> [Arg; 8] {
    let positional = |name: &'static str, help: &'static str| Arg::new(name).value_name(name).help(help);
    [
        positional("VERB", "get, list, create, … or for a path the HTTP method"),
        positional(
            "RESOURCE",
            "As for kubectl: pods, deploy, deployments.apps, pods/log, pod/NAME; or a path: /metrics",
        ),
        positional("NAME", "Name of an object"),
        Arg::new("namespace")
            .short('n')
            .long("namespace")
            .value_name("NAME")
            .help("Namespace [default: that of the context, else default]"),
        Arg::new("all-namespaces")
            .short('A')
            .long("all-namespaces")
            .action(ArgAction::SetTrue)
            .conflicts_with("namespace")
            .help("In all namespaces at once"),
        Arg::new("subresource")
            .long("subresource")
            .value_name("NAME")
            .help("Subresource, such as log or scale"),
        Arg::new("selector")
            .short('l')
            .long("selector")
            .value_name("SELECTOR")
            .help("Label selector of a list"),
        Arg::new("field-selector")
            .long("field-selector")
            .value_name("SELECTOR")
            .help("Field selector of a list"),
    ]
}

/// Flags that say who asks.
pub(crate) fn user_args() -> [Arg; 4] {
    const WHO: &str = "Who";
    [
        Arg::new("as").long("as").value_name("USER").help_heading(WHO).help(
            "User; a service account is system:serviceaccount:NAMESPACE:NAME [default, live: the kubeconfig's own]",
        ),
        Arg::new("as-group")
            .long("as-group")
            .value_name("GROUP")
            .action(ArgAction::Append)
            .help_heading(WHO)
            .help("Group; may be repeated. system:authenticated and those of service accounts are added"),
        Arg::new("as-uid").long("as-uid").value_name("UID").help_heading(WHO).help("Uid"),
        Arg::new("as-extra")
            .long("as-extra")
            .value_name("KEY=VALUE")
            .action(ArgAction::Append)
            .help_heading(WHO)
            .help("Extra value; may be repeated"),
    ]
}

/// The user that `--as` and its companions name, with the groups that the server would add; `None` without `--as`.
///
/// # Errors
/// Groups without a user, or an extra value that is none.
pub(crate) fn user_of(matches: &ArgMatches) -> Result<Option<UserInfo>, Failure> {
    let groups: Vec<String> = matches.get_many("as-group").into_iter().flatten().cloned().collect();
    let Some(name) = matches.get_one::<String>("as") else {
        let alone = !groups.is_empty() || matches.get_one::<String>("as-uid").is_some();
        return if alone { Err(Failure("--as-group and --as-uid need --as".to_owned())) } else { Ok(None) };
    };
    let mut user = user(name, groups);
    user.uid = matches.get_one::<String>("as-uid").cloned().unwrap_or_default();
    for pair in matches.get_many::<String>("as-extra").into_iter().flatten() {
        let (key, value) =
            pair.split_once('=').ok_or_else(|| Failure(format!("--as-extra {pair}: KEY=VALUE is wanted")))?;
        user.extra.entry(key.to_lowercase()).or_default().push(value.to_owned());
    }
    Ok(Some(user))
}

/// A user with the groups that the server adds, as it does for impersonated users.
pub(crate) fn user(name: &str, mut groups: Vec<String>) -> UserInfo {
    if groups.is_empty()
        && let Some((namespace, _)) = split_service_account(name)
    {
        groups = service_account_groups(namespace);
    }
    let every = if name == ANONYMOUS { UNAUTHENTICATED } else { AUTHENTICATED };
    if !groups.iter().any(|g| g == AUTHENTICATED || g == UNAUTHENTICATED) {
        groups.push(every.to_owned());
    }
    UserInfo::new(name, groups)
}

impl Question {
    /// What the flags of [`question_args`] ask; `namespace` is for those that do not say.
    ///
    /// # Errors
    /// A verb or resource that is missing.
    pub(crate) fn of(
        matches: &ArgMatches,
        user: UserInfo,
        resources: &Resources,
        namespace: &str,
    ) -> Result<Self, Failure> {
        let text = |name: &str| matches.get_one::<String>(name).cloned().unwrap_or_default();
        let (verb, typed) = (text("VERB").to_lowercase(), text("RESOURCE"));
        if verb.is_empty() || typed.is_empty() {
            return Err(Failure("a verb and a resource or path are wanted, such as: get pods".to_owned()));
        }
        if typed.starts_with('/') {
            return Ok(Self { user, verb, path: typed, ..Self::default() });
        }
        let found = resources.resolve(&typed);
        if let Some(note) = &found.note {
            say(&format!("note: {note}"));
        }
        let name = if found.name.is_empty() { text("NAME") } else { found.name };
        let subresource = if found.subresource.is_empty() { text("subresource") } else { found.subresource };
        let given = text("namespace");
        let namespace = match (found.namespaced, found.resource.as_str()) {
            // The server takes a namespace to live in itself.
            (_, "namespaces") if found.group.is_empty() => name.clone(),
            (false, _) => String::new(),
            _ if matches.get_flag("all-namespaces") => String::new(),
            _ if given.is_empty() => namespace.to_owned(),
            _ => given,
        };
        let info = RequestInfo {
            field_selector: text("field-selector"),
            label_selector: text("selector"),
            ..RequestInfo::default()
        };
        Ok(Self {
            user,
            verb,
            group: found.group,
            version: "*".to_owned(),
            resource: found.resource,
            subresource,
            namespace,
            name,
            selectors: Selectors::of_request(&info),
            path: String::new(),
        })
    }

    /// As the authorizers are asked.
    pub(crate) fn attributes(&self) -> Attributes<'_> {
        let target = if self.path.is_empty() {
            Target::Resource(ResourceTarget {
                group: &self.group,
                version: &self.version,
                resource: &self.resource,
                subresource: &self.subresource,
                namespace: &self.namespace,
                name: &self.name,
                selectors: self.selectors.as_ref(),
            })
        } else {
            Target::Path(&self.path)
        };
        Attributes { user: &self.user, verb: &self.verb, target }
    }

    /// What is asked, as people say it: `get pods/log "web" in namespace "shop"`.
    pub(crate) fn describe(&self) -> String {
        if !self.path.is_empty() {
            return format!("{} {}", self.verb, self.path);
        }
        let slash = if self.subresource.is_empty() { "" } else { "/" };
        let dot = if self.group.is_empty() || self.group == "*" { "" } else { "." };
        let group = if dot.is_empty() { "" } else { self.group.as_str() };
        let name = if self.name.is_empty() { String::new() } else { format!(" \"{}\"", self.name) };
        let scope = match self.namespace.as_str() {
            "" => "at the cluster scope".to_owned(),
            namespace => format!("in namespace \"{namespace}\""),
        };
        format!("{} {}{dot}{group}{slash}{}{name} {scope}", self.verb, self.resource, self.subresource)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_get_the_groups_that_the_server_adds() {
        assert_eq!(user("bob", vec!["dev".into()]).groups, ["dev", AUTHENTICATED]);
        let account = user("system:serviceaccount:ci:pipeline", Vec::new());
        assert_eq!(account.groups, ["system:serviceaccounts", "system:serviceaccounts:ci", AUTHENTICATED]);
        assert_eq!(user(ANONYMOUS, Vec::new()).groups, [UNAUTHENTICATED]);
    }

    #[test]
    fn questions_read_as_people_ask() {
        let ask = |args: &[&str]| {
            let command = clap::Command::new("x").no_binary_name(true).args(question_args());
            let matches = command.get_matches_from(args);
            Question::of(&matches, UserInfo::default(), &Resources::default(), "default").unwrap()
        };
        for (args, expect) in [
            (&["get", "po"][..], "get pods in namespace \"default\""),
            (&["get", "pods/log", "web", "-n", "shop"], "get pods/log \"web\" in namespace \"shop\""),
            (
                &["update", "deploy", "--subresource", "scale"],
                "update deployments.apps/scale in namespace \"default\"",
            ),
            (&["list", "pods", "-A"], "list pods at the cluster scope"),
            (&["get", "node", "n1", "-n", "x"], "get nodes \"n1\" at the cluster scope"),
            (&["get", "ns", "shop"], "get namespaces \"shop\" in namespace \"shop\""),
            (&["GET", "/metrics"], "get /metrics"),
        ] {
            assert_eq!(ask(args).describe(), expect);
        }
        let selected = ask(&["list", "pods", "--field-selector", "spec.nodeName=a"]);
        assert_eq!(selected.selectors.unwrap().fields.len(), 1);
    }
}
