//! An identity provider: its discovery document, its keys, and tokens it has signed.
//!
//! Entry points: [`Provider::verify`], [`Provider::refresh`].  Keys are fetched when a token names one that is not
//! known, by one request at a time and not often ([`Rate`]), and when they get old; they stay in use while the provider
//! cannot be reached.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use api::Map;
use aws_lc_rs::digest::{SHA256, digest};
use futures_util::lock::Mutex as AsyncMutex;

use super::claims::{self, Expected};
use super::fetch::{Fetch, key_set_url};
use super::rate::Rate;
use crate::jose::{Algorithm, Compact, KeySet};

/// Keys of this age are fetched anew when a token does not fit them, in seconds before their end (upstream's delta).
const SOON_STALE: i64 = 30;
/// How old keys may get before they are looked at again without any reason, in seconds.
const OLDEST: i64 = 3600;
/// How long keys are left alone at least, in seconds …
const YOUNGEST: i64 = 60;
/// … and when the provider does not say how long they are good.
const UNSAID: i64 = 300;

/// A provider.
pub(super) struct Provider {
    /// What it calls itself.
    pub issuer: String,
    discovery_url: String,
    algorithms: Vec<Algorithm>,
    fetch: Arc<dyn Fetch>,
    state: RwLock<Arc<State>>,
    /// Whoever holds it is fetching.
    fetching: AsyncMutex<()>,
    rate: Mutex<Rate>,
    /// How often a key was withdrawn.
    withdrawn: AtomicU64,
    news: Mutex<KeyNews>,
}

#[derive(Clone, Default)]
struct State {
    /// Where the keys are; `""` as long as that is not known.
    keys_url: String,
    keys: Arc<KeySet>,
    /// When the keys were fetched and until when they are fresh, in seconds since the Unix epoch.
    fetched: i64,
    fresh_until: i64,
    /// How often keys were fetched, whether with success or not.
    attempts: u64,
    /// Why the last attempt to reach the provider failed.
    failure: Option<String>,
}

/// What became of the last requests for keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyNews {
    /// When keys were fetched last, in seconds since the Unix epoch.
    pub success: Option<i64>,
    /// When that failed last.
    pub failure: Option<i64>,
    /// `sha256:` and the hash of the key set in hexadecimal, `""` before there is one.
    pub hash: String,
}

impl Provider {
    /// A provider that is not yet known; `discovery_url` is where its document is, `""` for the usual place.
    pub fn new(issuer: &str, discovery_url: &str, algorithms: Vec<Algorithm>, fetch: Arc<dyn Fetch>) -> Self {
        let discovery_url = if discovery_url.is_empty() {
            format!("{}/.well-known/openid-configuration", issuer.strip_suffix('/').unwrap_or(issuer))
        } else {
            discovery_url.to_owned()
        };
        Self {
            issuer: issuer.to_owned(),
            discovery_url,
            algorithms,
            fetch,
            state: RwLock::default(),
            fetching: AsyncMutex::new(()),
            rate: Mutex::default(),
            withdrawn: AtomicU64::new(0),
            news: Mutex::default(),
        }
    }

    /// Where the discovery document is, and whether it was read.
    pub fn is_known(&self) -> bool {
        !self.state().keys_url.is_empty()
    }

    /// Why the provider could not be reached, if so.
    pub fn failure(&self) -> Option<String> {
        self.state().failure.clone()
    }

    /// How often a key was withdrawn: what a key of before has vouched for is void when this changes.
    pub fn withdrawn(&self) -> u64 {
        self.withdrawn.load(Ordering::Acquire)
    }

