//! The types of the language, and what a checker has to know of an object's fields.
//!
//! Entry points: [`Type`] and [`TypeProvider`].

use std::fmt;
use std::sync::Arc;

use crate::ast::Name;

/// A type; displays as cel-go shows types in errors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// The type of something that is wrong; it fits everywhere, so that one mistake is reported once.
    Error,
    /// Known only when evaluated.
    Dyn,
    /// `null`.
    Null,
    /// `true` and `false`.
    Bool,
    /// 64 bits, signed.
    Int,
    /// 64 bits, unsigned.
    Uint,
    /// IEEE 754, 64 bits.
    Double,
    /// Unicode text.
    String,
    /// Bytes.
    Bytes,
    /// An instant.
    Timestamp,
    /// A span of time.
    Duration,
    /// A list.
    List(Arc<Type>),
    /// A map: key and value.
    Map(Arc<(Type, Type)>),
    /// The type of a type.
    Type(Option<Arc<Type>>),
    /// A type of its own with parameters, such as `optional_type`.
    Opaque(Name, Arc<[Type]>),
    /// An object type by name; a [`TypeProvider`] knows its fields.
    Struct(Name),
    /// A parameter of a signature.
    Param(Name),
    /// A parameter being resolved; never leaves the checker.
    #[doc(hidden)]
    Var(u32),
}

impl Type {
    /// A list of something.
    pub fn list(of: Type) -> Self {
        Type::List(Arc::new(of))
    }

    /// A map.
    pub fn map(key: Type, value: Type) -> Self {
        Type::Map(Arc::new((key, value)))
    }

    /// An optional value.
    pub fn optional(of: Type) -> Self {
        Type::Opaque("optional_type".into(), [of].into())
    }

    /// The type of a type.
    pub fn of_type(of: Type) -> Self {
        Type::Type(Some(Arc::new(of)))
    }

    /// An object type.
    pub fn object(name: &str) -> Self {
        Type::Struct(name.into())
    }

    /// What an optional holds.
    pub fn unwrap_optional(&self) -> Option<&Type> {
        match self {
            Type::Opaque(name, params) if &**name == "optional_type" => params.first(),
            _ => None,
        }
    }

    pub(crate) fn is_dyn(&self) -> bool {
        matches!(self, Type::Dyn)
    }

    pub(crate) fn is_dyn_or_error(&self) -> bool {
        matches!(self, Type::Dyn | Type::Error)
    }

    /// The name `type(x)` compares by; lists and maps have it without their parameters.
    pub fn runtime_name(&self) -> &str {
        match self {
            Type::Error => "error",
            Type::Dyn => "dyn",
            Type::Null => "null_type",
            Type::Bool => "bool",
            Type::Int => "int",
            Type::Uint => "uint",
            Type::Double => "double",
            Type::String => "string",
            Type::Bytes => "bytes",
            Type::Timestamp => "google.protobuf.Timestamp",
            Type::Duration => "google.protobuf.Duration",
            Type::List(_) => "list",
            Type::Map(_) => "map",
            Type::Type(_) => "type",
            Type::Opaque(name, _) | Type::Struct(name) | Type::Param(name) => name,
            Type::Var(_) => "dyn",
        }
    }

    /// The type with its parameters, by the names that `type(x)` compares by.
    pub(crate) fn full_name(&self) -> String {
        let name = self.runtime_name();
        let all = |params: &[&Type]| {
            let names: Vec<String> = params.iter().map(|param| param.full_name()).collect();
            format!("{name}({})", names.join(", "))
        };
        match self {
            Type::List(of) => all(&[of]),
            Type::Map(of) => all(&[&of.0, &of.1]),
            Type::Type(Some(of)) => all(&[of]),
            Type::Opaque(_, params) if !params.is_empty() => all(&params.iter().collect::<Vec<_>>()),
            _ => name.to_owned(),
        }
    }

    /// Reads a type as the tables of functions write it: `list(string)`, `map(K, V)`, `optional(T)`.
    pub(crate) fn read(text: &str) -> Self {
        let text = text.trim();
        if let Some((name, inner)) = text.strip_suffix(')').and_then(|t| t.split_once('(')) {
            return match name {
                "list" => Type::list(Self::read(inner)),
                "optional" => Type::optional(Self::read(inner)),
                "type" => Type::of_type(Self::read(inner)),
                _ => {
                    let (key, value) = inner.split_once(',').unwrap_or((inner, "dyn"));
                    Type::map(Self::read(key), Self::read(value))
                }
            };
        }
        match text {
            "dyn" => Type::Dyn,
            "null" => Type::Null,
            "bool" => Type::Bool,
            "int" => Type::Int,
            "uint" => Type::Uint,
            "double" => Type::Double,
            "string" => Type::String,
            "bytes" => Type::Bytes,
            "timestamp" => Type::Timestamp,
            "duration" => Type::Duration,
            "type" => Type::Type(None),
            "net.IP" | "net.CIDR" => Type::Opaque(text.into(), [].into()),
            _ if text.len() == 1 => Type::Param(text.into()),
            _ => Type::Struct(text.into()),
        }
    }

    /// The type a name in an expression stands for, such as `int` or `google.protobuf.Duration`.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "bool" => Type::Bool,
            "bytes" => Type::Bytes,
            "double" => Type::Double,
            "int" => Type::Int,
            "uint" => Type::Uint,
            "string" => Type::String,
            "null_type" => Type::Null,
            "type" => Type::Type(None),
            "list" => Type::list(Type::Dyn),
            "map" => Type::map(Type::Dyn, Type::Dyn),
            "google.protobuf.Timestamp" => Type::Timestamp,
            "google.protobuf.Duration" => Type::Duration,
            "optional_type" => Type::optional(Type::Dyn),
            "net.IP" | "net.CIDR" => Type::Opaque(name.into(), [].into()),
            _ => return None,
        })
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Error => f.write_str("!error!"),
            Type::Null => f.write_str("null"),
            Type::Timestamp => f.write_str("timestamp"),
            Type::Duration => f.write_str("duration"),
            Type::List(of) => write!(f, "list({of})"),
            Type::Map(of) => write!(f, "map({}, {})", of.0, of.1),
            Type::Type(Some(of)) => write!(f, "type({of})"),
            Type::Opaque(name, params) if !params.is_empty() => {
                write!(f, "{name}(")?;
                for (i, param) in params.iter().enumerate() {
                    write!(f, "{}{param}", if i > 0 { ", " } else { "" })?;
                }
                f.write_str(")")
            }
            Type::Var(n) => write!(f, "_var{n}"),
            other => f.write_str(other.runtime_name()),
        }
    }
}

/// A field of an object type.
#[derive(Clone, Debug)]
pub struct FieldType {
    /// Its type.
    pub ty: Type,
    /// The member of the object it stands for, when that is called otherwise (`foo.bar` for `foo__dot__bar`).
    pub key: Option<Name>,
}

impl From<Type> for FieldType {
    fn from(ty: Type) -> Self {
        Self { ty, key: None }
    }
}

/// Knows object types, for instance those of a schema; asked only about what an expression mentions.
pub trait TypeProvider: Send + Sync {
    /// True when there is an object type of that name.
    fn has_type(&self, name: &str) -> bool;

    /// A field of an object type.
    fn field(&self, type_name: &str, field: &str) -> Option<FieldType>;
}

/// A type, and who knows what is in it.
#[derive(Clone)]
pub struct Typed {
    /// The type.
    pub ty: Type,
    /// Knows its fields, and theirs.
    pub types: Arc<dyn TypeProvider>,
}

impl fmt::Debug for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.ty)
    }
}
