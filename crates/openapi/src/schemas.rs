//! Schemas of both OpenAPI dialects out of the catalogue.  Entry points: [`Schemas::named`] writes one,
//! [`Schemas::reachable`] finds all that a document needs.

use std::collections::BTreeSet;

use api::{Map, Str, Value, object};
use schema::{Field, ListType, Message, PatchStrategy, Presence, SchemaOr, Type};

use crate::{Describe, Dialect, model::Kind};

const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1";

macro_rules! meta {
    ($name:literal) => {
        concat!("io.k8s.apimachinery.pkg.apis.meta.v1.", $name)
    };
}

macro_rules! extensions {
    ($name:literal) => {
        concat!("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.", $name)
    };
}

/// OpenAPI names of the types that are no structures.
const TIME: &str = meta!("Time");
const MICRO_TIME: &str = meta!("MicroTime");
const DURATION: &str = meta!("Duration");
const FIELDS: &str = meta!("FieldsV1");
const PATCH: &str = meta!("Patch");
const QUANTITY: &str = "io.k8s.apimachinery.pkg.api.resource.Quantity";
const INT_OR_STRING: &str = "io.k8s.apimachinery.pkg.util.intstr.IntOrString";
const RAW: &str = "io.k8s.apimachinery.pkg.runtime.RawExtension";
const JSON: &str = extensions!("JSON");
const OR_BOOL: &str = extensions!("JSONSchemaPropsOrBool");
const OR_ARRAY: &str = extensions!("JSONSchemaPropsOrArray");
const OR_STRING_ARRAY: &str = extensions!("JSONSchemaPropsOrStringArray");

/// Kinds that belong to every group and version.
const IN_EVERY_GROUP: [&str; 2] = [meta!("DeleteOptions"), meta!("WatchEvent")];

/// `x-kubernetes-unions`: message, discriminator (`""` for none), and members with the value that selects each.
type Union = (&'static str, &'static str, &'static [(&'static str, &'static str)]);
const UNIONS: &[Union] = &[
    ("io.k8s.api.core.v1.AppArmorProfile", "type", &[("localhostProfile", "LocalhostProfile")]),
    ("io.k8s.api.core.v1.PodSchedulingGroup", "", &[("podGroupName", "PodGroupName")]),
    ("io.k8s.api.core.v1.SeccompProfile", "type", &[("localhostProfile", "LocalhostProfile")]),
    ("io.k8s.api.flowcontrol.v1.LimitResponse", "type", &[("queuing", "Queuing")]),
    (
        "io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationSpec",
        "type",
        &[("exempt", "Exempt"), ("limited", "Limited")],
    ),
    (
        "io.k8s.api.flowcontrol.v1.Subject",
        "kind",
        &[("group", "Group"), ("serviceAccount", "ServiceAccount"), ("user", "User")],
    ),
];

/// Which group-versions a document shows the kinds of every group under.
pub(crate) enum Everywhere<'a> {
    /// The core group and this one.
    One(&'a str, &'a str),
    /// All of these.
    All(&'a [(&'a str, &'a [&'a str])]),
}

/// Writes schemas of one dialect.
pub(crate) struct Schemas<'a> {
    /// The dialect.
    pub dialect: Dialect,
    /// Group and version of the kinds in a package of the catalogue, such as `io.k8s.api.apps.v1`.
    pub packages: &'a [(&'static str, Str, Str)],
    /// Where `DeleteOptions` and `WatchEvent` are kinds.
    pub everywhere: Everywhere<'a>,
}

