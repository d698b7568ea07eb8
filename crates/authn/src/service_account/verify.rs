//! Verifying the tokens of service accounts.
//!
//! Entry point: [`Tokens`].

use std::sync::Arc;

use super::bound::{Bound, BoundObject, Lookup, Objects};
use super::claims::{Claims, Reference};
use super::keys::{Keyed, Keys};
use crate::authenticator::{Answer, AuthnError, Identity, TokenAuthenticator, TokenContext};
use crate::grounds::Grounds;
use crate::jose::Compact;

/// By how many seconds clocks may differ, and for how long the objects of a token may have been marked deleted.
const LEEWAY: i64 = 60;

/// Verifies tokens that this server, or one with the same keys, has issued.
pub struct Tokens {
    /// Issuers whose tokens are accepted; the first is the one that this server issues as.
    pub issuers: Vec<String>,
    /// The keys that may have signed.
    pub keys: Keys,
    /// Where the objects are.
    pub lookup: Arc<dyn Lookup>,
}

impl TokenAuthenticator for Tokens {
    fn authenticate_token(&self, token: &str, context: &TokenContext) -> Answer {
        let Some(jws) = Compact::parse(token) else { return Ok(None) };
        if !self.issuers.iter().any(|i| i == jws.claimed_issuer()) {
            return Ok(None);
        }
        let (payload, vouched) = self.keys.verified(&jws)?;
        let claims = Claims::read(payload)
            .ok_or_else(|| AuthnError::new("service account token claims could not be read"))?;
        let audiences = self.keys.audiences_of(&claims.audiences, context)?;
        check_times(&claims, context.now)?;
        let objects = check_objects(&self.lookup, &claims, context.now - LEEWAY)?;
        let mut identity =
            Identity { audiences, expires: Some(claims.expires), ..Identity::of(super::user(&claims)) };
        if claims.audiences.is_empty() {
            let name = identity.user.name.clone();
            identity.annotations.push(("authentication.k8s.io/legacy-token".to_owned(), name));
        }
        let until = self.note_age(&claims, context.now, &mut identity);
        identity.grounds = Grounds::new(Arc::new((vouched, objects)), until);
        Ok(Some(identity))
    }
}

impl Keyed for Tokens {
    fn unknown_key(&self, token: &str) -> Option<String> {
        let jws = Compact::parse(token)?;
        let ours = self.issuers.iter().any(|i| i == jws.claimed_issuer());
        self.keys.unknown(&jws).filter(|_| ours)
    }
}

impl Tokens {
    /// Notes a token whose client should have read a newer one; answers until when there is nothing more to note.
    fn note_age(&self, claims: &Claims, now: i64, identity: &mut Identity) -> i64 {
        let Some(warn_after) = claims.warn_after else { return claims.expires };
        if now <= warn_after {
            self.keys.counts.valid.add();
            return claims.expires.min(warn_after);
        }
        self.keys.counts.stale.add();
        let after = now.saturating_sub(warn_after);
        let text = format!("subject: {}, seconds after warning threshold: {after}", identity.user.name);
        identity.annotations.push(("authentication.k8s.io/stale-token".to_owned(), text));
        now
    }
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
fn check_objects(
    lookup: &Arc<dyn Lookup>,
    claims: &Claims,
    deleted_before: i64,
) -> Result<Objects, AuthnError> {
    let mut objects = Objects::new(Arc::clone(lookup), false);
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
    objects.add(Bound::ServiceAccount, namespace, &account.name, &found);
    let mut check = |kind, namespace: &str, reference: &Option<Reference>, what: &str| {
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
        objects.add(kind, namespace, &reference.name, &found);
        if gone(&found) { Err(invalidated()) } else { Ok(()) }
    };
    check(Bound::Secret, namespace, &claims.secret, "secret")?;
    check(Bound::Pod, namespace, &claims.pod, "pod")?;
    // The node of a pod's token only says where the pod is.
    let node = claims.node.clone().filter(|_| claims.pod.is_none());
    check(Bound::Node, "", &node, "node")?;
    Ok(objects)
}

#[cfg(test)]
mod tests;
