use super::*;
use crate::jose::{Compact, key_set, openid_configuration, sign};

const RSA: &[u8] = include_bytes!("../../../testdata/rsa-pkcs1.pem");
const P256: &[u8] = include_bytes!("../../../testdata/p256-sec1.pem");
const P384: &[u8] = include_bytes!("../../../testdata/p384-pkcs8.pem");
const P521: &[u8] = include_bytes!("../../../testdata/p521-sec1.pem");
/// Name of the key, key id and a token, made by another implementation.
const TOKENS: &str = include_str!("../../../testdata/tokens.txt");

fn keys() -> [(&'static str, SigningKey, &'static str); 4] {
    let key = |pem| SigningKey::from_pem(pem).unwrap();
    [
        ("rsa-pkcs1", key(RSA), "RS256"),
        ("p256-sec1", key(P256), "ES256"),
        ("p384-pkcs8", key(P384), "ES384"),
        ("p521-sec1", key(P521), "ES512"),
    ]
}

#[test]
fn ids_and_tokens_of_another_implementation() {
    for ((name, key, algorithm), line) in keys().iter().zip(TOKENS.lines()) {
        let [file, id, token] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        assert_eq!(file, *name);
        assert_eq!((key.public().id.as_str(), key.public().algorithm.name()), (id, *algorithm));
        let jws = Compact::parse(token).unwrap();
        assert_eq!((jws.key_id(), jws.claimed_issuer()), (id, "i"));
        assert!(jws.payload_if_signed_by(key.public()).is_some(), "{name}");
    }
}

#[test]
fn signatures_are_of_one_key_and_one_algorithm() {
    let payload = api::object! { "iss" => "i" };
    for (name, key, _) in keys() {
        let token = sign(&key, &payload).unwrap();
        let jws = Compact::parse(token.expose()).unwrap();
        for (other_name, other, _) in keys() {
            assert_eq!(jws.payload_if_signed_by(other.public()).is_some(), name == other_name);
        }
    }
    let generated = SigningKey::generate().unwrap();
    assert_eq!(generated.public().algorithm, Algorithm::Rs256);
    let again = SigningKey::from_pem(generated.to_pem().unwrap().expose().as_bytes()).unwrap();
    assert_eq!(again.public().id, generated.public().id);
    let token = sign(&again, &payload).unwrap();
    assert!(Compact::parse(token.expose()).unwrap().payload_if_signed_by(generated.public()).is_some());
}

/// Tokens whose header lies about the algorithm, with the signature left as it was.
#[test]
fn a_token_cannot_choose_its_algorithm() {
    let key = SigningKey::from_pem(RSA).unwrap();
    for header in [
        r#"{"alg":"none"}"#,
        r#"{"alg":"None"}"#,
        r#"{"alg":""}"#,
        r#"{}"#,
        r#"{"alg":"HS256"}"#,
        r#"{"alg":"RS512"}"#,
        r#"{"alg":"ES256"}"#,
        r#"{"alg":["RS256"]}"#,
    ] {
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode("{}"));
        let genuine = URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes()).unwrap());
        for signature in [genuine.as_str(), ""] {
            let token = format!("{signed}.{signature}");
            let jws = Compact::parse(&token).unwrap();
            assert!(jws.payload_if_signed_by(key.public()).is_none(), "{header}");
        }
    }
}

/// The public key used as the secret of an HMAC: the oldest trick.
#[test]
fn a_public_key_is_no_shared_secret() {
    let key = SigningKey::from_pem(RSA).unwrap();
    let pem = key.to_pem().unwrap();
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256"}"#), URL_SAFE_NO_PAD.encode("{}"));
    let secret = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, pem.expose().as_bytes());
    let tag = URL_SAFE_NO_PAD.encode(aws_lc_rs::hmac::sign(&secret, signed.as_bytes()));
    let token = format!("{signed}.{tag}");
    assert!(Compact::parse(&token).unwrap().payload_if_signed_by(key.public()).is_none());
}

#[test]
fn malformed_tokens_are_not_taken_apart() {
    let good = TOKENS.lines().next().unwrap().split(' ').nth(2).unwrap();
    assert!(Compact::parse(good).is_some());
    let part = |json: &str| URL_SAFE_NO_PAD.encode(json);
    for bad in [
        String::new(),
        "..".to_owned(),
        good.replacen('.', "", 1),
        format!("{good}.x"),
        format!("{good}="),
        format!(" {good}"),
        good.replacen('-', "+", 1),
        format!("{}.{}.", part(r#"{"alg":"RS256","crit":["exp"]}"#), part("{}")),
        format!("{}.{}.", part(r#"{"alg":"RS256","b64":false}"#), part("{}")),
        format!("{}.{}.", part(r#"{"alg":"RS256","alg":"none"}"#), part("{}")),
        format!("{}.{}.", part(r#"{"alg":"RS256"}"#), part("[]")),
        format!("{}.{}.", part(r#"{"alg":"RS256"}"#), part("{")),
        "a".repeat(2 << 20),
    ] {
        assert!(Compact::parse(&bad).is_none(), "{}", bad.get(..bad.len().min(80)).unwrap());
    }
}

#[test]
fn documents_for_relying_parties() {
    let keys: Vec<PublicKey> =
        [P256, RSA].iter().map(|p| SigningKey::from_pem(p).unwrap().public().clone()).collect();
    let set = key_set(&keys);
    let members =
        |i: usize| set.array_at(&["keys"])[i].as_object().unwrap().keys().collect::<Vec<_>>().join(" ");
    assert_eq!(
        (members(0).as_str(), members(1).as_str()),
        ("use kty kid crv alg x y", "use kty kid alg n e")
    );
    assert_eq!(set.array_at(&["keys"])[1].str_at(&["e"]), "AQAB");
    let config = openid_configuration("https://i", "https://h/openid/v1/jwks", &keys).unwrap();
    assert_eq!(
        api::json::to_string(&config),
        r#"{"issuer":"https://i","jwks_uri":"https://h/openid/v1/jwks","response_types_supported":["id_token"],"subject_types_supported":["public"],"id_token_signing_alg_values_supported":["ES256","RS256"]}"#
    );
    assert!(openid_configuration("http://i", "https://h", &keys).is_err());
    assert!(openid_configuration("https://i?x", "https://h", &keys).is_err());
}

#[test]
fn keys_that_cannot_be_used_say_why() {
    let error = |pem: &[u8]| SigningKey::from_pem(pem).unwrap_err().to_string();
    assert_eq!(error(b""), "it holds no private key");
    assert!(error(include_bytes!("../../../testdata/secp256k1.pem")).contains("EC private key"));
    assert!(error(include_bytes!("../../../testdata/rsa-1024.pem")).contains("private key"));
    assert!(error(b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").contains("PKCS #8"));
    assert_eq!(PublicKey::all_from_pem(b"hello").unwrap_err().to_string(), "it holds no key");
    assert_eq!(PublicKey::all_from_pem(P521).unwrap().len(), 1);
    let certificate = rcgen::generate_simple_self_signed(["x".to_owned()]).unwrap();
    let both = [certificate.cert.pem().into_bytes(), RSA.to_vec()].concat();
    assert_eq!(PublicKey::all_from_pem(&both).unwrap().len(), 2);
}

#[test]
fn keys_are_not_shown() {
    let key = SigningKey::from_pem(P256).unwrap();
    assert_eq!(format!("{key:?}"), format!("SigningKey(ES256 {})", key.public().id));
    assert_eq!(format!("{:?}", key.to_pem().unwrap()), "Secret(…)");
}
