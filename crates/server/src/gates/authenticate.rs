//! Authentication: who sends this request.

use std::path::Path;
use std::sync::Arc;

use api::{ApiError, RequestInfo, UserInfo, Value};
use authn::jose::{self, PublicKey, SigningKey};
use authn::service_account::{self, Bound, BoundObject, Lookup, Tokens};
use authn::{
    Anonymous, Authenticator as _, Certificate, Chain, Credentials, SystemRandom, TokenAuthenticator,
    TokenCache, TokenContext, TokenFile,
};

use super::receive::Received;
use crate::app::App;
use crate::config::Config;
use crate::late::Late;
use crate::pipeline::header;
use crate::pki::Pki;
use crate::registry::parse;
use crate::transport::{ClientCertificate, Connection};

/// Whoever comes in on the insecure port (upstream's name for it).
const UNSECURED: &str = "system:unsecured";
/// How long a verified token is remembered, in seconds (upstream's success TTL).
const TOKEN_CACHE_SECONDS: i64 = 10;

/// The authenticators of a server, and what issues its tokens.
pub(crate) struct Authentication {
    chain: Chain,
    /// Audiences of this API.
    audiences: Vec<String>,
    /// Issues service-account tokens.
    pub issuer: service_account::request::Issuer,
    /// The keys tokens are checked with, for the key set document.
    keys: Vec<PublicKey>,
    /// The objects that tokens refer to; set when the server has its store.
    pub objects: Arc<Late<App>>,
}

impl std::fmt::Debug for Authentication {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authentication")
    }
}

/// A request whose sender is known.
#[derive(Debug)]
pub(crate) struct Authenticated {
    received: Received,
    user: UserInfo,
    warnings: Vec<String>,
}

impl Authenticated {
    /// What it asks for.
    pub(crate) fn info(&self) -> &RequestInfo {
        &self.received.info
    }

    /// Who asks.
    pub(crate) fn user(&self) -> &UserInfo {
        &self.user
    }

    pub(super) fn received(&self) -> &Received {
        &self.received
    }

    /// The same request on behalf of somebody else.
    pub(super) fn acting_as(self, user: UserInfo) -> Self {
        Self { user, ..self }
    }

    /// What authentication has to say to the client besides.
    pub(crate) fn warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }

    pub(super) fn into_parts(self) -> (Received, UserInfo) {
        (self.received, self.user)
    }
}

/// Finds out who sends a request.
///
/// # Errors
/// 401 for credentials that are not good, and for none when anonymous requests are not allowed.  Why is logged, not
/// told.
pub(crate) fn authenticate(
    app: &App,
    connection: &Connection,
    received: Received,
) -> Result<Authenticated, ApiError> {
    if received.insecure {
        let user = UserInfo::new(UNSECURED, [api::user::SYSTEM_MASTERS, api::user::AUTHENTICATED]);
        return Ok(Authenticated { received, user, warnings: Vec::new() });
    }
    let answer = app.authentication.chain.authenticate(&credentials(app, connection, &received));
    match answer {
        Ok(Some(identity)) => {
            Ok(Authenticated { received, user: identity.user, warnings: identity.warnings })
        }
        Ok(None) => Err(ApiError::unauthorized()),
        Err(why) => {
            tracing::info!(peer = %connection.peer, %why, "cannot authenticate a request");
            Err(ApiError::unauthorized())
        }
    }
}

fn credentials<'a>(app: &App, connection: &'a Connection, received: &'a Received) -> Credentials<'a> {
    let text = |name: &str| Some(header(received.headers(), name)).filter(|v| !v.is_empty());
    let now = app.now().seconds();
    let certificate = match &connection.client {
        ClientCertificate::None => Certificate::None,
        ClientCertificate::Verified { not_after, .. } if *not_after < now => {
            Certificate::Invalid("it has expired since the connection was opened")
        }
        ClientCertificate::Verified { chain, .. } => {
            chain.first().map_or(Certificate::None, |c| Certificate::Verified(c))
        }
        ClientCertificate::Invalid(why) => Certificate::Invalid(why),
    };
    Credentials {
        certificate,
        authorization: text("authorization"),
        websocket_protocols: text("sec-websocket-protocol"),
        path: &received.info.path,
        context: TokenContext { audiences: &[], now },
    }
}

