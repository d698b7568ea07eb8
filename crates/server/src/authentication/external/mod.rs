//! A service elsewhere that has the keys of service-account tokens (`--service-account-signing-endpoint`, KEP-740).
//!
//! Entry points: [`check`] for the flags, [`External::start`], then [`External::sign`]; a task keeps the keys fresh.
//! What its answers must be like is in `authn::service_account::external`.

mod grpc;
mod messages;
mod metrics;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use api::Value;
use api::time::duration;
use authn::service_account::external::{assemble, encode_claims, key_id, token_keys};
use authn::service_account::request::EXTENDED_SECONDS;
use authn::service_account::{KeyRing, Keyed};
use authn::{AnswerFuture, RemoteTokenAuthenticator, Secret, TokenContext, TokenMember};
use tokio::sync::{Mutex, Notify};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::config::Config;
use grpc::{Channel, Failure};
use metrics::Metrics;

const SIGN: &str = "/v1.ExternalJWTSigner/Sign";
const FETCH_KEYS: &str = "/v1.ExternalJWTSigner/FetchKeys";
const METADATA: &str = "/v1.ExternalJWTSigner/Metadata";
/// How long fetching keys may take, as upstream has it.
const FETCH_LIMIT: Duration = Duration::from_secs(60);
/// How long the first question for metadata may take, as upstream has it.
const METADATA_LIMIT: Duration = Duration::from_secs(10);
/// How long somebody waits for a signature, or for a key that is not known; less when requests get less.
const ASK_LIMIT: Duration = Duration::from_secs(10);
/// Least time between two fetches, whoever shows whatever tokens.
const LEAST_PAUSE: Duration = Duration::from_secs(1);
/// How long to wait before keys are asked for again in vain: at first, and at most (upstream's).
const BACK_OFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(10));
/// Longest time between two fetches, whatever the signer hints at, in seconds.
const MOST_REFRESH: u64 = 24 * 3600;
/// The shortest life that a token may be asked for, in seconds.
const LEAST_LIFE: i64 = 600;
/// The code of what failed on our side of a call.
const NO_CODE: &str = "unknown-non-grpc";

/// A signer, and its keys.
pub(crate) struct External {
    channel: Channel,
    /// Its keys, as they were told last.
    pub ring: Arc<KeyRing>,
    /// The longest life of a token that it signs, in seconds.
    pub max_seconds: i64,
    /// How long somebody waits for it.
    limit: Duration,
    /// When the last fetch began; whoever fetches holds it.
    fetching: Mutex<Option<Instant>>,
    /// When keys are to be fetched next, in seconds since the Unix epoch.
    next_fetch: AtomicU64,
    /// Somebody has fetched keys.
    news: Notify,
    metrics: Metrics,
}

/// A way in whose keys a signer has: a key that is not known is asked for.
struct Member<T> {
    tokens: T,
    external: Arc<External>,
}

/// Why something did not work, and under which code it is counted.
struct Trouble {
    code: &'static str,
    text: String,
}

/// Checks the flags.
///
/// # Errors
/// Upstream's texts.
pub(crate) fn check(config: &Config) -> Result<(), String> {
    let Some(endpoint) = &config.service_account_signing_endpoint else { return Ok(()) };
    let mut errors = Vec::new();
    if config.service_account_signing_key_file.is_some() || !config.service_account_key_file.is_empty() {
        errors.push(
            "can't set `--service-account-signing-key-file` and/or `--service-account-key-file` with \
             `--service-account-signing-endpoint` (They are mutually exclusive)"
                .to_owned(),
        );
    }
    let is_name = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    if endpoint.strip_prefix('@').is_some_and(|name| !name.split('.').all(is_name)) {
        errors.push(format!(
            "invalid value {} passed for `--service-account-signing-endpoint`, when prefixed with @ must be a valid \
             abstract socket name",
            api::field::go_quote(endpoint)
        ));
    }
    match errors.as_slice() {
        [] => Ok(()),
        [one] => Err(one.clone()),
        many => Err(format!("[{}]", many.join(", "))),
    }
}

