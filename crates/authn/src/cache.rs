//! Answers about tokens, remembered for a short time: verifying a signature costs more than everything else that an
//! authenticated read does, and asking somebody far away more than that.
//!
//! Entry point: [`TokenCache`].  Only successes are kept, never beyond the token's own end, never more than a fixed
//! number.  Upstream's stay good for a short time (10 s) whatever happens to the objects that the token is bound to;
//! here an answer with [`crate::Grounds`] is given again only while they hold, and for as long as they do: a signature
//! is not verified twice.  (A TokenReview, which asks for others, keeps upstream's 10 s.)  Members that are far away are
//! asked once for all who show the same token at the same time.

pub(crate) mod table;

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::{Shared, WeakShared};

use crate::authenticator::{Answer, AuthnError, TokenContext, TokenMember};
use crate::random::Random;
use api::Secret;
use table::{Hash, Table};

/// Asks several token authenticators in order and remembers successes.
pub struct TokenCache(Arc<Inner>);

struct Inner {
    members: Vec<TokenMember>,
    table: Table,
    /// Questions to members far away that are under way.
    flights: Mutex<HashMap<Hash, WeakShared<Flight>>>,
}

type Flight = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// What the members that were asked have said.
enum Asked {
    Answered(Answer),
    /// The member at this place is far away; those before it do not know.
    Further(usize, Vec<AuthnError>),
}

impl TokenCache {
    /// How long upstream keeps a success, in seconds.
    pub const SUCCESS_SECONDS: i64 = 10;

    /// Asks these in order; `keep` is how long a success is kept, in seconds, 0 for not at all.
    ///
    /// Fails when there is no randomness for the key of the table.
    pub fn new(members: Vec<TokenMember>, keep: i64, random: &dyn Random) -> Result<Self, AuthnError> {
        let table = Table::new(keep, random)?;
        Ok(Self(Arc::new(Inner { members, table, flights: Mutex::default() })))
    }

    /// Whose token is this?  What is remembered or known here is answered without waiting.
    pub async fn authenticate_token(&self, token: &str, context: &TokenContext<'_>) -> Answer {
        let hash = self.0.table.hash(token, context);
        // Audiences are named by TokenReview only: who asks for others gets what upstream would tell, which may be 10 s
        // old.  A request to this server gets in on what holds now.
        let recent =
            || self.0.table.find_recent(&hash, context.now).filter(|_| !context.audiences.is_empty());
        if let Some(identity) = recent().or_else(|| self.0.table.find(&hash, context.now)) {
            return Ok(Some(identity.as_ref().clone()));
        }
        let answer = match self.0.ask_here(token, context) {
            Asked::Answered(answer) => answer,
            Asked::Further(from, errors) => {
                return self.flight(hash, (token, context), (from, errors)).await;
            }
        };
        self.0.remember(hash, &answer, context.now);
        answer
    }

    /// Joins those who wait for an answer about this token, or asks as the first.
    fn flight(
        &self,
        hash: Hash,
        (token, context): (&str, &TokenContext<'_>),
        (from, errors): (usize, Vec<AuthnError>),
    ) -> Shared<Flight> {
        let mut flights = self.0.flights.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = flights.get(&hash).and_then(WeakShared::upgrade) {
            return flight;
        }
        if flights.len() == flights.capacity() {
            // Before the map grows: questions that nobody waits for any more need no place.
            flights.retain(|_, f| f.upgrade().is_some());
        }
        let (inner, token) = (self.0.clone(), Secret::new(token));
        let (audiences, now) = (context.audiences.to_vec(), context.now);
        let flight: Flight = Box::pin(async move {
            let context = TokenContext { audiences: &audiences, now };
            let answer = inner.ask_further(token.expose(), &context, from, errors).await;
            inner.remember(hash, &answer, now);
            inner.flights.lock().unwrap_or_else(PoisonError::into_inner).remove(&hash);
            answer
        });
        let flight = flight.shared();
        if let Some(weak) = flight.downgrade() {
            flights.insert(hash, weak);
        }
        flight
    }
}

impl Inner {
    /// Asks the members that answer at once, up to the first one that does not.
    fn ask_here(&self, token: &str, context: &TokenContext<'_>) -> Asked {
        let mut errors = Vec::new();
        for (at, member) in self.members.iter().enumerate() {
            let TokenMember::Local(member) = member else { return Asked::Further(at, errors) };
            match member.authenticate_token(token, context) {
                Ok(None) => {}
                Ok(found) => return Asked::Answered(Ok(found)),
                Err(error) => errors.push(error),
            }
        }
        Asked::Answered(AuthnError::all(errors).map_or(Ok(None), Err))
    }

    async fn ask_further(
        &self,
        token: &str,
        context: &TokenContext<'_>,
        from: usize,
        mut errors: Vec<AuthnError>,
    ) -> Answer {
        for member in self.members.iter().skip(from) {
            match member.authenticate_token(token, context).await {
                Ok(None) => {}
                Ok(found) => return Ok(found),
                Err(error) => errors.push(error),
            }
        }
        AuthnError::all(errors).map_or(Ok(None), Err)
    }

    fn remember(&self, hash: Hash, answer: &Answer, now: i64) {
        if let Ok(Some(identity)) = answer {
            self.table.remember(hash, identity, now);
        }
    }
}

#[cfg(test)]
mod tests;
