use std::sync::Mutex;

use api::object;
use futures_util::FutureExt as _;

use super::*;
use crate::{Secret, SystemRandom, TokenCache, TokenMember};

const NOW: i64 = 1_800_000_000;

/// A cloud that tells the same every time, and what it was asked.
struct Fake {
    told: Mutex<Result<Told, String>>,
    asked: AtomicU64,
}

impl Ask for Fake {
    fn ask<'a>(&'a self, _: &'a Question) -> AskFuture<'a> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let told = self.told.lock().unwrap().clone();
        Box::pin(async { told })
    }
}

fn start() -> (Arc<Provider>, Arc<Fake>, TokenCache) {
    let told = Told { status: 200, body: br#"{"idNo":"7"}"#.to_vec() };
    let fake = Arc::new(Fake { told: Mutex::new(Ok(told)), asked: AtomicU64::new(0) });
    let cloud = ncp::NaverCloud {
        path: ncp::path("KR", "c"),
        skew: ncp::SKEW_SECONDS,
        id_fields: vec!["idNo".into()],
    };
    let provider = Provider::new("ncp", Box::new(cloud), fake.clone(), vec!["api".into()], 60);
    let provider = Arc::new(provider);
    provider.set_rules(rules("bob"));
    let cache = TokenCache::new(vec![TokenMember::Remote(provider.clone())], 10, &SystemRandom).unwrap();
    (provider, fake, cache)
}

fn rules(user: &str) -> Rules {
    let mut rules = Rules::default();
    rules.read("mapSubAccounts", &vec![object! { "subAccountIdNo" => "7", "username" => user }].into());
    rules
}

fn token() -> String {
    ncp::sign("KEY", &Secret::new("s"), &ncp::path("KR", "c"), NOW * 1000).expose().to_owned()
}

fn ask(cache: &TokenCache, token: &str, now: i64) -> Answer {
    let context = TokenContext { audiences: &[], now };
    cache.authenticate_token(token, &context).now_or_never().expect("the cloud answers at once")
}

#[test]
fn answers_are_remembered_until_the_rules_change() {
    let (provider, fake, cache) = start();
    let token = token();
    for now in [NOW, NOW + 30, NOW + 59] {
        let identity = ask(&cache, &token, now).unwrap().unwrap();
        assert_eq!((identity.user.name.as_str(), identity.user.uid.as_str()), ("bob", "ncp:7"));
        assert_eq!(identity.user.extra.get(PROVIDER).unwrap(), &["ncp".to_owned()]);
    }
    assert_eq!(fake.asked.load(Ordering::Relaxed), 1);
    provider.set_rules(rules("carol"));
    assert_eq!(ask(&cache, &token, NOW + 59).unwrap().unwrap().user.name, "carol");
    provider.set_rules(Rules::default());
    assert_eq!(ask(&cache, &token, NOW + 59).unwrap_err().to_string(), "ncp: no rule says who `7` is");
    assert_eq!(provider.counts.unmapped.load(Ordering::Relaxed), 1);
    assert!(ask(&cache, &token, NOW + 300).is_err(), "no token outlives itself");
}

#[test]
fn failures_are_neither_remembered_nor_believed() {
    let (provider, fake, cache) = start();
    for (told, why) in [
        (Err("it cannot be reached".to_owned()), "ncp: it cannot be reached"),
        (Ok(Told { status: 503, body: Vec::new() }), "ncp: the cloud answered with status 503"),
        (Ok(Told { status: 401, body: Vec::new() }), "ncp: the cloud does not know it (status 401)"),
    ] {
        *fake.told.lock().unwrap() = told;
        assert_eq!(ask(&cache, &token(), NOW).unwrap_err().to_string(), why);
    }
    assert_eq!(fake.asked.load(Ordering::Relaxed), 3);
    assert_eq!(provider.counts.failed.load(Ordering::Relaxed), 2);
    assert_eq!(provider.counts.refused.load(Ordering::Relaxed), 1);
    // What cannot be a token of this cluster is asked nobody about.
    assert!(ask(&cache, &format!("{}AAAA", ncp::PREFIX), NOW).is_err());
    assert!(ask(&cache, &format!("{}{}", ncp::PREFIX, "A".repeat(LONGEST_TOKEN)), NOW).is_err());
    assert_eq!(ask(&cache, "something else", NOW), Ok(None));
    assert_eq!(fake.asked.load(Ordering::Relaxed), 3);
}

#[test]
fn other_audiences_are_none_of_its_business() {
    let (_, fake, cache) = start();
    let audiences = ["elsewhere".to_owned()];
    let context = TokenContext { audiences: &audiences, now: NOW };
    assert_eq!(cache.authenticate_token(&token(), &context).now_or_never().unwrap(), Ok(None));
    assert_eq!(fake.asked.load(Ordering::Relaxed), 0);
}
