//! Policies and rules of kube-apiserver's recorded sessions: the same verdicts, messages, patches and complaints.  The
//! recordings are looked for in `../shared/oracle/golden` (or below `SUMUN_SHARED`); without them the tests say so and
//! end.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says what it did"
)]

mod support;

use std::collections::HashMap;
use std::path::PathBuf;

use api::field::{Errors, Path};
use api::{Value, object};
use cel::policy::{Compiler, Decision, Input, Matched, MutatingPolicy, Patch, Purpose, ValidatingPolicy};
use cel::schema::{Costs, Place, Rules, Scope};
use cel::{Authorizer, Request, Verdict};
use serde_json::Value as Json;
use support::convert;

fn recording(name: &str) -> Option<Vec<Json>> {
    let shared = std::env::var_os("SUMUN_SHARED").map(PathBuf::from);
    let shared = shared.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"));
    let Ok(text) = std::fs::read_to_string(shared.join("oracle/golden").join(name)) else {
        println!("skipped: no recordings");
        return None;
    };
    serde_json::from_str(&text).unwrap()
}

/// The steps of a session, each with what was answered if that was recorded.
fn steps(case: &Json) -> Vec<(&Json, Option<&Json>)> {
    let mut answers = case["golden"].as_array().unwrap().iter();
    let mut answer = |step: &Json| {
        let recorded = step["method"] != "SLEEP" && step["record"] != Json::Bool(false);
        if recorded { answers.next() } else { None }
    };
    case["steps"].as_array().unwrap().iter().map(|step| (step, answer(step))).collect()
}

struct Allow;

impl Authorizer for Allow {
    fn authorize(&self, request: &Request<'_>) -> Verdict {
        assert_eq!((request.resource, request.namespace, request.verb), ("pods", "default", "create"));
        Verdict { decision: cel::Decision::Allow, reason: String::new(), error: None }
    }
}

/// What is wrong with the expressions of a policy, in the order of its members.
fn refusals(policy: &Value) -> Errors {
    let (spec, path, mut errors) = (policy.at(&["spec"]), Path::new("spec"), Errors::new());
    let params = !spec.at(&["paramKind"]).is_null();
    let mut check = |compiler: &Compiler, purpose, path: Path, text: &str| {
        // A missing text is reported for being missing.
        if let (false, Err(refusal)) = (text.trim().is_empty(), compiler.compile(purpose, text)) {
            refusal.report(&path, text, &mut errors);
        }
    };
    let each = |member: &'static str| {
        let at = path.child(member);
        spec.array_at(&[member]).iter().enumerate().map(move |(i, item)| (at.index(i), item))
    };
    let plain = Compiler::new(params);
    for (at, item) in each("matchConditions") {
        check(&plain, Purpose::Condition, at.child("expression"), item.str_at(&["expression"]));
    }
    let mutating = !spec.at(&["mutations"]).is_null();
    let mut compiler = if mutating { Compiler::new(params).with_variables() } else { Compiler::new(params) };
    let mut variables = Vec::new();
    for (at, item) in each("variables") {
        let text = item.str_at(&["expression"]);
        compiler = compiler.with_variables();
        if !text.is_empty()
            && let Err(refusal) = compiler.variable(item.str_at(&["name"]), text)
        {
            variables.push((at.child("expression"), text.to_owned(), refusal));
        }
    }
    for (at, item) in each("validations") {
        check(&compiler, Purpose::Validation, at.child("expression"), item.str_at(&["expression"]));
        check(
            &compiler,
            Purpose::Message,
            at.child("messageExpression"),
            item.str_at(&["messageExpression"]),
        );
    }
    for (at, item) in each("auditAnnotations") {
        check(&compiler, Purpose::Annotation, at.child("valueExpression"), item.str_at(&["valueExpression"]));
    }
    for (at, item) in each("mutations") {
        for (member, purpose) in
            [("applyConfiguration", Purpose::ApplyConfiguration), ("jsonPatch", Purpose::JsonPatch)]
        {
            check(
                &compiler,
                purpose,
                at.child(member).child("expression"),
                item.str_at(&[member, "expression"]),
            );
        }
    }
    for (path, text, refusal) in variables {
        refusal.report(&path, &text, &mut errors);
    }
    errors
}

