//! Groups that a token does not hold itself but says where to ask for them (OpenID Connect Core 1.0, section 5.6.2).
//!
//! Entry point: [`Resolver::resolve`].  Only the endpoint that a signed token names is asked, over TLS; what it answers
//! is a token of its own, whose issuer has to vouch for it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use api::{Map, Value};

use super::fetch::Fetch;
use super::provider::Provider;
use crate::jose::{Algorithm, Compact};

/// The most issuers of distributed claims that are remembered.
const MOST_SOURCES: usize = 16;

/// Resolves one distributed claim.
pub(super) struct Resolver {
    claim: String,
    audiences: Vec<String>,
    algorithms: Vec<Algorithm>,
    fetch: Arc<dyn Fetch>,
    /// By issuer.
    sources: Mutex<BTreeMap<String, Arc<Provider>>>,
}

impl Resolver {
    /// Resolves `claim` with tokens for the audiences.
    pub fn new(claim: &str, audiences: &[String], algorithms: &[Algorithm], fetch: Arc<dyn Fetch>) -> Self {
        Self {
            claim: claim.to_owned(),
            audiences: audiences.to_vec(),
            algorithms: algorithms.to_vec(),
            fetch,
            sources: Mutex::default(),
        }
    }

    /// The value of the claim, when the token leaves it to somebody else.
    pub async fn resolve(&self, claims: &Map, now: i64) -> Result<Option<Value>, String> {
        match self.endpoint(claims)? {
            Some((url, bearer)) => self.ask(url, bearer, now).await.map(Some),
            None => Ok(None),
        }
    }

    /// The endpoint that the token names, and the token to show there.
    fn endpoint<'a>(&self, claims: &'a Map) -> Result<Option<(&'a str, Option<&'a str>)>, String> {
        let Some(names) = claims.get("_claim_names").filter(|_| claims.get(&self.claim).is_none()) else {
            return Ok(None);
        };
        let names = names.as_object().ok_or("oidc: error parsing distributed claim names")?;
        let sources = claims.get("_claim_sources").ok_or("oidc: no claim sources")?;
        let sources = sources.as_object().ok_or("oidc: could not parse claim sources")?;
        let Some(name) = names.get(&self.claim).and_then(Value::as_str) else { return Ok(None) };
        let Some(source) = sources.get(name) else {
            return Err(format!(
                "id token _claim_names contained a source {name} missing in _claims_sources"
            ));
        };
        let url = source.str_at(&["endpoint"]);
        let bearer = Some(source.str_at(&["access_token"])).filter(|t| !t.is_empty());
        // Without an endpoint it may be an aggregated claim, which upstream does not know either.
        Ok((!url.is_empty()).then_some((url, bearer)))
    }

    async fn ask(&self, url: &str, bearer: Option<&str>, now: i64) -> Result<Value, String> {
        let claim = api::field::go_quote(&self.claim);
        if !url.starts_with("https://") {
            return Err(format!("while getting distributed claim {claim}: the endpoint {url} is not https"));
        }
        let answer = self.fetch.get(url, bearer).await;
        let body = answer
            .and_then(super::fetch::Fetched::good)
            .map_err(|e| format!("while getting distributed claim {claim}: {e}"))?;
        let text = std::str::from_utf8(&body).map_err(|_| "could not decode distributed claim response")?;
        let token = Compact::parse(text).ok_or_else(|| {
            format!("getting untrusted issuer from endpoint {url} failed for claim {claim}: malformed token")
        })?;
        let source = self.source(token.claimed_issuer(), now).await?;
        let verified = source.verify(&token, &self.audiences, now).await;
        let (claims, _) = verified.map_err(|e| format!("verify distributed claim token: {e}"))?;
        claims.get(&self.claim).cloned().ok_or_else(|| {
            format!(
                "jwt returned by distributed claim endpoint {url:?} did not contain claim: {}",
                self.claim
            )
        })
    }

    /// The provider that answers are from, its document read.
    async fn source(&self, issuer: &str, now: i64) -> Result<Arc<Provider>, String> {
        let failed = |why: &str| format!("verifying untrusted issuer {issuer} failed: {why}");
        let source = self.remembered(issuer).ok_or_else(|| failed("it is no https URL or one too many"))?;
        if !source.is_known() {
            source.refresh(now).await;
        }
        if source.is_known() {
            return Ok(source);
        }
        Err(failed(&format!("verifier not initialized for issuer: {issuer:?}")))
    }

    fn remembered(&self, issuer: &str) -> Option<Arc<Provider>> {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = sources.get(issuer) {
            return Some(known.clone());
        }
        if !issuer.starts_with("https://") || sources.len() >= MOST_SOURCES {
            return None;
        }
        let source = Arc::new(Provider::new(issuer, "", self.algorithms.clone(), self.fetch.clone()));
        sources.insert(issuer.to_owned(), source.clone());
        Some(source)
    }
}
