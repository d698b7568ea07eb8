//! The keys that an identity provider publishes (RFC 7517).
//!
//! Entry point: [`KeySet::parse`].  Keys that are not for signatures, or not of a kind that is known here, are left
//! out; what a key says about its algorithm and use binds it.

use std::fmt;

use api::Value;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::ParsedPublicKey;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::algorithm::Algorithm;
use super::json;
use super::jws::Compact;
use super::key::KeyError;

/// The most keys that are taken from a set; a token that names none is tried with all of them.
const MOST_KEYS: usize = 128;
/// The longest modulus of an RSA key in bytes.
const LONGEST_MODULUS: usize = 1024;

/// The usable keys of a provider.
#[derive(Clone, Debug, Default)]
pub struct KeySet {
    keys: Vec<ProviderKey>,
}

/// One key of a provider.
#[derive(Clone)]
pub struct ProviderKey {
    id: String,
    /// Hash of what makes the key, its id included.
    fingerprint: [u8; 32],
    verifiers: Vec<(Algorithm, ParsedPublicKey)>,
}

impl KeySet {
    /// Reads a key set.
    ///
    /// # Errors
    /// A document that is no key set.  Keys in it that cannot be used are no error.
    pub fn parse(document: &[u8]) -> Result<Self, KeyError> {
        let value = json::parse(document).ok_or_else(|| KeyError::new("it is no JSON"))?;
        let keys = match value.get("keys") {
            Some(Value::Array(keys)) => keys,
            Some(Value::Null) | None if value.as_object().is_some() => return Ok(Self::default()),
            _ => return Err(KeyError::new("it is no key set")),
        };
        let keys: Vec<ProviderKey> = keys.iter().filter_map(ProviderKey::from_jwk).take(MOST_KEYS).collect();
        Ok(Self { keys })
    }

    /// True when a key in it goes by that id.
    pub fn has_id(&self, id: &str) -> bool {
        self.keys.iter().any(|k| k.id == id)
    }

    /// True when it holds no key.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// True when all keys of `other` are in it.
    pub fn includes(&self, other: &Self) -> bool {
        other.keys.iter().all(|k| self.keys.iter().any(|mine| mine.fingerprint == k.fingerprint))
    }

    /// True when one of its keys signed the token; a token that names a key is tried with that key alone.
    pub fn signed(&self, token: &Compact, allowed: &[Algorithm]) -> bool {
        let id = token.key_id();
        self.keys.iter().filter(|k| id.is_empty() || k.id == id).any(|k| token.is_signed_by(k, allowed))
    }
}

impl ProviderKey {
    /// The key of a JWK; `None` when it is not one that verifies signatures.
    pub fn from_jwk(jwk: &Value) -> Option<Self> {
        let known = |name: &str, good: &dyn Fn(&str) -> bool| match jwk.get(name) {
            None | Some(Value::Null) => true,
            Some(value) => value.as_str().is_some_and(good),
        };
        let verifies = match jwk.get("key_ops") {
            None | Some(Value::Null) => true,
            Some(ops) => ops.as_array()?.iter().any(|op| op.as_str() == Some("verify")),
        };
        if !known("use", &|u| matches!(u, "" | "sig")) || !known("kid", &|_| true) || !verifies {
            return None;
        }
        let (material, candidates) = match jwk.str_at(&["kty"]) {
            "RSA" => rsa(jwk)?,
            "EC" => elliptic(jwk)?,
            _ => return None,
        };
        let bound = |a: &Algorithm| known("alg", &|name| name.is_empty() || name == a.name());
        let verifiers = candidates.into_iter().filter(bound);
        let verifiers: Vec<_> = verifiers.filter_map(|a| Some((a, material.parse(a)?))).collect();
        let id = jwk.str_at(&["kid"]).to_owned();
        let fingerprint = fingerprint(&id, &material, &verifiers);
        (!verifiers.is_empty()).then_some(Self { id, fingerprint, verifiers })
    }

    /// True when `signature` over `message` is of this key, and the key is for the algorithm.
    pub fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let verifier = self.verifiers.iter().find(|(a, _)| *a == algorithm);
        verifier.is_some_and(|(_, key)| key.verify_sig(message, signature).is_ok())
    }
}

/// What makes a public key.
enum Material {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// An uncompressed point.
    Point(Vec<u8>),
}

impl Material {
    fn parse(&self, algorithm: Algorithm) -> Option<ParsedPublicKey> {
        match self {
            Self::Rsa { n, e } => {
                let der: PublicKeyX509Der = PublicKeyComponents { n, e }.as_der().ok()?;
                ParsedPublicKey::new(algorithm.verification(), der.as_ref()).ok()
            }
            Self::Point(point) => ParsedPublicKey::new(algorithm.verification(), point).ok(),
        }
    }
}

fn rsa(jwk: &Value) -> Option<(Material, Vec<Algorithm>)> {
    let (n, e) = (number(jwk, "n")?, number(jwk, "e")?);
    let bits = n.len().checked_mul(8)? - n.first()?.leading_zeros() as usize;
    // An even exponent or one of 1 makes a key that anybody can sign for.
    let odd = e.last().is_some_and(|b| b & 1 == 1) && e.as_slice() != [1];
    if !(2048..=8 * LONGEST_MODULUS).contains(&bits) || !odd || e.len() > 8 {
        return None;
    }
    Some((Material::Rsa { n, e }, Algorithm::RSA.to_vec()))
}

fn elliptic(jwk: &Value) -> Option<(Material, Vec<Algorithm>)> {
    let (algorithm, size) = match jwk.str_at(&["crv"]) {
        "P-256" => (Algorithm::Es256, 32),
        "P-384" => (Algorithm::Es384, 48),
        "P-521" => (Algorithm::Es512, 66),
        _ => return None,
    };
    let coordinate = |name: &str| decode(jwk.str_at(&[name])).filter(|bytes| bytes.len() == size);
    let (x, y) = (coordinate("x")?, coordinate("y")?);
    Some((Material::Point([&[4][..], &x, &y].concat()), vec![algorithm]))
}

/// A member that is a big-endian number, without leading zeros.
fn number(jwk: &Value, name: &str) -> Option<Vec<u8>> {
    let bytes = decode(jwk.str_at(&[name]))?;
    let zeros = bytes.iter().take_while(|b| **b == 0).count();
    bytes.get(zeros..).filter(|b| !b.is_empty()).map(<[u8]>::to_vec)
}

/// Base64url; some providers pad.
fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()
}

fn fingerprint(id: &str, material: &Material, verifiers: &[(Algorithm, ParsedPublicKey)]) -> [u8; 32] {
    let mut bytes = Vec::new();
    let mut part = |text: &[u8]| {
        bytes.extend((text.len() as u64).to_le_bytes());
        bytes.extend(text);
    };
    part(id.as_bytes());
    match material {
        Material::Rsa { n, e } => [n, e].into_iter().for_each(|b| part(b)),
        Material::Point(point) => part(point),
    }
    verifiers.iter().for_each(|(a, _)| part(a.name().as_bytes()));
    let mut hash = [0; 32];
    hash.iter_mut().zip(digest(&SHA256, &bytes).as_ref()).for_each(|(to, from)| *to = *from);
    hash
}

impl fmt::Debug for ProviderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.verifiers.iter().map(|(a, _)| a.name()).collect();
        write!(f, "ProviderKey({} {})", self.id, names.join(","))
    }
}

#[cfg(test)]
mod tests;
