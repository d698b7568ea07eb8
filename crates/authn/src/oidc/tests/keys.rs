//! Where keys come from, when they are fetched, what becomes of answers when they change.

use super::*;

const KEYS_OF_CLAIMS: &str = "https://groups.example/keys";
const ENDPOINT: &str = "https://groups.example/claims";

fn rotated() -> String {
    token(P384, "ES384", r#"{"alg":"ES384","kid":"new"}"#, &claims(object! {}))
}

#[test]
fn a_new_key_is_found_at_once() {
    let web = Web::provider();
    web.fresh(KEYS, "max-age=3600");
    let issuers = issuers(&web, &[settings()]);
    web.fresh(KEYS, "max-age=3600");
    assert!(error(&issuers, &rotated()).ends_with("failed to verify id token signature"));
    web.keys(&[("rsa", RSA), ("new", P384)]);
    assert_eq!(identity(&issuers, &rotated()).user.name, "bob");
    let count = web.count(KEYS);
    for _ in 0..10 {
        identity(&issuers, &rotated());
        identity(&issuers, &good(object! {}));
    }
    assert_eq!(web.count(KEYS), count, "known keys are not fetched again");
}

#[test]
fn strangers_cause_few_requests() {
    let web = Web::provider();
    let issuers = issuers(&web, &[settings()]);
    let before = web.count(KEYS);
    for i in 0..1000 {
        let header = format!(r#"{{"alg":"ES384","kid":"k{i}"}}"#);
        assert!(ask(&issuers, &token(P384, "ES384", &header, &claims(object! {}))).is_err());
    }
    assert!(web.count(KEYS) - before <= 8, "{}", web.count(KEYS) - before);
    let noise = rotated();
    for second in 0..100 {
        assert!(ask_at(&issuers, &noise, NOW + second).is_err());
    }
    assert!(web.count(KEYS) - before <= 110);
    // A bad signature with a key that is known and fresh asks for nothing.
    web.fresh(KEYS, "max-age=3600");
    assert!(ask_at(&issuers, &noise, NOW + 200).is_err());
    let before = web.count(KEYS);
    let forged = format!("{}x", good(object! {}).trim_end_matches(|c| c != '.'));
    assert!(ask_at(&issuers, &format!("{forged}AAA"), NOW + 201).is_err());
    assert_eq!(web.count(KEYS), before);
}

#[test]
fn an_issuer_that_is_away() {
    let web = Web::provider();
    web.down(DISCOVERY);
    let issuers = issuers(&web, &[settings()]);
    assert_eq!(error(&issuers, &good(object! {})), "oidc: authenticator not initialized");
    let issuer = issuers.current()[0].clone();
    assert_eq!(
        issuer.health().unwrap_err(),
        "oidc: authenticator for issuer \"https://issuer.example\" is not healthy: connection refused"
    );
    assert_eq!(issuer.tend(NOW).now_or_never(), Some(10), "it is looked for again soon");
    web.page(DISCOVERY, object! { "issuer" => ISSUER, "jwks_uri" => KEYS });
    assert_eq!(issuer.tend(NOW + 10).now_or_never(), Some(300));
    assert_eq!(identity(&issuers, &good(object! {})).user.name, "bob");
    // Keys stay in use while the issuer is away.
    web.down(KEYS);
    assert_eq!(issuer.tend(NOW + 400).now_or_never(), Some(10));
    assert_eq!(identity(&issuers, &good(object! {})).user.name, "bob");
    let news = issuer.key_news();
    assert_eq!((news.success, news.failure), (Some(NOW + 10), Some(NOW + 400)));
    let text = ask_at(&issuers, &rotated(), NOW + 500).unwrap_err().to_string();
    let why = "failed to verify signature: fetching keys oidc: get keys failed connection refused";
    assert_eq!(text, format!("oidc: verify token: {why}"));
}

#[test]
fn documents_that_are_not_what_they_should_be() {
    let large = format!("{{\"keys\":[],\"x\":\"{}\"}}", "x".repeat(1 << 20));
    for (status, body) in [(500, "no"), (200, "<html>"), (200, "[]"), (200, large.as_str())] {
        let web = Web::provider();
        web.answer(KEYS, status, body);
        let issuers = issuers(&web, &[settings()]);
        let text = error(&issuers, &good(object! {}));
        assert!(
            text.starts_with("oidc: verify token: failed to verify signature: fetching keys oidc:"),
            "{text}"
        );
    }
    let web = Web::provider();
    web.page(DISCOVERY, object! { "issuer" => "https://evil.example", "jwks_uri" => KEYS });
    assert_eq!(
        error(&issuers(&web, &[settings()]), &good(object! {})),
        "oidc: authenticator not initialized"
    );
}

#[test]
fn keys_are_looked_at_again() {
    for (said, seconds) in [("", 300), ("max-age=5", 60), ("max-age=600", 600), ("max-age=999999", 3600)] {
        let web = Web::provider();
        web.fresh(KEYS, said);
        let issuers = issuers(&web, &[settings()]);
        let issuer = issuers.current()[0].clone();
        assert_eq!(issuer.tend(NOW + seconds - 1).now_or_never(), Some(seconds));
        assert_eq!(web.count(KEYS), 1);
        issuer.tend(NOW + seconds).now_or_never().unwrap();
        assert_eq!((web.count(KEYS), web.count(DISCOVERY)), (2, 1), "{said}");
    }
}

#[test]
fn answers_end_with_the_key() {
    let web = Web::provider();
    let issuers = issuers(&web, &[settings()]);
    let by_rsa = identity(&issuers, &good(object! {}));
    assert!(by_rsa.grounds.hold(NOW));
    let issuer = issuers.current()[0].clone();
    web.keys(&[("rsa", RSA), ("p256", P256), ("new", P384)]);
    issuer.tend(NOW + 300).now_or_never().unwrap();
    assert!(by_rsa.grounds.hold(NOW), "a key more changes nothing");
    web.keys(&[("new", P384)]);
    issuer.tend(NOW + 600).now_or_never().unwrap();
    assert!(!by_rsa.grounds.hold(NOW));
    assert!(ask(&issuers, &good(object! {})).is_err());
}

/// Issuers that count how often they are asked.
struct Counting(Issuers, std::sync::atomic::AtomicUsize);

impl crate::RemoteTokenAuthenticator for Counting {
    fn authenticate_token<'a>(
        &'a self,
        token: &'a str,
        context: &'a TokenContext<'a>,
    ) -> crate::AnswerFuture<'a> {
        self.1.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.0.authenticate_token(token, context)
    }
}

