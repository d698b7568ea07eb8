//! Bodies of patches, and what becomes of an object that was patched.

use api::field::go_quote;
use api::{ApiError, GroupVersionKind, Value};

use super::failure::warnings;
use super::read::judge;
use super::{Decoded, FieldValidation, identity};
use crate::{json, yaml};

/// A merge patch or strategic merge patch that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Patch {
    /// The patch: an object, or `null`.
    pub value: Value,
    /// What is wrong with it in strict eyes, to be handed to [`retype`].
    pub strict: Vec<String>,
}

/// Reads a merge patch or strategic merge patch.
///
/// # Errors
/// Go's text alone: upstream shows it behind `error decoding patch: ` for a merge patch and as it is for a strategic
/// one, with 400 both times.
pub fn decode_patch(body: &[u8]) -> Result<Patch, String> {
    let parsed = json::parse(body).map_err(|e| e.to_string())?;
    match (&parsed.value, parsed.out_of_range) {
        (Value::Object(_) | Value::Null, None) => {
            let strict =
                parsed.duplicates.iter().map(|path| format!("duplicate field {}", go_quote(path))).collect();
            Ok(Patch { value: parsed.value, strict })
        }
        (Value::Object(_), Some(text)) => {
            Err(format!("json: cannot unmarshal number {text} into Go value of type float64"))
        }
        (other, _) => Err(no_map(other)),
    }
}

fn no_map(value: &Value) -> String {
    format!("json: cannot unmarshal {} into Go value of type map[string]interface {{}}", value.type_name())
}

/// The configuration of a server-side apply that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Applied {
    /// The configuration, empty for an empty body.
    pub value: Value,
    /// Upstream's complaint about keys that are set more than once.
    duplicates: Option<String>,
}

/// Reads the body of a server-side apply, YAML or JSON.
///
/// # Errors
/// 400 with upstream's text when it is no object.
pub fn decode_apply(body: &[u8]) -> Result<Applied, ApiError> {
    let bad = |why: String| ApiError::bad_request(format!("error decoding YAML: {why}"));
    let parsed = yaml::parse(body).map_err(|e| bad(format!("error converting YAML to JSON: {e}")))?;
    let value = match parsed.value {
        Value::Null => Value::object(),
        object @ Value::Object(_) => object,
        other => {
            let why = no_map(&other);
            return Err(bad(format!("error unmarshaling JSON: while decoding JSON: {why}")));
        }
    };
    Ok(Applied { value, duplicates: parsed.duplicates })
}

impl Applied {
    /// What to say about keys that are set more than once; upstream asks after it applied the rest.
    ///
    /// # Errors
    /// 400 where `validation` is strict; else the texts of warnings.
    pub fn check(&self, validation: FieldValidation) -> Result<Vec<String>, ApiError> {
        match (&self.duplicates, validation) {
            (Some(text), FieldValidation::Strict) => Err(ApiError::bad_request(format!(
                "error strict decoding YAML: error converting YAML to JSON: {text}"
            ))),
            (Some(text), FieldValidation::Warn) => Ok(warnings(text)),
            _ => Ok(Vec::new()),
        }
    }
}

/// Reads the outcome of a patch as an object of its kind again.  `strict` is what was found in the patch itself.
///
/// # Errors
/// Go's text alone, for a type that does not fit or, where `validation` is strict, for unknown or repeated fields;
/// upstream shows it in a 422 about the field `patch`.
pub fn retype(
    value: Value,
    kind: &GroupVersionKind,
    validation: FieldValidation,
    strict: Vec<String>,
) -> Result<Decoded, String> {
    let message = identity::registered(kind, kind)?;
    let mut value = value;
    let findings = schema::coerce(&mut value, message).map_err(|e| e.to_string())?;
    let mut strict = strict;
    strict.extend(findings.unknown.iter().map(|path| format!("unknown field {}", go_quote(path))));
    let warnings = judge(&strict, validation)?;
    schema::canonicalize_with(&mut value, message, schema::Empties::Held);
    Ok(Decoded { value, warnings })
}