    /// What became of the last requests for keys.
    pub fn news(&self) -> KeyNews {
        self.news.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the discovery document and the keys, or the keys again when they are old; answers after how many seconds
    /// to come again.
    pub async fn refresh(&self, now: i64) -> i64 {
        let _turn = self.fetching.lock().await;
        if !self.is_known() {
            if !self.rate().take(now) {
                return 10;
            }
            if let Err(why) = self.discover().await {
                self.rate().failed(now);
                self.change(|state| state.failure = Some(why));
                return 10;
            }
        }
        let state = self.state();
        if now >= state.fetched.saturating_add(age(&state)) && self.fetch_keys(now).await.is_err() {
            return 10;
        }
        age(&self.state())
    }

    async fn discover(&self) -> Result<(), String> {
        let document = self.fetch.get(&self.discovery_url, None).await?;
        let url = key_set_url(document, &self.issuer)?;
        self.change(|state| {
            state.keys_url = url;
            state.failure = None;
        });
        Ok(())
    }

    /// The claims of a token that this provider has signed for one of the audiences, and when it expires.
    pub async fn verify<'a>(
        &self,
        token: &'a Compact<'_>,
        audiences: &[String],
        now: i64,
    ) -> Result<(&'a Map, i64), String> {
        let algorithm = token.claimed_algorithm();
        if !self.algorithms.iter().any(|a| a.name() == algorithm) {
            let names: Vec<String> = self.algorithms.iter().map(|a| api::field::go_quote(a.name())).collect();
            return Err(format!(
                "oidc: id token signed with unsupported algorithm, expected [{}] got {}",
                names.join(" "),
                api::field::go_quote(algorithm)
            ));
        }
        self.check_signature(token, now).await.map_err(|why| format!("failed to verify signature: {why}"))?;
        let claims = token.claimed_payload().as_object().ok_or("oidc: failed to unmarshal claims")?;
        let expires = claims::check(claims, &Expected { issuer: &self.issuer, audiences, now })?;
        Ok((claims, expires))
    }

    async fn check_signature(&self, token: &Compact<'_>, now: i64) -> Result<(), String> {
        const BAD: &str = "failed to verify id token signature";
        let state = self.state();
        if state.keys.signed(token, &self.algorithms) {
            return Ok(());
        }
        let unknown = token.key_id().is_empty() || !state.keys.has_id(token.key_id());
        let stale = now.saturating_add(SOON_STALE) >= state.fresh_until;
        if !unknown && !stale {
            return Err(BAD.to_owned());
        }
        self.fetch_after(state.attempts, now).await?;
        if self.state().keys.signed(token, &self.algorithms) { Ok(()) } else { Err(BAD.to_owned()) }
    }

    /// Fetches keys, or waits for whoever does so already; what was fetched after the `seen` attempt is good enough.
    async fn fetch_after(&self, seen: u64, now: i64) -> Result<(), String> {
        let _turn = self.fetching.lock().await;
        let state = self.state();
        if state.attempts > seen || !self.rate().take(now) {
            return state.failure.as_ref().map_or(Ok(()), |why| Err(format!("fetching keys {why}")));
        }
        self.fetch_keys(now).await.map_err(|why| format!("fetching keys {why}"))
    }

    async fn fetch_keys(&self, now: i64) -> Result<(), String> {
        let url = self.state().keys_url.clone();
        let answer = self.fetch.get(&url, None).await.map_err(|e| format!("oidc: get keys failed {e}"));
        let result = answer.and_then(|answer| {
            let fresh_for = answer.fresh_for();
            let body = answer.good().map_err(|e| format!("oidc: get keys failed: {e}"))?;
            let keys = KeySet::parse(&body).map_err(|e| format!("oidc: failed to decode keys: {e}"))?;
            Ok((keys, body, fresh_for))
        });
        self.note(&result, now);
        match result {
            Ok((keys, _, fresh_for)) => {
                self.take(keys, now, fresh_for);
                Ok(())
            }
            Err(why) => {
                self.change(|state| {
                    state.attempts += 1;
                    state.failure = Some(why.clone());
                });
                Err(why)
            }
        }
    }

    fn take(&self, keys: KeySet, now: i64, fresh_for: i64) {
        let kept = keys.includes(&self.state().keys);
        self.change(|state| {
            state.keys = Arc::new(keys);
            state.attempts += 1;
            state.failure = None;
            state.fetched = now;
            state.fresh_until = now.saturating_add(fresh_for);
        });
        if !kept {
            self.withdrawn.fetch_add(1, Ordering::Release);
        }
    }

    fn note(&self, result: &Result<(KeySet, Vec<u8>, i64), String>, now: i64) {
        let mut rate = self.rate();
        let mut news = self.news.lock().unwrap_or_else(PoisonError::into_inner);
        match result {
            Ok((_, body, _)) => {
                rate.succeeded();
                news.success = Some(now);
                news.hash = format!("sha256:{}", hexadecimal(digest(&SHA256, body).as_ref()));
            }
            Err(_) => {
                rate.failed(now);
                news.failure = Some(now);
            }
        }
    }

    fn rate(&self) -> MutexGuard<'_, Rate> {
        self.rate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> Arc<State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(Arc::make_mut(&mut self.state.write().unwrap_or_else(PoisonError::into_inner)));
    }
}

/// How old keys may get, in seconds.
fn age(state: &State) -> i64 {
    match state.fresh_until - state.fetched {
        0 => UNSAID,
        said => said.clamp(YOUNGEST, OLDEST),
    }
}

pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
