//! What both kinds of tokens have in common: keys, audiences, counters.

use std::sync::Arc;

use super::counts::Counts;
use crate::authenticator::{AuthnError, TokenContext};
use crate::jose::{Compact, PublicKey};

/// The keys that may have signed, and whom tokens are for.
#[derive(Clone)]
pub struct Keys {
    /// The keys.
    pub keys: Vec<PublicKey>,
    /// The audiences of the server.
    pub audiences: Vec<String>,
    /// Counts uses.
    pub counts: Arc<Counts>,
}

impl Keys {
    /// The payload, once a key vouches for it.  A token that names its key is only tried with that one.
    pub(super) fn verified<'a>(&self, jws: &'a Compact<'_>) -> Result<&'a api::Value, AuthnError> {
        let id = jws.key_id();
        let mut keys = self.keys.iter().filter(|k| id.is_empty() || k.id == id).peekable();
        if keys.peek().is_none() {
            return Err(AuthnError::new("invalid signature, no keys found"));
        }
        keys.find_map(|key| jws.payload_if_signed_by(key))
            .ok_or_else(|| AuthnError::new("go-jose/go-jose: error in cryptographic primitive"))
    }

    /// The audiences asked for that the token is good for; one that names none is for this server.
    pub(super) fn audiences_of(
        &self,
        claimed: &[String],
        context: &TokenContext,
    ) -> Result<Vec<String>, AuthnError> {
        if claimed.is_empty() {
            self.counts.legacy.add();
        }
        let claimed = if claimed.is_empty() { &self.audiences } else { claimed };
        let wanted = if context.audiences.is_empty() { &self.audiences } else { context.audiences };
        let both: Vec<String> = claimed.iter().filter(|a| wanted.contains(a)).cloned().collect();
        if both.is_empty() && !self.audiences.is_empty() {
            let (have, wanted) = (quoted(claimed), quoted(wanted));
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
