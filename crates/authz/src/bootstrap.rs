//! The roles and bindings that every cluster starts with.
//!
//! Entry point: [`objects`].  They are written down in `bootstrap/roles.txt` and `bootstrap/bindings.txt`, whose heads
//! explain their form; [`crate::rbac::reconcile_role`] and [`crate::rbac::reconcile_binding`] say what to do with each.

use api::{Map, Value, object};

use crate::rbac::{GROUP, Kind, Rule};

const ROLES: &str = include_str!("bootstrap/roles.txt");
const BINDINGS: &str = include_str!("bootstrap/bindings.txt");
const AGGREGATE_TO: &str = "rbac.authorization.k8s.io/aggregate-to-";

/// Every bootstrap object with its kind: cluster roles, roles, cluster role bindings, role bindings.
///
/// Namespaced ones live in `kube-system` and `kube-public`, which must exist before them.
pub fn objects() -> Vec<(Kind, Value)> {
    roles().into_iter().chain(lines(BINDINGS).map(binding)).collect()
}

/// True for the name of a binding that every cluster starts with.
pub fn is_binding(namespace: &str, name: &str) -> bool {
    lines(BINDINGS).any(|line| {
        let mut words = line.split(' ');
        let at = words.next().map(|w| if w == "-" { "" } else { w });
        at == Some(namespace) && words.next() == Some(name)
    })
}

/// The bootstrap objects that `objects` do not have, as a cluster whose manifests these are would have them beside.
pub fn missing_in<'a>(objects: impl IntoIterator<Item = &'a Value>) -> Vec<(Kind, Value)> {
    let key = |o: &Value| {
        let text = |path: &[&str]| o.str_at(path).to_owned();
        (text(&["kind"]), text(&["metadata", "namespace"]), text(&["metadata", "name"]))
    };
    let there: std::collections::HashSet<_> = objects.into_iter().map(key).collect();
    self::objects().into_iter().filter(|(_, o)| !there.contains(&key(o))).collect()
}

/// The rules of a bootstrap cluster role, empty when there is none of that name.
pub fn cluster_role_rules(name: &str) -> Vec<Rule> {
    let is_it = |(kind, role): &(Kind, Value)| {
        *kind == Kind::ClusterRole && role.str_at(&["metadata", "name"]) == name
    };
    let role = roles().into_iter().find(is_it);
    role.map(|(_, role)| role.array_at(&["rules"]).iter().map(Rule::from_value).collect()).unwrap_or_default()
}

fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().filter(|l| !l.is_empty() && !l.starts_with('#'))
}

fn roles() -> Vec<(Kind, Value)> {
    let mut roles: Vec<(Kind, Value)> = Vec::new();
    for line in lines(ROLES) {
        match (line.strip_prefix("  "), roles.last_mut()) {
            (Some(line), Some((_, role))) => {
                let rules = role.object_at_mut(&[]).entry("rules");
                let mut list = rules.as_array().unwrap_or_default().to_vec();
                list.push(rule(line).value());
                *rules = list.into();
            }
            _ => roles.push(role(line)),
        }
    }
    roles
}

fn role(line: &str) -> (Kind, Value) {
    let mut words = line.split(' ');
    let (namespace, name) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let kind = if namespace == "-" { Kind::ClusterRole } else { Kind::Role };
    let mut role = head(if namespace == "-" { "ClusterRole" } else { "Role" }, namespace, name);
    for word in words {
        if let Some(to) = word.strip_prefix("to=") {
            role.set_at(&["metadata", "labels", &format!("{AGGREGATE_TO}{to}")], "true");
        } else if let Some(from) = word.strip_prefix("from=") {
            let selector = object! { "matchLabels" => object! { format!("{AGGREGATE_TO}{from}") => "true" } };
            role.set_at(&["aggregationRule", "clusterRoleSelectors"], vec![selector]);
        }
    }
    role.set_at(&["rules"], Value::Null);
    (kind, role)
}

