//! What merging needs to know of a type, whichever kind of schema it comes from.
//!
//! Entry points: the trait [`TypeView`]; [`BuiltIn`] views the catalogue.  Types without a schema merge as
//! [`BuiltIn::Deduced`].

use api::{Str, Value};
use schema::{Field, ListType, Message, Presence, Type};

/// A type of a schema.
pub trait TypeView: Copy {
    /// The forms a value of this type may have.
    fn atom(self) -> Atom<Self>;

    /// The declared member `name` of its object form.
    fn field(self, name: &str) -> Option<Self>;

    /// The `i`th key of its list form when that is keyed.
    fn list_key(self, i: usize) -> Option<Str>;

    /// What a missing member `name` of its object form counts as where it is the key of an item.
    fn key_default(self, name: &str) -> Option<Value>;

    /// The object that is there before anything is written: Go's zero value, encoded.
    fn zero_object(self) -> Value;

    /// Brings a decoded object into the form that Go writes of it; nothing to do for types that are written as they
    /// come.
    fn canonicalize(self, object: &mut Value);

    /// True when that form lacks empty lists or maps that the decoded object has.
    fn holds_empties(self, object: &Value) -> bool;
}

/// The forms a value may have; all false for a type that is not known.
#[derive(Clone, Copy, Debug)]
pub struct Atom<V> {
    /// As a scalar.
    pub scalar: Option<Scalar>,
    /// As a list.
    pub list: Option<List<V>>,
    /// As an object.
    pub map: Option<Object<V>>,
}

/// A scalar form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// A number.
    Numeric,
    /// A string.
    String,
    /// A boolean.
    Boolean,
    /// Any scalar.
    Any,
}

/// A list form.
#[derive(Clone, Copy, Debug)]
pub struct List<V> {
    /// How its items are told apart.
    pub relation: Relation,
    /// The type of its items.
    pub item: V,
}

/// How the items of a list are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// They are not: the list is one value.
    Atomic,
    /// By their value.
    Set,
    /// By some of their members.
    Keyed,
}

/// An object form.
#[derive(Clone, Copy, Debug)]
pub struct Object<V> {
    /// True when the object is one value.
    pub atomic: bool,
    /// The type of members that are not declared; `None` when there must not be any.
    pub other: Option<V>,
    /// True when no schema says anything about its members.
    pub deduced: bool,
}

impl<V: Copy> Atom<V> {
    const fn of_scalar(scalar: Scalar) -> Self {
        Self { scalar: Some(scalar), list: None, map: None }
    }

    const fn of_list(relation: Relation, item: V) -> Self {
        Self { scalar: None, list: Some(List { relation, item }), map: None }
    }

    const fn of_map(map: Object<V>) -> Self {
        Self { scalar: None, list: None, map: Some(map) }
    }

    /// Keeps the form `value` has, or all of them when it has none of these (null in particular).
    #[must_use]
    pub fn deduce(self, value: Option<&Value>) -> Self {
        let none = Self { scalar: None, list: None, map: None };
        match value {
            Some(Value::Array(_)) if self.list.is_some() => Self { list: self.list, ..none },
            Some(Value::Object(_)) if self.map.is_some() => Self { map: self.map, ..none },
            Some(Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::String(_))
                if self.scalar.is_some() =>
            {
                Self { scalar: self.scalar, ..none }
            }
            _ => self,
        }
    }

    /// True when both keep the same forms of one type.
    pub fn same_forms(&self, other: &Self) -> bool {
        self.scalar.is_some() == other.scalar.is_some()
            && self.list.is_some() == other.list.is_some()
            && self.map.is_some() == other.map.is_some()
    }
}

