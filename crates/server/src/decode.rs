//! Bodies to objects: read, checked against the catalogue, defaulted.

use api::{ApiError, Value};
use bytes::Bytes;
use codec::object::{Endpoint, FieldValidation};
use schema::Message;

use crate::catalog::Served;
use crate::http::{Warnings, accept};

/// The versions of an Eviction besides the one that is served; clients of old still send them.
const EVICTIONS: &[(&str, &str)] = &[("policy", "v1beta1")];

/// What a body must be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    /// Its group.
    pub group: &'static str,
    /// Its version.
    pub version: &'static str,
    /// Its kind.
    pub kind: &'static str,
    /// Its structure.
    pub message: &'static Message,
}

impl Target {
    /// The objects of a resource.
    pub(crate) fn of_resource(served: &Served) -> Self {
        let table = served.table;
        Self { group: table.group, version: table.version, kind: table.kind, message: table.message }
    }

    /// The bodies of a resource or of one of its subresources.
    ///
    /// # Errors
    /// 404 for a subresource that takes no body.
    pub(crate) fn of(
        served: &Served,
        subresource: Option<&'static schema::Subresource>,
    ) -> Result<Self, ApiError> {
        let Some(sub) = subresource else { return Ok(Self::of_resource(served)) };
        let message = sub.message.ok_or_else(ApiError::no_such_path)?;
        Ok(Self { group: sub.group, version: sub.version, kind: sub.kind, message })
    }

    /// Its kind, with group and version.
    pub(crate) fn gvk(&self) -> api::GroupVersionKind {
        api::GroupVersionKind::new(self.group, self.version, self.kind)
    }
}

/// Reads a body as an object of the target, defaults filled in.
///
/// # Errors
/// 415 for an unknown encoding, 400 with upstream's texts for what is no such object.
pub(crate) fn object(
    content_type: &str,
    body: &Bytes,
    target: &Target,
    validation: FieldValidation,
    warnings: &Warnings,
) -> Result<Value, ApiError> {
    let kind = target.gvk();
    let also = if target.kind == "Eviction" { EVICTIONS } else { &[] };
    let endpoint = Endpoint { kind: &kind, also };
    let decoded = codec::object::decode(body, accept::input(content_type)?, endpoint, validation)?;
    warnings.extend(decoded.warnings);
    Ok(settle(decoded.value, target))
}

/// Reads the body of a DELETE.
///
/// # Errors
/// 415 or 400, as for other bodies.
pub(crate) fn delete_options(content_type: &str, body: &Bytes) -> Result<Value, ApiError> {
    codec::object::decode_options(body, accept::input(content_type)?, "DeleteOptions")
}

/// Takes a value, such as the outcome of a patch, as an object of the target; `findings` gets what strict validation
/// would refuse.
///
/// # Errors
/// The text of a member of the wrong type.
pub(crate) fn value(
    mut value: Value,
    target: &Target,
    findings: &mut Vec<String>,
) -> Result<Value, schema::TypeError> {
    let found = schema::coerce(&mut value, target.message)?;
    findings.extend(found.unknown.iter().map(|path| format!("unknown field \"{path}\"")));
    Ok(settle(value, target))
}

/// Defaults and canonical form of a decoded object; empty lists and maps stay, since validation tells them from none.
fn settle(mut value: Value, target: &Target) -> Value {
    value.set_at(&["kind"], target.kind);
    value.set_at(&["apiVersion"], target.gvk().api_version());
    schema::apply_defaults(&mut value, target.message);
    kinds::strategy(target.group, target.kind).default(&mut value, target.version);
    schema::canonicalize_with(&mut value, target.message, schema::Empties::Held);
    value
}

/// Takes an object of the server's own making as one of the target.
///
/// # Errors
/// 500 when it is none: a fault of ours.
pub(crate) fn own(object: Value, target: &Target) -> Result<Value, ApiError> {
    let mut findings = Vec::new();
    let object = value(object, target, &mut findings).map_err(ApiError::internal)?;
    if findings.is_empty() { Ok(object) } else { Err(ApiError::internal(findings.join(", "))) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::object;

    #[test]
    fn a_patch_can_reset_field_owners() {
        let message = schema::kind("", "v1", "ConfigMap").unwrap();
        let target = Target { group: "", version: "v1", kind: "ConfigMap", message };
        let patched = object! { "metadata" => object! { "managedFields" => Vec::<Value>::new() } };
        let object = value(patched, &target, &mut Vec::new()).unwrap();
        assert_eq!(object.at(&["metadata", "managedFields"]), &Value::Array(Vec::new()));
    }
}
