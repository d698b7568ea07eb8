//! Typed decoding over a tree: finds what a field cannot hold, brings scalars into canonical form, drops what is
//! unknown.  Entry point: [`coerce`].
//!
//! The walk goes in document order and behaves as Go's decoder does: a value of the wrong type is remembered and the
//! walk goes on, so the first one is reported; a type that reads itself (times, quantities) ends the walk at once, and
//! its failure is the one reported.

mod base64;
mod error;
mod scalar;
#[cfg(test)]
mod tests;

use api::{Map, Value};

use error::{Here, Step};
pub use error::{Place, TypeError};

use crate::types::{Message, SchemaOr, Type};

/// At most this many unknown fields are reported, as upstream.
const MAX_FINDINGS: usize = 100;

/// How many bytes their paths may take together; what comes later is not reported.
const MAX_BYTES: usize = 256 * 1024;

/// What was found on the way that is no failure by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Paths of unknown fields in document order, such as `spec.containers[0].bogus`; at most 100.
    pub unknown: Vec<String>,
}

/// Checks the types of a decoded body against the catalogue and brings scalars into their canonical form (quantities,
/// times, durations, base64).  Unknown fields and nulls are dropped, as Go's typed decoding does; a null inside a list
/// or map becomes the zero value of its type.
///
/// # Errors
/// [`TypeError`] with Go's text; the value is then half done.
pub fn coerce(value: &mut Value, message: &'static Message) -> Result<Findings, TypeError> {
    let mut walk = Walk { unknown: Vec::new(), bytes: 0, saved: None, unreported: 0 };
    match value {
        Value::Object(map) => walk.message(map, message, Here::ROOT)?,
        other => walk.mismatch(other, message.go_type, Here::ROOT),
    }
    match walk.saved {
        Some(error) => Err(error),
        None => Ok(Findings { unknown: walk.unknown }),
    }
}

struct Walk {
    unknown: Vec<String>,
    /// Length of all paths in `unknown`.
    bytes: usize,
    /// The first value of a wrong type.
    saved: Option<TypeError>,
    /// Above 0 inside of types that decode a part on their own and do not report unknown fields.
    unreported: u32,
}

/// Go's names of a type and of what it holds.
type GoNames = &'static [&'static str];

impl Walk {
    fn message(&mut self, map: &mut Map, message: &'static Message, here: Here<'_>) -> Result<(), TypeError> {
        let mut dropped = false;
        for (key, value) in map.iter_mut() {
            match message.field(key) {
                Some(_) if value.is_null() => {}
                Some(field) => {
                    self.value(value, &field.ty, field.go, here.then(&Step::Field(message, field)))?;
                }
                None => {
                    self.found_unknown(key, here);
                    *value = Value::Null;
                }
            }
            dropped |= value.is_null();
        }
        if dropped {
            map.retain(|_, value| !value.is_null());
        }
        Ok(())
    }

    fn found_unknown(&mut self, key: &str, here: Here<'_>) {
        if self.unreported > 0 || self.unknown.len() >= MAX_FINDINGS || self.bytes >= MAX_BYTES {
            return;
        }
        let path = here.member_path(key);
        self.bytes += path.len();
        if self.bytes <= MAX_BYTES {
            self.unknown.push(path);
        }
    }

    /// Remembers a value of the wrong type, when it is the first.
    fn mismatch(&mut self, value: &Value, go_type: &str, here: Here<'_>) {
        self.saved.get_or_insert_with(|| TypeError::mismatch(value, go_type, here));
    }

    /// Handles a value that is not null.
    fn value(&mut self, value: &mut Value, ty: &Type, go: GoNames, here: Here<'_>) -> Result<(), TypeError> {
        let go_type = go.first().copied().unwrap_or("");
        match ty {
            Type::String if matches!(value, Value::String(_)) => {}
            Type::Message(message) => match value {
                Value::Object(map) => self.message(map, message, here)?,
                other => self.mismatch(other, message.go_type, here),
            },
            Type::List(item) => match value {
                Value::Array(items) => self.items(items, item, rest(go), here)?,
                other => self.mismatch(other, go_type, here),
            },
            Type::StringList => match value {
                Value::Array(items) => self.items(items, &Type::String, rest(go), here)?,
                other => self.mismatch(other, go_type, here),
            },
            Type::Map(item) => match value {
                Value::Object(map) => self.members(map, item, rest(go), here)?,
                other => self.mismatch(other, go_type, here),
            },
            Type::JsonSchemaOr(alternative, message) => self.schema_or(value, *alternative, message, here)?,
            Type::FieldsV1 | Type::RawExtension | Type::Json => {}
            scalar => self.scalar(value, scalar, go_type, here)?,
        }
        Ok(())
    }

    fn items(
        &mut self,
        items: &mut [Value],
        ty: &Type,
        go: GoNames,
        here: Here<'_>,
    ) -> Result<(), TypeError> {
        for (i, item) in items.iter_mut().enumerate() {
            self.element(item, ty, go, here.then(&Step::Index(i)))?;
        }
        Ok(())
    }

    fn members(&mut self, map: &mut Map, ty: &Type, go: GoNames, here: Here<'_>) -> Result<(), TypeError> {
        for (key, value) in map.iter_mut() {
            self.element(value, ty, go, here.then(&Step::Key(key)))?;
        }
        Ok(())
    }

    fn element(
        &mut self,
        value: &mut Value,
        ty: &Type,
        go: GoNames,
        here: Here<'_>,
    ) -> Result<(), TypeError> {
        if value.is_null() {
            *value = ty.zero_element();
            return Ok(());
        }
        self.value(value, ty, go, here)
    }

    /// A schema or its alternative.  Upstream decodes these parts on their own: a wrong type inside ends the walk, and
    /// unknown fields inside are not reported.
    fn schema_or(
        &mut self,
        value: &mut Value,
        alternative: SchemaOr,
        message: &'static Message,
        here: Here<'_>,
    ) -> Result<(), TypeError> {
        let outer = self.saved.take();
        self.unreported += 1;
        let here = here.then(&Step::Union);
        match (&mut *value, alternative) {
            (Value::Object(map), _) => self.message(map, message, here)?,
            (Value::Array(items), SchemaOr::Array) => {
                self.items(items, &Type::Message(message), &["v1.JSONSchemaProps"], here)?;
            }
            (Value::Array(items), SchemaOr::StringArray) => {
                self.items(items, &Type::String, &["string"], here)?;
            }
            (Value::Bool(_), SchemaOr::Bool) => {}
            (_, SchemaOr::Bool) => return Err(TypeError::plain("boolean or JSON schema expected")),
            // Anything else is taken for an empty list; a null would count as missing.
            (other, _) => *other = Value::Array(Vec::new()),
        }
        self.unreported -= 1;
        match std::mem::replace(&mut self.saved, outer) {
            Some(inner) => Err(inner),
            None => Ok(()),
        }
    }
}

/// The names of what a list or map holds.
fn rest(go: GoNames) -> GoNames {
    go.get(1..).unwrap_or(&[])
}
