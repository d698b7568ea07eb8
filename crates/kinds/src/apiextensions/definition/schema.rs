//! What is wrong with the schema of a definition and the rules in it.
//!
//! Entry point: [`check`].

use std::collections::HashSet;

use api::{Value, field};
use cel::schema::Scope;

use crate::Cursor;

use super::rules::{self, RuleFaults};
use super::{defaults, shown, structural, walk};

/// Types a schema may have, as messages list them.
const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];
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
    /// No rule costs too much.
    pub(super) rule_costs: bool,
}

impl Strictness {
    /// Everything.
    pub(super) const FULL: Strictness = Strictness {
        types: true,
        structural: true,
        pruned_defaults: true,
        atomic_sets: true,
        list_keys: true,
        rule_costs: true,
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
            rule_costs: true,
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
    let mut scope = None;
    if strict.structural && unsupported.is_none() {
        let before = found.len();
        structural::check(&root, &mut found);
        if found.len() == before && strict.pruned_defaults {
            defaults::check(&root, &mut found);
        }
        // Rules are compiled only when the schema can be understood.
        scope = Some(root.value()).filter(|_| found.len() == before).and_then(Scope::root);
    }
    let place = Place { strict, inside_meta: false, no_defaults: None, uncorrelated: None };
    let mut faults = RuleFaults::default();
    check_schema(&root, true, &place, scope.as_ref(), &mut found, &mut faults);
    found.extend(faults.errors);
    if let Some(why) = unsupported.filter(|_| found.is_empty()) {
        root.bad(&mut found, "", &why);
    }
    faults.costs.report(&root.path(), &mut found);
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
    /// The outermost schema above whose parts cannot be told to be those of the object before a change.
    uncorrelated: Option<field::Path>,
}

/// All failures of a schema; the rules of one that has others, here or further inside, are not looked at.
fn check_schema(
    s: &Cursor,
    is_root: bool,
    place: &Place,
    scope: Option<&Scope>,
    errors: &mut field::Errors,
    faults: &mut RuleFaults,
) {
    let before = errors.len();
    own_members(s, place, errors);
    if s.flag("uniqueItems") {
        let why = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
        s.child("uniqueItems").forbidden(errors, why);
    }
    additional_properties(s, place, scope, errors, faults);
    properties(s, is_root, place, scope, errors, faults);
    let mut plain = |part: &Cursor| check_schema(part, false, place, None, errors, faults);
    let not = s.child("not");
    if not.is_set() {
        plain(&not);
    }
    for name in ["allOf", "oneOf", "anyOf"] {
        s.child(name).items().for_each(|part| plain(&part));
    }
    s.child("definitions").entries().for_each(|(_, part)| plain(&part));
    items(s, place, scope, errors, faults);
    for (_, part) in s.child("dependencies").entries().filter(|(_, part)| part.map().is_some()) {
        check_schema(&part, false, place, None, errors, faults);
    }
    extensions(s, place.strict, errors);
    rules::members(s, errors);
    if let Some(scope) = scope.filter(|_| errors.len() == before) {
        let (uncorrelated, keeps) = (place.uncorrelated.as_ref(), !place.strict.rule_costs);
        faults.expressions(s, uncorrelated, keeps, scope);
    }
}

fn items(
    s: &Cursor,
    place: &Place,
    scope: Option<&Scope>,
    errors: &mut field::Errors,
    faults: &mut RuleFaults,
) {
    let items = s.child("items");
    let mut inner = place.clone();
    if s.text("x-kubernetes-list-type") != "map" {
        inner.uncorrelated.get_or_insert_with(|| s.path());
    }
    if items.map().is_some() {
        let scope = scope.and_then(Scope::items);
        check_schema(&items, false, &inner, scope.as_ref(), errors, faults);
    }
    items.items().for_each(|part| check_schema(&part, false, &inner, None, errors, faults));
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
fn additional_properties(
    s: &Cursor,
    place: &Place,
    scope: Option<&Scope>,
    errors: &mut field::Errors,
    faults: &mut RuleFaults,
) {
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
        let scope = scope.and_then(Scope::additional);
        check_schema(&additional, false, &place, scope.as_ref(), errors, faults);
    }
}

fn properties(
    s: &Cursor,
    is_root: bool,
    place: &Place,
    scope: Option<&Scope>,
    errors: &mut field::Errors,
    faults: &mut RuleFaults,
) {
    let is_resource = is_root || s.flag("x-kubernetes-embedded-resource");
    let mut place = place.clone();
    if !matches!(s.text("x-kubernetes-map-type"), "" | "granular" | "atomic") {
        place.uncorrelated.get_or_insert_with(|| s.path());
    }
    for (name, property) in s.child("properties").entries() {
        let mut place = place.clone();
        if is_resource && matches!(name, "metadata" | "kind" | "apiVersion") {
            place.inside_meta = true;
            if is_root {
                place.no_defaults = Some(format!("in top-level {name}"));
            }
        }
        let scope = scope.and_then(|scope| scope.property(name));
        check_schema(&property, false, &place, scope.as_ref(), errors, faults);
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
