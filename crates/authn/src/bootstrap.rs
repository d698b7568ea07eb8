//! Bootstrap tokens: `ID.SECRET`, for machines that join a cluster (Secrets of type `bootstrap.kubernetes.io/token` in
//! kube-system).
//!
//! Entry point: [`BootstrapTokens`].  A token that is not good is nobody's, not an error, as upstream has it; what is
//! wrong with its Secret is for the log.

use std::collections::BTreeSet;
use std::sync::Arc;

use api::Value;
use api::time::Timestamp;
use api::user::UserInfo;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::authenticator::{Answer, Identity, TokenAuthenticator, TokenContext};
use crate::grounds::{Ground, Grounds};

/// The namespace of the Secrets.
pub const NAMESPACE: &str = "kube-system";
/// What the name of a Secret begins with; the id of the token follows.
pub const NAME_PREFIX: &str = "bootstrap-token-";
/// The type of the Secrets.
pub const TYPE: &str = "bootstrap.kubernetes.io/token";

const ID_LENGTH: usize = 6;
const SECRET_LENGTH: usize = 16;
const USER_PREFIX: &str = "system:bootstrap:";
const GROUP: &str = "system:bootstrappers";
const GROUP_PREFIX: &str = "system:bootstrappers:";
/// The longest part of a group's name after the prefix.
const GROUP_MOST: usize = 256;

/// Finds the Secrets of bootstrap tokens.
pub trait BootstrapSecrets: Send + Sync {
    /// The Secret of this name in kube-system, if there is one, and the revision that it was written at.
    fn secret(&self, name: &str) -> Option<(Value, u64)>;

    /// That revision alone.
    fn revision(&self, name: &str) -> Option<u64>;
}

/// A Secret that is as it was: what is remembered of its token ends with it.
struct Unchanged<S> {
    secrets: Arc<S>,
    name: String,
    revision: u64,
}

impl<S: BootstrapSecrets> Ground for Unchanged<S> {
    fn holds(&self, _now: i64) -> bool {
        self.secrets.revision(&self.name) == Some(self.revision)
    }
}

/// Knows machines by their bootstrap tokens.
pub struct BootstrapTokens<S> {
    /// Where the Secrets are.
    pub secrets: Arc<S>,
    /// The audiences of the server; a bootstrap token is good for all of them.
    pub audiences: Vec<String>,
}

/// Why a Secret does not make its token good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is being deleted.
    Deleted,
    /// It is of another type.
    Type,
    /// Its secret is another one.
    Secret,
    /// It says another id than its name.
    Id,
    /// Its time is over, or cannot be read.
    Expired,
    /// It is not for authentication.
    Usage,
    /// It names groups outside of `system:bootstrappers:`.
    Groups,
}

impl<S: BootstrapSecrets + 'static> TokenAuthenticator for BootstrapTokens<S> {
    fn authenticate_token(&self, token: &str, context: &TokenContext) -> Answer {
        let wanted = |a: &&String| context.audiences.is_empty() || context.audiences.contains(a);
        let audiences: Vec<String> = self.audiences.iter().filter(wanted).cloned().collect();
        if audiences.is_empty() && !context.audiences.is_empty() {
            return Ok(None);
        }
        let Some((id, secret)) = split(token) else { return Ok(None) };
        let name = format!("{NAME_PREFIX}{id}");
        let Some((object, revision)) = self.secrets.secret(&name) else { return Ok(None) };
        let Ok((groups, expires)) = check(&object, id, secret, context.now) else { return Ok(None) };
        let user = UserInfo::new(format!("{USER_PREFIX}{id}"), groups);
        let unchanged = Unchanged { secrets: self.secrets.clone(), name, revision };
        let grounds = Grounds::new(Arc::new(unchanged), 0);
        Ok(Some(Identity { audiences, expires, grounds, ..Identity::of(user) }))
    }
}