impl External {
    /// Finds the signer that a flag names, if one does, and waits for its keys.
    ///
    /// # Errors
    /// Flags that contradict each other, or what is wrong with the signer.
    pub(crate) async fn start(config: &Config) -> Result<Option<Arc<Self>>, String> {
        check(config)?;
        let Some(endpoint) = &config.service_account_signing_endpoint else { return Ok(None) };
        let failed = |why: String| format!("while setting up external-jwt-signer: {why}");
        let mut external = Self {
            channel: Channel::new(endpoint),
            ring: KeyRing::of([]),
            max_seconds: 0,
            // Less than a request has, so that it can still be told what went wrong.
            limit: ASK_LIMIT.min(config.request_timeout / 2),
            fetching: Mutex::default(),
            next_fetch: AtomicU64::new(0),
            news: Notify::new(),
            metrics: Metrics::default(),
        };
        let filled = external.fetch(FETCH_LIMIT).await;
        filled.map_err(|t| {
            failed(format!(
                "while initially filling key cache: while performing initial cache fill: {}",
                t.text
            ))
        })?;
        external.max_seconds = external.metadata().await.map_err(|t| failed(t.text))?;
        external.check_life(config)?;
        let external = Arc::new(external);
        tokio::spawn(tend(Arc::clone(&external)));
        Ok(Some(external))
    }

    /// How long tokens may live: no flag allows more than the signer.
    fn check_life(&self, config: &Config) -> Result<(), String> {
        let most = self.max_seconds;
        if most < LEAST_LIFE {
            return Err(format!(
                "max token life supported by external-jwt-signer ({most}s) is less than acceptable (min {LEAST_LIFE}s)"
            ));
        }
        let shown = |seconds: i64| duration::format(seconds.saturating_mul(1_000_000_000));
        let wanted = config.service_account_max_token_expiration;
        let wanted = wanted.map(|d| i64::try_from(d.as_secs()).unwrap_or(i64::MAX));
        if let Some(wanted) = wanted.filter(|wanted| *wanted > most) {
            return Err(format!(
                "service-account-max-token-expiration cannot be set longer than the token expiration supported by \
                 service-account-signing-endpoint: {} > {}",
                shown(wanted),
                shown(most)
            ));
        }
        if config.service_account_extend_token_expiration && most < EXTENDED_SECONDS {
            tracing::warn!(
                signer = %shown(most),
                "tokens of pods are extended only as far as the signer of service-account tokens goes"
            );
        }
        Ok(())
    }

    /// Has claims signed.
    ///
    /// # Errors
    /// What is wrong with the signer or its answer, in upstream's words.
    pub(crate) async fn sign(&self, payload: &Value) -> Result<Secret, String> {
        let signed = self.signed(payload).await;
        self.metrics.signed(signed.as_ref().map_or_else(|t| t.code, |_| "OK"));
        signed.map_err(|trouble| trouble.text)
    }

    async fn signed(&self, payload: &Value) -> Result<Secret, Trouble> {
        let deadline = Instant::now() + self.limit;
        let claims = encode_claims(payload);
        let request = messages::sign_request(&claims).map_err(Trouble::own)?;
        let answer = self.call(SIGN, &request, deadline).await;
        let answer = answer.map_err(|failure| Trouble::of(&failure, "while signing jwt: "))?;
        let signed = messages::sign_response(&answer).map_err(Trouble::own)?;
        if let Ok(id) = key_id(&signed.header) {
            self.look_for(&id).await;
        }
        assemble(&claims, &signed, &self.ring).map_err(Trouble::own)
    }

    /// Fetches the keys if none has this id, at most once a [`LEAST_PAUSE`] for all who ask.
    async fn look_for(&self, id: &str) {
        if !self.ring.has(id) {
            // In vain means that the key stays unknown.
            let _ = timeout(self.limit, self.fetch_for(id)).await;
        }
    }

    async fn fetch_for(&self, id: &str) {
        let asked = Instant::now();
        let mut last = self.fetching.lock().await;
        if self.ring.has(id) || last.is_some_and(|began| began > asked) {
            return;
        }
        if let Some(began) = *last {
            sleep_until(began + LEAST_PAUSE).await;
        }
        *last = Some(Instant::now());
        if let Err(trouble) = self.ask_for_keys(self.limit).await {
            tracing::warn!(why = trouble.text, "the keys of service-account tokens could not be fetched");
        }
    }

