//! Cloud IAM: tokens that are a signed question to a cloud ("who am I?"), asked in the name of whoever shows them.
//!
//! Entry points: [`Provider`] is the member of the chain; [`ncp`] and [`aws`] know the tokens of their clouds, [`Rules`]
//! says who is who here.  The cloud is reached through [`Ask`], which is handed in.  Nothing in a token decides where a
//! question goes: a token that wants another host, path or cluster is refused before anybody is asked.

pub mod aws;
mod mapping;
pub mod ncp;

use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use api::user::UserInfo;

use crate::authenticator::{
    Answer, AnswerFuture, AuthnError, Identity, RemoteTokenAuthenticator, TokenContext,
};
use crate::grounds::Generation;

pub use mapping::{Origin, Rule, Rules};

/// Key in `extra`: the provider that vouches for the user.
pub const PROVIDER: &str = "authn.sumun.io/iam-provider";
/// Key in `extra`: who the user is there.
pub const PRINCIPAL: &str = "authn.sumun.io/iam-principal";

/// Longer tokens are not looked at, in bytes.
pub const LONGEST_TOKEN: usize = 4096;

/// What a token wants to be asked.
#[derive(Clone, PartialEq, Eq)]
pub struct Question {
    /// The `Host` that it is signed for, `""` for that of the endpoint.
    pub host: String,
    /// Path.
    pub path: String,
    /// Query, encoded, without `?`; it may hold a signature.
    pub query: String,
    /// Further headers; they may hold a signature.
    pub headers: Vec<(&'static str, String)>,
}

/// What a cloud said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Its status.
    pub status: u16,
    /// Its body.
    pub body: Vec<u8>,
}

/// Asks a cloud.  It bounds its own time, what it reads and how many ask at once, and follows no redirect.
pub trait Ask: Send + Sync {
    /// Sends `GET` for a question.  An error is why there is no answer; it must not tell the question.
    fn ask<'a>(&'a self, question: &'a Question) -> AskFuture<'a>;
}

/// An answer that takes its time.
pub type AskFuture<'a> = Pin<Box<dyn Future<Output = Result<Told, String>> + Send + 'a>>;

/// A token that may be asked about.
#[derive(Clone, PartialEq, Eq)]
pub struct Claim {
    /// What to ask.
    pub question: Question,
    /// When the token ends, in seconds since the Unix epoch.
    pub expires: i64,
    /// The public half of the key that signed it.
    pub access_key: String,
}

/// Who a cloud says it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Principal {
    /// What rules name it by.
    pub id: String,
    /// The account it belongs to, `""` when the cloud does not say.
    pub account: String,
    /// The name of the session of an assumed role, `""` for none.
    pub session: String,
    /// The public half of the key that signed the token.
    pub access_key: String,
    /// Its uid here.
    pub uid: String,
    /// What else is known of it, for `extra`.
    pub extra: Vec<(&'static str, String)>,
}

/// The tokens of one cloud.
pub trait Cloud: Send + Sync {
    /// What its tokens begin with.
    fn prefix(&self) -> &'static str;

    /// Takes a token apart; an error is what is wrong with it, and tells nothing secret of it.
    fn claim(&self, token: &str, now: i64) -> Result<Claim, String>;

    /// Who it is by what the cloud said; an error is why it is nobody.
    fn principal(&self, claim: &Claim, told: &Told) -> Result<Principal, String>;
}

/// One cloud account that vouches for users: a member of the chain.
pub struct Provider {
    name: String,
    cloud: Box<dyn Cloud>,
    ask: Arc<dyn Ask>,
    /// Audiences of the server: a token is good for all of them.
    audiences: Vec<String>,
    /// How long an answer is remembered, in seconds.
    keep: i64,
    rules: RwLock<Arc<Rules>>,
    generation: Generation,
    /// What became of tokens.
    pub counts: ProviderCounts,
}

/// How often tokens were …
#[derive(Debug, Default)]
pub struct ProviderCounts {
    /// … taken,
    pub accepted: AtomicU64,
    /// … refused, here or by the cloud,
    pub refused: AtomicU64,
    /// … not judged, because the cloud did not answer,
    pub failed: AtomicU64,
    /// … of somebody whom no rule names.
    pub unmapped: AtomicU64,
}

