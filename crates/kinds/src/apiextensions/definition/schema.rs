//! What is wrong with the schema of a definition, but for its CEL rules.
//!
//! Entry point: [`check`].

use std::collections::HashSet;

use api::{Value, field};

use crate::Cursor;

use super::{defaults, path, shown, structural, walk};

/// Types a schema may have, as messages list them.
const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];
const REASONS: [&str; 4] =
    ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];
/// Members that the root may have when `status` is a subresource: what is said in others is lost for it.
const AT_ROOT: [&str; 22] = [
    "Description",
    "Type",
    "Format",
    "Title",
    "Maximum",
    "ExclusiveMaximum",
    "Minimum",
    "ExclusiveMinimum",
    "MaxLength",
    "MinLength",
    "Pattern",
    "MaxItems",
    "MinItems",
    "UniqueItems",
    "MultipleOf",
    "Required",
    "Items",
    "Properties",
    "ExternalDocs",
    "Example",
    "XPreserveUnknownFields",
    "XValidations",
];

/// What is asked of a schema; less than everything when the definition broke a rule already.
#[derive(Clone, Copy)]
pub(super) struct Strictness {
    /// Types are those of OpenAPI 3.
    pub(super) types: bool,
    /// The schema is structural.
    pub(super) structural: bool,
    /// Defaults hold known fields only.
    pub(super) pruned_defaults: bool,
    /// Items of sets are atomic.
    pub(super) atomic_sets: bool,
    /// Keys of lists are required or have a default.
    pub(super) list_keys: bool,
}

impl Strictness {
    /// Everything.
    pub(super) const FULL: Strictness = Strictness {
        types: true,
        structural: true,
        pruned_defaults: true,
        atomic_sets: true,
        list_keys: true,
    };

    /// What the schemas of an old definition keep to.
    pub(super) fn kept_by<'a>(schemas: &(impl Iterator<Item = &'a Value> + Clone)) -> Self {
        let none = |fault: &dyn Fn(&Value) -> bool| !schemas.clone().any(|schema| walk::any(schema, fault));
        let sound = |check: &dyn Fn(&Cursor, &mut field::Errors)| {
            schemas.clone().all(|schema| {
                let mut errors = field::Errors::new();
                check(&Cursor::root(schema), &mut errors);
                errors.is_empty()
            })
        };
        let structural = schemas.clone().all(|schema| structural::unsupported(schema).is_none())
            && sound(&structural::check);
        Self {
            types: none(&|schema| {
                !matches!(schema.str_at(&["type"]), "") && !TYPES.contains(&schema.str_at(&["type"]))
            }),
            structural,
            pruned_defaults: !structural || sound(&defaults::check),
            atomic_sets: none(&has_composite_set),
            list_keys: none(&|schema| {
                let mut errors = field::Errors::new();
                list_keys(&Cursor::root(schema), &mut errors);
                !errors.is_empty()
            }),
        }
    }
}

/// Whether a schema has a default anywhere.
pub(super) fn has_defaults(schema: &Value) -> bool {
    walk::any(schema, &|schema| !schema.at(&["default"]).is_null())
}

/// Whether a schema uses what only structural ones may.
pub(super) fn has_extensions(schema: &Value) -> bool {
    walk::any(schema, &|schema| {
        let set = |name: &str| !schema.at(&[name]).is_null();
        let some = |name: &str| !schema.array_at(&[name]).is_empty();
        let flag = |name: &str| schema.at(&[name]).as_bool() == Some(true);
        flag("x-kubernetes-embedded-resource")
            || set("x-kubernetes-preserve-unknown-fields")
            || flag("x-kubernetes-int-or-string")
            || some("x-kubernetes-list-map-keys")
            || set("x-kubernetes-list-type")
            || some("x-kubernetes-validations")
    })
}

/// All failures of the member `schema` of a version, or of `validation`, which stands for all of them.
pub(super) fn check(validation: &Cursor, status: bool, strict: Strictness, errors: &mut field::Errors) {
    let root = validation.child("openAPIV3Schema");
    if !root.is_set() {
        return;
    }
    let mut found = field::Errors::new();
    if status {
        check_root(&root, &mut found);
    }
    if root.flag("nullable") {
        root.child("nullable").forbidden(&mut found, "nullable cannot be true at the root");
    }
    let unsupported = structural::unsupported(root.value()).filter(|_| strict.structural);
    if strict.structural && unsupported.is_none() {
        let before = found.len();
        structural::check(&root, &mut found);
        if found.len() == before && strict.pruned_defaults {
            defaults::check(&root, &mut found);
        }
    }
    let place = Place { strict, inside_meta: false, no_defaults: None };
    check_schema(&root, true, &place, &mut found);
    if let Some(why) = unsupported.filter(|_| found.is_empty()) {
        root.bad(&mut found, "", &why);
    }
    errors.extend(found);
}

