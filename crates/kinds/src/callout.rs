//! Where a webhook is called: a URL or a Service.
//!
//! Entry point: [`validate`].

use api::field;
use api::url::Url;

use crate::{Cursor, names};

const FORM: &str = "; desired format: https://host[/path]";

/// All failures of a webhook's `clientConfig`: exactly one of `url` and `service`.
pub(crate) fn validate(config: &Cursor, errors: &mut field::Errors) {
    let (address, service) = (config.child("url"), config.child("service"));
    match (address.is_set(), service.is_set()) {
        (true, false) => url(&address, errors),
        (false, true) => reference(&service, errors),
        _ => config.required(errors, "exactly one of url or service is required"),
    }
}

fn url(at: &Cursor, errors: &mut field::Errors) {
    let url = match Url::parse(at.str()) {
        Ok(url) => url,
        Err(why) => return at.required(errors, &format!("url must be a valid URL: {why}{FORM}")),
    };
    if url.scheme != "https" {
        at.bad(errors, url.scheme, &format!("'https' is the only allowed URL scheme{FORM}"));
    }
    if url.host.is_empty() {
        at.bad(errors, "", &format!("host must be specified{FORM}"));
    }
    if let Some(user) = url.user {
        at.bad(errors, user, "user information is not permitted in the URL");
    }
    for (part, what) in [(url.fragment, "fragments"), (url.query, "query parameters")] {
        if !part.is_empty() {
            at.bad(errors, part, &format!("{what} are not permitted in the URL"));
        }
    }
}

/// Upstream passes the two names in each other's place, so they are looked at in this order.
fn reference(service: &Cursor, errors: &mut field::Errors) {
    for (member, reported) in [("namespace", "name"), ("name", "namespace")] {
        if service.text(member).is_empty() {
            service.child(reported).required(errors, "");
        }
    }
    let port = service.child("port");
    let faults = names::port_number(port.int());
    if !faults.is_empty() {
        port.bad(errors, port.int(), &format!("port is not valid: {}", faults.join(", ")));
    }
    path(&service.child("path"), errors);
}

fn path(at: &Cursor, errors: &mut field::Errors) {
    let text = at.str();
    if matches!(text, "" | "/") {
        return;
    }
    if text == "//" {
        return at.bad(errors, text, "segment[0] may not be empty");
    }
    if !text.starts_with('/') {
        at.bad(errors, text, "must start with a '/'");
    }
    // The first byte is taken for the slash even when it is none.
    let inner = String::from_utf8_lossy(text.as_bytes().get(1..).unwrap_or(&[]));
    for (i, segment) in inner.strip_suffix('/').unwrap_or(&inner).split('/').enumerate() {
        if segment.is_empty() {
            at.bad(errors, text, &format!("segment[{i}] may not be empty"));
            continue;
        }
        for fault in names::dns1123_subdomain(segment) {
            at.bad(errors, text, &format!("segment[{i}]: {fault}"));
        }
    }
}
