//! Objects of any structure of the catalogue.

use api::{Map, Str, Value};
use schema::{Field, ListType, Message, SchemaOr, Type};

use crate::Dice;
use crate::scalars::{anything, scalar, word};

/// What the server writes into an object's metadata itself.
const SYSTEM: &[&str] = &[
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "selfLink",
    "managedFields",
];

const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/// How objects are made.
#[derive(Clone, Copy, Debug)]
pub struct Maker {
    /// Of eight optional members, about how many are there.
    pub richness: usize,
    /// How many levels of structures there are at most; members that are always written stay.
    pub depth: usize,
    /// True to include what the server fills in: `uid`, `managedFields` and the like.
    pub system: bool,
    /// True for what loose clients send: empty lists, nulls, unusual spellings, members in any order.
    pub loose: bool,
}

impl Default for Maker {
    fn default() -> Self {
        Self { richness: 3, depth: 9, system: false, loose: false }
    }
}

impl Maker {
    /// An object of a kind, with its name, kind and version.
    pub fn object(
        &self,
        dice: &mut Dice<'_>,
        group: &str,
        version: &str,
        kind: &str,
        message: &'static Message,
    ) -> Value {
        let mut object = self.structure(dice, message);
        let api_version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
        let map = object.make_object();
        map.insert("kind", kind.into());
        map.insert("apiVersion", api_version.into());
        if message.field("metadata").is_some() {
            object.set_at(&["metadata", "name"], "n");
        }
        if !self.loose {
            schema::canonicalize(&mut object, message);
        }
        object
    }

    /// A value of a structure.
    pub fn structure(&self, dice: &mut Dice<'_>, message: &'static Message) -> Value {
        self.message(dice, message, self.depth).into()
    }

    fn message(&self, dice: &mut Dice<'_>, message: &'static Message, depth: usize) -> Map {
        let mut map = Map::new();
        for field in message.fields {
            if self.wants(dice, message, field, depth)
                && let Some(value) = self.field(dice, field, depth)
            {
                map.insert(field.name, value);
            }
        }
        if self.loose && dice.one_in(8) {
            map.rearrange(|members| dice.shuffle(members));
        }
        map
    }

    fn wants(&self, dice: &mut Dice<'_>, message: &Message, field: &Field, depth: usize) -> bool {
        if field.number == 0 && matches!(field.name, "kind" | "apiVersion") {
            return false;
        }
        if message.name == OBJECT_META && !self.system && SYSTEM.contains(&field.name) {
            return false;
        }
        // What holds objects is wanted more than the many leaves, or nothing would be deep.
        let inside = has_structures(&field.ty);
        if inside && depth == 0 {
            return false;
        }
        // A structure that may hold itself would otherwise grow without end.
        let richness =
            if inside && depth < self.depth.saturating_sub(5) { self.richness / 2 } else { self.richness };
        dice.below(8) < richness + usize::from(field.required) * 3
    }

    /// A value of a member; `None` when none can be made.
    pub(crate) fn field(&self, dice: &mut Dice<'_>, field: &Field, depth: usize) -> Option<Value> {
        if self.loose && dice.one_in(24) {
            return Some(Value::Null);
        }
        if matches!(field.ty, Type::String) && !field.allowed.is_empty() && !dice.one_in(8) {
            return Some(dice.pick(field.allowed).into());
        }
        match &field.ty {
            Type::List(item) => {
                let few = if item_depth(item) > 0 { 3 } else { 4 };
                let count = if self.loose { dice.below(few) } else { 1 + dice.below(few - 1) };
                let mut items: Vec<Value> = (0..count).map(|_| self.item(dice, field, item, depth)).collect();
                if !self.loose || !dice.one_in(4) {
                    tell_apart(&mut items, field, item);
                }
                Some(items.into())
            }
            ty => Some(self.value(dice, ty, depth)),
        }
    }

    /// An item of a list, with the members that tell it from others.
    pub(crate) fn item(&self, dice: &mut Dice<'_>, field: &Field, item: &Type, depth: usize) -> Value {
        let mut value = match item {
            Type::String if !field.allowed.is_empty() => dice.pick(field.allowed).into(),
            item => self.value(dice, item, depth),
        };
        if let (Type::Message(message), Value::Object(map)) = (item, &mut value) {
            for key in keys(field) {
                if let Some(member) = message.field(key)
                    && map.get(key).is_none_or(Value::is_null)
                {
                    map.insert(key, self.key(dice, member));
                }
            }
        }
        value
    }

