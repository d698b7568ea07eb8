use super::*;
use crate::authenticator::{TokenAuthenticator, TokenContext};
use crate::jose::{SigningKey, sign};
use crate::random::SystemRandom;
use crate::service_account::{Bound, BoundObject, KeyRing, Keys, Lookup, Tokens};
use std::sync::Arc;

const P256: &[u8] = include_bytes!("../../../testdata/p256-sec1.pem");
const NOW: i64 = 1_800_000_000;

struct World;

impl Objects for World {
    fn get(&self, resource: &GroupResource, namespace: &str, name: &str) -> Result<Value> {
        let spec =
            |account: &str, node: &str| object! { "serviceAccountName" => account, "nodeName" => node };
        let named = |uid: &str| object! { "metadata" => object! { "name" => name, "uid" => uid } };
        let mut found = match (resource.resource.as_str(), namespace, name) {
            ("pods", "ns", "mine" | "lost" | "other") => named("u-p"),
            ("secrets", "ns", "s") => named("u-s"),
            ("nodes", "", "n") => named("u-n"),
            _ => return Err(ApiError::not_found(resource, name)),
        };
        match name {
            "mine" => found.set_at(&["spec"], spec("robot", "n")),
            "lost" => found.set_at(&["spec"], spec("robot", "gone")),
            "other" => found.set_at(&["spec"], spec("default", "")),
            _ => {}
        }
        Ok(found)
    }
}

fn issuer() -> Issuer {
    Issuer {
        name: "https://i".into(),
        audiences: vec!["api".into()],
        max_seconds: None,
        extended_seconds: Some(EXTENDED_SECONDS),
    }
}

fn account() -> Value {
    object! { "metadata" => object! { "name" => "robot", "namespace" => "ns", "uid" => "u-sa" } }
}

fn run(issuer: &Issuer, mut request: Value) -> Result<Issued> {
    prepare(issuer, &mut request, "ns", &account(), NOW)?;
    let draft = draft(issuer, request, &World, &SystemRandom, NOW)?;
    let token = sign(&key(), &draft.payload()).unwrap();
    Ok(draft.finish(&token))
}

fn key() -> SigningKey {
    SigningKey::from_pem(P256).unwrap()
}

fn message(request: Value) -> String {
    run(&issuer(), request).unwrap_err().message
}

/// What the token says.
fn payload(issued: &Issued) -> Value {
    let token = issued.object.str_at(&["status", "token"]);
    let jws = crate::jose::Compact::parse(token).unwrap();
    jws.payload_if_signed_by(key().public()).unwrap().clone()
}

fn bound(kind: &str, name: &str) -> Value {
    let reference = object! { "apiVersion" => "v1", "kind" => kind, "name" => name };
    object! { "spec" => object! { "boundObjectRef" => reference } }
}

#[test]
fn an_empty_request_gets_the_defaults() {
    let issued = run(&issuer(), object! { "spec" => object! {} }).unwrap();
    let mut object = issued.object.clone();
    object.remove_at(&["status", "token"]);
    let metadata = object! {
        "name" => "robot", "namespace" => "ns", "uid" => "u-sa", "creationTimestamp" => "2027-01-15T08:00:00Z",
    };
    let want = object! {
        "metadata" => metadata,
        "spec" => object! { "audiences" => vec!["api"], "expirationSeconds" => 3600 },
        "status" => object! { "expirationTimestamp" => "2027-01-15T09:00:00Z" },
    };
    assert_eq!(object, want);
    let payload = payload(&issued);
    assert_eq!(payload.at(&["exp"]).as_i64(), Some(NOW + 3600));
    assert_eq!(issued.credential_id, format!("JTI={}", payload.str_at(&["jti"])));
    assert_eq!(payload.str_at(&["jti"]).len(), 36);
}

struct Account;

impl Lookup for Account {
    fn find(&self, kind: Bound, namespace: &str, name: &str) -> Option<BoundObject> {
        let found = (kind, namespace, name) == (Bound::ServiceAccount, "ns", "robot");
        found.then(|| BoundObject { uid: "u-sa".into(), deleted_at: None, revision: 1 })
    }
}

#[test]
fn what_is_issued_is_accepted() {
    let issuer = issuer();
    let issued = run(&issuer, object! {}).unwrap();
    let tokens = Tokens {
        issuers: vec![issuer.name.clone()],
        keys: Keys {
            keys: KeyRing::of([key().public().clone()]),
            audiences: issuer.audiences.clone(),
            counts: Arc::default(),
        },
        lookup: Arc::new(Account),
    };
    let token = issued.object.str_at(&["status", "token"]);
    let identity =
        tokens.authenticate_token(token, &TokenContext { audiences: &[], now: NOW }).unwrap().unwrap();
    assert_eq!(identity.user.name, "system:serviceaccount:ns:robot");
}

