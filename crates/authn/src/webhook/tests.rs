use std::sync::Mutex;

use api::Value;
use api::callout::{CalloutError, CalloutFuture};
use futures_util::FutureExt as _;

use super::*;
use crate::random::SystemRandom;

/// Answers with a status, and keeps what it was asked.
struct Script {
    answer: Mutex<Result<Value, CalloutError>>,
    asked: Mutex<Vec<String>>,
}

impl Callout for Script {
    fn call<'a>(&'a self, object: &'a Value) -> CalloutFuture<'a> {
        self.asked.lock().unwrap().push(api::json::to_string(object));
        let answer = self.answer.lock().unwrap().clone();
        Box::pin(async move { answer })
    }
}

impl Script {
    fn new() -> Arc<Self> {
        Arc::new(Self { answer: Mutex::new(Ok(Value::Null)), asked: Mutex::default() })
    }

    fn status(&self, status: &str) {
        let text =
            format!(r#"{{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","status":{status}}}"#);
        self.answer(&text);
    }

    fn answer(&self, text: &str) {
        *self.answer.lock().unwrap() = Ok(value(serde_json::from_str(text).unwrap()));
    }

    fn count(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

fn value(json: serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(flag) => flag.into(),
        serde_json::Value::Number(number) => number.as_i64().unwrap().into(),
        serde_json::Value::String(text) => text.into(),
        serde_json::Value::Array(items) => Value::Array(items.into_iter().map(value).collect()),
        serde_json::Value::Object(map) => {
            Value::Object(map.into_iter().map(|(key, member)| (key, value(member))).collect())
        }
    }
}

fn webhook(script: &Arc<Script>, keep: i64) -> TokenWebhook {
    TokenWebhook::new(script.clone(), ReviewVersion::V1, vec!["api".into()], keep, &SystemRandom).unwrap()
}

fn ask(webhook: &TokenWebhook, token: &str, audiences: &[&str], now: i64) -> Answer {
    let audiences: Vec<String> = audiences.iter().map(|a| (*a).to_owned()).collect();
    webhook.authenticate_token(token, &TokenContext { audiences: &audiences, now }).now_or_never().unwrap()
}

const BOB: &str =
    r#"{"authenticated":true,"user":{"username":"bob","uid":"1","groups":["dev"],"extra":{"k":["v"]}}}"#;

#[test]
fn who_it_is() {
    let script = Script::new();
    let hook = webhook(&script, 0);
    script.status(BOB);
    let identity = ask(&hook, "t", &[], 0).unwrap().unwrap();
    assert_eq!((identity.user.name.as_str(), identity.user.uid.as_str()), ("bob", "1"));
    assert_eq!((identity.user.groups, identity.audiences), (vec!["dev".to_owned()], vec!["api".to_owned()]));
    assert_eq!(identity.user.extra["k"], ["v"]);
    assert_eq!(
        script.asked.lock().unwrap()[0],
        concat!(
            r#"{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","metadata":{},"#,
            r#""spec":{"token":"t","audiences":["api"]},"status":{"user":{}}}"#
        )
    );
    script.status(r#"{"authenticated":false}"#);
    assert_eq!(ask(&hook, "t", &[], 0), Ok(None));
    script.status("{}");
    assert_eq!(ask(&hook, "t", &[], 0), Ok(None));
    script.status(r#"{"error":"expired"}"#);
    assert_eq!(ask(&hook, "t", &[], 0).unwrap_err().to_string(), "expired");
}

#[test]
fn audiences() {
    let script = Script::new();
    let hook = webhook(&script, 0);
    for (answered, wanted, expected) in [
        ("", &[][..], Some(vec!["api"])),
        ("", &["api", "other"], Some(vec!["api"])),
        ("", &["other"], None),
        (r#","audiences":["other","more"]"#, &["other"], Some(vec!["other"])),
        (r#","audiences":["other"]"#, &[], None),
    ] {
        script.status(&format!(r#"{{"authenticated":true,"user":{{"username":"bob"}}{answered}}}"#));
        let found = ask(&hook, "t", wanted, 0).unwrap().map(|identity| identity.audiences);
        assert_eq!(
            found,
            expected.map(|e| e.into_iter().map(str::to_owned).collect()),
            "{answered} {wanted:?}"
        );
    }
}

#[test]
fn yes_and_no_are_remembered_and_failures_are_not() {
    let script = Script::new();
    let hook = webhook(&script, 120);
    script.status(BOB);
    for now in [0, 60, 119] {
        assert!(ask(&hook, "good", &[], now).unwrap().is_some());
    }
    assert_eq!(script.count(), 1);
    ask(&hook, "good", &["other"], 0).unwrap();
    assert_eq!(script.count(), 2, "other audiences are another question");
    script.status("{}");
    for now in [0, 119] {
        assert_eq!(ask(&hook, "bad", &[], now), Ok(None));
    }
    assert_eq!(script.count(), 3);
    script.status(BOB);
    assert!(ask(&hook, "bad", &[], 120).unwrap().is_some());
    *script.answer.lock().unwrap() = Err(CalloutError { text: "dead".into(), timeout: true });
    for _ in 0..2 {
        assert_eq!(ask(&hook, "x", &[], 0).unwrap_err().to_string(), "dead");
    }
    assert_eq!(script.count(), 6);
}

#[test]
fn lies_are_failures_that_do_not_show_the_token() {
    let script = Script::new();
    let hook = webhook(&script, 120);
    for lie in [
        r#"{"kind":"Pod","apiVersion":"v1"}"#,
        r#"{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1beta1","status":{"authenticated":true}}"#,
        r#"{"kind":"s3cret"}"#,
        "{}",
    ] {
        script.answer(lie);
        let why = ask(&hook, "s3cret", &[], 0).unwrap_err().to_string();
        assert!(why.contains("did not answer with kind \"TokenReview\"") && !why.contains("s3cret"), "{why}");
    }
    for lie in [
        r#"{"authenticated":"s3cret"}"#,
        r#"{"authenticated":true,"user":{"username":["s3cret"]}}"#,
        r#"{"authenticated":true,"user":{"groups":"s3cret"}}"#,
        r#"{"authenticated":true,"user":{"groups":[1]}}"#,
        r#"{"authenticated":true,"user":{"extra":{"s3cret":"x"}}}"#,
        r#"{"authenticated":true,"user":{"extra":[]}}"#,
        r#"{"audiences":1}"#,
    ] {
        script.status(lie);
        let why = ask(&hook, "s3cret", &[], 0).unwrap_err().to_string();
        assert!(why.contains("of the wrong type") && !why.contains("s3cret"), "{why}");
    }
}
