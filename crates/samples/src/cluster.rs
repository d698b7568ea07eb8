//! A cluster as companies have it: operators, teams with their namespaces, people and pipelines; hundreds of roles.
//!
//! Entry point: [`files`].  It has no bootstrap roles; those are the server's own.

use api::{Map, Value, object};

const OPERATORS: &str = include_str!("cluster/operators.txt");
const RBAC: &str = "rbac.authorization.k8s.io";

/// How many teams there are: each has a namespace, four roles and five bindings.
pub const TEAMS: usize = 120;

/// The objects by the file that a dump would have them in: those of each operator, those of people, those of teams.
pub fn files() -> Vec<(String, Vec<Value>)> {
    let mut files: Vec<(String, Vec<Value>)> = Vec::new();
    for line in OPERATORS.lines().filter(|l| !l.is_empty() && !l.starts_with('#')) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match (line.strip_prefix("  "), words.as_slice()) {
            (None, ["file", name]) => files.push(((*name).to_owned(), Vec::new())),
            (None, words) => files.last_mut().into_iter().for_each(|(_, to)| to.extend(objects(words))),
            (Some(rule_text), _) => {
                let role = files.last_mut().and_then(|(_, objects)| objects.last_mut());
                role.into_iter().for_each(|role| add_rule(role, rule_text));
            }
        }
    }
    files.push(("teams.yaml".to_owned(), (0..TEAMS).flat_map(team).collect()));
    files
}

/// All of them.
pub fn all() -> Vec<Value> {
    files().into_iter().flat_map(|(_, objects)| objects).collect()
}

fn objects(words: &[&str]) -> Vec<Value> {
    match words {
        ["namespace", name] => vec![head("v1", "Namespace", "-", name)],
        ["account", namespace, names @ ..] => {
            names.iter().map(|name| head("v1", "ServiceAccount", namespace, name)).collect()
        }
        ["crd", rest @ ..] => definition(rest).into_iter().collect(),
        ["role", namespace, name] => vec![role("Role", namespace, name, &[])],
        ["clusterrole", name, labels @ ..] => vec![role("ClusterRole", "-", name, labels)],
        ["bind", namespace, name, role, subjects @ ..] => vec![binding(namespace, name, role, subjects)],
        _ => Vec::new(),
    }
}

/// The objects of one team.
fn team(number: usize) -> Vec<Value> {
    let team = format!("team-{number:03}");
    let mut deployer = role("Role", &team, "deployer", &[]);
    add_rule(
        &mut deployer,
        "get list watch create update patch delete|apps|deployments statefulsets deployments/scale",
    );
    add_rule(&mut deployer, "get list watch|-|pods pods/log events");
    add_rule(&mut deployer, "get list watch create update patch delete|-|services configmaps");
    let mut secrets = role("Role", &team, "secret-reader", &[]);
    add_rule(&mut secrets, "get|-|secrets|database registry");
    let mut debug = role("Role", &team, "debugger", &[]);
    add_rule(&mut debug, "create get|-|pods/exec pods/portforward");
    let mut own = role("ClusterRole", "-", &format!("{team}-nodes"), &[]);
    add_rule(&mut own, &format!("get|-|nodes|{team}-a {team}-b"));
    let (developers, account) = (format!("group={team}-developers"), format!("account={team}:app"));
    let lead = format!("user=lead-{number:03}@example.com");
    vec![
        head("v1", "Namespace", "-", &team),
        head("v1", "ServiceAccount", &team, "app"),
        head("v1", "ServiceAccount", &team, "pipeline"),
        deployer,
        secrets,
        debug,
        own,
        binding(&team, "developers-edit", "ClusterRole/edit", &[&developers]),
        binding(&team, "pipeline-deploys", "Role/deployer", &[&format!("account={team}:pipeline")]),
        binding(&team, "app-secrets", "Role/secret-reader", &[&account]),
        binding(&team, "lead-debugs", "Role/debugger", &[&lead]),
        binding("-", &format!("{team}-nodes"), &format!("ClusterRole/{team}-nodes"), &[&developers, &lead]),
    ]
}

fn head(version: &str, kind: &str, namespace: &str, name: &str) -> Value {
    let mut object =
        object! { "apiVersion" => version, "kind" => kind, "metadata" => object! { "name" => name } };
    if namespace != "-" {
        object.set_at(&["metadata", "namespace"], namespace);
    }
    object
}

