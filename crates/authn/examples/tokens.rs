//! How long service-account tokens take: `cargo run --release -p sumun-authn --example tokens`.
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
use sumun_authn::jose::SigningKey;
use sumun_authn::service_account::request::{Issuer, Objects, issue, prepare};
use sumun_authn::service_account::{Bound, BoundObject, Keys, Lookup, Tokens};
use sumun_authn::{SystemRandom, TokenAuthenticator, TokenCache, TokenContext, TokenMember};

struct Nothing;

impl Objects for Nothing {
    fn get(&self, resource: &GroupResource, _: &str, name: &str) -> Result<Value> {
        Err(ApiError::not_found(resource, name))
    }
}

fn token(issuer: &Issuer) -> String {
    let account = object! { "metadata" => object! { "name" => "robot", "uid" => "u" } };
    let mut request = object! {};
    prepare(issuer, &mut request, "ns", &account, 0).unwrap();
    issue(issuer, request, &Nothing, &SystemRandom, 0).unwrap().object.str_at(&["status", "token"]).to_owned()
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

fn main() {
    let start = Instant::now();
    let generated = SigningKey::generate().unwrap();
    println!("a new RSA key in {:?}", start.elapsed());
    let p256 = SigningKey::from_pem(include_bytes!("../testdata/p256-sec1.pem")).unwrap();
    for key in [generated, p256] {
        println!("{}", key.public().algorithm.name());
        let audiences = vec!["api".to_owned()];
        let keys = vec![key.public().clone()];
        let issuer = Issuer {
            key,
            name: "https://i".to_owned(),
            audiences: audiences.clone(),
            max_seconds: None,
            extend: true,
        };
        let keys = Keys { keys, audiences, counts: Arc::default() };
        let tokens = Tokens { issuers: vec!["https://i".to_owned()], keys, lookup: Arc::new(Account) };
        let token = token(&issuer);
        let context = TokenContext { audiences: &[], now: 0 };
        time("issue", 500, || drop(self::token(&issuer)));
        time("verify", 5_000, || drop(tokens.authenticate_token(&token, &context).unwrap().unwrap()));
        let members = vec![TokenMember::Local(Arc::new(tokens))];
        let cache = TokenCache::new(members, TokenCache::SUCCESS_SECONDS, &SystemRandom).unwrap();
        time("from the cache", 100_000, || {
            drop(cache.authenticate_token(&token, &context).now_or_never().unwrap().unwrap().unwrap());
        });
    }
}
