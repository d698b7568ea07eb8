//! Many questions in one request: `POST /apis/authorization.sumun.io/v1/decisions`, an API of ours.
//!
//! Entry points: [`read`] takes the questions out of a body, [`answer`] puts the answers into it.  The body is
//! `{spec: {explain: bool, questions: [SubjectAccessReviewSpec…]}}`; the answer has `status.decisions`, one for each
//! question in its order, each with the status of a `SubjectAccessReview` and, with `explain`, its explanation.

use api::error::{ApiError, Result};
use api::field::{Errors, Path};
use api::user::UserInfo;
use api::{RequestInfo, Value, object};

use super::{Explanation, explanation_value};
use crate::authorizer::{Attributes, Authorizer, ResourceTarget, Selectors, Target, Verdict};
use crate::review::{self, Review};

/// API group.
pub const GROUP: &str = "authorization.sumun.io";
/// API version.
pub const VERSION: &str = "v1";
/// Plural resource name.
pub const RESOURCE: &str = "decisions";
/// Kind of body and answer.
pub const KIND: &str = "DecisionReview";

/// How many questions a request may have.
pub const MOST_QUESTIONS: usize = 100;
/// How many, when they are to be explained: a denial looks at everything that is bound.
pub const MOST_EXPLAINED: usize = 10;

/// What a request asks.
#[derive(Debug)]
pub struct Decisions {
    body: Value,
    /// True when answers are to be explained.
    pub explain: bool,
    /// The questions.
    pub questions: Vec<DecisionQuestion>,
}

/// One question.
#[derive(Debug)]
pub struct DecisionQuestion {
    user: UserInfo,
    spec: Value,
    selectors: Option<Selectors>,
}

/// True for the requests that are answered here, whatever their verb.
pub fn is_request(info: &RequestInfo) -> bool {
    info.is_resource
        && info.group == GROUP
        && info.version == VERSION
        && info.resource == RESOURCE
        && info.subresource.is_empty()
        && info.name.is_empty()
        && info.namespace.is_empty()
}

/// True when the user may see everything that an explanation tells, the bindings and roles of others among it: who may
/// list them everywhere.
pub fn may_see(user: &UserInfo, authorizer: &dyn Authorizer) -> bool {
    ["roles", "clusterroles", "rolebindings", "clusterrolebindings"].into_iter().all(|resource| {
        let target = ResourceTarget {
            group: crate::rbac::GROUP,
            version: "v1",
            resource,
            ..ResourceTarget::default()
        };
        authorizer.authorize(&Attributes::of_resource(user, "list", target)).allowed()
    })
}

/// Reads a body.
///
/// # Errors
/// 400 for another kind of object, 422 with everything that is wrong with the questions.
pub fn read(body: Value) -> Result<Decisions> {
    let (kind, version) = (body.str_at(&["kind"]), body.str_at(&["apiVersion"]));
    let expected = format!("{GROUP}/{VERSION}");
    if body.as_object().is_none() || kind != KIND || version != expected {
        return Err(ApiError::bad_request(format!("the body must be a {KIND} of {expected}")));
    }
    let explain = body.at(&["spec", "explain"]).as_bool().unwrap_or(false);
    let questions = body.array_at(&["spec", "questions"]);
    let (most, path) =
        (if explain { MOST_EXPLAINED } else { MOST_QUESTIONS }, Path::new("spec").child("questions"));
    let mut errors = Errors::new();
    if questions.is_empty() {
        errors.required(&path, "at least one question is needed");
    }
    if questions.len() > most {
        errors.too_many(&path, questions.len(), most);
    } else {
        for (i, spec) in questions.iter().enumerate() {
            review::validate_question(Review::Subject, spec, &path.index(i), &mut errors);
        }
    }
    if !errors.is_empty() {
        return Err(ApiError::invalid(GROUP, KIND, "", &errors));
    }
    let questions = questions.iter().map(DecisionQuestion::of).collect();
    Ok(Decisions { body, explain, questions })
}

