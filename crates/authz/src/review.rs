//! The reviews of `authorization.k8s.io`: questions to the authorizer, asked as objects.
//!
//! Entry points: [`validate`], then (admission may look at the object in between) [`answer`]; [`answer_rules`] for
//! `SelfSubjectRulesReview`.

mod selectors;

use api::error::{ApiError, Result};
use api::field::{Errors, Path};
use api::user::UserInfo;
use api::{Map, Value, object};

use crate::authorizer::{Attributes, Authorizer, Decision, ResourceTarget, Selectors, Target, Verdict};
use crate::union::aggregate;

const GROUP: &str = "authorization.k8s.io";

/// Whose rights are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Review {
    /// `SubjectAccessReview`: those of the user in the object.
    Subject,
    /// `LocalSubjectAccessReview`: the same, in one namespace.
    LocalSubject,
    /// `SelfSubjectAccessReview`: those of whoever asks.
    SelfSubject,
}

impl Review {
    /// The review behind a plural resource name of the group.
    pub fn of_resource(resource: &str) -> Option<Self> {
        Some(match resource {
            "subjectaccessreviews" => Self::Subject,
            "localsubjectaccessreviews" => Self::LocalSubject,
            "selfsubjectaccessreviews" => Self::SelfSubject,
            _ => return None,
        })
    }
}

/// All that is wrong with a review; `namespace` is that of the request.
pub fn validate(review: Review, object: &Value, namespace: &str) -> Result<()> {
    let mut errors = Errors::new();
    validate_spec(review, object.at(&["spec"]), &mut errors);
    validate_metadata(review, object, &mut errors);
    if review == Review::LocalSubject {
        validate_local(object, &mut errors);
    }
    if !errors.is_empty() {
        // Upstream leaves out the kind here.
        return Err(ApiError::invalid(GROUP, "", "", &errors));
    }
    if review == Review::LocalSubject && object.str_at(&["metadata", "namespace"]) != namespace {
        let text = format!("spec.resourceAttributes.namespace must match namespace: {namespace}");
        return Err(ApiError::bad_request(text));
    }
    Ok(())
}

fn validate_spec(review: Review, spec: &Value, errors: &mut Errors) {
    validate_question(review, spec, &Path::new("spec"), errors);
}

/// What is wrong with the `spec` of a review that stands at `path`.
pub(crate) fn validate_question(review: Review, spec: &Value, path: &Path, errors: &mut Errors) {
    let (resource, other) = (spec.at(&["resourceAttributes"]), spec.at(&["nonResourceAttributes"]));
    if !resource.is_null() && !other.is_null() {
        let text = "cannot be specified in combination with resourceAttributes";
        errors.invalid(&path.child("nonResourceAttributes"), &shown_path(other), text);
    }
    if resource.is_null() && other.is_null() {
        let text = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
        errors.invalid(&path.child("resourceAttributes"), &Value::Null, text);
    }
    let nobody = spec.str_at(&["user"]).is_empty() && spec.array_at(&["groups"]).is_empty();
    if review != Review::SelfSubject && nobody {
        errors.invalid(&path.child("user"), &"".into(), "at least one of user or group must be specified");
    }
    selectors::validate(resource, errors);
}

fn validate_metadata(review: Review, object: &Value, errors: &mut Errors) {
    let metadata = object.at(&["metadata"]);
    let local = review == Review::LocalSubject;
    let expected = |key: &str| key == "managedFields" || (local && key == "namespace");
    let filled = |v: &Value| match v {
        Value::Null => false,
        Value::String(s) => !s.is_empty(),
        Value::Array(a) => !a.is_empty(),
        Value::Object(m) => !m.is_empty(),
        Value::Int(i) => *i != 0,
        Value::Bool(_) | Value::Float(_) => true,
    };
    if metadata.as_object().is_some_and(|m| m.iter().any(|(k, v)| !expected(k) && filled(v))) {
        let text = if local { "must be empty except for namespace" } else { "must be empty" };
        errors.invalid(&Path::new("metadata"), metadata, text);
    }
}

fn validate_local(object: &Value, errors: &mut Errors) {
    let spec = object.at(&["spec"]);
    let namespace = spec.str_at(&["resourceAttributes", "namespace"]);
    let has_resource = !spec.at(&["resourceAttributes"]).is_null();
    if has_resource && namespace != object.str_at(&["metadata", "namespace"]) {
        let path = Path::new("spec.resourceAttributes.namespace");
        errors.invalid(&path, &namespace.into(), "must match metadata.namespace");
    }
    let other = spec.at(&["nonResourceAttributes"]);
    if !other.is_null() {
        let path = Path::new("spec.nonResourceAttributes");
        errors.invalid(&path, &shown_path(other), "disallowed on this kind of request");
    }
}

/// A `NonResourceAttributes` as upstream's messages show it.
fn shown_path(attributes: &Value) -> Value {
    object! { "Path" => attributes.str_at(&["path"]), "Verb" => attributes.str_at(&["verb"]) }
}

