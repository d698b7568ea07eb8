use super::*;
use crate::jose::{SigningKey, parse_json, sign};
use api::object;

const RSA: &[u8] = include_bytes!("../../../testdata/rsa-pkcs1.pem");
const RSA_1024: &[u8] = include_bytes!("../../../testdata/rsa-1024.pem");
const P256: &[u8] = include_bytes!("../../../testdata/p256-sec1.pem");
const P384: &[u8] = include_bytes!("../../../testdata/p384-pkcs8.pem");
const P521: &[u8] = include_bytes!("../../../testdata/p521-sec1.pem");

/// The JWK of a key with its id and members changed; `null` takes a member away.
fn jwk(pem: &[u8], change: &[(&str, Value)]) -> Value {
    let key = SigningKey::from_pem(pem).unwrap();
    let set = crate::jose::key_set(std::slice::from_ref(key.public()));
    let mut jwk = set.array_at(&["keys"])[0].clone();
    for (name, value) in change {
        jwk.make_object().insert(*name, value.clone());
    }
    jwk
}

fn set(keys: &[Value]) -> KeySet {
    KeySet::parse(api::json::to_string(&object! { "keys" => keys.to_vec() }).as_bytes()).unwrap()
}

fn token(pem: &[u8]) -> String {
    sign(&SigningKey::from_pem(pem).unwrap(), &object! { "iss" => "i" }).unwrap().expose().to_owned()
}

fn signed(keys: &KeySet, token: &str) -> bool {
    keys.signed(&Compact::parse(token).unwrap(), &Algorithm::ALL)
}

#[test]
fn keys_of_all_kinds_verify_their_own_tokens_alone() {
    let pems = [RSA, P256, P384, P521];
    let all = set(&pems.map(|pem| jwk(pem, &[])));
    for pem in pems {
        assert!(signed(&all, &token(pem)));
        let only = set(&[jwk(pem, &[])]);
        for other in pems {
            assert_eq!(signed(&only, &token(other)), pem == other);
        }
    }
    let es256 = [Algorithm::Es256];
    assert!(!all.signed(&Compact::parse(&token(RSA)).unwrap(), &es256), "an algorithm that is not allowed");
}

#[test]
fn what_a_key_says_of_itself_binds_it() {
    let good: &[&[(&str, Value)]] = &[
        &[("alg", Value::Null)],
        &[("use", Value::Null)],
        &[("key_ops", vec!["verify"].into())],
        &[("x5c", vec!["garbage"].into()), ("x5u", "https://evil.example".into())],
    ];
    for change in good {
        assert!(signed(&set(&[jwk(RSA, change)]), &token(RSA)), "{change:?}");
    }
    let bad: &[&[(&str, Value)]] = &[
        &[("use", "enc".into())],
        &[("use", 1.into())],
        &[("key_ops", vec!["encrypt"].into())],
        &[("alg", "PS256".into())],
        &[("alg", "HS256".into())],
        &[("kty", "oct".into()), ("k", "AAAA".into())],
        &[("kty", "OKP".into()), ("crv", "Ed25519".into())],
        &[("kty", Value::Null)],
        &[("kid", "another".into())],
        &[("kid", 1.into())],
        &[("e", "AQ".into())],
        &[("e", "AAAA".into())],
        &[("e", "Ag".into())],
        &[("n", "".into())],
        &[("n", "AQAB".into())],
        &[("n", "_".repeat(4000).into())],
    ];
    for change in bad {
        assert!(!signed(&set(&[jwk(RSA, change)]), &token(RSA)), "{change:?}");
    }
    assert!(set(&[jwk(P256, &[("x", "AAAA".into())])]).is_empty());
    assert!(set(&[jwk(P256, &[("crv", "P-384".into())])]).is_empty());
    let zeros = URL_SAFE_NO_PAD.encode([0; 32]);
    let point = [("x", Value::from(zeros.as_str())), ("y", zeros.as_str().into())];
    assert!(set(&[jwk(P256, &point)]).is_empty(), "a point that is not on the curve");
    assert!(SigningKey::from_pem(RSA_1024).is_err());
}

#[test]
fn bad_keys_do_not_spoil_good_ones() {
    let keys = set(&[object! { "kty" => "?" }, Value::Null, 3.into(), jwk(P256, &[])]);
    assert!(signed(&keys, &token(P256)));
}

#[test]
fn documents_that_are_no_key_sets() {
    for text in ["", "[]", "null", "{\"keys\":3}", "{\"keys\":{}}", "{\"keys\":[],\"keys\":[]}", "<html>"] {
        assert!(KeySet::parse(text.as_bytes()).is_err(), "{text}");
    }
    assert!(KeySet::parse(b"{}").unwrap().is_empty());
    assert!(parse_json(b"{\"keys\":[]}").is_some());
}

#[test]
fn sets_are_bounded_and_compared() {
    let many: Vec<Value> = (0..1000).map(|i| jwk(P256, &[("kid", format!("k{i}").into())])).collect();
    let large = set(&many);
    assert_eq!(large.keys.len(), MOST_KEYS);
    let (one, two) = (set(&many[..1]), set(&many[..2]));
    assert!(two.includes(&one) && !one.includes(&two) && one.includes(&KeySet::default()));
    let renamed = set(&[jwk(P256, &[("kid", "k0".into()), ("alg", Value::Null)])]);
    assert!(renamed.includes(&one), "the same key, however it is described");
}
