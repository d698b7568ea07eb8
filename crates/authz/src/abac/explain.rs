//! What a policy file has to say beside its verdict: lines that nearly fit, whom it allows something, what somebody may.

use std::sync::Arc;

use api::Str;
use api::field::go_quote;
use api::user::UserInfo;

use super::{Policies, Policy, covers, reads};
use crate::authorizer::{Attributes, Target};
use crate::explain::{AllHeld, Explanation, Held, Holder, Holders, MOST_MISSES, Miss};
use crate::rbac::{Subject, SubjectKind};

/// Notes the lines for the user that differ from the question in one thing.
pub(super) fn misses(policies: &Policies, attributes: &Attributes, explanation: &mut Explanation) {
    let own = policies.list().iter().filter(|p| p.is_for(attributes.user));
    let near = own.filter_map(|policy| {
        let wrong = differences(policy, attributes);
        let [wrong] = wrong.as_slice() else { return None };
        Some(Miss::other(format!("line {} of the policy file is for this user, but {wrong}", policy.line)))
    });
    explanation.misses.extend(near.take(MOST_MISSES));
}

fn differences(policy: &Policy, attributes: &Attributes) -> Vec<String> {
    let mut wrong = Vec::new();
    if policy.readonly && !reads(attributes.verb) {
        wrong.push(format!("it is readonly: get, list and watch, not {}", attributes.verb));
    }
    match attributes.target {
        Target::Path(path) if policy.path.is_empty() => wrong.extend([path.to_owned(), String::new()]),
        Target::Path(path) if !policy.covers_path(path) => {
            wrong.push(format!("it is for path {}, not {}", go_quote(&policy.path), go_quote(path)));
        }
        Target::Path(_) => {}
        Target::Resource(r) => {
            let parts = [
                ("namespace", &policy.namespace, r.namespace),
                ("resource", &policy.resource, r.resource),
                ("API group", &policy.api_group, r.group),
            ];
            let differ = parts.into_iter().filter(|(_, has, asked)| !covers(has, asked));
            wrong.extend(differ.map(|(what, has, asked)| {
                format!("it is for {what} {}, not {}", go_quote(has), go_quote(asked))
            }));
        }
    }
    wrong
}

/// The subject of a line, and in words whom else it wants.
fn subject(policy: &Policy) -> Subject {
    let (kind, name) = if policy.user.is_empty() {
        (SubjectKind::Group, &policy.group)
    } else {
        (SubjectKind::User, &policy.user)
    };
    Subject { kind, name: name.clone(), namespace: Str::default() }
}

fn source(policy: &Policy) -> String {
    let both = !policy.user.is_empty() && !policy.group.is_empty();
    let also = if both { format!(", in group {} only", go_quote(&policy.group)) } else { String::new() };
    format!("line {} of the policy file{also}", policy.line)
}

pub(super) fn holders(policies: &Policies, attributes: &Attributes, authorizer: &str) -> Holders {
    let fitting = policies.list().iter().filter(|policy| {
        let user = UserInfo::new(policy.user.as_str(), [policy.group.as_str()]);
        policy.allows(&Attributes { user: &user, ..*attributes })
    });
    let list = fitting.map(|policy| Holder {
        subject: subject(policy),
        authorizer: authorizer.to_owned(),
        grant: None,
        source: source(policy),
    });
    Holders { list: list.collect(), notes: Vec::new() }
}

pub(super) fn held(policies: &Policies, user: &UserInfo, authorizer: &str) -> AllHeld {
    let own = policies.list().iter().filter(|p| p.is_for(user));
    let list = own.flat_map(|policy| {
        let namespace = if policy.namespace == "*" { Str::default() } else { policy.namespace.clone() };
        let rules = policy.rules(&policy.namespace).into_iter().flatten().enumerate();
        rules.map(move |(position, rule)| Held {
            authorizer: authorizer.to_owned(),
            namespace: namespace.clone(),
            binding: None,
            role: None,
            rule: Some((position, Arc::new(rule))),
            is_missing: false,
            source: source(policy),
        })
    });
    AllHeld { list: list.collect(), notes: Vec::new() }
}
