//! Documents that are made on demand: OpenAPI, and those of the token issuer.

use std::cell::RefCell;
use std::time::{Duration, SystemTime};

use hyper::StatusCode;
use hyper::header::{ACCEPT, CACHE_CONTROL, ETAG, EXPIRES, IF_NONE_MATCH, LOCATION, VARY};

use crate::app::App;
use crate::gates::authorize::Head;
use crate::http::{Response, accept, answer};
use crate::pipeline::{Refusal, header};
use crate::transport::Body;

/// How long a document whose address has its hash may be kept: it never changes.
const KEPT: Duration = Duration::from_secs(365 * 24 * 3600);

/// Answers `/openapi/v2` as JSON, or as protobuf for clients older than v3.
pub(crate) fn v2(app: &App, head: &Head) -> Result<Response, Refusal> {
    use openapi::v2::{PROTOBUF_ACCEPTED, PROTOBUF_CONTENT_TYPE, document, protobuf};
    let [at, dot] = PROTOBUF_ACCEPTED;
    Ok(match accept::best(accepted(head), &[openapi::v3::CONTENT_TYPE, at, dot]) {
        Some(0) => {
            let text = described(|describe| document(&app.listing, describe));
            document_answer(head, openapi::v3::CONTENT_TYPE, text)
        }
        Some(_) => {
            let bytes = described(|describe| protobuf(&app.listing, describe));
            document_answer(head, PROTOBUF_CONTENT_TYPE, bytes)
        }
        None => not_acceptable(),
    })
}

/// Answers the index `/openapi/v3`.  The hashes of the documents are made once: what is served does not change.
pub(crate) fn v3_index(app: &App, _head: &Head) -> Result<Response, Refusal> {
    let hashes =
        app.document_hashes.get_or_init(|| described(|describe| openapi::v3::hashes(&app.listing, describe)));
    let index = openapi::v3::index(hashes.iter().map(|(path, hash)| (path.as_str(), hash.as_str())));
    // Upstream sends the index without a media type; Go takes it for text.
    Ok(answer::bytes(StatusCode::OK, "text/plain; charset=utf-8", Body::whole(api::json::to_string(&index))))
}

/// Answers one document below `/openapi/v3/`.  With the document's hash in its address a client may keep it; with
/// another one it is sent to the right address.
pub(crate) fn v3(app: &App, head: &Head, path: &[&str]) -> Result<Response, Refusal> {
    let path = path.join("/");
    let document = described(|describe| openapi::v3::document(&app.listing, &path, describe));
    let Some(document) = document else { return Err(answer::page_not_found().into()) };
    if accept::best(accepted(head), &[openapi::v3::CONTENT_TYPE]).is_none() {
        return Ok(not_acceptable());
    }
    let hash = openapi::v3::hash(&document);
    match head.query.first("hash") {
        None | Some("") => Ok(document_answer(head, openapi::v3::CONTENT_TYPE, document)),
        Some(asked) if asked == hash => {
            let mut response = document_answer(head, openapi::v3::CONTENT_TYPE, document);
            answer::set(&mut response, CACHE_CONTROL, "public, immutable");
            answer::set(&mut response, EXPIRES, &httpdate::fmt_http_date(SystemTime::now() + KEPT));
            Ok(response)
        }
        Some(_) => Ok(moved(&format!("/openapi/v3/{path}?hash={hash}"))),
    }
}

fn accepted(head: &Head) -> &str {
    header(&head.parts.headers, ACCEPT.as_str())
}

/// 406 without a body, as upstream's documents answer.
fn not_acceptable() -> Response {
    let mut response = Response::new(Body::whole(Vec::new()));
    *response.status_mut() = StatusCode::NOT_ACCEPTABLE;
    answer::set(&mut response, VARY, "Accept");
    response
}

fn moved(location: &str) -> Response {
    let page = format!("<a href=\"{location}\">Moved Permanently</a>.\n\n");
    let mut response =
        answer::bytes(StatusCode::MOVED_PERMANENTLY, "text/html; charset=utf-8", Body::whole(page));
    answer::set(&mut response, LOCATION, location);
    answer::set(&mut response, VARY, "Accept");
    response
}

fn document_answer(head: &Head, content_type: &str, document: Vec<u8>) -> Response {
    let etag = format!("\"{}\"", openapi::v3::hash(&document));
    let same = header(&head.parts.headers, IF_NONE_MATCH.as_str()).contains(&etag);
    let (status, body) =
        if same { (StatusCode::NOT_MODIFIED, Vec::new()) } else { (StatusCode::OK, document) };
    let mut response = answer::bytes(status, content_type, Body::whole(body));
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
    let ours = || format!("https://{}/openid/v1/jwks", app.external_address());
    let uri = app.config.service_account_jwks_uri.clone().unwrap_or_else(ours);
    match app.authentication.accounts.openid_configuration(&uri) {
        Ok(document) => Ok(issuer_document(app, "application/json", &document)),
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
    Ok(issuer_document(app, TYPE, &app.authentication.accounts.key_set()))
}

fn issuer_document(app: &App, content_type: &str, document: &api::Value) -> Response {
    let mut response =
        answer::bytes(StatusCode::OK, content_type, Body::whole(api::json::to_string(document)));
    let kept = app.authentication.accounts.keys_kept();
    answer::set(&mut response, CACHE_CONTROL, &format!("public, max-age={kept}"));
    response
}
