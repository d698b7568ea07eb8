use std::sync::Mutex;

use super::*;
use crate::authorizer::{Reason, Rules, Verdict};
use crate::builtin::{AlwaysAllow, AlwaysDeny};
use crate::rbac::{Binding, Kind, Rbac, Rule};

fn message(review: Review, object: &Value) -> String {
    validate(review, object, "ns").unwrap_err().message
}

fn review(spec: Value) -> Value {
    object! { "metadata" => object! {}, "spec" => spec }
}

fn pods() -> Value {
    object! { "resource" => "pods", "verb" => "get", "namespace" => "ns" }
}

#[test]
fn failures_read_as_upstreams() {
    let nobody = review(object! { "resourceAttributes" => pods() });
    assert_eq!(
        message(Review::Subject, &nobody),
        ".authorization.k8s.io \"\" is invalid: spec.user: Invalid value: \"\": at least one of user or group must be specified"
    );
    assert_eq!(validate(Review::SelfSubject, &nobody, ""), Ok(()));
    let both = object! {
        "user" => "bob", "resourceAttributes" => pods(),
        "nonResourceAttributes" => object! { "path" => "/x", "verb" => "get" },
    };
    assert_eq!(
        message(Review::Subject, &review(both)),
        ".authorization.k8s.io \"\" is invalid: spec.nonResourceAttributes: Invalid value: {\"Path\":\"/x\",\"Verb\":\"get\"}: cannot be specified in combination with resourceAttributes"
    );
    assert_eq!(
        message(Review::Subject, &review(object! { "user" => "bob" })),
        ".authorization.k8s.io \"\" is invalid: spec.resourceAttributes: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified"
    );
    let mut named = review(object! { "user" => "bob", "resourceAttributes" => pods() });
    named.set_at(&["metadata", "name"], "x");
    assert_eq!(
        message(Review::Subject, &named),
        ".authorization.k8s.io \"\" is invalid: metadata: Invalid value: {\"name\":\"x\"}: must be empty"
    );
}

#[test]
fn local_reviews_stay_in_their_namespace() {
    let mut object = review(object! { "user" => "bob", "resourceAttributes" => pods() });
    object.set_at(&["metadata", "namespace"], "other");
    assert_eq!(
        message(Review::LocalSubject, &object),
        ".authorization.k8s.io \"\" is invalid: spec.resourceAttributes.namespace: Invalid value: \"ns\": must match metadata.namespace"
    );
    object.set_at(&["spec", "resourceAttributes", "namespace"], "other");
    assert_eq!(
        message(Review::LocalSubject, &object),
        "spec.resourceAttributes.namespace must match namespace: ns"
    );
    assert_eq!(validate(Review::LocalSubject, &object, "other"), Ok(()));
}

#[test]
fn selector_failures() {
    let label = |requirement: Value| {
        let mut attributes = pods();
        attributes.set_at(&["labelSelector", "requirements"], vec![requirement]);
        review(object! { "user" => "bob", "resourceAttributes" => attributes })
    };
    let start = ".authorization.k8s.io \"\" is invalid: spec.resourceAttributes.labelSelector.";
    assert_eq!(
        message(Review::Subject, &label(object! { "key" => "a", "operator" => "In" })),
        format!(
            "{start}requirements[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'"
        )
    );
    assert_eq!(validate(Review::Subject, &label(object! { "key" => "a", "operator" => "New" }), ""), Ok(()));
    let mut empty = pods();
    empty.set_at(&["labelSelector"], object! {});
    assert_eq!(
        message(Review::Subject, &review(object! { "user" => "bob", "resourceAttributes" => empty })),
        format!(
            "{start}requirements: Required value: when spec.resourceAttributes.labelSelector is specified, requirements or rawSelector is required"
        )
    );
}

