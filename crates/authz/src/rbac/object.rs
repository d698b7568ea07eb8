//! Roles and bindings as the index holds them.

use std::fmt;
use std::sync::Arc;

use api::field::go_quote;
use api::user::{SERVICE_ACCOUNT_PREFIX, UserInfo, service_account_username};
use api::{Str, Value};

use super::rule::Rule;
use super::table::Table;

/// The four kinds of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `roles`
    Role,
    /// `clusterroles`
    ClusterRole,
    /// `rolebindings`
    RoleBinding,
    /// `clusterrolebindings`
    ClusterRoleBinding,
}

/// Where the rules of a binding come from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RoleKind {
    /// A `Role` of the binding's namespace.
    Role,
    /// A `ClusterRole`.
    ClusterRole,
    /// Anything else; it never has rules.
    Other(Str),
}

/// Which role.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoleKey {
    /// Its kind.
    pub kind: RoleKind,
    /// Its namespace, `""` for a cluster role.
    pub namespace: Str,
    /// Its name.
    pub name: Str,
}

/// A role with its rules, compiled.
#[derive(Debug)]
pub struct Role {
    /// Which role.
    pub key: Arc<RoleKey>,
    /// Its rules, as written.
    pub rules: Vec<Arc<Rule>>,
    pub(super) table: Table,
}

/// The `roleRef` of a binding.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RoleRef {
    /// Its kind, as written.
    pub kind: Str,
    /// Name of the role.
    pub name: Str,
}

/// Whom a binding is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Subject {
    /// What it is.
    pub kind: SubjectKind,
    /// Its name.
    pub name: Str,
    /// Namespace of a service account; the binding's own when it gives none.
    pub namespace: Str,
}

/// What a subject is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SubjectKind {
    /// A user by name.
    User,
    /// A group.
    Group,
    /// A service account.
    ServiceAccount,
    /// Anything else; it applies to nobody.
    Other(Str),
}

/// A `RoleBinding` or, with an empty namespace, a `ClusterRoleBinding`.
#[derive(Debug, PartialEq, Eq)]
pub struct Binding {
    /// Its namespace, `""` for a cluster role binding.
    pub namespace: Str,
    /// Its name.
    pub name: Str,
    /// Whose rules it grants.
    pub role_ref: RoleRef,
    /// To whom.
    pub subjects: Vec<Subject>,
}

/// What a subject is looked up by: a group, or a user name (a service account has one too).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct SubjectKey {
    pub group: bool,
    pub name: Str,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 4] = [Kind::Role, Kind::ClusterRole, Kind::RoleBinding, Kind::ClusterRoleBinding];

    /// Its plural resource name.
    pub fn resource(self) -> &'static str {
        match self {
            Self::Role => "roles",
            Self::ClusterRole => "clusterroles",
            Self::RoleBinding => "rolebindings",
            Self::ClusterRoleBinding => "clusterrolebindings",
        }
    }

    /// The kind of a plural resource name in the group [`super::GROUP`].
    pub fn of_resource(resource: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.resource() == resource)
    }
}

impl RoleKey {
    /// The role that a binding in `namespace` (`""`: a cluster role binding) refers to.
    pub fn of_ref(role_ref: &RoleRef, namespace: &str) -> Self {
        let (kind, namespace) = match role_ref.kind.as_str() {
            "Role" => (RoleKind::Role, namespace.into()),
            "ClusterRole" => (RoleKind::ClusterRole, Str::default()),
            other => (RoleKind::Other(other.into()), namespace.into()),
        };
        Self { kind, namespace, name: role_ref.name.clone() }
    }

    /// Why the role has no rules, when it does not exist.
    pub(super) fn not_found(&self) -> String {
        let kind = match &self.kind {
            RoleKind::Role => "role",
            RoleKind::ClusterRole => "clusterrole",
            RoleKind::Other(kind) => return format!("unsupported role reference kind: {}", go_quote(kind)),
        };
        format!("{kind}.{} {} not found", super::GROUP, go_quote(&self.name))
    }
}

impl RoleRef {
    /// Reads a `roleRef`.
    pub fn from_value(value: &Value) -> Self {
        Self { kind: value.str_at(&["kind"]).into(), name: value.str_at(&["name"]).into() }
    }
}

