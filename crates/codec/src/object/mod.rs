//! Bodies of requests to objects and objects to bodies of answers, whatever their encoding.
//!
//! Entry points: [`Format::of_request`] tells the encoding of a body, [`decode`] reads an object of an endpoint,
//! [`decode_custom`] one of a custom resource, [`decode_options`] the options of a deletion, [`decode_patch`] and
//! [`decode_apply`] patches, [`encode`] writes an answer.  What goes wrong has upstream's texts, in upstream's order:
//! the encoding, the kind, the types, the kind's fit for the endpoint, strictness, the version.

mod config;
mod custom;
mod failure;
mod format;
mod identity;
pub use identity::{check_kind, internal_type};
mod patch;
mod read;

use api::{ApiError, GroupVersionKind, Value};

pub use config::{ConfigKind, decode_config, decode_config_leniently};
pub use custom::decode_custom;
use failure::Failure;
pub use format::{FieldValidation, Format};
pub use patch::{Applied, Patch, decode_apply, decode_patch, retype};
use read::{Document, judge};

/// What an endpoint takes.
#[derive(Clone, Copy, Debug)]
pub struct Endpoint<'a> {
    /// The kind of its bodies; also the one of bodies that do not say.
    pub kind: &'a GroupVersionKind,
    /// Other groups and versions of that kind that it takes, such as `policy/v1beta1` for evictions.
    pub also: &'a [(&'a str, &'a str)],
}

impl<'a> Endpoint<'a> {
    /// An endpoint that takes one kind in one version.
    pub fn of(kind: &'a GroupVersionKind) -> Self {
        Self { kind, also: &[] }
    }
}

/// A body that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    /// The object in canonical form ([`schema::canonicalize`]), with the kind and version of the endpoint.
    pub value: Value,
    /// Texts of the `Warning` headers that the answer carries.
    pub warnings: Vec<String>,
}

/// Reads the body of a create or update of a built-in kind.
///
/// # Errors
/// 400 with upstream's text when the body is not an object of the endpoint's kind and version, or has unknown or
/// repeated fields where `validation` is strict.
pub fn decode(
    body: &[u8],
    format: Format,
    endpoint: Endpoint<'_>,
    validation: FieldValidation,
) -> Result<Decoded, ApiError> {
    let found =
        read(body, format, endpoint, validation).map_err(|failure| failure.about(endpoint.kind, body))?;
    let (actual, expected) = (found.kind.group_version(), endpoint.kind.group_version());
    let also =
        endpoint.also.iter().any(|(group, version)| actual.group == *group && actual.version == *version);
    if actual != expected && !also {
        return Err(ApiError::bad_request(format!(
            "the API version in the data ({actual}) does not match the expected API version ({expected})"
        )));
    }
    Ok(Decoded { value: found.value, warnings: found.warnings })
}

/// Reads the options of a request that come as its body, such as `DeleteOptions`; any version of them is taken and
/// nothing is reported about their fields.
///
/// # Errors
/// 400 with upstream's text when the body holds something else.
pub fn decode_options(body: &[u8], format: Format, kind: &str) -> Result<Value, ApiError> {
    let kind = GroupVersionKind::new("meta.k8s.io", "v1", kind);
    match read(body, format, Endpoint::of(&kind), FieldValidation::Ignore) {
        Ok(found) => Ok(found.value),
        Err(failure) => Err(ApiError::bad_request(failure.text)),
    }
}

/// An object that fits the endpoint but for its version.
struct Found {
    value: Value,
    /// The kind that the body says it is.
    kind: GroupVersionKind,
    warnings: Vec<String>,
}

fn read(
    body: &[u8],
    format: Format,
    endpoint: Endpoint<'_>,
    validation: FieldValidation,
) -> Result<Found, Failure> {
    let document = Document::read(body, format)?;
    let kind = identity::with_defaults(document.identity()?, endpoint.kind, body)?;
    let handled = |text: String| Failure::of(&kind, text);
    let message = identity::registered(&kind, endpoint.kind).map_err(handled)?;
    let mut typed = document.typed(message).map_err(handled)?;
    identity::convertible(&kind, message, endpoint.kind).map_err(handled)?;
    let warnings = judge(&typed.strict, validation).map_err(handled)?;
    let map = typed.value.make_object();
    map.insert("kind", endpoint.kind.kind.clone().into());
    map.insert("apiVersion", endpoint.kind.api_version().into());
    schema::canonicalize_with(&mut typed.value, message, schema::Empties::Held);
    Ok(Found { value: typed.value, kind, warnings })
}

/// The bytes of an answer: JSON ends with a newline unless it is pretty, as upstream's.
///
/// # Errors
/// 406 when protobuf is asked for a kind that has none, such as a table.
pub fn encode(value: &Value, format: Format, pretty: bool) -> Result<Vec<u8>, ApiError> {
    let mut out = Vec::new();
    match format {
        Format::Json if pretty => crate::json::write_pretty(&mut out, value),
        Format::Json => {
            api::json::write(&mut out, value);
            out.push(b'\n');
        }
        Format::Yaml => out = crate::yaml::write(value).into_bytes(),
        Format::Protobuf => out = identity::to_protobuf(value)?,
    }
    Ok(out)
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod transcripts;