#[test]
fn failures_read_as_upstreams() {
    let with = |path: &[&str], value: Value| {
        let mut request = object! { "spec" => object! {} };
        request.set_at(path, value);
        message(request)
    };
    assert_eq!(
        with(&["metadata", "name"], "x".into()),
        "TokenRequest.authentication.k8s.io \"robot\" is invalid: metadata.name: Invalid value: \"x\": must match the service account name if specified"
    );
    assert_eq!(
        with(&["metadata", "uid"], "x".into()),
        "Operation cannot be fulfilled on TokenRequest.authentication.k8s.io \"robot\": the UID in the token request (x) does not match the UID of the service account (u-sa)"
    );
    assert_eq!(
        with(&["spec", "expirationSeconds"], 599.into()),
        "TokenRequest.authentication.k8s.io \"\" is invalid: spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes"
    );
    assert!(
        with(&["spec", "expirationSeconds"], ((1_i64 << 32) + 1).into())
            .ends_with("larger than 2^32 seconds")
    );
}

#[test]
fn bindings_read_as_upstreams() {
    assert_eq!(message(bound("ConfigMap", "c")), "cannot bind token to object of type /v1, Kind=ConfigMap");
    assert_eq!(message(bound("Secret", "none")), "secrets \"none\" not found");
    assert_eq!(
        message(bound("Pod", "other")),
        "cannot bind token for serviceaccount \"robot\" to pod running with different serviceaccount name."
    );
    let mut stale = bound("Secret", "s");
    stale.set_at(&["spec", "boundObjectRef", "uid"], "x");
    assert_eq!(
        message(stale),
        "Operation cannot be fulfilled on Secret \"s\": the UID in the bound object reference (x) does not match the UID in record. The object might have been deleted and then recreated"
    );
}

#[test]
fn bound_tokens_name_their_objects() {
    let own =
        |request| api::json::to_string(payload(&run(&issuer(), request).unwrap()).at(&["kubernetes.io"]));
    let start = r#"{"namespace":"ns","#;
    let end = r#""serviceaccount":{"name":"robot","uid":"u-sa"}}"#;
    for (request, middle) in [
        (bound("Secret", "s"), r#""secret":{"name":"s","uid":"u-s"},"#),
        (bound("Node", "n"), r#""node":{"name":"n","uid":"u-n"},"#),
        (bound("Pod", "mine"), r#""node":{"name":"n","uid":"u-n"},"pod":{"name":"mine","uid":"u-p"},"#),
        (bound("Pod", "lost"), r#""node":{"name":"gone"},"pod":{"name":"lost","uid":"u-p"},"#),
    ] {
        assert_eq!(own(request), format!("{start}{middle}{end}"));
    }
}

#[test]
fn lifetimes_are_shortened_and_stretched() {
    let short = Issuer { max_seconds: Some(1000), ..issuer() };
    let issued = run(&short, object! {}).unwrap();
    assert_eq!(issued.warnings, ["requested expiration of 3600 seconds shortened to 1000 seconds"]);
    assert_eq!(issued.object.at(&["spec", "expirationSeconds"]).as_i64(), Some(1000));
    let mut kubelet = bound("Pod", "mine");
    kubelet.set_at(&["spec", "expirationSeconds"], WARN_ONLY_SECONDS);
    let issued = run(&issuer(), kubelet.clone()).unwrap();
    let claims = payload(&issued);
    assert_eq!(claims.at(&["exp"]).as_i64(), Some(NOW + EXTENDED_SECONDS));
    assert_eq!(claims.at(&["kubernetes.io", "warnafter"]).as_i64(), Some(NOW + WARN_ONLY_SECONDS));
    assert_eq!(issued.object.str_at(&["status", "expirationTimestamp"]), "2027-01-15T09:00:07Z");
    let signer = Issuer { extended_seconds: Some(7200), ..issuer() };
    let claims = payload(&run(&signer, kubelet.clone()).unwrap());
    assert_eq!(claims.at(&["exp"]).as_i64(), Some(NOW + 7200), "as long as the signer allows");
    kubelet.set_at(&["spec", "audiences"], vec!["vault"]);
    assert_eq!(
        payload(&run(&issuer(), kubelet).unwrap()).at(&["exp"]).as_i64(),
        Some(NOW + WARN_ONLY_SECONDS)
    );
}