impl Schemas<'_> {
    /// The schema of this name, `None` when there is no such.
    pub fn named(&self, name: &str, describe: Describe) -> Option<Value> {
        let mut out = Map::new();
        let describe: Describe =
            &|message, field| describe(message, field).or_else(|| of_list(message, field, describe));
        if let Some(text) = describe(name, "") {
            out.insert("description", text.into());
        }
        match schema::message(name) {
            Some(message) => self.structure(&mut out, message, describe),
            None => self.scalar(&mut out, name)?,
        }
        Some(out.into())
    }

    /// The names and those of every schema they refer to, sorted.
    pub fn reachable(roots: impl IntoIterator<Item = String>) -> BTreeSet<Str> {
        let mut found = BTreeSet::new();
        let mut open: Vec<Str> = roots.into_iter().map(Str::from).collect();
        while let Some(name) = open.pop() {
            if let Some(message) = schema::message(&name) {
                let fields = message.fields.iter().filter_map(|f| reference(&f.ty));
                open.extend(fields.filter(|n| !found.contains(*n)).map(Str::from));
            }
            found.insert(name);
        }
        found
    }

    fn structure(&self, out: &mut Map, message: &'static Message, describe: Describe) {
        out.insert("type", "object".into());
        let required: Vec<&str> = message.fields.iter().filter(|f| f.required).map(|f| f.name).collect();
        if !required.is_empty() {
            out.insert("required", required.into());
        }
        let mut properties: Map =
            message.fields.iter().map(|f| (f.name, self.property(message, f, describe))).collect();
        properties.sort();
        if !properties.is_empty() {
            out.insert("properties", properties.into());
        }
        let kinds = self.kinds(message);
        if !kinds.is_empty() {
            out.insert(
                "x-kubernetes-group-version-kind",
                kinds.iter().map(Kind::value).collect::<Vec<_>>().into(),
            );
        }
        if message.atomic {
            out.insert("x-kubernetes-map-type", "atomic".into());
        }
        if let Some(union) = UNIONS.iter().find(|(name, ..)| *name == message.name) {
            out.insert("x-kubernetes-unions", vec![union_value(union)].into());
        }
    }

    fn kinds(&self, message: &Message) -> Vec<Kind> {
        let (package, kind) = message.name.rsplit_once('.').unwrap_or(("", message.name));
        let of = |group: &str, version: &str| Kind {
            group: group.into(),
            version: version.into(),
            kind: kind.into(),
        };
        if IN_EVERY_GROUP.contains(&message.name) {
            return match self.everywhere {
                Everywhere::One("", version) => vec![of("", version)],
                Everywhere::One(group, version) => vec![of("", "v1"), of(group, version)],
                Everywhere::All(groups) => groups
                    .iter()
                    .flat_map(|(group, versions)| versions.iter().map(|v| of(group, v)))
                    .collect(),
            };
        }
        let typed = |name| message.field(name).is_some_and(|f| f.number == 0);
        if !typed("kind") || !typed("apiVersion") {
            return Vec::new();
        }
        if package == META {
            return vec![of("", "v1")];
        }
        let found = self.packages.iter().find(|(p, ..)| *p == package);
        found.map(|(_, group, version)| of(group, version)).into_iter().collect()
    }

    fn property(&self, message: &Message, field: &Field, describe: Describe) -> Value {
        let mut out = Map::new();
        let scalar_enum = !field.allowed.is_empty() && matches!(field.ty, Type::String);
        let mut description = describe(message.name, field.name).unwrap_or_default();
        if scalar_enum {
            list_values(&mut description, field.allowed);
        }
        if !description.is_empty() {
            out.insert("description", description.into());
        }
        self.default(&mut out, field);
        extensions(&mut out, field);
        self.shape(&mut out, &field.ty, field.allowed);
        out.into()
    }

    /// Upstream's generator writes the default of a marker, else the zero value of what Go always writes.
    fn default(&self, out: &mut Map, field: &Field) {
        if self.dialect == Dialect::V2 {
            return;
        }
        let zero = match field.ty {
            _ if field.pointer => None,
            Type::Message(_) => Some(Value::object()),
            _ if field.presence != Presence::Always => None,
            Type::String => Some("".into()),
            Type::Int32 | Type::Int64 => Some(0i64.into()),
            Type::Double => Some(0.0.into()),
            Type::Bool => Some(false.into()),
            _ => None,
        };
        if let Some(value) = field.default.map(literal).or(zero) {
            out.insert("default", value);
        }
    }

    /// Adds what says of which type a value is.
    fn shape(&self, out: &mut Map, ty: &Type, allowed: &[&'static str]) {
        let mut plain = |ty: &str, format: &str| {
            out.insert("type", ty.into());
            if !format.is_empty() {
                out.insert("format", format.into());
            }
        };
        match ty {
            Type::Bool => plain("boolean", ""),
            Type::Int32 => plain("integer", "int32"),
            Type::Int64 => plain("integer", "int64"),
            Type::Double => plain("number", "double"),
            Type::Bytes => plain("string", "byte"),
            Type::String => {
                plain("string", "");
                if !allowed.is_empty() {
                    out.insert("enum", allowed.to_vec().into());
                }
            }
            Type::List(item) => {
                plain("array", "");
                out.insert("items", self.inner(item, allowed));
            }
            Type::StringList => {
                plain("array", "");
                out.insert("items", self.inner(&Type::String, allowed));
            }
            Type::Map(value) => {
                plain("object", "");
                out.insert("additionalProperties", self.inner(value, allowed));
            }
            other => self.refer(out, reference(other).unwrap_or_default()),
        }
    }

    fn inner(&self, ty: &Type, allowed: &[&'static str]) -> Value {
        let mut out = Map::new();
        self.shape(&mut out, ty, allowed);
        out.into()
    }

    /// Refers to a schema.  Dialect 3 allows nothing beside `$ref`, so it is wrapped where there is something.
    fn refer(&self, out: &mut Map, name: &str) {
        let target: Value = format!("{}{name}", self.dialect.prefix()).into();
        if self.dialect == Dialect::V3 && !out.is_empty() {
            out.insert("allOf", vec![object! { "$ref" => target }].into());
        } else {
            out.insert("$ref", target);
        }
    }

    fn scalar(&self, out: &mut Map, name: &str) -> Option<()> {
        let one_of = |types: [&str; 2]| types.map(|ty| object! { "type" => ty }).to_vec();
        let (ty, format) = match (name, self.dialect) {
            (TIME | MICRO_TIME, _) => ("string", "date-time"),
            (DURATION, _) | (QUANTITY, Dialect::V2) => ("string", ""),
            (INT_OR_STRING, Dialect::V2) => ("string", "int-or-string"),
            (FIELDS | RAW | PATCH, _) => ("object", ""),
            (JSON | OR_BOOL | OR_ARRAY | OR_STRING_ARRAY, _) => return Some(()),
            (QUANTITY, Dialect::V3) => {
                out.insert("oneOf", one_of(["string", "number"]).into());
                return Some(());
            }
            (INT_OR_STRING, Dialect::V3) => {
                out.insert("format", "int-or-string".into());
                out.insert("oneOf", one_of(["integer", "string"]).into());
                return Some(());
            }
            _ => return None,
        };
        out.insert("type", ty.into());
        if !format.is_empty() {
            out.insert("format", format.into());
        }
        Some(())
    }
}

/// The name of the schema that a type, its items or its values refer to.
fn reference(ty: &Type) -> Option<&'static str> {
    match ty {
        Type::Time => Some(TIME),
        Type::MicroTime => Some(MICRO_TIME),
        Type::Duration => Some(DURATION),
        Type::Quantity => Some(QUANTITY),
        Type::IntOrString => Some(INT_OR_STRING),
        Type::FieldsV1 => Some(FIELDS),
        Type::RawExtension => Some(RAW),
        Type::Json => Some(JSON),
        Type::JsonSchemaOr(SchemaOr::Bool, _) => Some(OR_BOOL),
        Type::JsonSchemaOr(SchemaOr::Array, _) => Some(OR_ARRAY),
        Type::JsonSchemaOr(SchemaOr::StringArray, _) => Some(OR_STRING_ARRAY),
        Type::Message(message) => Some(message.name),
        Type::List(inner) | Type::Map(inner) => reference(inner),
        Type::Bool
        | Type::Int32
        | Type::Int64
        | Type::Double
        | Type::String
        | Type::Bytes
        | Type::StringList => None,
    }
}

