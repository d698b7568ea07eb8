//! What attackers have tried on other verifiers of tokens, each with its reference; `docs/security/authn.md` is the
//! ledger of it.

use super::*;
use aws_lc_rs::hmac;

/// A row: what is tried, where it is known from, the token.
type Attack = (&'static str, &'static str, String);

fn header(text: &str) -> String {
    token(RSA, "RS256", text, &claims(object! {}))
}

fn signed_by_hmac(secret: &[u8]) -> String {
    let signed = format!("{}.{}", part(r#"{"alg":"HS256","kid":"rsa"}"#), part(claims(object! {})));
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    format!("{signed}.{}", part(hmac::sign(&key, signed.as_bytes())))
}

fn with_signature(algorithm: &str, id: &str, signature: &[u8]) -> String {
    let header = format!(r#"{{"alg":"{algorithm}","kid":"{id}"}}"#);
    format!("{}.{}.{}", part(header), part(claims(object! {})), part(signature))
}

fn without_algorithm() -> Vec<Attack> {
    let payload = part(claims(object! {}));
    let mut rows = Vec::new();
    for name in ["none", "None", "NONE", "nOnE", "", "none\\u0000"] {
        let header = part(format!(r#"{{"alg":"{name}","kid":"rsa"}}"#));
        rows.push(("no signature", "CVE-2018-1000531, RFC 8725 2.1", format!("{header}.{payload}.")));
        rows.push(("no signature but one", "CVE-2022-23540", format!("{header}.{payload}.{}", part("x"))));
    }
    let untold = part(r#"{"kid":"rsa"}"#);
    rows.push(("no algorithm named", "RFC 7515 4.1.1", format!("{untold}.{payload}.")));
    let stripped = good(object! {});
    let (front, _) = stripped.rsplit_once('.').unwrap();
    rows.push(("the signature cut off", "CVE-2020-28042", format!("{front}.")));
    rows.push(("the signature's part left out", "CVE-2020-28042", front.to_owned()));
    rows
}

fn confused_algorithms() -> Vec<Attack> {
    let pair = rsa_pair();
    let spki = SigningKey::from_pem(RSA).unwrap();
    let modulus = jwk("rsa", RSA).str_at(&["n"]).to_owned();
    let reference = "CVE-2015-9235, CVE-2016-10555";
    vec![
        ("HS256 with the public key as DER", reference, signed_by_hmac(pair.public_key().as_ref())),
        ("HS256 with the modulus", reference, signed_by_hmac(modulus.as_bytes())),
        ("HS256 with the key's id", reference, signed_by_hmac(spki.public().id.as_bytes())),
        ("HS256 with nothing", reference, signed_by_hmac(b"")),
        (
            "ES256 said of an RSA key",
            "RFC 8725 3.1",
            token(RSA, "RS256", r#"{"alg":"ES256","kid":"rsa"}"#, &claims(object! {})),
        ),
        (
            "RS256 said of an elliptic key",
            "RFC 8725 3.1",
            token(P256, "ES256", r#"{"alg":"RS256","kid":"p256"}"#, &claims(object! {})),
        ),
        (
            "PS256 said of a PKCS #1 signature",
            "RFC 8725 3.1",
            token(RSA, "RS256", r#"{"alg":"PS256","kid":"rsa"}"#, &claims(object! {})),
        ),
        (
            "RS512 said of a SHA-256 signature",
            "RFC 8725 3.1",
            token(RSA, "RS256", r#"{"alg":"RS512","kid":"rsa"}"#, &claims(object! {})),
        ),
    ]
}

fn keys_of_the_attacker() -> Vec<Attack> {
    let pair = other_p256();
    let point = pair.public_key().as_ref().to_vec();
    let (x, y) = (part(&point[1..33]), part(&point[33..]));
    let own = format!(r#"{{"kty":"EC","crv":"P-256","x":"{x}","y":"{y}","kid":"mine"}}"#);
    let mut rows = Vec::new();
    for (what, reference, header) in [
        ("a key in the header", "CVE-2018-0114", format!(r#"{{"alg":"ES256","kid":"p256","jwk":{own}}}"#)),
        ("only a key in the header", "CVE-2018-0114", format!(r#"{{"alg":"ES256","jwk":{own}}}"#)),
        (
            "a key set somewhere else",
            "RFC 8725 3.10",
            r#"{"alg":"ES256","kid":"mine","jku":"https://evil.example/keys"}"#.to_owned(),
        ),
        (
            "a certificate somewhere else",
            "RFC 8725 3.10",
            r#"{"alg":"ES256","x5u":"https://evil.example/cert"}"#.to_owned(),
        ),
        ("a certificate in the header", "RFC 8725 3.10", r#"{"alg":"ES256","x5c":["AAAA"]}"#.to_owned()),
        ("an unknown key id", "RFC 8725 3.10", r#"{"alg":"ES256","kid":"nope"}"#.to_owned()),
        ("a path as key id", "RFC 8725 3.10", r#"{"alg":"ES256","kid":"../../dev/null"}"#.to_owned()),
        ("a query as key id", "RFC 8725 3.10", r#"{"alg":"ES256","kid":"x' OR '1'='1"}"#.to_owned()),
        ("a key id that is no text", "RFC 7515 4.1.4", r#"{"alg":"ES256","kid":["p256"]}"#.to_owned()),
    ] {
        let signed = format!("{}.{}", part(header), part(claims(object! {})));
        let signature = pair.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        rows.push((what, reference, format!("{signed}.{}", part(signature))));
    }
    rows
}

fn bad_signatures() -> Vec<Attack> {
    // The order of the group of P-256.
    let order: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
        0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    let zero = [0u8; 32];
    let psychic = "CVE-2022-21449";
    let es = |r: &[u8], s: &[u8]| with_signature("ES256", "p256", &[r, s].concat());
    let mut rows = vec![
        ("r = s = 0", psychic, es(&zero, &zero)),
        ("r = s = the order", psychic, es(&order, &order)),
        ("r = 0", psychic, es(&zero, &order)),
        ("an empty signature", psychic, with_signature("ES256", "p256", b"")),
        ("a signature of one byte", psychic, with_signature("ES256", "p256", &[1])),
        ("zeros for RSA", "RFC 8017 8.2.2", with_signature("RS256", "rsa", &[0; 256])),
        ("one for RSA", "RFC 8017 8.2.2", with_signature("RS256", "rsa", &[&[0; 255][..], &[1]].concat())),
        ("a signature that is too long", "RFC 8017 8.2.2", with_signature("RS256", "rsa", &[7; 4096])),
    ];
    // An ASN.1 sequence is what X.509 has, not what a token has.
    let signed = format!("{}.{}", part(r#"{"alg":"ES256","kid":"p256"}"#), part(claims(object! {})));
    let fixed = sign(P256, "ES256", signed.as_bytes());
    let integer = |half: &[u8]| [&[2, 33, 0][..], half].concat();
    let (r, s) = fixed.split_at(32);
    let der = [&[0x30, 70][..], &integer(r), &integer(s)].concat();
    rows.push(("a signature as ASN.1", "RFC 7518 3.4", format!("{signed}.{}", part(der))));
    let padded = [&zero[..], r, &zero[..], s].concat();
    rows.push(("a signature with leading zeros", "RFC 7518 3.4", format!("{signed}.{}", part(padded))));
    let other =
        format!("{}.{}", part(r#"{"alg":"ES256","kid":"p256"}"#), part(claims(object! { "sub" => "eve" })));
    rows.push(("the signature of another token", "RFC 7515 5.2", format!("{other}.{}", part(&fixed))));
    rows
}

fn forms() -> Vec<Attack> {
    let good = good(object! {});
    let parts: Vec<&str> = good.split('.').collect();
    let [header, payload, signature] = parts[..] else { panic!() };
    let dots = "CVE-2025-27144, CVE-2025-30204";
    let encoding = "RFC 4648 3.5, RFC 7515 2";
    let json = format!(r#"{{"payload":"{payload}","protected":"{header}","signature":"{signature}"}}"#);
    // The last character of a part carries bits that mean nothing; they must be zero.
    let spare = |text: &str| {
        let last = text.chars().last().unwrap();
        format!("{}{}", &text[..text.len() - 1], char::from(last as u8 + 1))
    };
    vec![
        ("five parts, as if encrypted", "CVE-2024-28180", format!("{header}.a.b.{payload}.{signature}")),
        ("four parts", dots, format!("{good}.x")),
        ("a million dots", dots, format!("{good}{}", ".".repeat(1_000_000))),
        ("only dots", "CVE-2025-22868", ".".repeat(1_000_000)),
        ("a long token", "CVE-2025-22868", format!("{header}.{}.{signature}", "A".repeat(4 << 20))),
        ("the JSON serialization", "RFC 7515 7.2", json),
        ("padding", encoding, format!("{header}.{payload}==.{signature}")),
        ("the other alphabet of base64", encoding, good.replace('-', "+").replace('_', "/") + "/"),
        ("line ends inside", encoding, format!("{header}.{payload}\n.{signature}")),
        ("spaces inside", encoding, format!("{header} .{payload}.{signature}")),
        ("spare bits in the header", encoding, format!("{}.{payload}.{signature}", spare(header))),
        ("spare bits in the signature", encoding, format!("{header}.{payload}.{}", spare(signature))),
        (
            "a part that is UTF-16",
            "RFC 8725 3.7",
            format!("{header}.{}.{signature}", part([0xff, 0xfe, 0x7b, 0])),
        ),
        ("nothing at all", "RFC 7515 5.2", "..".to_owned()),
    ]
}

fn headers() -> Vec<Attack> {
    let critical = "CVE-2025-59420, RFC 7515 4.1.11";
    vec![
        (
            "an unknown extension",
            critical,
            header(r#"{"alg":"RS256","kid":"rsa","crit":["bork"],"bork":true}"#),
        ),
        ("an empty crit", critical, header(r#"{"alg":"RS256","kid":"rsa","crit":[]}"#)),
        ("a crit that is no list", critical, header(r#"{"alg":"RS256","kid":"rsa","crit":null}"#)),
        (
            "an unencoded payload",
            "RFC 7797",
            header(r#"{"alg":"RS256","kid":"rsa","b64":false,"crit":["b64"]}"#),
        ),
        ("b64 without crit", "RFC 7797", header(r#"{"alg":"RS256","kid":"rsa","b64":false}"#)),
        ("an algorithm twice", "RFC 7515 4", header(r#"{"alg":"none","alg":"RS256","kid":"rsa"}"#)),
        ("an algorithm that is no text", "RFC 7515 4.1.1", header(r#"{"alg":["RS256"],"kid":"rsa"}"#)),
        ("an algorithm in lower case", "RFC 7515 4.1.1", header(r#"{"alg":"rs256","kid":"rsa"}"#)),
        ("a header that is no object", "RFC 7515 4", header(r#"["RS256"]"#)),
        ("a header that does not end", "RFC 7515 4", header(r#"{"alg":"RS256","kid":"rsa""#)),
        ("a header with something behind", "RFC 7515 4", header(r#"{"alg":"RS256","kid":"rsa"}{}"#)),
    ]
}

fn payloads() -> Vec<Attack> {
    let raw = |payload: &str| token(RSA, "RS256", r#"{"alg":"RS256","kid":"rsa"}"#, payload);
    let base = claims(object! {});
    let front = base.strip_suffix('}').unwrap();
    let twice = "RFC 7519 4, RFC 8725 2.4";
    let deep = format!("{front},\"x\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let nested = good(object! {});
    vec![
        ("the issuer twice", twice, raw(&format!("{front},\"iss\":\"{ISSUER}\"}}"))),
        ("the subject twice", twice, raw(&format!("{front},\"sub\":\"root\"}}"))),
        (
            "members twice deep inside",
            twice,
            raw(&format!("{front},\"a\":{{\"b\":[{{\"c\":1,\"c\":2}}]}}}}")),
        ),
        ("deep nesting", "CVE-2025-22868", raw(&deep)),
        ("a token in a token", "RFC 8725 2.8", raw(&format!("\"{nested}\""))),
        ("a list as payload", "RFC 7519 7.2", raw("[]")),
        ("an empty payload", "RFC 7519 7.2", raw("")),
        (
            "a byte that is no UTF-8",
            "RFC 8725 3.7",
            raw_bytes(&[front.as_bytes(), b",\"x\":\"\xff\"}"].concat()),
        ),
        ("a lone surrogate", "RFC 8725 3.7", raw(&format!("{front},\"x\":\"\\ud800\"}}"))),
        ("a byte-order mark", "RFC 8725 3.7", raw(&format!("\u{feff}{base}"))),
    ]
}

fn raw_bytes(payload: &[u8]) -> String {
    let signed = format!("{}.{}", part(r#"{"alg":"RS256","kid":"rsa"}"#), part(payload));
    let signature = sign(RSA, "RS256", signed.as_bytes());
    format!("{signed}.{}", part(signature))
}

fn wrong_claims() -> Vec<Attack> {
    let (aud, iss, time) = ("RFC 8725 3.9", "RFC 8725 3.8", "RFC 7519 4.1.4");
    let number = |member: &str, text: &str| {
        let base = claims(object! { member => api::Value::Null });
        let front = base.strip_suffix('}').unwrap();
        token(RSA, "RS256", r#"{"alg":"RS256","kid":"rsa"}"#, &format!("{front},\"{member}\":{text}}}"))
    };
    let mut rows = vec![
        ("for somebody else", aud, good(object! { "aud" => "you" })),
        ("for nobody", aud, good(object! { "aud" => api::Value::Null })),
        ("for an empty list", aud, good(object! { "aud" => Vec::<api::Value>::new() })),
        ("for a prefix of us", aud, good(object! { "aud" => "m" })),
        ("for us with a space", aud, good(object! { "aud" => "me " })),
        ("for us in capitals", aud, good(object! { "aud" => "ME" })),
        ("for us in an object", aud, good(object! { "aud" => object! { "me" => true } })),
        ("for us and a number", aud, good(object! { "aud" => vec![api::Value::from("me"), 1.into()] })),
        ("an issuer with a slash more", iss, good(object! { "iss" => format!("{ISSUER}/") })),
        ("an issuer with a capital", iss, good(object! { "iss" => "https://Issuer.example" })),
        (
            "an issuer with a look-alike letter",
            iss,
            good(object! { "iss" => "https://issu\u{435}r.example" }),
        ),
        (
            "an issuer with an invisible letter",
            iss,
            good(object! { "iss" => "https://issuer\u{200b}.example" }),
        ),
        ("an issuer that ends early", iss, good(object! { "iss" => "https://issuer.example\u{0}.evil" })),
        ("a list of issuers", iss, good(object! { "iss" => vec![ISSUER] })),
        (
            "the claims in capitals",
            "RFC 7519 10.1.1",
            good(object! { "exp" => api::Value::Null, "EXP" => NOW + 600 }),
        ),
        ("no user name", "RFC 7519 4.1.2", good(object! { "sub" => "" })),
        ("a user name that is no text", "RFC 7519 4.1.2", good(object! { "sub" => 1 })),
    ];
    for text in [
        &(NOW - 1).to_string(),
        &NOW.to_string(),
        "0",
        "-1",
        "null",
        "true",
        "\"soon\"",
        "[]",
        "{}",
        "\"\"",
        "-9223372036854775808",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551616",
        "99999999999999999999999999",
        "1e300",
        "-1e300",
        "9.3e18",
        "1.7e9",
        "\" 1900000000\"",
        "\"NaN\"",
        "\"Infinity\"",
        "9223371974719179007",
    ] {
        rows.push(("an end that is past or no instant", time, number("exp", text)));
    }
    for text in ["1e300", "true", "\"x\"", "99999999999999999999", "{}", &(NOW + 61).to_string()] {
        rows.push(("a beginning that is ahead or no instant", "RFC 7519 4.1.5", number("nbf", text)));
    }
    for text in ["true", "1e300", "[]"] {
        rows.push(("a time of issue that is no instant", "RFC 7519 4.1.6", number("iat", text)));
    }
    rows
}

#[test]
fn none_gets_in() {
    let web = Web::provider();
    let issuers = issuers(&web, &[settings()]);
    assert_eq!(identity(&issuers, &good(object! {})).user.name, "bob");
    let groups: [fn() -> Vec<Attack>; 8] = [
        without_algorithm,
        confused_algorithms,
        keys_of_the_attacker,
        bad_signatures,
        forms,
        headers,
        payloads,
        wrong_claims,
    ];
    let mut count = 0;
    for (what, reference, token) in groups.into_iter().flat_map(|group| group()) {
        let answer = ask(&issuers, &token);
        assert!(
            !matches!(answer, Ok(Some(_))),
            "{what} ({reference}) got in: {}",
            &token[..token.len().min(500)]
        );
        count += 1;
    }
    assert!(count > 100, "{count}");
    // Nobody was asked for anything that a token pointed at.
    let asked = web.asked.lock().unwrap();
    assert!(asked.iter().all(|(url, bearer)| url.starts_with(ISSUER) && bearer.is_none()), "{asked:?}");
}

#[test]
fn the_edges_of_time() {
    let issuers = issuers(&Web::provider(), &[settings()]);
    let ok = |more| matches!(ask(&issuers, &good(more)), Ok(Some(_)));
    for exp in
        [api::Value::from(NOW + 1), (NOW as f64 + 1.5).into(), (NOW + 1).to_string().into(), "1.9e9".into()]
    {
        assert!(ok(object! { "exp" => exp.clone() }), "{exp:?}");
    }
    assert!(ok(object! { "exp" => 253_402_300_799_i64 }));
    for nbf in [api::Value::from(NOW + 60), 0.into(), (-5).into(), (NOW as f64 + 60.9).into()] {
        assert!(ok(object! { "nbf" => nbf.clone() }), "{nbf:?}");
    }
    assert!(ok(object! { "iat" => NOW + 100_000 }), "upstream does not look at the time of issue");
    let late = good(object! { "exp" => NOW + 10 });
    assert!(matches!(ask_at(&issuers, &late, NOW + 9), Ok(Some(_))));
    let text = ask_at(&issuers, &late, NOW + 10).unwrap_err().to_string();
    assert_eq!(
        text,
        "oidc: verify token: oidc: token is expired (Token Expiry: 2027-01-15 08:00:10 +0000 UTC)"
    );
}
