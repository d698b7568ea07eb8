//! What the server does with a create or a change, as far as kinds have a say in it.

use api::{ApiError, Str, Value, object};
use sumun_kinds::{self as kinds, Context};

use crate::Answer;

/// The uid and time every object gets; recorded answers hold placeholders in their place.
pub const UID: &str = "11111111-2222-4333-8444-555555555555";
pub const TIME: &str = "2026-01-01T00:00:00Z";
const NOW: i64 = 1_767_225_600;

/// The creates of a case by the administrator that were recorded, each with its answer.
pub fn creates(case: &Value) -> Vec<(Value, Value)> {
    let recorded = case
        .array_at(&["steps"])
        .iter()
        .filter(|step| step.at(&["record"]).as_bool() != Some(false) && step.str_at(&["method"]) != "SLEEP");
    let pairs = recorded.zip(case.array_at(&["golden"]));
    let creates = pairs.filter(|(step, want)| {
        let plain = matches!(step.str_at(&["content_type"]), "" | "application/json");
        let by_admin = matches!(step.str_at(&["as"]), "" | "admin");
        let strict = !step.at(&["query", "fieldValidation"]).is_null();
        let known = matches!(want.at(&["status"]).as_i64(), Some(201 | 400 | 422));
        step.str_at(&["method"]) == "POST"
            && plain
            && by_admin
            && !strict
            && known
            && !step.at(&["body"]).is_null()
    });
    creates.map(|(step, want)| (substituted(step, want), want.clone())).collect()
}

/// Placeholders of a step: the namespace and the suffix of names are taken from the answer.
fn substituted(step: &Value, want: &Value) -> Value {
    let answer = api::json::to_string(want);
    let namespace =
        answer.find("\"t-").and_then(|at| answer.get(at + 1..at + 13)).unwrap_or("t-0000000000").to_owned();
    let case = namespace.trim_start_matches("t-").to_owned();
    let suffix = suffix_of(step, &answer).unwrap_or(case);
    replace(step, &namespace, &suffix)
}

/// The ten hexadecimal digits that stand in the answer where the body has `{case}`.
fn suffix_of(step: &Value, answer: &str) -> Option<String> {
    let body = api::json::to_string(step.at(&["body"]));
    let at = body.find("{case}")?;
    let before: String =
        body.get(..at)?.chars().rev().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    let before: String = before.chars().rev().collect();
    let found = answer.find(&before)? + before.len();
    answer.get(found..found + 10).map(str::to_owned)
}

fn replace(value: &Value, namespace: &str, case: &str) -> Value {
    match value {
        Value::String(text) => text.replace("{ns}", namespace).replace("{case}", case).into(),
        Value::Array(items) => items.iter().map(|v| replace(v, namespace, case)).collect::<Vec<_>>().into(),
        Value::Object(map) => match map.get("$repeat").and_then(Value::as_array) {
            Some([text, count]) => {
                let count = usize::try_from(count.as_i64().unwrap_or(0)).unwrap_or(0);
                text.as_str().unwrap_or("").repeat(count).into()
            }
            _ => {
                let members = map.iter().map(|(k, v)| {
                    (
                        Str::from(k.replace("{ns}", namespace).replace("{case}", case)),
                        replace(v, namespace, case),
                    )
                });
                members.collect::<api::Map>().into()
            }
        },
        other => other.clone(),
    }
}

/// Where a path of the API leads: group, version, namespace, plural.
fn route(path: &str) -> Option<(&str, &str, &str, &str)> {
    let mut parts = path.trim_start_matches('/').split('/');
    let (group, version) = match parts.next()? {
        "api" => ("", parts.next()?),
        "apis" => (parts.next()?, parts.next()?),
        _ => return None,
    };
    match (parts.next()?, parts.next(), parts.next()) {
        ("namespaces", Some(namespace), Some(plural)) => Some((group, version, namespace, plural)),
        (plural, _, _) => Some((group, version, "", plural)),
    }
}

/// Runs one create.
pub fn create(step: &Value, want: &Value) -> Answer {
    let mut body = step.at(&["body"]).clone();
    let Some((group, version, namespace, plural)) = route(step.str_at(&["path"])) else {
        return Answer::new("unknown path", 404, Value::Null);
    };
    let Some(resource) = schema::resource(group, version, plural) else {
        return Answer::new(&format!("{group}/{version} {plural}"), 404, Value::Null);
    };
    let gv = api::GroupVersion::new(group, version);
    let kind = format!("{gv}.{}", resource.kind);
    let mut answer = Answer::new(&kind, 201, Value::Null);
    answer.warnings.extend(kinds::deprecated(group, version, resource.kind).map(str::to_owned));
    if let Err(why) = schema::coerce(&mut body, resource.message) {
        let text = format!("{0} in version \"{version}\" cannot be handled as a {0}: {why}", resource.kind);
        return answer.with(400, ApiError::bad_request(text).status());
    }
    let groups = groups();
    let cx = Context { namespace, ..context(&groups) };
    let strategy = kinds::strategy(group, resource.kind);
    settle(&mut body, &gv, resource.kind, resource.message);
    admit(&mut body, resource.kind);
    complete(&mut body, namespace, want);
    strategy.prepare_create(&mut body, &cx);
    let errors = kinds::check_create(strategy, &body, resource.namespaced, &cx);
    let name = body.str_at(&["metadata", "name"]).to_owned();
    if !errors.is_empty() {
        return answer.with(422, ApiError::invalid(group, resource.kind, &name, &errors).status());
    }
    answer.warnings.extend(strategy.warnings(&body, None, &cx));
    schema::canonicalize(&mut body, resource.message);
    body.set_at(&["kind"], resource.kind);
    body.set_at(&["apiVersion"], gv.to_string());
    answer.with(201, body)
}

