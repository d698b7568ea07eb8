//! Reviews: kinds that are asked and answered, never stored (`authorization.k8s.io`, `authentication.k8s.io`).

use std::sync::Arc;

use api::{ApiError, RequestInfo, UserInfo, Value};
use authz::review::{self, Review};
use bytes::Bytes;
use hyper::{Method, StatusCode};
use patch::managed::{self, BuiltIn, NoVersions, Request, ResetFields};

use crate::app::App;
use crate::decode::{self, Target};
use crate::gates::authorize::Head;
use crate::http::options::{WriteKind, WriteOptions};
use crate::http::{Response, Warnings, accept, answer};
use crate::pipeline::header;
use crate::route::wants_pretty;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    /// May a subject do something?
    Access(Review),
    /// What may I do in a namespace?
    Rules,
    /// Who is the owner of a token?
    Token,
    /// Who am I?
    Myself,
}

/// The review that a request names, `None` for other resources.
pub(crate) fn find(info: &RequestInfo) -> Option<Question> {
    if info.version != "v1" || !info.subresource.is_empty() || !info.name.is_empty() {
        return None;
    }
    match (info.group.as_str(), info.resource.as_str()) {
        ("authorization.k8s.io", "selfsubjectrulesreviews") => Some(Question::Rules),
        ("authorization.k8s.io", resource) => Review::of_resource(resource).map(Question::Access),
        ("authentication.k8s.io", "tokenreviews") => Some(Question::Token),
        ("authentication.k8s.io", "selfsubjectreviews") => Some(Question::Myself),
        _ => None,
    }
}

/// Answers a review.
///
/// # Errors
/// 405 for anything but POST; what is wrong with the body.
pub(crate) async fn answer(
    app: &Arc<App>,
    head: &Head,
    user: &UserInfo,
    question: Question,
    body: &Bytes,
    warnings: &Warnings,
) -> Result<Response, ApiError> {
    if head.parts.method != Method::POST {
        return Err(ApiError::method_not_allowed());
    }
    let info = &head.info;
    let options = WriteOptions::parse(&head.query, WriteKind::Create)?;
    let output = accept::plain(header(&head.parts.headers, "accept"), wants_pretty(head))?;
    let resource =
        schema::resource(&info.group, &info.version, &info.resource).ok_or_else(ApiError::no_such_path)?;
    let target = Target {
        group: resource.group,
        version: resource.version,
        kind: resource.kind,
        message: resource.message,
    };
    let content_type = header(&head.parts.headers, "content-type");
    let mut object = decode::object(content_type, body, &target, options.validation, warnings)?;
    if resource.namespaced {
        crate::registry::meta::ensure_namespace(&mut object, &info.namespace)?;
    }
    track(app, head, &options, resource, &mut object);
    let mut answered = match question {
        Question::Access(review) => {
            review::validate(review, &object, &info.namespace)?;
            let union = app.authorization.union();
            // Only where somebody has to be waited for is the object needed more than once.
            if union.is_local() {
                review::answer(review, object, user, &*union)
            } else {
                union.settle(|authorizer| review::answer(review, object.clone(), user, authorizer)).await
            }
        }
        Question::Rules => review::answer_rules(&object, user, &*app.authorization.union())?,
        Question::Token => app.authentication.review(app, object).await?,
        Question::Myself => authn::review::self_subject_review(user, app.now().seconds()),
    };
    schema::canonicalize(&mut answered, resource.message);
    answer::value(StatusCode::CREATED, &answered, &output)
}

/// Notes who wrote the fields of a review, as upstream's generic create does.
fn track(app: &App, head: &Head, options: &WriteOptions, resource: &schema::Resource, object: &mut Value) {
    let manager = managed::manager_name(&options.manager, header(&head.parts.headers, "user-agent"));
    let (now, api_version) = (app.now().text(), object.str_at(&["apiVersion"]).to_owned());
    let request = Request {
        manager: &manager,
        api_version: &api_version,
        subresource: "",
        now: &now,
        reset: ResetFields::Nothing,
    };
    if let Err(why) = managed::track(None, object, BuiltIn::Message(resource.message), &NoVersions, &request)
    {
        tracing::info!(%why, "a review is not tracked");
    }
}
