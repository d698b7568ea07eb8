//! What may be told of a kubeconfig: public certificates, and the kinds of credentials; never what those are.
//!
//! Entry points: [`certificates`], [`credentials`].

use std::collections::BTreeSet;

use api::Value;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::redact;

/// Members of a user, and what kind of credentials they are.
const KINDS: [(&str, &str); 8] = [
    ("client-certificate", "certificate"),
    ("client-certificate-data", "certificate"),
    ("token", "token"),
    ("tokenFile", "token"),
    ("exec", "program"),
    ("auth-provider", "program"),
    ("username", "password"),
    ("password", "password"),
];

/// The client certificates.
pub(super) fn certificates(text: &str) -> Option<String> {
    let value = codec::yaml::parse(text.as_bytes()).ok()?.value;
    let data =
        value.array_at(&["users"]).iter().map(|user| user.str_at(&["user", "client-certificate-data"]));
    let decoded = data.filter_map(|data| STANDARD.decode(data.trim()).ok());
    let pem: String = decoded.filter_map(|pem| redact::certificates(&String::from_utf8(pem).ok()?)).collect();
    Some(pem).filter(|pem| !pem.is_empty())
}

/// By what users prove who they are; `None` when it is no kubeconfig.
pub(super) fn credentials(text: &str) -> Option<BTreeSet<&'static str>> {
    let value = codec::yaml::parse(text.as_bytes()).ok()?.value;
    value.as_object()?;
    let users = value.array_at(&["users"]).iter().map(|user| user.at(&["user"]));
    let kinds = |user: &Value| {
        let said: Vec<_> = KINDS.iter().filter(|(member, _)| !user.at(&[member]).is_null()).collect();
        said.into_iter().map(|(_, kind)| *kind).collect::<Vec<_>>()
    };
    Some(users.flat_map(kinds).collect())
}
