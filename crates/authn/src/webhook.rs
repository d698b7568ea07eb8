//! Tokens that a service elsewhere knows: it is asked with a `TokenReview`.
//!
//! Entry point: [`TokenWebhook::new`].  Who carries the question is handed in as a [`Callout`].  Answers are remembered,
//! yes and no alike; failures are not.

mod review;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use api::callout::Callout;

use crate::authenticator::{
    Answer, AnswerFuture, AuthnError, Identity, RemoteTokenAuthenticator, TokenContext,
};
use crate::cache::table::Table;
use crate::random::Random;
use review::Status;

/// A version of `TokenReview` that is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReviewVersion {
    /// `authentication.k8s.io/v1`.
    V1,
    /// `authentication.k8s.io/v1beta1`.
    V1beta1,
}

/// A service that knows tokens.
pub struct TokenWebhook {
    callout: Arc<dyn Callout>,
    version: ReviewVersion,
    /// Audiences of this API: those of tokens about which the service says nothing.
    audiences: Vec<String>,
    /// Tokens that it knows.
    known: Table,
    /// Tokens that it does not.
    unknown: Table,
}

impl TokenWebhook {
    /// Asks `callout`; answers are remembered for `keep` seconds, 0 for not at all.
    ///
    /// # Errors
    /// There is no randomness for the keys of the tables.
    pub fn new(
        callout: Arc<dyn Callout>,
        version: ReviewVersion,
        audiences: Vec<String>,
        keep: i64,
        random: &dyn Random,
    ) -> Result<Self, AuthnError> {
        let table = || Table::new(keep, random);
        Ok(Self { callout, version, audiences, known: table()?, unknown: table()? })
    }

    async fn ask(&self, token: &str, context: &TokenContext<'_>) -> Answer {
        let known = self.known.hash(token, context);
        if let Some(identity) = self.known.find(&known, context.now) {
            return Ok(Some(identity.as_ref().clone()));
        }
        let unknown = self.unknown.hash(token, context);
        if self.unknown.find(&unknown, context.now).is_some() {
            return Ok(None);
        }
        let wanted = if context.audiences.is_empty() { &self.audiences } else { context.audiences };
        let answer = self.callout.call(&review::of(token, wanted, self.version)).await;
        let status = answer
            .map_err(|error| error.text)
            .and_then(|answer| Status::read(&answer, self.version))
            .map_err(AuthnError::new)?;
        let found = status.identity(wanted, &self.audiences)?;
        match &found {
            Some(identity) => self.known.remember(known, identity, context.now),
            None => self.unknown.remember(unknown, &Identity::default(), context.now),
        }
        Ok(found)
    }
}

impl RemoteTokenAuthenticator for TokenWebhook {
    fn authenticate_token<'a>(&'a self, token: &'a str, context: &'a TokenContext<'a>) -> AnswerFuture<'a> {
        Box::pin(self.ask(token, context))
    }
}
