use super::*;
use crate::authenticator::{AnswerFuture, Identity, RemoteTokenAuthenticator, TokenAuthenticator};
use crate::random::SystemRandom;
use api::user::UserInfo;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

struct Counting(AtomicUsize, Option<i64>);

impl TokenAuthenticator for Counting {
    fn authenticate_token(&self, token: &str, _: &TokenContext) -> Answer {
        self.0.fetch_add(1, Ordering::Relaxed);
        match token {
            "bad" => Err(AuthnError::new("bad")),
            "unknown" | "far" => Ok(None),
            name => Ok(Some(Identity { expires: self.1, ..Identity::of(UserInfo::new(name, ["g"])) })),
        }
    }
}

fn cache(expires: Option<i64>) -> (TokenCache, Arc<Counting>) {
    let counting = Arc::new(Counting(AtomicUsize::new(0), expires));
    let members = vec![TokenMember::from(counting.clone())];
    (TokenCache::new(members, TokenCache::SUCCESS_SECONDS, &SystemRandom).unwrap(), counting)
}

fn ask(cache: &TokenCache, token: &str, now: i64, audiences: &[String]) -> Answer {
    cache.authenticate_token(token, &TokenContext { audiences, now }).now_or_never().unwrap()
}

#[test]
fn successes_are_kept_for_a_while() {
    let (cache, counting) = cache(None);
    for now in [100, 105, 109] {
        assert_eq!(ask(&cache, "bob", now, &[]).unwrap().unwrap().user.name, "bob");
    }
    assert_eq!(counting.0.load(Ordering::Relaxed), 1);
    ask(&cache, "bob", 110, &[]).unwrap();
    ask(&cache, "bob", 110, &["a".to_owned()]).unwrap();
    assert_eq!(counting.0.load(Ordering::Relaxed), 3);
}

#[test]
fn failures_are_not_and_tokens_do_not_outlive_themselves() {
    let (cache, counting) = cache(Some(103));
    for _ in 0..2 {
        assert!(ask(&cache, "bad", 100, &[]).is_err());
        assert_eq!(ask(&cache, "unknown", 100, &[]), Ok(None));
        ask(&cache, "bob", 100, &[]).unwrap();
    }
    assert_eq!(counting.0.load(Ordering::Relaxed), 5);
    ask(&cache, "bob", 103, &[]).unwrap();
    assert_eq!(counting.0.load(Ordering::Relaxed), 6);
}

/// Says who it is as long as nothing has changed.
struct Standing(AtomicUsize, crate::Generation);

impl TokenAuthenticator for Standing {
    fn authenticate_token(&self, token: &str, context: &TokenContext) -> Answer {
        let asked = self.0.fetch_add(1, Ordering::Relaxed);
        let grounds = self.1.grounds(context.now + 1000);
        let audiences = context.audiences.to_vec();
        let user = UserInfo::new(token, ["g"]);
        Ok((asked < 2).then(|| Identity { audiences, grounds, ..Identity::of(user) }))
    }
}

#[test]
fn answers_with_grounds_are_kept_for_as_long_as_they_hold() {
    let standing = Arc::new(Standing(AtomicUsize::new(0), crate::Generation::default()));
    let members = vec![TokenMember::from(standing.clone())];
    let cache = TokenCache::new(members, TokenCache::SUCCESS_SECONDS, &SystemRandom).unwrap();
    let api = ["api".to_owned()];
    let known = |now, audiences: &[String]| ask(&cache, "bob", now, audiences).unwrap().is_some();
    assert!(known(100, &[]) && known(900, &[]) && known(900, &api));
    assert_eq!(standing.0.load(Ordering::Relaxed), 2, "once for requests, once for reviews");
    standing.1.advance();
    assert!(!known(900, &[]), "a request gets in on what holds now");
    assert!(known(909, &api), "a review is answered as upstream would");
    assert!(!known(910, &api));
}

#[test]
fn it_stays_bounded() {
    let (cache, _) = cache(None);
    for i in 0..table::MOST * 2 {
        ask(&cache, &format!("t{i}"), 100, &[]).unwrap();
    }
    assert!(cache.0.table.len() <= table::MOST, "{}", cache.0.table.len());
}

/// Far away: it answers when it is asked to.
#[derive(Default)]
struct Far {
    asked: AtomicUsize,
    open: AtomicUsize,
}

impl RemoteTokenAuthenticator for Far {
    fn authenticate_token<'a>(&'a self, token: &'a str, _: &'a TokenContext<'a>) -> AnswerFuture<'a> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Box::pin(std::future::poll_fn(move |_| match self.open.load(Ordering::Relaxed) {
            0 => Poll::Pending,
            _ => Poll::Ready(Ok((token == "far").then(|| Identity::of(UserInfo::new("far", ["g"]))))),
        }))
    }
}

fn with_far() -> (TokenCache, Arc<Counting>, Arc<Far>) {
    let (near, far) = (Arc::new(Counting(AtomicUsize::new(0), None)), Arc::new(Far::default()));
    let members = vec![TokenMember::from(near.clone()), TokenMember::Remote(far.clone())];
    (TokenCache::new(members, 10, &SystemRandom).unwrap(), near, far)
}

const NOW: TokenContext = TokenContext { audiences: &[], now: 100 };

#[test]
fn those_who_show_the_same_token_wait_for_one_answer() {
    let (cache, _, far) = with_far();
    let mut context = Context::from_waker(Waker::noop());
    let mut first = Box::pin(cache.authenticate_token("far", &NOW));
    let mut second = Box::pin(cache.authenticate_token("far", &NOW));
    assert!(first.as_mut().poll(&mut context).is_pending());
    assert!(second.as_mut().poll(&mut context).is_pending());
    assert_eq!(far.asked.load(Ordering::Relaxed), 1);
    // Whoever asked first may go; the answer comes to the one who stays.
    drop(first);
    far.open.store(1, Ordering::Relaxed);
    let answer = second.as_mut().now_or_never().unwrap();
    assert_eq!(answer.unwrap().unwrap().user.name, "far");
    assert_eq!(far.asked.load(Ordering::Relaxed), 1);
    assert_eq!(ask(&cache, "far", 105, &[]).unwrap().unwrap().user.name, "far", "it is remembered");
    assert_eq!(far.asked.load(Ordering::Relaxed), 1);
    assert!(cache.0.flights.lock().unwrap().is_empty());
}

#[test]
fn what_is_known_here_is_not_asked_far_away() {
    let (cache, _, far) = with_far();
    assert_eq!(ask(&cache, "bob", 100, &[]).unwrap().unwrap().user.name, "bob");
    assert_eq!(far.asked.load(Ordering::Relaxed), 0);
}

#[test]
fn questions_that_nobody_waits_for_are_forgotten() {
    let (cache, _, far) = with_far();
    let mut context = Context::from_waker(Waker::noop());
    for i in 0..100 {
        let token = format!("far{i}");
        let near = Box::pin(cache.authenticate_token(&token, &NOW)).as_mut().poll(&mut context);
        assert!(near.is_ready());
    }
    for _ in 0..100 {
        let _ = Box::pin(cache.authenticate_token("unknown", &NOW)).as_mut().poll(&mut context);
        let _ = Box::pin(cache.authenticate_token("far", &NOW)).as_mut().poll(&mut context);
    }
    assert!(cache.0.flights.lock().unwrap().len() <= 2);
    far.open.store(1, Ordering::Relaxed);
    assert_eq!(ask(&cache, "unknown", 100, &[]), Ok(None));
    assert!(ask(&cache, "bad", 100, &[]).is_err_and(|e| e.to_string() == "bad"));
}
