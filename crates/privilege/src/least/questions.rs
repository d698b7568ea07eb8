//! What is kept of a log: who asked for what, each question once.

use std::borrow::Cow;

use api::user::{ANONYMOUS, SYSTEM_MASTERS, UserInfo, split_service_account};
use authz::{Attributes, ResourceTarget, Target};

/// Position of a subject in [`super::Observed`].
pub(super) type SubjectId = u32;

/// Somebody who made requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The user name.
    pub name: String,
    /// The groups that came with every request, sorted.
    pub groups: Vec<String>,
    /// What kind of subject.
    pub class: SubjectClass,
    /// Requests that were allowed.
    pub allowed: u64,
    /// Requests that were forbidden.
    pub denied: u64,
}

/// What kind of subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SubjectClass {
    /// A service account.
    ServiceAccount,
    /// A user.
    User,
    /// Nobody showed a credential.
    Anonymous,
    /// In `system:masters`: everything is allowed, whatever roles there are.
    Masters,
    /// A kubelet: the Node authorizer decides by the pods on the node.
    Node,
}

impl SubjectClass {
    /// The class of a user.
    pub fn of(name: &str, groups: &[String]) -> Self {
        let has = |group: &str| groups.iter().any(|g| g == group);
        if has(SYSTEM_MASTERS) {
            Self::Masters
        } else if name == ANONYMOUS {
            Self::Anonymous
        } else if name.starts_with("system:node:") && has("system:nodes") {
            Self::Node
        } else if split_service_account(name).is_some() {
            Self::ServiceAccount
        } else {
            Self::User
        }
    }

    /// True when roles are made for it.
    pub fn is_granted(self) -> bool {
        matches!(self, Self::ServiceAccount | Self::User)
    }
}

impl Subject {
    /// The user as the authorizer sees it.
    pub fn user_info(&self) -> UserInfo {
        UserInfo::new(self.name.as_str(), self.groups.iter().map(String::as_str))
    }
}

/// What was asked, without the name of an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ask {
    /// A verb on a resource.
    Resource {
        /// API group.
        group: String,
        /// Resource, with its subresource behind a slash.
        resource: String,
        /// Verb.
        verb: String,
        /// Namespace, `""` for the whole cluster.
        namespace: String,
    },
    /// A method on a path.
    Path {
        /// The path.
        path: String,
        /// The method, in lower case.
        verb: String,
    },
}

/// A question that somebody asked, with the names asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Who.
    pub subject: SubjectId,
    /// What.
    pub ask: Ask,
    /// How often.
    pub count: u64,
    /// Asked without a name.
    pub unnamed: bool,
    /// Names asked for, sorted; only some of them when `more_names`.
    pub names: Vec<String>,
    /// There were more names than are kept.
    pub more_names: bool,
}

impl Question {
    /// The names to ask the authorizer for: `""` when there was none, and one that stands for those not kept.
    pub fn asked_names(&self) -> impl Iterator<Item = &str> {
        let unnamed = self.unnamed.then_some("");
        let more = self.more_names.then_some("any-other-name");
        unnamed.into_iter().chain(self.names.iter().map(String::as_str)).chain(more)
    }

    /// Asks `judge` for each name until one is not allowed; answers that name.
    pub fn first_refused(&self, user: &UserInfo, judge: &dyn authz::Authorizer) -> Option<Cow<'_, str>> {
        self.asked_names().find(|name| !self.ask.allowed(user, name, judge)).map(Cow::Borrowed)
    }
}

impl Ask {
    /// True when `judge` allows it to `user` for an object of this name.
    pub fn allowed(&self, user: &UserInfo, name: &str, judge: &dyn authz::Authorizer) -> bool {
        let (verb, target) = self.target(name);
        judge.authorize(&Attributes { user, verb, target }).allowed()
    }

    /// The verb and the target, for an object of this name.
    pub fn target<'a>(&'a self, name: &'a str) -> (&'a str, Target<'a>) {
        match self {
            Self::Path { path, verb } => (verb, Target::Path(path)),
            Self::Resource { group, resource, verb, namespace } => {
                let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
                let target = ResourceTarget {
                    group,
                    version: "*",
                    resource,
                    subresource,
                    namespace,
                    name,
                    selectors: None,
                };
                (verb, Target::Resource(target))
            }
        }
    }

    /// In words: `get pods/log in team-a`, `list nodes`, `get /healthz`.
    pub fn words(&self) -> String {
        match self {
            Self::Path { path, verb } => format!("{verb} {path}"),
            Self::Resource { group, resource, verb, namespace } => {
                let group = if group.is_empty() { String::new() } else { format!(".{group}") };
                let place = if namespace.is_empty() { String::new() } else { format!(" in {namespace}") };
                format!("{verb} {resource}{group}{place}")
            }
        }
    }
}
