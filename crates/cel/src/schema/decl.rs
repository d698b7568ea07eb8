//! What a schema declares: types by name, and how large values may get.
//!
//! Entry point: [`Decl::of`].  Sizes are upstream's: what fits into a request when the schema sets no bound.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Additional, Structural};
use crate::ast::Name;
use crate::escape::escape;
use crate::estimate::{Range, SizeHints};
use crate::types::{FieldType, Type, TypeProvider, Typed};

/// The largest request, in bytes; nothing inside it is larger.
pub(super) const REQUEST: u64 = 3 * 1024 * 1024;
/// The longest spans and instants as JSON.
const TIME: u64 = 32;
/// A day as JSON.
const DAY: u64 = 12;
/// The name of the type of `self`; upstream makes up another one each time, so that nobody writes it.
const SELF: &str = "selfType0";

/// The declared type of a part of an object.
#[derive(Debug)]
pub(crate) struct Decl {
    kind: Kind,
    /// The most items, entries or characters.
    max: u64,
    /// The least bytes it takes as JSON.
    min: u64,
}

#[derive(Debug)]
enum Kind {
    Simple(Type),
    List(Arc<Decl>),
    Map(Arc<Decl>),
    /// The members that expressions can name, by their escaped names.
    Object(HashMap<Name, Member>),
}

#[derive(Debug)]
struct Member {
    decl: Arc<Decl>,
    /// The name in the object, when it is another.
    key: Option<Name>,
}

impl Decl {
    /// The declaration of a schema, `None` when expressions cannot see it.  A resource has a kind and a name.
    pub(super) fn of(s: &Structural, resource: bool) -> Option<Arc<Self>> {
        if s.int_or_string {
            let max = s.max_length.map_or(REQUEST - 2, in_bytes);
            return Some(Arc::new(Self { kind: Kind::Simple(Type::Dyn), max, min: 1 }));
        }
        let simple = |ty, max, min| Some(Self { kind: Kind::Simple(ty), max, min });
        match &*s.ty {
            "array" => Self::list(s.items.as_ref()?, s.max_items),
            "object" => match &s.additional {
                Additional::Like(values) => Self::map(values, s.max_properties),
                _ => Some(Self::object(s, resource)),
            },
            "string" => Some(Self::text(s)),
            "boolean" => simple(Type::Bool, 0, 4),
            "number" => simple(Type::Double, 0, 1),
            "integer" => simple(Type::Int, 0, 1),
            _ => None,
        }
        .map(Arc::new)
    }

    fn list(items: &Structural, bound: Option<u64>) -> Option<Self> {
        let items = Self::of(items, items.embedded)?;
        let max = bound.unwrap_or((REQUEST - 2) / (items.min + 1));
        Some(Self { kind: Kind::List(items), max, min: 2 })
    }

    fn map(values: &Structural, bound: Option<u64>) -> Option<Self> {
        let values = Self::of(values, values.embedded)?;
        // A key has two quotes, a colon, a comma and at least two more bytes.
        let max = bound.unwrap_or((REQUEST - 2) / (values.min + 6));
        Some(Self { kind: Kind::Map(values), max, min: 2 })
    }

    fn object(s: &Structural, resource: bool) -> Self {
        let (mut members, mut min) = (HashMap::new(), 2);
        for (name, schema) in s.members(resource).iter() {
            let Some(decl) = Self::of(schema, schema.embedded) else { continue };
            if !schema.has_default && s.required.contains(name) {
                min += name.len() as u64 + decl.min + 4;
            }
            if let Some(escaped) = escape(name) {
                let key = (*escaped != **name).then(|| name.clone());
                members.insert(escaped.into(), Member { decl, key });
            }
        }
        Self { kind: Kind::Object(members), max: 0, min }
    }

