//! A provider in memory, its keys, and tokens made with them by hand.

#![expect(clippy::needless_pass_by_value, reason = "tests hand over what they have just made")]

mod attacks;
mod keys;
mod settings;
mod users;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use api::object;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{self, EcdsaKeyPair, KeyPair as _, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::FutureExt as _;
use x509_parser::pem::Pem;

use super::*;
use crate::authenticator::{Answer, Identity, TokenContext};
use crate::jose::{Algorithm, SigningKey};

const RSA: &[u8] = include_bytes!("../../testdata/rsa-pkcs1.pem");
const P256: &[u8] = include_bytes!("../../testdata/p256-sec1.pem");
const P384: &[u8] = include_bytes!("../../testdata/p384-pkcs8.pem");
const P521: &[u8] = include_bytes!("../../testdata/p521-sec1.pem");

const ISSUER: &str = "https://issuer.example";
const DISCOVERY: &str = "https://issuer.example/.well-known/openid-configuration";
const KEYS: &str = "https://issuer.example/keys";
const NOW: i64 = 1_800_000_000;

/// Pages by URL, and who asked for them.
#[derive(Default)]
struct Web {
    pages: Mutex<HashMap<String, Fetched>>,
    asked: Mutex<Vec<(String, Option<String>)>>,
}

impl Web {
    /// A provider with one key each of RSA and P-256, `rsa` and `p256`.
    fn provider() -> Arc<Self> {
        let web = Arc::new(Self::default());
        web.page(DISCOVERY, object! { "issuer" => ISSUER, "jwks_uri" => KEYS });
        web.keys(&[("rsa", RSA), ("p256", P256)]);
        web
    }

    fn page(&self, url: &str, body: api::Value) {
        self.answer(url, 200, &api::json::to_string(&body));
    }

    fn answer(&self, url: &str, status: u16, body: &str) {
        let fetched = Fetched { status, body: body.as_bytes().to_vec(), ..Fetched::default() };
        self.pages.lock().unwrap().insert(url.to_owned(), fetched);
    }

    fn fresh(&self, url: &str, cache_control: &str) {
        self.pages.lock().unwrap().get_mut(url).unwrap().cache_control = cache_control.to_owned();
    }

    fn keys(&self, keys: &[(&str, &[u8])]) {
        let jwks: Vec<api::Value> = keys.iter().map(|(id, pem)| jwk(id, pem)).collect();
        self.page(KEYS, object! { "keys" => jwks });
    }

    fn down(&self, url: &str) {
        self.pages.lock().unwrap().remove(url);
    }

    fn count(&self, url: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|(u, _)| u == url).count()
    }
}

impl Fetch for Web {
    fn get<'a>(&'a self, url: &'a str, bearer: Option<&'a str>) -> FetchFuture<'a> {
        self.asked.lock().unwrap().push((url.to_owned(), bearer.map(str::to_owned)));
        let page = self.pages.lock().unwrap().get(url).cloned();
        Box::pin(std::future::ready(page.ok_or_else(|| "connection refused".to_owned())))
    }
}

fn jwk(id: &str, pem: &[u8]) -> api::Value {
    let key = SigningKey::from_pem(pem).unwrap();
    let mut jwk = crate::jose::key_set(std::slice::from_ref(key.public())).array_at(&["keys"])[0].clone();
    let members = jwk.make_object();
    members.insert("kid", id.into());
    // The key does not say which algorithm it is for, as many providers do not.
    members.remove("alg");
    jwk
}

fn settings() -> JwtAuthenticator {
    JwtAuthenticator {
        issuer: IssuerSettings {
            url: ISSUER.to_owned(),
            audiences: vec!["me".to_owned()],
            ..IssuerSettings::default()
        },
        username: ClaimMapping {
            claim: "sub".to_owned(),
            prefix: Some(String::new()),
            ..ClaimMapping::default()
        },
        ..JwtAuthenticator::default()
    }
}

fn with_expression(expression: &str) -> ClaimMapping {
    ClaimMapping { expression: expression.to_owned(), ..ClaimMapping::default() }
}

/// Issuers of a configuration that have looked at their provider once.
fn issuers(web: &Arc<Web>, settings: &[JwtAuthenticator]) -> Issuers {
    let issuers = Issuers::new(&Algorithm::ALL, &["api".to_owned()]);
    take(&issuers, web, settings);
    issuers
}

fn take(issuers: &Issuers, web: &Arc<Web>, settings: &[JwtAuthenticator]) {
    let configuration = Configuration { jwt: settings.to_vec(), anonymous: None };
    let rules = compile(&configuration, &[]).unwrap_or_else(|e| panic!("{e}"));
    let fetch: Arc<dyn Fetch> = web.clone();
    let prepared = issuers.prepare(&configuration, rules, &|_| Ok(fetch.clone())).unwrap();
    for issuer in &prepared {
        issuer.tend(NOW).now_or_never().unwrap();
    }
    issuers.replace(prepared);
}

fn ask_at(issuers: &Issuers, token: &str, now: i64) -> Answer {
    let context = TokenContext { audiences: &[], now };
    issuers.ask(token, &context).now_or_never().unwrap().answer
}

fn ask(issuers: &Issuers, token: &str) -> Answer {
    ask_at(issuers, token, NOW)
}

