use std::sync::Mutex;

use api::{UserInfo, object};

use super::*;
use crate::Plugin as _;

/// A namespace with labels, pods in it, and what the client is told.
#[derive(Default)]
struct Small {
    labels: Value,
    pods: Vec<Value>,
    told: Mutex<Vec<String>>,
}

impl World for Small {
    fn get(&self, _: &str, resource: &str, _: &str, name: &str) -> Option<Value> {
        (resource == "namespaces" && name == "ns").then(|| namespace(&self.labels))
    }

    fn list(&self, _: &str, resource: &str, namespace: &str) -> Vec<Value> {
        assert_eq!((resource, namespace), ("pods", "ns"));
        self.pods.clone()
    }

    fn generate_name(&self, prefix: &str) -> String {
        prefix.to_owned()
    }

    fn warn(&self, text: String) {
        self.told.lock().unwrap().push(text);
    }
}

fn namespace(labels: &Value) -> Value {
    object! { "metadata" => object! { "name" => "ns", "labels" => labels.clone() } }
}

fn labels(text: &str) -> Value {
    let mut map = api::Map::new();
    for pair in text.split_whitespace() {
        let (mode, value) = pair.split_once('=').unwrap();
        map.insert(format!("pod-security.kubernetes.io/{mode}"), Value::from(value));
    }
    Value::Object(map)
}

fn pod(name: &str, host_network: bool) -> Value {
    object! {
        "metadata" => object! { "name" => name },
        "spec" => object! {
            "hostNetwork" => host_network,
            "containers" => vec![object! { "name" => "c", "image" => "i" }],
        },
    }
}

fn deployment(pod: Value) -> Value {
    object! { "metadata" => object! { "name" => "d" }, "spec" => object! { "template" => pod } }
}

struct Asked<'a> {
    operation: Operation,
    resource: &'a str,
    subresource: &'a str,
    user: &'a str,
}

const CREATE: Asked<'_> =
    Asked { operation: Operation::Create, resource: "pods", subresource: "", user: "bob" };

impl Asked<'_> {
    fn ask(&self, plugin: &Plugin, world: &Small, object: &Value, old: Option<&Value>) -> Result<(), String> {
        let user = UserInfo::new(self.user, ["g"]);
        let attributes = Attributes {
            operation: self.operation,
            group: if self.resource == "deployments" { "apps" } else { "" },
            version: "v1",
            resource: self.resource,
            subresource: self.subresource,
            kind: if self.resource == "namespaces" { "Namespace" } else { "Pod" },
            namespace: "ns",
            name: object.str_at(&["metadata", "name"]),
            user: &user,
            dry_run: false,
            now: 0,
        };
        plugin.validate(&attributes, Some(object), old, world).map_err(|e| e.message)
    }
}

fn told(world: &Small) -> Vec<String> {
    std::mem::take(&mut *world.told.lock().unwrap())
}

const BASELINE_TEXT: &str = "violates PodSecurity \"baseline:latest\": host namespaces (hostNetwork=true)";

#[test]
fn pods_are_refused_and_workloads_warned_about() {
    let plugin = Plugin::default();
    let world = Small { labels: labels("enforce=baseline"), ..Small::default() };
    assert_eq!(CREATE.ask(&plugin, &world, &pod("good", false), None), Ok(()));
    let refused = CREATE.ask(&plugin, &world, &pod("bad", true), None);
    assert_eq!(refused, Err(format!("pods \"bad\" is forbidden: {BASELINE_TEXT}")));
    assert!(told(&world).is_empty());
    let deployments = Asked { resource: "deployments", ..CREATE };
    assert_eq!(deployments.ask(&plugin, &world, &deployment(pod("", true)), None), Ok(()));
    assert_eq!(told(&world), [format!("would {}", BASELINE_TEXT.replacen("violates", "violate", 1))]);
    assert_eq!(deployments.ask(&plugin, &world, &deployment(Value::Null), None), Ok(()));
    let scale = Asked { subresource: "scale", ..deployments };
    assert_eq!(scale.ask(&plugin, &world, &deployment(pod("", true)), None), Ok(()));
    assert!(told(&world).is_empty());
}

#[test]
fn only_new_images_are_looked_at_again() {
    let plugin = Plugin::default();
    let world = Small { labels: labels("enforce=baseline"), ..Small::default() };
    let old = pod("p", true);
    let update = Asked { operation: Operation::Update, ..CREATE };
    let mut labelled = old.clone();
    labelled.set_at(&["metadata", "labels", "a"], "b");
    assert_eq!(update.ask(&plugin, &world, &labelled, Some(&old)), Ok(()));
    let mut debugged = old.clone();
    let extra = object! { "name" => "debug", "image" => "busybox" };
    debugged.set_at(&["spec", "ephemeralContainers"], vec![extra]);
    assert!(update.ask(&plugin, &world, &debugged, Some(&old)).is_err());
    assert_eq!(update.ask(&plugin, &world, &debugged, Some(&debugged.clone())), Ok(()));
    let status = Asked { subresource: "status", ..update };
    assert_eq!(status.ask(&plugin, &world, &debugged, Some(&old)), Ok(()));
}

