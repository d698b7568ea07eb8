//! Rules that never decide: everything they match is decided by rules before them, or there is nothing they match.
//!
//! Entry point: [`Policy::reach`].  It asks the policy itself, with requests made for the rule: each value that the rule
//! lists, and where it lists none a value that no rule knows.  Such a request is matched by as few other rules as can be,
//! so that a rule which decides none of them decides nothing.

use api::UserInfo;
use api::user::{
    ANONYMOUS, AUTHENTICATED, SERVICE_ACCOUNT_PREFIX, SERVICE_ACCOUNTS, SYSTEM_MASTERS, UNAUTHENTICATED,
    service_account_groups, split_service_account,
};

use super::matcher::{GroupPattern, Names, Rule, Scope};
use super::{Attributes, Policy, Resource, Target};

/// What becomes of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// It decides some request.
    Decides,
    /// It decides nothing, since the rules at these positions come first.
    Shadowed(Vec<usize>),
    /// No request matches it: a verb that no request has, or a `*` where it is no wildcard.
    Nothing,
    /// There are too many combinations to tell.
    Unknown,
}

/// How many requests are tried for a rule.
const MOST_REQUESTS: usize = 5_000;
/// What no rule lists.
const OTHER: &str = "~other";

const RESOURCE_VERBS: [&str; 8] =
    ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];
const PATH_VERBS: [&str; 7] = ["get", "post", "put", "patch", "delete", "head", "options"];

impl Policy {
    /// What becomes of the rule at a position.
    pub fn reach(&self, at: usize) -> Reach {
        let Some(rule) = self.rules.get(at) else { return Reach::Nothing };
        let users = users(rule);
        let mut left = MOST_REQUESTS;
        let mut before: Vec<usize> = Vec::new();
        for (target, verbs) in targets(&rule.scope) {
            for verb in verbs.iter().filter(|verb| rule.verbs.is_empty() || rule.verbs.contains(verb)) {
                for user in &users {
                    if left == 0 {
                        return Reach::Unknown;
                    }
                    left -= 1;
                    match self.decide(&Attributes { user: Some(user), verb, target: target.borrowed() }).rule
                    {
                        Some(rule) if rule == at => return Reach::Decides,
                        // A request that was made badly; it tells nothing.
                        Some(rule) if rule > at => {}
                        Some(rule) if before.contains(&rule) => {}
                        Some(rule) => before.push(rule),
                        None => {}
                    }
                }
            }
        }
        before.sort_unstable();
        if before.is_empty() { Reach::Nothing } else { Reach::Shadowed(before) }
    }
}

/// A target that is owned.
enum Made {
    Resource { group: String, resource: String, subresource: String, namespace: String, name: String },
    Path(String),
}

impl Made {
    fn borrowed(&self) -> Target<'_> {
        match self {
            Self::Path(path) => Target::Path(path),
            Self::Resource { group, resource, subresource, namespace, name } => {
                Target::Resource(Resource { group, resource, subresource, namespace, name })
            }
        }
    }
}

/// Values of a set that can be in a request; what stands for all others when the set is empty.
fn listed(names: &Names) -> Vec<&str> {
    if names.is_empty() { vec![OTHER] } else { names.all().filter(|name| *name != "*").collect() }
}

fn users(rule: &Rule) -> Vec<UserInfo> {
    if rule.users.is_empty() && rule.groups.is_empty() {
        return vec![user(OTHER, None), UserInfo::anonymous()];
    }
    let groups: Vec<Option<&str>> = if rule.groups.is_empty() {
        vec![None]
    } else {
        listed(&rule.groups).into_iter().map(Some).collect()
    };
    let mut all = Vec::new();
    for group in groups {
        if rule.users.is_empty() {
            all.push(user(&member(group.unwrap_or("")), group));
        } else {
            all.extend(listed(&rule.users).into_iter().map(|name| user(name, group)));
        }
        // More than can be asked.
        if all.len() > MOST_REQUESTS {
            break;
        }
    }
    all
}

