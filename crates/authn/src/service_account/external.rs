//! Tokens that somebody else signs (KEP-740): what a signer's answers must be like before they are used.
//!
//! Entry points: [`encode_claims`] for what is sent, [`assemble`] for a signature, [`token_keys`] for keys.  Nothing is
//! asked here; how a signer is reached is the server's.

use api::{Value, field, json};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::keys::{KeyRing, TokenKey};
use crate::Secret;
use crate::jose::{Compact, PublicKey, parse_json};

/// Bytes that the id of a key may have.
const LONGEST_ID: usize = 1024;
/// How the keys of a signer may sign; upstream's.
const ALGORITHMS: [&str; 4] = ["RS256", "ES256", "ES384", "ES512"];

/// What a signer answers to claims; both parts as a token has them.
#[derive(Clone, Debug, Default)]
pub struct Signed {
    /// The header, base64url without padding.
    pub header: String,
    /// The signature, base64url without padding.
    pub signature: String,
}

/// A key as a signer tells it.
#[derive(Clone, Debug, Default)]
pub struct SignerKey {
    /// Its id, as headers name it.
    pub id: String,
    /// `SubjectPublicKeyInfo`, DER.
    pub der: Vec<u8>,
    /// It verifies what was signed before, and nothing new is signed with it.
    pub unpublished: bool,
}

/// The claims as a signer is sent them: base64url of their JSON.
pub fn encode_claims(payload: &Value) -> String {
    URL_SAFE_NO_PAD.encode(json::to_string(payload))
}

/// The id of the key that a header names, once everything else about it is right.
///
/// # Errors
/// Upstream's text of what is wrong.
pub fn key_id(header: &str) -> Result<String, String> {
    let bytes = URL_SAFE_NO_PAD.decode(header).map_err(|e| format!("while unwrapping header: {e}"))?;
    let unreadable = |why: &str| format!("while parsing header JSON: {why}");
    let header = parse_json(&bytes).ok_or_else(|| unreadable("it is no JSON"))?;
    let members = header.as_object().ok_or_else(|| unreadable("it is no object"))?;
    for (name, value) in members.iter() {
        if !matches!(name, "alg" | "kid" | "typ") {
            return Err(unreadable(&format!("json: unknown field {}", field::go_quote(name))));
        }
        if value.as_str().is_none() {
            return Err(unreadable(&format!("{name} is no string")));
        }
    }
    let (id, algorithm) = (header.str_at(&["kid"]), header.str_at(&["alg"]));
    match id.len() {
        _ if header.str_at(&["typ"]) != "JWT" => Err("bad type".to_owned()),
        0 => Err("key id missing".to_owned()),
        length if length > LONGEST_ID => Err("key id longer than 1 kb".to_owned()),
        _ if !ALGORITHMS.contains(&algorithm) => {
            Err(format!("bad signing algorithm {}", field::go_quote(algorithm)))
        }
        _ => Ok(id.to_owned()),
    }
}

/// The token of claims that were sent as `claims`, from what the signer answered.  A key that the ring does not have is
/// taken at its word, as upstream does; one that it has must really have signed.
///
/// # Errors
/// What is wrong with the answer.
pub fn assemble(claims: &str, signed: &Signed, ring: &KeyRing) -> Result<Secret, String> {
    let wrong = |why: String| format!("while validating header: {why}");
    let id = key_id(&signed.header).map_err(wrong)?;
    let all = ring.current();
    let keys: Vec<&TokenKey> = all.iter().filter(|k| k.key.id == id).collect();
    if keys.iter().any(|k| k.unpublished) {
        return Err(wrong(format!(
            "key used for signing JWT (kid: {id}) is excluded from OIDC discovery docs"
        )));
    }
    if signed.signature.is_empty() {
        return Err("empty signature returned".to_owned());
    }
    let token = format!("{}.{claims}.{}", signed.header, signed.signature);
    let jws = Compact::parse(&token).ok_or("the signature is not base64url")?;
    if !keys.is_empty() && !keys.iter().any(|k| jws.payload_if_signed_by(&k.key).is_some()) {
        return Err(format!("the signature is not of the key that it names (kid: {id})"));
    }
    Ok(Secret::new(token))
}

/// The keys of a signer.
///
/// # Errors
/// Upstream's text of what is wrong; one key that cannot be used makes all of them useless.
pub fn token_keys(keys: &[SignerKey]) -> Result<Vec<TokenKey>, String> {
    if keys.is_empty() {
        return Err("found no keys".to_owned());
    }
    keys.iter().map(token_key).collect()
}

fn token_key(key: &SignerKey) -> Result<TokenKey, String> {
    if key.id.is_empty() || key.id.len() > LONGEST_ID {
        return Err(format!("found invalid public key id {}", field::go_quote(&key.id)));
    }
    if key.der.is_empty() {
        return Err("found empty public key".to_owned());
    }
    let parsed = PublicKey::from_spki(&key.der);
    let parsed = parsed.map_err(|e| format!("while parsing external public keys: {e}"))?;
    Ok(TokenKey { key: parsed.named(&key.id), unpublished: key.unpublished })
}

#[cfg(test)]
mod tests;