#[test]
fn answers() {
    let rbac = Rbac::new();
    rbac.batch(|b| {
        b.set_role(true, "", "r", vec![Rule::resources("get", "-", "pods")]);
        b.set_binding(Binding::from_value(&object! {
            "metadata" => object! { "name" => "b" },
            "roleRef" => object! { "kind" => "ClusterRole", "name" => "r" },
            "subjects" => vec![object! { "kind" => "Group", "name" => "dev" }],
        }));
    });
    let me = UserInfo::new("me", ["x"]);
    let status = |review: Review, spec: Value, user: &UserInfo, a: &dyn Authorizer| {
        answer(review, object! { "spec" => spec }, user, a).at(&["status"]).clone()
    };
    let spec = || object! { "user" => "bob", "groups" => vec!["dev"], "resourceAttributes" => pods() };
    assert_eq!(
        status(Review::Subject, spec(), &me, &rbac),
        object! { "allowed" => true, "reason" => "RBAC: allowed by ClusterRoleBinding \"b\" of ClusterRole \"r\" to Group \"dev\"" }
    );
    assert_eq!(status(Review::SelfSubject, spec(), &me, &rbac), object! { "allowed" => false });
    assert_eq!(
        status(Review::Subject, spec(), &me, &AlwaysDeny),
        object! { "allowed" => false, "reason" => "Everything is forbidden." }
    );
    rbac.remove(Kind::ClusterRole, "", "r");
    let rules = answer_rules(
        &object! { "spec" => object! { "namespace" => "ns" } },
        &UserInfo::new("u", ["dev"]),
        &rbac,
    );
    assert_eq!(
        rules.unwrap().str_at(&["status", "evaluationError"]),
        "clusterrole.rbac.authorization.k8s.io \"r\" not found"
    );
}

#[test]
fn rules_reviews() {
    let me = UserInfo::new("me", ["x"]);
    assert_eq!(answer_rules(&object! {}, &me, &AlwaysAllow).unwrap_err().message, "no namespace on request");
    let got =
        answer_rules(&object! { "spec" => object! { "namespace" => "ns" } }, &me, &AlwaysAllow).unwrap();
    assert_eq!(
        got.at(&["status"]),
        &object! {
            "resourceRules" => vec![object! { "verbs" => vec!["*"], "apiGroups" => vec!["*"], "resources" => vec!["*"] }],
            "nonResourceRules" => vec![object! { "verbs" => vec!["*"], "nonResourceURLs" => vec!["*"] }],
            "incomplete" => false,
        }
    );
}

/// Remembers the selectors it was asked with.
struct Ear(Mutex<Option<Selectors>>);

impl Authorizer for Ear {
    fn authorize(&self, attributes: &Attributes) -> Verdict {
        if let Target::Resource(r) = attributes.target {
            *self.0.lock().unwrap() = r.selectors.cloned();
        }
        Verdict { error: Some("oops".into()), reason: Reason::None, decision: Decision::Deny }
    }
    fn rules(&self, _: &UserInfo, _: &str) -> Rules {
        Rules::default()
    }
}

#[test]
fn selectors_reach_the_authorizer() {
    let ear = Ear(Mutex::new(None));
    let mut attributes = pods();
    attributes.set_at(&["fieldSelector", "rawSelector"], "a=b=c");
    let good = object! { "key" => "a", "operator" => "In", "values" => vec!["1"] };
    let odd = object! { "key" => "a", "operator" => "New" };
    attributes.set_at(&["labelSelector", "requirements"], vec![good, odd]);
    let got = answer(
        Review::Subject,
        review(object! { "resourceAttributes" => attributes }),
        &UserInfo::default(),
        &ear,
    );
    assert_eq!(
        got.at(&["status"]),
        &object! {
            "allowed" => false, "denied" => true,
            "evaluationError" => "oops; spec.resourceAttributes.fieldSelector ignored due to parse error; spec.resourceAttributes.labelSelector partially ignored due to parse error",
        }
    );
    let heard = ear.0.into_inner().unwrap().unwrap();
    assert_eq!((heard.fields.len(), heard.labels.len()), (0, 1));
}