fn check_root(root: &Cursor, errors: &mut field::Errors) {
    for member in shown::members(root.value()) {
        if member == "Type" && root.text("type") != "object" {
            let why = "only \"object\" is allowed as the type at the root of the schema if the status subresource is \
                       enabled";
            return root.child("type").bad(errors, root.text("type"), why);
        }
        if !AT_ROOT.contains(&member) {
            let why = format!(
                "only [{}] fields are allowed at the root of the schema if the status subresource is enabled",
                AT_ROOT.join(" ")
            );
            return root.bad(errors, shown::schema(root.value()), &why);
        }
    }
}

/// Where in the whole schema a part stands.
#[derive(Clone)]
struct Place {
    strict: Strictness,
    /// Inside of `kind`, `apiVersion` or `metadata` of a resource.
    inside_meta: bool,
    /// Why there may be no defaults.
    no_defaults: Option<String>,
}

fn check_schema(s: &Cursor, is_root: bool, place: &Place, errors: &mut field::Errors) {
    own_members(s, place, errors);
    if s.flag("uniqueItems") {
        let why = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
        s.child("uniqueItems").forbidden(errors, why);
    }
    additional_properties(s, place, errors);
    properties(s, is_root, place, errors);
    let not = s.child("not");
    if not.is_set() {
        check_schema(&not, false, place, errors);
    }
    for name in ["allOf", "oneOf", "anyOf"] {
        s.child(name).items().for_each(|part| check_schema(&part, false, place, errors));
    }
    for (_, part) in s.child("definitions").entries() {
        check_schema(&part, false, place, errors);
    }
    let items = s.child("items");
    if items.map().is_some() {
        check_schema(&items, false, place, errors);
    }
    items.items().for_each(|part| check_schema(&part, false, place, errors));
    for (_, part) in s.child("dependencies").entries().filter(|(_, part)| part.map().is_some()) {
        check_schema(&part, false, place, errors);
    }
    extensions(s, place.strict, errors);
    rules(s, errors);
}

/// Members that OpenAPI knows and Kubernetes does not.
fn own_members(s: &Cursor, place: &Place, errors: &mut field::Errors) {
    let kind = s.child("type");
    if place.strict.types && !kind.is_empty() && !TYPES.contains(&kind.str()) {
        kind.not_supported(errors, &TYPES);
    }
    if let Some(reason) = place.no_defaults.as_ref().filter(|_| s.has("default")) {
        s.child("default").forbidden(errors, &format!("must not be set {reason}"));
    }
    let not_empty = |name: &str| !s.child(name).is_empty();
    for (name, given) in [
        ("id", not_empty("id")),
        ("additionalItems", s.has("additionalItems")),
        ("patternProperties", not_empty("patternProperties")),
        ("definitions", not_empty("definitions")),
        ("dependencies", s.has("dependencies")),
        ("$ref", s.has("$ref")),
    ] {
        if given {
            s.child(name).forbidden(errors, &format!("{name} is not supported"));
        }
    }
    if kind.str() == "null" {
        kind.forbidden(errors, "type cannot be set to null, use nullable as an alternative");
    }
    if !s.child("items").list().is_empty() {
        s.child("items").forbidden(errors, "items must be a schema object and not an array");
    }
    if place.inside_meta && s.flag("x-kubernetes-embedded-resource") {
        s.child("x-kubernetes-embedded-resource")
            .forbidden(errors, "must not be used inside of resource meta");
    }
}

/// Structures have properties, maps additional ones; nothing has both.
fn additional_properties(s: &Cursor, place: &Place, errors: &mut field::Errors) {
    let additional = s.child("additionalProperties");
    if !additional.is_set() {
        return;
    }
    if !s.child("properties").is_empty() && !additional.bool() {
        additional.forbidden(errors, "additionalProperties and properties are mutual exclusive");
    }
    if additional.map().is_some() {
        let mut place = place.clone();
        if place.inside_meta {
            place.no_defaults = Some("inside additionalProperties applying to object metadata".to_owned());
        }
        check_schema(&additional, false, &place, errors);
    }
}

