//! Identities that hold rights.

use std::fmt;

use api::user::{
    ANONYMOUS, AUTHENTICATED, UNAUTHENTICATED, UserInfo, service_account_groups, service_account_username,
};
use authz::rbac::{Binding, Subject, SubjectKind};

/// Somebody, or everybody in a group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Principal {
    /// A user by name.
    User(String),
    /// Anybody in a group.
    Group(String),
    /// A service account: namespace and name.
    ServiceAccount(String, String),
}

impl Principal {
    /// Whom a subject of a binding means; `None` when it applies to nobody.
    pub fn of_subject(subject: &Subject, binding: &Binding) -> Option<Self> {
        let own = subject.namespace.is_empty();
        let namespace = if own { &binding.namespace } else { &subject.namespace };
        match subject.kind {
            SubjectKind::User => Some(Self::of_user(&subject.name)),
            SubjectKind::Group => Some(Self::Group(subject.name.to_string())),
            SubjectKind::ServiceAccount if namespace.is_empty() => None,
            SubjectKind::ServiceAccount => {
                Some(Self::ServiceAccount(namespace.to_string(), subject.name.to_string()))
            }
            SubjectKind::Other(_) => None,
        }
    }

    fn of_user(name: &str) -> Self {
        match api::user::split_service_account(name) {
            Some((namespace, name)) => Self::ServiceAccount(namespace.to_owned(), name.to_owned()),
            None => Self::User(name.to_owned()),
        }
    }

    /// The user as the authorizer sees it.  Of a user only the name is known, of a group only the group.
    pub fn user_info(&self) -> UserInfo {
        match self {
            Self::User(name) => UserInfo::new(name.as_str(), [AUTHENTICATED]),
            Self::Group(group) if group == UNAUTHENTICATED => UserInfo::new(ANONYMOUS, [UNAUTHENTICATED]),
            Self::Group(group) if group == AUTHENTICATED => {
                UserInfo::new("(anybody with a credential)", [AUTHENTICATED])
            }
            Self::Group(group) => UserInfo::new(format!("(anybody in {group})"), [group, AUTHENTICATED]),
            Self::ServiceAccount(namespace, name) => {
                let mut groups = service_account_groups(namespace);
                groups.push(AUTHENTICATED.to_owned());
                UserInfo::new(service_account_username(namespace, name), groups)
            }
        }
    }

    /// Kind and name, for programs.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::User(_) => "User",
            Self::Group(_) => "Group",
            Self::ServiceAccount(..) => "ServiceAccount",
        }
    }
}

/// `User bob`, `Group dev`, `ServiceAccount ns/name`.
impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(name) | Self::Group(name) => write!(f, "{} {name}", self.kind()),
            Self::ServiceAccount(namespace, name) => write!(f, "ServiceAccount {namespace}/{name}"),
        }
    }
}
