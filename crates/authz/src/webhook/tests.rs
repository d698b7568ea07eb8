use std::sync::Mutex;

use api::callout::CalloutFuture;
use api::field::{Errors, Path};
use api::json;
use api::request::RequestInfo;
use futures_util::FutureExt as _;

use super::*;
use crate::authorizer::Selectors;
use crate::remote::Question;

/// Answers at once, and keeps what it was asked.
struct Script {
    answer: Mutex<Result<String, CalloutError>>,
    asked: Mutex<Vec<String>>,
}

impl Script {
    fn new() -> Arc<Self> {
        let script = Self { answer: Mutex::new(Ok(String::new())), asked: Mutex::default() };
        script.status("v1", r#"{"allowed":true}"#);
        Arc::new(script)
    }

    fn answer(&self, text: impl Into<String>) {
        *self.answer.lock().unwrap() = Ok(text.into());
    }

    fn status(&self, version: &str, status: &str) {
        self.answer(format!(
            r#"{{"kind":"SubjectAccessReview","apiVersion":"authorization.k8s.io/{version}","status":{status}}}"#
        ));
    }

    fn fail(&self, timeout: bool) {
        *self.answer.lock().unwrap() = Err(CalloutError { text: "it is dead".into(), timeout });
    }

    fn count(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

impl Callout for Script {
    fn call<'a>(&'a self, object: &'a Value) -> CalloutFuture<'a> {
        self.asked.lock().unwrap().push(json::to_string(object));
        let answer = self.answer.lock().unwrap().clone();
        Box::pin(async move { answer.map(|text| codec::json::parse(text.as_bytes()).unwrap().value) })
    }
}

const MINUTE: Duration = Duration::from_secs(60);

fn webhook(script: &Arc<Script>, conditions: &[&str], on_error: Decision) -> Webhook {
    let mut errors = Errors::new();
    let conditions = Conditions::compile(conditions, &Path::new("c"), &mut errors);
    assert!(errors.is_empty(), "{errors}");
    let settings = Settings {
        version: ReviewVersion::V1,
        authorized_ttl: MINUTE,
        unauthorized_ttl: Duration::ZERO,
        on_error,
    };
    Webhook::new("hook", settings, conditions, script.clone(), Arc::new(|| MINUTE), Arc::default())
}

fn ask(webhook: &Webhook, attributes: &Attributes) -> (Decision, String, Option<String>) {
    let verdict = webhook.authorize(attributes).now_or_never().unwrap();
    (verdict.decision, verdict.reason.to_string(), verdict.error)
}

fn bob() -> UserInfo {
    UserInfo::new("bob", ["dev"])
}

fn path(user: &UserInfo) -> Attributes<'_> {
    Attributes { user, verb: "get", target: Target::Path("/x") }
}

#[test]
fn what_goes_over_the_wire() {
    let script = Script::new();
    let mut hook = webhook(&script, &[], Decision::NoOpinion);
    let mut user = bob();
    user.extra.insert("k".into(), vec!["v".into()]);
    let info = RequestInfo {
        field_selector: "spec.nodeName=n".into(),
        label_selector: "a in (b),x>1".into(),
        ..RequestInfo::default()
    };
    let selectors = Selectors::of_request(&info);
    let target = ResourceTarget {
        version: "v1",
        resource: "pods",
        namespace: "ns",
        selectors: selectors.as_ref(),
        ..ResourceTarget::default()
    };
    let question = Attributes::of_resource(&user, "list", target);
    assert_eq!(ask(&hook, &question).0, Decision::Allow);
    assert_eq!(Question::of(&question).attributes().namespace(), "ns");
    hook.settings.version = ReviewVersion::V1beta1;
    script.status("v1beta1", r#"{"allowed":true}"#);
    assert_eq!(ask(&hook, &path(&user)).0, Decision::Allow);
    let asked = script.asked.lock().unwrap();
    assert_eq!(
        asked[0],
        concat!(
            r#"{"kind":"SubjectAccessReview","apiVersion":"authorization.k8s.io/v1","metadata":{},"#,
            r#""spec":{"user":"bob","groups":["dev"],"extra":{"k":["v"]},"resourceAttributes":{"namespace":"ns","verb":"list","#,
            r#""version":"v1","resource":"pods","#,
            r#""fieldSelector":{"requirements":[{"key":"spec.nodeName","operator":"In","values":["n"]}]},"#,
            r#""labelSelector":{"requirements":[{"key":"a","operator":"In","values":["b"]}]}}},"status":{"allowed":false}}"#
        )
    );
    assert_eq!(
        asked[1],
        concat!(
            r#"{"kind":"SubjectAccessReview","apiVersion":"authorization.k8s.io/v1beta1","metadata":{},"#,
            r#""spec":{"user":"bob","extra":{"k":["v"]},"nonResourceAttributes":{"path":"/x","verb":"get"},"#,
            r#""group":["dev"]},"status":{"allowed":false}}"#
        )
    );
}

#[test]
fn answers() {
    let script = Script::new();
    let hook = webhook(&script, &[], Decision::NoOpinion);
    let user = bob();
    for (status, expected) in [
        (r#"{"denied":true,"reason":"no"}"#, (Decision::Deny, "no", None)),
        (r#"{"allowed":false,"reason":"hm","evaluationError":"x"}"#, (Decision::NoOpinion, "hm", None)),
        ("{}", (Decision::NoOpinion, "", None)),
        ("null", (Decision::NoOpinion, "", None)),
    ] {
        script.status("v1", status);
        let (decision, reason, error) = ask(&hook, &path(&user));
        assert_eq!((decision, reason.as_str(), error.as_deref()), expected, "{status}");
    }
    script.status("v1", r#"{"allowed":true,"denied":true,"reason":"both"}"#);
    let (decision, reason, error) = ask(&hook, &path(&user));
    assert_eq!((decision, reason.as_str()), (Decision::Deny, "both"));
    assert!(error.unwrap().contains("both allow and deny"));
    let rules = hook.rules(&user, "a");
    assert!(rules.incomplete && rules.errors.len() == 1);
}

#[test]
fn lies_are_failures_and_failures_follow_the_policy() {
    let user = bob();
    for on_error in [Decision::NoOpinion, Decision::Deny] {
        let script = Script::new();
        let hook = webhook(&script, &[], on_error);
        for lie in [
            r#"{"kind":"Pod","apiVersion":"v1"}"#,
            r#"{"kind":"SubjectAccessReview","apiVersion":"authorization.k8s.io/v1beta1","status":{"allowed":true}}"#,
            r#"{"status":{"allowed":true}}"#,
            "{}",
        ] {
            script.answer(lie);
            let (decision, _, error) = ask(&hook, &path(&user));
            assert_eq!(decision, on_error);
            assert!(error.unwrap().contains("instead of \"SubjectAccessReview\""), "{lie}");
        }
        script.status("v1", r#"{"allowed":"true"}"#);
        assert!(ask(&hook, &path(&user)).2.unwrap().contains("cannot unmarshal string"));
        script.fail(true);
        assert_eq!(ask(&hook, &path(&user)), (on_error, String::new(), Some("it is dead".into())));
        script.fail(false);
        ask(&hook, &path(&user));
        let count = |c: &AtomicU64| c.load(Ordering::Relaxed);
        let counts = &hook.counts;
        let open = if on_error == Decision::NoOpinion { 7 } else { 0 };
        assert_eq!(
            (count(&counts.error), count(&counts.timeout), count(&counts.fail_open), count(&counts.success)),
            (6, 1, open, 0)
        );
        drop(hook.authorize(&path(&user)));
        assert_eq!(count(&counts.canceled), 0);
    }
}

#[test]
fn answers_are_remembered_but_not_everything() {
    let script = Script::new();
    let hook = webhook(&script, &[], Decision::NoOpinion);
    let user = bob();
    assert!(hook.known(&path(&user)).is_none());
    for _ in 0..3 {
        ask(&hook, &path(&user));
    }
    assert!(hook.known(&path(&user)).unwrap().allowed());
    assert!(hook.known(&path(&UserInfo::new("eve", ["dev"]))).is_none());
    assert_eq!(script.count(), 1);
    script.status("v1", r#"{"allowed":false}"#);
    let other = Attributes { verb: "put", ..path(&user) };
    ask(&hook, &other);
    ask(&hook, &other);
    assert_eq!(script.count(), 3, "no time, no memory");
    script.status("v1", r#"{"allowed":true}"#);
    let long = "x".repeat(10_000);
    let long = Attributes { target: Target::Path(&long), ..path(&user) };
    ask(&hook, &long);
    ask(&hook, &long);
    assert_eq!(script.count(), 5);
}

#[test]
fn conditions_say_who_is_asked_about() {
    let user = bob();
    let system = UserInfo::new("system:node", ["system:nodes"]);
    let on_pods = "has(request.resourceAttributes) && request.resourceAttributes.resource == 'pods'";
    let broken = "request.resourceAttributes.verb == 'get'";
    for (conditions, user, on_error, expected) in [
        (&["!request.user.startsWith('system:')"][..], &user, Decision::Deny, (Decision::Allow, false)),
        (&["!request.user.startsWith('system:')"], &system, Decision::Deny, (Decision::NoOpinion, false)),
        (&[on_pods], &user, Decision::Deny, (Decision::NoOpinion, false)),
        (&["'dev' in request.groups", "true"], &user, Decision::Deny, (Decision::Allow, false)),
        // An error counts only when nobody says no.
        (&[broken], &user, Decision::Deny, (Decision::Deny, true)),
        (&[broken], &user, Decision::NoOpinion, (Decision::NoOpinion, true)),
        (&[broken, "false"], &user, Decision::Deny, (Decision::NoOpinion, false)),
    ] {
        let script = Script::new();
        let hook = webhook(&script, conditions, on_error);
        let (decision, _, error) = ask(&hook, &path(user));
        assert_eq!((decision, error.is_some()), expected, "{conditions:?}");
        assert_eq!(script.count(), usize::from(decision == Decision::Allow));
    }
}

#[test]
fn conditions_that_cannot_be_used() {
    let mut errors = Errors::new();
    let texts = ["", "request.user", "request.nope == ''", "true", "true", "1 +"];
    Conditions::compile(&texts, &Path::new("m"), &mut errors);
    let text = errors.to_string();
    for expected in [
        "m[0].expression: Required value",
        "m[1].expression: Invalid value: \"request.user\": must evaluate to bool but got string",
        "m[2].expression: Invalid value: \"request.nope == ''\": compilation failed: ERROR: <input>:1:8: undefined field 'nope'",
        "m[4].expression: Duplicate value: \"true\"",
        "m[5].expression: Invalid value",
    ] {
        assert!(text.contains(expected), "{text}");
    }
    let mut errors = Errors::new();
    Conditions::compile(&["true"; 65], &Path::new("m"), &mut errors);
    assert_eq!(errors.to_string(), "m: Too many: 65: must have at most 64 items");
}