/// Id and secret of a token; `None` for what is no bootstrap token.
pub fn split(token: &str) -> Option<(&str, &str)> {
    let good = |part: &str, length: usize| {
        part.len() == length && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    token.split_once('.').filter(|(id, secret)| good(id, ID_LENGTH) && good(secret, SECRET_LENGTH))
}

/// Groups and end of a token with this id and secret, as its Secret has it.
///
/// # Errors
/// Why it is not good.
pub fn check(
    object: &Value,
    id: &str,
    secret: &str,
    now: i64,
) -> Result<(Vec<String>, Option<i64>), Refusal> {
    if !object.str_at(&["metadata", "deletionTimestamp"]).is_empty() {
        return Err(Refusal::Deleted);
    }
    if object.str_at(&["type"]) != TYPE {
        return Err(Refusal::Type);
    }
    let data = |key: &str| {
        let encoded = object.at(&["data", key]).as_str().unwrap_or_default();
        STANDARD.decode(encoded).unwrap_or_default()
    };
    if verify_slices_are_equal(&data("token-secret"), secret.as_bytes()).is_err() {
        return Err(Refusal::Secret);
    }
    if data("token-id") != id.as_bytes() {
        return Err(Refusal::Id);
    }
    let expires = expiration(&data("expiration"))?;
    if expires.is_some_and(|at| at <= now) {
        return Err(Refusal::Expired);
    }
    if data("usage-bootstrap-authentication") != b"true" {
        return Err(Refusal::Usage);
    }
    Ok((groups(&data("auth-extra-groups"))?, expires))
}

fn expiration(text: &[u8]) -> Result<Option<i64>, Refusal> {
    if text.is_empty() {
        return Ok(None);
    }
    let text = std::str::from_utf8(text).map_err(|_| Refusal::Expired)?;
    Timestamp::parse(text).map(|t| Some(t.seconds())).map_err(|_| Refusal::Expired)
}

/// The groups of a token, sorted, each once.
fn groups(extra: &[u8]) -> Result<Vec<String>, Refusal> {
    let extra = std::str::from_utf8(extra).map_err(|_| Refusal::Groups)?;
    let mut groups = BTreeSet::from([GROUP.to_owned()]);
    for group in extra.split(',').filter(|_| !extra.is_empty()) {
        if !is_group(group) {
            return Err(Refusal::Groups);
        }
        groups.insert(group.to_owned());
    }
    Ok(groups.into_iter().collect())
}

/// True for `system:bootstrappers:` and a name of lower-case letters, digits, colons and dashes with a letter or digit
/// at both ends.
fn is_group(group: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let Some(name) = group.strip_prefix(GROUP_PREFIX).map(str::as_bytes) else { return false };
    let ends = name.first().is_some_and(|b| plain(*b)) && name.last().is_some_and(|b| plain(*b));
    ends && name.len() <= GROUP_MOST && name.iter().all(|b| plain(*b) || matches!(b, b':' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::object;

    struct One(Value);

    impl BootstrapSecrets for One {
        fn secret(&self, name: &str) -> Option<(Value, u64)> {
            self.revision(name).map(|revision| (self.0.clone(), revision))
        }

        fn revision(&self, name: &str) -> Option<u64> {
            (name == "bootstrap-token-abcdef").then_some(7)
        }
    }

    const TOKEN: &str = "abcdef.0123456789abcdef";

    /// A good Secret, changed by `data` (an empty value takes a key away).
    fn secret(changes: &[(&str, &str)]) -> Value {
        let mut data = object! {};
        let good = [
            ("token-id", "abcdef"),
            ("token-secret", "0123456789abcdef"),
            ("usage-bootstrap-authentication", "true"),
            ("expiration", "1970-01-01T00:16:40Z"),
        ];
        for (key, value) in good.iter().chain(changes) {
            data.set_at(&[key], STANDARD.encode(value));
        }
        object! { "type" => TYPE, "metadata" => object! {}, "data" => data }
    }

    fn user(token: &str, secret: Value, now: i64) -> Option<Identity> {
        let tokens = BootstrapTokens { secrets: Arc::new(One(secret)), audiences: vec!["api".to_owned()] };
        tokens.authenticate_token(token, &TokenContext { audiences: &[], now }).unwrap()
    }

    #[test]
    fn a_good_token() {
        let extra =
            secret(&[("auth-extra-groups", "system:bootstrappers:workers,system:bootstrappers:a:b-c")]);
        let identity = user(TOKEN, extra, 999).unwrap();
        assert_eq!(identity.user.name, "system:bootstrap:abcdef");
        assert_eq!(
            identity.user.groups,
            ["system:bootstrappers", "system:bootstrappers:a:b-c", "system:bootstrappers:workers"]
        );
        assert_eq!(identity.expires, Some(1000), "nothing may remember it for longer");
        assert_eq!(user(TOKEN, secret(&[("expiration", "")]), i64::MAX).unwrap().expires, None);
    }

    #[test]
    fn what_makes_a_secret_no_good() {
        let refusal = |object: Value, now| check(&object, "abcdef", "0123456789abcdef", now).unwrap_err();
        let changed = |key: &str, value: &str| refusal(secret(&[(key, value)]), 0);
        let mut deleted = secret(&[]);
        deleted.set_at(&["metadata", "deletionTimestamp"], "1970-01-01T00:00:00Z");
        let mut other = secret(&[]);
        other.set_at(&["type"], "Opaque");
        assert_eq!(refusal(deleted, 0), Refusal::Deleted);
        assert_eq!(refusal(other, 0), Refusal::Type);
        assert_eq!(changed("token-secret", "0123456789abcdeg"), Refusal::Secret);
        assert_eq!(changed("token-id", "abcdeg"), Refusal::Id);
        assert_eq!(refusal(secret(&[]), 1000), Refusal::Expired);
        assert_eq!(changed("expiration", "tomorrow"), Refusal::Expired);
        assert_eq!(changed("usage-bootstrap-authentication", "True"), Refusal::Usage);
        for group in [
            "system:masters",
            "system:bootstrappers:",
            "system:bootstrappers:A",
            "system:bootstrappers:a,",
            "system:bootstrappers:-a",
        ] {
            assert_eq!(changed("auth-extra-groups", group), Refusal::Groups, "{group}");
        }
    }

    #[test]
    fn what_is_no_bootstrap_token() {
        for token in [
            "",
            "abcdef",
            "abcdef.",
            "abcde.0123456789abcdef",
            "ABCDEF.0123456789abcdef",
            "abcdef.0123456789abcde",
            "abcdef.0123456789abcdef.x",
            "abcdef.0123456789abcdé",
            "../../a.0123456789abcdef",
        ] {
            assert_eq!(split(token), None, "{token}");
        }
        assert_eq!(split(TOKEN), Some(("abcdef", "0123456789abcdef")));
        assert_eq!(user("zzzzzz.0123456789abcdef", secret(&[]), 0), None);
    }
}
