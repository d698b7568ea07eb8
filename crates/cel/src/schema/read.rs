//! Schemas from JSON, and the members that every resource has.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use api::Value;

use super::{Additional, Rule, Structural};
use crate::ast::Name;
use crate::shape::{ListKind, Read, Shape};

type Properties = BTreeMap<Name, Arc<Structural>>;

impl Structural {
    /// Reads a schema; what expressions have nothing to do with is left out.
    pub fn read(json: &Value) -> Self {
        let text = |name: &str| Name::from(json.str_at(&[name]));
        let flag = |name: &str| json.at(&[name]).as_bool() == Some(true);
        // Negative bounds count as none at all fits.
        let bound = |name: &str| json.at(&[name]).as_i64().map(|n| u64::try_from(n).unwrap_or(0));
        let names = |name: &str| texts(json.array_at(&[name]));
        let inner = |value: &Value| Arc::new(Self::read(value));
        let choices = json.array_at(&["enum"]).iter();
        Self {
            ty: text("type"),
            format: text("format"),
            nullable: flag("nullable"),
            int_or_string: flag("x-kubernetes-int-or-string"),
            embedded: flag("x-kubernetes-embedded-resource"),
            list_type: text("x-kubernetes-list-type"),
            list_keys: names("x-kubernetes-list-map-keys"),
            map_type: text("x-kubernetes-map-type"),
            properties: properties(json.at(&["properties"])),
            items: Some(json.at(&["items"])).filter(|v| v.as_object().is_some()).map(inner),
            additional: match json.at(&["additionalProperties"]) {
                Value::Null => Additional::Unsaid,
                schema @ Value::Object(_) => Additional::Like(inner(schema)),
                _ => Additional::Flag,
            },
            all_of: json.array_at(&["allOf"]).iter().map(inner).collect(),
            required: names("required"),
            has_default: !json.at(&["default"]).is_null(),
            max_length: bound("maxLength"),
            max_items: bound("maxItems"),
            max_properties: bound("maxProperties"),
            longest_choice: choices.map(|v| v.as_str().map_or(0, |text| text.len() as u64)).max(),
            rules: json.array_at(&["x-kubernetes-validations"]).iter().map(Rule::read).collect(),
        }
    }

    fn of_type(ty: &str) -> Self {
        Self { ty: ty.into(), ..Self::default() }
    }

    /// The declared members; a resource always has its kind, version and name.
    pub(super) fn members(&self, resource: bool) -> Cow<'_, Properties> {
        if !resource || self.names_itself() {
            return Cow::Borrowed(&self.properties);
        }
        let mut all = self.properties.clone();
        all.extend(NAMED.iter().map(|(name, schema)| (name.clone(), schema.clone())));
        Cow::Owned(all)
    }

    /// Whether kind, version and name are declared.
    fn names_itself(&self) -> bool {
        let is =
            |of: &Structural, name: &str, ty: &str| of.properties.get(name).is_some_and(|s| &*s.ty == ty);
        let named = |meta: &Arc<Structural>| is(meta, "name", "string") && is(meta, "generateName", "string");
        is(self, "kind", "string")
            && is(self, "apiVersion", "string")
            && is(self, "metadata", "object")
            && self.properties.get("metadata").is_some_and(named)
    }
}

/// What every resource has.
static NAMED: LazyLock<Properties> = LazyLock::new(|| {
    let text = Arc::new(Structural::of_type("string"));
    let names = ["name", "generateName"].map(|name| (Name::from(name), text.clone()));
    let metadata = Structural { properties: names.into(), ..Structural::of_type("object") };
    [("kind", text.clone()), ("apiVersion", text), ("metadata", Arc::new(metadata))]
        .map(|(name, schema)| (name.into(), schema))
        .into()
});

fn properties(json: &Value) -> Properties {
    let members = json.as_object().into_iter().flat_map(api::Map::iter);
    members.map(|(name, schema)| (name.into(), Arc::new(Structural::read(schema)))).collect()
}

fn texts(list: &[Value]) -> Vec<Name> {
    list.iter().filter_map(Value::as_str).map(Name::from).collect()
}

impl Shape {
    /// How values of a schema are read; a resource has a kind and a name.
    pub(crate) fn of(s: &Structural, resource: bool) -> Self {
        let inner = |s: &Arc<Structural>| Box::new(Self::of(s, s.embedded));
        let mut shape = Self { read: read(s, resource), nullable: s.nullable, ..Self::default() };
        match shape.read {
            Read::Object => {
                let members = s.members(resource || s.embedded);
                shape.fields =
                    members.iter().map(|(name, s)| (name.clone(), Self::of(s, s.embedded))).collect();
            }
            Read::Map => shape.items = s.additional.schema().map(inner),
            Read::List => shape.items = s.items.as_ref().map(inner),
            _ => {}
        }
        shape.list = match &*s.list_type {
            "set" => ListKind::Set,
            "map" => ListKind::Map(s.list_keys.clone()),
            _ => ListKind::Atomic,
        };
        shape
    }
}

fn read(s: &Structural, resource: bool) -> Read {
    if s.int_or_string {
        return Read::IntOrString;
    }
    let named = resource || s.embedded || !s.properties.is_empty();
    match (&*s.ty, &*s.format) {
        ("object", _) if !named && s.additional.schema().is_some() => Read::Map,
        ("object", _) => Read::Object,
        ("array", _) => Read::List,
        ("string", "duration") => Read::Duration,
        ("string", "date") => Read::Date,
        ("string", "date-time") => Read::DateTime,
        ("string", "byte") => Read::Bytes,
        ("string", _) => Read::String,
        ("number", _) => Read::Double,
        ("integer", _) => Read::Int,
        ("boolean", _) => Read::Bool,
        _ => Read::Plain,
    }
}

impl Rule {
    fn read(json: &Value) -> Self {
        let text = |name: &str| json.str_at(&[name]).into();
        Self {
            rule: text("rule"),
            message: text("message"),
            message_expression: text("messageExpression"),
            reason: text("reason"),
            field_path: text("fieldPath"),
            optional_old_self: json.at(&["optionalOldSelf"]).as_bool(),
        }
    }

    /// What a failure says when there is no message expression.
    pub(super) fn failure(&self) -> String {
        let told = self.told();
        if self.message.is_empty() { format!("failed rule: {told}") } else { told.to_owned() }
    }

    /// The rule as messages name it.
    pub(super) fn told(&self) -> &str {
        if self.message.is_empty() { self.rule.trim() } else { self.message.trim() }
    }

    pub(super) fn takes_optional(&self) -> bool {
        self.optional_old_self == Some(true)
    }
}