fn groups() -> [String; 2] {
    ["system:masters".to_owned(), "system:authenticated".to_owned()]
}

fn context(groups: &[String]) -> Context<'_> {
    Context { user: "admin", user_uid: "1", groups, now: NOW, ..Context::default() }
}

/// Defaults and canonical form.
fn settle(object: &mut Value, gv: &api::GroupVersion, kind: &str, message: &'static schema::Message) {
    schema::apply_defaults(object, message);
    kinds::strategy(&gv.group, kind).default(object, &gv.version);
    schema::canonicalize(object, message);
}

/// An object as it is stored when the body is posted to the namespace `ns`.
pub fn stored(body: &Value) -> Value {
    let (gv, kind, message) = typed(body);
    let mut object = body.clone();
    schema::coerce(&mut object, message).expect("a body of its kind");
    settle(&mut object, &gv, &kind, message);
    admit(&mut object, &kind);
    complete(&mut object, "ns", &Value::Null);
    kinds::strategy(&gv.group, &kind).prepare_create(&mut object, &context(&groups()));
    schema::canonicalize(&mut object, message);
    object.set_at(&["metadata", "resourceVersion"], "1");
    object
}

fn typed(object: &Value) -> (api::GroupVersion, String, &'static schema::Message) {
    let gv = api::GroupVersion::parse(object.str_at(&["apiVersion"])).expect("an apiVersion");
    let kind = object.str_at(&["kind"]).to_owned();
    let message = schema::kind(&gv.group, &gv.version, &kind).expect("a known kind");
    (gv, kind, message)
}

/// Runs a write of `new` over `old`: the object it leads to and the warnings, or all failures.
pub fn change(old: &Value, mut new: Value, subresource: &str) -> Result<(Value, Vec<String>), Vec<String>> {
    let (gv, kind, message) = typed(old);
    schema::coerce(&mut new, message).expect("a body of its kind");
    settle(&mut new, &gv, &kind, message);
    let groups = groups();
    let cx = Context { namespace: "ns", subresource, ..context(&groups) };
    let strategy = kinds::strategy(&gv.group, &kind);
    keep(&mut new, old, "generation");
    strategy.prepare_update(&mut new, old, &cx);
    keep(&mut new, old, "creationTimestamp");
    let failures = kinds::check_update(strategy, &new, old, true, &cx);
    if !failures.is_empty() {
        return Err(failures.0.iter().map(ToString::to_string).collect());
    }
    let warnings = strategy.warnings(&new, Some(old), &cx);
    schema::canonicalize(&mut new, message);
    Ok((new, warnings))
}

fn keep(new: &mut Value, old: &Value, name: &str) {
    match old.at(&["metadata", name]) {
        Value::Null => drop(new.remove_at(&["metadata", name])),
        kept => new.set_at(&["metadata", name], kept.clone()),
    }
}

/// What the write path fills in before a kind prepares the object.
fn complete(object: &mut Value, namespace: &str, want: &Value) {
    let prefix = object.str_at(&["metadata", "generateName"]).to_owned();
    if !prefix.is_empty() && object.str_at(&["metadata", "name"]).is_empty() {
        let name = match want.str_at(&["body", "metadata", "name"]) {
            name if name.is_empty() || name.contains('<') => format!("{prefix}abcde"),
            name => name.to_owned(),
        };
        object.set_at(&["metadata", "name"], name);
    }
    if !namespace.is_empty() {
        object.set_at(&["metadata", "namespace"], namespace);
    }
    object.set_at(&["metadata", "uid"], UID);
    object.set_at(&["metadata", "creationTimestamp"], TIME);
    for dropped in
        ["resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "managedFields"]
    {
        object.remove_at(&["metadata", dropped]);
    }
}

/// What the admission plug-ins that are on by default give to a pod.
fn admit(object: &mut Value, kind: &str) {
    if kind != "Pod" {
        return;
    }
    if object.at(&["spec", "priority"]).is_null() {
        object.set_at(&["spec", "priority"], 0);
    }
    if object.at(&["spec", "preemptionPolicy"]).is_null() {
        object.set_at(&["spec", "preemptionPolicy"], "PreemptLowerPriority");
    }
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        tolerate(object, key);
    }
}

fn tolerate(pod: &mut Value, key: &str) {
    let tolerates = |toleration: &Value| {
        matches!(
            toleration.str_at(&["key"]),
            "" | "node.kubernetes.io/not-ready" | "node.kubernetes.io/unreachable"
        ) && (toleration.str_at(&["key"]) == key || toleration.str_at(&["key"]).is_empty())
            && matches!(toleration.str_at(&["effect"]), "NoExecute" | "")
    };
    if pod.array_at(&["spec", "tolerations"]).iter().any(tolerates) {
        return;
    }
    let added =
        object! { "key" => key, "operator" => "Exists", "effect" => "NoExecute", "tolerationSeconds" => 300 };
    let mut all = pod.array_at(&["spec", "tolerations"]).to_vec();
    all.push(added);
    pod.set_at(&["spec", "tolerations"], all);
}
