//! Permissions, proved.
//!
//! Entry point: [`Judge::ask`].

use authz::{Attributes, Authorizer, Reason, ResourceTarget, Union};
use evidence::Origin;

use super::principal::Principal;
use crate::Policy;

/// A permission that somebody has, and what gives it.
#[derive(Clone, Debug)]
pub struct Asked {
    /// What was asked, in words: `create pods in kube-system`.
    pub what: String,
    /// The binding, as the authorizer names it; `""` for members of `system:masters`.
    pub by: String,
    /// The rule, in words.
    pub rule: String,
    /// Where the binding was found.
    pub binding_origin: Option<Origin>,
    /// Where the role was found.
    pub role_origin: Option<Origin>,
    /// The group that the binding names, when it is not the asker itself.
    pub through: Option<Principal>,
    /// True when the binding is one that every cluster starts with.
    pub stock: bool,
}

/// A permission to ask for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'a> {
    pub verb: &'a str,
    pub group: &'a str,
    /// With its subresource.
    pub resource: &'a str,
    pub namespace: &'a str,
    pub name: &'a str,
}

pub(super) struct Judge<'p> {
    policy: &'p Policy,
    authorizer: Union,
}

impl<'p> Judge<'p> {
    pub fn new(policy: &'p Policy) -> Self {
        Self { policy, authorizer: policy.authorizer() }
    }

    /// What gives `principal` the permission; `None` when it has it not.
    pub fn ask(&self, principal: &Principal, question: Question) -> Option<Asked> {
        let user = principal.user_info();
        let (resource, subresource) = question.resource.split_once('/').unwrap_or((question.resource, ""));
        let target = ResourceTarget {
            group: question.group,
            version: "*",
            resource,
            subresource,
            namespace: question.namespace,
            name: question.name,
            selectors: None,
        };
        let verdict = self.authorizer.authorize(&Attributes::of_resource(&user, question.verb, target));
        if !verdict.allowed() {
            return None;
        }
        let mut asked = Asked {
            what: words(question),
            by: String::new(),
            rule: String::new(),
            binding_origin: None,
            role_origin: None,
            through: None,
            stock: true,
        };
        if let Reason::Rbac(grant) = &verdict.reason {
            let key = (grant.binding.namespace.to_string(), grant.binding.name.to_string());
            let entry = self.policy.bindings.get(&key);
            asked.by = grant.to_string();
            asked.rule = grant.role.rules.get(grant.rule).map(ToString::to_string).unwrap_or_default();
            asked.binding_origin = entry.map(|e| e.origin.clone());
            asked.role_origin = self.policy.role_of(&grant.binding).map(|r| r.origin.clone());
            asked.stock = entry.is_some_and(|e| e.stock);
            let subject = grant.subject.as_ref();
            let whom = subject.and_then(|s| Principal::of_subject(s, &grant.binding));
            asked.through = whom.filter(|whom| whom != principal);
        }
        Some(asked)
    }

    /// Everything, everywhere: what cluster-admin is.
    pub fn is_admin(&self, principal: &Principal) -> Option<Asked> {
        let everything = Question { verb: "*", group: "*", resource: "*", namespace: "", name: "" };
        self.ask(principal, everything)
            .map(|asked| Asked { what: "everything, everywhere".to_owned(), ..asked })
    }
}

fn words(q: Question) -> String {
    let group = if q.group.is_empty() { String::new() } else { format!(".{}", q.group) };
    let name = if q.name.is_empty() { String::new() } else { format!(" {}", q.name) };
    let place = if q.namespace.is_empty() { String::new() } else { format!(" in {}", q.namespace) };
    format!("{} {}{group}{name}{place}", q.verb, q.resource)
}
