//! Groups of the Kubernetes project: their definitions say who approved the API.
//!
//! Entry point: [`check`].

use api::Value;
use api::field::{self, Path, go_quote};

use api::url::Url;

const ANNOTATION: &str = "api-approved.kubernetes.io";

/// How far the API of a group that belongs to the project was approved.
#[derive(PartialEq, Eq)]
enum Approval {
    Invalid,
    Approved,
    Bypassed,
    Missing,
}

fn approval(definition: &Value) -> Approval {
    let text = definition.str_at(&["metadata", "annotations", ANNOTATION]);
    let is_url = || Url::parse(text).is_ok_and(|url| !url.host.is_empty() && !url.scheme.is_empty());
    match text {
        "" => Approval::Missing,
        text if text.starts_with("unapproved") => Approval::Bypassed,
        _ if is_url() => Approval::Approved,
        _ => Approval::Invalid,
    }
}

/// Reports a definition of such a group that lacks an approval, unless it did before.
pub(super) fn check(definition: &Value, old: Option<&Value>, errors: &mut field::Errors) {
    let group = definition.str_at(&["spec", "group"]);
    let protected = ["k8s.io", "kubernetes.io"].iter().any(|domain| {
        group.strip_suffix(domain).is_some_and(|front| front.is_empty() || front.ends_with('.'))
    });
    let state = approval(definition);
    if !protected || old.is_some_and(|old| approval(old) == state) {
        return;
    }
    let path = Path::new("metadata.annotations").key(ANNOTATION);
    let (must, see) = (
        format!("protected groups must have approval annotation {}", go_quote(ANNOTATION)),
        "see https://github.com/kubernetes/enhancements/pull/1111",
    );
    match state {
        Approval::Missing => errors.required(&path, format!("{must}, {see}")),
        Approval::Invalid => {
            let text = definition.str_at(&["metadata", "annotations", ANNOTATION]).into();
            let why = format!("{must} with either a URL or a reason starting with \"unapproved\", {see}");
            errors.invalid(&path, &text, why);
        }
        Approval::Approved | Approval::Bypassed => {}
    }
}
