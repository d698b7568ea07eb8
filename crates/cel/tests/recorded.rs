//! Policies and rules of kube-apiserver's recorded sessions: the same verdicts, errors and complaints.  The recordings
//! are looked for in `../shared/oracle/golden` (or below `SUMUN_SHARED`); without them the tests say so and end.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says what it did"
)]

use std::path::PathBuf;
use std::sync::Arc;

use cel::{
    Activation, Authorizer, Decision, Env, FieldType, Limits, Program, Request, Type, TypeProvider, Value,
    Verdict,
};
use serde_json::Value as Json;

fn recording(name: &str) -> Option<Vec<Json>> {
    let shared = std::env::var_os("SUMUN_SHARED").map(PathBuf::from);
    let shared = shared.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"));
    let Ok(text) = std::fs::read_to_string(shared.join("oracle/golden").join(name)) else {
        println!("skipped: no recordings");
        return None;
    };
    serde_json::from_str(&text).unwrap()
}

fn convert(json: &Json) -> api::Value {
    match json {
        Json::Null => api::Value::Null,
        Json::Bool(b) => api::Value::Bool(*b),
        Json::Number(n) => n.as_i64().map_or_else(|| api::Value::Float(n.as_f64().unwrap()), api::Value::Int),
        Json::String(s) => s.as_str().into(),
        Json::Array(a) => api::Value::Array(a.iter().map(convert).collect()),
        Json::Object(m) => api::Value::Object(m.iter().map(|(k, v)| (k.as_str(), convert(v))).collect()),
    }
}

/// The steps of a session with what was answered.
fn steps(case: &Json) -> Vec<(&Json, &Json)> {
    let steps = case["steps"].as_array().unwrap().iter();
    let recorded = steps.filter(|s| s["method"] != "SLEEP" && s["record"] != Json::Bool(false));
    recorded.zip(case["golden"].as_array().unwrap()).collect()
}

struct Allow;

impl Authorizer for Allow {
    fn authorize(&self, request: &Request<'_>) -> Verdict {
        assert_eq!((request.resource, request.namespace, request.verb), ("pods", "default", "create"));
        Verdict { decision: Decision::Allow, reason: String::new(), error: None }
    }
}

fn policy_env() -> Env {
    Env::kubernetes()
        .variable("object", Type::Dyn)
        .variable("oldObject", Type::Dyn)
        .variable("namespaceObject", Type::Dyn)
        .variable("request", Type::Dyn)
        .variable("authorizer", Type::object("kubernetes.authorization.Authorizer"))
}

/// What comes of a validation: nothing, or the message of its failure.
fn judge(expression: &str, vars: &Activation<'_>) -> Option<String> {
    let program = Program::new(&policy_env().compile(expression).unwrap()).unwrap();
    let vars = vars.clone();
    let value = program.evaluate(&vars, &Limits::default()).value;
    match value {
        Ok(Value::Bool(true)) => None,
        Ok(_) => Some(format!("failed expression: {expression}")),
        Err(e) => Some(format!("expression '{expression}' resulted in error: {e}")),
    }
}