/// The name of somebody in a group.
fn member(group: &str) -> String {
    match group.strip_prefix(SERVICE_ACCOUNTS) {
        _ if group == UNAUTHENTICATED => ANONYMOUS.to_owned(),
        Some("") => format!("{SERVICE_ACCOUNT_PREFIX}other:other"),
        Some(rest) => format!("{SERVICE_ACCOUNT_PREFIX}{}:other", rest.trim_start_matches(':')),
        None if group == "system:nodes" => format!("system:node:{OTHER}"),
        None => OTHER.to_owned(),
    }
}

/// A user with the groups that come with the name.
fn user(name: &str, group: Option<&str>) -> UserInfo {
    let mut groups: Vec<String> = group.into_iter().map(str::to_owned).collect();
    if let Some((namespace, _)) = split_service_account(name) {
        groups.extend(service_account_groups(namespace));
    }
    if name.starts_with("system:node:") {
        groups.push("system:nodes".to_owned());
    }
    if name == "system:apiserver" {
        groups.push(SYSTEM_MASTERS.to_owned());
    }
    groups.push(if name == ANONYMOUS { UNAUTHENTICATED } else { AUTHENTICATED }.to_owned());
    UserInfo::new(name, groups)
}

fn targets(scope: &Scope) -> Vec<(Made, &'static [&'static str])> {
    let mut all: Vec<(Made, &'static [&'static str])> = Vec::new();
    match scope {
        Scope::Anything => {
            all.push((made(OTHER, OTHER, "", OTHER, OTHER), &RESOURCE_VERBS));
            all.push((Made::Path(format!("/{OTHER}")), &PATH_VERBS));
        }
        Scope::Paths(patterns) => all.extend(patterns.iter().map(|pattern| {
            let path = match pattern.prefix.as_deref() {
                Some("") => format!("/{OTHER}"),
                Some(prefix) => format!("{prefix}{OTHER}"),
                None => pattern.text.to_string(),
            };
            (Made::Path(path), &PATH_VERBS[..])
        })),
        Scope::Resources { namespaces, groups } => {
            for namespace in listed(namespaces) {
                if groups.is_empty() {
                    all.push((made(OTHER, OTHER, "", namespace, OTHER), &RESOURCE_VERBS));
                }
                for group in groups {
                    all.extend(
                        resources(group, namespace).into_iter().map(|made| (made, &RESOURCE_VERBS[..])),
                    );
                }
                if all.len() > MOST_REQUESTS {
                    break;
                }
            }
        }
    }
    all
}

fn resources(pattern: &GroupPattern, namespace: &str) -> Vec<Made> {
    let group = pattern.group.as_deref().unwrap_or(OTHER);
    if pattern.resources.is_empty() {
        return vec![made(group, OTHER, "", namespace, OTHER)];
    }
    let mut all = Vec::new();
    for name in listed(&pattern.names) {
        for resource in &pattern.resources {
            let (resource, subresource) = match (&resource.subresource_of_any, &resource.all_of) {
                _ if resource.text == "*" => (OTHER, ""),
                // `*/*` is no wildcard of both.
                (Some(_), Some(_)) => continue,
                (Some(subresource), None) => (OTHER, subresource.as_str()),
                (None, Some(resource)) => (resource.as_str(), OTHER),
                (None, None) => resource.text.split_once('/').unwrap_or((&resource.text, "")),
            };
            all.push(made(group, resource, subresource, namespace, name));
        }
        if all.len() > MOST_REQUESTS {
            break;
        }
    }
    all
}

fn made(group: &str, resource: &str, subresource: &str, namespace: &str, name: &str) -> Made {
    let [group, resource, subresource, namespace, name] =
        [group, resource, subresource, namespace, name].map(str::to_owned);
    Made::Resource { group, resource, subresource, namespace, name }
}
