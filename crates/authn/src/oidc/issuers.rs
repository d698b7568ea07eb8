//! All issuers of a configuration, which may be exchanged for those of another while requests are under way.
//!
//! Entry point: [`Issuers`].

use std::sync::{Arc, PoisonError, RwLock};

use super::compile::Rules;
use super::config::{Configuration, Issuer as Settings};
use super::fetch::Fetch;
use super::issuer::Issuer;
use crate::authenticator::{Answer, AnswerFuture, Identity, RemoteTokenAuthenticator, TokenContext};
use crate::jose::{Algorithm, Compact};

/// The issuers whose tokens are taken.
#[derive(Debug)]
pub struct Issuers {
    algorithms: Vec<Algorithm>,
    /// Audiences of the server; tokens are good for all of them.
    audiences: Vec<String>,
    current: RwLock<Arc<[Arc<Issuer>]>>,
}

/// Makes what reaches an issuer's server, or says what is wrong with how it is to be reached.
pub type Reach<'a> = dyn Fn(&Settings) -> Result<Arc<dyn Fetch>, String> + 'a;

/// An answer, and which issuer it is about.
#[derive(Debug)]
pub struct Asked {
    /// The answer.
    pub answer: Answer,
    /// The URL of the issuer that the token says it is of, when it is one of ours.
    pub issuer: Option<String>,
}

impl Issuers {
    /// No issuers yet.  Tokens may be signed with `algorithms`; they are good for `audiences`, those of the server.
    pub fn new(algorithms: &[Algorithm], audiences: &[String]) -> Self {
        let current = RwLock::new(Arc::from([]));
        Self { algorithms: algorithms.to_vec(), audiences: audiences.to_vec(), current }
    }

    /// The issuers of a configuration, with its compiled [`Rules`]; they are asked after [`Issuers::replace`].  One that
    /// is configured as it was is carried over with its keys.
    ///
    /// # Errors
    /// What is wrong with how an issuer is to be reached.
    pub fn prepare(
        &self,
        configuration: &Configuration,
        rules: Vec<Rules>,
        reach: &Reach<'_>,
    ) -> Result<Vec<Arc<Issuer>>, String> {
        let current = self.current();
        let mut issuers = Vec::with_capacity(rules.len());
        for (settings, rules) in configuration.jwt.iter().zip(rules) {
            let same = current.iter().find(|issuer| issuer.settings() == settings).cloned();
            issuers.push(match same {
                Some(issuer) => issuer,
                None => {
                    let fetch = reach(&settings.issuer)?;
                    Arc::new(Issuer::new(settings.clone(), rules, &self.algorithms, &fetch))
                }
            });
        }
        Ok(issuers)
    }

    /// Takes these issuers instead.  What was remembered of the others is void.
    pub fn replace(&self, issuers: Vec<Arc<Issuer>>) {
        let issuers: Arc<[Arc<Issuer>]> = issuers.into();
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *current, issuers.clone());
        drop(current);
        let gone = before.iter().filter(|b| !issuers.iter().any(|i| Arc::ptr_eq(b, i)));
        gone.for_each(|issuer| issuer.retire());
    }

    /// The issuers of now.
    pub fn current(&self) -> Arc<[Arc<Issuer>]> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whose token is it?
    pub async fn ask(&self, token: &str, context: &TokenContext<'_>) -> Asked {
        let wanted = |a: &&String| context.audiences.is_empty() || context.audiences.contains(a);
        let audiences: Vec<String> = self.audiences.iter().filter(wanted).cloned().collect();
        let nobody = Asked { answer: Ok(None), issuer: None };
        if audiences.is_empty() && !context.audiences.is_empty() {
            return nobody;
        }
        let Some(token) = Compact::parse(token) else { return nobody };
        let issuers = self.current();
        let Some(issuer) = issuers.iter().find(|issuer| issuer.claims(&token)) else { return nobody };
        let answer = issuer.authenticate(&token, context.now).await;
        let answer = answer.map(|identity| identity.map(|i| Identity { audiences, ..i }));
        Asked { answer, issuer: Some(issuer.url().to_owned()) }
    }
}

impl RemoteTokenAuthenticator for Issuers {
    fn authenticate_token<'a>(&'a self, token: &'a str, context: &'a TokenContext<'a>) -> AnswerFuture<'a> {
        Box::pin(async move { self.ask(token, context).await.answer })
    }
}
