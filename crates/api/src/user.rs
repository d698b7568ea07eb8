//! Who makes a request, as every stage after authentication sees it.
//!
//! Entry point: [`UserInfo`].

use std::collections::BTreeMap;

use crate::{Map, Value, content};

/// The group that every authorizer lets through.
pub const SYSTEM_MASTERS: &str = "system:masters";
/// The group of everybody who showed a credential.
pub const AUTHENTICATED: &str = "system:authenticated";
/// The group of everybody who did not.
pub const UNAUTHENTICATED: &str = "system:unauthenticated";
/// The user name of a request without credentials.
pub const ANONYMOUS: &str = "system:anonymous";

/// The start of every service account's user name.
pub const SERVICE_ACCOUNT_PREFIX: &str = "system:serviceaccount:";
/// The group of all service accounts.
pub const SERVICE_ACCOUNTS: &str = "system:serviceaccounts";

/// The user name of a service account.
pub fn service_account_username(namespace: &str, name: &str) -> String {
    format!("{SERVICE_ACCOUNT_PREFIX}{namespace}:{name}")
}

/// The groups of the service accounts of a namespace, without [`AUTHENTICATED`].
pub fn service_account_groups(namespace: &str) -> Vec<String> {
    vec![SERVICE_ACCOUNTS.to_owned(), format!("{SERVICE_ACCOUNTS}:{namespace}")]
}

/// Namespace and name in the user name of a service account; `None` for any other user name.
pub fn split_service_account(username: &str) -> Option<(&str, &str)> {
    let (namespace, name) = username.strip_prefix(SERVICE_ACCOUNT_PREFIX)?.split_once(':')?;
    let valid = content::dns1123_label(namespace).is_empty() && content::dns1123_subdomain(name).is_empty();
    valid.then_some((namespace, name))
}

/// A user, as an authenticator names it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct UserInfo {
    /// The name that tells this user from all others.
    pub name: String,
    /// An id that outlives renaming, `""` when there is none.
    pub uid: String,
    /// Groups, in the order the authenticator gave them.
    pub groups: Vec<String>,
    /// What else the authenticator knows, by lower-case key.
    pub extra: BTreeMap<String, Vec<String>>,
}

impl UserInfo {
    /// A user with a name and groups, and nothing else.
    pub fn new<G: Into<String>>(name: impl Into<String>, groups: impl IntoIterator<Item = G>) -> Self {
        Self { name: name.into(), groups: groups.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// The user of a request without credentials.
    pub fn anonymous() -> Self {
        Self::new(ANONYMOUS, [UNAUTHENTICATED])
    }

    /// True when the user is in `group`.
    pub fn in_group(&self, group: &str) -> bool {
        self.groups.iter().any(|g| g == group)
    }

    /// The user as `authentication.k8s.io` `UserInfo`: `username`, `uid`, `groups`, `extra`, empty ones left out.
    pub fn value(&self) -> Value {
        let mut map = Map::new();
        if !self.name.is_empty() {
            map.insert("username", self.name.as_str().into());
        }
        if !self.uid.is_empty() {
            map.insert("uid", self.uid.as_str().into());
        }
        if !self.groups.is_empty() {
            map.insert("groups", strings(&self.groups));
        }
        if !self.extra.is_empty() {
            let extra: Map = self.extra.iter().map(|(k, v)| (k.as_str(), strings(v))).collect();
            map.insert("extra", extra.into());
        }
        map.into()
    }
}

fn strings(items: &[String]) -> Value {
    Value::Array(items.iter().map(|s| s.as_str().into()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn service_accounts() {
        assert_eq!(split_service_account(&service_account_username("ns", "a.b")), Some(("ns", "a.b")));
        let prefixed = |rest: &str| format!("{SERVICE_ACCOUNT_PREFIX}{rest}");
        for other in ["bob".to_owned(), prefixed("ns"), prefixed("ns:a:b"), prefixed(":a"), prefixed("a.b:c")]
        {
            assert_eq!(split_service_account(&other), None, "{other}");
        }
    }

    #[test]
    fn value_leaves_out_what_is_empty() {
        let mut user = UserInfo::new("bob", ["dev"]);
        assert_eq!(crate::json::to_string(&user.value()), r#"{"username":"bob","groups":["dev"]}"#);
        user.extra.insert("scopes".into(), vec!["a".into(), "b".into()]);
        user.uid = "1".into();
        assert_eq!(
            crate::json::to_string(&user.value()),
            r#"{"username":"bob","uid":"1","groups":["dev"],"extra":{"scopes":["a","b"]}}"#
        );
    }
}
