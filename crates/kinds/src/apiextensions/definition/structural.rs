//! Structural schemas: every field has a type outside of `allOf`, `anyOf`, `oneOf` and `not`, which only narrow values
//! (KEP-1693 and what came of it).
//!
//! Entry points: [`unsupported`] and [`check`].

use api::{Map, Value, field};

use crate::{Cursor, regexp};

use super::walk;

const LOGIC: [&str; 3] = ["allOf", "anyOf", "oneOf"];
/// Members that a schema may not have at all, each with its name in failures.
const UNSUPPORTED: [(&str, &str); 7] = [
    ("id", "id"),
    ("$schema", "schema"),
    ("$ref", "$ref"),
    ("patternProperties", "patternProperties"),
    ("dependencies", "dependencies"),
    ("additionalItems", "additionalItems"),
    ("definitions", "definitions"),
];

/// Where a schema stands, which decides how failures are worded.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Root,
    Item,
    Field,
}

/// Why a schema cannot be looked at as a structural one.
pub(super) fn unsupported(schema: &Value) -> Option<String> {
    let given = |value: &Value| match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Object(map) => !map.is_empty(),
        _ => true,
    };
    let mut open = vec![schema];
    while let Some(schema) = open.pop() {
        if let Some((_, shown)) = UNSUPPORTED.iter().find(|(name, _)| given(schema.at(&[name]))) {
            return Some(format!("OpenAPIV3Schema '{shown}' is not supported"));
        }
        if schema.at(&["x-kubernetes-preserve-unknown-fields"]).as_bool() == Some(false) {
            return Some(
                "internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined".to_owned(),
            );
        }
        if !schema.array_at(&["items"]).is_empty() {
            return Some("OpenAPIV3Schema 'items' must be a schema, but is an array".to_owned());
        }
        open.extend(walk::inner(schema));
    }
    None
}

/// All failures of a schema to be structural, in the order of their texts.
pub(super) fn check(schema: &Cursor, errors: &mut field::Errors) {
    let mut found = field::Errors::new();
    invariants(schema, Level::Root, &mut found);
    logic_is_complete(schema.value(), Some(schema), &schema.path(), &schema.path(), &mut found);
    found.0.sort_by_cached_key(ToString::to_string);
    errors.extend(found);
}

fn is_schema(at: &Cursor) -> bool {
    at.map().is_some()
}

fn invariants(s: &Cursor, level: Level, errors: &mut field::Errors) {
    let items = s.child("items");
    if s.text("type") == "array" && !is_schema(&items) {
        items.required(errors, "must be specified");
    }
    if is_schema(&items) {
        invariants(&items, Level::Item, errors);
    }
    for (_, property) in s.child("properties").entries() {
        invariants(&property, Level::Field, errors);
    }
    let additional = s.child("additionalProperties");
    if additional.is_set() && level == Level::Root {
        additional.forbidden(errors, "must not be used at the root");
    }
    if is_schema(&additional) {
        invariants(&additional, Level::Field, errors);
    }
    extensions(s, errors);
    let (any_of, all_of) = (s.value().at(&["anyOf"]), s.value().array_at(&["allOf"]));
    let first = all_of.first().is_some_and(|first| is_int_or_string(first.at(&["anyOf"])));
    values(s, is_int_or_string(any_of), first, errors);
    types(s, level, errors);
    resource_members(s, level, errors);
}

/// `anyOf: [{type: integer}, {type: string}]`, which may stand beside `x-kubernetes-int-or-string`.
fn is_int_or_string(any_of: &Value) -> bool {
    let only_type = |value: &Value, wanted: &str| {
        let mut members = super::shown::members(value);
        members.next() == Some("Type") && members.next().is_none() && value.str_at(&["type"]) == wanted
    };
    matches!(any_of.as_array(), Some([first, second]) if only_type(first, "integer") && only_type(second, "string"))
}

fn extensions(s: &Cursor, errors: &mut field::Errors) {
    if !s.flag("x-kubernetes-int-or-string") {
        return;
    }
    for name in ["x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource"] {
        if s.flag(name) {
            s.child(name).invalid(errors, "must be false if x-kubernetes-int-or-string is true");
        }
    }
}

fn types(s: &Cursor, level: Level, errors: &mut field::Errors) {
    let kind = s.child("type");
    let embedded = s.flag("x-kubernetes-embedded-resource");
    let untyped = s.flag("x-kubernetes-int-or-string") || s.flag("x-kubernetes-preserve-unknown-fields");
    if embedded && kind.str() != "object" {
        let why = "must be object if x-kubernetes-embedded-resource is true";
        if kind.is_empty() { kind.required(errors, why) } else { kind.invalid(errors, why) }
    } else if kind.is_empty() && !untyped {
        let place = match level {
            Level::Root => "at the root",
            Level::Item => "for specified array items",
            Level::Field => "for specified object fields",
        };
        kind.required(errors, &format!("must not be empty {place}"));
    }
    if embedded && s.has("additionalProperties") {
        let why = "must not be used if x-kubernetes-embedded-resource is set";
        s.child("additionalProperties").forbidden(errors, why);
    }
    if level == Level::Root && !kind.is_empty() && kind.str() != "object" {
        kind.invalid(errors, "must be object at the root");
    }
}