impl DecisionQuestion {
    fn of(spec: &Value) -> Self {
        let selectors = review::selectors_of(spec.at(&["resourceAttributes"]));
        Self { user: review::subject(spec), spec: spec.clone(), selectors }
    }

    /// As the authorizers are asked.
    pub fn attributes(&self) -> Attributes<'_> {
        let resource = self.spec.at(&["resourceAttributes"]);
        let (verb, target) = if resource.is_null() {
            let path = self.spec.at(&["nonResourceAttributes"]);
            (path.str_at(&["verb"]), Target::Path(path.str_at(&["path"])))
        } else {
            let target = review::resource_target(resource, self.selectors.as_ref());
            (resource.str_at(&["verb"]), Target::Resource(target))
        };
        Attributes { user: &self.user, verb, target }
    }

    /// The answer to it: `allowed`, `denied`, `reason`, `evaluationError`, and `explanation` when there is one.
    pub fn decision(&self, verdict: &Verdict, explanation: Option<&Explanation>) -> Value {
        let mut decision = review::status_of(verdict, self.selectors.as_ref());
        if let Some(explanation) = explanation {
            decision.insert("explanation", explanation_value(explanation));
        }
        decision.into()
    }
}

/// The answer to a request.
pub fn answer(decisions: Decisions, answers: Vec<Value>) -> Value {
    let mut body = decisions.body;
    body.set_at(&["status"], object! { "decisions" => answers });
    body
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AlwaysAllow, AlwaysDeny};

    fn body(spec: &str) -> Value {
        let text = format!("{{kind: {KIND}, apiVersion: {GROUP}/{VERSION}, spec: {spec}}}");
        codec::yaml::parse(text.as_bytes()).unwrap().value
    }

    #[test]
    fn questions_are_read_and_answered_in_order() {
        let spec = "{questions: [{user: bob, resourceAttributes: {verb: get, resource: pods, namespace: a}}, {groups: [dev], nonResourceAttributes: {verb: get, path: /x}}]}";
        let decisions = read(body(spec)).unwrap();
        assert!(!decisions.explain);
        let asked: Vec<_> =
            decisions.questions.iter().map(|q| format!("{:?}", q.attributes().target)).collect();
        assert!(asked[0].contains("pods") && asked[1].contains("/x"), "{asked:?}");
        let verdict = AlwaysAllow.authorize(&decisions.questions[0].attributes());
        let answers = decisions.questions.iter().map(|q| q.decision(&verdict, None)).collect();
        let answered = answer(decisions, answers);
        assert_eq!(answered.array_at(&["status", "decisions"]).len(), 2);
        assert_eq!(answered.array_at(&["status", "decisions"])[0], object! { "allowed" => true });
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let wrong = |spec: &str| read(body(spec)).unwrap_err().message;
        assert!(wrong("{}").contains("spec.questions: Required value"), "{}", wrong("{}"));
        let text =
            wrong("{questions: [{user: bob, resourceAttributes: {verb: get}}, {resourceAttributes: {}}]}");
        assert!(text.contains("spec.questions[1].user: Invalid value"), "{text}");
        let many = ["{user: bob, resourceAttributes: {verb: get}}"; 11].join(",");
        assert!(read(body(&format!("{{questions: [{many}]}}"))).is_ok());
        let text = wrong(&format!("{{explain: true, questions: [{many}]}}"));
        assert!(text.contains("spec.questions: Too many: 11: must have at most 10 items"), "{text}");
        assert_eq!(read(object! {}).unwrap_err().code, 400);
    }

    #[test]
    fn bindings_of_others_are_for_who_may_list_them() {
        let bob = UserInfo::new("bob", ["dev"]);
        assert!(may_see(&bob, &AlwaysAllow) && !may_see(&bob, &AlwaysDeny));
    }
}
