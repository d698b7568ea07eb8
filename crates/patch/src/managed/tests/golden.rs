//! Answers recorded from kube-apiserver 1.36.2: what each write makes of an object and of its `managedFields`.
//!
//! A write is repeated on the object of the answer before it.  What only other crates can know (defaults, what a
//! strategy or admission sets) is taken from the recorded answer.

use std::{collections::HashMap, path::PathBuf};

use super::*;

/// The cases of a file of recordings; none, with a word why, when it is not there.
fn cases(file: &str) -> Vec<Value> {
    let root = std::env::var_os("SUMUN_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let path = root.join("oracle/golden").join(file);
    match std::fs::read(&path) {
        Ok(bytes) => codec::json::parse(&bytes).unwrap().value.as_array().unwrap().to_vec(),
        Err(e) => {
            eprintln!("skipped: {}: {e}", path.display());
            Vec::new()
        }
    }
}

/// What a path names.
struct Target {
    group: String,
    version: String,
    plural: String,
    name: String,
    subresource: String,
}

impl Target {
    fn of(path: &str) -> Option<Self> {
        let mut parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let (group, version) = match parts.remove(0) {
            "api" => ("", parts.remove(0)),
            _ => (parts.remove(0), parts.remove(0)),
        };
        if parts.len() > 2 && parts[0] == "namespaces" && !["status", "finalize"].contains(&parts[2]) {
            parts.drain(..2);
        }
        let part = |i: usize| parts.get(i).copied().unwrap_or("").to_owned();
        let (group, version) = (group.to_owned(), version.to_owned());
        Some(Self { group, version, plural: part(0), name: part(1), subresource: part(2) })
    }

    fn key(&self) -> String {
        format!("{}/{}/{}", self.group, self.plural, self.name)
    }
}

/// The case with the namespace and the id it was recorded with in place of `{ns}` and `{case}`.
fn filled_in(case: &Value) -> Value {
    let text = json::to_string(case);
    let id = case.array_at(&["golden"]).iter().find_map(|answer| {
        let body = answer.at(&["body"]);
        let name = body.str_at(&["metadata", "name"]);
        let by_namespace = body.str_at(&["metadata", "namespace"]).strip_prefix("t-").map(str::to_owned);
        by_namespace.or_else(|| {
            case.array_at(&["steps"]).iter().find_map(|step| {
                let pattern = step.str_at(&["body", "metadata", "name"]);
                let (before, after) = pattern.split_once("{case}")?;
                name.strip_prefix(before)?.strip_suffix(after).map(str::to_owned)
            })
        })
    });
    let Some(id) = id else { return case.clone() };
    let text = text.replace("{ns}", &format!("t-{id}")).replace("{case}", &id);
    codec::json::parse(text.as_bytes()).unwrap().value
}

/// Writes whose objects a strategy or an admission plug-in changes, so that patching alone does not give the answer.
const CHANGED_BY_OTHERS: &[(&str, &str)] = &[
    ("kind/v1.Node/apply-creates", "admission adds a taint"),
    ("kind/v1.Pod/apply-creates", "admission adds tolerations"),
    ("kind/apps/v1.DaemonSet/patches", "the generation of the template is kept in an annotation"),
    ("kind/certificates.k8s.io/v1.CertificateSigningRequest/apply-creates", "the strategy sets who asks"),
    ("machinery/pod-status", "the main resource does not change the status"),
    ("machinery/smp-lists", "defaults of a port"),
    ("machinery/service-update", "addresses and ports are handed out and taken back"),
];

/// Cases in which a controller of the server writes in between.
const WRITTEN_IN_BETWEEN: &[&str] = &[
    "kind/apiregistration.k8s.io/v1.APIService/apply-creates",
    "kind/flowcontrol.apiserver.k8s.io/v1.FlowSchema/sub-status",
    "machinery/service-update",
];

fn is_changed_by_others(label: &str) -> bool {
    CHANGED_BY_OTHERS.iter().any(|(case, _)| label.starts_with(case))
}

/// Fields of the answer to a create that a strategy or an admission plug-in sets after managers were tracked.
const SET_LATER: &[(&str, &str)] = &[
    ("namespaces", r#"{"f:spec":{"f:finalizers":{}}}"#),
    (
        "persistentvolumeclaims",
        r#"{"f:metadata":{"f:finalizers":{".":{},"v:\"kubernetes.io/pvc-protection\"":{}}}}"#,
    ),
    (
        "persistentvolumes",
        r#"{"f:metadata":{"f:finalizers":{".":{},"v:\"kubernetes.io/pv-protection\"":{}}}}"#,
    ),
    (
        "volumeattributesclasses",
        r#"{"f:metadata":{"f:finalizers":{".":{},"v:\"kubernetes.io/vac-protection\"":{}}}}"#,
    ),
    ("pods", r#"{"f:spec":{"f:preemptionPolicy":{},"f:priority":{}}}"#),
    (
        "services",
        r#"{"f:spec":{"f:clusterIP":{},"f:clusterIPs":{},"f:ipFamilies":{},"f:ipFamilyPolicy":{}}}"#,
    ),
    (
        "jobs",
        r#"{"f:metadata":{"f:labels":{".":{},"f:batch.kubernetes.io/controller-uid":{},"f:batch.kubernetes.io/job-name":{},"f:controller-uid":{},"f:job-name":{}}},"f:spec":{"f:selector":{},"f:template":{"f:metadata":{"f:labels":{".":{},"f:batch.kubernetes.io/controller-uid":{},"f:batch.kubernetes.io/job-name":{},"f:controller-uid":{},"f:job-name":{}}}}}}"#,
    ),
];

/// Entries as text without times (but for whether there is one) and without what was set later.
fn entries(managed_fields: &[Value], later: &FieldSet) -> Vec<String> {
    let mut texts: Vec<String> = managed_fields
        .iter()
        .map(|entry| {
            let fields = FieldSet::from_fields_v1(entry.at(&["fieldsV1"])).unwrap();
            format!(
                "{} {} {} {} time:{} {}",
                entry.str_at(&["manager"]),
                entry.str_at(&["operation"]),
                entry.str_at(&["apiVersion"]),
                entry.str_at(&["subresource"]),
                entry.at(&["time"]).is_null(),
                json::to_string(&fields.difference(later).to_fields_v1())
            )
        })
        .collect();
    texts.sort();
    texts
}

/// The object of an answer without what the store and the managers add.
fn bare(answer: &Value) -> Value {
    let mut object = answer.clone();
    for member in ["managedFields", "resourceVersion", "generation"] {
        object.remove_at(&["metadata", member]);
    }
    object
}

/// Repeats the writes of one case.
#[derive(Default)]
struct Replay {
    known: HashMap<String, Value>,
    repeated: usize,
    wrong: Vec<String>,
}

impl Replay {
    fn case(&mut self, case: &Value) {
        let case = &filled_in(case);
        self.known.clear();
        let mut answers = case.array_at(&["golden"]).iter();
        for step in case.array_at(&["steps"]) {
            let answer = match step.at(&["record"]).as_bool() {
                Some(false) => None,
                _ => answers.next(),
            };
            let label =
                format!("{} {} {}", case.str_at(&["name"]), step.str_at(&["method"]), step.str_at(&["path"]));
            let target = if step.str_at(&["path"]).starts_with("/api") {
                Target::of(step.str_at(&["path"]))
            } else {
                None
            };
            match (answer, target) {
                (Some(answer), Some(target)) => self.step(&label, step, answer, &target),
                _ => self.known.clear(),
            }
        }
    }

    fn step(&mut self, label: &str, step: &Value, answer: &Value, target: &Target) {
        let status = answer.at(&["status"]).as_i64().unwrap_or(0);
        let body = answer.at(&["body"]);
        let Some(resource) = schema::resource(&target.group, &target.version, &target.plural) else { return };
        let view = BuiltIn::Message(resource.message);
        let live = self.known.get(&target.key()).cloned();
        if target.subresource == "scale" {
            return self.scale(label, step, body, target);
        }
        let content = step.str_at(&["content_type"]);
        let request = Request {
            manager: Some(step.str_at(&["query", "fieldManager"]))
                .filter(|m| !m.is_empty())
                .unwrap_or("replay"),
            api_version: &resource_version(resource),
            subresource: &target.subresource,
            now: "2026-01-01T00:00:00Z",
            reset: reset_fields(&target.group, &target.plural, &target.subresource),
        };
        let whole = body.str_at(&["kind"]) == resource.kind;
        let outcome = match (step.str_at(&["method"]), content) {
            ("PATCH", "application/apply-patch+yaml") if whole || status == 409 => {
                let creates = status == 201;
                if !creates && live.is_none() {
                    None
                } else {
                    let live = live.as_ref().filter(|_| !creates);
                    Some(self.apply(label, live, step, body, view, resource, &request))
                }
            }
            ("POST", _) if status == 201 && whole && target.name.is_empty() => {
                let mut object = body.clone();
                object.remove_at(&["metadata", "managedFields"]);
                track(None, &mut object, view, &NoVersions, &request).unwrap();
                Some(object)
            }
            ("PATCH" | "PUT", content) if status == 200 && whole => live.map(|live| {
                self.patched(label, &live, step, body, resource, content);
                let mut object = body.clone();
                object.remove_at(&["metadata", "managedFields"]);
                track(Some(&live), &mut object, view, &NoVersions, &request).unwrap();
                object
            }),
            _ => None,
        };
        if let Some(outcome) = outcome {
            self.compare(label, &outcome, body, target);
        }
        if let (Some(known), "GET", true) =
            (self.known.get(&target.key()).cloned(), step.str_at(&["method"]), whole)
        {
            self.compare(label, &known, body, target);
        }
        match step.str_at(&["method"]) {
            "GET" if !whole || target.name.is_empty() => {}
            "DELETE" => self.known.clear(),
            _ if !whole || status >= 300 => {}
            _ => {
                let target = Target {
                    name: body.str_at(&["metadata", "name"]).to_owned(),
                    ..Target::of(step.str_at(&["path"])).unwrap()
                };
                self.known.insert(target.key(), body.clone());
            }
        }
    }

    /// What a patch makes of the live object must be the answer, as far as no strategy has its say.
    fn patched(
        &mut self,
        label: &str,
        live: &Value,
        step: &Value,
        body: &Value,
        resource: &schema::Resource,
        content: &str,
    ) {
        let patch = step.at(&["body"]).clone();
        let object = match content {
            "application/merge-patch+json" => crate::merge_patch(live.clone(), patch),
            "application/json-patch+json" => crate::json_patch(live.clone(), &patch).map_err(Into::into),
            "application/strategic-merge-patch+json" => {
                crate::strategic_merge(live.clone(), &mut patch.clone(), resource.message)
            }
            _ => return,
        };
        let object = bare(&object.unwrap());
        let comparable = resource_of(label) && !is_changed_by_others(label);
        if comparable && object != bare(body) {
            self.wrong.push(format!(
                "{label}\n  patched {}\n  answer  {}",
                json::to_string(&object),
                json::to_string(&bare(body))
            ));
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one request")]
    fn apply(
        &mut self,
        label: &str,
        live: Option<&Value>,
        step: &Value,
        body: &Value,
        view: BuiltIn,
        resource: &schema::Resource,
        request: &Request,
    ) -> Value {
        let kind = GroupVersionKind::new(resource.group, resource.version, resource.kind);
        let force = step.str_at(&["query", "force"]) == "true";
        let apply = Apply { request: *request, kind: &kind, view, versions: &NoVersions, force };
        let outcome = super::apply(live, step.at(&["body"]), &apply, &mut |merged| {
            let missing = uncovered(&bare(&merged), &bare(body), "");
            if let Some(missing) = missing.filter(|_| !is_changed_by_others(label)) {
                self.wrong.push(format!(
                    "{label}\n  merged {} where the answer differs at {missing}",
                    json::to_string(&merged)
                ));
            }
            Ok(body.clone())
        });
        outcome.unwrap_or_else(|e| e.status())
    }

    /// A write to the scale: its managed fields are made of its parent's, and the parent's of its.
    fn scale(&mut self, label: &str, step: &Value, body: &Value, target: &Target) {
        let paths = [("apps/v1", &["spec", "replicas"][..]), ("v1", &["spec", "replicas"][..])];
        let parent = match self.known.get_mut(&target.key()) {
            Some(parent) if step.str_at(&["method"]) == "PATCH" => parent,
            _ => return,
        };
        let path = ["metadata", "managedFields"];
        let mut live = object! { "kind" => "Scale", "apiVersion" => "autoscaling/v1" };
        live.set_at(&["metadata"], parent.at(&["metadata"]).clone());
        live.set_at(&["spec", "replicas"], parent.at(&["spec", "replicas"]).clone());
        live.set_at(&["status", "replicas"], parent.at(&["status", "replicas"]).as_i64().unwrap_or(0));
        live.set_at(&path, entries_of_scale(parent.at(&path), &paths).unwrap().unwrap_or_default());
        let kind = GroupVersionKind::new("autoscaling", "v1", "Scale");
        let view = BuiltIn::Message(schema::kind("autoscaling", "v1", "Scale").unwrap());
        let request = Request {
            manager: Some(step.str_at(&["query", "fieldManager"]))
                .filter(|m| !m.is_empty())
                .unwrap_or("replay"),
            api_version: "autoscaling/v1",
            subresource: "scale",
            now: "2026-01-01T00:00:00Z",
            reset: ResetFields::Nothing,
        };
        let scale = if step.str_at(&["content_type"]).contains("apply") {
            let force = step.str_at(&["query", "force"]) == "true";
            let apply = Apply { request, kind: &kind, view, versions: &NoVersions, force };
            super::apply(Some(&live), step.at(&["body"]), &apply, &mut Ok).map_err(|e| e.status())
        } else {
            let mut new = crate::merge_patch(live.clone(), step.at(&["body"]).clone()).unwrap();
            track(Some(&live), &mut new, view, &NoVersions, &request).unwrap();
            Ok(new)
        };
        self.repeated += 1;
        match scale {
            Err(status) if status != *body => {
                self.wrong.push(format!("{label}\n  {}", json::to_string(&status)));
            }
            Err(_) => {}
            Ok(_) if body.str_at(&["kind"]) != "Scale" => {}
            Ok(scale) => {
                let version = parent.str_at(&["apiVersion"]).to_owned();
                let entries = entries_of_parent(parent.at(&path), scale.at(&path), &version, &paths).unwrap();
                parent.set_at(&path, entries.unwrap_or_default());
            }
        }
    }

    fn compare(&mut self, label: &str, got: &Value, body: &Value, target: &Target) {
        self.repeated += 1;
        let later = SET_LATER.iter().find(|(plural, _)| *plural == target.plural).map(|(_, text)| {
            FieldSet::from_fields_v1(&codec::json::parse(text.as_bytes()).unwrap().value).unwrap()
        });
        let later = later.unwrap_or_default();
        let path = ["metadata", "managedFields"];
        let (mine, theirs) = (entries(got.array_at(&path), &later), entries(body.array_at(&path), &later));
        let in_between = WRITTEN_IN_BETWEEN.iter().any(|case| label.starts_with(case));
        if (mine != theirs && !in_between) || (body.str_at(&["kind"]) == "Status" && got != body) {
            self.wrong.push(format!(
                "{label}\n  got  {}\n  want {}",
                mine.join("\n       "),
                theirs.join("\n       ")
            ));
        }
    }
}

/// True for a write to the object itself: a subresource takes only part of what is sent.
fn resource_of(label: &str) -> bool {
    !["/status", "/scale", "/ephemeralcontainers"].iter().any(|subresource| label.ends_with(subresource))
}

fn resource_version(resource: &schema::Resource) -> String {
    if resource.group.is_empty() {
        resource.version.to_owned()
    } else {
        format!("{}/{}", resource.group, resource.version)
    }
}

/// The first path at which `part` has a value that `whole` has not.
fn uncovered(part: &Value, whole: &Value, path: &str) -> Option<String> {
    match (part, whole) {
        (Value::Null, _) => None,
        (Value::String(s), Value::Null) if s.is_empty() => None,
        (Value::Object(a), b) => {
            a.iter().find_map(|(key, v)| uncovered(v, b.at(&[key]), &format!("{path}.{key}")))
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).enumerate().find_map(|(i, (a, b))| uncovered(a, b, &format!("{path}[{i}]")))
        }
        _ if element::same(part, whole) => None,
        _ => Some(path.to_owned()),
    }
}

#[track_caller]
fn replay(file: &str, at_least: usize) {
    let cases = cases(file);
    let mut replay = Replay::default();
    cases.iter().for_each(|case| replay.case(case));
    assert!(
        replay.wrong.is_empty(),
        "{} of {} wrong:\n{}",
        replay.wrong.len(),
        replay.repeated,
        replay.wrong.join("\n")
    );
    assert!(cases.is_empty() || replay.repeated >= at_least, "only {} writes repeated", replay.repeated);
}

#[test]
fn kinds() {
    replay("kinds.json", 300);
}

#[test]
fn machinery() {
    replay("machinery.json", 10);
}

#[test]
fn applies() {
    replay("apply.json", 10);
}
