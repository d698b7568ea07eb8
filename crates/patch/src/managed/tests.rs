use api::{GroupVersionKind, Value, json, object};

use super::*;

mod golden;
mod units;
mod writes;

fn parse(text: &str) -> Value {
    codec::json::parse(text.as_bytes()).unwrap().value
}

fn set(text: &str) -> FieldSet {
    FieldSet::from_fields_v1(&parse(text)).unwrap()
}

fn text(set: &FieldSet) -> String {
    json::to_string(&set.to_fields_v1())
}

fn message(group: &str, version: &str, kind: &str) -> BuiltIn {
    BuiltIn::Message(schema::kind(group, version, kind).unwrap())
}