fn rule(line: &str) -> Rule {
    let parts: Vec<&str> = line.split('|').collect();
    match parts.as_slice() {
        [verbs, groups, resources, names] => Rule::resources(verbs, groups, resources).named(names),
        [verbs, groups, resources] => Rule::resources(verbs, groups, resources),
        [verbs, paths] => Rule::urls(verbs, paths),
        _ => Rule::default(),
    }
}

fn binding(line: &str) -> (Kind, Value) {
    let mut words = line.split(' ');
    let mut word = || words.next().unwrap_or("");
    let (namespace, name, role_name) = (word(), word(), word());
    let (kind, kind_name, role_kind) = match namespace {
        "-" => (Kind::ClusterRoleBinding, "ClusterRoleBinding", "ClusterRole"),
        _ => (Kind::RoleBinding, "RoleBinding", "Role"),
    };
    let mut binding = head(kind_name, namespace, name);
    let subjects: Vec<Value> =
        words.filter_map(|w| w.split_once('=')).map(|(kind, name)| subject(kind, name)).collect();
    if !subjects.is_empty() {
        binding.set_at(&["subjects"], subjects);
    }
    binding.set_at(&["roleRef"], object! { "apiGroup" => GROUP, "kind" => role_kind, "name" => role_name });
    (kind, binding)
}

fn subject(kind: &str, name: &str) -> Value {
    match name.split_once('/') {
        Some((namespace, name)) => object! { "kind" => kind, "name" => name, "namespace" => namespace },
        None => object! { "kind" => kind, "apiGroup" => GROUP, "name" => name },
    }
}

fn head(kind: &str, namespace: &str, name: &str) -> Value {
    let mut metadata = Map::new();
    metadata.insert("name", name.into());
    if namespace != "-" {
        metadata.insert("namespace", namespace.into());
    }
    metadata.insert("labels", object! { "kubernetes.io/bootstrapping" => "rbac-defaults" });
    metadata.insert("annotations", object! { "rbac.authorization.kubernetes.io/autoupdate" => "true" });
    object! { "kind" => kind, "apiVersion" => format!("{GROUP}/v1"), "metadata" => metadata }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rbac::{Step, reconcile_binding, reconcile_role};

    #[test]
    fn every_line_is_understood() {
        let objects = objects();
        let count = |kind| objects.iter().filter(|(k, _)| *k == kind).count();
        assert_eq!(Kind::ALL.map(count), [7, 70, 7, 51]);
        let mut rules = 0;
        for (kind, object) in &objects {
            assert!(!object.str_at(&["metadata", "name"]).is_empty());
            let step = match kind {
                Kind::Role | Kind::ClusterRole => reconcile_role(Some(object), object),
                Kind::RoleBinding | Kind::ClusterRoleBinding => reconcile_binding(Some(object), object),
            };
            assert_eq!(step, Step::Keep);
            for rule in object.array_at(&["rules"]).iter().map(Rule::from_value) {
                rules += 1;
                assert!(!rule.verbs.is_empty());
                assert_ne!(
                    rule.urls.is_empty(),
                    rule.groups.is_empty() || rule.resources.is_empty(),
                    "{rule}"
                );
            }
        }
        assert_eq!(rules, 326);
    }

    #[test]
    fn bindings_refer_to_roles_that_exist() {
        let objects = objects();
        for (kind, binding) in objects.iter().filter(|(_, o)| o.get("roleRef").is_some()) {
            let role = binding.str_at(&["roleRef", "name"]);
            let wanted = if *kind == Kind::RoleBinding { Kind::Role } else { Kind::ClusterRole };
            let namespace = binding.str_at(&["metadata", "namespace"]);
            assert!(objects.iter().any(|(k, o)| {
                let metadata = o.at(&["metadata"]);
                *k == wanted
                    && metadata.str_at(&["name"]) == role
                    && metadata.str_at(&["namespace"]) == namespace
            }));
        }
        assert!(
            cluster_role_rules("system:node").iter().any(|r| r.resources.iter().any(|x| x == "nodes/status"))
        );
    }
}