/// What a session left behind that matters to policies.
#[derive(Default)]
struct Session {
    validating: Option<ValidatingPolicy>,
    mutating: Option<MutatingPolicy>,
    actions: Vec<String>,
    params: Option<Value>,
    objects: HashMap<String, Value>,
}

impl Session {
    /// Takes note of a policy, of its binding and of what may be its parameters.
    fn learn(&mut self, body: &Value) {
        match body.str_at(&["kind"]) {
            // One whose expressions are refused is never stored.
            "ValidatingAdmissionPolicy" if refusals(body).is_empty() => {
                self.validating = Some(ValidatingPolicy::compile(body));
            }
            "MutatingAdmissionPolicy" if refusals(body).is_empty() => {
                self.mutating = Some(MutatingPolicy::compile(body));
            }
            "ValidatingAdmissionPolicyBinding" => {
                let actions = body.array_at(&["spec", "validationActions"]).iter();
                self.actions = actions.filter_map(Value::as_str).map(str::to_owned).collect();
                if let Some(params) = self.objects.get(body.str_at(&["spec", "paramRef", "name"])) {
                    self.params = Some(params.clone());
                }
            }
            "ConfigMap" => {
                self.objects.insert(body.str_at(&["metadata", "name"]).to_owned(), body.clone());
            }
            _ => {}
        }
    }

    fn judge(&self, method: &str, new: &Value) -> Vec<Decision> {
        let Some(policy) = &self.validating else { return Vec::new() };
        let user = api::UserInfo::new("admin", ["system:masters"]);
        let namespace = object! { "metadata" => object! { "name" => "t-1" } };
        let operation = if method == "PUT" { "UPDATE" } else { "CREATE" };
        let request = object! { "operation" => operation, "name" => new.str_at(&["metadata", "name"]) };
        let old = self.objects.get(new.str_at(&["metadata", "name"])).filter(|_| method == "PUT");
        let input = Input {
            object: Some(new),
            old_object: old,
            request: Some(&request),
            namespace: Some(&namespace),
            params: self.params.as_ref(),
            authorizer: Some(cel::authorizer(user, &Allow)),
            ..Input::default()
        };
        policy.evaluate(&input).denials().cloned().collect()
    }

    /// Says what mutations make of an object: its text must be in the answer.
    fn mutate(&self, new: &Value) -> Vec<Patch> {
        let Some(policy) = &self.mutating else { return Vec::new() };
        let input = Input { object: Some(new), ..Input::default() };
        assert_eq!(policy.matches(&input), Matched::Yes);
        (0..policy.mutations().len()).map(|i| policy.patch(i, &input).unwrap()).collect()
    }
}

/// The recordings hide addresses that look like those of services.
fn hidden(text: &str) -> String {
    text.replace("10.0.0.0", "<clusterip>")
}

fn assert_judged(name: &str, denials: &[Decision], actions: &[String], answer: &Json) {
    let message = answer["body"]["message"].as_str().unwrap_or("");
    let acts = |action: &str| actions.iter().any(|a| a == action);
    match denials.first() {
        Some(denial) if acts("Deny") => {
            let wanted = hidden(&denial.message);
            assert!(message.ends_with(&wanted), "{name}: wanted {message:?}, got {wanted:?}");
            if !denial.failed {
                assert_eq!(answer["body"]["reason"], denial.reason.as_str(), "{name}");
            }
        }
        Some(denial) if acts("Warn") => {
            let warnings = answer["warnings"].to_string();
            assert!(warnings.contains(&hidden(&denial.message)), "{name}: wanted {warnings}, got {denial:?}");
        }
        _ => assert!(!message.contains("denied request"), "{name}: wanted {message:?}, nothing denied"),
    }
}

/// An applied configuration shows in the answer; an operation of a patch in what is wrong with the result.
fn assert_patched(name: &str, patch: &Patch, answer: &Json) {
    match patch {
        Patch::Apply(patch) => {
            assert!(holds(&convert(&answer["body"]), patch), "{name}: {patch:?} in {answer}");
        }
        Patch::Json(operations) => {
            for operation in operations.as_array().unwrap() {
                let member = operation.str_at(&["path"]).rsplit('/').next().unwrap().replace("~1", "/");
                let body = answer["body"].to_string();
                assert!(body.contains(&member), "{name}: {member} in {body}");
            }
        }
    }
}

