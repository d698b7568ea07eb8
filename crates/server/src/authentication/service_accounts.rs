//! Tokens of service accounts: the keys they are signed and checked with, and the objects they depend on.

use std::path::Path;
use std::sync::Arc;

use api::{ApiError, Value};
use authn::jose::{self, PublicKey, SigningKey};
use authn::service_account::legacy::{self, LegacyTokens};
use authn::service_account::request::{EXTENDED_SECONDS, Issuer};
use authn::service_account::{Bound, BoundObject, KeyRing, Keyed, Keys, LegacyUse, Lookup, TokenKey, Tokens};
use authn::{Secret, TokenMember};

use super::{External, Making};
use crate::app::App;
use crate::config::Config;
use crate::late::Late;
use crate::pki::Pki;
use crate::registry::parse;

/// Issues tokens of service accounts, and what they are checked with.
pub(crate) struct ServiceAccounts {
    /// How tokens are issued.
    pub issuer: Issuer,
    signer: Signer,
    /// All issuers whose tokens are taken.
    issuers: Vec<String>,
    /// The keys tokens are checked with, which the key set document tells, and what was counted of them.
    pub keys: Keys,
}

/// Who signs tokens.
enum Signer {
    /// This server.
    Key(SigningKey),
    /// A service elsewhere.
    External(Arc<External>),
}

/// For how many seconds others may keep the keys that this server signs with.
const KEYS_KEPT: u64 = 3600;

impl ServiceAccounts {
    /// The keys and issuers that the flags name; those of `external` when it is there.
    ///
    /// # Errors
    /// The flag or file that cannot be used.
    pub(super) fn new(config: &Config, pki: &Pki, external: Option<Arc<External>>) -> Result<Self, String> {
        let most = external.as_ref().map(|external| external.max_seconds);
        let (signer, keys) = match external {
            Some(external) => (Signer::External(Arc::clone(&external)), Arc::clone(&external.ring)),
            None => own_keys(config, pki)?,
        };
        let issuers = config.service_account_issuer.clone();
        let name = issuers.first().cloned().ok_or("--service-account-issuer: an issuer is needed")?;
        let audiences =
            if config.api_audiences.is_empty() { issuers.clone() } else { config.api_audiences.clone() };
        let max = config.service_account_max_token_expiration.and_then(|d| i64::try_from(d.as_secs()).ok());
        let extended = EXTENDED_SECONDS.min(most.unwrap_or(i64::MAX));
        let extended_seconds = config.service_account_extend_token_expiration.then_some(extended);
        let keys = Keys { keys, audiences: audiences.clone(), counts: Arc::default() };
        let issuer = Issuer { name, audiences, max_seconds: max.or(most), extended_seconds };
        Ok(Self { issuer, signer, issuers, keys })
    }

    /// Signs the claims of a token.
    ///
    /// # Errors
    /// 500 when the key, or the service that has it, does not sign.
    pub(crate) async fn sign(&self, payload: &Value) -> Result<Secret, ApiError> {
        let signed = match &self.signer {
            Signer::Key(key) => jose::sign(key, payload).map_err(|e| e.to_string()),
            Signer::External(external) => external.sign(payload).await,
        };
        signed.map_err(|error| ApiError::internal(format!("failed to generate token: {error}")))
    }

    /// The service that signs tokens, when it is not this server.
    pub(crate) fn external(&self) -> Option<&Arc<External>> {
        match &self.signer {
            Signer::Key(_) => None,
            Signer::External(external) => Some(external),
        }
    }

    /// The token of a secret (`kubernetes.io/service-account-token`); `None` when the key is elsewhere: such tokens have
    /// no end, and signers sign none.
    ///
    /// # Errors
    /// 500 when the key does not sign.
    pub(crate) fn legacy_token(&self, account: &Value, secret: &Value) -> Result<Option<Secret>, ApiError> {
        let failed = |error| ApiError::internal(format!("failed to generate token: {error}"));
        match &self.signer {
            Signer::Key(key) => jose::sign(key, &legacy::claims(account, secret)).map(Some).map_err(failed),
            Signer::External(_) => Ok(None),
        }
    }

