//! One issuer of tokens, as it is configured.
//!
//! Entry point: [`Issuer::authenticate`].

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::compile::Rules;
use super::config::JwtAuthenticator;
use super::distributed::Resolver;
use super::fetch::Fetch;
use super::provider::{KeyNews, Provider};
use super::{claims, mapping};
use crate::authenticator::{Answer, AuthnError, Identity};
use crate::grounds::{Ground, Grounds};
use crate::jose::{Algorithm, Compact};

/// An issuer, its keys, and what its tokens mean.
pub struct Issuer {
    settings: JwtAuthenticator,
    rules: Rules,
    provider: Arc<Provider>,
    groups: Option<Resolver>,
    retired: Arc<AtomicBool>,
}

/// What an identity of an issuer stands on: the issuer is still configured as it was, and none of its keys was
/// withdrawn since.
struct Keys {
    provider: Arc<Provider>,
    withdrawn: u64,
    retired: Arc<AtomicBool>,
}

impl Issuer {
    /// An issuer whose tokens may be signed with these algorithms.
    pub(super) fn new(
        settings: JwtAuthenticator,
        rules: Rules,
        algorithms: &[Algorithm],
        fetch: &Arc<dyn Fetch>,
    ) -> Self {
        let issuer = &settings.issuer;
        let provider = Provider::new(&issuer.url, &issuer.discovery_url, algorithms.to_vec(), fetch.clone());
        let claim = &settings.groups.claim;
        let groups =
            (!claim.is_empty()).then(|| Resolver::new(claim, &issuer.audiences, algorithms, fetch.clone()));
        Self { rules, provider: Arc::new(provider), groups, settings, retired: Arc::default() }
    }

    /// Its URL.
    pub fn url(&self) -> &str {
        &self.settings.issuer.url
    }

    /// How it is configured.
    pub fn settings(&self) -> &JwtAuthenticator {
        &self.settings
    }

    /// What became of the last requests for its keys.
    pub fn key_news(&self) -> KeyNews {
        self.provider.news()
    }

    /// Why it is of no use yet, if so.
    ///
    /// # Errors
    /// In upstream's words.
    pub fn health(&self) -> Result<(), String> {
        if self.provider.is_known() {
            return Ok(());
        }
        let (url, why) = (api::field::go_quote(self.url()), self.provider.failure());
        let why = why.unwrap_or_else(|| format!("oidc: authenticator for issuer {url} is not initialized"));
        Err(format!("oidc: authenticator for issuer {url} is not healthy: {why}"))
    }

    /// Reads its discovery document and keys, when that is due; answers after how many seconds to come again.
    pub async fn tend(&self, now: i64) -> i64 {
        self.provider.refresh(now).await
    }

    /// It is not configured any more: answers about its tokens are void, wherever they are remembered.
    pub(super) fn retire(&self) {
        self.retired.store(true, Ordering::Release);
    }

    /// True for tokens that say they are of this issuer.
    pub(super) fn claims(&self, token: &Compact) -> bool {
        claims::is_issuer(token.claimed_issuer(), self.url())
    }

    /// Whose token is it?  It says that it is of this issuer.
    pub(super) async fn authenticate(&self, token: &Compact<'_>, now: i64) -> Answer {
        if !self.provider.is_known() {
            return Err(AuthnError::new("oidc: authenticator not initialized"));
        }
        self.identity(token, now).await.map(Some).map_err(AuthnError::new)
    }

    async fn identity(&self, token: &Compact<'_>, now: i64) -> Result<Identity, String> {
        // Before the signature: a key that is withdrawn while it is looked at must not go unnoticed.
        let keys = Keys {
            provider: self.provider.clone(),
            withdrawn: self.provider.withdrawn(),
            retired: self.retired.clone(),
        };
        let verified = self.provider.verify(token, &self.settings.issuer.audiences, now).await;
        let (claims, expires) = verified.map_err(|e| format!("oidc: verify token: {e}"))?;
        let distributed = match &self.groups {
            Some(resolver) => resolver.resolve(claims, now).await,
            None => Ok(None),
        };
        let distributed =
            distributed.map_err(|e| format!("oidc: could not expand distributed claims: {e}"))?;
        // What somebody else has said is remembered for the usual short time.
        let until = if distributed.is_some() { now } else { expires };
        let user = match distributed {
            Some(groups) => {
                let mut claims = claims.clone();
                claims.insert(self.settings.groups.claim.as_str(), groups);
                mapping::user(&self.settings, &self.rules, &claims)
            }
            None => mapping::user(&self.settings, &self.rules, claims),
        };
        let grounds = Grounds::new(Arc::new(keys), until);
        Ok(Identity { expires: Some(expires), grounds, ..Identity::of(user?) })
    }
}

impl Ground for Keys {
    fn holds(&self, _now: i64) -> bool {
        self.provider.withdrawn() == self.withdrawn && !self.retired.load(Ordering::Acquire)
    }
}

impl std::fmt::Debug for Issuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issuer").field("url", &self.url()).finish_non_exhaustive()
    }
}