impl ProviderCounts {
    /// Each outcome and its number so far.
    pub fn all(&self) -> [(&'static str, u64); 4] {
        let counts = [
            ("accepted", &self.accepted),
            ("refused", &self.refused),
            ("failed", &self.failed),
            ("unmapped", &self.unmapped),
        ];
        counts.map(|(name, count)| (name, count.load(Ordering::Relaxed)))
    }
}

impl Provider {
    /// A member without any rule yet.
    pub fn new(
        name: impl Into<String>,
        cloud: Box<dyn Cloud>,
        ask: Arc<dyn Ask>,
        audiences: Vec<String>,
        keep: i64,
    ) -> Self {
        Self {
            name: name.into(),
            cloud,
            ask,
            audiences,
            keep,
            rules: RwLock::default(),
            generation: Generation::default(),
            counts: ProviderCounts::default(),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Who is who from now on; remembered answers end.
    pub fn set_rules(&self, rules: Rules) {
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(rules);
        self.generation.advance();
    }

    /// Who is who.
    pub fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.rules.read().unwrap_or_else(PoisonError::into_inner))
    }

    async fn answer(&self, token: &str, context: &TokenContext<'_>) -> Answer {
        if !token.starts_with(self.cloud.prefix()) {
            return Ok(None);
        }
        let wanted = |a: &&String| context.audiences.is_empty() || context.audiences.contains(a);
        let audiences: Vec<String> = self.audiences.iter().filter(wanted).cloned().collect();
        if audiences.is_empty() && !context.audiences.is_empty() {
            return Ok(None);
        }
        let grounds = self.generation.grounds(context.now.saturating_add(self.keep));
        let (count, found) = match self.judge(token, context.now).await {
            Ok((user, expires)) => {
                let identity = Identity { audiences, expires: Some(expires), grounds, ..Identity::of(user) };
                (&self.counts.accepted, Ok(Some(identity)))
            }
            Err(Refusal::Bad(why)) => (&self.counts.refused, Err(why)),
            Err(Refusal::Unreachable(why)) => (&self.counts.failed, Err(why)),
            Err(Refusal::Unmapped(why)) => (&self.counts.unmapped, Err(why)),
        };
        count.fetch_add(1, Ordering::Relaxed);
        found.map_err(|why| AuthnError::new(format!("{}: {why}", self.name)))
    }

    async fn judge(&self, token: &str, now: i64) -> Result<(UserInfo, i64), Refusal> {
        if token.len() > LONGEST_TOKEN {
            return Err(Refusal::Bad("the token is too long".to_owned()));
        }
        let claim = self.cloud.claim(token, now).map_err(Refusal::Bad)?;
        let told = self.ask.ask(&claim.question).await.map_err(Refusal::Unreachable)?;
        if told.status >= 500 || told.status == 429 {
            return Err(Refusal::Unreachable(format!("the cloud answered with status {}", told.status)));
        }
        let principal = self.cloud.principal(&claim, &told).map_err(Refusal::Bad)?;
        let user = self.rules().user(&principal).map_err(Refusal::Unmapped)?;
        let mut user = UserInfo { uid: principal.uid, ..user };
        let known = [(PROVIDER, self.name.clone()), (PRINCIPAL, principal.id)];
        for (key, value) in known.into_iter().chain(principal.extra) {
            if !value.is_empty() {
                user.extra.insert(key.to_owned(), vec![value]);
            }
        }
        Ok((user, claim.expires))
    }
}

/// Why a token makes nobody known.
enum Refusal {
    Bad(String),
    Unreachable(String),
    Unmapped(String),
}

impl RemoteTokenAuthenticator for Provider {
    fn authenticate_token<'a>(&'a self, token: &'a str, context: &'a TokenContext<'a>) -> AnswerFuture<'a> {
        Box::pin(self.answer(token, context))
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Signatures stay out of it.
impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Question").field("host", &self.host).field("path", &self.path).finish_non_exhaustive()
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim").field("question", &self.question).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
