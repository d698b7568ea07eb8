//! Versions and schemas as messages show them: upstream's internal types, nothing left out.
//!
//! Entry points: [`versions`], [`schema`] and [`items`].

use api::{Map, Value, object};

use crate::shown::{Holds, Member, internal, pointer, text};

use super::view::View;

/// What a member of a schema holds.
#[derive(Clone, Copy)]
enum Part {
    Text,
    Flag,
    /// A pointer or list of plain values: `null` when missing.
    Pointer,
    Schema,
    Schemas,
    SchemaMap,
    /// A schema or a list of them.
    Items,
    /// A schema or a truth value.
    OrBool,
    /// A map of schemas or lists of names.
    Dependencies,
    Docs,
    Rules,
}

const SCHEMA: [(&str, &str, Part); 43] = [
    ("id", "ID", Part::Text),
    ("$schema", "Schema", Part::Text),
    ("$ref", "Ref", Part::Pointer),
    ("description", "Description", Part::Text),
    ("type", "Type", Part::Text),
    ("nullable", "Nullable", Part::Flag),
    ("format", "Format", Part::Text),
    ("title", "Title", Part::Text),
    ("default", "Default", Part::Pointer),
    ("maximum", "Maximum", Part::Pointer),
    ("exclusiveMaximum", "ExclusiveMaximum", Part::Flag),
    ("minimum", "Minimum", Part::Pointer),
    ("exclusiveMinimum", "ExclusiveMinimum", Part::Flag),
    ("maxLength", "MaxLength", Part::Pointer),
    ("minLength", "MinLength", Part::Pointer),
    ("pattern", "Pattern", Part::Text),
    ("maxItems", "MaxItems", Part::Pointer),
    ("minItems", "MinItems", Part::Pointer),
    ("uniqueItems", "UniqueItems", Part::Flag),
    ("multipleOf", "MultipleOf", Part::Pointer),
    ("enum", "Enum", Part::Pointer),
    ("maxProperties", "MaxProperties", Part::Pointer),
    ("minProperties", "MinProperties", Part::Pointer),
    ("required", "Required", Part::Pointer),
    ("items", "Items", Part::Items),
    ("allOf", "AllOf", Part::Schemas),
    ("oneOf", "OneOf", Part::Schemas),
    ("anyOf", "AnyOf", Part::Schemas),
    ("not", "Not", Part::Schema),
    ("properties", "Properties", Part::SchemaMap),
    ("additionalProperties", "AdditionalProperties", Part::OrBool),
    ("patternProperties", "PatternProperties", Part::SchemaMap),
    ("dependencies", "Dependencies", Part::Dependencies),
    ("additionalItems", "AdditionalItems", Part::OrBool),
    ("definitions", "Definitions", Part::SchemaMap),
    ("externalDocs", "ExternalDocs", Part::Docs),
    ("example", "Example", Part::Pointer),
    ("x-kubernetes-preserve-unknown-fields", "XPreserveUnknownFields", Part::Pointer),
    ("x-kubernetes-embedded-resource", "XEmbeddedResource", Part::Flag),
    ("x-kubernetes-int-or-string", "XIntOrString", Part::Flag),
    ("x-kubernetes-list-map-keys", "XListMapKeys", Part::Pointer),
    ("x-kubernetes-list-type", "XListType", Part::Pointer),
    ("x-kubernetes-map-type", "XMapType", Part::Pointer),
];
const DOCS: [Member; 2] = [text("description", "Description"), text("url", "URL")];
const RULE: [Member; 6] = [
    text("rule", "Rule"),
    text("message", "Message"),
    text("messageExpression", "MessageExpression"),
    pointer("reason", "Reason"),
    text("fieldPath", "FieldPath"),
    pointer("optionalOldSelf", "OptionalOldSelf"),
];
const SCALE: [Member; 3] = [
    text("specReplicasPath", "SpecReplicasPath"),
    text("statusReplicasPath", "StatusReplicasPath"),
    pointer("labelSelectorPath", "LabelSelectorPath"),
];
const SUBRESOURCES: [Member; 2] =
    [pointer("status", "Status"), Member { name: "scale", go: "Scale", holds: Holds::Structure(&SCALE) }];
const COLUMN: [Member; 6] = [
    text("name", "Name"),
    text("type", "Type"),
    text("format", "Format"),
    text("description", "Description"),
    Member { name: "priority", go: "Priority", holds: Holds::Number },
    text("jsonPath", "JSONPath"),
];
const FIELD: [Member; 1] = [text("jsonPath", "JSONPath")];

