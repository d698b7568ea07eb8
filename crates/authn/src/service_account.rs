//! Service accounts: how they are named as users, their tokens, and the requests for tokens.
//!
//! Entry points: [`Tokens`] verifies, [`legacy::LegacyTokens`] those in secrets, [`request::prepare`] and
//! [`request::draft`] serve the `token` subresource.  Keys may be elsewhere: [`external`] judges what a signer says.

mod bound;
mod claims;
mod counts;
pub mod external;
mod keys;
pub mod legacy;
pub mod request;
mod verify;

use api::user::{UserInfo, service_account_groups, service_account_username};

use crate::certificate::CREDENTIAL_ID;

pub use bound::{Bound, BoundObject, LegacyUse, Lookup};
pub use claims::{Claims, Reference};
pub use counts::{Count, Counts};
pub use keys::{KeyRing, Keyed, Keys, TokenKey};
pub use verify::Tokens;

/// Key in `extra`: the pod a token is bound to.
pub const POD_NAME: &str = "authentication.kubernetes.io/pod-name";
/// Key in `extra`: the uid of that pod.
pub const POD_UID: &str = "authentication.kubernetes.io/pod-uid";
/// Key in `extra`: the node of that pod, or the node a token is bound to.
pub const NODE_NAME: &str = "authentication.kubernetes.io/node-name";
/// Key in `extra`: the uid of that node.
pub const NODE_UID: &str = "authentication.kubernetes.io/node-uid";

/// The user that a token with these claims stands for.
pub(crate) fn user(claims: &Claims) -> UserInfo {
    let mut user = UserInfo {
        name: service_account_username(&claims.namespace, &claims.account.name),
        uid: claims.account.uid.clone(),
        groups: service_account_groups(&claims.namespace),
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
