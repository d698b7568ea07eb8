//! Attribute-based access control: a policy file, one JSON object a line.
//!
//! Entry points: [`Policies::parse`] for the file, [`Abac`] for the authorizer, which may be given another file while it
//! answers.  The meaning of a policy is [`Policy::allows`]; the tables by subject only find the few to ask.

mod explain;
mod parse;
mod table;

use std::sync::Arc;

use api::Str;
use api::user::UserInfo;
use arc_swap::ArcSwap;

use crate::authorizer::{Attributes, Authorizer, Reason, Rules, Target, Verdict};
use crate::explain::{AllHeld, Explanation, Holders};
use crate::rbac::Rule;
use crate::union::Mode;
use table::Subjects;

pub use parse::{AbacError, Warning};

/// One line of a policy file; an empty text is a property that the line does not have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Policy {
    /// The line of the file, from 1.
    pub line: usize,
    /// The user it is for.
    pub user: Str,
    /// The group it is for; with a user, both must fit.
    pub group: Str,
    /// True when it allows reading alone: `get`, `list` and `watch`.
    pub readonly: bool,
    /// API group, `*` for any.
    pub api_group: Str,
    /// Resource, `*` for any; subresources are not told apart.
    pub resource: Str,
    /// Namespace, `*` for any, `""` for what has none.
    pub namespace: Str,
    /// Path, with a trailing `*` for every path that starts so.
    pub path: Str,
}

/// The policies of a file, indexed.
#[derive(Debug, Default)]
pub struct Policies {
    list: Vec<Arc<Policy>>,
    subjects: Subjects,
}

/// The authorizer of `--authorization-mode=ABAC`.
#[derive(Debug, Default)]
pub struct Abac {
    current: ArcSwap<Policies>,
}

impl Policy {
    /// True when the policy allows what is asked.
    pub fn allows(&self, attributes: &Attributes) -> bool {
        self.is_for(attributes.user)
            && (!self.readonly || reads(attributes.verb))
            && match attributes.target {
                Target::Resource(r) => {
                    covers(&self.namespace, r.namespace)
                        && covers(&self.resource, r.resource)
                        && covers(&self.api_group, r.group)
                }
                Target::Path(path) => self.covers_path(path),
            }
    }

    /// True when the policy is for this user; one without user and group is for nobody.
    pub fn is_for(&self, user: &UserInfo) -> bool {
        let names_user = self.user.is_empty() || self.user == user.name;
        let names_group = self.group.is_empty() || user.in_group(&self.group);
        let for_somebody = !self.user.is_empty() || !self.group.is_empty();
        for_somebody && names_user && names_group
    }

    fn covers_path(&self, path: &str) -> bool {
        let prefix = || self.path.trim_end_matches('*');
        self.path == path || (self.path.ends_with('*') && path.starts_with(prefix()))
    }

    /// What it allows in `namespace`, as a rule about resources and one about paths.
    fn rules(&self, namespace: &str) -> [Option<Rule>; 2] {
        if !covers(&self.namespace, namespace) {
            return [None, None];
        }
        let verbs =
            || (if self.readonly { "get list watch" } else { "*" }).split(' ').map(Str::from).collect();
        let resource = (!self.resource.is_empty()).then(|| Rule {
            verbs: verbs(),
            groups: vec![self.api_group.clone()],
            resources: vec![self.resource.clone()],
            ..Rule::default()
        });
        let path = (!self.path.is_empty()).then(|| Rule {
            verbs: verbs(),
            urls: vec![self.path.clone()],
            ..Rule::default()
        });
        [resource, path]
    }
}

fn covers(pattern: &str, value: &str) -> bool {
    pattern == "*" || pattern == value
}

fn reads(verb: &str) -> bool {
    matches!(verb, "get" | "list" | "watch")
}

impl Policies {
    /// Every policy, in the order of the file.
    pub fn list(&self) -> &[Arc<Policy>] {
        &self.list
    }

    /// A policy that allows what is asked: the first of those for the user by name, or of a group of the user's.
    pub fn find(&self, attributes: &Attributes) -> Option<&Arc<Policy>> {
        self.subjects
            .candidates(attributes)
            .map(|i| self.list.get(i as usize))
            .find_map(|policy| policy.filter(|policy| policy.allows(attributes)))
    }

    fn new(list: Vec<Arc<Policy>>) -> Self {
        let subjects = Subjects::new(&list);
        Self { list, subjects }
    }
}

impl Abac {
    /// Answers from these policies.
    pub fn new(policies: Policies) -> Self {
        Self { current: ArcSwap::from_pointee(policies) }
    }

    /// Answers from these policies from now on.
    pub fn replace(&self, policies: Policies) {
        self.current.store(Arc::new(policies));
    }

    /// The policies of this moment.
    pub fn policies(&self) -> Arc<Policies> {
        self.current.load_full()
    }
}

impl Authorizer for Abac {
    fn authorize(&self, attributes: &Attributes) -> Verdict {
        match self.current.load().find(attributes) {
            Some(_) => Verdict::allow(Reason::None),
            None => Verdict::no_opinion("No policy matched."),
        }
    }

    fn rules(&self, user: &UserInfo, namespace: &str) -> Rules {
        let mut rules = Rules::default();
        for policy in self.current.load().list.iter().filter(|p| p.is_for(user)) {
            let [resource, path] = policy.rules(namespace);
            rules.resource.extend(resource.map(Arc::new));
            rules.non_resource.extend(path.map(Arc::new));
        }
        rules
    }

    fn name(&self) -> &str {
        Mode::Abac.name()
    }

    fn explain(&self, attributes: &Attributes) -> Explanation {
        let policies = self.current.load();
        let mut explanation = Explanation::of(self.name(), self.authorize(attributes));
        match policies.find(attributes).filter(|_| explanation.allowed()) {
            Some(policy) => {
                explanation.notes.push(format!("Line {} of the policy file allows it.", policy.line));
            }
            None => explain::misses(&policies, attributes, &mut explanation),
        }
        explanation
    }

    fn holders(&self, attributes: &Attributes) -> Holders {
        explain::holders(&self.current.load(), attributes, self.name())
    }

    fn held(&self, user: &UserInfo) -> AllHeld {
        explain::held(&self.current.load(), user, self.name())
    }
}

#[cfg(test)]
mod tests;
