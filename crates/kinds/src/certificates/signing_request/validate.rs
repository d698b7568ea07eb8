//! What is wrong with a CertificateSigningRequest, new or changed.
//!
//! Entry points: [`request`] and [`change`].

use std::collections::HashSet;

use api::{Value, field};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::{Context, Cursor, pem, signers, x509};

/// Signer of objects that are older than signer names.
const LEGACY_SIGNER: &str = "kubernetes.io/legacy-unknown";
/// Shortest life of a certificate that can be asked for, in seconds.
const MIN_EXPIRATION: i64 = 600;
const USAGES: [&str; 23] = [
    "any",
    "cert sign",
    "client auth",
    "code signing",
    "content commitment",
    "crl sign",
    "data encipherment",
    "decipher only",
    "digital signature",
    "email protection",
    "encipher only",
    "ipsec end system",
    "ipsec tunnel",
    "ipsec user",
    "key agreement",
    "key encipherment",
    "microsoft sgc",
    "netscape sgc",
    "ocsp signing",
    "s/mime",
    "server auth",
    "signing",
    "timestamping",
];
const STATUSES: [&str; 3] = ["False", "True", "Unknown"];
/// Conditions that are true or absent, and never go away.
const DECISIONS: [&str; 3] = ["Approved", "Denied", "Failed"];

fn conditions(request: &Value) -> &[Value] {
    request.array_at(&["status", "conditions"])
}

fn of_kind<'a>(request: &'a Value, kind: &str) -> Vec<&'a Value> {
    conditions(request).iter().filter(|condition| condition.str_at(&["type"]) == kind).collect()
}

fn has_duplicates<'a>(mut texts: impl Iterator<Item = &'a str>) -> bool {
    let mut seen = HashSet::new();
    !texts.all(|text| seen.insert(text))
}

fn usages(request: &Value) -> impl Iterator<Item = &str> {
    request.array_at(&["spec", "usages"]).iter().filter_map(Value::as_str)
}

fn kinds(request: &Value) -> impl Iterator<Item = &str> {
    conditions(request).iter().map(|condition| condition.str_at(&["type"]))
}

/// All failures of a request by itself; what was wrong in the old one already is let through.
pub(super) fn request(new: &Value, old: Option<&Value>, errors: &mut field::Errors) {
    let had = |fault: fn(&Value) -> bool| old.is_some_and(fault);
    let root = Cursor::root(new);
    let spec = root.child("spec");
    let body = spec.child("request");
    if let Some(fault) = body_fault(body.str()) {
        body.invalid(errors, &fault);
    }
    check_usages(
        &spec.child("usages"),
        had(|old| usages(old).any(|usage| !USAGES.contains(&usage))),
        had(|old| has_duplicates(usages(old))),
        errors,
    );
    let signer = spec.child("signerName");
    if signer.str() == LEGACY_SIGNER && !had(|old| old.str_at(&["spec", "signerName"]) == LEGACY_SIGNER) {
        signer.invalid(errors, "the legacy signerName is not allowed via this API version");
    } else {
        signers::signer_name(&signer, errors);
    }
    let expiration = spec.child("expirationSeconds");
    if expiration.is_set() && expiration.int() < MIN_EXPIRATION {
        expiration.invalid(errors, "may not specify a duration less than 600 seconds (10 minutes)");
    }
    let status = root.child("status");
    check_conditions(&status.child("conditions"), old, errors);
    check_certificate(&status.child("certificate"), old, errors);
}

/// The organizations that a CertificateSigningRequest asks to be in.
///
/// # Errors
/// What is wrong with the request in it.
pub fn requested_organizations(object: &Value) -> Result<Vec<String>, String> {
    let bytes = STANDARD.decode(object.str_at(&["spec", "request"])).unwrap_or_default();
    match pem::blocks(&bytes).first().filter(|block| block.label == "CERTIFICATE REQUEST") {
        Some(block) => x509::request_organizations(&block.bytes),
        None => Err("PEM block type must be CERTIFICATE REQUEST".to_owned()),
    }
}

fn body_fault(encoded: &str) -> Option<String> {
    let blocks = pem::blocks(&STANDARD.decode(encoded).unwrap_or_default());
    match blocks.first().filter(|block| block.label == "CERTIFICATE REQUEST") {
        Some(block) => x509::request_fault(&block.bytes),
        None => Some("PEM block type must be CERTIFICATE REQUEST".to_owned()),
    }
}

