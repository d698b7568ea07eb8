//! The targets of requests, and the tokens in their headers.

use api::RequestInfo;
use api::request::{Query, decode_path};
use authn::iam::{aws, ncp};
use authn::inspect::{Known, inspect};
use authn::jose::{Compact, PublicKey, parse_json};
use authn::service_account::KeyRing;
use authn::service_account::external::{self, Signed};
use authn::{SystemRandom, TokenFile, bearer, impersonation};

use crate::{choice, text};

const METHODS: [&str; 8] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "x"];

/// A target is read or refused, the same each time; a resource has a verb, and its query stays the same when it is
/// written in full.
pub(crate) fn request(bytes: &[u8]) {
    let (method, bytes) = choice(bytes, METHODS.len());
    let method = METHODS.get(method).copied().unwrap_or("GET");
    let target = text(bytes);
    if let Ok(info) = RequestInfo::parse(method, &target) {
        assert_eq!(RequestInfo::parse(method, &target).as_ref(), Ok(&info));
        assert!(!info.is_resource || !info.version.is_empty() || info.path.contains("//"), "{info:?}");
        let known = matches!(method, "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD");
        assert!(!known || !info.verb.is_empty());
        let (path, _) = target.split_once('?').unwrap_or((&target, ""));
        assert_eq!(decode_path(path), Some(info.path));
    }
    let query = Query::parse(&target);
    let mut full = String::new();
    for (key, value) in query.iter() {
        full.push_str(&format!("{}={}&", escaped(key), escaped(value)));
    }
    assert_eq!(Query::parse(&full), query);
}

fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Tokens of clouds are read or refused, and what is told of any token does not tell its last part, the secret one.
pub(crate) fn explained(bytes: &[u8]) {
    use base64::Engine as _;
    let text = text(bytes);
    let ncp = base64::engine::general_purpose::STANDARD.encode(bytes);
    let aws = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
    let known = Known { keys: &[], issuers: &[], audiences: &[], now: 1_800_000_000 };
    for token in [text, format!("{}{ncp}", ncp::PREFIX), format!("{}{aws}", aws::PREFIX)] {
        let told = format!("{:?}", inspect(&token, &known));
        let secret = token.rsplit('.').next().unwrap_or(&token);
        assert!(secret.len() < 32 || !told.contains(secret), "{told}");
        drop(ncp::Parts::read(&token));
        drop(aws::Parts::read(&token));
    }
}

/// Whatever stands where a token, a token file, a key, a certificate or a user to act as should be.
pub(crate) fn tokens(bytes: &[u8]) {
    use base64::Engine as _;
    let text = text(bytes);
    if let Some(token) = Compact::parse(&text) {
        let _ = (token.key_id(), token.claimed_issuer());
    }
    drop(parse_json(bytes));
    let _ = bearer::header(&text);
    let _ = bearer::websocket_token(&text);
    assert!(bearer::other_protocols(&text).count() <= text.len() + 1);
    if let Ok((_, warnings)) = TokenFile::parse(&text, &[], &SystemRandom) {
        assert!(warnings.len() <= text.lines().count() + 1);
    }
    let header = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
    for header in [&text, &header] {
        if let Ok(id) = external::key_id(header) {
            assert!((1..=1024).contains(&id.len()), "{id}");
            let signed = Signed { header: header.clone(), signature: "c2ln".to_owned() };
            if let Ok(token) = external::assemble("e30", &signed, &KeyRing::of([])) {
                assert_eq!(Compact::parse(token.expose()).map(|t| t.key_id().to_owned()), Some(id));
            }
        }
    }
    drop(PublicKey::all_from_pem(bytes));
    drop(PublicKey::from_spki(bytes));
    let headers = text.lines().filter_map(|line| line.split_once(':'));
    drop(impersonation::wanted_user(headers.map(|(name, value)| (name, value.trim()))));
}
