//! `POST /apis/authorization.sumun.io/v1/decisions`: many questions to the authorizers in one request, with
//! explanations.  It is our own and not listed in discovery, so that clients see the API they know.

use std::sync::Arc;

use api::{ApiError, UserInfo, Value};
use authz::explain::decisions;
use bytes::Bytes;
use hyper::{Method, StatusCode};

use crate::app::App;
use crate::gates::authorize::Head;
use crate::http::accept::{self, Format};
use crate::http::{Response, answer};
use crate::pipeline::header;
use crate::route::wants_pretty;

/// What an explanation lacks for those who may not read the roles and bindings of others.
const HIDDEN: &str =
    "near misses and further grants are for those who may list roles and bindings everywhere";

/// Answers a request.
///
/// # Errors
/// 405 for anything but POST; what is wrong with the body.
pub(crate) async fn answer(
    app: &Arc<App>,
    head: &Head,
    user: &UserInfo,
    body: &Bytes,
) -> Result<Response, ApiError> {
    if head.parts.method != Method::POST {
        return Err(ApiError::method_not_allowed());
    }
    let mut output = accept::plain(header(&head.parts.headers, "accept"), wants_pretty(head))?;
    if output.format == Format::Protobuf {
        output.format = Format::Json;
    }
    let asked = decisions::read(parse(header(&head.parts.headers, "content-type"), body)?)?;
    let sees = asked.explain && decisions::may_see(user, &*app.authorization.union());
    let app = app.clone();
    // A denial explained looks at every binding, which would keep others waiting here.
    let handle = tokio::runtime::Handle::current();
    let work = tokio::task::spawn_blocking(move || handle.block_on(decide(&app, asked, sees)));
    let answered = work.await.map_err(|error| ApiError::internal(error.to_string()))?;
    answer::value(StatusCode::CREATED, &answered, &output)
}

fn parse(content_type: &str, body: &Bytes) -> Result<Value, ApiError> {
    let parsed = match accept::input(content_type)? {
        Format::Yaml => codec::yaml::parse(body).map(|p| p.value),
        Format::Json => codec::json::parse(body).map(|p| p.value),
        Format::Protobuf => {
            return Err(accept::unsupported(&[Format::Json.media_type(), Format::Yaml.media_type()]));
        }
    };
    parsed.map_err(|error| ApiError::bad_request(error.to_string()))
}

/// Asks one question after the other.
async fn decide(app: &App, asked: decisions::Decisions, sees: bool) -> Value {
    let union = app.authorization.union();
    let mut answers = Vec::with_capacity(asked.questions.len());
    for question in &asked.questions {
        let attributes = question.attributes();
        if !asked.explain {
            answers.push(question.decision(&union.ask(&attributes).await, None));
            continue;
        }
        let explanation = union.ask_explained(&attributes).await;
        let explanation = if sees { explanation } else { explanation.without_others(HIDDEN) };
        answers.push(question.decision(&explanation.verdict, Some(&explanation)));
    }
    decisions::answer(asked, answers)
}
