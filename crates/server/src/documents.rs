//! Documents that are made on demand: OpenAPI, and those of the token issuer.

use std::cell::RefCell;

use api::request::Query;
use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH, VARY};

use crate::app::App;
use crate::gates::authorize::Head;
use crate::http::{Response, answer};
use crate::pipeline::{Refusal, header};
use crate::transport::Body;

/// Answers `/openapi/v2`.
pub(crate) fn v2(app: &App, head: &Head) -> Result<Response, Refusal> {
    let document = described(|describe| openapi::v2::document(&app.listing, describe));
    Ok(document_answer(head, document))
}

/// Answers the index `/openapi/v3`.  The hashes of the documents are made once: what is served does not change.
pub(crate) fn v3_index(app: &App, _head: &Head) -> Result<Response, Refusal> {
    let hashes = app.document_hashes.get_or_init(|| {
        let paths = openapi::v3::paths(&app.listing);
        described(|describe| {
            let hash = |path: String| {
                let document = openapi::v3::document(&app.listing, &path, describe).unwrap_or_default();
                let hash = openapi::v3::hash(&document);
                (path, hash)
            };
            paths.into_iter().map(hash).collect()
        })
    });
    let index = openapi::v3::index(hashes.iter().map(|(path, hash)| (path.as_str(), hash.as_str())));
    // Upstream sends the index without a media type; Go takes it for text.
    Ok(answer::bytes(StatusCode::OK, "text/plain; charset=utf-8", Body::whole(api::json::to_string(&index))))
}

/// Answers one document below `/openapi/v3/`.
pub(crate) fn v3(app: &App, head: &Head, path: &[&str]) -> Result<Response, Refusal> {
    let path = path.join("/");
    let document = described(|describe| openapi::v3::document(&app.listing, &path, describe));
    let Some(document) = document else { return Err(answer::page_not_found().into()) };
    let hash = openapi::v3::hash(&document);
    let mut response = document_answer(head, document);
    if response.status() == StatusCode::OK && asked_hash(&head.query) == Some(hash.as_str()) {
        answer::set(&mut response, CACHE_CONTROL, "public, immutable");
    }
    Ok(response)
}

fn asked_hash(query: &Query) -> Option<&str> {
    query.first("hash")
}

fn document_answer(head: &Head, document: Vec<u8>) -> Response {
    let etag = format!("\"{}\"", openapi::v3::hash(&document));
    let same = header(&head.parts.headers, IF_NONE_MATCH.as_str()).contains(&etag);
    let (status, body) =
        if same { (StatusCode::NOT_MODIFIED, Vec::new()) } else { (StatusCode::OK, document) };
    let mut response = answer::bytes(status, "application/json", Body::whole(body));
    answer::set(&mut response, ETAG, &etag);
    answer::set(&mut response, VARY, "Accept");
    response
}

/// Runs something that asks for descriptions; they are unpacked for it and given back behind it.
fn described<T>(make: impl FnOnce(openapi::Describe<'_>) -> T) -> T {
    let reader = RefCell::new(descriptions::Reader::new());
    make(&|message: &str, field: &str| reader.borrow_mut().describe(message, field).map(str::to_owned))
}

/// Answers `/.well-known/openid-configuration`.
pub(crate) fn issuer(app: &App) -> Result<Response, Refusal> {
    let uri = format!("{}/openid/v1/jwks", app.url);
    match app.authentication.openid_configuration(&uri) {
        Ok(document) => Ok(issuer_document("application/json", &document)),
        Err(why) => {
            tracing::debug!(%why, "no issuer document");
            Err(answer::page_not_found().into())
        }
    }
}

/// Answers `/openid/v1/jwks`.
pub(crate) fn keys(app: &App, head: &Head) -> Result<Response, Refusal> {
    const TYPE: &str = "application/jwk-set+json";
    let accept = header(&head.parts.headers, "accept");
    let wanted = |range: &str| {
        matches!(range.split(';').next().unwrap_or("").trim(), TYPE | "application/*" | "*/*" | "*")
    };
    if !accept.is_empty() && !accept.split(',').any(wanted) {
        let text = format!("only the following media types are accepted: {TYPE}");
        return Err(api::ApiError::new(api::Reason::NotAcceptable, text).into());
    }
    Ok(issuer_document(TYPE, &app.authentication.key_set()))
}

fn issuer_document(content_type: &str, document: &api::Value) -> Response {
    let mut response =
        answer::bytes(StatusCode::OK, content_type, Body::whole(api::json::to_string(document)));
    answer::set(&mut response, CACHE_CONTROL, "public, max-age=3600");
    response
}