/// A valid review with its `status` filled in.  `user` is whoever asks.
pub fn answer(review: Review, mut object: Value, user: &UserInfo, authorizer: &dyn Authorizer) -> Value {
    let spec = object.at(&["spec"]);
    let subject = if review == Review::SelfSubject { user.clone() } else { subject(spec) };
    let resource = spec.at(&["resourceAttributes"]);
    let selectors = selectors::read(resource);
    let (verb, target) = if resource.is_null() {
        let path = spec.at(&["nonResourceAttributes"]);
        (path.str_at(&["verb"]), Target::Path(path.str_at(&["path"])))
    } else {
        (resource.str_at(&["verb"]), Target::Resource(resource_target(resource, selectors.as_ref())))
    };
    let verdict = authorizer.authorize(&Attributes { user: &subject, verb, target });
    let status = status_of(&verdict, selectors.as_ref());
    object.set_at(&["status"], status);
    object
}

/// The `status` of a review.
pub(crate) fn status_of(verdict: &Verdict, selectors: Option<&Selectors>) -> Map {
    let mut status = Map::new();
    status.insert("allowed", verdict.allowed().into());
    if verdict.decision == Decision::Deny {
        status.insert("denied", true.into());
    }
    if !verdict.reason.is_empty() {
        status.insert("reason", verdict.reason.to_string().into());
    }
    let errors: Vec<String> =
        verdict.error.clone().into_iter().chain(selectors.into_iter().flat_map(ignored)).collect();
    if !errors.is_empty() {
        status.insert("evaluationError", errors.join("; ").into());
    }
    status
}

/// The selectors of `resourceAttributes`.
pub(crate) fn selectors_of(resource: &Value) -> Option<Selectors> {
    selectors::read(resource)
}

pub(crate) fn resource_target<'a>(
    resource: &'a Value,
    selectors: Option<&'a Selectors>,
) -> ResourceTarget<'a> {
    let text = |key| resource.str_at(&[key]);
    ResourceTarget {
        group: text("group"),
        version: if text("version").is_empty() { "*" } else { text("version") },
        resource: text("resource"),
        subresource: text("subresource"),
        namespace: text("namespace"),
        name: text("name"),
        selectors,
    }
}

pub(crate) fn subject(spec: &Value) -> UserInfo {
    let strings = |v: &Value| {
        v.as_array().unwrap_or_default().iter().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let extra = spec.at(&["extra"]).as_object();
    UserInfo {
        name: spec.str_at(&["user"]).to_owned(),
        uid: spec.str_at(&["uid"]).to_owned(),
        groups: strings(spec.at(&["groups"])),
        extra: extra.into_iter().flat_map(Map::iter).map(|(k, v)| (k.to_owned(), strings(v))).collect(),
    }
}

/// What to say about selectors that could not be read.
fn ignored(selectors: &Selectors) -> Vec<String> {
    let text = |which, failed: bool, rest: bool| {
        let how = if rest { "partially ignored" } else { "ignored" };
        failed.then(|| format!("spec.resourceAttributes.{which} {how} due to parse error"))
    };
    let fields = text("fieldSelector", selectors.fields_error.is_some(), !selectors.fields.is_empty());
    let labels = text("labelSelector", selectors.labels_error.is_some(), !selectors.labels.is_empty());
    fields.into_iter().chain(labels).collect()
}

/// The answer to a `SelfSubjectRulesReview`: everything `user` may do in the namespace of its `spec`.
pub fn answer_rules(object: &Value, user: &UserInfo, authorizer: &dyn Authorizer) -> Result<Value> {
    let namespace = object.str_at(&["spec", "namespace"]);
    if namespace.is_empty() {
        return Err(ApiError::bad_request("no namespace on request"));
    }
    let rules = authorizer.rules(user, namespace);
    let part = |value: Value, keys: [&str; 4]| -> Value {
        let members = keys.into_iter().filter_map(|k| Some((k, value.get(k)?.clone())));
        members.collect::<Map>().into()
    };
    let resource = ["verbs", "apiGroups", "resources", "resourceNames"];
    let path = ["verbs", "nonResourceURLs", "", ""];
    let mut status = object! {
        "resourceRules" => rules.resource.iter().map(|r| part(r.value(), resource)).collect::<Vec<_>>(),
        "nonResourceRules" => rules.non_resource.iter().map(|r| part(r.value(), path)).collect::<Vec<_>>(),
        "incomplete" => rules.incomplete,
    };
    if let Some(error) = aggregate(rules.errors) {
        status.set_at(&["evaluationError"], error);
    }
    Ok(object! {
        "kind" => "SelfSubjectRulesReview", "apiVersion" => "authorization.k8s.io/v1",
        "metadata" => object! {}, "spec" => object! {}, "status" => status,
    })
}

#[cfg(test)]
mod tests;
