//! Bodies of custom resources: free of the catalogue but for their metadata.

use api::field::go_quote;
use api::{ApiError, GroupVersion, GroupVersionKind, Value};

use super::failure::Failure;
use super::format::Format;
use super::read::{Document, judge};
use super::{Decoded, FieldValidation};

/// The structure of the metadata of every object.
const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/// Reads the body of a create or update of a custom resource.  `prune` drops what its schema does not know and answers
/// the paths of that; whether the kind is the right one is left to validation, as upstream does.
///
/// The value's members are sorted by name, the form in which Go writes objects without a type.
///
/// # Errors
/// 400 with upstream's text when the body is no object, says no kind or another version, has malformed metadata, or has
/// unknown or repeated fields where `validation` is strict.
pub fn decode_custom(
    body: &[u8],
    format: Format,
    kind: &GroupVersionKind,
    validation: FieldValidation,
    prune: impl FnOnce(&mut Value) -> Vec<String>,
) -> Result<Decoded, ApiError> {
    let decoded = read(body, format, validation, prune).map_err(|failure| failure.about(kind, body))?;
    let (actual, expected) = (decoded.value.str_at(&["apiVersion"]), kind.api_version());
    if actual != expected {
        return Err(ApiError::bad_request(format!(
            "the API version in the data ({actual}) does not match the expected API version ({expected})"
        )));
    }
    Ok(decoded)
}

fn read(
    body: &[u8],
    format: Format,
    validation: FieldValidation,
    prune: impl FnOnce(&mut Value) -> Vec<String>,
) -> Result<Decoded, Failure> {
    let document = Document::read(body, format)?;
    let claim = document.identity()?;
    if GroupVersion::parse(&claim.api_version).is_none() {
        return Err(Failure::unrecognized(format!("unexpected GroupVersion string: {}", claim.api_version)));
    }
    let (mut value, mut strict, out_of_range) = document.free();
    let name = value.str_at(&["kind"]).to_owned();
    if name.is_empty() {
        let text = format!("Object 'Kind' is missing in '{}'", String::from_utf8_lossy(body));
        return Err(Failure::unrecognized(text));
    }
    let version = GroupVersion::parse(value.str_at(&["apiVersion"])).unwrap_or_default();
    let kind = version.with_kind(name);
    let handled = |text: String| Failure::of(&kind, text);
    if let Some(text) = out_of_range {
        return Err(handled(format!("json: cannot unmarshal number {text} into Go value of type float64")));
    }
    let unknown = metadata(&mut value).map_err(handled)?;
    let pruned = prune(&mut value);
    let paths = unknown.iter().map(|path| format!("metadata.{path}")).chain(pruned);
    strict.extend(paths.map(|path| format!("unknown field {}", go_quote(&path))));
    let warnings = judge(&strict, validation).map_err(handled)?;
    sort(&mut value);
    Ok(Decoded { value, warnings })
}

/// Reads the metadata as a structure of the catalogue; answers what it does not have.
fn metadata(value: &mut Value) -> Result<Vec<String>, String> {
    let (Some(place), Some(message)) = (value.get_mut("metadata"), schema::message(OBJECT_META)) else {
        return Ok(Vec::new());
    };
    if place.is_null() {
        return Ok(Vec::new());
    }
    let findings = schema::coerce(place, message).map_err(|e| e.to_string())?;
    schema::canonicalize_with(place, message, schema::Empties::Held);
    Ok(findings.unknown)
}

fn sort(value: &mut Value) {
    match value {
        Value::Object(map) => {
            if !map.keys().is_sorted() {
                map.sort();
            }
            map.iter_mut().for_each(|(_, member)| sort(member));
        }
        Value::Array(items) => items.iter_mut().for_each(sort),
        _ => {}
    }
}