#[test]
fn a_token_is_verified_once_in_its_life() {
    let web = Web::provider();
    let counting = Arc::new(Counting(issuers(&web, &[settings()]), Default::default()));
    let members = vec![crate::TokenMember::Remote(counting.clone())];
    let cache =
        crate::TokenCache::new(members, crate::TokenCache::SUCCESS_SECONDS, &crate::SystemRandom).unwrap();
    let token = good(object! { "exp" => NOW + 3600 });
    let asked = |now| {
        let context = TokenContext { audiences: &[], now };
        let answer = cache.authenticate_token(&token, &context).now_or_never().unwrap();
        (answer.is_ok(), counting.1.load(std::sync::atomic::Ordering::Relaxed))
    };
    for now in [NOW, NOW + 60, NOW + 3599] {
        assert_eq!(asked(now), (true, 1));
    }
    assert_eq!(asked(NOW + 3600), (false, 2), "it has expired");
    let mut other = settings();
    other.username.prefix = Some("o:".to_owned());
    assert_eq!(asked(NOW + 1), (true, 2));
    take(&counting.0, &web, &[other]);
    assert_eq!(asked(NOW + 1), (true, 3), "another configuration");
    web.keys(&[("new", P384)]);
    counting.0.current()[0].tend(NOW + 300).now_or_never().unwrap();
    assert_eq!(asked(NOW + 301), (false, 4), "its key is gone");
}

#[test]
fn answers_end_with_the_configuration() {
    let web = Web::provider();
    let issuers = issuers(&web, &[settings()]);
    let before = identity(&issuers, &good(object! {}));
    let discoveries = web.count(DISCOVERY);
    take(&issuers, &web, &[settings()]);
    assert!(before.grounds.hold(NOW), "the same configuration is the same");
    assert_eq!(web.count(DISCOVERY), discoveries);
    let mut other = settings();
    other.username.prefix = Some("o:".to_owned());
    take(&issuers, &web, &[other]);
    assert!(!before.grounds.hold(NOW));
    assert_eq!(identity(&issuers, &good(object! {})).user.name, "o:bob");
    take(&issuers, &web, &[]);
    assert_eq!(ask(&issuers, &good(object! {})), Ok(None));
}

