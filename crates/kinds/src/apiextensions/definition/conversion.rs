//! How objects of one version of a definition become objects of another: by nobody or by a webhook.
//!
//! Entry point: [`check`].

use std::collections::HashSet;

use api::{Value, field};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::{Cursor, callout, names, pem, x509};

/// Versions of `ConversionReview` that the API server speaks.
const REVIEW_VERSIONS: [&str; 2] = ["v1", "v1beta1"];

/// Whether the API server speaks this version of `ConversionReview`.
pub(super) fn is_known_review(version: &Value) -> bool {
    version.as_str().is_some_and(|version| REVIEW_VERSIONS.contains(&version))
}

/// Whether the resource is served already.
pub(super) fn is_established(definition: &Value) -> bool {
    definition.array_at(&["status", "conditions"]).iter().any(|condition| {
        condition.str_at(&["type"]) == "Established" && condition.str_at(&["status"]) == "True"
    })
}

/// All failures of `conversion`; `preserve` when fields that no schema knows are kept, `any_review` when an old
/// definition knew no version of the review either.
pub(super) fn check(
    conversion: &Cursor,
    preserve: bool,
    any_review: bool,
    old: Option<&Value>,
    errors: &mut field::Errors,
) {
    if !conversion.is_set() {
        return;
    }
    let strategy = conversion.child("strategy");
    if strategy.str() != "None" && preserve {
        strategy.bad(errors, strategy.str(), "must be None if spec.preserveUnknownFields is true");
    }
    if strategy.is_empty() {
        strategy.required(errors, "");
    } else {
        strategy.one_of(errors, &["None", "Webhook"]);
    }
    // Upstream reports its internal names.
    let webhook = conversion.value().at(&["webhook"]);
    let config = conversion.path().child("webhookClientConfig").to_string();
    let config = Cursor::at(&config, webhook.at(&["clientConfig"]));
    let reviews = conversion.path().child("conversionReviewVersions").to_string();
    let reviews = Cursor::at(&reviews, webhook.at(&["conversionReviewVersions"]));
    if strategy.str() == "Webhook" {
        if config.is_set() {
            callout::validate(&config, errors);
            check_bundle(&config.child("caBundle"), old, errors);
        } else {
            config.required(errors, "required when strategy is set to Webhook");
        }
        return check_reviews(&reviews, any_review, errors);
    }
    let why = "should not be set when strategy is not set to Webhook";
    if config.is_set() {
        config.forbidden(errors, why);
    }
    if !reviews.is_empty() {
        reviews.forbidden(errors, why);
    }
}

/// Bundles of definitions that are in use must parse, unless they never did.
fn check_bundle(bundle: &Cursor, old: Option<&Value>, errors: &mut field::Errors) {
    let fault = |text: &str| (!text.is_empty()).then(|| bundle_fault(text)).flatten();
    let kept = |old: &Value| {
        let before = old.str_at(&["spec", "conversion", "webhook", "clientConfig", "caBundle"]);
        !is_established(old) || fault(before).is_some()
    };
    if let Some(why) = fault(bundle.str()).filter(|_| !old.is_none_or(kept)) {
        bundle.invalid(errors, &why);
    }
}

fn bundle_fault(encoded: &str) -> Option<String> {
    let blocks = pem::blocks(&STANDARD.decode(encoded).unwrap_or_default());
    let is_certificate = |block: &&pem::Block| block.label == "CERTIFICATE" && !block.headers;
    let sound = |block: &pem::Block| x509::certificate_fault(&block.bytes).is_none();
    if blocks.iter().filter(is_certificate).any(sound) {
        return None;
    }
    let why =
        if blocks.is_empty() { "unable to parse bytes as PEM block" } else { "failed to parse certificate" };
    Some(format!("unable to load root certificates: {why}"))
}

fn check_reviews(versions: &Cursor, any: bool, errors: &mut field::Errors) {
    if versions.is_empty() {
        return versions.required(errors, "");
    }
    let mut seen = HashSet::new();
    for version in versions.items() {
        if seen.insert(version.str()) {
            version.faults(errors, &names::dns1035_label(version.str()));
        } else {
            version.invalid(errors, "duplicate version");
        }
    }
    if !any && !versions.list().iter().any(is_known_review) {
        versions.invalid(errors, &format!("must include at least one of {}", REVIEW_VERSIONS.join(", ")));
    }
}
