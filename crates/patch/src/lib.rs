//! All ways to change an object: JSON Patch, merge patch, strategic merge, server-side apply with managedFields.
//!
//! Entry points: [`json_patch()`], [`merge_patch()`] and [`strategic_merge`] turn a document and a patch into the
//! patched document.  They work on the encoded form of a version, know nothing of validation, and never panic,
//! whatever the patch holds.

mod go_text;
pub mod json_patch;
pub mod managed;
mod merge_patch;
#[cfg(test)]
mod properties;
mod strategic;

use api::{ApiError, Reason, Value, error::Details, field};

pub use go_text::go_text;
pub use json_patch::{JsonPatchError, json_patch};
pub use merge_patch::merge_patch;
pub use strategic::strategic_merge;

/// 422 for a patch whose result cannot be decoded.  `shown` is the patched document as JSON for JSON and merge patches
/// and [`go_text`] of the patch after [`strategic_merge`] for strategic ones; `why` is the decoder's text.
pub fn undecodable(shown: &str, why: &str) -> ApiError {
    let mut errors = field::Errors::new();
    errors.invalid(&field::Path::new("patch"), &Value::from(shown), why);
    ApiError::invalid("", "", "", &errors)
}

/// 500 with a bare text, as upstream answers when an error has no Status of its own.
fn plain_error(message: impl Into<String>) -> ApiError {
    ApiError::new(Reason::Unknown, message)
}

/// 422 for a patch that cannot be applied; upstream does not tell why.
fn rejected() -> ApiError {
    let message = "the server rejected our request due to an error in our request";
    ApiError { details: Some(Box::<Details>::default()), ..ApiError::new(Reason::Invalid, message) }
}

/// Sorts the members of every object in `value`, as Go writes maps.
fn sort_deep(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.sort();
            map.iter_mut().for_each(|(_, v)| sort_deep(v));
        }
        Value::Array(items) => items.iter_mut().for_each(sort_deep),
        _ => {}
    }
}
