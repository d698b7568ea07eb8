//! ResourceQuota: how much the objects of a namespace may use together.

use api::{Map, Value, field, object};

use crate::kind::{Generation, Kind};
use crate::{Context, Cursor, MetaCheck, amounts, meta};

const POD_COUNTS: [&str; 1] = ["pods"];
const POD_AMOUNTS: [&str; 7] =
    ["pods", "cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory"];
const CLAIM_AMOUNTS: [&str; 2] = ["persistentvolumeclaims", "requests.storage"];

/// Scopes and the resources they can be about.
const SCOPES: [(&str, &[&str]); 7] = [
    ("Terminating", &POD_AMOUNTS),
    ("NotTerminating", &POD_AMOUNTS),
    ("BestEffort", &POD_COUNTS),
    ("NotBestEffort", &POD_AMOUNTS),
    ("PriorityClass", &POD_AMOUNTS),
    ("CrossNamespacePodAffinity", &POD_AMOUNTS),
    ("VolumeAttributesClass", &CLAIM_AMOUNTS),
];

/// Scopes that exclude each other.
const OPPOSITES: [(&str, &str); 2] = [("BestEffort", "NotBestEffort"), ("Terminating", "NotTerminating")];

const CONFLICTING: &str = "conflicting scopes";
const UNSUPPORTED: &str = "unsupported scope";
const UNSUPPORTED_FOR: &str = "unsupported scope applied to resource";

pub(crate) static RESOURCE_QUOTA: Kind = Kind {
    generation: Generation::Ignored,
    default: |quota, _| {
        amounts::round_lists(quota, &[&["spec", "hard"], &["status", "hard"], &["status", "used"]]);
    },
    update_checks: &[MetaCheck::Change],
    validate: |quota, _, errors| {
        let root = Cursor::root(quota);
        spec(&root.child("spec"), errors);
        amounts_of(&root.child("status"), &["hard", "used"], errors);
    },
    validate_update,
    warnings: |quota, old, _| if old.is_none() { warnings(quota) } else { Vec::new() },
    ..Kind::WITH_STATUS
};

fn validate_update(new: &Value, old: &Value, cx: &Context, errors: &mut field::Errors) {
    let root = Cursor::root(new);
    if cx.subresource == "status" {
        if new.str_at(&["metadata", "resourceVersion"]).is_empty() {
            errors.required(&field::Path::new("resourceVersion"), "");
        }
        return amounts_of(&root.child("status"), &["hard", "used"], errors);
    }
    spec(&root.child("spec"), errors);
    let sorted = |quota: &Value| {
        let mut scopes: Vec<String> = quota
            .array_at(&["spec", "scopes"])
            .iter()
            .map(|scope| scope.as_str().unwrap_or("").to_owned())
            .collect();
        scopes.sort_unstable();
        scopes.dedup();
        scopes
    };
    if sorted(new) != sorted(old) {
        root.child("spec").child("scopes").invalid(errors, meta::IMMUTABLE);
    }
}

fn amounts_of(at: &Cursor, members: &[&str], errors: &mut field::Errors) {
    for member in members {
        for (key, entry) in at.child(member).entries() {
            resource_name(&entry, key, errors);
            amounts::value(&entry, key, errors);
        }
    }
}

fn resource_name(at: &Cursor, name: &str, errors: &mut field::Errors) {
    amounts::name(at, name, errors);
    if !name.contains('/') && !is_quota_resource(name) {
        at.bad(errors, name, "must be a standard resource for quota");
    }
}

/// `storage` is known but no quota can be about it.
fn is_quota_resource(name: &str) -> bool {
    name != "storage" && amounts::is_standard(name)
}

fn spec(spec: &Cursor, errors: &mut field::Errors) {
    amounts_of(spec, &["hard"], errors);
    let limited: Vec<&str> = spec.child("hard").value().as_object().map(sorted_keys).unwrap_or_default();
    let scopes = spec.child("scopes");
    for scope in scopes.items() {
        for fault in scope_faults(scope.str(), &limited) {
            scopes.invalid(errors, fault);
        }
    }
    let plain: Vec<&str> = scopes.list().iter().filter_map(Value::as_str).collect();
    opposites(&scopes, &plain, &scopes, errors);
    let selector = spec.child("scopeSelector");
    if selector.is_set() {
        scope_selector(&selector, &limited, &scopes, errors);
    }
}