#[test]
fn policies_judge_as_recorded() {
    let Some(cases) = recording("admission.json") else { return };
    let (env, user) = (policy_env(), api::UserInfo::new("admin", ["system:masters"]));
    let (mut judged, mut denied) = (0, 0);
    for case in &cases {
        let name = case["name"].as_str().unwrap();
        let policy = &case["steps"][0]["body"]["spec"];
        let plain = policy["paramKind"].is_null() && policy["validations"][0]["messageExpression"].is_null();
        if !name.starts_with("admission/vap-")
            || policy["validations"].is_null()
            || name.ends_with("errors")
            || !plain
        {
            continue;
        }
        for (step, answer) in steps(case) {
            let created = step["method"] == "POST" && step["body"]["kind"] == "ConfigMap";
            if !created || policy["validations"][0]["message"].is_string() {
                continue;
            }
            let object = convert(&step["body"]);
            let namespace = api::object! { "metadata" => api::object! { "name" => "t-1" } };
            let vars = Activation::new(&env)
                .set("object", Value::json(&object))
                .set("oldObject", Value::Null)
                .set("namespaceObject", Value::json(&namespace))
                .set("authorizer", cel::authorizer(user.clone(), &Allow));
            let validations = policy["validations"].as_array().unwrap().iter();
            let failure = validations.filter_map(|v| judge(v["expression"].as_str().unwrap(), &vars)).next();
            let message = answer["body"]["message"].as_str().unwrap_or("");
            judged += 1;
            // The recordings hide addresses that look like those of services.
            match failure.map(|f| f.replace("10.0.0.0", "<clusterip>")) {
                Some(failure) => {
                    denied += 1;
                    assert!(message.contains(&failure), "{name}: wanted {message:?}, got {failure:?}");
                }
                None => {
                    assert!(
                        !message.contains("denied request"),
                        "{name}: wanted {message:?}, nothing denied"
                    );
                }
            }
        }
    }
    println!("{judged} judged, {denied} denied");
    assert!(judged > 50 && denied > 10);
}

/// An object type with few fields.
struct Fields(&'static [(&'static str, Type)]);

impl TypeProvider for Fields {
    fn has_type(&self, name: &str) -> bool {
        name == "object"
    }

    fn field(&self, _: &str, field: &str) -> Option<FieldType> {
        self.0.iter().find(|(name, _)| *name == field).map(|(_, ty)| ty.clone().into())
    }
}

/// The surroundings in which the recorded expressions may have been compiled.
fn surroundings() -> Vec<Env> {
    let object = || Type::object("object");
    let color: &[_] = &[("color", Type::String)];
    let counted: &[_] = &[("replicas", Type::Int)];
    let mut all = vec![policy_env().variable("variables", object()).provider(Arc::new(Fields(color)))];
    for fields in [color, counted] {
        for ty in [Type::Dyn, Type::Int, Type::String, object()] {
            let old = if ty == object() { Type::optional(ty.clone()) } else { ty.clone() };
            let with = Env::kubernetes().variable("self", ty).variable("oldSelf", old);
            all.push(with.provider(Arc::new(Fields(fields))));
        }
    }
    all
}

fn expressions<'j>(json: &'j Json, out: &mut Vec<&'j str>) {
    match json {
        Json::Object(m) => {
            for (key, value) in m {
                match value {
                    Json::String(text)
                        if matches!(
                            key.as_str(),
                            "expression" | "rule" | "messageExpression" | "valueExpression" | "celExpression"
                        ) =>
                    {
                        out.push(text);
                    }
                    other => expressions(other, out),
                }
            }
        }
        Json::Array(a) => a.iter().for_each(|v| expressions(v, out)),
        _ => {}
    }
}

#[test]
fn complaints_are_as_recorded() {
    let (mut found, mut missed) = (0, Vec::new());
    for file in ["admission.json", "crds.json", "validation.json"] {
        let Some(cases) = recording(file) else { return };
        for case in &cases {
            for (step, answer) in steps(case) {
                let causes = answer["body"]["details"]["causes"].as_array();
                for message in causes.into_iter().flatten().filter_map(|c| c["message"].as_str()) {
                    let Some((_, complaint)) = message.split_once("compilation failed: ERROR") else {
                        continue;
                    };
                    let mut texts = Vec::new();
                    expressions(step, &mut texts);
                    if texts.is_empty() {
                        texts.push("");
                    }
                    let wanted = format!("ERROR{complaint}");
                    let issues = surroundings().into_iter().flat_map(|env| {
                        texts.iter().filter_map(move |t| env.compile(t).err()).collect::<Vec<_>>()
                    });
                    if issues.into_iter().any(|i| wanted.starts_with(&i.to_string())) {
                        found += 1;
                    } else {
                        missed.push(format!("{}: {wanted}\n  of {texts:?}", case["name"]));
                    }
                }
            }
        }
    }
    println!("{found} complaints");
    assert!(missed.is_empty() && found > 20, "{} of {found}:\n{}", missed.len(), missed.join("\n"));
}