fn identity(issuers: &Issuers, token: &str) -> Identity {
    ask(issuers, token).unwrap_or_else(|e| panic!("{e}")).expect("one of ours")
}

fn error(issuers: &Issuers, token: &str) -> String {
    ask(issuers, token).unwrap_err().to_string()
}

/// Claims of a good token, with more or other members; `null` takes one away.
fn claims(more: api::Value) -> String {
    let mut claims =
        object! { "iss" => ISSUER, "sub" => "bob", "aud" => "me", "exp" => NOW + 600, "iat" => NOW };
    for (name, value) in more.as_object().unwrap().iter() {
        if value.is_null() {
            claims.make_object().remove(name);
        } else {
            claims.make_object().insert(name, value.clone());
        }
    }
    api::json::to_string(&claims)
}

fn part(text: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

/// A token with any header and payload, signed as `algorithm` says, whatever the header does.
fn token(pem: &[u8], algorithm: &str, header: &str, payload: &str) -> String {
    let signed = format!("{}.{}", part(header), part(payload));
    let signature = sign(pem, algorithm, signed.as_bytes());
    format!("{signed}.{}", part(signature))
}

/// A good RS256 token with these claims besides.
fn good(more: api::Value) -> String {
    token(RSA, "RS256", r#"{"alg":"RS256","kid":"rsa"}"#, &claims(more))
}

fn sign(pem: &[u8], algorithm: &str, message: &[u8]) -> Vec<u8> {
    if algorithm.starts_with("ES") {
        return SigningKey::from_pem(pem).unwrap().sign(message).unwrap();
    }
    let padding: &'static dyn signature::RsaEncoding = match algorithm {
        "RS256" => &signature::RSA_PKCS1_SHA256,
        "RS384" => &signature::RSA_PKCS1_SHA384,
        "RS512" => &signature::RSA_PKCS1_SHA512,
        "PS256" => &signature::RSA_PSS_SHA256,
        "PS384" => &signature::RSA_PSS_SHA384,
        "PS512" => &signature::RSA_PSS_SHA512,
        other => panic!("{other}"),
    };
    let pair = rsa_pair();
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(padding, &SystemRandom::new(), message, &mut signature).unwrap();
    signature
}

fn rsa_pair() -> RsaKeyPair {
    let block = Pem::iter_from_buffer(RSA).next().unwrap().unwrap();
    RsaKeyPair::from_der(&block.contents).unwrap()
}

/// Another key on P-256.
fn other_p256() -> EcdsaKeyPair {
    EcdsaKeyPair::generate(&signature::ECDSA_P256_SHA256_FIXED_SIGNING).unwrap()
}

#[test]
fn all_algorithms() {
    let web = Web::provider();
    web.keys(&[("rsa", RSA), ("p256", P256), ("p384", P384), ("p521", P521)]);
    let issuers = issuers(&web, &[settings()]);
    for algorithm in Algorithm::ALL {
        let name = algorithm.name();
        let (pem, id) = match name {
            "ES256" => (P256, "p256"),
            "ES384" => (P384, "p384"),
            "ES512" => (P521, "p521"),
            _ => (RSA, "rsa"),
        };
        let header = format!(r#"{{"alg":"{name}","kid":"{id}"}}"#);
        let good = token(pem, name, &header, &claims(object! {}));
        assert_eq!(identity(&issuers, &good).user.name, "bob", "{name}");
        let header = format!(r#"{{"alg":"{name}"}}"#);
        let unnamed = token(pem, name, &header, &claims(object! {}));
        assert_eq!(identity(&issuers, &unnamed).user.name, "bob", "{name} without a key id");
    }
    let ed = format!("{}.{}.{}", part(r#"{"alg":"EdDSA"}"#), part(claims(object! {})), part([0; 64]));
    assert!(error(&issuers, &ed).starts_with(
        "oidc: verify token: oidc: id token signed with unsupported algorithm, expected [\"ES256\""
    ));
}

#[test]
fn tokens_of_others_are_left_to_others() {
    let web = Web::provider();
    let issuers = issuers(&web, &[settings()]);
    assert_eq!(ask(&issuers, "opaque"), Ok(None));
    assert_eq!(ask(&issuers, &good(object! { "iss" => "https://other.example" })), Ok(None));
    assert_eq!(ask(&issuers, &good(object! { "iss" => api::Value::Null })), Ok(None));
    let context = |audiences| TokenContext { audiences, now: NOW };
    let (mine, yours) = (["api".to_owned()], ["yours".to_owned()]);
    let asked =
        |audiences| issuers.ask(&good(object! {}), &context(audiences)).now_or_never().unwrap().answer;
    assert_eq!(asked(&mine).unwrap().unwrap().audiences, mine);
    assert_eq!(asked(&yours), Ok(None));
}

#[test]
fn google_leaves_out_the_scheme() {
    let web = Web::provider();
    let google = "https://accounts.google.com";
    web.page(
        "https://accounts.google.com/.well-known/openid-configuration",
        object! { "issuer" => google, "jwks_uri" => KEYS },
    );
    let mut settings = settings();
    settings.issuer.url = google.to_owned();
    let issuers = issuers(&web, &[settings]);
    for issuer in [google, "accounts.google.com"] {
        assert_eq!(identity(&issuers, &good(object! { "iss" => issuer })).user.name, "bob");
    }
    assert!(rsa_pair().public_key().as_ref().len() > 256);
}
