use std::sync::Mutex;

use proptest::prelude::*;

use super::*;
use crate::jose::{SigningKey, sign};
use crate::service_account::{KeyRing, TokenKey};

const P256: &[u8] = include_bytes!("../../../testdata/p256-sec1.pem");
const P384: &[u8] = include_bytes!("../../../testdata/p384-pkcs8.pem");
const NOW: i64 = 1_800_000_000;

/// Objects by kind and name; all in one namespace.
#[derive(Default)]
struct World(Mutex<Vec<(Bound, &'static str, BoundObject)>>);

impl World {
    fn with(objects: &[(Bound, &'static str, &str, Option<i64>)]) -> Self {
        let object = |(kind, name, uid, deleted_at): &(Bound, &'static str, &str, Option<i64>)| {
            (*kind, *name, BoundObject { uid: (*uid).to_owned(), deleted_at: *deleted_at, revision: 1 })
        };
        Self(Mutex::new(objects.iter().map(object).collect()))
    }
}

impl Lookup for World {
    fn find(&self, kind: Bound, namespace: &str, name: &str) -> Option<BoundObject> {
        let placed = if kind == Bound::Node { namespace.is_empty() } else { namespace == "ns" };
        let objects = self.0.lock().unwrap();
        objects.iter().find(|(k, n, _)| placed && *k == kind && *n == name).map(|(_, _, o)| o.clone())
    }
}

const ROBOT: (Bound, &str, &str, Option<i64>) = (Bound::ServiceAccount, "robot", "u-sa", None);

fn claims() -> Claims {
    Claims {
        issuer: "https://i".into(),
        audiences: vec!["api".into(), "other".into()],
        expires: NOW + 3600,
        issued_at: NOW,
        not_before: NOW,
        id: "j-1".into(),
        namespace: "ns".into(),
        account: Reference::new("robot", "u-sa"),
        ..Claims::default()
    }
}

fn tokens(objects: &[(Bound, &'static str, &str, Option<i64>)]) -> Tokens {
    Tokens {
        issuers: vec!["https://i".into(), "https://old".into()],
        keys: Keys {
            keys: KeyRing::of([SigningKey::from_pem(P256).unwrap().public().clone()]),
            audiences: vec!["api".into()],
            counts: Arc::default(),
        },
        lookup: Arc::new(World::with(objects)),
    }
}

fn token(claims: &Claims) -> String {
    sign(&SigningKey::from_pem(P256).unwrap(), &claims.payload()).unwrap().expose().to_owned()
}

fn ask(tokens: &Tokens, claims: &Claims, now: i64) -> Result<Identity, String> {
    let answer = tokens.authenticate_token(&token(claims), &TokenContext { audiences: &[], now });
    answer.map(|i| i.expect("an opinion")).map_err(|e| e.to_string())
}

#[test]
fn users() {
    let identity = ask(&tokens(&[ROBOT]), &claims(), NOW).unwrap();
    assert_eq!(identity.user.name, "system:serviceaccount:ns:robot");
    assert_eq!(identity.user.uid, "u-sa");
    assert_eq!(identity.user.groups, ["system:serviceaccounts", "system:serviceaccounts:ns"]);
    assert_eq!(identity.user.extra.len(), 1);
    assert_eq!(identity.user.extra["authentication.kubernetes.io/credential-id"], ["JTI=j-1"]);
    assert_eq!((identity.audiences, identity.expires), (vec!["api".to_owned()], Some(NOW + 3600)));
}

#[test]
fn users_of_pods_know_pod_and_node() {
    let mut pod = claims();
    pod.pod = Some(Reference::new("p", "u-p"));
    pod.node = Some(Reference::new("n", "u-n"));
    let world = tokens(&[ROBOT, (Bound::Pod, "p", "u-p", None)]);
    let extra = ask(&world, &pod, NOW).unwrap().user.extra;
    let shown: Vec<String> =
        extra.iter().map(|(k, v)| format!("{}={}", k.rsplit('/').next().unwrap(), v[0])).collect();
    assert_eq!(shown, ["credential-id=JTI=j-1", "node-name=n", "node-uid=u-n", "pod-name=p", "pod-uid=u-p"]);
}

#[test]
fn time() {
    let world = tokens(&[ROBOT]);
    let mut c = claims();
    c.not_before = NOW + 100;
    assert_eq!(ask(&world, &c, NOW), Err("service account token is not valid yet".into()));
    assert!(ask(&world, &c, NOW + 40).is_ok());
    let c = claims();
    assert!(ask(&world, &c, NOW + 3600 + 60).is_ok());
    assert_eq!(ask(&world, &c, NOW + 3600 + 61), Err("service account token has expired".into()));
    let c = Claims { issued_at: NOW + 61, ..claims() };
    assert_eq!(ask(&world, &c, NOW), Err("service account token is issued in the future".into()));
    let c = Claims { warn_after: Some(NOW - 5), ..claims() };
    let annotations = ask(&world, &c, NOW).unwrap().annotations;
    let text = "subject: system:serviceaccount:ns:robot, seconds after warning threshold: 5";
    assert_eq!(annotations, [("authentication.k8s.io/stale-token".to_owned(), text.to_owned())]);
}

#[test]
fn audiences() {
    let world = tokens(&[ROBOT]);
    let ask = |audiences: &[String]| {
        let context = TokenContext { audiences, now: NOW };
        world
            .authenticate_token(&token(&claims()), &context)
            .map(|i| i.unwrap().audiences)
            .map_err(|e| e.to_string())
    };
    assert_eq!(ask(&["other".into(), "x".into()]), Ok(vec!["other".to_owned()]));
    assert_eq!(
        ask(&["x".into()]),
        Err(r#"token audiences ["api" "other"] is invalid for the target audiences ["x"]"#.into())
    );
}

#[test]
fn objects_must_be_there_and_the_same() {
    let secret = Claims { secret: Some(Reference::new("s", "u-s")), ..claims() };
    let pod = Claims { pod: Some(Reference::new("p", "u-p")), ..claims() };
    let node = Claims { node: Some(Reference::new("n", "u-n")), ..claims() };
    let invalidated = "service account token has been invalidated";
    let robot = |uid, deleted| (Bound::ServiceAccount, "robot", uid, deleted);
    for (claims, objects, want) in [
        (&claims(), vec![], "serviceaccounts \"robot\" not found"),
        (&claims(), vec![robot("other", None)], "service account UID (other) does not match claim (u-sa)"),
        (&claims(), vec![robot("u-sa", Some(NOW - 61))], "service account ns/robot has been deleted"),
        (&claims(), vec![robot("u-sa", Some(NOW - 60))], ""),
        (&secret, vec![ROBOT], invalidated),
        (
            &secret,
            vec![ROBOT, (Bound::Secret, "s", "x", None)],
            "secret UID (x) does not match service account secret ref claim (u-s)",
        ),
        (&secret, vec![ROBOT, (Bound::Secret, "s", "u-s", Some(NOW - 61))], invalidated),
        (&secret, vec![ROBOT, (Bound::Secret, "s", "u-s", None)], ""),
        (&pod, vec![ROBOT], invalidated),
        (&pod, vec![ROBOT, (Bound::Pod, "p", "u-p", None)], ""),
        (&node, vec![ROBOT], invalidated),
        (
            &node,
            vec![ROBOT, (Bound::Node, "n", "u-x", None)],
            "node UID (u-x) does not match service account node ref claim (u-n)",
        ),
        (&node, vec![ROBOT, (Bound::Node, "n", "u-n", None)], ""),
    ] {
        let got = ask(&tokens(&objects), claims, NOW).map(|_| String::new()).unwrap_or_else(|e| e);
        assert_eq!(got, want);
    }
}

#[test]
fn remembered_answers_die_with_what_they_stand_on() {
    let world = Arc::new(World::with(&[ROBOT, (Bound::Pod, "p", "u-p", None)]));
    let tokens = Tokens { lookup: world.clone(), ..tokens(&[]) };
    let claims = Claims { pod: Some(Reference::new("p", "u-p")), warn_after: Some(NOW + 100), ..claims() };
    let identity = ask(&tokens, &claims, NOW).unwrap();
    assert_eq!(identity.grounds.until, NOW + 100);
    let change = |change: fn(&mut BoundObject)| {
        let mut objects = world.0.lock().unwrap();
        change(&mut objects[1].2);
        objects[1].2.revision += 1;
    };
    assert!(identity.grounds.hold(NOW));
    change(|_| {});
    assert!(identity.grounds.hold(NOW), "a change of its status is nothing to a token");
    change(|pod| pod.deleted_at = Some(NOW));
    assert!(!identity.grounds.hold(NOW), "what is marked deleted is looked at each time");
    let marked = ask(&tokens, &claims, NOW).unwrap();
    assert!(!marked.grounds.hold(NOW), "also when it was marked before");
    change(|pod| {
        pod.deleted_at = None;
        pod.uid = "u-new".into();
    });
    assert!(!identity.grounds.hold(NOW));
    world.0.lock().unwrap().pop();
    assert!(!identity.grounds.hold(NOW));
}

#[test]
fn remembered_answers_die_with_their_key() {
    let tokens = tokens(&[ROBOT]);
    let (key, other) = (SigningKey::from_pem(P256).unwrap(), SigningKey::from_pem(P384).unwrap());
    let kept = |key: &SigningKey| TokenKey { key: key.public().clone(), unpublished: false };
    let identity = ask(&tokens, &claims(), NOW).unwrap();
    assert!(identity.grounds.hold(NOW));
    tokens.keys.keys.replace(vec![kept(&other), TokenKey { unpublished: true, ..kept(&key) }]);
    assert!(identity.grounds.hold(NOW), "the key is still there");
    assert!(ask(&tokens, &claims(), NOW).is_ok(), "keys that are not published verify");
    tokens
        .keys
        .keys
        .replace(vec![TokenKey { key: other.public().clone().named(&key.public().id), unpublished: false }]);
    assert!(!identity.grounds.hold(NOW), "another key of the same name");
    assert!(ask(&tokens, &claims(), NOW).is_err());
    tokens.keys.keys.replace(vec![kept(&other)]);
    assert_eq!(tokens.unknown_key(&token(&claims())), Some(key.public().id.clone()));
    let foreign = token(&Claims { issuer: "https://elsewhere".into(), ..claims() });
    assert_eq!(tokens.unknown_key(&foreign), None, "nobody is asked about the tokens of others");
    tokens.keys.keys.replace(vec![kept(&key)]);
    assert!(identity.grounds.hold(NOW), "it is back");
    assert_eq!(tokens.unknown_key(&token(&claims())), None);
}

#[test]
fn tokens_without_an_audience_are_for_this_server() {
    let tokens = tokens(&[ROBOT]);
    let plain = Claims { audiences: Vec::new(), ..claims() };
    let identity = ask(&tokens, &plain, NOW).unwrap();
    assert_eq!(identity.audiences, ["api"]);
    assert_eq!(identity.annotations[0].0, "authentication.k8s.io/legacy-token");
    assert_eq!(tokens.keys.counts.legacy.get(), 1);
}

#[test]
fn issuers_and_keys() {
    let world = tokens(&[ROBOT]);
    let context = TokenContext { audiences: &[], now: NOW };
    let foreign = token(&Claims { issuer: "https://elsewhere".into(), ..claims() });
    assert_eq!(world.authenticate_token(&foreign, &context), Ok(None));
    assert_eq!(world.authenticate_token("no-jwt", &context), Ok(None));
    assert!(ask(&world, &Claims { issuer: "https://old".into(), ..claims() }, NOW).is_ok());
    let stranger = SigningKey::from_pem(P384).unwrap();
    let forged = sign(&stranger, &claims().payload()).unwrap();
    let error = world.authenticate_token(forged.expose(), &context).unwrap_err();
    assert_eq!(error.to_string(), "invalid signature, no keys found");
    let [_, payload, signature] = forged.expose().split('.').collect::<Vec<_>>()[..] else { panic!() };
    let header = token(&claims());
    let spliced = format!("{}.{payload}.{signature}", header.split('.').next().unwrap());
    let error = world.authenticate_token(&spliced, &context).unwrap_err();
    assert_eq!(error.to_string(), "go-jose/go-jose: error in cryptographic primitive");
}

proptest! {
    #[test]
    fn a_changed_token_is_never_accepted(at in 0usize..600, byte in any::<u8>()) {
        let world = tokens(&[ROBOT]);
        let good = token(&claims());
        let mut changed = good.clone().into_bytes();
        let at = at % changed.len();
        changed[at] = byte;
        if let Ok(changed) = String::from_utf8(changed)
            && changed != good
        {
            let answer = world.authenticate_token(&changed, &TokenContext { audiences: &[], now: NOW });
            prop_assert!(!matches!(answer, Ok(Some(_))), "{changed}");
        }
    }

    #[test]
    fn any_text_is_survived(text in "\\PC*", parts in prop::collection::vec("[A-Za-z0-9_-]*", 0..5)) {
        let world = tokens(&[ROBOT]);
        let context = TokenContext { audiences: &[], now: NOW };
        prop_assert!(!matches!(world.authenticate_token(&text, &context), Ok(Some(_))));
        prop_assert!(!matches!(world.authenticate_token(&parts.join("."), &context), Ok(Some(_))));
    }
}