/// `kind`, `apiVersion` and `metadata` of the object itself and of embedded ones.
fn resource_members(s: &Cursor, level: Level, errors: &mut field::Errors) {
    let properties = s.child("properties");
    let embedded = s.flag("x-kubernetes-embedded-resource");
    let is_resource = level == Level::Root || embedded;
    for name in ["kind", "apiVersion"] {
        let property = properties.key(name);
        if is_resource && property.is_set() && property.text("type") != "string" {
            property.child("type").bad(errors, property.text("type"), "must be string");
        }
    }
    let metadata = properties.key("metadata");
    if metadata.is_set() {
        if is_resource && metadata.text("type") != "object" {
            metadata.child("type").bad(errors, metadata.text("type"), "must be object");
        }
        if level == Level::Root && !restricts_names_only(metadata.value()) {
            let why = "must not specify anything other than name and generateName, but metadata is implicitly specified";
            metadata.forbidden(errors, why);
        }
    }
    if embedded && !s.flag("x-kubernetes-preserve-unknown-fields") && properties.is_empty() {
        let why = "must not be empty if x-kubernetes-embedded-resource is true without \
                   x-kubernetes-preserve-unknown-fields";
        properties.required(errors, why);
    }
}

fn restricts_names_only(metadata: &Value) -> bool {
    let names = metadata
        .at(&["properties"])
        .as_object()
        .is_none_or(|properties: &Map| properties.keys().all(|name| matches!(name, "name" | "generateName")));
    names && super::shown::members(metadata).all(|name| matches!(name, "Type" | "Properties" | "Default"))
}

/// What narrows values; `skip_any` and `skip_first` leave out the exception for integers or strings.
fn values(s: &Cursor, skip_any: bool, skip_first: bool, errors: &mut field::Errors) {
    if !skip_any {
        s.child("anyOf").items().for_each(|part| nested(&part, false, errors));
    }
    for (i, part) in s.child("allOf").items().enumerate() {
        nested(&part, skip_first && i == 0, errors);
    }
    s.child("oneOf").items().for_each(|part| nested(&part, false, errors));
    let not = s.child("not");
    if not.is_set() {
        nested(&not, false, errors);
    }
    let pattern = s.child("pattern");
    if let Some(why) = regexp::fault(pattern.str()) {
        pattern.invalid(errors, &format!("must be a valid regular expression, but isn't: {why}"));
    }
}

/// Members that do not narrow values, and what they must be inside of logic.
const FORBIDDEN: [(&str, &str); 11] = [
    ("default", "must be undefined"),
    ("title", "must be empty"),
    ("description", "must be empty"),
    ("nullable", "must be false"),
    ("x-kubernetes-preserve-unknown-fields", "must be false"),
    ("x-kubernetes-embedded-resource", "must be false"),
    ("x-kubernetes-int-or-string", "must be false"),
    ("x-kubernetes-list-map-keys", "must be empty"),
    ("x-kubernetes-list-type", "must be undefined"),
    ("x-kubernetes-map-type", "must be undefined"),
    ("x-kubernetes-validations", "must be empty"),
];

fn nested(s: &Cursor, skip_any: bool, errors: &mut field::Errors) {
    values(s, skip_any, false, errors);
    let items = s.child("items");
    if is_schema(&items) {
        nested(&items, false, errors);
    }
    for (_, property) in s.child("properties").entries() {
        nested(&property, false, errors);
    }
    if !s.child("type").is_empty() {
        s.child("type").forbidden(errors, "must be empty to be structural");
    }
    let additional = s.child("additionalProperties");
    if is_schema(&additional) || additional.bool() {
        additional.forbidden(errors, "must be undefined to be structural");
    }
    for (name, must) in FORBIDDEN {
        let member = s.child(name);
        let zero = match (must, member.value()) {
            (_, Value::Null) => true,
            ("must be false", value) => value.as_bool() == Some(false),
            ("must be empty", _) => member.is_empty(),
            _ => false,
        };
        if !zero {
            member.forbidden(errors, &format!("{must} to be structural"));
        }
    }
    let properties = s.child("properties");
    if properties.has("metadata") {
        properties.key("metadata").forbidden(errors, "must not be specified in a nested context");
    }
}

/// Every field that logic narrows is specified by the structure `s`, too; `at` and `from` are where both stand.
fn logic_is_complete(
    logic: &Value,
    s: Option<&Cursor>,
    at: &field::Path,
    from: &field::Path,
    errors: &mut field::Errors,
) {
    let not = logic.at(&["not"]);
    if !not.is_null() {
        part_is_complete(not, s, at, &from.child("not"), errors);
    }
    for name in LOGIC {
        for (i, part) in logic.array_at(&[name]).iter().enumerate() {
            part_is_complete(part, s, at, &from.child(name).index(i), errors);
        }
    }
}

fn part_is_complete(
    part: &Value,
    s: Option<&Cursor>,
    at: &field::Path,
    from: &field::Path,
    errors: &mut field::Errors,
) {
    let Some(s) = s else { return errors.required(at, format!("because it is defined in {from}")) };
    logic_is_complete(part, Some(s), at, from, errors);
    let items = part.at(&["items"]);
    if items.as_object().is_some() {
        let specified = s.child("items");
        let specified = is_schema(&specified).then_some(&specified);
        part_is_complete(items, specified, &at.child("items"), &from.child("items"), errors);
    }
    let properties = s.child("properties");
    for (name, property) in part.at(&["properties"]).as_object().into_iter().flat_map(Map::iter) {
        let specified = properties.key(name);
        let specified = is_schema(&specified).then_some(&specified);
        let (at, from) = (at.child("properties").key(name), from.child("properties").key(name));
        part_is_complete(property, specified, &at, &from, errors);
    }
}