/// The names of the members of a schema that are set, as Go has them, in its order.
pub(super) fn members(schema: &Value) -> impl Iterator<Item = &'static str> {
    let plain = SCHEMA.iter().filter(|(name, _, part)| match (part, schema.at(&[name])) {
        (_, Value::Null) | (Part::Flag, Value::Bool(false)) => false,
        (Part::Text, value) => value.as_str() != Some(""),
        _ => true,
    });
    let rules = (!schema.at(&["x-kubernetes-validations"]).is_null()).then_some("XValidations");
    plain.map(|(_, go, _)| *go).chain(rules)
}

/// The versions of a definition.
pub(super) fn versions(view: &View) -> Value {
    let list = view.spec.child("versions");
    if !list.is_set() {
        return Value::Null;
    }
    list.list().iter().map(|version| one_version(view, version)).collect::<Vec<_>>().into()
}

fn one_version(view: &View, version: &Value) -> Value {
    let own = |member: &str| if view.is_shared(member) { &Value::Null } else { version.at(&[member]) };
    let each = |list: &Value, members: &'static [Member]| match list.as_array() {
        Some(items) => items.iter().map(|item| internal(item, members)).collect::<Vec<_>>().into(),
        None => Value::Null,
    };
    let flag = |member: &str| version.at(&[member]).as_bool().unwrap_or(false);
    let structure = |value: &Value, show: &dyn Fn(&Value) -> Value| match value {
        Value::Null => Value::Null,
        value => show(value),
    };
    let shown_schema =
        |value: &Value| object! { "OpenAPIV3Schema" => part(value.at(&["openAPIV3Schema"]), Part::Schema) };
    object! {
        "Name" => version.str_at(&["name"]),
        "Served" => flag("served"),
        "Storage" => flag("storage"),
        "Deprecated" => flag("deprecated"),
        "DeprecationWarning" => version.at(&["deprecationWarning"]).clone(),
        "Schema" => structure(own("schema"), &shown_schema),
        "Subresources" => structure(own("subresources"), &|value| internal(value, &SUBRESOURCES)),
        "AdditionalPrinterColumns" => each(own("additionalPrinterColumns"), &COLUMN),
        "SelectableFields" => each(own("selectableFields"), &FIELD),
    }
}

/// One schema.
pub(super) fn schema(value: &Value) -> Value {
    let members = SCHEMA.iter().map(|(name, go, kind)| (*go, part(value.at(&[name]), *kind)));
    let rules = part(value.at(&["x-kubernetes-validations"]), Part::Rules);
    members.chain([("XValidations", rules)]).collect::<Map>().into()
}

/// One rule.
pub(super) fn rule(value: &Value) -> Value {
    internal(value, &RULE)
}

/// What `items` holds.
pub(super) fn items(value: &Value) -> Value {
    part(value, Part::Items)
}

fn part(value: &Value, kind: Part) -> Value {
    let all = |value: &Value| value.as_array().into_iter().flatten().map(schema).collect::<Vec<_>>();
    let mapped = |value: &Value, show: &dyn Fn(&Value) -> Value| {
        value
            .as_object()
            .into_iter()
            .flat_map(Map::iter)
            .map(|(key, item)| (key, show(item)))
            .collect::<Map>()
    };
    match (kind, value) {
        (Part::Text, Value::Null) => "".into(),
        (Part::Flag, Value::Null) => false.into(),
        (Part::Text | Part::Flag | Part::Pointer, value) => value.clone(),
        (_, Value::Null) => Value::Null,
        (Part::Schema, value) => schema(value),
        (Part::Schemas, value) => all(value).into(),
        (Part::SchemaMap, value) => mapped(value, &schema).into(),
        (Part::Items, Value::Array(_)) => object! { "Schema" => Value::Null, "JSONSchemas" => all(value) },
        (Part::Items, value) => object! { "Schema" => schema(value), "JSONSchemas" => Value::Null },
        (Part::OrBool, Value::Bool(allows)) => object! { "Allows" => *allows, "Schema" => Value::Null },
        (Part::OrBool, value) => object! { "Allows" => true, "Schema" => schema(value) },
        (Part::Dependencies, value) => mapped(value, &dependency).into(),
        (Part::Docs, value) => internal(value, &DOCS),
        (Part::Rules, value) => value.as_array().into_iter().flatten().map(rule).collect::<Vec<_>>().into(),
    }
}

fn dependency(value: &Value) -> Value {
    match value {
        Value::Array(_) => object! { "Schema" => Value::Null, "Property" => value.clone() },
        value => object! { "Schema" => schema(value), "Property" => Value::Null },
    }
}