    /// Fetches the keys.
    async fn fetch(&self, limit: Duration) -> Result<(), Trouble> {
        let mut last = self.fetching.lock().await;
        *last = Some(Instant::now());
        self.ask_for_keys(limit).await
    }

    async fn ask_for_keys(&self, limit: Duration) -> Result<(), Trouble> {
        let asked = self.take_keys(Instant::now() + limit).await;
        self.metrics.fetched(asked.as_ref().map_or_else(|t| t.code, |()| "OK"));
        asked
            .map_err(|t| Trouble { text: format!("while fetching token verification keys: {}", t.text), ..t })
    }

    async fn take_keys(&self, deadline: Instant) -> Result<(), Trouble> {
        let answer = self.call(FETCH_KEYS, &[], deadline).await;
        let answer = answer.map_err(|failure| {
            Trouble::of(&failure, "while getting externally supported jwt signing keys: ")
        })?;
        let fetched = messages::keys_response(&answer).map_err(Trouble::own)?;
        self.ring.replace(token_keys(&fetched.keys).map_err(Trouble::own)?);
        let now = now();
        self.next_fetch.store(now.as_secs() + fetched.refresh_seconds.min(MOST_REFRESH), Ordering::Relaxed);
        self.news.notify_one();
        self.metrics.took_keys(now.as_secs_f64(), fetched.data_seconds);
        Ok(())
    }

    async fn metadata(&self) -> Result<i64, Trouble> {
        let answer = self.call(METADATA, &[], Instant::now() + METADATA_LIMIT).await;
        let answer = answer.map_err(|failure| Trouble::of(&failure, ""))?;
        messages::metadata_response(&answer).map_err(Trouble::own)
    }

    async fn call(
        &self,
        method: &'static str,
        message: &[u8],
        deadline: Instant,
    ) -> Result<bytes::Bytes, Failure> {
        let start = Instant::now();
        let answer = self.channel.call(method, message, deadline).await;
        self.metrics.called(method, answer.as_ref().map_or_else(Failure::code, |_| "OK"), start.elapsed());
        answer
    }

    /// For how many seconds the keys are good as far as is known.
    pub(crate) fn seconds_left(&self) -> u64 {
        self.next_fetch.load(Ordering::Relaxed).saturating_sub(now().as_secs())
    }

    /// Adds what `/metrics` shows of it.
    pub(crate) fn show(&self, out: &mut String) {
        self.metrics.show(out);
    }

    /// The way in for tokens whose keys it has.
    pub(super) fn member<T: Keyed + 'static>(self: &Arc<Self>, tokens: T) -> TokenMember {
        TokenMember::Remote(Arc::new(Member { tokens, external: Arc::clone(self) }))
    }
}

impl<T: Keyed> RemoteTokenAuthenticator for Member<T> {
    fn authenticate_token<'a>(&'a self, token: &'a str, context: &'a TokenContext<'a>) -> AnswerFuture<'a> {
        Box::pin(async move {
            if let Some(id) = self.tokens.unknown_key(token) {
                self.external.look_for(&id).await;
            }
            self.tokens.authenticate_token(token, context)
        })
    }
}

impl Trouble {
    fn own(text: String) -> Self {
        Self { code: NO_CODE, text }
    }

    fn of(failure: &Failure, during: &str) -> Self {
        Self { code: failure.code(), text: format!("{during}{failure}") }
    }
}

/// Keeps the keys of a signer fresh, as long as there is a server.  Old ones stay in use while it cannot be asked.
async fn tend(external: Arc<External>) {
    let mut back_off = BACK_OFF.0;
    loop {
        let left = Duration::from_secs(external.seconds_left());
        if !left.is_zero() {
            // Whoever fetches them meanwhile may have been given another time.
            let _ = timeout(left, external.news.notified()).await;
            continue;
        }
        match external.fetch(FETCH_LIMIT).await {
            Ok(()) => back_off = BACK_OFF.0,
            Err(trouble) => {
                tracing::warn!(why = trouble.text, "the keys of service-account tokens are those of before");
                sleep(back_off).await;
                back_off = (back_off * 2).min(BACK_OFF.1);
            }
        }
    }
}

/// Now, since the Unix epoch.
fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

#[cfg(test)]
mod tests;