fn properties(s: &Cursor, is_root: bool, place: &Place, errors: &mut field::Errors) {
    let is_resource = is_root || s.flag("x-kubernetes-embedded-resource");
    for (name, property) in s.child("properties").entries() {
        if !is_resource || !matches!(name, "metadata" | "kind" | "apiVersion") {
            check_schema(&property, false, place, errors);
            continue;
        }
        let no_defaults =
            if is_root { Some(format!("in top-level {name}")) } else { place.no_defaults.clone() };
        check_schema(
            &property,
            false,
            &Place { strict: place.strict, inside_meta: true, no_defaults },
            errors,
        );
    }
}

/// Members that Kubernetes adds to OpenAPI.
fn extensions(s: &Cursor, strict: Strictness, errors: &mut field::Errors) {
    let preserve = s.child("x-kubernetes-preserve-unknown-fields");
    if preserve.is_set() && !preserve.bool() {
        preserve.invalid(errors, "must be true or undefined");
    }
    let (map, list) = (s.child("x-kubernetes-map-type"), s.child("x-kubernetes-list-type"));
    if map.is_set() {
        typed(s, "object", "x-kubernetes-map-type", errors);
        map.one_of(errors, &["atomic", "granular"]);
    }
    if list.is_set() && !typed(s, "array", "x-kubernetes-list-type", errors) && strict.atomic_sets {
        composite_set(s, errors);
    }
    if list.is_set() {
        list.one_of(errors, &["atomic", "set", "map"]);
    }
    let keys = s.child("x-kubernetes-list-map-keys");
    if !keys.is_empty() && list.str() != "map" {
        let why = "must be map if x-kubernetes-list-map-keys is non-empty";
        if list.is_set() { list.invalid(errors, why) } else { list.required(errors, why) }
    }
    if list.str() == "map" {
        list_map(s, &keys, errors);
    }
    if strict.list_keys {
        list_keys(s, errors);
    }
}

/// Reports a type that does not go with an extension; says whether it did.
fn typed(s: &Cursor, wanted: &str, extension: &str, errors: &mut field::Errors) -> bool {
    let kind = s.child("type");
    let why = format!("must be {wanted} if {extension} is specified");
    match kind.str() {
        "" => kind.required(errors, &why),
        other if other != wanted => kind.invalid(errors, &why),
        _ => return false,
    }
    true
}

/// Which extension of the items of a set must be `atomic` and is not.
fn not_atomic(s: &Value) -> Option<&'static str> {
    let items = s.at(&["items"]);
    if s.str_at(&["x-kubernetes-list-type"]) != "set" || items.as_object().is_none() {
        return None;
    }
    let (list, map) = ("x-kubernetes-list-type", "x-kubernetes-map-type");
    match items.str_at(&["type"]) {
        "array" if !items.at(&[list]).is_null() && items.str_at(&[list]) != "atomic" => Some(list),
        "object" if items.str_at(&[map]) != "atomic" => Some(map),
        _ => None,
    }
}

fn has_composite_set(s: &Value) -> bool {
    not_atomic(s).is_some()
}

fn composite_set(s: &Cursor, errors: &mut field::Errors) {
    if let Some(extension) = not_atomic(s.value()) {
        let items = s.child("items");
        // Upstream shows the list type in both cases.
        let shown = items.child("x-kubernetes-list-type").value().clone();
        let why = "must be atomic as item of a list with x-kubernetes-list-type=set";
        items.child(extension).bad(errors, shown, why);
    }
}

/// A list whose items have keys.
fn list_map(s: &Cursor, keys: &Cursor, errors: &mut field::Errors) {
    if keys.is_empty() {
        keys.required(errors, "must not be empty if x-kubernetes-list-type is map");
    }
    let items = s.child("items");
    if !items.is_set() {
        return items.required(errors, "must have a schema if x-kubernetes-list-type is map");
    }
    if items.map().is_none() {
        let why = "must only have a single schema if x-kubernetes-list-type is map";
        return items.bad(errors, shown::items(items.value()), why);
    }
    let kind = items.child("type");
    if kind.str() != "object" {
        return kind.bad(
            errors,
            kind.str(),
            "must be object if parent array's x-kubernetes-list-type is map",
        );
    }
    let properties = items.child("properties");
    let mut seen = HashSet::new();
    for key in keys.items() {
        let property = properties.key(key.str());
        if !property.is_set() {
            keys.invalid(errors, "entries must all be names of item properties");
        } else if matches!(property.text("type"), "array" | "object") {
            let why = "must be a scalar type if parent array's x-kubernetes-list-type is map";
            property.child("type").bad(errors, kind.str(), why);
        }
        if !seen.insert(key.str()) {
            keys.invalid(errors, "must not contain duplicate entries");
        }
    }
}