impl Binding {
    /// Reads a `RoleBinding` or `ClusterRoleBinding`.
    pub fn from_value(value: &Value) -> Self {
        Self {
            namespace: value.str_at(&["metadata", "namespace"]).into(),
            name: value.str_at(&["metadata", "name"]).into(),
            role_ref: RoleRef::from_value(value.at(&["roleRef"])),
            subjects: value.array_at(&["subjects"]).iter().map(Subject::from_value).collect(),
        }
    }

    /// The role it refers to.
    pub fn role_key(&self) -> RoleKey {
        RoleKey::of_ref(&self.role_ref, &self.namespace)
    }

    /// The first of its subjects that is this user.
    pub(super) fn subject_of(&self, user: &UserInfo) -> Option<&Subject> {
        self.subjects.iter().find(|s| s.is(user, &self.namespace))
    }

    /// The distinct keys of its subjects.
    pub(super) fn subject_keys(&self) -> Vec<SubjectKey> {
        let mut keys: Vec<_> = self.subjects.iter().filter_map(|s| s.key(&self.namespace)).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }
}

impl Subject {
    /// Reads a subject.
    pub fn from_value(value: &Value) -> Self {
        let kind = match value.str_at(&["kind"]) {
            "User" => SubjectKind::User,
            "Group" => SubjectKind::Group,
            "ServiceAccount" => SubjectKind::ServiceAccount,
            other => SubjectKind::Other(other.into()),
        };
        Self { kind, name: value.str_at(&["name"]).into(), namespace: value.str_at(&["namespace"]).into() }
    }

    /// What it is looked up by; `None` when it can apply to nobody.
    fn key(&self, binding_namespace: &str) -> Option<SubjectKey> {
        match self.kind {
            SubjectKind::User => Some(SubjectKey { group: false, name: self.name.clone() }),
            SubjectKind::Group => Some(SubjectKey { group: true, name: self.name.clone() }),
            SubjectKind::ServiceAccount => {
                let namespace = if self.namespace.is_empty() { binding_namespace } else { &self.namespace };
                let name = service_account_username(namespace, &self.name);
                (!namespace.is_empty()).then(|| SubjectKey { group: false, name: name.into() })
            }
            SubjectKind::Other(_) => None,
        }
    }

    /// A user that is this subject and nothing else; `namespace` is that of a service account that gives none.
    pub fn user(&self, namespace: &str) -> UserInfo {
        match &self.kind {
            SubjectKind::Group => UserInfo::new("", [self.name.as_str()]),
            SubjectKind::ServiceAccount => {
                let namespace = if self.namespace.is_empty() { namespace } else { &self.namespace };
                UserInfo::new(service_account_username(namespace, &self.name), [""; 0])
            }
            SubjectKind::User | SubjectKind::Other(_) => UserInfo::new(self.name.as_str(), [""; 0]),
        }
    }

    /// True when the user is meant, by name or by group; `namespace` is that of a service account that gives none.
    pub fn is(&self, user: &UserInfo, namespace: &str) -> bool {
        match &self.kind {
            SubjectKind::User => self.name == user.name,
            SubjectKind::Group => user.in_group(&self.name),
            SubjectKind::ServiceAccount => {
                let namespace = if self.namespace.is_empty() { namespace } else { &self.namespace };
                let rest = user.name.strip_prefix(SERVICE_ACCOUNT_PREFIX);
                let named = rest.and_then(|r| r.strip_prefix(namespace)).and_then(|r| r.strip_prefix(':'));
                !namespace.is_empty() && named == Some(self.name.as_str())
            }
            SubjectKind::Other(_) => false,
        }
    }

    /// The group's name, or the user's (a service account has one too); `None` when it can be nobody.
    pub(crate) fn username(&self, namespace: &str) -> Option<Str> {
        self.key(namespace).map(|key| key.name)
    }

    /// As upstream's reasons name it: `User "bob"`, `ServiceAccount "name/namespace"`.
    pub(super) fn describe(&self, binding_namespace: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            SubjectKind::User => write!(f, "User {}", go_quote(&self.name)),
            SubjectKind::Group => write!(f, "Group {}", go_quote(&self.name)),
            SubjectKind::Other(kind) => write!(f, "{kind} {}", go_quote(&self.name)),
            SubjectKind::ServiceAccount => {
                let namespace = if self.namespace.is_empty() { binding_namespace } else { &self.namespace };
                write!(f, "ServiceAccount {}", go_quote(&format!("{}/{namespace}", self.name)))
            }
        }
    }
}
