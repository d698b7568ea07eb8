//! How a schema wants JSON to be read: numbers that are always floating-point, texts that are instants, lists whose
//! order does not matter.
//!
//! Entry point: [`Shape`].  Where there is no shape, JSON is read as what it looks like.

use std::collections::HashMap;

use api::time::Timestamp;

use crate::ast::Name;
use crate::error::Error;
use crate::value::{self, Result, Value};

/// How to read a value and what is inside it.
#[derive(Clone, Debug, Default)]
pub struct Shape {
    /// What it is.
    pub read: Read,
    /// Whether `null` is allowed.
    pub nullable: bool,
    /// The name of its object type, if it has declared fields.
    pub type_name: Option<Name>,
    /// The declared members of an object, by their names in the object.
    pub fields: HashMap<Name, Shape>,
    /// The items of a list, or the values of a map without declared members.
    pub items: Option<Box<Shape>>,
    /// What makes lists equal, and what `+` does to them.
    pub list: ListKind,
}

/// What a value of JSON stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Read {
    /// What it looks like.
    #[default]
    Plain,
    /// A floating-point number, even when it is written as an integer.
    Double,
    /// An instant (`format: date-time`).
    DateTime,
    /// A day (`format: date`).
    Date,
    /// A span of time (`format: duration`).
    Duration,
    /// Base64 (`format: byte`).
    Bytes,
}

/// What kind of list it is (`x-kubernetes-list-type`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ListKind {
    /// An ordinary list.
    #[default]
    Atomic,
    /// Without order, each item once.
    Set,
    /// Without order, items told apart by these members.
    Map(Vec<Name>),
}

impl Shape {
    pub(crate) fn type_name(&self) -> Option<&str> {
        self.type_name.as_deref()
    }

    /// The shape of a member.
    pub(crate) fn field(&self, name: &str) -> Option<&Shape> {
        self.fields.get(name).or(self.items.as_deref())
    }

    /// The shape of the items.
    pub(crate) fn items(&self) -> Option<&Shape> {
        self.items.as_deref()
    }

    /// Reads a value.
    pub(crate) fn read<'v>(&'v self, json: &'v api::Value) -> Result<'v> {
        match (json, self.read) {
            (api::Value::Array(a), _) => Ok(Value::Array(a, Some(self))),
            (api::Value::Object(m), _) => Ok(Value::Object(m, Some(self))),
            (api::Value::Null, _) if !self.nullable && self.read != Read::Plain => {
                Err(Error::new("invalid data, got null for schema with nullable=false"))
            }
            (api::Value::Int(i), Read::Double) => Ok(Value::Double(*i as f64)),
            (api::Value::String(s), read) => read.text(s),
            _ => Ok(Value::json(json)),
        }
    }

    /// Equality of lists without order; `None` for ordinary ones.
    pub(crate) fn equal_unordered(
        &self,
        a: &Value<'_>,
        b: &Value<'_>,
    ) -> Option<std::result::Result<bool, Error>> {
        if self.list == ListKind::Atomic {
            return None;
        }
        Some((|| {
            let mine = a.items()?;
            for item in b.items()? {
                let found = match &self.list {
                    ListKind::Map(keys) => mine.iter().find(|m| same_keys(keys, m, &item)),
                    _ => mine.iter().find(|m| m.equals(&item)),
                };
                match found {
                    Some(m) if value::equal(m, &item)? => {}
                    _ => return Ok(false),
                }
            }
            Ok(true)
        })())
    }

    /// `a + b` of lists without order; `None` for ordinary ones.
    pub(crate) fn union<'v>(
        &self,
        a: &Value<'v>,
        b: &Value<'v>,
    ) -> Option<std::result::Result<Vec<Value<'v>>, Error>> {
        if self.list == ListKind::Atomic {
            return None;
        }
        Some((|| {
            let mut all = a.items()?;
            for item in b.items()? {
                let found = match &self.list {
                    ListKind::Map(keys) => all.iter_mut().find(|m| same_keys(keys, m, &item)),
                    _ => all.iter_mut().find(|m| m.equals(&item)),
                };
                match found {
                    Some(slot) => *slot = item,
                    None => all.push(item),
                }
            }
            Ok(all)
        })())
    }
}

fn same_keys(keys: &[Name], a: &Value<'_>, b: &Value<'_>) -> bool {
    keys.iter().all(|key| match (a.member(key), b.member(key)) {
        (Some(Ok(a)), Some(Ok(b))) => a.equals(&b),
        (None, None) => true,
        _ => false,
    })
}

impl Read {
    fn text(self, text: &str) -> Result<'_> {
        match self {
            Read::Plain | Read::Double => Ok(Value::Str(text)),
            Read::DateTime => Timestamp::parse(text)
                .map(Value::Timestamp)
                .map_err(|e| Error::new(format!("Invalid date-time formatted string {text}: {e}"))),
            Read::Date => Timestamp::parse(&format!("{text}T00:00:00Z"))
                .map(Value::Timestamp)
                .map_err(|e| Error::new(format!("Invalid date formatted string {text}: {e}"))),
            Read::Duration => api::time::duration::parse(text)
                .map(Value::Duration)
                .map_err(|e| Error::new(format!("Invalid duration {text}: {e}"))),
            Read::Bytes => crate::library::base64(text)
                .map(|b| Value::Bytes(b.into()))
                .ok_or_else(|| Error::new(format!("Invalid byte formatted string {text}: invalid base64"))),
        }
    }
}
