//! The Webhook authorizer: a service elsewhere is asked with a `SubjectAccessReview`.
//!
//! Entry point: [`Webhook::new`].  Who carries the question is handed in as a [`Callout`]; here is what is asked, under
//! which conditions, how long answers are remembered, and what a failure comes to.

mod cache;
mod conditions;
mod review;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use api::Value;
use api::callout::{Callout, CalloutError};
use api::user::UserInfo;

use crate::authorizer::{Attributes, Decision, Reason, ResourceTarget, Rules, Target, Verdict};
use crate::remote::{RemoteAuthorizer, VerdictFuture};
use crate::spec::review_spec;
use cache::Cache;
pub use conditions::{Conditions, Matched};
use review::Status;

/// From this length on what the requester controls is not remembered (upstream's bound), in bytes.
const LONGEST_CONTROLLED: usize = 10_000;

/// Time since a fixed moment that never goes back.
pub type Monotonic = Arc<dyn Fn() -> Duration + Send + Sync>;

/// How a webhook is asked and what its answers come to.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Version of the review: `v1` or `v1beta1`.
    pub version: ReviewVersion,
    /// How long a yes is remembered; zero is not at all.
    pub authorized_ttl: Duration,
    /// How long anything else is remembered; zero is not at all.
    pub unauthorized_ttl: Duration,
    /// What a failure comes to: [`Decision::NoOpinion`] or [`Decision::Deny`].
    pub on_error: Decision,
}

/// A version of `SubjectAccessReview` that is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReviewVersion {
    /// `authorization.k8s.io/v1`.
    #[default]
    V1,
    /// `authorization.k8s.io/v1beta1`.
    V1beta1,
}

/// What has become of questions, for metrics; shared by webhooks of one name, also across reloads.
#[derive(Debug, Default)]
pub struct Counts {
    /// Answers.
    pub success: AtomicU64,
    /// Failures other than the following.
    pub error: AtomicU64,
    /// Failures because it took too long.
    pub timeout: AtomicU64,
    /// Whoever asked went away.
    pub canceled: AtomicU64,
    /// Failures that came to no opinion.
    pub fail_open: AtomicU64,
    /// Questions that a match condition kept away.
    pub excluded: AtomicU64,
    /// Match conditions that could not be evaluated.
    pub condition_errors: AtomicU64,
}

/// A service that is asked.
pub struct Webhook {
    name: String,
    settings: Settings,
    conditions: Conditions,
    callout: Arc<dyn Callout>,
    cache: Cache,
    counts: Arc<Counts>,
}

/// What is known before anybody is asked.
enum Prepared {
    Decided(Verdict),
    /// What to send, and the key of the answer if it may be remembered.
    Ask(Value, Option<String>),
}

impl Webhook {
    /// A webhook of that name that is asked when all `conditions` hold.
    pub fn new(
        name: impl Into<String>,
        settings: Settings,
        conditions: Conditions,
        callout: Arc<dyn Callout>,
        clock: Monotonic,
        counts: Arc<Counts>,
    ) -> Self {
        Self { name: name.into(), settings, conditions, callout, cache: Cache::new(clock), counts }
    }

    fn prepare(&self, attributes: &Attributes) -> Prepared {
        let spec = review_spec(attributes);
        match self.conditions.matched(&spec) {
            Matched::Yes => {}
            Matched::No => {
                add(&self.counts.excluded);
                return Prepared::Decided(Verdict::no_opinion(""));
            }
            Matched::Unknown(error) => {
                add(&self.counts.condition_errors);
                return Prepared::Decided(self.failed(error));
            }
        }
        let spec = review::wire_spec(spec);
        let key = may_be_kept(attributes).then(|| api::json::to_string(&spec));
        match key.as_ref().and_then(|key| self.cache.find(key)) {
            Some(status) => Prepared::Decided(verdict(&status)),
            None => Prepared::Ask(spec, key),
        }
    }

    async fn ask(&self, spec: Value, key: Option<String>) -> Verdict {
        let review = review::wrap(spec, self.settings.version);
        let mut asking = Asking { counts: &self.counts, done: false };
        let answer = self.callout.call(&review).await;
        let status = answer.and_then(|answer| {
            let failed = |text| CalloutError { text, timeout: false };
            Status::read(answer, self.settings.version).map_err(failed)
        });
        asking.done(&status);
        let status = match status {
            Ok(status) => status,
            Err(error) => {
                if self.settings.on_error == Decision::NoOpinion {
                    add(&self.counts.fail_open);
                }
                return self.failed(error.text);
            }
        };
        let ttl = if status.allowed { self.settings.authorized_ttl } else { self.settings.unauthorized_ttl };
        if let Some(key) = key {
            self.cache.keep(key, &status, ttl);
        }
        verdict(&status)
    }

    fn failed(&self, error: String) -> Verdict {
        Verdict { decision: self.settings.on_error, reason: Reason::None, error: Some(error) }
    }
}

impl RemoteAuthorizer for Webhook {
    fn name(&self) -> &str {
        &self.name
    }

    fn known(&self, attributes: &Attributes) -> Option<Verdict> {
        match self.prepare(attributes) {
            Prepared::Decided(verdict) => Some(verdict),
            Prepared::Ask(..) => None,
        }
    }

    fn authorize<'a>(&'a self, attributes: &'a Attributes<'a>) -> VerdictFuture<'a> {
        Box::pin(async move {
            match self.prepare(attributes) {
                Prepared::Decided(verdict) => verdict,
                Prepared::Ask(spec, key) => self.ask(spec, key).await,
            }
        })
    }

    fn rules(&self, _user: &UserInfo, _namespace: &str) -> Rules {
        let error = "webhook authorizer does not support user rule resolution".to_owned();
        Rules { incomplete: true, errors: vec![error], ..Rules::default() }
    }
}

/// A question that counts as canceled unless it comes to an end.
struct Asking<'a> {
    counts: &'a Counts,
    done: bool,
}

impl Asking<'_> {
    fn done(&mut self, answer: &Result<Status, CalloutError>) {
        self.done = true;
        add(match answer {
            Ok(_) => &self.counts.success,
            Err(error) if error.timeout => &self.counts.timeout,
            Err(_) => &self.counts.error,
        });
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        if !self.done {
            add(&self.counts.canceled);
        }
    }
}

fn add(count: &AtomicU64) {
    count.fetch_add(1, Ordering::Relaxed);
}

/// What a requester makes long would push out what others need.
fn may_be_kept(attributes: &Attributes) -> bool {
    let length = attributes.verb.len()
        + match attributes.target {
            Target::Path(path) => path.len(),
            Target::Resource(ResourceTarget {
                group,
                version,
                resource,
                subresource,
                namespace,
                name,
                ..
            }) => [group, version, resource, subresource, namespace, name].map(str::len).iter().sum(),
        };
    length < LONGEST_CONTROLLED
}

fn verdict(status: &Status) -> Verdict {
    let (decision, error) = match (status.denied, status.allowed) {
        (true, true) => {
            let text = "webhook subject access review returned both allow and deny response";
            (Decision::Deny, Some(text.to_owned()))
        }
        (true, false) => (Decision::Deny, None),
        (false, true) => (Decision::Allow, None),
        (false, false) => (Decision::NoOpinion, None),
    };
    Verdict { decision, reason: Reason::text(status.reason.to_string()), error }
}