/// Whether an object has all members of another.
fn holds(object: &Value, part: &Value) -> bool {
    match (object, part) {
        (Value::Object(object), Value::Object(part)) => {
            part.iter().all(|(name, value)| object.get(name).is_some_and(|found| holds(found, value)))
        }
        (object, part) => object == part,
    }
}

#[test]
fn policies_do_what_they_did() {
    let Some(cases) = recording("admission.json") else { return };
    let (mut judged, mut denied, mut patches) = (0, 0, 0);
    for case in &cases {
        let name = case["name"].as_str().unwrap();
        if !name.starts_with("admission/vap-") && !name.starts_with("admission/map-") {
            continue;
        }
        let mut session = Session::default();
        for (step, answer) in steps(case) {
            let (method, body) = (step["method"].as_str().unwrap(), convert(&step["body"]));
            let asked = body.str_at(&["kind"]) == "ConfigMap";
            // What is not there cannot be changed, whatever policies say.
            let there = method != "PUT" || session.objects.contains_key(body.str_at(&["metadata", "name"]));
            if let Some(answer) = answer.filter(|_| asked && there) {
                let denials = session.judge(method, &body);
                assert_judged(name, &denials, &session.actions, answer);
                let made = session.mutate(&body);
                made.iter().for_each(|patch| assert_patched(name, patch, answer));
                (judged, denied, patches) = (judged + 1, denied + denials.len(), patches + made.len());
            }
            if answer.is_none_or(|answer| answer["status"].as_u64().is_some_and(|status| status < 300)) {
                session.learn(&body);
            }
        }
    }
    println!("{judged} judged, {denied} denied, {patches} patches");
    assert!(judged > 100 && denied > 40 && patches > 1, "{judged} {denied} {patches}");
}

/// What is wrong with the rules of a schema, as its definition says it.
fn faults(
    scope: &Scope,
    path: &Path,
    schema: &Value,
    above: Option<&Path>,
    costs: &mut Costs,
    errors: &mut Errors,
) {
    let keyed = schema.str_at(&["x-kubernetes-list-type"]) == "map";
    for (name, property) in schema.at(&["properties"]).as_object().into_iter().flat_map(api::Map::iter) {
        let inner = path.child("properties").key(name);
        faults(&scope.property(name).unwrap(), &inner, property, above, costs, errors);
    }
    if let Some(items) = scope.items() {
        let above = above.or(Some(path)).filter(|_| !keyed);
        faults(&items, &path.child("items"), schema.at(&["items"]), above, costs, errors);
    }
    if let Some(values) = scope.additional() {
        let inner = path.child("additionalProperties");
        faults(&values, &inner, schema.at(&["additionalProperties"]), above, costs, errors);
    }
    let rules = schema.array_at(&["x-kubernetes-validations"]);
    let show = |i: usize| shown(rules.get(i).unwrap());
    scope.check(&Place { path, uncorrelated: above, keeps_costs: false }, &show, costs, errors);
}

/// A rule as upstream's messages show it.
fn shown(rule: &Value) -> Value {
    object! {
        "Rule" => rule.str_at(&["rule"]),
        "Message" => rule.str_at(&["message"]),
        "MessageExpression" => rule.str_at(&["messageExpression"]),
        "Reason" => rule.at(&["reason"]).clone(),
        "FieldPath" => rule.str_at(&["fieldPath"]),
        "OptionalOldSelf" => rule.at(&["optionalOldSelf"]).clone(),
    }
}

fn faults_of_definition(definition: &Value) -> Errors {
    let versions = definition.array_at(&["spec", "versions"]);
    // What all versions share is told once.
    let shared = versions.iter().all(|v| v.at(&["schema"]) == versions[0].at(&["schema"]));
    let mut errors = Errors::new();
    for (i, version) in versions.iter().enumerate().take(if shared { 1 } else { usize::MAX }) {
        let schema = version.at(&["schema", "openAPIV3Schema"]);
        let root = Path::new("spec");
        let root =
            if shared { root.child("validation") } else { root.child("versions").index(i).child("schema") };
        let root = root.child("openAPIV3Schema");
        let mut costs = Costs::default();
        if let Some(scope) = Scope::root(schema) {
            faults(&scope, &root, schema, None, &mut costs, &mut errors);
            costs.report(&root, &mut errors);
        }
    }
    errors
}

