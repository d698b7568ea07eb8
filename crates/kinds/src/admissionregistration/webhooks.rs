//! ValidatingWebhookConfiguration and MutatingWebhookConfiguration: admission by calling out.

use std::collections::HashSet;

use api::{Map, Value, field};

use crate::kind::{Generation, Kind, default_member, each};
use crate::{Cursor, MetaCheck, callout, equal, names, selectors};

use super::rules::{FAILURE_POLICIES, MATCH_POLICIES, REINVOCATION_POLICIES, conditions, given_one_of, rule};
use super::{default_rules, static_suffix_warning};

const SIDE_EFFECTS: [&str; 4] = ["None", "NoneOnDryRun", "Some", "Unknown"];
/// Those that the API accepts in new objects.
const NO_SIDE_EFFECTS: [&str; 2] = ["None", "NoneOnDryRun"];
/// Versions of `AdmissionReview` that the API server speaks.
const REVIEW_VERSIONS: [&str; 2] = ["v1", "v1beta1"];

pub(crate) static VALIDATING: Kind = Kind { default: |config, _| default_webhooks(config, None), ..WEBHOOKS };

pub(crate) static MUTATING: Kind =
    Kind { default: |config, _| default_webhooks(config, Some("Never")), ..WEBHOOKS };

const WEBHOOKS: Kind = Kind {
    knows_finalizers: false,
    unconditional_update: false,
    generation: Generation::Of(&["webhooks"]),
    update_checks: &[MetaCheck::New],
    validate: |config, _, errors| check(config, &Strictness::FULL, errors),
    validate_update: |new, old, _, errors| check(new, &Strictness::towards(new, old), errors),
    warnings: |config, _, _| static_suffix_warning(config),
    ..Kind::PLAIN
};

fn default_webhooks(config: &mut Value, reinvocation: Option<&str>) {
    each(config, &["webhooks"], |webhook| {
        default_webhook(webhook);
        if let Some(policy) = reinvocation {
            default_member(webhook, "reinvocationPolicy", policy);
        }
    });
}

fn default_webhook(webhook: &mut Map) {
    default_member(webhook, "failurePolicy", "Fail");
    default_member(webhook, "matchPolicy", "Equivalent");
    default_member(webhook, "namespaceSelector", Value::object());
    default_member(webhook, "objectSelector", Value::object());
    default_member(webhook, "timeoutSeconds", 10);
    default_rules(webhook.get_mut("rules"));
    let service = webhook.get_mut("clientConfig").and_then(|config| config.get_mut("service"));
    if let Some(service) = service.and_then(Value::as_object_mut) {
        default_member(service, "port", 443);
    }
}

/// What is not asked of an object that broke the rule already.
struct Strictness {
    conditions: bool,
    no_side_effects: bool,
    known_version: bool,
    unique_names: bool,
    label_values: bool,
}

impl Strictness {
    const FULL: Strictness = Strictness {
        conditions: true,
        no_side_effects: true,
        known_version: true,
        unique_names: true,
        label_values: true,
    };

    fn towards(new: &Value, old: &Value) -> Self {
        let (new, old) = (new.array_at(&["webhooks"]), old.array_at(&["webhooks"]));
        let same_conditions = |(new, old): (&Value, &Value)| {
            equal::semantic(new.at(&["matchConditions"]), old.at(&["matchConditions"]))
        };
        let mut names = HashSet::new();
        Self {
            conditions: new.len() != old.len() || !new.iter().zip(old).all(same_conditions),
            no_side_effects: old.iter().all(|hook| NO_SIDE_EFFECTS.contains(&hook.str_at(&["sideEffects"]))),
            known_version: old.iter().all(|hook| {
                let versions = hook.array_at(&["admissionReviewVersions"]);
                versions.is_empty() || versions.iter().any(is_known_version)
            }),
            unique_names: old.iter().all(|hook| names.insert(hook.str_at(&["name"]))),
            label_values: old.iter().all(has_sound_selectors),
        }
    }
}

fn is_known_version(version: &Value) -> bool {
    version.as_str().is_some_and(|version| REVIEW_VERSIONS.contains(&version))
}

fn has_sound_selectors(hook: &Value) -> bool {
    let mut errors = field::Errors::new();
    check_selectors(&Cursor::root(hook), false, &mut errors);
    errors.is_empty()
}

fn check_selectors(hook: &Cursor, lax: bool, errors: &mut field::Errors) {
    for member in ["namespaceSelector", "objectSelector"] {
        selectors::label_selector(&hook.child(member), lax, errors);
    }
}

fn check(config: &Value, strict: &Strictness, errors: &mut field::Errors) {
    let mut seen = HashSet::new();
    for hook in Cursor::root(config).child("webhooks").items() {
        check_webhook(&hook, strict, errors);
        check_versions(&hook.child("admissionReviewVersions"), strict, errors);
        let name = hook.child("name");
        if strict.unique_names && !name.is_empty() && !seen.insert(name.str()) {
            name.duplicate(errors);
        }
    }
}

fn check_webhook(hook: &Cursor, strict: &Strictness, errors: &mut field::Errors) {
    let name = hook.child("name");
    names::fully_qualified_name(errors, &name.path(), name.str());
    hook.child("rules").items().for_each(|item| rule(&item, errors));
    given_one_of(&hook.child("failurePolicy"), &FAILURE_POLICIES, errors);
    given_one_of(&hook.child("matchPolicy"), &MATCH_POLICIES, errors);
    let effects = hook.child("sideEffects");
    let allowed: &[&str] = if strict.no_side_effects { &NO_SIDE_EFFECTS } else { &SIDE_EFFECTS };
    if effects.is_set() {
        effects.one_of(errors, allowed);
    } else {
        effects.required(errors, &format!("must specify one of {}", allowed.join(", ")));
    }
    let timeout = hook.child("timeoutSeconds");
    if timeout.is_set() && !(1..=30).contains(&timeout.int()) {
        timeout.invalid(errors, "the timeout value must be between 1 and 30 seconds");
    }
    check_selectors(hook, !strict.label_values, errors);
    given_one_of(&hook.child("reinvocationPolicy"), &REINVOCATION_POLICIES, errors);
    callout::validate(&hook.child("clientConfig"), errors);
    if strict.conditions {
        conditions(&hook.child("matchConditions"), false, errors);
    }
}

fn check_versions(versions: &Cursor, strict: &Strictness, errors: &mut field::Errors) {
    let known = REVIEW_VERSIONS.join(", ");
    if versions.is_empty() {
        return versions.required(errors, &format!("must specify one of {known}"));
    }
    let mut seen = HashSet::new();
    for version in versions.items() {
        if seen.insert(version.str()) {
            version.faults(errors, &names::dns1035_label(version.str()));
        } else {
            version.invalid(errors, "duplicate version");
        }
    }
    if strict.known_version && !versions.list().iter().any(is_known_version) {
        versions.invalid(errors, &format!("must include at least one of {known}"));
    }
}