fn sorted_keys(map: &Map) -> Vec<&str> {
    let mut keys: Vec<&str> = map.keys().collect();
    keys.sort_unstable();
    keys
}

/// What is wrong with a scope, given the resources that are limited.
fn scope_faults(scope: &str, limited: &[&str]) -> Vec<&'static str> {
    let Some((_, about)) = SCOPES.iter().find(|(known, _)| *known == scope) else { return vec![UNSUPPORTED] };
    let foreign = limited.iter().filter(|name| is_quota_resource(name) && !about.contains(name));
    foreign.map(|_| UNSUPPORTED_FOR).collect()
}

fn opposites(at: &Cursor, scopes: &[&str], shown: &Cursor, errors: &mut field::Errors) {
    for (one, other) in OPPOSITES {
        if scopes.contains(&one) && scopes.contains(&other) {
            errors.invalid(&at.path(), shown.value(), CONFLICTING);
        }
    }
}

fn scope_selector(selector: &Cursor, limited: &[&str], scopes: &Cursor, errors: &mut field::Errors) {
    let expressions = selector.child("matchExpressions");
    for expression in expressions.items() {
        let name = expression.text("scopeName");
        for fault in scope_faults(name, limited) {
            if fault == UNSUPPORTED {
                expressions.child_as("", "scopeName").bad(errors, name, fault);
            } else {
                errors.invalid(&expressions.path(), &shown(selector.value()), fault);
            }
        }
        operator(&expressions, &expression, errors);
    }
    let named: Vec<&str> = expressions.list().iter().map(|item| item.str_at(&["scopeName"])).collect();
    opposites(&expressions, &named, scopes, errors);
}

/// Failures are reported at the list, as upstream does.
fn operator(list: &Cursor, expression: &Cursor, errors: &mut field::Errors) {
    let (operator, values) = (expression.text("operator"), expression.child("values"));
    let binary =
        ["BestEffort", "NotBestEffort", "Terminating", "NotTerminating", "CrossNamespacePodAffinity"];
    if binary.contains(&expression.text("scopeName")) && operator != "Exists" {
        let why = "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, \
                   ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or \
                   ResourceQuotaScopeCrossNamespacePodAffinity";
        list.child_as("", "operator").bad(errors, operator, why);
    }
    match operator {
        "In" | "NotIn" if values.is_empty() => {
            let why = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector";
            list.child_as("", "values").required(errors, why);
        }
        "Exists" | "DoesNotExist" if !values.is_empty() => {
            let why = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";
            errors.invalid(&list.path().child("values"), values.value(), why);
        }
        "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
        other => list.child_as("", "operator").bad(errors, other, "not a valid selector operator"),
    }
}

/// Upstream shows its internal structure here.
fn shown(selector: &Value) -> Value {
    let expression = |item: &Value| {
        object! {
            "ScopeName" => item.str_at(&["scopeName"]), "Operator" => item.str_at(&["operator"]),
            "Values" => item.at(&["values"]).clone(),
        }
    };
    let expressions: Vec<Value> = selector.array_at(&["matchExpressions"]).iter().map(expression).collect();
    object! { "MatchExpressions" => expressions }
}

fn warnings(quota: &Value) -> Vec<String> {
    let hard = quota.at(&["spec", "hard"]);
    let has = |name: &str| !hard.at(&[name]).is_null();
    let mut texts = Vec::new();
    for resource in ["cpu", "memory", "storage", "ephemeral-storage"] {
        let (mut request, limit) = (format!("requests.{resource}"), format!("limits.{resource}"));
        if !has(&request) && matches!(resource, "cpu" | "memory") {
            request = resource.to_owned();
        }
        let amount = |name: &str| Some(amounts::quantity(&Cursor::at("", hard.get(name)?)));
        if let (Some(asked), Some(most)) = (amount(&request), amount(&limit))
            && asked > most
        {
            let (asked, most) = (asked.canonical(), most.canonical());
            texts.push(format!("ResourceQuota {request} ({asked}) should be less than {limit} ({most})"));
        }
    }
    texts
}
