//! What the catalogue says about a member a patch names, and upstream's texts when it says nothing.
//!
//! Entry points: [`field`] for a member that holds an object, [`list`] for one that holds a list.

use api::{ApiError, field::go_quote};
use schema::{Field, Message, PatchStrategy, SchemaOr, Type};

use crate::plain_error;

/// The field `name` of a structure; letter case is forgiven when nothing matches exactly.
pub(super) fn field(ty: Type, name: &str) -> Result<&'static Field, ApiError> {
    let (go_type, message) = match ty {
        Type::Message(message) => (message.go_type, Some(message)),
        other => (opaque_struct(other)?, None),
    };
    message.and_then(|m| find(m, name)).ok_or_else(|| {
        let go_type = go_type.rsplit_once('.').map_or(go_type, |(_, name)| name);
        let name = go_quote(name);
        plain_error(format!("unable to find api field in struct {go_type} for the json field {name}"))
    })
}

/// The strategy and the item type of the list `name`.
pub(super) fn list(ty: Type, name: &str) -> Result<(PatchStrategy, Type), ApiError> {
    let field = field(ty, name)?;
    match field.ty {
        Type::List(Type::List(_) | Type::Bytes) => Err(plain_error("unexpected slice of slice")),
        Type::List(item) => Ok((field.patch, *item)),
        _ => Err(plain_error("expected slice or array type, but got: struct")),
    }
}

fn find(message: &'static Message, name: &str) -> Option<&'static Field> {
    let by = |same: fn(&str, &str) -> bool| message.fields.iter().find(|f| same(f.name, name));
    by(|a, b| a == b).or_else(|| by(str::eq_ignore_ascii_case))
}

/// Go's name of a type that is a structure without JSON members of its own.
fn opaque_struct(ty: Type) -> Result<&'static str, ApiError> {
    let kind = match ty {
        Type::Message(message) => return Ok(message.go_type),
        Type::Time => return Ok("Time"),
        Type::MicroTime => return Ok("MicroTime"),
        Type::Duration => return Ok("Duration"),
        Type::Quantity => return Ok("Quantity"),
        Type::IntOrString => return Ok("IntOrString"),
        Type::FieldsV1 => return Ok("FieldsV1"),
        Type::RawExtension => return Ok("RawExtension"),
        Type::Json => return Ok("JSON"),
        Type::JsonSchemaOr(SchemaOr::Bool, _) => return Ok("JSONSchemaPropsOrBool"),
        Type::JsonSchemaOr(SchemaOr::Array, _) => return Ok("JSONSchemaPropsOrArray"),
        Type::JsonSchemaOr(SchemaOr::StringArray, _) => return Ok("JSONSchemaPropsOrStringArray"),
        Type::Bool => "bool",
        Type::Int32 => "int32",
        Type::Int64 => "int64",
        Type::Double => "float64",
        Type::String => "string",
        Type::Bytes | Type::List(_) | Type::StringList => "slice",
        Type::Map(_) => "map",
    };
    let text = format!("merging an object in json but data type is not struct, instead is: {kind}");
    Err(plain_error(text))
}