#[test]
fn the_discovery_document_may_be_elsewhere() {
    let web = Web::provider();
    web.down(DISCOVERY);
    let elsewhere = "https://inside.example/oidc";
    web.page(elsewhere, object! { "issuer" => ISSUER, "jwks_uri" => KEYS });
    let mut settings = settings();
    settings.issuer.discovery_url = elsewhere.to_owned();
    assert_eq!(identity(&issuers(&web, &[settings]), &good(object! {})).user.name, "bob");
}

fn groups_from(claim: &str) -> JwtAuthenticator {
    JwtAuthenticator {
        groups: ClaimMapping {
            claim: claim.to_owned(),
            prefix: Some("o:".to_owned()),
            ..ClaimMapping::default()
        },
        ..settings()
    }
}

fn pointing(endpoint: &str) -> api::Value {
    object! {
        "_claim_names" => object! { "groups" => "src" },
        "_claim_sources" => object! { "src" => object! { "endpoint" => endpoint, "access_token" => "s3cret" } },
    }
}

#[test]
fn groups_may_be_somewhere_else() {
    let web = Web::provider();
    let there = "https://groups.example";
    web.page(
        "https://groups.example/.well-known/openid-configuration",
        object! { "issuer" => there, "jwks_uri" => KEYS_OF_CLAIMS },
    );
    web.page(KEYS_OF_CLAIMS, object! { "keys" => vec![jwk("g", P521)] });
    let answer = |more| token(P521, "ES512", r#"{"alg":"ES512","kid":"g"}"#, &claims(more));
    let issuers = issuers(&web, &[groups_from("groups")]);
    web.answer(ENDPOINT, 200, &answer(object! { "iss" => there, "groups" => vec!["a", "b"] }));
    let found = identity(&issuers, &good(pointing(ENDPOINT)));
    assert_eq!(found.user.groups, ["o:a", "o:b"]);
    assert_eq!(found.grounds.until, NOW, "what others said is not remembered for long");
    let asked = web.asked.lock().unwrap().clone();
    assert!(asked.contains(&(ENDPOINT.to_owned(), Some("s3cret".to_owned()))));
    assert!(asked.iter().all(|(url, bearer)| url == ENDPOINT || bearer.is_none()));
    for (endpoint, body, why) in [
        (ENDPOINT, answer(object! { "iss" => there }), "did not contain claim: groups"),
        (
            ENDPOINT,
            answer(object! { "iss" => there, "aud" => "you" }),
            "expected audience \"me\" got [\"you\"]",
        ),
        (
            ENDPOINT,
            answer(object! { "iss" => "https://gone.example" }),
            "verifier not initialized for issuer",
        ),
        (ENDPOINT, answer(object! { "iss" => "http://groups.example" }), "no https URL or one too many"),
        (
            ENDPOINT,
            good(object! { "iss" => there, "groups" => "root" }),
            "failed to verify id token signature",
        ),
        (ENDPOINT, "{}".to_owned(), "malformed token"),
        ("http://groups.example/claims", String::new(), "is not https"),
    ] {
        web.answer(ENDPOINT, 200, &body);
        let text = error(&issuers, &good(pointing(endpoint)));
        assert!(
            text.starts_with("oidc: could not expand distributed claims: ") && text.contains(why),
            "{text}"
        );
        assert!(!text.contains("s3cret"));
    }
}

#[test]
fn sources_of_groups_must_be_told() {
    let web = Web::provider();
    let issuers = issuers(&web, &[groups_from("groups")]);
    let nowhere = object! { "_claim_names" => object! { "groups" => "src" } };
    assert!(error(&issuers, &good(nowhere)).ends_with("oidc: source does not exist"));
    let here = object! { "groups" => "here", "_claim_names" => object! {}, "_claim_sources" => object! {} };
    assert_eq!(identity(&issuers, &good(here)).user.groups, ["o:here"]);
    let aggregated = object! {
        "_claim_names" => object! { "groups" => "src" },
        "_claim_sources" => object! { "src" => object! { "JWT" => "x.y.z" } },
    };
    assert!(identity(&issuers, &good(aggregated)).user.groups.is_empty());
}