impl Authentication {
    /// The authenticators that the flags ask for.
    ///
    /// # Errors
    /// The file that cannot be used.
    pub(crate) fn new(config: &Config, pki: &Pki) -> Result<Self, String> {
        let signing = config.service_account_signing_key_file.as_ref().unwrap_or(&pki.service_account_key);
        let key = SigningKey::from_pem(&read(signing)?).map_err(|e| named(signing, e))?;
        let keys = public_keys(config, &key)?;
        let issuers = config.service_account_issuer.clone();
        let name = issuers.first().cloned().ok_or("--service-account-issuer: an issuer is needed")?;
        let audiences =
            if config.api_audiences.is_empty() { issuers.clone() } else { config.api_audiences.clone() };
        let objects = Arc::<Late<App>>::default();
        let mut members: Vec<Arc<dyn TokenAuthenticator>> = Vec::new();
        if let Some(path) = &config.token_auth_file {
            members.push(Arc::new(token_file(path, &audiences)?));
        }
        members.push(Arc::new(Tokens {
            issuers,
            keys: keys.clone(),
            audiences: audiences.clone(),
            lookup: Some(objects.clone()),
        }));
        let tokens =
            TokenCache::new(members, TOKEN_CACHE_SECONDS, &SystemRandom).map_err(|e| e.to_string())?;
        let anonymous = if config.anonymous_auth { Anonymous::Allowed } else { Anonymous::Refused };
        let max = config.service_account_max_token_expiration.and_then(|d| i64::try_from(d.as_secs()).ok());
        let issuer = service_account::request::Issuer {
            key,
            name,
            audiences: audiences.clone(),
            max_seconds: max,
            extend: config.service_account_extend_token_expiration,
        };
        Ok(Self {
            chain: Chain { certificates: true, tokens: Some(tokens), anonymous },
            audiences,
            issuer,
            keys,
            objects,
        })
    }

    /// Answers a TokenReview.
    ///
    /// # Errors
    /// 400 for a review without a token.
    pub(crate) fn review(&self, app: &App, review: Value) -> Result<Value, ApiError> {
        authn::review::token_review(review, &self.chain, &self.audiences, app.now().seconds())
    }

    /// The key set at `/openid/v1/jwks`.
    pub(crate) fn key_set(&self) -> Value {
        jose::key_set(&self.keys)
    }

    /// The document at `/.well-known/openid-configuration`.
    ///
    /// # Errors
    /// An issuer that is no HTTPS URL has no such document.
    pub(crate) fn openid_configuration(&self, jwks_uri: &str) -> Result<Value, String> {
        jose::openid_configuration(&self.issuer.name, jwks_uri, &self.keys)
    }
}

fn public_keys(config: &Config, signing: &SigningKey) -> Result<Vec<PublicKey>, String> {
    let mut keys = Vec::new();
    for path in &config.service_account_key_file {
        keys.extend(PublicKey::all_from_pem(&read(path)?).map_err(|e| named(path, e))?);
    }
    if keys.is_empty() {
        keys.push(signing.public().clone());
    }
    Ok(keys)
}

fn token_file(path: &Path, audiences: &[String]) -> Result<TokenFile, String> {
    let text = String::from_utf8(read(path)?).map_err(|e| named(path, e))?;
    let (file, warnings) = TokenFile::parse(&text, audiences, &SystemRandom).map_err(|e| named(path, e))?;
    for warning in warnings {
        tracing::warn!(file = %path.display(), "{warning}");
    }
    Ok(file)
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|e| named(path, e))
}

fn named(path: &Path, why: impl std::fmt::Display) -> String {
    format!("{}: {why}", path.display())
}

/// Looks for the objects of tokens in the store.
impl Lookup for Late<App> {
    fn find(&self, kind: Bound, namespace: &str, name: &str) -> Option<BoundObject> {
        let app = self.get()?;
        let resource = match kind {
            Bound::ServiceAccount => "serviceaccounts",
            Bound::Pod => "pods",
            Bound::Secret => "secrets",
            Bound::Node => "nodes",
        };
        let object = app.object("", resource, namespace, name)?;
        let value = parse(&object).ok()?;
        let deleted = value.str_at(&["metadata", "deletionTimestamp"]);
        Some(BoundObject {
            uid: object.head().uid.to_string(),
            deleted_at: api::time::Timestamp::parse(deleted).ok().map(api::time::Timestamp::seconds),
        })
    }
}
