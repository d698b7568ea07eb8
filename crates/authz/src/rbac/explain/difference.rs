//! In what a rule differs from a question.
//!
//! Entry point: [`differences`].

use api::Str;
use api::field::go_quote;

use super::spelling;
use crate::authorizer::{Attributes, ResourceTarget, Target};
use crate::explain::MissKind;
use crate::rbac::rule::{Rule, url_prefix};

/// A difference in words.
pub(super) type Difference = (MissKind, String);

/// Everything in which a rule differs from the question; `None` when the two have nothing to do with each other, or the
/// rule allows it.
pub(super) fn differences(rule: &Rule, attributes: &Attributes) -> Option<Vec<Difference>> {
    let mut found = Vec::new();
    match attributes.target {
        Target::Path(path) => found.extend(path_difference(rule, path)?),
        Target::Resource(r) => {
            found.extend(resource_difference(rule, &r)?);
            found.extend(name_difference(rule, &r, attributes.verb));
        }
    }
    if !holds(&rule.verbs, attributes.verb) {
        found.push((MissKind::Verb, format!("the rule has {}, not {}", list(&rule.verbs), attributes.verb)));
    }
    found.sort_by_key(|(kind, _)| *kind);
    (!found.is_empty()).then_some(found)
}

fn holds(list: &[Str], wanted: &str) -> bool {
    list.iter().any(|x| x == "*" || x == wanted)
}

fn resource_difference(rule: &Rule, r: &ResourceTarget) -> Option<Option<Difference>> {
    let asked = joined(r.resource, r.subresource);
    let written = rule.resources.iter();
    let covered = |group: &str| {
        let target = ResourceTarget { group, name: "", ..*r };
        let verbs = vec![Str::from("*")];
        let only = Rule { verbs, groups: vec![group.into()], names: Vec::new(), ..rule.clone() };
        only.allows("*", Target::Resource(target))
    };
    let group = holds(&rule.groups, r.group);
    if covered(r.group) {
        if group {
            return Some(None);
        }
        // A star says nothing about this resource.
        let named = written.clone().any(|x| *x == asked);
        let text =
            || format!("the rule is for API group {}, not {}", groups(&rule.groups), go_quote(r.group));
        return named.then(|| Some((MissKind::ApiGroup, text())));
    }
    if !group {
        return None;
    }
    let parent = |x: &str| x.split_once('/').map_or(x, |(parent, _)| parent).to_owned();
    let related: Vec<&str> = written.clone().map(Str::as_str).filter(|x| parent(x) == r.resource).collect();
    if !related.is_empty() {
        let text = format!("the rule is for {}, which does not cover {asked}", related.join(", "));
        return Some(Some((MissKind::Subresource, text)));
    }
    let odd = written.clone().find(|x| {
        let (resource, subresource) = x.split_once('/').unwrap_or((x, ""));
        spelling::misspelled(resource, r.resource) && subresource == r.subresource
    })?;
    let text = format!("the rule says {}, which no request names; the resource is {asked}", go_quote(odd));
    Some(Some((MissKind::ResourceSpelling, text)))
}

fn name_difference(rule: &Rule, r: &ResourceTarget, verb: &str) -> Option<Difference> {
    if rule.names.is_empty() || rule.names.iter().any(|n| n == r.name) {
        return None;
    }
    let names = list(&rule.names);
    let text = if r.name.is_empty() {
        let why = match verb {
            "create" => "and a new object's name is not known when it is authorized",
            "list" | "watch" | "deletecollection" => {
                "and the request does not ask for one name (metadata.name=…)"
            }
            _ => "and the request names none",
        };
        format!("the rule is for objects named {names}, {why}")
    } else {
        format!("the rule is for objects named {names}, not {}", go_quote(r.name))
    };
    Some((MissKind::ResourceName, text))
}

fn path_difference(rule: &Rule, path: &str) -> Option<Option<Difference>> {
    let covers = |url: &Str| *url == path || url_prefix(url).is_some_and(|prefix| path.starts_with(prefix));
    if rule.urls.iter().any(covers) {
        return Some(None);
    }
    let near = rule.urls.iter().find(|url| {
        let bare = url.trim_end_matches(['*', '/']);
        let asked = path.trim_end_matches('/');
        let below = |long: &str, short: &str| {
            !short.is_empty()
                && long.strip_prefix(short).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        below(asked, bare) || below(bare, asked)
    })?;
    Some(Some((MissKind::Path, format!("the rule is for {}, which does not cover {path}", go_quote(near)))))
}

fn joined(resource: &str, subresource: &str) -> String {
    if subresource.is_empty() { resource.to_owned() } else { format!("{resource}/{subresource}") }
}

/// A few of a list, as people read it.
pub(super) fn list(items: &[Str]) -> String {
    const FEW: usize = 8;
    let shown = items.iter().take(FEW).map(Str::as_str).collect::<Vec<_>>().join(", ");
    if items.len() > FEW { format!("{shown} and {} more", items.len() - FEW) } else { shown }
}

fn groups(items: &[Str]) -> String {
    items.iter().map(|g| go_quote(g)).collect::<Vec<_>>().join(", ")
}