    fn key(&self, dice: &mut Dice<'_>, member: &Field) -> Value {
        match member.default {
            // A key with a default is written, so that nobody has to fill it in.
            Some(text) if text != "\"\"" && dice.one_in(2) => text.trim_matches('"').into(),
            _ if !member.allowed.is_empty() => dice.pick(member.allowed).into(),
            _ => scalar(dice, &member.ty, false),
        }
    }

    fn value(&self, dice: &mut Dice<'_>, ty: &Type, depth: usize) -> Value {
        let deeper = depth.saturating_sub(1);
        match ty {
            Type::Message(message) => self.message(dice, message, deeper).into(),
            Type::List(item) => {
                (0..1 + dice.below(2)).map(|_| self.value(dice, item, deeper)).collect::<Vec<_>>().into()
            }
            Type::StringList => {
                (0..1 + dice.below(2)).map(|_| word(dice, self.loose)).collect::<Vec<_>>().into()
            }
            Type::Map(item) => {
                let least = usize::from(!self.loose);
                let names: Vec<Value> = (0..least + dice.below(3)).map(|_| word(dice, self.loose)).collect();
                let members =
                    names.iter().map(|name| (name.as_str().unwrap_or(""), self.value(dice, item, deeper)));
                members.collect::<Map>().into()
            }
            Type::JsonSchemaOr(alternative, message) => self.schema_or(dice, *alternative, message, deeper),
            scalar_type => scalar(dice, scalar_type, self.loose),
        }
    }

    fn schema_or(
        &self,
        dice: &mut Dice<'_>,
        alternative: SchemaOr,
        message: &'static Message,
        depth: usize,
    ) -> Value {
        if depth > 0 && dice.one_in(2) {
            return self.message(dice, message, depth).into();
        }
        match alternative {
            SchemaOr::Bool => dice.one_in(2).into(),
            SchemaOr::Array => vec![Value::Object(self.message(dice, message, depth.min(1)))].into(),
            SchemaOr::StringArray => vec![word(dice, false)].into(),
        }
    }

    /// Any JSON, for members that are free.
    pub fn free(&self, dice: &mut Dice<'_>) -> Value {
        anything(dice, 3)
    }
}

fn has_structures(ty: &Type) -> bool {
    match ty {
        Type::Message(_) | Type::JsonSchemaOr(..) => true,
        Type::List(item) | Type::Map(item) => has_structures(item),
        _ => false,
    }
}

fn item_depth(item: &Type) -> usize {
    usize::from(matches!(item, Type::Message(_) | Type::List(_) | Type::Map(_)))
}

/// The members that tell items apart, for server-side apply and for strategic merge.
pub(crate) fn keys(field: &Field) -> impl Iterator<Item = &'static str> {
    let apply: &[&str] = if let ListType::Map(keys) = field.list { keys } else { &[] };
    apply.iter().copied().chain(Some(field.patch.merge_key).filter(|key| !key.is_empty()))
}

/// Drops items that merging could not tell from an earlier one, whichever of the two ways it goes by.
pub(crate) fn tell_apart(items: &mut Vec<Value>, field: &Field, item: &Type) {
    let whole = field.list == ListType::Set || field.patch.merge && field.patch.merge_key.is_empty();
    if whole {
        let mut seen: Vec<Value> = Vec::new();
        items.retain(|item| {
            !seen.contains(item) && {
                seen.push(item.clone());
                true
            }
        });
    }
    if let ListType::Map(keys) = field.list {
        unique(items, keys, item);
    }
    if !field.patch.merge_key.is_empty() {
        unique(items, &[field.patch.merge_key], item);
    }
}

fn unique(items: &mut Vec<Value>, keys: &[&str], item: &Type) {
    let mut seen: Vec<Vec<Value>> = Vec::new();
    items.retain(|value| {
        let of = |key: &&str| value.get(key).cloned().unwrap_or_else(|| default(item, key));
        let key: Vec<Value> = keys.iter().map(of).collect();
        !seen.contains(&key) && {
            seen.push(key);
            true
        }
    });
}

fn default(item: &Type, key: &str) -> Value {
    let Type::Message(message) = item else { return Value::Null };
    let text = message.field(key).and_then(|field| field.default);
    text.map_or(Value::Null, |text| Str::from(text.trim_matches('"')).into())
}