    /// For how many seconds others may keep what this server tells of keys.
    pub(crate) fn keys_kept(&self) -> u64 {
        self.external().map_or(KEYS_KEPT, |external| external.seconds_left())
    }

    /// The key set at `/openid/v1/jwks`.
    pub(crate) fn key_set(&self) -> Value {
        jose::key_set(published(&self.keys.keys.current()))
    }

    /// The document at `/.well-known/openid-configuration`.
    ///
    /// # Errors
    /// An issuer that is no HTTPS URL has no such document.
    pub(crate) fn openid_configuration(&self, jwks_uri: &str) -> Result<Value, String> {
        jose::openid_configuration(&self.issuer.name, jwks_uri, published(&self.keys.keys.current()))
    }
}

/// Tokens that this server has issued, or another one with its key.
pub(super) fn make(making: &Making<'_>) -> Result<Option<TokenMember>, String> {
    let accounts = making.accounts;
    let (issuers, keys) = (accounts.issuers.clone(), accounts.keys.clone());
    Ok(Some(member(making, Tokens { issuers, keys, lookup: making.objects.clone() })))
}

/// Tokens in secrets.
pub(super) fn make_legacy(making: &Making<'_>) -> Result<Option<TokenMember>, String> {
    let (keys, check) = (making.accounts.keys.clone(), making.config.service_account_lookup);
    Ok(Some(member(making, LegacyTokens { keys, lookup: making.objects.clone(), check })))
}

fn member<T: Keyed + 'static>(making: &Making<'_>, tokens: T) -> TokenMember {
    match making.accounts.external() {
        None => TokenMember::Local(Arc::new(tokens)),
        Some(external) => external.member(tokens),
    }
}

/// The keys that relying parties are told.
fn published(keys: &[TokenKey]) -> impl Iterator<Item = &PublicKey> {
    keys.iter().filter(|k| !k.unpublished).map(|k| &k.key)
}

/// The keys in files.
fn own_keys(config: &Config, pki: &Pki) -> Result<(Signer, Arc<KeyRing>), String> {
    let signing = config.service_account_signing_key_file.as_ref().unwrap_or(&pki.service_account_key);
    let key = SigningKey::from_pem(&read(signing)?).map_err(|e| named(signing, e))?;
    let keys = KeyRing::of(public_keys(config, &key)?);
    Ok((Signer::Key(key), keys))
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

fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|e| named(path, e))
}

fn named(path: &Path, why: impl std::fmt::Display) -> String {
    format!("{}: {why}", path.display())
}

/// Looks for the objects of tokens in the store.
impl Lookup for Late<App> {
    fn find(&self, kind: Bound, namespace: &str, name: &str) -> Option<BoundObject> {
        let object = self.get()?.object("", resource(kind), namespace, name)?;
        let value = parse(&object).ok()?;
        let deleted = value.str_at(&["metadata", "deletionTimestamp"]);
        Some(BoundObject {
            uid: object.head().uid.to_string(),
            deleted_at: api::time::Timestamp::parse(deleted).ok().map(api::time::Timestamp::seconds),
            revision: object.revision(),
        })
    }

    fn object(&self, kind: Bound, namespace: &str, name: &str) -> Option<Value> {
        let object = self.get()?.object("", resource(kind), namespace, name)?;
        parse(&object).ok()
    }

    fn revision(&self, kind: Bound, namespace: &str, name: &str) -> Option<u64> {
        let object = self.get()?.object("", resource(kind), namespace, name)?;
        Some(object.revision())
    }

    fn legacy_token_used(&self, used: &LegacyUse) {
        if let Some(app) = self.get() {
            app.legacy_uses.add(used.clone());
        }
    }
}

fn resource(kind: Bound) -> &'static str {
    match kind {
        Bound::ServiceAccount => "serviceaccounts",
        Bound::Pod => "pods",
        Bound::Secret => "secrets",
        Bound::Node => "nodes",
    }
}