fn check_usages(usages: &Cursor, any: bool, repeated: bool, errors: &mut field::Errors) {
    if usages.is_empty() {
        usages.required(errors, "");
    }
    if !any {
        usages.items().for_each(|usage| usage.one_of(errors, &USAGES));
    }
    let mut seen = HashSet::new();
    for usage in usages.items() {
        if !seen.insert(usage.str()) && !repeated {
            usage.duplicate(errors);
        }
    }
}

fn check_conditions(list: &Cursor, old: Option<&Value>, errors: &mut field::Errors) {
    let had = |fault: fn(&Value) -> bool| old.is_some_and(fault);
    let both = |old: &Value| ["Approved", "Denied"].iter().all(|kind| kinds(old).any(|other| other == *kind));
    let (may_both, may_repeat) = (had(both), had(|old| has_duplicates(kinds(old))));
    let may_lack = had(|old| kinds(old).any(str::is_empty));
    let mut seen = HashSet::new();
    for condition in list.items() {
        let (kind, status) = (condition.child("type"), condition.child("status"));
        if kind.is_empty() && !may_lack {
            kind.required(errors, "");
        }
        if status.is_empty() {
            status.required(errors, "");
        } else {
            status.one_of(errors, if DECISIONS.contains(&kind.str()) { &["True"] } else { &STATUSES });
        }
        let rival = match kind.str() {
            "Approved" => "Denied",
            "Denied" => "Approved",
            _ => "",
        };
        if !rival.is_empty() && !may_both && seen.contains(rival) {
            list.bad(errors, kind.str(), "Approved and Denied conditions are mutually exclusive");
        }
        if !seen.insert(kind.str()) && !may_repeat {
            errors.duplicate(&kind.path(), &kind.str().into());
        }
    }
}

fn check_certificate(certificate: &Cursor, old: Option<&Value>, errors: &mut field::Errors) {
    let kept = old.map(|old| old.str_at(&["status", "certificate"]));
    if kept.is_some_and(|kept| kept == certificate.str() || certificate_fault(kept).is_some()) {
        return;
    }
    if let Some(fault) = certificate_fault(certificate.str()) {
        certificate.bad(errors, "<certificate data>", &fault);
    }
}

fn certificate_fault(encoded: &str) -> Option<String> {
    if encoded.is_empty() {
        return None;
    }
    let blocks = pem::blocks(&STANDARD.decode(encoded).unwrap_or_default());
    if blocks.is_empty() {
        return Some("must contain at least one CERTIFICATE PEM block".to_owned());
    }
    blocks.iter().find_map(|block| match block.label.as_str() {
        "CERTIFICATE" if block.headers => Some("no PEM block headers are permitted".to_owned()),
        "CERTIFICATE" => x509::certificate_fault(&block.bytes).map(str::to_owned),
        other => Some(format!("only CERTIFICATE PEM blocks are allowed, found {}", field::go_quote(other))),
    })
}

/// All failures of a changed request: decisions stay, only the `approval` subresource makes one, and a certificate is
/// written once, by the `status` subresource.
pub(super) fn change(new: &Value, old: &Value, cx: &Context, errors: &mut field::Errors) {
    request(new, Some(old), errors);
    let root = Cursor::root(new);
    let status = root.child("status");
    let (list, certificate) = (status.child("conditions"), status.child("certificate"));
    let counts = DECISIONS.map(|kind| (kind, of_kind(new, kind), of_kind(old, kind)));
    for (kind, new, old) in &counts {
        if new.len() < old.len() {
            list.forbidden(
                errors,
                &format!("updates may not remove a condition of type {}", field::go_quote(kind)),
            );
        }
    }
    for (kind, new, old) in
        counts.iter().filter(|(kind, ..)| cx.subresource != "approval" && *kind != "Failed")
    {
        let verb = match new.len().cmp(&old.len()) {
            std::cmp::Ordering::Greater => "add",
            std::cmp::Ordering::Equal if new != old => "modify",
            _ => continue,
        };
        list.forbidden(
            errors,
            &format!("updates may not {verb} a condition of type {}", field::go_quote(kind)),
        );
    }
    let kept = old.str_at(&["status", "certificate"]);
    if certificate.str() == kept {
        return;
    }
    if cx.subresource != "status" {
        certificate.forbidden(errors, "updates may not set certificate content");
    } else if !kept.is_empty() {
        certificate.forbidden(errors, "updates may not modify existing certificate content");
    }
}
