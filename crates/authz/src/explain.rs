//! Why an answer came out as it did: each authorizer's part, what allowed, and what came closest.
//!
//! Entry points: [`Authorizer::explain`](crate::Authorizer::explain), [`Authorizer::holders`](crate::Authorizer::holders)
//! (who may do this) and [`Authorizer::held`](crate::Authorizer::held) (what may somebody do).  Explanations are made by
//! the authorizers themselves, beside the verdict they give anyway; nothing here decides.

pub mod decisions;
mod value;

use std::fmt;
use std::sync::Arc;

use api::Str;

use crate::authorizer::{Decision, Verdict};
use crate::rbac::{Binding, Grant, RoleKey, Rule, Subject, SubjectKind};

pub use value::{explanation_value, grant_value, held_value, holder_value, verdict_value};

/// One authorizer's answer, explained.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// Who answered: a mode such as `RBAC`, or the name that a configuration file gives the authorizer.
    pub authorizer: String,
    /// Whether it was asked at all.
    pub asked: Asked,
    /// The answer; [`Decision::NoOpinion`] where nobody was asked.
    pub verdict: Verdict,
    /// Every grant of RBAC that allows, the one that the verdict names first; at most [`MOST_GRANTS`].
    pub grants: Vec<Grant>,
    /// What would nearly have allowed, nearest first; only without a yes.
    pub misses: Vec<Miss>,
    /// What else is worth knowing, a sentence each.
    pub notes: Vec<String>,
    /// The answers of its members in the order they are asked, when it stands for several authorizers.
    pub members: Vec<Explanation>,
}

/// How many grants an explanation lists.
pub const MOST_GRANTS: usize = 16;

/// How many near misses an explanation lists.
pub const MOST_MISSES: usize = 6;

/// What audit events say of a verdict: the annotations `authorization.k8s.io/decision` (`allow` or `forbid`) and
/// `authorization.k8s.io/reason`, as upstream writes them.
pub fn audit_annotations(verdict: &Verdict) -> [(&'static str, String); 2] {
    let decision = if verdict.allowed() { "allow" } else { "forbid" };
    [
        ("authorization.k8s.io/decision", decision.to_owned()),
        ("authorization.k8s.io/reason", verdict.reason.to_string()),
    ]
}

/// Whether an authorizer was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Yes.
    Yes,
    /// No: another one had decided before.
    NotReached,
    /// No: it cannot be asked from here, such as a webhook without a network.
    Unavailable,
}

/// Something that would nearly have allowed.
#[derive(Clone, Debug)]
pub struct Miss {
    /// In what it differs from the question: one thing, or two, the more telling first.
    pub differs: Vec<MissKind>,
    /// Sentences that name both sides of each difference.
    pub text: String,
    /// What is held, or would have to be.
    pub grant: Option<MissedGrant>,
}

/// A grant of RBAC that does not fit.
#[derive(Clone, Debug)]
pub struct MissedGrant {
    /// The bindings, at most a few of them; [`MissedGrant::bindings`] says how many there are.
    pub examples: Vec<Arc<Binding>>,
    /// How many bindings there are like these.
    pub bindings: usize,
    /// The role they refer to, or the one that is meant.
    pub role: Arc<RoleKey>,
    /// The rule that comes closest, and its position in the role.
    pub rule: Option<(usize, Arc<Rule>)>,
}

/// In what a grant differs from the question, most telling first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MissKind {
    /// The right role, bound in another namespace.
    OtherNamespace,
    /// A cluster role bound in a namespace only, asked for the cluster scope or a path.
    OnlyInNamespace,
    /// The rule is for objects of other names.
    ResourceName,
    /// The rule is for the resource, not for this subresource, or the other way round.
    Subresource,
    /// The rule does not have the verb.
    Verb,
    /// The rule is for a resource of that name in another API group.
    ApiGroup,
    /// The rule names the resource in a way that matches nothing: another case, or the singular.
    ResourceSpelling,
    /// The rule is for a path near this one.
    Path,
    /// A role that allows it has labels that an aggregated role nearly selects.
    NotAggregated,
    /// A binding refers to a role that does not exist.
    RoleMissing,
    /// A subject has nearly the user's name: another case, prefix or kind.
    SubjectName,
    /// A service account of that name in another namespace holds it.
    AccountNamespace,
    /// A group that the user is not in holds it.
    GroupNotCarried,
    /// Something else, in the authorizer's own words.
    Other,
}

/// Somebody who may do what is asked.
#[derive(Clone, Debug)]
pub struct Holder {
    /// Who: a user, group or service account.
    pub subject: Subject,
    /// Which authorizer says so.
    pub authorizer: String,
    /// By which grant of RBAC.
    pub grant: Option<Grant>,
    /// By what else, in words; `""` for a grant.
    pub source: String,
}

/// Everybody who may do what is asked, as far as it can be listed.
#[derive(Clone, Debug, Default)]
pub struct Holders {
    /// Who.
    pub list: Vec<Holder>,
    /// What the list does not tell, a sentence each.
    pub notes: Vec<String>,
}

