//! Values, most of which borrow from the objects an expression is about.
//!
//! Entry point: [`Value`].  A request's object is read where it lies: [`Value::Array`] and [`Value::Object`] point into
//! it, with a [`Shape`] where a schema says that what JSON writes as a number or text is something else.

mod convert;
mod map;
mod number;
pub(crate) mod show;

use std::sync::Arc;

use api::time::Timestamp;

use crate::ast::Literal;
use crate::error::Error;
use crate::library::Ext;
use crate::shape::Shape;
use crate::types::Type;

pub use map::MapValue;
pub(crate) use number::{compare, double_to_int, double_to_uint};

/// What an evaluation gives.
pub type Result<'v> = std::result::Result<Value<'v>, Error>;

/// A value; 24 bytes, cheap to clone.
// A tag of a whole word makes copies of values whole words, too; the processor forwards those from its store buffer.
#[derive(Clone, Debug, Default)]
#[repr(u64)]
pub enum Value<'v> {
    /// `null`.
    #[default]
    Null,
    /// A boolean.
    Bool(bool),
    /// A signed number.
    Int(i64),
    /// An unsigned number.
    Uint(u64),
    /// A floating-point number.
    Double(f64),
    /// A span of time in nanoseconds.
    Duration(i64),
    /// An instant.
    Timestamp(Timestamp),
    /// A text of an object or of the expression.
    Str(&'v str),
    /// A computed text.
    Text(Arc<str>),
    /// Bytes.
    Bytes(Arc<[u8]>),
    /// A list of an object.
    Array(&'v Vec<api::Value>, Option<&'v Shape>),
    /// An object or part of one.
    Object(&'v api::Map, Option<&'v Shape>),
    /// A computed list.
    List(Arc<Vec<Value<'v>>>),
    /// A computed map.
    Map(Arc<MapValue<'v>>),
    /// A type.
    Type(Arc<Type>),
    /// An optional, maybe empty.
    Optional(Option<Arc<Value<'v>>>),
    /// An object that computes its fields when asked.
    Fields(&'v dyn Fields),
    /// The variables of a policy, which whoever evaluates computes when one is asked for.
    Composed,
    /// An object made by the expression.
    Struct(Arc<StructValue<'v>>),
    /// A value of one of the libraries.
    Ext(Arc<Ext<'v>>),
}

const _: () = assert!(size_of::<Value<'_>>() == 24 && size_of::<Result<'_>>() == 24);

/// An object whose fields are computed when asked, such as the variables of a policy.
pub trait Fields: Send + Sync + std::fmt::Debug {
    /// The name of its type.
    fn type_name(&self) -> &str;

    /// The value of a field; `None` when there is no such field.
    fn field(&self, name: &str) -> Option<Result<'_>>;
}

/// An object made by an expression: `Object{spec: …}`.
#[derive(Clone, Debug)]
pub struct StructValue<'v> {
    /// The name of its type.
    pub type_name: crate::ast::Name,
    /// Its fields, in the order written, without those left out as empty optionals.
    pub fields: Vec<(crate::ast::Name, Value<'v>)>,
}

impl<'v> Value<'v> {
    /// A computed text.
    pub fn text(text: &str) -> Self {
        Value::Text(text.into())
    }

    /// A computed list.
    pub fn list(items: Vec<Value<'v>>) -> Self {
        Value::List(Arc::new(items))
    }

    /// An optional with a value.
    pub fn some(value: Value<'v>) -> Self {
        Value::Optional(Some(Arc::new(value)))
    }

    pub(crate) fn strings(texts: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        Self::list(texts.into_iter().map(|t| Value::text(t.as_ref())).collect())
    }

    /// The literal's value, borrowed from it.
    pub(crate) fn literal(literal: &Literal) -> Value<'static> {
        match literal {
            Literal::Null => Value::Null,
            Literal::Bool(b) => Value::Bool(*b),
            Literal::Int(i) => Value::Int(*i),
            Literal::Uint(u) => Value::Uint(*u),
            Literal::Double(d) => Value::Double(*d),
            Literal::String(s) => Value::Text(s.clone()),
            Literal::Bytes(b) => Value::Bytes(b.clone()),
        }
    }

    /// A part of an object, without a schema.
    #[inline]
    pub fn json(value: &'v api::Value) -> Self {
        match value {
            api::Value::Null => Value::Null,
            api::Value::Bool(b) => Value::Bool(*b),
            api::Value::Int(i) => Value::Int(*i),
            api::Value::Float(f) => Value::Double(*f),
            api::Value::String(s) => Value::Str(s),
            api::Value::Array(a) => Value::Array(a, None),
            api::Value::Object(m) => Value::Object(m, None),
        }
    }

    /// A part of an object, read as a schema says.
    #[inline]
    pub fn shaped(value: &'v api::Value, shape: Option<&'v Shape>) -> Result<'v> {
        match shape {
            None => Ok(Self::json(value)),
            Some(shape) => shape.read(value),
        }
    }

    /// The text of a string.
    #[inline]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::Str(s) => Some(s),
            Value::Text(s) => Some(s),
            _ => None,
        }
    }

    /// The value of a boolean.
    pub fn as_bool(&self) -> Option<bool> {
        if let Value::Bool(b) = self { Some(*b) } else { None }
    }

    /// The number of items of a list, if it is one.
    pub(crate) fn list_len(&self) -> Option<usize> {
        match self {
            Value::Array(a, _) => Some(a.len()),
            Value::List(l) => Some(l.len()),
            _ => None,
        }
    }

    /// An item of a list.
    pub(crate) fn item(&self, i: usize) -> Option<Result<'v>> {
        match self {
            Value::Array(a, shape) => a.get(i).map(|v| Value::shaped(v, shape.and_then(Shape::items))),
            Value::List(l) => l.get(i).map(|v| Ok(v.clone())),
            _ => None,
        }
    }

    /// All items of a list.
    pub(crate) fn items(&self) -> std::result::Result<Vec<Value<'v>>, Error> {
        match self {
            Value::List(l) => Ok(l.to_vec()),
            Value::Array(a, shape) => {
                let shape = shape.and_then(Shape::items);
                a.iter().map(|v| Value::shaped(v, shape)).collect()
            }
            _ => Err(Error::no_such_overload()),
        }
    }

    /// The entries of a map or object.
    pub(crate) fn entries(&self) -> std::result::Result<Vec<(Value<'v>, Value<'v>)>, Error> {
        match self {
            Value::Map(m) => Ok(m.entries().to_vec()),
            Value::Object(m, None) => Ok(m.iter().map(|(k, v)| (Value::Str(k), Value::json(v))).collect()),
            Value::Object(m, Some(shape)) => shape
                .members(m)
                .map(|(k, v)| {
                    let key = match k {
                        std::borrow::Cow::Borrowed(k) => Value::Str(k),
                        std::borrow::Cow::Owned(k) => Value::text(&k),
                    };
                    Ok((key, v?))
                })
                .collect(),
            _ => Err(Error::no_such_overload()),
        }
    }

    /// The number of entries of a map or object.
    pub(crate) fn map_len(&self) -> Option<usize> {
        match self {
            Value::Map(m) => Some(m.entries().len()),
            Value::Object(m, _) => Some(m.len()),
            _ => None,
        }
    }

    /// A member of a map or object by its key; `None` when it is missing or this is neither.
    #[inline]
    pub(crate) fn member(&self, key: &str) -> Option<Result<'v>> {
        match self {
            Value::Object(m, None) => m.get(key).map(|v| Ok(Value::json(v))),
            Value::Object(m, Some(shape)) => shape.member(m, key),
            Value::Map(m) => m.get(&Value::Str(key)).map(|v| Ok(v.clone())),
            Value::Struct(s) => s.fields.iter().find(|(k, _)| &**k == key).map(|(_, v)| Ok(v.clone())),
            Value::Fields(f) => f.field(key),
            _ => None,
        }
    }

    /// How big a value is for the accounting of cost: code points, bytes, items; 1 for everything else.
    #[inline]
    pub(crate) fn size(&self) -> u64 {
        let size = match self {
            Value::Str(s) => s.chars().count(),
            Value::Text(s) => s.chars().count(),
            Value::Bytes(b) => b.len(),
            Value::Ext(e) => e.size(),
            other => other.list_len().or_else(|| other.map_len()).unwrap_or(1),
        };
        size as u64
    }

    /// Its type, lists and maps without that of their contents.
    pub fn type_of(&self) -> Type {
        match self {
            Value::Null => Type::Null,
            Value::Bool(_) => Type::Bool,
            Value::Int(_) => Type::Int,
            Value::Uint(_) => Type::Uint,
            Value::Double(_) => Type::Double,
            Value::Duration(_) => Type::Duration,
            Value::Timestamp(_) => Type::Timestamp,
            Value::Str(_) | Value::Text(_) => Type::String,
            Value::Bytes(_) => Type::Bytes,
            Value::Array(..) | Value::List(_) => Type::list(Type::Dyn),
            Value::Object(..) | Value::Map(_) => Type::map(Type::Dyn, Type::Dyn),
            Value::Type(_) => Type::Type(None),
            Value::Optional(_) => Type::optional(Type::Dyn),
            Value::Fields(f) => Type::object(f.type_name()),
            Value::Composed => Type::object("kubernetes.variables"),
            Value::Struct(s) => Type::Struct(s.type_name.clone()),
            Value::Ext(e) => e.type_of(),
        }
    }

    /// True for what a protocol buffer would leave out.
    pub(crate) fn is_zero(&self) -> bool {
        match self {
            Value::Null => true,
            Value::Bool(b) => !b,
            Value::Int(i) | Value::Duration(i) => *i == 0,
            Value::Uint(u) => *u == 0,
            Value::Double(d) => *d == 0.0,
            Value::Timestamp(t) => t.is_zero(),
            Value::Optional(o) => o.is_none(),
            Value::Struct(s) => s.fields.is_empty(),
            Value::Type(_) | Value::Fields(_) | Value::Composed | Value::Ext(_) => false,
            _ => self.size() == 0,
        }
    }

    /// Equality across types: numbers compare by value, different kinds are unequal.
    pub fn equals(&self, other: &Value<'_>) -> bool {
        equal(self, other).unwrap_or(false)
    }
}

