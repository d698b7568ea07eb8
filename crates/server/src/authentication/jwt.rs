//! Tokens of identity providers: the `--oidc-…` flags or the file of `--authentication-config`, which is read again when
//! it changes.
//!
//! Entry points: [`Jwt::new`], and [`make`] as a way in.  What an issuer's tokens mean is in `authn::oidc`; here are the
//! file, the network ([`Fetcher`]), the tasks that keep keys fresh, and the counters.

mod configuration;
mod fetcher;
mod flags;
mod metrics;
mod update;

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use api::field::{Errors, Path};
use authn::jose::Algorithm;
use authn::oidc::{self, AnonymousSettings, Configuration, Fetch, Issuer, IssuerSettings, Issuers};
use authn::{Anonymous, AnswerFuture, RemoteTokenAuthenticator, TokenContext, TokenMember};

use super::Making;
use crate::config::Config;
use crate::reload::Reloads;
use fetcher::Fetcher;
use metrics::Metrics;
use update::Updates;

const FLAG: &str = "--authentication-config";

/// The issuers of tokens that are configured, if any, and what the configuration says of anonymous requests.
pub(crate) struct Jwt {
    issuers: Arc<Issuers>,
    /// What the file says of anonymous requests, when there is a file and it says something.
    anonymous: Option<AnonymousSettings>,
    /// True when flags or a file ask for issuers.
    is_wanted: bool,
    metrics: Arc<Metrics>,
}

/// The issuers, for the chain.
struct Member {
    issuers: Arc<Issuers>,
    metrics: Arc<Metrics>,
}

/// The issuers that flags or a file ask for.
pub(super) fn make(making: &Making<'_>) -> Result<Option<TokenMember>, String> {
    let jwt = making.jwt;
    let member = Member { issuers: jwt.issuers.clone(), metrics: jwt.metrics.clone() };
    Ok(jwt.is_wanted.then(|| TokenMember::Remote(Arc::new(member))))
}

impl Jwt {
    /// Reads flags and file, and starts to look for the issuers.
    ///
    /// # Errors
    /// All that is wrong with the configuration.
    pub(super) fn new(config: &Config, audiences: &[String], reloads: &Reloads) -> Result<Self, String> {
        flags::check(config)?;
        let metrics = Arc::<Metrics>::default();
        let Some(path) = &config.authentication_config else {
            let issuers = Arc::new(Issuers::new(&flags::algorithms(config)?, audiences));
            let configuration = flags::configuration(config)?;
            let compiled = compile(&configuration, &config.service_account_issuer, None)?;
            let prepared = issuers.prepare(&configuration, compiled, &reach)?;
            install(&issuers, prepared);
            return Ok(Self { issuers, anonymous: None, is_wanted: !configuration.jwt.is_empty(), metrics });
        };
        let issuers = Arc::new(Issuers::new(&Algorithm::ALL, audiences));
        let updates = Updates::new(issuers.clone(), metrics.clone(), config.service_account_issuer.clone());
        let anonymous = updates.watch(path, reloads)?;
        if anonymous.is_some() && config.has_flag("anonymous-auth") {
            return Err("anonymous: Forbidden: --anonymous-auth flag cannot be set when anonymous field is \
                        configured in authentication configuration file"
                .to_owned());
        }
        Ok(Self { issuers, anonymous, is_wanted: true, metrics })
    }

    /// What becomes of requests that show nothing: what the file says, else the flag.
    pub(super) fn anonymous(&self, config: &Config) -> Anonymous {
        let open = config.authorization_mode.iter().any(|mode| mode == "AlwaysAllow");
        if open && config.anonymous_auth && self.anonymous.is_none() {
            tracing::warn!("anonymous requests are refused: mode AlwaysAllow would allow them everything");
        }
        let allowed = config.anonymous_auth && !open;
        match &self.anonymous {
            Some(settings) if !settings.enabled => Anonymous::Refused,
            Some(settings) if !settings.paths.is_empty() => Anonymous::OnPaths(settings.paths.clone()),
            None if !allowed => Anonymous::Refused,
            Some(_) | None => Anonymous::Allowed,
        }
    }

    /// Adds what `/metrics` shows of issuers and their file.
    pub(crate) fn show(&self, out: &mut String) {
        self.metrics.show(out, &self.issuers.current());
    }
}

impl RemoteTokenAuthenticator for Member {
    fn authenticate_token<'a>(&'a self, token: &'a str, context: &'a TokenContext<'a>) -> AnswerFuture<'a> {
        Box::pin(async move {
            let start = Instant::now();
            let asked = self.issuers.ask(token, context).await;
            if let Some(issuer) = &asked.issuer {
                self.metrics.answered(issuer, asked.answer.is_ok(), start.elapsed());
            }
            asked.answer
        })
    }
}

/// Validates a configuration; `before` is the one that the server was started with, whose anonymous part must stay.
fn compile(
    configuration: &Configuration,
    disallowed: &[String],
    before: Option<&Option<AnonymousSettings>>,
) -> Result<Vec<oidc::Rules>, String> {
    let (rules, mut errors) = match oidc::compile(configuration, disallowed) {
        Ok(rules) => (rules, Errors::new()),
        Err(errors) => (Vec::new(), errors),
    };
    if before.is_some_and(|before| *before != configuration.anonymous) {
        errors.forbidden(&Path::new("anonymous"), "changed from initial configuration file");
    }
    if errors.is_empty() { Ok(rules) } else { Err(format!("invalid authentication configuration: {errors}")) }
}

/// Reaches an issuer's server.
fn reach(issuer: &IssuerSettings) -> Result<Arc<dyn Fetch>, String> {
    let egress = &issuer.egress_selector_type;
    if !egress.is_empty() {
        return Err(format!("oidc: egress lookup required with egress selector type {egress:?}"));
    }
    Ok(Arc::new(Fetcher::new(&issuer.certificate_authority)))
}

/// Takes these issuers, and keeps their keys fresh as long as they are in use.
fn install(issuers: &Issuers, prepared: Vec<Arc<Issuer>>) {
    let before = issuers.current();
    let fresh = prepared.iter().filter(|issuer| !before.iter().any(|b| Arc::ptr_eq(b, issuer)));
    fresh.for_each(|issuer| {
        tokio::spawn(tend(Arc::downgrade(issuer)));
    });
    issuers.replace(prepared);
}

/// Keeps an issuer's keys fresh until nobody needs it.
async fn tend(issuer: Weak<Issuer>) {
    loop {
        let Some(current) = issuer.upgrade() else { return };
        let pause = current.tend(now()).await;
        if let Err(why) = current.health() {
            tracing::warn!(issuer = current.url(), %why, "an issuer of tokens is of no use yet");
        }
        drop(current);
        tokio::time::sleep(Duration::from_secs(u64::try_from(pause).unwrap_or(1).max(1))).await;
    }
}

/// Now, in seconds since the Unix epoch.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
