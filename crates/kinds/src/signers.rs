//! Names of certificate signers, such as `example.com/signer`, and of the trust bundles they own.
//!
//! Entry points: [`signer_name`] and [`trust_bundle_name`].

use api::field::{self, Errors};

use crate::Cursor;
use crate::names::{self, Faults, LABEL_MAX, SUBDOMAIN_MAX};

/// Longest name of a signer: a domain, `/`, a namespace, `.` and the name of an object, in bytes.
const SIGNER_MAX: usize = SUBDOMAIN_MAX + 1 + LABEL_MAX + 1 + SUBDOMAIN_MAX;

/// True for signers that Kubernetes keeps for itself.
pub(crate) fn is_kubernetes(signer: &str) -> bool {
    let host = signer.split_once('/').map_or(signer, |(host, _)| host);
    host == "kubernetes.io" || host.ends_with(".kubernetes.io")
}

/// Reports what is wrong with the name of a signer.
pub(crate) fn signer_name(signer: &Cursor, errors: &mut Errors) {
    let text = signer.str();
    if text.is_empty() {
        return signer.required(errors, "");
    }
    let (Some((domain, path)), 1) = (text.split_once('/'), text.matches('/').count()) else {
        let why = "must be a fully qualified domain and path of the form 'example.com/signer-name'";
        return signer.bad(errors, text, why);
    };
    if domain.len() > SUBDOMAIN_MAX {
        errors.too_long(&signer.path(), SUBDOMAIN_MAX);
    }
    labels(signer, domain, names::dns1123_label, errors);
    if !domain.contains('.') {
        signer.bad(errors, domain, "should be a domain with at least two segments separated by dots");
    }
    labels(signer, path, names::dns1123_subdomain, errors);
    if text.len() > SIGNER_MAX {
        errors.too_long(&signer.path(), SIGNER_MAX);
    }
}

/// Reports the first part between dots that breaks the rule.
fn labels(signer: &Cursor, segment: &str, rule: fn(&str) -> Faults, errors: &mut Errors) {
    let bad = segment.split('.').map(|label| (label, rule(label))).find(|(_, faults)| !faults.is_empty());
    for (label, fault) in
        bad.iter().flat_map(|(label, faults)| faults.iter().map(move |fault| (label, fault)))
    {
        signer.bad(errors, segment, &format!("validating label {}: {fault}", field::go_quote(label)));
    }
}

/// Faults of the name of a trust bundle; one with a signer starts with the signer's name, `:` for `/`.
pub(crate) fn trust_bundle_name(name: &str) -> Faults {
    match name.rsplit_once(':') {
        Some((_, rest)) => names::dns1123_subdomain(rest),
        None => names::dns1123_subdomain(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::Value;

    fn failures(name: &str) -> Vec<String> {
        let mut errors = Errors::new();
        signer_name(&Cursor::at("s", &Value::from(name)), &mut errors);
        errors.0.iter().map(|e| e.body.chars().take(60).collect()).collect()
    }

    #[test]
    fn signers() {
        assert_eq!(failures("example.com/a.b"), [""; 0]);
        assert_eq!(failures("").len(), 1);
        assert_eq!(failures("a/b/c").len(), 1);
        assert_eq!(failures("a/B").len(), 2);
        assert_eq!(failures("A.b/c"), ["Invalid value: \"A.b\": validating label \"A\": a lowercase RFC "]);
        assert!(
            is_kubernetes("kubernetes.io/x")
                && is_kubernetes("a.kubernetes.io/x")
                && !is_kubernetes("a.io/x")
        );
    }

    #[test]
    fn bundles() {
        assert!(trust_bundle_name("a.b").is_empty() && trust_bundle_name("example.com:s:b").is_empty());
        assert!(!trust_bundle_name("A").is_empty());
    }
}
