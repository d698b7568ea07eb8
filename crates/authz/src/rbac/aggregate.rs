//! Cluster roles whose rules are gathered from others (`aggregationRule`), as upstream's
//! `clusterrole-aggregation-controller` computes them.

use std::collections::HashSet;

use api::selector::{LabelSelector, SelectorError};
use api::{Value, json};

/// The rules an aggregated cluster role should have, given every cluster role; `None` when it has them already or is
/// not aggregated.
///
/// Selectors are taken in order, the roles of each by name; of equal rules the first stays.
pub fn aggregated_rules(role: &Value, all: &[Value]) -> Result<Option<Vec<Value>>, SelectorError> {
    if role.at(&["aggregationRule"]).as_object().is_none() {
        return Ok(None);
    }
    let own_name = role.str_at(&["metadata", "name"]);
    let mut seen = HashSet::new();
    let mut rules = Vec::new();
    for selector in role.array_at(&["aggregationRule", "clusterRoleSelectors"]) {
        let selector = LabelSelector::from_object(selector)?;
        let chosen = |r: &&Value| {
            let labels = r.at(&["metadata", "labels"]).as_object();
            r.str_at(&["metadata", "name"]) != own_name && selector.matches_map(labels)
        };
        let mut sources: Vec<&Value> = all.iter().filter(chosen).collect();
        sources.sort_by_key(|r| r.str_at(&["metadata", "name"]));
        for rule in sources.into_iter().flat_map(|r| r.array_at(&["rules"])) {
            if seen.insert(json::to_string(rule)) {
                rules.push(rule.clone());
            }
        }
    }
    Ok((role.array_at(&["rules"]) != rules.as_slice()).then_some(rules))
}

/// How often rules are gathered before it counts as going round in circles.
const ROUNDS: usize = 16;

/// Fills the rules of aggregated cluster roles that have none, as the controller would after a while; `roles` may hold
/// objects of any kind.  Answers one text for each role whose selectors make no sense.
pub fn aggregate_all(roles: &mut [Value]) -> Vec<String> {
    let is_empty =
        |r: &Value| r.array_at(&["rules"]).is_empty() && r.at(&["aggregationRule"]).as_object().is_some();
    let is_cluster_role = |r: &Value| r.str_at(&["kind"]) == "ClusterRole";
    let empty: Vec<usize> =
        roles.iter().enumerate().filter(|(_, r)| is_cluster_role(r) && is_empty(r)).map(|(i, _)| i).collect();
    let mut errors = Vec::new();
    for round in 0..ROUNDS {
        let mut changed = false;
        let all: Vec<Value> = roles.iter().filter(|r| is_cluster_role(r)).cloned().collect();
        for at in &empty {
            let Some(role) = roles.get_mut(*at) else { continue };
            match aggregated_rules(role, &all) {
                Ok(Some(rules)) => {
                    role.set_at(&["rules"], rules);
                    changed = true;
                }
                Ok(None) => {}
                Err(why) if round == 0 => {
                    errors.push(format!("ClusterRole {}: {why}", role.str_at(&["metadata", "name"])));
                }
                Err(_) => {}
            }
        }
        if !changed {
            break;
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::object;

    fn role(name: &str, label: &str, rules: Vec<Value>) -> Value {
        object! {
            "metadata" => object! { "name" => name, "labels" => object! { "to" => label } },
            "rules" => rules,
        }
    }

    fn rule(resource: &str) -> Value {
        object! { "verbs" => vec!["get"], "resources" => vec![resource] }
    }

    #[test]
    fn gathers_by_name_without_repeating() {
        let select = |label: &str| object! { "matchLabels" => object! { "to" => label } };
        let mut top = role("top", "x", vec![]);
        top.set_at(&["aggregationRule", "clusterRoleSelectors"], vec![select("x"), select("y")]);
        let all = [
            role("c", "x", vec![rule("pods"), rule("nodes")]),
            role("b", "x", vec![rule("secrets"), rule("pods")]),
            role("a", "y", vec![rule("nodes"), rule("events")]),
            role("d", "z", vec![rule("leases")]),
            top.clone(),
        ];
        let rules = aggregated_rules(&top, &all).unwrap().unwrap();
        assert_eq!(rules, ["secrets", "pods", "nodes", "events"].map(rule));
        top.set_at(&["rules"], rules);
        assert_eq!(aggregated_rules(&top, &all), Ok(None));
        assert_eq!(aggregated_rules(&all[0], &all), Ok(None));
    }

    #[test]
    fn nothing_gathered_equals_no_rules() {
        let mut top = object! { "aggregationRule" => object! {}, "rules" => Value::Null };
        assert_eq!(aggregated_rules(&top, &[]), Ok(None));
        let odd = object! { "matchExpressions" => vec![object! { "key" => "a", "operator" => "?" }] };
        top.set_at(&["aggregationRule", "clusterRoleSelectors"], vec![odd]);
        assert!(aggregated_rules(&top, &[]).is_err());
    }
}
