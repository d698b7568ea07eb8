//! Why a body is not what an endpoint takes, in upstream's words.

use std::fmt::Write as _;

use api::field::go_quote;
use api::{ApiError, GroupVersionKind};

/// How much of a body is shown when nothing is known about it.
const SHOWN_BYTES: usize = 30;

/// A body that cannot be read.
#[derive(Debug)]
pub(super) struct Failure {
    /// What the body said it was, when that much could be read.
    kind: Option<GroupVersionKind>,
    pub(super) text: String,
}

impl Failure {
    /// Nothing is known about the body.
    pub(super) fn unrecognized(text: impl Into<String>) -> Self {
        Self { kind: None, text: text.into() }
    }

    /// A body of the given kind is wrong.
    pub(super) fn of(kind: &GroupVersionKind, text: String) -> Self {
        Self { kind: Some(kind.clone()), text }
    }

    /// The wire error, for an endpoint that takes `expected`.
    pub(super) fn about(self, expected: &GroupVersionKind, body: &[u8]) -> ApiError {
        let (expected, why) = (&expected.kind, self.text);
        ApiError::bad_request(match self.kind {
            Some(GroupVersionKind { version, kind, .. }) if !kind.is_empty() => {
                format!("{kind} in version {} cannot be handled as a {expected}: {why}", go_quote(&version))
            }
            _ => {
                let body = summary(body);
                format!("the object provided is unrecognized (must be of type {expected}): {why} ({body})")
            }
        })
    }
}

/// The beginning of a body: as text when it looks like JSON, else in hexadecimal.
fn summary(body: &[u8]) -> String {
    let shown = body.get(..SHOWN_BYTES).unwrap_or(body);
    let mut text = match body.first() {
        None => return "<empty>".to_owned(),
        Some(b'{') => String::from_utf8_lossy(shown).into_owned(),
        Some(_) => shown.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        }),
    };
    if body.len() > SHOWN_BYTES {
        text.push_str(" ...");
    }
    text
}

/// What a strict complaint reads like as warnings: YAML's lists several.
pub(super) fn warnings(text: &str) -> Vec<String> {
    match text.strip_prefix("yaml: unmarshal errors:\n") {
        Some(lines) => lines.split('\n').map(|line| line.trim().to_owned()).collect(),
        None => vec![text.to_owned()],
    }
}
