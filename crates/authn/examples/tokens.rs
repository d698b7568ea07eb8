//! How long tokens take, of service accounts and of identity providers, the first time and after that:
//! `cargo run --release -p sumun-authn --example tokens`.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program that measures prints, and stops on a failure"
)]

use std::sync::Arc;
use std::time::Instant;

use api::error::{ApiError, Result};
use api::{GroupResource, Value, object};
use futures_util::FutureExt as _;
use sumun_authn::jose::{Algorithm, SigningKey, key_set, sign};
use sumun_authn::oidc::{
    ClaimMapping, ClaimRule, Configuration, Fetch, FetchFuture, Fetched, IssuerSettings, Issuers,
    JwtAuthenticator, compile,
};
use sumun_authn::service_account::request::{EXTENDED_SECONDS, Issuer, Objects, draft, prepare};
use sumun_authn::service_account::{Bound, BoundObject, KeyRing, Keys, Lookup, Tokens};
use sumun_authn::{SystemRandom, TokenAuthenticator, TokenCache, TokenContext, TokenMember};

struct Nothing;

impl Objects for Nothing {
    fn get(&self, resource: &GroupResource, _: &str, name: &str) -> Result<Value> {
        Err(ApiError::not_found(resource, name))
    }
}

fn token(issuer: &Issuer, key: &SigningKey) -> String {
    let account = object! { "metadata" => object! { "name" => "robot", "uid" => "u" } };
    let mut request = object! {};
    prepare(issuer, &mut request, "ns", &account, 0).unwrap();
    let draft = draft(issuer, request, &Nothing, &SystemRandom, 0).unwrap();
    let token = sign(key, &draft.payload()).unwrap();
    draft.finish(&token).object.str_at(&["status", "token"]).to_owned()
}

/// The account of the tokens.
struct Account;

impl Lookup for Account {
    fn find(&self, _: Bound, _: &str, _: &str) -> Option<BoundObject> {
        Some(BoundObject { uid: "u".to_owned(), ..BoundObject::default() })
    }
}

fn time(what: &str, rounds: u32, mut f: impl FnMut()) {
    let start = Instant::now();
    (0..rounds).for_each(|_| f());
    println!("  {:>9.2} µs  {what}", start.elapsed().as_secs_f64() * 1e6 / f64::from(rounds));
}

/// A provider that publishes one key.
struct Provider(Value);

impl Fetch for Provider {
    fn get<'a>(&'a self, url: &'a str, _: Option<&'a str>) -> FetchFuture<'a> {
        let document = object! { "issuer" => "https://i", "jwks_uri" => "https://i/keys" };
        let document = if url.ends_with("/keys") { self.0.clone() } else { document };
        let body = api::json::to_string(&document).into_bytes();
        Box::pin(std::future::ready(Ok(Fetched { status: 200, body, ..Fetched::default() })))
    }
}

/// The issuer of a key's tokens, with claims or with expressions.
fn issuers(key: &SigningKey, expressions: bool) -> Issuers {
    let mapping = |claim: &str| {
        let mut mapping = ClaimMapping::default();
        if expressions {
            mapping.expression = format!("claims.{claim}");
        } else {
            (mapping.claim, mapping.prefix) = (claim.to_owned(), Some(String::new()));
        }
        mapping
    };
    let rule =
        ClaimRule { expression: "claims.exp - claims.iat <= 86400.0".to_owned(), ..ClaimRule::default() };
    let jwt = JwtAuthenticator {
        issuer: IssuerSettings {
            url: "https://i".to_owned(),
            audiences: vec!["me".to_owned()],
            ..IssuerSettings::default()
        },
        username: mapping("sub"),
        groups: mapping("groups"),
        claim_rules: if expressions { vec![rule] } else { Vec::new() },
        ..JwtAuthenticator::default()
    };
    let configuration = Configuration { jwt: vec![jwt], anonymous: None };
    let issuers = Issuers::new(&Algorithm::ALL, &[]);
    let keys = key_set(std::slice::from_ref(key.public()));
    let rules = compile(&configuration, &[]).unwrap();
    let prepared = issuers.prepare(&configuration, rules, &|_| Ok(Arc::new(Provider(keys.clone())))).unwrap();
    for issuer in &prepared {
        let _ = issuer.tend(0).now_or_never().unwrap();
    }
    issuers.replace(prepared);
    issuers
}

fn providers(key: &SigningKey) {
    println!("{} of a provider", key.public().algorithm.name());
    let claims = object! {
        "iss" => "https://i", "aud" => "me", "sub" => "jane", "iat" => 0, "exp" => 3600,
        "groups" => vec!["dev", "ops", "team-blue"], "email" => "jane@example.com", "name" => "Jane Doe",
    };
    let token = sign(key, &claims).unwrap();
    let context = TokenContext { audiences: &[], now: 1 };
    let known = |issuers: &Issuers| {
        issuers.ask(token.expose(), &context).now_or_never().unwrap().answer.unwrap().unwrap()
    };
    let (plain, expressions) = (issuers(key, false), issuers(key, true));
    time("verify, claims", 5_000, || drop(known(&plain)));
    time("verify, expressions", 5_000, || drop(known(&expressions)));
    let members = vec![TokenMember::Remote(Arc::new(plain))];
    let cache = TokenCache::new(members, TokenCache::SUCCESS_SECONDS, &SystemRandom).unwrap();
    time("from the cache", 100_000, || {
        drop(cache.authenticate_token(token.expose(), &context).now_or_never().unwrap().unwrap().unwrap());
    });
}

fn main() {
    let start = Instant::now();
    let generated = SigningKey::generate().unwrap();
    println!("a new RSA key in {:?}", start.elapsed());
    let p256 = SigningKey::from_pem(include_bytes!("../testdata/p256-sec1.pem")).unwrap();
    for key in [&generated, &p256] {
        providers(key);
    }
    for key in [generated, p256] {
        println!("{} of a service account", key.public().algorithm.name());
        let audiences = vec!["api".to_owned()];
        let keys = KeyRing::of([key.public().clone()]);
        let issuer = Issuer {
            name: "https://i".to_owned(),
            audiences: audiences.clone(),
            max_seconds: None,
            extended_seconds: Some(EXTENDED_SECONDS),
        };
        let keys = Keys { keys, audiences, counts: Arc::default() };
        let tokens = Tokens { issuers: vec!["https://i".to_owned()], keys, lookup: Arc::new(Account) };
        let token = token(&issuer, &key);
        let context = TokenContext { audiences: &[], now: 0 };
        time("issue", 500, || drop(self::token(&issuer, &key)));
        time("verify", 5_000, || drop(tokens.authenticate_token(&token, &context).unwrap().unwrap()));
        let members = vec![TokenMember::Local(Arc::new(tokens))];
        let cache = TokenCache::new(members, TokenCache::SUCCESS_SECONDS, &SystemRandom).unwrap();
        time("from the cache", 100_000, || {
            drop(cache.authenticate_token(&token, &context).now_or_never().unwrap().unwrap().unwrap());
        });
    }
}
