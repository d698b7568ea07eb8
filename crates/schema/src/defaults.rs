//! Defaults that are markers in upstream's types (`+default`).  Entry point: [`apply_defaults`].

use api::{Map, Value};

use crate::types::{Field, Message, Type};

/// Fills in the defaults the catalogue has: a missing pointer, or a plain field that holds its zero value, gets the
/// default.  Defaults that upstream computes in code are not here.
pub fn apply_defaults(value: &mut Value, message: &'static Message) {
    if let Value::Object(map) = value {
        structure(map, message);
    }
}

fn structure(map: &mut Map, message: &'static Message) {
    let mut left = message.index.defaults;
    while left != 0 {
        let position = left.trailing_zeros() as usize;
        left &= left - 1;
        let Some(field) = message.fields.get(position) else { return };
        match (field.default, map.get_mut(field.name)) {
            (Some(default), present) => {
                if is_unset(present.as_deref(), field) {
                    map.insert(field.name, literal(default));
                }
            }
            (None, Some(value)) if !value.is_null() => inside(value, &field.ty),
            (None, _) => absent(map, field),
        }
    }
}

fn is_unset(value: Option<&Value>, field: &Field) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::String(s)) => !field.pointer && s.is_empty(),
        Some(Value::Int(0) | Value::Bool(false)) => !field.pointer,
        Some(_) => false,
    }
}

/// The value of a default, which is a scalar without escapes.
fn literal(json: &str) -> Value {
    match json {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        text => match text.parse::<i64>() {
            Ok(number) => Value::Int(number),
            Err(_) => Value::from(text.trim_matches('"')),
        },
    }
}

/// A plain structure that is not there has its defaults too.
fn absent(map: &mut Map, field: &Field) {
    if let (Type::Message(message), false) = (&field.ty, field.pointer) {
        let mut made = Map::new();
        structure(&mut made, message);
        if !made.is_empty() {
            map.insert(field.name, Value::Object(made));
        }
    }
}

/// The structures a value holds, also in lists and maps.
fn inside(value: &mut Value, ty: &Type) {
    match (ty, value) {
        (Type::Message(message), Value::Object(map)) => structure(map, message),
        (Type::List(item), Value::Array(items)) if item.may_have_defaults() => {
            items.iter_mut().for_each(|i| inside(i, item));
        }
        (Type::Map(item), Value::Object(map)) if item.may_have_defaults() => {
            map.iter_mut().for_each(|(_, v)| inside(v, item));
        }
        _ => {}
    }
}

impl Type {
    fn may_have_defaults(&self) -> bool {
        match self {
            Self::Message(message) => message.index.defaults != 0,
            Self::List(inner) | Self::Map(inner) => inner.may_have_defaults(),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind;

    fn check(group: &str, version: &str, name: &str, body: &str, expect: &str) {
        let mut value = codec::json::parse(body.as_bytes()).unwrap().value;
        apply_defaults(&mut value, kind(group, version, name).unwrap());
        assert_eq!(api::json::to_string(&value), expect);
    }

    #[test]
    fn plain_fields_get_the_default_when_they_are_zero_pointers_when_they_are_missing() {
        check(
            "",
            "v1",
            "Pod",
            r#"{"spec":{"containers":[{"ports":[{"containerPort":1},{"protocol":"UDP"},{"protocol":""}]}]}}"#,
            r#"{"spec":{"containers":[{"ports":[{"containerPort":1,"protocol":"TCP"},{"protocol":"UDP"},{"protocol":"TCP"}]}]}}"#,
        );
        check(
            "",
            "v1",
            "Pod",
            r#"{"spec":{"containers":[{"livenessProbe":{"grpc":{"port":1}}}],"volumes":[{"azureDisk":{"readOnly":true}}]}}"#,
            r#"{"spec":{"containers":[{"livenessProbe":{"grpc":{"port":1,"service":""}}}],"volumes":[{"azureDisk":{"readOnly":true,"cachingMode":"ReadWrite","fsType":"ext4","kind":"Shared"}}]}}"#,
        );
        check("", "v1", "ReplicationController", "{}", r#"{"spec":{"replicas":1}}"#);
        check("", "v1", "ConfigMap", r#"{"data":{"a":""}}"#, r#"{"data":{"a":""}}"#);
    }
}
