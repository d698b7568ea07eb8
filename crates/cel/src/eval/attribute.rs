//! Selecting and indexing, with optionals passed through.

use super::Run;
use super::activation::Slot;
use crate::error::Error;
use crate::plan::{Node, Path, Root};
use crate::value::{self, Result, Value, show};

impl<'v> Run<'v, '_> {
    /// `variable.key.key`.
    #[inline(never)]
    pub(super) fn path(&mut self, path: &'v Path) -> Result<'v> {
        self.charge(path.cost)?;
        let (mut value, mut keys) = (self.root(path)?, path.keys.iter());
        while let Value::Object(map, None) = value {
            let Some(key) = keys.next() else { break };
            self.charge(1)?;
            let found = map.get(key).ok_or_else(|| missing_key(key))?;
            value = Value::json(found);
        }
        for key in keys {
            value = self.member(value, key, false)?;
        }
        Ok(value)
    }

    fn root(&self, path: &'v Path) -> Result<'v> {
        match path.root {
            Root::Local(slot) => self.local(slot),
            Root::Variable(at) => match self.vars.slot(at) {
                Some(Slot::Known(value)) => Ok(value.clone()),
                Some(Slot::Partial(value, unknown)) => match unknown.iter().find(|u| u.meets(&path.keys)) {
                    Some(part) => Err(part.error()),
                    None => Ok(value.clone()),
                },
                _ => self.variable(at),
            },
        }
    }

    /// `operand.key` and `operand.?key`.
    #[inline(never)]
    pub(super) fn select(
        &mut self,
        operand: &'v Node,
        key: &'v str,
        optional: bool,
        extra: u64,
    ) -> Result<'v> {
        let operand = self.eval(operand);
        self.charge(extra)?;
        self.member(operand?, key, optional)
    }

    /// A field of a value.
    fn member(&mut self, operand: Value<'v>, key: &'v str, optional: bool) -> Result<'v> {
        let inner = match &operand {
            Value::Optional(None) => return Ok(operand),
            Value::Optional(Some(v)) => Some((**v).clone()),
            _ => None,
        };
        let target = inner.as_ref().unwrap_or(&operand);
        let found = match target.member(key) {
            Some(found) => Some(found),
            None if matches!(target, Value::Composed) => self.composed(key),
            None if target.list_len().is_some() => {
                Some(Err(Error::new("unsupported index type 'string' in list")))
            }
            None => None,
        };
        if !optional && inner.is_none() {
            self.charge(1)?;
            return found.unwrap_or_else(|| Err(missing_key(key)));
        }
        self.present(found)
    }

    /// A variable of the policy.
    #[inline(never)]
    fn composed(&self, name: &str) -> Option<Result<'v>> {
        self.composed.map(|composed| composed.get(name, self.vars, self.cancel))
    }

    /// A member as an optional; only one that is there costs something.
    fn present(&mut self, found: Option<Result<'v>>) -> Result<'v> {
        match found {
            None => Ok(Value::Optional(None)),
            Some(found) => {
                self.charge(1)?;
                found.map(Value::some)
            }
        }
    }

    /// `has(operand.key)`.
    #[inline(never)]
    pub(super) fn has(&mut self, operand: &'v Node, key: &'v str) -> Result<'v> {
        let operand = self.eval(operand)?;
        let (target, wrapped) = match &operand {
            Value::Optional(None) => return Ok(Value::Bool(false)),
            Value::Optional(Some(v)) => (&**v, true),
            value => (value, false),
        };
        let found = match target {
            Value::Object(map, None) => map.contains_key(key),
            other if other.list_len().is_some() => {
                self.charge(1)?;
                return Err(Error::new("unsupported index type 'string' in list"));
            }
            Value::Composed => self.composed(key).is_some(),
            other => other.member(key).is_some(),
        };
        if found || !wrapped {
            self.charge(1)?;
        }
        Ok(Value::Bool(found))
    }

    /// `operand[index]` and `operand[?index]`.
    #[inline(never)]
    pub(super) fn index(
        &mut self,
        operand: &'v Node,
        index: &'v Node,
        optional: bool,
        extra: u64,
    ) -> Result<'v> {
        let operand = self.eval(operand);
        self.charge(extra)?;
        let operand = operand?;
        let inner = match &operand {
            Value::Optional(None) => return Ok(operand),
            Value::Optional(Some(v)) => Some((**v).clone()),
            _ => None,
        };
        let target = inner.as_ref().unwrap_or(&operand);
        let index = self.eval(index)?;
        let found = if target.list_len().is_some() {
            match position(&index) {
                Ok(at) => at.and_then(|at| target.item(at)),
                Err(e) => Some(Err(e)),
            }
        } else {
            value::find(target, &index)
        };
        if !optional && inner.is_none() {
            self.charge(1)?;
            return found.unwrap_or_else(|| Err(missing(target, &index)));
        }
        self.present(found)
    }
}

/// The place that an index names, `None` for one that no list has.
fn position(index: &Value<'_>) -> std::result::Result<Option<usize>, Error> {
    let unsupported = || Error::new(format!("unsupported index value {} in list", show::bare(index)));
    Ok(match index {
        Value::Int(i) => usize::try_from(*i).ok(),
        Value::Uint(u) if i64::try_from(*u).is_ok() => usize::try_from(*u).ok(),
        Value::Double(d) if d.fract() == 0.0 && d.abs() < 9e18 => usize::try_from(*d as i64).ok(),
        Value::Uint(_) | Value::Double(_) => return Err(unsupported()),
        other => {
            let ty = other.type_of();
            return Err(Error::new(format!("unsupported index type '{}' in list", ty.runtime_name())));
        }
    })
}

#[cold]
fn missing_key(key: &str) -> Error {
    Error::new(format!("no such key: {key}"))
}

#[cold]
fn missing(target: &Value<'_>, index: &Value<'_>) -> Error {
    if target.list_len().is_some() {
        return Error::new(format!("index out of bounds: {}", show::bare(index)));
    }
    missing_key(&show::bare(index))
}
