//! Tokens in secrets, as clusters had them before tokens could be asked for: they have no end of their own, live as
//! long as their secret, and are told apart by their issuer.
//!
//! Entry points: [`claims`] says what such a token holds, [`LegacyTokens`] verifies.

use std::sync::Arc;

use api::time::Timestamp;
use api::{Value, object};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::bound::{Bound, BoundObject, LegacyUse, Lookup, Objects};
use super::claims::{Claims, Reference};
use super::keys::{Keyed, Keys};
use crate::authenticator::{Answer, AuthnError, Identity, TokenAuthenticator, TokenContext};
use crate::grounds::Grounds;
use crate::jose::Compact;

/// The issuer of tokens in secrets.
pub const ISSUER: &str = "kubernetes/serviceaccount";
/// The type of secrets that hold such a token.
pub const SECRET_TYPE: &str = "kubernetes.io/service-account-token";
/// Annotation of such a secret: the name of its account.
pub const ACCOUNT_NAME: &str = "kubernetes.io/service-account.name";
/// Annotation of such a secret: the uid of its account.
pub const ACCOUNT_UID: &str = "kubernetes.io/service-account.uid";
/// Label of such a secret: the day of its last use.
pub const LAST_USED: &str = "kubernetes.io/legacy-token-last-used";
/// Label of such a secret: the day it stopped to be good.
pub const INVALID_SINCE: &str = "kubernetes.io/legacy-token-invalid-since";

const NAMESPACE: &str = "kubernetes.io/serviceaccount/namespace";
const SECRET_NAME: &str = "kubernetes.io/serviceaccount/secret.name";
const CLAIM_NAME: &str = "kubernetes.io/serviceaccount/service-account.name";
const CLAIM_UID: &str = "kubernetes.io/serviceaccount/service-account.uid";
const AUTO_WARNING: &str = "Use tokens from the TokenRequest API or manually created secret-based tokens instead of \
                            auto-generated secret-based tokens.";
/// How long an answer is remembered, in seconds; its objects are looked at each time.
const KEEP_SECONDS: i64 = 10;
const DAY_SECONDS: i64 = 86_400;

/// What the token of a secret holds.
pub fn claims(account: &Value, secret: &Value) -> Value {
    let (namespace, name) =
        (account.str_at(&["metadata", "namespace"]), account.str_at(&["metadata", "name"]));
    object! {
        "iss" => ISSUER,
        NAMESPACE => namespace,
        SECRET_NAME => secret.str_at(&["metadata", "name"]),
        CLAIM_NAME => name,
        CLAIM_UID => account.str_at(&["metadata", "uid"]),
        "sub" => api::user::service_account_username(namespace, name),
    }
}

/// Verifies tokens in secrets.
pub struct LegacyTokens {
    /// The keys that may have signed.
    pub keys: Keys,
    /// Where the objects are.
    pub lookup: Arc<dyn Lookup>,
    /// False takes a token's word for its objects (`--service-account-lookup=false`).
    pub check: bool,
}

impl TokenAuthenticator for LegacyTokens {
    fn authenticate_token(&self, token: &str, context: &TokenContext) -> Answer {
        let Some(jws) = Compact::parse(token) else { return Ok(None) };
        if jws.claimed_issuer() != ISSUER {
            return Ok(None);
        }
        let (payload, vouched) = self.keys.verified(&jws)?;
        let audiences = super::claims::audiences(payload.at(&["aud"]));
        let audiences =
            audiences.ok_or_else(|| AuthnError::new("service account token claims could not be read"))?;
        let legacy = audiences.is_empty();
        let audiences = self.keys.audiences_of(&audiences, context)?;
        let claims = Legacy::read(payload)?;
        let mut identity = Identity { audiences, ..Identity::of(super::user(&claims.user())) };
        if legacy {
            let subject = payload.str_at(&["sub"]).to_owned();
            identity.annotations.push(("authentication.k8s.io/legacy-token".to_owned(), subject));
        }
        if self.check {
            let objects = self.checked(token, &claims, context.now, &mut identity)?;
            let until = context.now.saturating_add(KEEP_SECONDS);
            identity.grounds = Grounds::new(Arc::new((vouched, objects)), until);
        } else {
            identity.grounds = Grounds::new(Arc::new(vouched), context.now);
        }
        Ok(Some(identity))
    }
}

/// The claims of a token in a secret.
struct Legacy<'a> {
    namespace: &'a str,
    account: &'a str,
    uid: &'a str,
    secret: &'a str,
}

impl<'a> Legacy<'a> {
    fn read(payload: &'a Value) -> Result<Self, AuthnError> {
        let claim = |key: &str, what: &str| match payload.str_at(&[key]) {
            "" => Err(AuthnError::new(format!("{what} claim is missing"))),
            text => Ok(text),
        };
        let subject = claim("sub", "sub")?;
        let claims = Self {
            namespace: claim(NAMESPACE, "namespace")?,
            secret: claim(SECRET_NAME, "secretName")?,
            account: claim(CLAIM_NAME, "serviceAccountName")?,
            uid: claim(CLAIM_UID, "serviceAccountUID")?,
        };
        match api::user::split_service_account(subject) {
            Some(of) if of == (claims.namespace, claims.account) => Ok(claims),
            _ => Err(AuthnError::new("sub claim is invalid")),
        }
    }