fn role(kind: &str, namespace: &str, name: &str, labels: &[&str]) -> Value {
    let mut role = head(&format!("{RBAC}/v1"), kind, namespace, name);
    for word in labels {
        let (key, value) = word.split_once('=').unwrap_or((word, ""));
        if key == "from" {
            let (label, value) = value.split_once(':').unwrap_or((value, ""));
            let selector = object! { "matchLabels" => object! { label => value } };
            role.set_at(&["aggregationRule", "clusterRoleSelectors"], vec![selector]);
        } else {
            role.set_at(&["metadata", "labels", key], value);
        }
    }
    role.set_at(&["rules"], Value::Array(Vec::new()));
    role
}

fn add_rule(role: &mut Value, text: &str) {
    let list = |text: &str| -> Value {
        let words = text.split_whitespace().map(|w| Value::from(if w == "-" { "" } else { w }));
        Value::Array(words.collect())
    };
    let parts: Vec<&str> = text.split('|').collect();
    let keys: &[&str] = match parts.len() {
        2 => &["verbs", "nonResourceURLs"],
        _ => &["verbs", "apiGroups", "resources", "resourceNames"],
    };
    let rule: Map = keys.iter().zip(&parts).map(|(key, part)| (*key, list(part))).collect();
    if let Some(rules) = role.get_mut("rules").and_then(Value::as_array_mut) {
        rules.push(rule.into());
    }
}

fn binding(namespace: &str, name: &str, role: &str, subjects: &[&str]) -> Value {
    let kind = if namespace == "-" { "ClusterRoleBinding" } else { "RoleBinding" };
    let mut binding = head(&format!("{RBAC}/v1"), kind, namespace, name);
    let (role_kind, role_name) = role.split_once('/').unwrap_or(("ClusterRole", role));
    binding.set_at(&["roleRef"], object! { "apiGroup" => RBAC, "kind" => role_kind, "name" => role_name });
    let subjects: Vec<Value> = subjects.iter().filter_map(|word| subject(word)).collect();
    binding.set_at(&["subjects"], subjects);
    binding
}

fn subject(word: &str) -> Option<Value> {
    let (kind, name) = word.split_once('=')?;
    Some(match kind {
        "user" => object! { "apiGroup" => RBAC, "kind" => "User", "name" => name },
        "group" => object! { "apiGroup" => RBAC, "kind" => "Group", "name" => name },
        _ => {
            let (namespace, name) = name.split_once(':')?;
            object! { "kind" => "ServiceAccount", "name" => name, "namespace" => namespace }
        }
    })
}

fn definition(words: &[&str]) -> Option<Value> {
    let [group, version, kind, plural, singular, short, scope] = words else { return None };
    let name = format!("{plural}.{group}");
    let mut definition = head("apiextensions.k8s.io/v1", "CustomResourceDefinition", "-", &name);
    let short: Vec<&str> = short.split(',').filter(|s| *s != "-").collect();
    let names =
        object! { "kind" => *kind, "plural" => *plural, "singular" => *singular, "shortNames" => short };
    let schema = object! { "openAPIV3Schema" => object! {
        "type" => "object", "x-kubernetes-preserve-unknown-fields" => true,
    } };
    let version = object! {
        "name" => *version, "served" => true, "storage" => true, "schema" => schema,
        "subresources" => object! { "status" => object! {} },
    };
    definition.set_at(
        &["spec"],
        object! { "group" => *group, "names" => names, "scope" => *scope, "versions" => vec![version] },
    );
    Some(definition)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_hundreds_of_roles_and_every_line_is_read() {
        let objects = all();
        let count = |kind: &str| objects.iter().filter(|o| o.str_at(&["kind"]) == kind).count();
        assert!(count("Role") + count("ClusterRole") > 400);
        assert!(count("RoleBinding") + count("ClusterRoleBinding") > 600);
        assert_eq!(count("CustomResourceDefinition"), 16);
        let lines = OPERATORS.lines().filter(|l| l.starts_with("crd ") || l.starts_with("bind ")).count();
        let own = objects.iter().filter(|o| !o.str_at(&["metadata", "name"]).starts_with("team-"));
        assert!(own.count() > lines);
        for role in objects.iter().filter(|o| o.str_at(&["kind"]).ends_with("Role")) {
            let rules = role.array_at(&["rules"]);
            let aggregated = !role.at(&["aggregationRule"]).is_null();
            assert!(aggregated || !rules.is_empty(), "{role:?}");
        }
    }
}