/// Items of sets and maps are there, and their keys, too.
fn list_keys(s: &Cursor, errors: &mut field::Errors) {
    let (items, kind) = (s.child("items"), s.text("x-kubernetes-list-type"));
    if items.map().is_none() || !matches!(kind, "set" | "map") {
        return;
    }
    if items.flag("nullable") {
        let why = format!("cannot be nullable when x-kubernetes-list-type is {kind}");
        items.child("nullable").forbidden(errors, &why);
    }
    if kind == "set" {
        return;
    }
    let (required, properties) = (items.child("required"), items.child("properties"));
    for key in s.child("x-kubernetes-list-map-keys").items() {
        let property = properties.key(key.str());
        if !property.is_set() {
            continue;
        }
        let what = "this property is in x-kubernetes-list-map-keys, so it";
        if !required.list().contains(key.value()) && !property.has("default") {
            let why = format!("{what} must have a default or be a required property");
            property.child("default").required(errors, &why);
        }
        if property.flag("nullable") {
            property.child("nullable").forbidden(errors, &format!("{what} cannot be nullable"));
        }
    }
}

/// The CEL rules, but for the expressions themselves.
fn rules(s: &Cursor, errors: &mut field::Errors) {
    for rule in s.child("x-kubernetes-validations").items() {
        rule_texts(&rule, errors);
        let reason = rule.child("reason");
        if reason.is_set() {
            reason.one_of(errors, &REASONS);
        }
        let place = rule.child("fieldPath");
        if place.is_empty() {
            continue;
        }
        if place.str().trim().is_empty() {
            place.invalid(errors, "must be non-empty if specified");
        }
        if has_lines(place.str()) {
            place.invalid(errors, "must not contain line breaks");
        }
        if structural::unsupported(s.value()).is_none() && path::follow(place.str(), s.value(), true).is_err()
        {
            place.invalid(errors, "must be a valid path");
        }
    }
}

fn has_lines(text: &str) -> bool {
    text.contains(['\n', '\r'])
}

fn rule_texts(rule: &Cursor, errors: &mut field::Errors) {
    let (expression, message) = (rule.child("rule"), rule.child("message"));
    let (told, said) = (expression.str().trim(), message.str().trim());
    if told.is_empty() {
        expression.required(errors, "rule is not specified");
    } else if !message.is_empty() && said.is_empty() {
        message.invalid(errors, "must be non-empty if specified");
    } else if has_lines(said) {
        message.invalid(errors, "must not contain line breaks");
    } else if has_lines(told) && said.is_empty() {
        message.required(errors, "message must be specified if rule contains line breaks");
    }
    let message = rule.child("messageExpression");
    if !message.is_empty() && message.str().trim().is_empty() {
        message.required(errors, "messageExpression must be non-empty if specified");
    }
}

/// The formats of a schema that are none, in the order of a walk through it.
pub(super) fn unknown_formats<'a>(schemas: impl Iterator<Item = &'a Value>) -> Vec<&'a str> {
    let mut found = Vec::new();
    for schema in schemas {
        collect_formats(schema, &mut found);
    }
    found
}

fn collect_formats<'a>(schema: &'a Value, found: &mut Vec<&'a str>) {
    let format = schema.str_at(&["format"]);
    let known = match schema.str_at(&["type"]) {
        "" | "string" => FORMATS.contains(&format.replace('-', "").as_str()),
        "integer" => matches!(format, "int32" | "int64"),
        "number" => matches!(format, "float" | "double"),
        _ => false,
    };
    if !format.is_empty() && !known {
        found.push(format);
    }
    walk::inner(schema).for_each(|inner| collect_formats(inner, found));
}

/// Formats of texts, without hyphens.
const FORMATS: [&str; 26] = [
    "bsonobjectid",
    "uri",
    "email",
    "hostname",
    "ipv4",
    "ipv6",
    "cidr",
    "mac",
    "uuid",
    "uuid3",
    "uuid4",
    "uuid5",
    "isbn",
    "isbn10",
    "isbn13",
    "creditcard",
    "ssn",
    "hexcolor",
    "rgbcolor",
    "byte",
    "password",
    "date",
    "duration",
    "datetime",
    "k8sshortname",
    "k8slongname",
];