/// What is wrong with the expressions of an object.
fn complaints(body: &Value) -> Errors {
    match body.str_at(&["kind"]) {
        "CustomResourceDefinition" => faults_of_definition(body),
        "DeviceClass" => {
            let mut errors = Errors::new();
            for (i, selector) in body.array_at(&["spec", "selectors"]).iter().enumerate() {
                let text = selector.str_at(&["cel", "expression"]);
                let path = Path::new("spec.selectors").index(i).child("cel").child("expression");
                if let (false, Err(refusal)) =
                    (selector.at(&["cel"]).is_null(), cel::environment::device_selector(text))
                {
                    refusal.report(&path, text, &mut errors);
                }
            }
            errors
        }
        _ => refusals(body),
    }
}

/// Whether a message is about an expression.
fn about_expressions(message: &str) -> bool {
    ["compilation failed", "must evaluate to", "estimated rule cost", "oldSelf cannot", "oldSelf is not"]
        .iter()
        .any(|m| message.contains(m))
}

#[test]
fn complaints_are_as_recorded() {
    let mut found = 0;
    for file in ["admission.json", "crds.json", "validation.json"] {
        let Some(cases) = recording(file) else { return };
        for case in &cases {
            for (step, answer) in steps(case) {
                let (body, Some(answer)) = (convert(&step["body"]), answer) else { continue };
                let causes = answer["body"]["details"]["causes"].as_array().into_iter().flatten();
                let wanted: Vec<(&str, &str)> = causes
                    .map(|c| (c["field"].as_str().unwrap_or(""), c["message"].as_str().unwrap_or("")))
                    .filter(|(_, message)| about_expressions(message))
                    .collect();
                if wanted.is_empty() {
                    continue;
                }
                let told = complaints(&body);
                for (field, message) in &wanted {
                    let as_told = |e: &api::field::Error| e.field.to_string() == *field && e.body == *message;
                    assert!(told.0.iter().any(as_told), "{}: {field}: {message}\ngot {told}", case["name"]);
                    found += 1;
                }
                assert_eq!(told.0.len(), wanted.len(), "{}: {told}", case["name"]);
            }
        }
    }
    println!("{found} complaints");
    assert!(found > 40, "{found}");
}

/// The schema of the kind that a definition makes.
fn rules_of(definition: &Value) -> Option<Rules> {
    let version = definition.array_at(&["spec", "versions"]).first()?;
    Rules::of(version.at(&["schema", "openAPIV3Schema"]))
}

/// Applies a merge patch (RFC 7386).
fn merge(into: &mut Value, patch: &Value) {
    let Value::Object(members) = patch else {
        *into = patch.clone();
        return;
    };
    for (name, value) in members.iter() {
        merge(into.make_object().entry(name), value);
    }
}

#[test]
fn rules_of_custom_resources_judge_as_recorded() {
    let Some(cases) = recording("crds.json") else { return };
    let (mut judged, mut refused) = (0, 0);
    for case in &cases {
        let (mut rules, mut objects) = (None, HashMap::<String, Value>::new());
        for (step, answer) in steps(case) {
            let body = convert(&step["body"]);
            if body.str_at(&["kind"]) == "CustomResourceDefinition" {
                rules = rules_of(&body);
                continue;
            }
            let (Some(rules), Some(answer)) = (&rules, answer) else { continue };
            let name = step["path"].as_str().unwrap().rsplit('/').next().unwrap();
            let old = objects.get(name).filter(|_| step["method"] != "POST");
            let new = match (step["method"].as_str(), old) {
                (Some("PATCH"), Some(old)) => {
                    let mut new = old.clone();
                    merge(&mut new, &body);
                    new
                }
                (Some("POST" | "PUT"), _) => body,
                _ => continue,
            };
            let outcome = rules.validate(&new, old, cel::environment::REQUEST_BUDGET, None);
            let causes = answer["body"]["details"]["causes"].as_array().into_iter().flatten();
            let wanted: Vec<String> = causes
                .map(|c| format!("{}: {}", c["field"].as_str().unwrap(), c["message"].as_str().unwrap()))
                .collect();
            let told: Vec<String> = outcome.errors.0.iter().map(ToString::to_string).collect();
            assert_eq!(told, wanted, "{}", case["name"]);
            (judged, refused) = (judged + 1, refused + told.len());
            if told.is_empty() {
                objects.insert(new.str_at(&["metadata", "name"]).to_owned(), new);
            }
        }
    }
    println!("{judged} judged, {refused} refused");
    assert!(judged >= 8 && refused >= 4, "{judged} {refused}");
}
