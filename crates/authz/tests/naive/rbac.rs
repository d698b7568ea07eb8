//! RBAC by hand: every binding, every subject, every rule.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::{Value, object};
use sumun_authz::Authorizer;
use sumun_authz::rbac::{Kind, Rbac};

use super::random::{GROUPS, NAMESPACES, Random};
use super::{Answer, Naive, Question};

/// The objects as they are.
#[derive(Default)]
pub struct Objects(BTreeMap<(u8, String, String), Value>);

const KINDS: [Kind; 4] = [Kind::Role, Kind::ClusterRole, Kind::RoleBinding, Kind::ClusterRoleBinding];

/// Random objects that come, change and go.
pub fn world(random: &mut Random) -> (Arc<dyn Authorizer>, Objects) {
    let (rbac, mut objects) = (Rbac::new(), Objects::default());
    for _ in 0..20 + random.below(200) {
        let kind = random.pick(&[0u8, 1, 1, 2, 2, 2, 3]);
        let namespaced = kind == 0 || kind == 2;
        let namespace = if namespaced { random.pick(&NAMESPACES[1..]) } else { "" };
        let name = format!("{}{}", if kind < 2 { "r" } else { "b" }, random.below(12));
        let key = (kind, namespace.to_owned(), name.clone());
        if random.one_in(8) {
            objects.0.remove(&key);
            rbac.remove(KINDS[kind as usize], namespace, &name);
            continue;
        }
        let metadata = object! { "namespace" => namespace, "name" => name };
        let object = if kind < 2 { role(random, metadata) } else { binding(random, metadata) };
        rbac.upsert(KINDS[kind as usize], &object);
        objects.0.insert(key, object);
    }
    (Arc::new(rbac), objects)
}

fn role(random: &mut Random, metadata: Value) -> Value {
    let rules: Vec<Value> = (0..random.below(4)).map(|_| rule(random)).collect();
    object! { "metadata" => metadata, "rules" => rules }
}

fn rule(random: &mut Random) -> Value {
    let verbs = random.some(&["get", "list", "watch", "create", "delete", "*"], 3);
    if random.one_in(4) {
        let urls = random.some(&["/a", "/a/*", "/a*", "*", "/healthz", "/*"], 2);
        return object! { "verbs" => verbs, "nonResourceURLs" => urls };
    }
    let groups = random.some(&["", "apps", "*", "storage.k8s.io"], 2);
    let resources = random.some(
        &[
            "pods",
            "secrets",
            "nodes",
            "deployments",
            "*",
            "pods/log",
            "*/scale",
            "*/status",
            "pods/*",
            "services",
        ],
        3,
    );
    let mut rule = object! { "verbs" => verbs, "apiGroups" => groups, "resources" => resources };
    if random.one_in(4) {
        rule.set_at(&["resourceNames"], random.some(&["a", "b", ""], 2));
    }
    rule
}

fn binding(random: &mut Random, metadata: Value) -> Value {
    let subjects: Vec<Value> = (0..random.below(3)).map(|_| subject(random)).collect();
    let kind = random.pick(&["Role", "ClusterRole", "ClusterRole", "Thing"]);
    let name = format!("r{}", random.below(12));
    object! {
        "metadata" => metadata, "subjects" => subjects, "roleRef" => object! { "kind" => kind, "name" => name },
    }
}

fn subject(random: &mut Random) -> Value {
    match random.below(4) {
        0 => object! { "kind" => "Group", "name" => random.pick(GROUPS) },
        1 => {
            let namespace = random.pick(&["", "n1", "n2"]);
            object! { "kind" => "ServiceAccount", "name" => random.pick(&["a", "b"]), "namespace" => namespace }
        }
        2 if random.one_in(8) => object! { "kind" => "Robot", "name" => "u0" },
        _ => object! { "kind" => "User", "name" => random.user() },
    }
}

impl Naive for Objects {
    fn answer(&self, question: &Question) -> Answer {
        let namespace = question.resource.as_ref().map_or("", |r| r.namespace.as_str());
        for ((kind, at, _), binding) in &self.0 {
            let here = *kind == 3 || (*kind == 2 && at == namespace);
            if !here || !binding.array_at(&["subjects"]).iter().any(|s| is(s, at, question)) {
                continue;
            }
            let name = binding.str_at(&["roleRef", "name"]).to_owned();
            let role = match binding.str_at(&["roleRef", "kind"]) {
                "ClusterRole" => self.0.get(&(1, String::new(), name)),
                "Role" => self.0.get(&(0, at.clone(), name)),
                _ => None,
            };
            if role.is_some_and(|role| role.array_at(&["rules"]).iter().any(|r| allows(r, question))) {
                return Some(true);
            }
        }
        None
    }
}

fn is(subject: &Value, at: &str, question: &Question) -> bool {
    let name = subject.str_at(&["name"]);
    match subject.str_at(&["kind"]) {
        "User" => question.user == name,
        "Group" => question.groups.iter().any(|g| g == name),
        "ServiceAccount" => {
            let own = subject.str_at(&["namespace"]);
            let namespace = if own.is_empty() { at } else { own };
            !namespace.is_empty() && question.user == format!("system:serviceaccount:{namespace}:{name}")
        }
        _ => false,
    }
}

fn allows(rule: &Value, question: &Question) -> bool {
    let has = |key: &str, fits: &dyn Fn(&str) -> bool| {
        rule.array_at(&[key]).iter().any(|item| fits(item.as_str().unwrap()))
    };
    let star_or = |wanted: &str| {
        let wanted = wanted.to_owned();
        move |item: &str| item == "*" || item == wanted
    };
    if !has("verbs", &star_or(&question.verb)) {
        return false;
    }
    let Some(r) = &question.resource else {
        let path = &question.path;
        return has("nonResourceURLs", &|url| {
            url == path || (url.ends_with('*') && path.starts_with(url.trim_end_matches('*')))
        });
    };
    let slash = if r.subresource.is_empty() { String::new() } else { format!("/{}", r.subresource) };
    let (full, any) = (format!("{}{slash}", r.resource), format!("*{slash}"));
    has("apiGroups", &star_or(&r.group))
        && has("resources", &|item| item == "*" || item == full || (!slash.is_empty() && item == any))
        && (rule.array_at(&["resourceNames"]).is_empty() || has("resourceNames", &|item| item == r.name))
}
