//! The targets of identity providers: their tokens, their documents, and the configuration that names them.

use std::pin::pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Waker};

use api::{Value, object};
use authn::TokenContext;
use authn::jose::{Algorithm, KeySet, SigningKey, key_set, parse_json, sign};
use authn::oidc::{
    ClaimMapping, Configuration, Fetch, FetchFuture, Fetched, IssuerSettings, Issuers, JwtAuthenticator,
    compile,
};

use crate::text;

const ISSUER: &str = "https://issuer.example";
const KEYS: &str = "https://issuer.example/keys";
const NOW: i64 = 1_800_000_000;

static KEY: LazyLock<SigningKey> = LazyLock::new(|| {
    SigningKey::from_pem(include_bytes!("../../../crates/authn/testdata/p256-sec1.pem")).expect("a good key")
});

/// Tokens that are good.
pub(crate) static GOOD: LazyLock<Vec<String>> = LazyLock::new(|| {
    let claims = [
        object! { "sub" => "bob" },
        object! { "sub" => "bob", "groups" => vec!["a", "b"], "nbf" => NOW, "iat" => NOW, "jti" => "1" },
        object! { "sub" => "bob", "email" => "b@x", "deep" => object! { "a" => vec![1, 2] } },
    ];
    let token = |mut claims: Value| {
        for (name, value) in [("iss", ISSUER.into()), ("aud", "me".into()), ("exp", Value::from(NOW + 60))] {
            claims.make_object().insert(name, value);
        }
        sign(&KEY, &claims).expect("a key signs").expose().to_owned()
    };
    claims.map(token).to_vec()
});

/// A provider with one key.
struct Provider;

impl Fetch for Provider {
    fn get<'a>(&'a self, url: &'a str, _: Option<&'a str>) -> FetchFuture<'a> {
        let document = if url == KEYS {
            key_set(std::slice::from_ref(KEY.public()))
        } else {
            object! { "issuer" => ISSUER, "jwks_uri" => KEYS }
        };
        let body = api::json::to_string(&document).into_bytes();
        Box::pin(std::future::ready(Ok(Fetched { status: 200, body, ..Fetched::default() })))
    }
}

static ISSUERS: LazyLock<Issuers> = LazyLock::new(|| {
    let claim = |claim: &str| ClaimMapping {
        claim: claim.to_owned(),
        prefix: Some("p:".to_owned()),
        ..ClaimMapping::default()
    };
    let jwt = JwtAuthenticator {
        issuer: IssuerSettings {
            url: ISSUER.to_owned(),
            audiences: vec!["me".to_owned()],
            ..IssuerSettings::default()
        },
        username: claim("sub"),
        groups: claim("groups"),
        ..JwtAuthenticator::default()
    };
    let configuration = Configuration { jwt: vec![jwt], anonymous: None };
    let rules = compile(&configuration, &[]).expect("a good configuration");
    let issuers = Issuers::new(&Algorithm::ALL, &["api".to_owned()]);
    let prepared =
        issuers.prepare(&configuration, rules, &|_| Ok(Arc::new(Provider))).expect("it can be reached");
    for issuer in &prepared {
        now(issuer.tend(NOW));
    }
    issuers.replace(prepared);
    issuers
});

/// Nobody is known by a token but by the good ones, byte for byte; nobody but our provider is asked for anything.
pub(crate) fn jwt(bytes: &[u8]) {
    let token = text(bytes);
    let asked = now(ISSUERS.ask(&token, &TokenContext { audiences: &[], now: NOW }));
    let known = matches!(&asked.answer, Ok(Some(_)));
    assert_eq!(known, GOOD.contains(&token), "{token} is known: {known}");
}

/// Key sets are read or refused; one holds all of its own keys, and nothing holds more than it does.
pub(crate) fn documents(bytes: &[u8]) {
    if let Ok(keys) = KeySet::parse(bytes) {
        assert!(keys.includes(&keys));
        assert!(keys.includes(&KeySet::default()) && KeySet::default().includes(&keys) == keys.is_empty());
    }
}

/// A configuration is taken or refused with words; every issuer that is taken has rules.
pub(crate) fn configuration(bytes: &[u8]) {
    let Some(value) = parse_json(bytes) else { return };
    let configuration = Configuration::of_value(&value);
    match compile(&configuration, &[ISSUER.to_owned()]) {
        Ok(rules) => assert_eq!(rules.len(), configuration.jwt.len()),
        Err(errors) => assert!(!errors.is_empty() && !errors.to_string().is_empty()),
    }
}

/// What a future answers that need not wait.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("nothing here waits"),
    }
}