    fn user(&self) -> Claims {
        Claims {
            namespace: self.namespace.to_owned(),
            account: Reference::new(self.account, self.uid),
            ..Claims::default()
        }
    }
}

impl Keyed for LegacyTokens {
    fn unknown_key(&self, token: &str) -> Option<String> {
        let jws = Compact::parse(token)?;
        self.keys.unknown(&jws).filter(|_| jws.claimed_issuer() == ISSUER)
    }
}

impl LegacyTokens {
    /// The objects that the token stands on, once everything about them is right.
    fn checked(
        &self,
        token: &str,
        claims: &Legacy,
        now: i64,
        identity: &mut Identity,
    ) -> Result<Objects, AuthnError> {
        let secret = self.secret_with(token, claims)?;
        let account = self.account_of(claims)?;
        let name = secret.str_at(&["metadata", "name"]);
        let label = |label: &str| secret.str_at(&["metadata", "labels", label]);
        self.note_use(&secret, label(LAST_USED), now);
        if !label(INVALID_SINCE).is_empty() {
            self.keys.counts.legacy_invalid.add();
            return Err(AuthnError::new(format!(
                "the token in secret {}/{} for service account {0}/{} has been marked invalid. Use tokens from the \
                 TokenRequest API or manually created secret-based tokens, or remove the '{INVALID_SINCE}' label from \
                 the secret to temporarily allow use of this token",
                claims.namespace, claims.secret, claims.account
            )));
        }
        let kind = if account.array_at(&["secrets"]).iter().any(|s| s.str_at(&["name"]) == name) {
            identity.warnings.push(AUTO_WARNING.to_owned());
            self.keys.counts.legacy_auto.add();
            "autogenerated"
        } else {
            self.keys.counts.legacy_manual.add();
            "manual"
        };
        let key = format!("authentication.k8s.io/legacy-token-{kind}-secret");
        identity.annotations.push((key, name.to_owned()));
        let mut objects = Objects::new(Arc::clone(&self.lookup), true);
        objects.add(Bound::Secret, claims.namespace, claims.secret, &outline(&secret));
        objects.add(Bound::ServiceAccount, claims.namespace, claims.account, &outline(&account));
        Ok(objects)
    }

    /// The secret that the token is in, still the same one.
    fn secret_with(&self, token: &str, claims: &Legacy) -> Result<Value, AuthnError> {
        let secret = self.lookup.object(Bound::Secret, claims.namespace, claims.secret);
        let Some(secret) = secret.filter(|s| !is_deleting(s)) else {
            return Err(AuthnError::new("Token has been invalidated"));
        };
        let held = STANDARD.decode(secret.str_at(&["data", "token"])).unwrap_or_default();
        match verify_slices_are_equal(&held, token.as_bytes()) {
            Ok(()) => Ok(secret),
            Err(_) => Err(AuthnError::new("Token does not match server's copy")),
        }
    }

    fn account_of(&self, claims: &Legacy) -> Result<Value, AuthnError> {
        let account = self.lookup.object(Bound::ServiceAccount, claims.namespace, claims.account);
        let Some(account) = account else {
            let name = api::field::go_quote(claims.account);
            return Err(AuthnError::new(format!("serviceaccounts {name} not found")));
        };
        if is_deleting(&account) {
            let text = format!("ServiceAccount {}/{} has been deleted", claims.namespace, claims.account);
            return Err(AuthnError::new(text));
        }
        let uid = account.str_at(&["metadata", "uid"]);
        if uid != claims.uid {
            return Err(AuthnError::new(format!(
                "ServiceAccount UID ({uid}) does not match claim ({})",
                claims.uid
            )));
        }
        Ok(account)
    }

    /// A clock that is a day ahead elsewhere is not corrected back.
    fn note_use(&self, secret: &Value, last: &str, now: i64) {
        let (today, tomorrow) = (day(now), day(now.saturating_add(DAY_SECONDS)));
        if last != today && last != tomorrow {
            let text = |member: &str| secret.str_at(&["metadata", member]).to_owned();
            let used =
                LegacyUse { namespace: text("namespace"), name: text("name"), uid: text("uid"), day: today };
            self.lookup.legacy_token_used(&used);
        }
    }
}

/// The day in UTC, as labels have it.
pub fn day(now: i64) -> String {
    Timestamp::new(now, 0).text().chars().take(10).collect()
}

fn is_deleting(object: &Value) -> bool {
    !object.at(&["metadata", "deletionTimestamp"]).is_null()
}

fn outline(object: &Value) -> BoundObject {
    BoundObject {
        uid: object.str_at(&["metadata", "uid"]).to_owned(),
        deleted_at: None,
        revision: object.str_at(&["metadata", "resourceVersion"]).parse().unwrap_or(0),
    }
}

#[cfg(test)]
mod tests;
