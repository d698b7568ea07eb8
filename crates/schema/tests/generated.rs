//! Laws of the walks, tried with objects made at random for every structure of the catalogue.

#![allow(clippy::indexing_slicing, clippy::panic, reason = "tests fail by panicking")]

use api::{Map, Value, json, object};
use sumun_schema::{Field, Message, SchemaOr, Type, canonicalize, coerce, messages};

/// A fixed sequence, so that a failure comes back.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }

    fn structure(&mut self, message: &'static Message, depth: u32) -> Value {
        let mut fields: Vec<&Field> = message.fields.iter().collect();
        let mut map = Map::new();
        while !fields.is_empty() {
            let field = fields.swap_remove(self.below(fields.len() as u64) as usize);
            match self.below(4) {
                0 => {}
                1 if depth > 3 => {}
                2 => {
                    map.insert(field.name, Value::Null);
                }
                _ => {
                    map.insert(field.name, self.value(&field.ty, depth));
                }
            }
        }
        Value::Object(map)
    }

    fn value(&mut self, ty: &Type, depth: u32) -> Value {
        match ty {
            Type::Bool => self.pick(&[true, false]).into(),
            Type::Int32 | Type::Int64 => self.pick(&[0i64, 1, -1, 2_147_483_647]).into(),
            Type::Double => self.pick(&[0.0, 3.0, 1.5]).into(),
            Type::String | Type::FieldsV1 => self.pick(&["", "a", "B c"]).into(),
            Type::Bytes => self.pick(&["", "YWI=", "YW\nJj"]).into(),
            Type::Time => self.pick(&["2024-02-29T01:02:03Z", "1999-12-31T23:59:59.9-01:00"]).into(),
            Type::MicroTime => {
                self.pick(&["2024-02-29T01:02:03.000004Z", "1999-12-31T23:59:59.987654-01:00"]).into()
            }
            Type::Duration => self.pick(&["90s", "1h", "0"]).into(),
            Type::Quantity => self.pick(&["1Gi", "1024Ki", "0.5", "+5", "0", "1e3"]).into(),
            Type::IntOrString if self.below(2) == 0 => self.pick(&[0i64, 80]).into(),
            Type::IntOrString => self.pick(&["http", "", "5%"]).into(),
            Type::RawExtension | Type::Json => object! { "b" => 1, "a" => Value::Null },
            Type::Message(message) if depth < 6 => self.structure(message, depth + 1),
            Type::Message(_) => Value::object(),
            Type::List(item) => {
                (0..self.below(3)).map(|_| self.value(item, depth + 1)).collect::<Vec<_>>().into()
            }
            Type::StringList => vec!["x"; self.below(3) as usize].into(),
            Type::Map(item) => {
                let keys = ["b", "a", "c"].into_iter().take(self.below(4) as usize);
                keys.map(|k| (k, self.value(item, depth + 1))).collect::<Map>().into()
            }
            Type::JsonSchemaOr(or, message) => match (or, self.below(3)) {
                (SchemaOr::Bool, 0) => true.into(),
                // An empty list is written as null, which is missing when it is read again.
                (SchemaOr::Array, 0) => vec![Value::object()].into(),
                (SchemaOr::StringArray, 0) => vec!["p"].into(),
                _ => self.value(&Type::Message(message), depth),
            },
        }
    }
}

/// Every member of every object in another order.
fn shuffle(value: &mut Value, random: &mut Random) {
    match value {
        // Foreign objects are kept as they came.
        Value::Object(map) if map.get("b") != Some(&Value::Int(1)) => {
            map.rearrange(|members| {
                for i in (1..members.len()).rev() {
                    members.swap(i, random.below(i as u64 + 1) as usize);
                }
            });
            map.iter_mut().for_each(|(_, v)| shuffle(v, random));
        }
        Value::Array(items) => items.iter_mut().for_each(|v| shuffle(v, random)),
        _ => {}
    }
}

#[test]
fn canonical_objects_stay_as_they_are() {
    let mut random = Random(0x5eed_1234_5678_9abc);
    for round in 0..3 {
        for message in messages() {
            let mut value = random.structure(message, 0);
            let mut shuffled = value.clone();
            shuffle(&mut shuffled, &mut random);
            let what = format!("{} round {round}: {}", message.name, json::to_string(&value));

            let findings = coerce(&mut value, message).unwrap_or_else(|e| panic!("{e}: {what}"));
            assert!(findings.unknown.is_empty(), "{what}");
            canonicalize(&mut value, message);
            let canonical = json::to_string(&value);

            canonicalize(&mut value, message);
            assert_eq!(json::to_string(&value), canonical, "not idempotent: {what}");
            coerce(&mut value, message).unwrap_or_else(|e| panic!("{e}: {what}"));
            canonicalize(&mut value, message);
            assert_eq!(json::to_string(&value), canonical, "not stable: {what}");
            coerce(&mut shuffled, message).unwrap_or_else(|e| panic!("{e}: {what}"));
            canonicalize(&mut shuffled, message);
            assert_eq!(json::to_string(&shuffled), canonical, "depends on the order: {what}");
        }
    }
}