    fn text(s: &Structural) -> Self {
        let (ty, max, min) = match &*s.format {
            "byte" => (Type::Bytes, s.max_length.unwrap_or(REQUEST - 2), 2),
            "duration" => (Type::Duration, TIME, 3),
            "date" => (Type::Timestamp, DAY, DAY),
            "date-time" => (Type::Timestamp, TIME, 21),
            _ => {
                let unbounded = s.longest_choice.unwrap_or(REQUEST - 2);
                (Type::String, s.max_length.map_or(unbounded, in_bytes), 2)
            }
        };
        Self { kind: Kind::Simple(ty), max, min }
    }

    /// The declaration of a property, by its name in the object.
    pub(super) fn property(&self, name: &str) -> Option<&Arc<Self>> {
        self.member(&escape(name)?).map(|m| &m.decl)
    }

    /// The declaration of items or values.
    pub(super) fn element(&self) -> Option<&Arc<Self>> {
        if let Kind::List(of) | Kind::Map(of) = &self.kind { Some(of) } else { None }
    }

    fn member(&self, escaped: &str) -> Option<&Member> {
        if let Kind::Object(members) = &self.kind { members.get(escaped) } else { None }
    }

    /// How often such a value fits into a request.
    pub(super) fn most_in_request(&self) -> u64 {
        REQUEST / (self.min + 1)
    }

    /// The type; objects in it are called after the place they are at.
    fn ty(&self, name: &str) -> Type {
        match &self.kind {
            Kind::Simple(ty) => ty.clone(),
            Kind::List(of) => Type::list(of.ty(&format!("{name}.@idx"))),
            Kind::Map(of) => Type::map(Type::String, of.ty(&format!("{name}.@elem"))),
            Kind::Object(_) => Type::object(name),
        }
    }
}

/// A bound in code points as bytes.
fn in_bytes(code_points: u64) -> u64 {
    code_points.saturating_mul(4)
}

/// The type of a resource of a kind with this schema; `None` when the schema says nothing.
pub fn typed(kind: &str, schema: &api::Value) -> Option<Typed> {
    let root = Decl::of(&Structural::read(schema), true)?;
    let types = Types { root, name: format!("{kind}0").into() };
    Some(Typed { ty: types.ty(), types: Arc::new(types) })
}

/// The object types below a declaration, and the sizes of what variables of that type lead to.
#[derive(Debug)]
pub(super) struct Types {
    root: Arc<Decl>,
    /// The name of the type of the whole.
    name: Name,
}

impl Types {
    /// The types of `self` and what is in it.
    pub(super) fn of_self(root: &Arc<Decl>) -> Self {
        Self { root: root.clone(), name: SELF.into() }
    }

    /// The type of the whole.
    pub(super) fn ty(&self) -> Type {
        self.root.ty(&self.name)
    }

    fn find(&self, type_name: &str) -> Option<&Decl> {
        let mut at = &*self.root;
        let inside = type_name.strip_prefix(&*self.name).filter(|r| r.is_empty() || r.starts_with('.'))?;
        for part in inside.split('.').skip(1) {
            at = if part.starts_with('@') { at.element()? } else { &at.member(part)?.decl };
        }
        Some(at)
    }
}

impl TypeProvider for Types {
    fn has_type(&self, name: &str) -> bool {
        matches!(self.find(name), Some(Decl { kind: Kind::Object(_), .. }))
    }

    fn field(&self, type_name: &str, field: &str) -> Option<FieldType> {
        let member = self.find(type_name)?.member(field)?;
        Some(FieldType { ty: member.decl.ty(&format!("{type_name}.{field}")), key: member.key.clone() })
    }
}

impl SizeHints for Types {
    fn size(&self, path: &[Name], _: &Type) -> Option<Range> {
        let (_, path) = path.split_first()?;
        let mut at = &*self.root;
        for part in path {
            at = match (&**part, &at.kind) {
                ("@items" | "@values", Kind::List(of) | Kind::Map(of)) => of,
                ("@keys", Kind::Map(_)) => return Some(Range::default()),
                (name, _) => &at.member(name)?.decl,
            };
        }
        Some(Range { min: 0, max: at.max })
    }
}
