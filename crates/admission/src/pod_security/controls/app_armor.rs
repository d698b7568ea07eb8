//! The runtime's AppArmor profile may be replaced, not switched off.

use api::Value;
use api::field::go_quote;

use super::Violation;
use super::text::{self, Values};
use crate::pod_security::pod::{Pod, name, security};

const PROFILE: &[&str] = &["appArmorProfile"];
/// How profiles were chosen before there was a field.
const ANNOTATION: &str = "container.apparmor.security.beta.kubernetes.io/";

pub(super) fn check(pod: &Pod<'_>) -> Option<Violation> {
    let mut values = Values::new();
    let by_pod = forbidden(pod.security(PROFILE)).is_some_and(|v| {
        values.insert(v);
        true
    });
    let mut bad = Vec::new();
    for container in pod.containers() {
        if let Some(value) = forbidden(security(container, PROFILE)) {
            bad.push(name(container));
            values.insert(value);
        }
    }
    let annotations = annotations(pod);
    let mut setters = text::setters(by_pod, &bad);
    if !annotations.is_empty() {
        setters.push(text::plural(annotations.len(), "annotation", "annotations").to_owned());
    }
    if setters.is_empty() {
        return None;
    }
    let all: Vec<&str> = values.into_iter().chain(annotations.iter().map(String::as_str)).collect();
    let reason = text::plural(all.len(), "forbidden AppArmor profile", "forbidden AppArmor profiles");
    let detail =
        format!("{} must not set AppArmor profile type to {}", setters.join(" and "), text::quoted(all));
    Violation::some(reason, detail)
}

/// The type of a profile that is neither of the two good ones.
fn forbidden(profile: &Value) -> Option<&str> {
    let kind = profile.str_at(&["type"]);
    (!profile.is_null() && !matches!(kind, "RuntimeDefault" | "Localhost")).then_some(kind)
}

/// `key="value"` of each annotation that chooses another profile, sorted.
fn annotations(pod: &Pod<'_>) -> Vec<String> {
    let good = |v: &str| v.is_empty() || v == "runtime/default" || v.starts_with("localhost/");
    let mut found = Vec::new();
    for (key, value) in pod.metadata.at(&["annotations"]).as_object().into_iter().flat_map(api::Map::iter) {
        let value = value.as_str().unwrap_or("");
        if key.starts_with(ANNOTATION) && !good(value) {
            found.push(format!("{key}={}", go_quote(value)));
        }
    }
    found.sort();
    found
}
