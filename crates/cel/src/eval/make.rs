//! Values that are made: lists, maps and structures.

use super::Run;
use crate::ast::Name;
use crate::error::Error;
use crate::plan::Node;
use crate::value::{self, MapValue, Result, StructValue, Value};

impl<'v> Run<'v, '_> {
    #[inline(never)]
    pub(super) fn list(&mut self, items: &'v [(Node, bool)]) -> Result<'v> {
        let mut out = Vec::with_capacity(items.len());
        for (item, optional) in items {
            let value = self.eval(item)?;
            if !optional {
                out.push(value);
                continue;
            }
            match value {
                Value::Optional(v) => out.extend(v.map(|v| (*v).clone())),
                other => {
                    let message =
                        format!("cannot initialize optional list element from non-optional value {other}");
                    return Err(Error::new(message));
                }
            }
        }
        Ok(Value::list(out))
    }

    #[inline(never)]
    pub(super) fn map(&mut self, entries: &'v [(Node, Node, bool)]) -> Result<'v> {
        let mut out = MapValue::default();
        for (key, value, optional) in entries {
            let (key, value) = (self.eval(key)?, self.eval(value)?);
            match unwrapped(&key, value, *optional)? {
                Some(value) => out.insert(key, value),
                None => out.remove(&key),
            }
        }
        Ok(Value::Map(out.into()))
    }

    #[inline(never)]
    pub(super) fn object(&mut self, type_name: &Name, fields: &'v [(Name, Node, bool)]) -> Result<'v> {
        let mut out: Vec<(Name, Value<'v>)> = Vec::with_capacity(fields.len());
        for (name, value, optional) in fields {
            let value = self.eval(value)?;
            if let Some(value) = unwrapped(&Value::Str(name), value, *optional)? {
                out.push((name.clone(), value));
            }
        }
        Ok(Value::Struct(StructValue { type_name: type_name.clone(), fields: out }.into()))
    }
}

/// The value of an entry, `None` for an empty optional.
fn unwrapped<'v>(
    key: &Value<'v>,
    value: Value<'v>,
    optional: bool,
) -> std::result::Result<Option<Value<'v>>, Error> {
    match value {
        value if !optional => Ok(Some(value)),
        Value::Optional(v) => Ok(v.map(|v| (*v).clone())),
        other => {
            let key = value::show::bare(key);
            Err(Error::new(format!(
                "cannot initialize optional entry '{key}' from non-optional value {other}"
            )))
        }
    }
}
