//! Service accounts: how they are named as users, their tokens, and the requests for tokens.
//!
//! Entry points: [`Tokens`] verifies, [`request::prepare`] and [`request::issue`] serve the `token` subresource.

mod claims;
pub mod request;
mod verify;

use api::content;
use api::user::UserInfo;

use crate::certificate::CREDENTIAL_ID;

pub use claims::{Claims, Reference};
pub use verify::{Bound, BoundObject, Lookup, Tokens};

/// The start of every service account's user name.
pub const USERNAME_PREFIX: &str = "system:serviceaccount:";
/// The group of all service accounts.
pub const ALL_ACCOUNTS: &str = "system:serviceaccounts";
/// Key in `extra`: the pod a token is bound to.
pub const POD_NAME: &str = "authentication.kubernetes.io/pod-name";
/// Key in `extra`: the uid of that pod.
pub const POD_UID: &str = "authentication.kubernetes.io/pod-uid";
/// Key in `extra`: the node of that pod, or the node a token is bound to.
pub const NODE_NAME: &str = "authentication.kubernetes.io/node-name";
/// Key in `extra`: the uid of that node.
pub const NODE_UID: &str = "authentication.kubernetes.io/node-uid";

/// The user name of a service account.
pub fn username(namespace: &str, name: &str) -> String {
    format!("{USERNAME_PREFIX}{namespace}:{name}")
}

/// The groups of the service accounts of a namespace.
pub fn groups(namespace: &str) -> Vec<String> {
    vec![ALL_ACCOUNTS.to_owned(), format!("{ALL_ACCOUNTS}:{namespace}")]
}

/// Namespace and name in the user name of a service account; `None` for any other user name.
pub fn split_username(username: &str) -> Option<(&str, &str)> {
    let (namespace, name) = username.strip_prefix(USERNAME_PREFIX)?.split_once(':')?;
    let valid = content::dns1123_label(namespace).is_empty() && content::dns1123_subdomain(name).is_empty();
    valid.then_some((namespace, name))
}

/// The user that a token with these claims stands for.
pub(crate) fn user(claims: &Claims) -> UserInfo {
    let mut user = UserInfo {
        name: username(&claims.namespace, &claims.account.name),
        uid: claims.account.uid.clone(),
        groups: groups(&claims.namespace),
        ..UserInfo::default()
    };
    let mut extra = |key: &str, value: &str| {
        if !value.is_empty() {
            user.extra.insert(key.to_owned(), vec![value.to_owned()]);
        }
    };
    if let Some(pod) = claims.pod.as_ref().filter(|p| !p.name.is_empty() && !p.uid.is_empty()) {
        extra(POD_NAME, &pod.name);
        extra(POD_UID, &pod.uid);
    }
    if let Some(node) = claims.node.as_ref().filter(|n| !n.name.is_empty()) {
        extra(NODE_NAME, &node.name);
        extra(NODE_UID, &node.uid);
    }
    if !claims.id.is_empty() {
        extra(CREDENTIAL_ID, &format!("JTI={}", claims.id));
    }
    user
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usernames() {
        assert_eq!(split_username(&username("ns", "a.b")), Some(("ns", "a.b")));
        for other in [
            "bob",
            "system:serviceaccount:ns",
            "system:serviceaccount:ns:a:b",
            "system:serviceaccount::a",
            "system:serviceaccount:a.b:c",
        ] {
            assert_eq!(split_username(other), None, "{other}");
        }
    }
}