/// What is to say about a list kind and its members; they are all alike.
fn of_list(message: &str, field: &str, describe: Describe) -> Option<String> {
    let kind = message.rsplit_once('.')?.1.strip_suffix("List").filter(|kind| !kind.is_empty())?;
    match field {
        "" => Some(format!("A list of {kind} objects.")),
        "items" => Some(format!("The {kind} objects.")),
        "metadata" => Some("Metadata of the list.".to_owned()),
        "apiVersion" | "kind" => describe(&format!("{META}.Status"), field),
        _ => None,
    }
}

/// How lists, maps and structures are merged.
fn extensions(out: &mut Map, field: &Field) {
    let is_map = matches!(field.ty, Type::Map(_) | Type::Message(_));
    match field.list {
        ListType::Default => {}
        ListType::Atomic if is_map => {
            out.insert("x-kubernetes-map-type", "atomic".into());
        }
        ListType::Atomic => {
            out.insert("x-kubernetes-list-type", "atomic".into());
        }
        ListType::Granular => {
            out.insert("x-kubernetes-map-type", "granular".into());
        }
        ListType::Set => {
            out.insert("x-kubernetes-list-type", "set".into());
        }
        ListType::Map(keys) => {
            out.insert("x-kubernetes-list-map-keys", keys.to_vec().into());
            out.insert("x-kubernetes-list-type", "map".into());
        }
    }
    patch_extensions(out, &field.patch);
}

fn patch_extensions(out: &mut Map, patch: &PatchStrategy) {
    if !patch.merge_key.is_empty() {
        out.insert("x-kubernetes-patch-merge-key", patch.merge_key.into());
    }
    let words = [(patch.merge, "merge"), (patch.replace, "replace"), (patch.retain_keys, "retainKeys")];
    let strategy: Vec<&str> = words.iter().filter(|(is, _)| *is).map(|(_, word)| *word).collect();
    if !strategy.is_empty() {
        out.insert("x-kubernetes-patch-strategy", strategy.join(",").into());
    }
}

fn union_value((_, discriminator, members): &Union) -> Value {
    let mut out = Map::new();
    if !discriminator.is_empty() {
        out.insert("discriminator", (*discriminator).into());
    }
    let members: Map = members.iter().copied().collect();
    out.insert("fields-to-discriminateBy", members.into());
    out.into()
}

/// Appends the closed set of values to a description, in the form upstream uses.
fn list_values(description: &mut String, allowed: &[&str]) {
    if !description.is_empty() {
        description.push_str("\n\n");
    }
    description.push_str("Possible enum values:");
    for value in allowed {
        description.push_str("\n - `\"");
        description.push_str(value);
        description.push_str("\"`");
    }
}

/// The value of a default marker: a JSON string without escapes, a number, a boolean or `{}`.
fn literal(text: &'static str) -> Value {
    match text {
        "{}" => Value::object(),
        "true" => true.into(),
        "false" => false.into(),
        _ => match text.parse::<i64>() {
            Ok(number) => number.into(),
            Err(_) => text.trim_matches('"').into(),
        },
    }
}
