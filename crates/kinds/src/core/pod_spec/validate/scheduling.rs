//! Where a pod may run: affinity, tolerations, spread over a topology.
//!
//! Entry points: [`affinity`], [`tolerations`] and [`topology_spread`].

use std::collections::BTreeSet;

use api::Value;
use api::field::Errors;

use super::Options;
use crate::{Cursor, names, selectors, shown};

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

/// All failures of `affinity`.
pub(super) fn affinity(affinity: &Cursor, options: &Options, errors: &mut Errors) {
    let node = affinity.child("nodeAffinity");
    if node.has(REQUIRED) {
        selectors::node_selector(&node.child(REQUIRED), options.lax_node_affinity_values, errors);
    }
    for term in node.child(PREFERRED).items() {
        weight(&term.child("weight"), errors);
        // A wish that no node can fulfil does no harm.
        selectors::node_selector_term(&term.child("preference"), true, errors);
    }
    for kind in ["podAffinity", "podAntiAffinity"] {
        let pods = affinity.child(kind);
        for term in pods.child(REQUIRED).items() {
            pod_term(&term, options, errors);
        }
        for term in pods.child(PREFERRED).items() {
            weight(&term.child("weight"), errors);
            pod_term(&term.child("podAffinityTerm"), options, errors);
        }
    }
}

/// Reports required node affinity that is not the old one with more expressions in its terms (KEP-3838).
pub(crate) fn narrower_node_affinity(affinity: &Cursor, old: &Value, errors: &mut Errors) {
    let before = old.array_at(&[REQUIRED, "nodeSelectorTerms"]);
    let required = affinity.child(REQUIRED);
    let terms = required.child("nodeSelectorTerms");
    if !before.is_empty() && before.len() != terms.len() {
        let shown = shown::list_of(terms.value(), "NodeSelectorTerm");
        let why = "no additions/deletions to non-empty NodeSelectorTerms list are allowed";
        return terms.bad(errors, shown, why);
    }
    for (term, old) in terms.items().zip(before) {
        let starts_with = |list: &str| {
            let (new, old) = (term.value().array_at(&[list]), old.array_at(&[list]));
            new.get(..old.len()).is_some_and(|start| start == old)
        };
        let lists = ["matchExpressions", "matchFields"];
        let was_empty = lists.iter().all(|list| old.array_at(&[list]).is_empty());
        let is_empty = lists.iter().all(|list| term.child(list).is_empty());
        if !lists.iter().all(|list| starts_with(list)) || (was_empty && !is_empty) {
            let shown = shown::of_type(term.value(), "NodeSelectorTerm");
            term.bad(errors, shown, "only additions are allowed (no mutations or deletions)");
        }
    }
}

fn weight(weight: &Cursor, errors: &mut Errors) {
    if !(1..=100).contains(&weight.int()) {
        weight.bad(errors, weight.int(), "must be in the range 1-100");
    }
}

fn pod_term(term: &Cursor, options: &Options, errors: &mut Errors) {
    term_selectors(term, options.lax_affinity_values, errors);
    for namespace in term.child("namespaces").items() {
        let shown = term.child("namespace").path();
        names::report(errors, &shown, namespace.str(), &names::dns1123_label(namespace.str()));
    }
    label_keys(term, errors);
    let key = term.child("topologyKey");
    if key.is_empty() {
        key.required(errors, "can not be empty");
    }
    selectors::label_name(&key, errors);
}

/// Failures of the selectors of a term of pod affinity.
pub(super) fn term_selectors(term: &Cursor, lax: bool, errors: &mut Errors) {
    selectors::label_selector(&term.child("labelSelector"), lax, errors);
    selectors::label_selector(&term.child("namespaceSelector"), lax, errors);
}

/// Failures of `matchLabelKeys` and `mismatchLabelKeys`, which preparation has merged into the selector already.
pub(super) fn label_keys(holder: &Cursor, errors: &mut Errors) {
    let selector = holder.child("labelSelector");
    let (matching, differing) = (holder.child("matchLabelKeys"), holder.child("mismatchLabelKeys"));
    for keys in [&matching, &differing] {
        if !keys.is_empty() && !selector.is_set() {
            keys.forbidden(errors, "must not be specified when labelSelector is not set");
        } else {
            keys.items().for_each(|key| selectors::label_name(&key, errors));
        }
    }
    keys_beside_selector(holder, &matching, &selector, errors);
    for key in matching.items().filter(|key| differing.items().any(|other| other.str() == key.str())) {
        key.bad(errors, key.str(), "exists in both matchLabelKeys and mismatchLabelKeys");
    }
}

/// The merged expression is the last of its key; another one before it was the user's.  The path lacks the list's name,
/// as upstream has it.
fn keys_beside_selector(holder: &Cursor, keys: &Cursor, selector: &Cursor, errors: &mut Errors) {
    let labels = selector.child("matchLabels");
    let mut seen: BTreeSet<&str> = labels.map().into_iter().flat_map(api::Map::keys).collect();
    for expression in selector.value().array_at(&["matchExpressions"]) {
        let key = expression.str_at(&["key"]);
        let at = keys.items().enumerate().filter(|(_, k)| k.str() == key).map(|(i, _)| i).next_back();
        if let Some(i) = at.filter(|_| seen.contains(key)) {
            let why = "exists in both matchLabelKeys and labelSelector";
            errors.invalid(&holder.path().index(i), &key.into(), why);
        }
        seen.insert(key);
    }
}