/// Equality; an error where values of the libraries refuse to be compared.
pub(crate) fn equal(a: &Value<'_>, b: &Value<'_>) -> std::result::Result<bool, Error> {
    Ok(match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Duration(a), Value::Duration(b)) => a == b,
        (Value::Timestamp(a), Value::Timestamp(b)) => a == b,
        (Value::Bytes(a), Value::Bytes(b)) => a == b,
        (Value::Type(a), Value::Type(b)) => a.runtime_name() == b.runtime_name(),
        (Value::Null, Value::Null) => true,
        (Value::Optional(a), Value::Optional(b)) => match (a, b) {
            (Some(a), Some(b)) => return equal(a, b),
            (a, b) => a.is_none() && b.is_none(),
        },
        (Value::Struct(a), Value::Struct(b)) => {
            a.type_name == b.type_name
                && a.fields.len() == b.fields.len()
                && a.fields.iter().all(|(k, v)| b.fields.iter().any(|(l, w)| k == l && v.equals(w)))
        }
        (_, Value::Null) | (Value::Null, _) => false,
        (Value::Ext(a), other) => return a.equals(other),
        _ => match (a.as_str(), b.as_str()) {
            (Some(a), Some(b)) => a == b,
            _ => return equal_containers(a, b),
        },
    })
}

fn equal_containers(a: &Value<'_>, b: &Value<'_>) -> std::result::Result<bool, Error> {
    if let Some(same) = number::equal(a, b) {
        return Ok(same);
    }
    if let (Some(n), Some(m)) = (a.list_len(), b.list_len()) {
        if n != m {
            return Ok(false);
        }
        if let Value::Array(_, Some(shape)) = a
            && let Some(same) = shape.equal_unordered(a, b)
        {
            return same;
        }
        for i in 0..n {
            let (Some(x), Some(y)) = (a.item(i), b.item(i)) else { return Ok(false) };
            if !equal(&x?, &y?)? {
                return Ok(false);
            }
        }
        return Ok(true);
    }
    if let (Some(n), Some(m)) = (a.map_len(), b.map_len()) {
        if n != m {
            return Ok(false);
        }
        if let Value::Object(object, Some(shape)) = a
            && !shape.unseen_equal(object, b)?
        {
            return Ok(false);
        }
        for (key, value) in a.entries()? {
            let Some(other) = find(b, &key) else { return Ok(false) };
            if !equal(&value, &other?)? {
                return Ok(false);
            }
        }
        return Ok(true);
    }
    Ok(false)
}

/// A member of a map by any key.
pub(crate) use map::find;
