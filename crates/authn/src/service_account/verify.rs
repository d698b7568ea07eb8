//! Verifying the tokens of service accounts.
//!
//! Entry point: [`Tokens`].

use std::sync::Arc;

use super::claims::{Claims, Reference};
use crate::authenticator::{Answer, AuthnError, Identity, TokenAuthenticator, TokenContext};
use crate::jose::{Compact, PublicKey};

/// By how many seconds clocks may differ, and for how long the objects of a token may have been marked deleted.
const LEEWAY: i64 = 60;

/// Objects that tokens refer to, looked up by the server.
pub trait Lookup: Send + Sync {
    /// The object, `None` when there is none; `namespace` is `""` for a node.
    fn find(&self, kind: Bound, namespace: &str, name: &str) -> Option<BoundObject>;
}

/// The kinds of objects that a token refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// The service account itself.
    ServiceAccount,
    /// A pod that uses it.
    Pod,
    /// A secret.
    Secret,
    /// A node.
    Node,
}

/// An object that a token refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoundObject {
    /// Its uid.
    pub uid: String,
    /// Its `deletionTimestamp`, in seconds since the Unix epoch.
    pub deleted_at: Option<i64>,
}

/// Verifies tokens that this server, or one with the same keys, has issued.
pub struct Tokens {
    /// Issuers whose tokens are accepted; the first is the one that this server issues as.
    pub issuers: Vec<String>,
    /// The keys that may have signed.
    pub keys: Vec<PublicKey>,
    /// The audiences of the server.
    pub audiences: Vec<String>,
    /// Where the objects are; `None` takes a token's word for them (`--service-account-lookup=false`).
    pub lookup: Option<Arc<dyn Lookup>>,
}

impl TokenAuthenticator for Tokens {
    fn authenticate_token(&self, token: &str, context: &TokenContext) -> Answer {
        let Some(jws) = Compact::parse(token) else { return Ok(None) };
        if !self.issuers.iter().any(|i| i == jws.claimed_issuer()) {
            return Ok(None);
        }
        let claims = self.verified(&jws)?;
        let audiences = self.audiences_of(&claims, context)?;
        check_times(&claims, context.now)?;
        if let Some(lookup) = &self.lookup {
            check_objects(lookup.as_ref(), &claims, context.now - LEEWAY)?;
        }
        let mut identity =
            Identity { audiences, expires: Some(claims.expires), ..Identity::of(super::user(&claims)) };
        if let Some(after) = claims.warn_after.map(|t| context.now.saturating_sub(t)).filter(|s| *s > 0) {
            let text = format!("subject: {}, seconds after warning threshold: {after}", identity.user.name);
            identity.annotations.push(("authentication.k8s.io/stale-token".to_owned(), text));
        }
        Ok(Some(identity))
    }
}

impl Tokens {
    /// The claims, once a key vouches for them.  A token that names its key is only tried with that one.
    fn verified(&self, jws: &Compact) -> Result<Claims, AuthnError> {
        let id = jws.key_id();
        let mut keys = self.keys.iter().filter(|k| id.is_empty() || k.id == id).peekable();
        if keys.peek().is_none() {
            return Err(AuthnError::new("invalid signature, no keys found"));
        }
        let payload = keys.find_map(|key| jws.payload_if_signed_by(key));
        let payload =
            payload.ok_or_else(|| AuthnError::new("go-jose/go-jose: error in cryptographic primitive"))?;
        Claims::read(payload).ok_or_else(|| AuthnError::new("service account token claims could not be read"))
    }

    /// The audiences asked for that the token is good for.
    fn audiences_of(&self, claims: &Claims, context: &TokenContext) -> Result<Vec<String>, AuthnError> {
        let wanted = if context.audiences.is_empty() { &self.audiences } else { context.audiences };
        let both: Vec<String> = claims.audiences.iter().filter(|a| wanted.contains(a)).cloned().collect();
        if both.is_empty() {
            let (have, wanted) = (quoted(&claims.audiences), quoted(wanted));
            return Err(AuthnError::new(format!(
                "token audiences {have} is invalid for the target audiences {wanted}"
            )));
        }
        Ok(both)
    }
}

fn quoted(list: &[String]) -> String {
    format!("[{}]", list.iter().map(|s| api::field::go_quote(s)).collect::<Vec<_>>().join(" "))
}

fn check_times(claims: &Claims, now: i64) -> Result<(), AuthnError> {
    let refuse = |text: &str| Err(AuthnError::new(format!("service account token {text}")));
    if now + LEEWAY < claims.not_before {
        return refuse("is not valid yet");
    }
    if now - LEEWAY > claims.expires {
        return refuse("has expired");
    }
    if now + LEEWAY < claims.issued_at {
        return refuse("is issued in the future");
    }
    Ok(())
}

/// Checks that everything the token refers to is still there and the same; `deleted_before` is when what is marked
/// deleted stops to count.
fn check_objects(lookup: &dyn Lookup, claims: &Claims, deleted_before: i64) -> Result<(), AuthnError> {
    let gone = |object: &BoundObject| object.deleted_at.is_some_and(|at| at < deleted_before);
    let (namespace, account) = (claims.namespace.as_str(), &claims.account);
    let Some(found) = lookup.find(Bound::ServiceAccount, namespace, &account.name) else {
        let name = api::field::go_quote(&account.name);
        return Err(AuthnError::new(format!("serviceaccounts {name} not found")));
    };
    if found.uid != account.uid {
        let text = format!("service account UID ({}) does not match claim ({})", found.uid, account.uid);
        return Err(AuthnError::new(text));
    }
    if gone(&found) {
        return Err(AuthnError::new(format!(
            "service account {namespace}/{} has been deleted",
            account.name
        )));
    }
    let check = |kind, namespace: &str, reference: &Option<Reference>, what: &str| {
        let Some(reference) = reference else { return Ok(()) };
        let invalidated = || AuthnError::new("service account token has been invalidated");
        let found = lookup.find(kind, namespace, &reference.name).ok_or_else(invalidated)?;
        if found.uid != reference.uid {
            let text = format!(
                "{what} UID ({}) does not match service account {what} ref claim ({})",
                found.uid, reference.uid
            );
            return Err(AuthnError::new(text));
        }
        if gone(&found) { Err(invalidated()) } else { Ok(()) }
    };
    check(Bound::Secret, namespace, &claims.secret, "secret")?;
    check(Bound::Pod, namespace, &claims.pod, "pod")?;
    // The node of a pod's token only says where the pod is.
    let node = claims.node.clone().filter(|_| claims.pod.is_none());
    check(Bound::Node, "", &node, "node")
}

#[cfg(test)]
mod tests;