const TAINT_EFFECTS: [&str; 3] = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

/// All failures of `tolerations`.
pub(crate) fn tolerations(tolerations: &Cursor, options: &Options, errors: &mut Errors) {
    for toleration in tolerations.items() {
        let (key, operator, effect) =
            (toleration.child("key"), toleration.child("operator"), toleration.child("effect"));
        if !key.is_empty() {
            selectors::label_name(&key, errors);
        }
        if key.is_empty() && operator.str() != "Exists" {
            let why =
                "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
            operator.bad(errors, operator.str(), why);
        }
        if toleration.has("tolerationSeconds") && effect.str() != "NoExecute" {
            let why = "effect must be 'NoExecute' when `tolerationSeconds` is set";
            effect.bad(errors, effect.str(), why);
        }
        value(&toleration, options, errors);
        if !effect.is_empty() {
            effect.one_of(errors, &TAINT_EFFECTS);
        }
    }
}

fn value(toleration: &Cursor, options: &Options, errors: &mut Errors) {
    let (operator, value) = (toleration.child("operator"), toleration.text("value"));
    match operator.str() {
        "Equal" | "" => {
            let faults = names::label_value(value);
            if !faults.is_empty() {
                operator.bad(errors, value, &faults.join(";"));
            }
        }
        "Exists" if !value.is_empty() => {
            operator.bad(errors, value, "value must be empty when `operator` is 'Exists'");
        }
        "Exists" => {}
        "Lt" | "Gt" if options.comparing_tolerations => number(&toleration.child("value"), errors),
        "Lt" | "Gt" => operator.not_supported(errors, &["Equal", "Exists", "Lt", "Gt"]),
        _ => operator.not_supported(errors, &["Equal", "Exists"]),
    }
}

/// A 64-bit number in plain notation.
fn number(value: &Cursor, errors: &mut Errors) {
    let text = value.str();
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.is_empty();
    if text.is_empty() {
        value.bad(errors, text, "must be non-empty");
    } else if !plain || (digits.starts_with('0') && text != "0") {
        value.bad(errors, text, "must be a valid decimal integer in canonical form");
    }
    if text.parse::<i64>().is_err() {
        let why = if plain { "value out of range" } else { "invalid syntax" };
        let quoted = api::field::go_quote(text);
        value.bad(errors, text, &format!("strconv.ParseInt: parsing {quoted}: {why}"));
    }
}

/// All failures of `topologySpreadConstraints`.
pub(super) fn topology_spread(constraints: &Cursor, options: &Options, errors: &mut Errors) {
    for (i, constraint) in constraints.items().enumerate() {
        let (skew, key, action) = (
            constraint.child("maxSkew"),
            constraint.child("topologyKey"),
            constraint.child("whenUnsatisfiable"),
        );
        if skew.int() <= 0 {
            skew.bad(errors, skew.int(), "must be greater than zero");
        }
        if key.is_empty() {
            key.required(errors, "can not be empty");
        }
        action.one_of(errors, &["DoNotSchedule", "ScheduleAnyway"]);
        let same = |other: &Cursor| {
            other.text("topologyKey") == key.str() && other.text("whenUnsatisfiable") == action.str()
        };
        if constraints.items().skip(i + 1).any(|other| same(&other)) {
            let shown = format!("{{{}, {}}}", key.str(), action.str());
            errors.duplicate(&constraint.child("{topologyKey, whenUnsatisfiable}").path(), &shown.into());
        }
        min_domains(&constraint.child("minDomains"), action.str(), errors);
        for name in ["nodeAffinityPolicy", "nodeTaintsPolicy"] {
            let policy = constraint.child(name);
            if policy.is_set() {
                policy.one_of(errors, &["Honor", "Ignore"]);
            }
        }
        if options.lax_spread_keys {
            spread_keys_of_old(&constraint, errors);
        } else {
            label_keys(&constraint, errors);
        }
        if !options.lax_spread_selectors {
            selectors::label_selector(&constraint.child("labelSelector"), false, errors);
        }
    }
}

fn min_domains(domains: &Cursor, action: &str, errors: &mut Errors) {
    if !domains.is_set() {
        return;
    }
    if domains.int() <= 0 {
        domains.bad(errors, domains.int(), "must be greater than zero");
    }
    if action != "DoNotSchedule" {
        let why = format!("can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}");
        domains.bad(errors, domains.int(), &why);
    }
}

/// The rule from before label keys were merged into selectors.
fn spread_keys_of_old(constraint: &Cursor, errors: &mut Errors) {
    let (keys, selector) = (constraint.child("matchLabelKeys"), constraint.child("labelSelector"));
    if keys.is_empty() {
        return;
    }
    if !selector.is_set() {
        keys.forbidden(errors, "must not be specified when labelSelector is not set");
    }
    let expressions = selector.value().array_at(&["matchExpressions"]);
    for key in keys.items() {
        selectors::label_name(&key, errors);
        let selected = selector.value().at(&["matchLabels", key.str()]).as_str().is_some()
            || expressions.iter().any(|e| e.str_at(&["key"]) == key.str());
        if selected {
            key.bad(errors, key.str(), "exists in both matchLabelKeys and labelSelector");
        }
    }
}
