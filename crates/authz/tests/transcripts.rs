//! Authentication and authorization against what kube-apiserver answered: its bootstrap policy, and its transcripts as
//! far as they ask who somebody is or what somebody may do.
//!
//! Both lie beside the workspace (`../shared`, or under `SUMUN_SHARED`); without them the tests do nothing and say so.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests fail by panicking and say what they skip"
)]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use api::user::UserInfo;
use api::{Map, RequestInfo, Value, json};
use authn::{Anonymous, Chain, Credentials, SystemRandom, TokenCache, TokenContext, TokenFile, TokenMember};
use futures_util::FutureExt as _;
use sumun_authz as authz;

use authz::node::{Node, Source};
use authz::rbac::{self, Kind, Rbac};
use authz::review::{self, Review};
use authz::{Attributes, Authorizer, Union, bootstrap, forbidden, impersonate};

fn shared(path: &str) -> Option<Value> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    let folder = PathBuf::from(std::env::var("SUMUN_SHARED").unwrap_or_else(|_| beside.to_owned()));
    let Ok(text) = std::fs::read_to_string(folder.join(path)) else {
        println!("{} is not there: nothing is compared", folder.join(path).display());
        return None;
    };
    Some(value(&serde_json::from_str(&text).unwrap()))
}

fn value(from: &serde_json::Value) -> Value {
    match from {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(b) => (*b).into(),
        serde_json::Value::Number(n) => n.as_i64().map_or_else(|| n.as_f64().unwrap().into(), Value::Int),
        serde_json::Value::String(s) => s.as_str().into(),
        serde_json::Value::Array(a) => Value::Array(a.iter().map(value).collect()),
        serde_json::Value::Object(o) => o.iter().map(|(k, v)| (k.as_str(), value(v))).collect::<Map>().into(),
    }
}

#[test]
fn bootstrap_objects_are_the_recorded_ones() {
    let mut ours = bootstrap::objects();
    for kind in Kind::ALL {
        let Some(list) = shared(&format!("data/bootstrap/{}.json", kind.resource())) else { return };
        for recorded in list.array_at(&["items"]) {
            let key = |o: &Value| {
                (o.str_at(&["metadata", "namespace"]).to_owned(), o.str_at(&["metadata", "name"]).to_owned())
            };
            let at = ours.iter().position(|(k, o)| *k == kind && key(o) == key(recorded));
            let (_, mut object) = ours.remove(at.unwrap_or_else(|| panic!("{:?} is missing", key(recorded))));
            object.remove_at(&["kind"]);
            object.remove_at(&["apiVersion"]);
            assert_eq!(&object, recorded);
        }
    }
    assert!(ours.is_empty(), "{ours:?}");
}

/// A server's authentication and authorization without the server.
struct World {
    chain: Chain,
    rbac: Arc<Rbac>,
    node: Arc<Node>,
    union: Union,
}

impl World {
    fn new() -> Self {
        let (rbac, node) = (Arc::new(Rbac::new()), Arc::new(Node::new()));
        rbac.batch(|b| bootstrap::objects().iter().for_each(|(kind, object)| b.upsert(*kind, object)));
        let members: [Arc<dyn Authorizer>; 2] = [node.clone(), rbac.clone()];
        let users = "admin-token,admin,1,system:masters\nbob-token,bob,2\njane-token,jane,3,\"dev,qa\"\ncarol-token,carol,4,viewers\n";
        let (file, _) =
            TokenFile::parse(users, &["https://kubernetes.default.svc".to_owned()], &SystemRandom).unwrap();
        let tokens = TokenCache::new(vec![TokenMember::Local(Arc::new(file))], 10, &SystemRandom).unwrap();
        let chain = Chain { members: Vec::new(), tokens: Some(tokens), anonymous: Anonymous::Allowed };
        Self { chain, rbac, node, union: Union::new(members) }
    }

    fn user(&self, step: &Value) -> UserInfo {
        let headers = headers(step);
        let name = match step.str_at(&["as"]) {
            "" => "admin",
            name => name,
        };
        let own = format!("Bearer {name}-token");
        let authorization = match headers.get("authorization") {
            Some(header) => Some(header.as_str()),
            None if matches!(name, "anonymous" | "none") => None,
            None => Some(own.as_str()),
        };
        let context = TokenContext { audiences: &[], now: 0 };
        let credentials = Credentials::header(authorization, context);
        self.chain.authenticate(&credentials).now_or_never().unwrap().unwrap().unwrap().user
    }

