//! What relying parties read: the key set and the OpenID configuration of an issuer.

use api::{Map, Value, object};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use x509_parser::public_key::PublicKey as Parsed;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::algorithm::Algorithm;
use super::key::PublicKey;

/// The key set (RFC 7517) of an issuer.
pub fn key_set<'a>(keys: impl IntoIterator<Item = &'a PublicKey>) -> Value {
    object! { "keys" => keys.into_iter().map(jwk).collect::<Vec<_>>() }
}

/// The OpenID configuration of an issuer whose key set is at `jwks_uri`.
///
/// Fails with upstream's text when either is no plain `https` URL.
pub fn openid_configuration<'a>(
    issuer: &str,
    jwks_uri: &str,
    keys: impl IntoIterator<Item = &'a PublicKey>,
) -> Result<Value, String> {
    if issuer.is_empty() {
        return Err("empty issuer URL".to_owned());
    }
    if !issuer.starts_with("https://") {
        return Err(format!("issuer URL must use https scheme, got: {issuer}"));
    }
    for (mark, what) in [('?', "query"), ('#', "fragment")] {
        if issuer.contains(mark) {
            return Err(format!("issuer URL may not include a {what}, got: {issuer}"));
        }
    }
    if !jwks_uri.starts_with("https://") {
        return Err(format!("jwksURI requires https scheme, parsed as: {jwks_uri}"));
    }
    let mut algorithms: Vec<&str> = keys.into_iter().map(|k| k.algorithm.name()).collect();
    algorithms.sort_unstable();
    algorithms.dedup();
    Ok(object! {
        "issuer" => issuer,
        "jwks_uri" => jwks_uri,
        "response_types_supported" => vec!["id_token"],
        "subject_types_supported" => vec!["public"],
        "id_token_signing_alg_values_supported" => algorithms,
    })
}

fn jwk(key: &PublicKey) -> Value {
    let members = key.jwk_members();
    let mut jwk = Map::new();
    jwk.insert("use", "sig".into());
    jwk.insert("kty", members.at(&["kty"]).clone());
    jwk.insert("kid", key.id.as_str().into());
    if let Some(curve) = members.get("crv") {
        jwk.insert("crv", curve.clone());
    }
    jwk.insert("alg", key.algorithm.name().into());
    for member in ["x", "y", "n", "e"] {
        if let Some(value) = members.get(member) {
            jwk.insert(member, value.clone());
        }
    }
    jwk.into()
}

/// The algorithm of a key and the members of its JWK that depend on its kind; `None` for keys that are not supported.
pub(super) fn of_key(info: &SubjectPublicKeyInfo) -> Option<(Algorithm, Value)> {
    let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    match info.parsed().ok()? {
        Parsed::RSA(key) => {
            let strip = |bytes: &[u8]| bytes.iter().copied().skip_while(|b| *b == 0).collect::<Vec<u8>>();
            let (n, e) = (strip(key.modulus), strip(key.exponent));
            let bits = n.len() * 8 - n.first()?.leading_zeros() as usize;
            let jwk = object! { "kty" => "RSA", "n" => text(&n), "e" => text(&e) };
            (2048..=8192).contains(&bits).then_some((Algorithm::Rs256, jwk))
        }
        Parsed::EC(point) => {
            let (algorithm, curve, size) = curve(info)?;
            let coordinates = point.data().strip_prefix(&[4])?;
            let (x, y) = (coordinates.get(..size)?, coordinates.get(size..).filter(|y| y.len() == size)?);
            Some((algorithm, object! { "kty" => "EC", "crv" => curve, "x" => text(x), "y" => text(y) }))
        }
        _ => None,
    }
}

/// The algorithm of a key on a curve, the curve's name, and the bytes of a coordinate.
fn curve(info: &SubjectPublicKeyInfo) -> Option<(Algorithm, &'static str, usize)> {
    let oid = info.algorithm.parameters.as_ref()?.as_oid().ok()?.to_id_string();
    match oid.as_str() {
        "1.2.840.10045.3.1.7" => Some((Algorithm::Es256, "P-256", 32)),
        "1.3.132.0.34" => Some((Algorithm::Es384, "P-384", 48)),
        "1.3.132.0.35" => Some((Algorithm::Es512, "P-521", 66)),
        _ => None,
    }
}