/// A type of the catalogue.
#[derive(Clone, Copy, Debug)]
pub enum BuiltIn {
    /// A structure; the whole object of a kind.
    Message(&'static Message),
    /// What a field holds, with the merge rules of the field.
    Field(&'static Field),
    /// What a list or map holds.
    Type(&'static Type),
    /// Anything: objects are merged member by member, lists are one value.
    Deduced,
    /// Anything, as one value.
    Untyped,
}

impl BuiltIn {
    /// The type and, for a field, its merge rule.
    fn parts(self) -> Option<(Type, ListType, Option<&'static Field>)> {
        match self {
            Self::Message(message) => Some((Type::Message(message), ListType::Default, None)),
            Self::Field(field) => Some((field.ty, field.list, Some(field))),
            Self::Type(ty) => Some((*ty, ListType::Default, None)),
            Self::Deduced | Self::Untyped => None,
        }
    }

    fn message(self) -> Option<&'static Message> {
        match self.parts()?.0 {
            Type::Message(message) => Some(message),
            _ => None,
        }
    }
}

impl TypeView for BuiltIn {
    fn atom(self) -> Atom<Self> {
        let Some((ty, rule, field)) = self.parts() else {
            let deduced = matches!(self, Self::Deduced);
            let map = Object { atomic: !deduced, other: Some(self), deduced };
            let list = List { relation: Relation::Atomic, item: Self::Untyped };
            return Atom { scalar: Some(Scalar::Any), list: Some(list), map: Some(map) };
        };
        match ty {
            Type::Bool => Atom::of_scalar(Scalar::Boolean),
            Type::Int32 | Type::Int64 | Type::Double => Atom::of_scalar(Scalar::Numeric),
            Type::String | Type::Bytes | Type::Duration => Atom::of_scalar(Scalar::String),
            Type::Time | Type::MicroTime | Type::Quantity => Atom::of_scalar(Scalar::Any),
            Type::RawExtension => Self::Untyped.atom(),
            Type::IntOrString | Type::Json | Type::JsonSchemaOr(..) => Self::Deduced.atom(),
            Type::FieldsV1 => {
                Atom::of_map(Object { atomic: false, other: Some(Self::Deduced), deduced: true })
            }
            Type::StringList => Atom::of_list(Relation::Atomic, Self::Type(&Type::String)),
            Type::List(item) => Atom::of_list(relation(rule, field), Self::Type(item)),
            Type::Map(item) => {
                let atomic = rule == ListType::Atomic;
                Atom::of_map(Object { atomic, other: Some(Self::Type(item)), deduced: false })
            }
            Type::Message(message) => {
                let deduced = message.fields.is_empty();
                let other = deduced.then_some(Self::Deduced);
                Atom::of_map(Object { atomic: is_atomic(message, rule), other, deduced })
            }
        }
    }

    fn field(self, name: &str) -> Option<Self> {
        self.message()?.field(name).map(Self::Field)
    }

    fn list_key(self, i: usize) -> Option<Str> {
        let key = match self.parts()? {
            (_, ListType::Map(keys), _) => keys.get(i).copied()?,
            (_, ListType::Default, Some(field)) if i == 0 => field.patch.merge_key,
            _ => "",
        };
        (!key.is_empty()).then(|| Str::const_new(key))
    }

    fn key_default(self, name: &str) -> Option<Value> {
        let field = self.message()?.field(name)?;
        match field.default {
            Some(text) => codec::json::parse(text.as_bytes()).ok().map(|parsed| parsed.value),
            None if field.presence == Presence::Always && !field.pointer => zero_scalar(field.ty),
            None => None,
        }
    }

    fn zero_object(self) -> Value {
        self.message().map_or_else(Value::object, schema::zero)
    }

    fn canonicalize(self, object: &mut Value) {
        if let Some(message) = self.message() {
            schema::canonicalize_with(object, message, schema::Empties::Written);
        }
    }

    fn holds_empties(self, object: &Value) -> bool {
        self.message().is_some_and(|message| schema::holds_empties(object, message))
    }
}

/// A structure may be declared atomic, and a field that holds it may say otherwise.
fn is_atomic(message: &Message, rule: ListType) -> bool {
    match rule {
        ListType::Atomic => true,
        ListType::Granular => false,
        _ => message.atomic,
    }
}

/// The relation of a list: its list type, else its strategic-merge strategy, else atomic.
fn relation(rule: ListType, field: Option<&Field>) -> Relation {
    match (rule, field) {
        (ListType::Atomic, _) => Relation::Atomic,
        (ListType::Set, _) => Relation::Set,
        (ListType::Map(_), _) => Relation::Keyed,
        (_, Some(field)) if field.patch.merge && field.patch.merge_key.is_empty() => Relation::Set,
        (_, Some(field)) if field.patch.merge => Relation::Keyed,
        _ => Relation::Atomic,
    }
}

/// Go's zero value of a scalar that is always written.
fn zero_scalar(ty: Type) -> Option<Value> {
    match ty {
        Type::Bool => Some(false.into()),
        Type::Int32 | Type::Int64 => Some(0.into()),
        Type::String => Some("".into()),
        _ => None,
    }
}