/// Something that a user may do.
#[derive(Clone, Debug)]
pub struct Held {
    /// Which authorizer says so.
    pub authorizer: String,
    /// Where: a namespace, `""` for everywhere.
    pub namespace: Str,
    /// The binding, and which of its subjects the user is.
    pub binding: Option<(Arc<Binding>, Option<Subject>)>,
    /// The role.
    pub role: Option<Arc<RoleKey>>,
    /// What; `None` when the role does not exist or has no rules.
    pub rule: Option<(usize, Arc<Rule>)>,
    /// True when the role does not exist.
    pub is_missing: bool,
    /// By what else, in words; `""` for a binding.
    pub source: String,
}

/// Everything that a user may do, as far as it can be listed.
#[derive(Clone, Debug, Default)]
pub struct AllHeld {
    /// What.
    pub list: Vec<Held>,
    /// What the list does not tell, a sentence each.
    pub notes: Vec<String>,
}

impl MissKind {
    /// Every kind.
    pub const ALL: [MissKind; 14] = [
        Self::OtherNamespace,
        Self::OnlyInNamespace,
        Self::ResourceName,
        Self::Subresource,
        Self::Verb,
        Self::ApiGroup,
        Self::ResourceSpelling,
        Self::Path,
        Self::NotAggregated,
        Self::RoleMissing,
        Self::SubjectName,
        Self::AccountNamespace,
        Self::GroupNotCarried,
        Self::Other,
    ];

    /// Its name in answers for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::OtherNamespace => "OtherNamespace",
            Self::OnlyInNamespace => "OnlyInNamespace",
            Self::ResourceName => "ResourceName",
            Self::Subresource => "Subresource",
            Self::Verb => "Verb",
            Self::ApiGroup => "APIGroup",
            Self::ResourceSpelling => "ResourceSpelling",
            Self::Path => "Path",
            Self::NotAggregated => "NotAggregated",
            Self::RoleMissing => "RoleMissing",
            Self::SubjectName => "SubjectName",
            Self::AccountNamespace => "AccountNamespace",
            Self::GroupNotCarried => "GroupNotCarried",
            Self::Other => "Other",
        }
    }
}

impl Explanation {
    /// An answer and nothing beside it.
    pub fn of(authorizer: impl Into<String>, verdict: Verdict) -> Self {
        Self {
            authorizer: authorizer.into(),
            asked: Asked::Yes,
            verdict,
            grants: Vec::new(),
            misses: Vec::new(),
            notes: Vec::new(),
            members: Vec::new(),
        }
    }

    /// Somebody who was not asked; it has no opinion.
    pub fn unasked(authorizer: impl Into<String>, asked: Asked) -> Self {
        Self { asked, ..Self::of(authorizer, Verdict::no_opinion("")) }
    }

    /// The same with one more remark.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// The same without what it tells of roles and bindings that the verdict does not name itself; `note` says so.
    #[must_use]
    pub fn without_others(mut self, note: &str) -> Self {
        let hides = self.grants.len() > 1 || !self.misses.is_empty();
        self.grants.truncate(1);
        self.misses.clear();
        if hides {
            self.notes.push(note.to_owned());
        }
        self.members = self.members.into_iter().map(|member| member.without_others(note)).collect();
        self
    }

    /// True for a yes.
    pub fn allowed(&self) -> bool {
        self.verdict.decision == Decision::Allow
    }

    /// The member that decided, when one did.
    pub fn decider(&self) -> Option<&Explanation> {
        self.members.iter().find(|m| m.asked == Asked::Yes && m.verdict.decision != Decision::NoOpinion)
    }
}

impl Miss {
    /// A miss of another kind, in words.
    pub fn other(text: impl Into<String>) -> Self {
        Self { differs: vec![MissKind::Other], text: text.into(), grant: None }
    }
}

impl Holders {
    /// Nobody who could be listed, and why.
    pub fn unknown(note: impl Into<String>) -> Self {
        Self { list: Vec::new(), notes: vec![note.into()] }
    }

    /// Takes in those of another authorizer.
    pub fn extend(&mut self, other: Self) {
        self.list.extend(other.list);
        self.notes.extend(other.notes);
    }
}

impl Holder {
    /// A group that may, for a reason in words.
    pub fn group(authorizer: impl Into<String>, group: &str, source: impl Into<String>) -> Self {
        let subject = Subject { kind: SubjectKind::Group, name: group.into(), namespace: Str::default() };
        Self { subject, authorizer: authorizer.into(), grant: None, source: source.into() }
    }
}

impl AllHeld {
    /// Takes in those of another authorizer.
    pub fn extend(&mut self, other: Self) {
        self.list.extend(other.list);
        self.notes.extend(other.notes);
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Yes => "asked",
            Self::NotReached => "not asked: decided before",
            Self::Unavailable => "not asked: it cannot be asked from here",
        })
    }
}

#[cfg(test)]
mod tests;