    /// The body of the answer, as far as it can be told here.
    fn answer(&self, step: &Value) -> Option<Value> {
        let info = RequestInfo::parse(step.str_at(&["method"]), step.str_at(&["path"])).unwrap();
        let mut user = self.user(step);
        let headers = headers(step);
        match authn::impersonation::wanted_user(headers.iter().map(|(k, v)| (k.as_str(), v.as_str()))) {
            Ok(None) => {}
            Ok(Some(wanted)) => {
                match impersonate(&wanted, &Attributes::of_request(&user, &info, None), &self.union) {
                    Ok(impersonated) => user = impersonated.user,
                    Err(error) => return Some(error.status()),
                }
            }
            Err(error) => return Some(error.status()),
        }
        let attributes = Attributes::of_request(&user, &info, None);
        let verdict = self.union.authorize(&attributes);
        if !verdict.allowed() {
            return Some(forbidden(&attributes, &verdict.reason).status());
        }
        if info.verb != "create" {
            return None;
        }
        let body = step.at(&["body"]).clone();
        if let Some(review) = Review::of_resource(&info.resource) {
            if let Err(error) = review::validate(review, &body, &info.namespace) {
                return Some(error.status());
            }
            return Some(review::answer(review, body, &user, &self.union));
        }
        match info.resource.as_str() {
            "selfsubjectrulesreviews" => Some(review::answer_rules(&body, &user, &self.union).unwrap()),
            "selfsubjectreviews" => Some(authn::review::self_subject_review(&user, 0)),
            _ => self.store(&info, body),
        }
    }

    fn store(&self, info: &RequestInfo, mut body: Value) -> Option<Value> {
        body.set_at(&["metadata", "namespace"], info.namespace.clone());
        if let Some(kind) = Kind::of_resource(&info.resource).filter(|_| info.group == rbac::GROUP) {
            self.rbac.upsert(kind, &body);
        }
        if let Some(source) = Source::of_resource(&info.group, &info.resource) {
            self.node.upsert(source, &body);
        }
        None
    }
}

fn headers(step: &Value) -> BTreeMap<String, String> {
    let headers = step.at(&["headers"]).as_object();
    let pairs = headers.into_iter().flat_map(Map::iter);
    pairs.map(|(k, v)| (k.to_ascii_lowercase(), v.as_str().unwrap_or_default().to_owned())).collect()
}

/// The namespace that a transcript was recorded with.
fn namespace(golden: &str) -> Option<&str> {
    golden.match_indices("t-").find_map(|(at, _)| {
        let name = golden.get(at..at + 12)?;
        name.get(2..)?.bytes().all(|b| b.is_ascii_hexdigit()).then_some(name)
    })
}

/// What two answers must have in common: `status` of a review with its rules in any order, or the whole error.
fn comparable(body: &Value) -> Value {
    if body.str_at(&["kind"]) == "Status" {
        let parts = ["reason", "message", "details", "code"].map(|k| (k, body.at(&[k]).clone()));
        return parts.into_iter().collect::<Map>().into();
    }
    let mut status = sorted(body.at(&["status"]));
    for key in ["resourceRules", "nonResourceRules"] {
        if let Some(rules) = status.get_mut(key).and_then(Value::as_array_mut) {
            rules.sort_by_key(json::to_string);
        }
    }
    status
}

/// The same value with members by name, so that equal values have equal texts.
fn sorted(body: &Value) -> Value {
    match body {
        Value::Object(map) => {
            let members: BTreeMap<&str, Value> = map.iter().map(|(k, v)| (k, sorted(v))).collect();
            members.into_iter().collect::<Map>().into()
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

/// Steps whose answer needs more than this test has.
fn is_beyond(case: &str, step: &Value) -> bool {
    let path = step.str_at(&["path"]);
    step.at(&["query"]).as_object().is_some()
        || path.ends_with("/token")
        || path.ends_with("/tokenreviews")
        || case.ends_with("service-account-token")
        || case.ends_with("bound-to-secret")
}

#[test]
fn transcripts() {
    let mut compared = 0;
    for area in ["authz", "authn"] {
        let Some(cases) = shared(&format!("oracle/golden/{area}.json")) else { return };
        for case in cases.as_array().unwrap() {
            let name = case.str_at(&["name"]);
            let recorded = json::to_string(case.at(&["golden"]));
            let here = namespace(&recorded).unwrap_or("t-0123456789");
            let steps =
                json::to_string(case.at(&["steps"])).replace("{ns}", here).replace("{case}", &here[2..]);
            let steps = value(&serde_json::from_str(&steps).unwrap());
            let mut golden = case.array_at(&["golden"]).iter();
            let world = World::new();
            for step in steps.as_array().unwrap().iter().filter(|s| s.str_at(&["method"]) != "SLEEP") {
                let want = if step.at(&["record"]).as_bool() == Some(false) { None } else { golden.next() };
                if is_beyond(name, step) {
                    continue;
                }
                let got = world.answer(step);
                let Some((want, got)) = want.zip(got) else { continue };
                let mut want = want.at(&["body"]).clone();
                if want.str_at(&["kind"]) == "Status" && want.get("details").is_none() {
                    want.set_at(&["details"], Value::Null);
                }
                assert_eq!(comparable(&got), comparable(&want), "{name}: {}", json::to_string(step));
                compared += 1;
            }
        }
    }
    println!("{compared} answers compared");
    assert!(compared > 60, "{compared}");
}
