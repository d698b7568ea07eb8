use api::object;

use super::*;
use crate::jose::{SigningKey, sign};

const P256: &[u8] = include_bytes!("../../../testdata/p256-sec1.pem");
const P384: &[u8] = include_bytes!("../../../testdata/p384-pkcs8.pem");

fn key() -> SigningKey {
    SigningKey::from_pem(P256).unwrap()
}

fn encoded(header: &str) -> String {
    URL_SAFE_NO_PAD.encode(header)
}

/// What an honest signer answers, for a key that is called `k`.
fn answer(claims: &str, key: &SigningKey, algorithm: &str) -> Signed {
    let header = encoded(&format!(r#"{{"alg":"{algorithm}","kid":"k","typ":"JWT"}}"#));
    let signature = key.sign(format!("{header}.{claims}").as_bytes()).unwrap();
    Signed { header, signature: URL_SAFE_NO_PAD.encode(signature) }
}

fn ring(key: &SigningKey, unpublished: bool) -> std::sync::Arc<KeyRing> {
    let ring = KeyRing::of([]);
    ring.replace(vec![TokenKey { key: key.public().clone().named("k"), unpublished }]);
    ring
}

#[test]
fn an_honest_answer_becomes_a_token() {
    let claims = encode_claims(&object! { "iss" => "https://i", "exp" => 1 });
    assert_eq!(claims, encoded(r#"{"iss":"https://i","exp":1}"#));
    let token = assemble(&claims, &answer(&claims, &key(), "ES256"), &ring(&key(), false)).unwrap();
    let jws = Compact::parse(token.expose()).unwrap();
    assert_eq!((jws.key_id(), jws.claimed_issuer()), ("k", "https://i"));
    assert!(jws.payload_if_signed_by(key().public()).is_some());
    // A key that was never told of: upstream believes that it will be.
    assert!(assemble(&claims, &answer(&claims, &key(), "ES256"), &KeyRing::of([])).is_ok());
}

#[test]
fn headers_are_held_against_upstreams_rules() {
    let long = format!(r#"{{"alg":"ES256","kid":"{}","typ":"JWT"}}"#, "k".repeat(1025));
    let full = format!(r#"{{"alg":"ES256","kid":"{}","typ":"JWT"}}"#, "k".repeat(1024));
    assert_eq!(key_id(&encoded(&full)).unwrap().len(), 1024);
    for (header, want) in [
        (r#"{"alg":"ES256","kid":"k","typ":"jwt"}"#, "bad type"),
        (r#"{"alg":"ES256","kid":"k"}"#, "bad type"),
        (r#"{"alg":"ES256","typ":"JWT"}"#, "key id missing"),
        (&long, "key id longer than 1 kb"),
        (r#"{"alg":"none","kid":"k","typ":"JWT"}"#, "bad signing algorithm \"none\""),
        (r#"{"alg":"HS256","kid":"k","typ":"JWT"}"#, "bad signing algorithm \"HS256\""),
        (r#"{"kid":"k","typ":"JWT"}"#, "bad signing algorithm \"\""),
        (
            r#"{"alg":"ES256","kid":"k","typ":"JWT","jku":"https://evil"}"#,
            "while parsing header JSON: json: unknown field \"jku\"",
        ),
        (r#"{"alg":"ES256","kid":1,"typ":"JWT"}"#, "while parsing header JSON: kid is no string"),
        ("[]", "while parsing header JSON: it is no object"),
        ("{} {}", "while parsing header JSON: it is no JSON"),
    ] {
        assert_eq!(key_id(&encoded(header)), Err(want.to_owned()), "{header}");
    }
    assert!(key_id("no base64!").unwrap_err().starts_with("while unwrapping header: "));
}

#[test]
fn lies_are_refused() {
    let claims = encode_claims(&object! { "iss" => "https://i" });
    let judged = |signed: &Signed, ring: &KeyRing| assemble(&claims, signed, ring).map(drop).unwrap_err();
    let honest = answer(&claims, &key(), "ES256");
    assert_eq!(
        judged(&honest, &ring(&key(), true)),
        "while validating header: key used for signing JWT (kid: k) is excluded from OIDC discovery docs"
    );
    let forged = "the signature is not of the key that it names (kid: k)";
    assert_eq!(judged(&honest, &ring(&SigningKey::from_pem(P384).unwrap(), false)), forged);
    assert_eq!(judged(&answer("e30", &key(), "ES256"), &ring(&key(), false)), forged, "other claims");
    assert_eq!(judged(&answer(&claims, &key(), "RS256"), &ring(&key(), false)), forged, "another algorithm");
    for (signature, want) in [
        ("", "empty signature returned"),
        ("a.b", "the signature is not base64url"),
        ("=", "the signature is not base64url"),
    ] {
        let signed = Signed { signature: signature.into(), ..honest.clone() };
        assert_eq!(judged(&signed, &ring(&key(), false)), want);
    }
}

#[test]
fn keys_are_all_good_or_none_is_taken() {
    let jwk = |pem: &[u8]| PublicKey::all_from_pem(pem).unwrap().remove(0);
    let der = include_bytes!("../../../testdata/p256-sec1.pem");
    let der = aws_spki(&SigningKey::from_pem(der).unwrap());
    let good = SignerKey { id: "k".into(), der, unpublished: true };
    let keys = token_keys(std::slice::from_ref(&good)).unwrap();
    assert!(keys[0].unpublished && keys[0].key.is_same(&jwk(P256).named("k")));
    let with = |change: fn(&mut SignerKey)| {
        let mut bad = good.clone();
        change(&mut bad);
        token_keys(&[good.clone(), bad]).map(drop).unwrap_err()
    };
    assert_eq!(token_keys(&[]).map(drop).unwrap_err(), "found no keys");
    assert_eq!(with(|k| k.id.clear()), "found invalid public key id \"\"");
    assert!(with(|k| k.id = "k".repeat(1025)).starts_with("found invalid public key id \"kkk"));
    assert_eq!(with(|k| k.der.clear()), "found empty public key");
    assert!(with(|k| k.der.truncate(9)).starts_with("while parsing external public keys: "));
}

/// A public key as DER.
fn aws_spki(key: &SigningKey) -> Vec<u8> {
    let pem = key.to_pem().unwrap();
    let pair = rcgen::KeyPair::from_pem(pem.expose()).unwrap();
    rcgen::PublicKeyData::subject_public_key_info(&pair)
}

#[test]
fn our_own_tokens_are_not_what_a_signer_may_answer() {
    let token = sign(&key(), &object! {}).unwrap();
    let header = token.expose().split('.').next().unwrap();
    assert_eq!(key_id(header), Err("bad type".to_owned()), "they have no typ");
}