#[test]
fn exemptions() {
    let exempt = |member: fn(&mut Configuration) -> &mut Vec<String>, name: &str| {
        let mut configuration = Configuration::default();
        member(&mut configuration).push(name.to_owned());
        let world = Small { labels: labels("enforce=restricted"), ..Small::default() };
        let mut pod = pod("p", true);
        pod.set_at(&["spec", "runtimeClassName"], "vm");
        CREATE.ask(&Plugin { configuration }, &world, &pod, None)
    };
    assert_eq!(exempt(|c| &mut c.namespaces, "ns"), Ok(()));
    assert_eq!(exempt(|c| &mut c.usernames, "bob"), Ok(()));
    assert_eq!(exempt(|c| &mut c.runtime_classes, "vm"), Ok(()));
    assert!(exempt(|c| &mut c.namespaces, "other").is_err());
}

#[test]
fn a_pod_needs_its_namespace() {
    let user = UserInfo::new("bob", ["g"]);
    let pod = pod("p", false);
    let attributes = Attributes {
        operation: Operation::Create,
        group: "",
        version: "v1",
        resource: "pods",
        subresource: "",
        kind: "Pod",
        namespace: "none",
        name: "p",
        user: &user,
        dry_run: false,
        now: 0,
    };
    let answer = Plugin::default().validate(&attributes, Some(&pod), None, &Small::default());
    assert_eq!(answer.unwrap_err().code, 500);
}

#[test]
fn labels_of_namespaces_must_make_sense_when_they_are_new() {
    let plugin = Plugin::default();
    let world = Small::default();
    let create = Asked { resource: "namespaces", ..CREATE };
    let update = Asked { operation: Operation::Update, ..create };
    let bad = namespace(&labels("enforce=strict"));
    let why = create.ask(&plugin, &world, &bad, None).unwrap_err();
    assert!(
        why.starts_with("Namespace \"ns\" is invalid: metadata.labels[pod-security.kubernetes.io/enforce]")
    );
    assert!(update.ask(&plugin, &world, &bad, Some(&namespace(&labels("")))).is_err());
    assert_eq!(update.ask(&plugin, &world, &bad, Some(&bad)), Ok(()));
    let other = namespace(&labels("enforce=x"));
    assert!(update.ask(&plugin, &world, &bad, Some(&other)).is_err());
}

#[test]
fn a_stricter_level_is_held_against_the_pods_that_are_there() {
    let plugin = Plugin::default();
    let owned = |name: &str| {
        let mut pod = pod(name, true);
        let owner = object! { "controller" => true, "uid" => "u" };
        pod.set_at(&["metadata", "ownerReferences"], vec![owner]);
        pod
    };
    let pods = vec![pod("b", true), owned("z-1"), owned("a-2"), pod("good", false)];
    let world = Small { pods, ..Small::default() };
    let update = Asked { operation: Operation::Update, resource: "namespaces", ..CREATE };
    let change = |from: &str, to: &str| {
        let (from, to) = (namespace(&labels(from)), namespace(&labels(to)));
        assert_eq!(update.ask(&plugin, &world, &to, Some(&from)), Ok(()));
        told(&world)
    };
    let warned = [
        "existing pods in namespace \"ns\" violate the new PodSecurity enforce level \"baseline:latest\"",
        "a-2 (and 2 other pods): host namespaces",
    ];
    assert_eq!(change("", "enforce=baseline"), warned);
    assert!(change("enforce=baseline", "enforce=baseline audit=restricted").is_empty());
    assert!(change("enforce=restricted", "enforce=baseline").is_empty());
    assert!(change("enforce=restricted", "enforce=privileged").is_empty());
    assert_eq!(change("enforce=restricted", "enforce=baseline enforce-version=v1.20").len(), 2);
}

#[test]
fn labels_of_exempt_namespaces_have_no_effect() {
    let configuration = Configuration { namespaces: vec!["ns".to_owned()], ..Configuration::default() };
    let world = Small::default();
    let create = Asked { resource: "namespaces", ..CREATE };
    let asked = namespace(&labels("enforce=baseline warn=restricted warn-version=v1.2"));
    assert_eq!(create.ask(&Plugin { configuration }, &world, &asked, None), Ok(()));
    assert_eq!(
        told(&world),
        ["namespace \"ns\" is exempt from Pod Security, and the policy \
             (enforce=baseline:latest, warn=restricted:v1.2) will be ignored"]
    );
}
