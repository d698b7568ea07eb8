//! Authorizers that take their time: a service elsewhere is asked.
//!
//! Entry points: [`RemoteAuthorizer`] is the contract, [`Member`] either kind, [`Question`] a question that is kept
//! while somebody is asked.

use std::pin::Pin;
use std::sync::Arc;

use api::user::UserInfo;

use crate::authorizer::{Attributes, Authorizer, ResourceTarget, Rules, Selectors, Target, Verdict};
use crate::explain::{AllHeld, Asked, Explanation, Holders};

/// Decides whether a user may do something, and takes its time.
pub trait RemoteAuthorizer: Send + Sync {
    /// The name that a configuration file gives it.
    fn name(&self) -> &str;

    /// The answer, if it is known without asking anybody.
    fn known(&self, attributes: &Attributes) -> Option<Verdict>;

    /// May the user do this?  The future may be dropped at any time; it bounds its own time.
    fn authorize<'a>(&'a self, attributes: &'a Attributes<'a>) -> VerdictFuture<'a>;

    /// Everything the user may do in `namespace`, as far as it can be listed without asking.
    fn rules(&self, user: &UserInfo, namespace: &str) -> Rules;
}

/// A verdict that takes its time.
pub type VerdictFuture<'a> = Pin<Box<dyn Future<Output = Verdict> + Send + 'a>>;

/// An authorizer of either kind.
#[derive(Clone)]
pub enum Member {
    /// It answers at once.
    Local(Arc<dyn Authorizer>),
    /// It takes its time.
    Remote(Arc<dyn RemoteAuthorizer>),
}

impl Member {
    /// What people call it.
    pub fn name(&self) -> &str {
        match self {
            Self::Local(member) => member.name(),
            Self::Remote(member) => member.name(),
        }
    }

    /// The answer if there is one without waiting; else whoever has to be asked.
    pub(crate) fn at_once(&self, attributes: &Attributes) -> Result<Verdict, &dyn RemoteAuthorizer> {
        match self {
            Self::Local(member) => Ok(member.authorize(attributes)),
            Self::Remote(member) => member.known(attributes).ok_or(member.as_ref()),
        }
    }

    /// The answer for those who cannot wait.
    pub(crate) fn here(&self, attributes: &Attributes) -> Verdict {
        self.at_once(attributes).unwrap_or_else(|remote| {
            let text = format!("authorizer `{}` cannot be asked from here", remote.name());
            Verdict { error: Some(text), ..Verdict::no_opinion("") }
        })
    }

    /// The answer for those who cannot wait, explained.
    pub(crate) fn explain(&self, attributes: &Attributes) -> Explanation {
        match self {
            Self::Local(member) => member.explain(attributes),
            Self::Remote(member) => match member.known(attributes) {
                Some(verdict) => Explanation::of(member.name(), verdict),
                None => {
                    let verdict = self.here(attributes);
                    Explanation { verdict, ..Explanation::unasked(member.name(), Asked::Unavailable) }
                }
            },
        }
    }

    /// Everybody who may do what is asked, as far as that can be listed.
    pub(crate) fn holders(&self, attributes: &Attributes) -> Holders {
        match self {
            Self::Local(member) => member.holders(attributes),
            Self::Remote(member) => {
                Holders::unknown(format!("{} cannot list whom it allows something", member.name()))
            }
        }
    }

    /// Everything that a user may do, as far as that can be listed.
    pub(crate) fn held(&self, user: &UserInfo) -> AllHeld {
        match self {
            Self::Local(member) => member.held(user),
            Self::Remote(member) => {
                let note = format!("{} cannot list what it allows somebody", member.name());
                AllHeld { list: Vec::new(), notes: vec![note] }
            }
        }
    }

    /// Everything the user may do in `namespace`, as far as it can be listed.
    pub(crate) fn rules(&self, user: &UserInfo, namespace: &str) -> Rules {
        match self {
            Self::Local(member) => member.rules(user, namespace),
            Self::Remote(member) => member.rules(user, namespace),
        }
    }
}

/// A question that borrows nothing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Question {
    user: UserInfo,
    verb: String,
    target: OwnedTarget,
}

#[derive(Clone, Debug, PartialEq)]
enum OwnedTarget {
    Path(String),
    /// Group, version, resource, subresource, namespace, name.
    Resource(Box<([String; 6], Option<Selectors>)>),
}

impl Question {
    /// The same question, kept.
    pub(crate) fn of(attributes: &Attributes) -> Self {
        let target = match attributes.target {
            Target::Path(path) => OwnedTarget::Path(path.to_owned()),
            Target::Resource(r) => {
                let parts = [r.group, r.version, r.resource, r.subresource, r.namespace, r.name];
                OwnedTarget::Resource(Box::new((parts.map(str::to_owned), r.selectors.cloned())))
            }
        };
        Self { user: attributes.user.clone(), verb: attributes.verb.to_owned(), target }
    }

    /// The question as it was asked.
    pub(crate) fn attributes(&self) -> Attributes<'_> {
        let target = match &self.target {
            OwnedTarget::Path(path) => Target::Path(path),
            OwnedTarget::Resource(target) => {
                let ([group, version, resource, subresource, namespace, name], selectors) = target.as_ref();
                let selectors = selectors.as_ref();
                Target::Resource(ResourceTarget {
                    group,
                    version,
                    resource,
                    subresource,
                    namespace,
                    name,
                    selectors,
                })
            }
        };
        Attributes { user: &self.user, verb: &self.verb, target }
    }
}
