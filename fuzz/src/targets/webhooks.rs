//! The targets of services that are asked: what they answer, how they are configured, kubeconfig files that lead there.

use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use api::Value;
use api::callout::{Callout, CalloutError, CalloutFuture};
use api::user::UserInfo;
use authn::webhook::TokenWebhook;
use authn::{RemoteTokenAuthenticator as _, SystemRandom, TokenContext};
use authz::configuration::Configuration;
use authz::webhook::{Conditions, ReviewVersion, Settings, Webhook};
use authz::{Attributes, Decision, RemoteAuthorizer as _, Target};

/// Answers everything with the same.
struct Fixed(Result<Value, CalloutError>);

impl Callout for Fixed {
    fn call<'a>(&'a self, _: &'a Value) -> CalloutFuture<'a> {
        Box::pin(async { self.0.clone() })
    }
}

fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("nobody is far away"),
    }
}

/// An answer lets somebody in or allows something only when it is a review that says so in so many words.
pub(crate) fn answers(bytes: &[u8]) {
    let parsed = codec::json::parse(bytes).map(|parsed| parsed.value);
    let answer = parsed.as_ref().ok().cloned().unwrap_or_default();
    let says = |kind: &str, field: &str| {
        answer.str_at(&["kind"]) == kind && answer.at(&["status", field]).as_bool() == Some(true)
    };
    let error = |_| CalloutError { text: "no JSON".to_owned(), timeout: false };
    let callout: Arc<dyn Callout> = Arc::new(Fixed(parsed.map_err(error)));
    let version = authn::webhook::ReviewVersion::V1;
    let tokens = TokenWebhook::new(callout.clone(), version, vec!["api".to_owned()], 10, &SystemRandom);
    let tokens = tokens.expect("there is randomness");
    let context = TokenContext { audiences: &[], now: 0 };
    let first = at_once(tokens.authenticate_token("s3cret-token", &context));
    assert!(says("TokenReview", "authenticated") || !matches!(first, Ok(Some(_))));
    assert_eq!(first, at_once(tokens.authenticate_token("s3cret-token", &context)), "remembered as it was");
    let ttl = Duration::from_secs(10);
    let settings = Settings {
        version: ReviewVersion::V1,
        authorized_ttl: ttl,
        unauthorized_ttl: ttl,
        on_error: Decision::Deny,
    };
    let clock = Arc::new(|| Duration::from_secs(1));
    let webhook = Webhook::new("hook", settings, Conditions::default(), callout, clock, Arc::default());
    let user = UserInfo::new("bob", ["dev"]);
    let question = Attributes { user: &user, verb: "get", target: Target::Path("/x") };
    let first = at_once(webhook.authorize(&question));
    assert!(says("SubjectAccessReview", "allowed") || !first.allowed());
    assert!(!says("SubjectAccessReview", "denied") || first.decision == Decision::Deny);
    let again = webhook.known(&question).unwrap_or_else(|| at_once(webhook.authorize(&question)));
    assert_eq!((first.decision, first.error), (again.decision, again.error), "remembered as it was");
}

/// A configuration is refused with a text, or has authorizers whose conditions can be asked.
pub(crate) fn configuration(bytes: &[u8]) {
    let spec = api::object! { "user" => "bob", "groups" => Vec::<Value>::new(), "uid" => "", "extra" => Value::object() };
    match Configuration::parse(bytes, &|_| Ok(())) {
        Ok(configuration) => {
            assert!(!configuration.authorizers.is_empty());
            for authorizer in &configuration.authorizers {
                assert!(!authorizer.name.is_empty());
                if let Some(webhook) = &authorizer.webhook {
                    assert!(!webhook.timeout.is_zero() && webhook.timeout <= Duration::from_secs(30));
                    let _ = webhook.conditions.matched(&spec);
                }
            }
            assert_eq!(configuration.check_types(&configuration), Ok(()));
        }
        Err(why) => assert!(!why.is_empty()),
    }
}

/// A kubeconfig is refused with texts that name the file, and so is a context that cannot be used.
pub(crate) fn kubeconfig(bytes: &[u8]) {
    match client::Kubeconfig::parse(bytes, Path::new("/the/file")) {
        Ok(file) => {
            for context in file.contexts() {
                match file.config(Some(context)) {
                    Ok(config) => assert!(!config.server.host().is_empty() && config.server.port() > 0),
                    Err(why) => assert!(why.0.iter().all(|why| why.starts_with("/the/file: "))),
                }
            }
        }
        Err(why) => assert!(why.0.iter().all(|why| why.starts_with("/the/file: "))),
    }
}
