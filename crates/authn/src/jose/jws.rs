//! The compact serialization of a JWS: `header.payload.signature`, each base64url without padding.

use api::{Secret, Value, json, object};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::algorithm::Algorithm;
use super::json::parse;
use super::key::{KeyError, PublicKey, SigningKey};
use super::key_set::ProviderKey;

/// Tokens longer than this are not looked at, in bytes.
const LONGEST: usize = 1 << 20;

/// A JWS taken apart; nothing in it can be trusted before [`Compact::payload_if_signed_by`].
pub struct Compact<'a> {
    /// `header.payload` as it was signed.
    signed: &'a str,
    signature: Vec<u8>,
    header: Value,
    payload: Value,
}

impl<'a> Compact<'a> {
    /// Takes a token apart; `None` when it is no JWS of ours: not three parts of strict base64url, no JSON objects in
    /// them, an extension that must be understood.
    pub fn parse(token: &'a str) -> Option<Self> {
        if token.len() > LONGEST {
            return None;
        }
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
        let object = |text: &str| parse(&decode(text)?).filter(|v| v.as_object().is_some());
        let header = object(header)?;
        if header.get("crit").is_some() || header.get("b64").is_some() {
            return None;
        }
        if header.get("kid").is_some_and(|kid| kid.as_str().is_none()) {
            return None;
        }
        Some(Self { signed, signature: decode(signature)?, payload: object(payload)?, header })
    }

    /// The id of the key, as the token claims it; `""` when it names none.
    pub fn key_id(&self) -> &str {
        self.header.str_at(&["kid"])
    }

    /// The issuer, as the token claims it, to see whether to look further at all.
    pub fn claimed_issuer(&self) -> &str {
        self.payload.str_at(&["iss"])
    }

    /// The algorithm, as the token claims it.
    pub fn claimed_algorithm(&self) -> &str {
        self.header.str_at(&["alg"])
    }

    /// The payload as the token claims it, which nobody has vouched for.
    pub fn claimed_payload(&self) -> &Value {
        &self.payload
    }

    /// True when the token is signed by this key with one of these algorithms, and the key is for that algorithm.
    pub fn is_signed_by(&self, key: &ProviderKey, allowed: &[Algorithm]) -> bool {
        let named = Algorithm::named(self.claimed_algorithm()).filter(|a| allowed.contains(a));
        named.is_some_and(|algorithm| key.verify(algorithm, self.signed.as_bytes(), &self.signature))
    }

    /// The payload, if the token is signed by this key with the algorithm of this key.
    pub fn payload_if_signed_by(&self, key: &PublicKey) -> Option<&Value> {
        let named = self.header.str_at(&["alg"]) == key.algorithm.name();
        (named && key.verify(self.signed.as_bytes(), &self.signature)).then_some(&self.payload)
    }
}

/// Signs a payload.
pub fn sign(key: &SigningKey, payload: &Value) -> Result<Secret, KeyError> {
    let header = object! { "alg" => key.public().algorithm.name(), "kid" => key.public().id.as_str() };
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(json::to_string(value));
    let signed = format!("{}.{}", part(&header), part(payload));
    let signature = URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes())?);
    Ok(Secret::new(format!("{signed}.{signature}")))
}
