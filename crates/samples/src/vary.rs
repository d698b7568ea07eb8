//! Another object of the same structure that has much in common with a given one.

use api::{Map, Value};
use schema::{Field, Message, Type};

use crate::make::{keys, tell_apart};
use crate::{Dice, Maker};

impl Maker {
    /// Changes some members of an object of a structure: added, removed, replaced, lists reordered.
    pub fn vary(&self, dice: &mut Dice<'_>, object: &Value, message: &'static Message) -> Value {
        let mut out = object.clone();
        self.vary_members(dice, out.make_object(), message, self.depth);
        if !self.loose {
            schema::canonicalize(&mut out, message);
        }
        out
    }

    fn vary_members(&self, dice: &mut Dice<'_>, map: &mut Map, message: &'static Message, depth: usize) {
        for field in message.fields {
            let given = matches!(field.name, "kind" | "apiVersion" | "metadata" | "name");
            match map.get_mut(field.name) {
                Some(_) if !given && dice.one_in(8) => drop(map.remove(field.name)),
                Some(value) if !given && dice.one_in(8) => {
                    if let Some(other) = self.field(dice, field, depth.min(3)) {
                        *value = other;
                    }
                }
                Some(value) => self.vary_value(dice, value, field, depth.saturating_sub(1)),
                None if self.adds(dice, message, field) => {
                    if let Some(value) = self.field(dice, field, depth.min(3)) {
                        map.insert(field.name, value);
                    }
                }
                None => {}
            }
        }
    }

    fn adds(&self, dice: &mut Dice<'_>, message: &Message, field: &Field) -> bool {
        let made_by_clients =
            field.number != 0 && !message.name.ends_with(".ObjectMeta") || field.name == "labels";
        made_by_clients && dice.one_in(10)
    }

    fn vary_value(&self, dice: &mut Dice<'_>, value: &mut Value, field: &Field, depth: usize) {
        match (&field.ty, value) {
            (Type::Message(message), Value::Object(map)) => self.vary_members(dice, map, message, depth),
            (Type::Map(_), Value::Object(map)) => {
                map.retain(|_, _| !dice.one_in(4));
                if let Some(Value::Object(more)) = self.field(dice, field, depth) {
                    more.into_iter()
                        .filter(|_| dice.one_in(3))
                        .for_each(|(key, value)| drop(map.insert(key, value)));
                }
            }
            (Type::List(item), Value::Array(items)) => {
                self.vary_items(dice, items, field, item, depth);
                while dice.one_in(3) {
                    items.push(self.item(dice, field, item, depth));
                }
                if dice.one_in(3) {
                    dice.shuffle(items);
                }
                tell_apart(items, field, item);
            }
            _ => {}
        }
    }

    fn vary_items(
        &self,
        dice: &mut Dice<'_>,
        items: &mut Vec<Value>,
        field: &Field,
        item: &Type,
        depth: usize,
    ) {
        items.retain(|_| !dice.one_in(5));
        let Type::Message(message) = item else { return };
        for item in items.iter_mut().filter_map(Value::as_object_mut) {
            if dice.one_in(2) {
                let before = item.clone();
                self.vary_members(dice, item, message, depth);
                // An item keeps what tells it from others.
                for key in keys(field) {
                    if let Some(value) = before.get(key) {
                        item.insert(key, value.clone());
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::damage::size;

    #[test]
    fn what_is_made_has_the_shape_of_its_kind() {
        let mut sizes = 0;
        for resource in schema::resources() {
            let message = resource.message;
            for seed in 0..20 {
                let dice = &mut Dice::new(seed);
                let maker = Maker { system: seed % 2 == 0, loose: seed % 4 > 1, ..Maker::default() };
                let made = maker.object(dice, resource.group, resource.version, resource.kind, message);
                let varied = maker.vary(dice, &made, message);
                for mut object in [made, varied] {
                    let found = schema::coerce(&mut object, message).unwrap();
                    assert_eq!(found.unknown, [""; 0], "{} {seed}", resource.kind);
                    schema::canonicalize(&mut object, message);
                    let once = object.clone();
                    schema::canonicalize(&mut object, message);
                    assert_eq!(object, once, "{} {seed}", resource.kind);
                    sizes += size(&object);
                }
            }
        }
        assert!(sizes > 68 * 40 * 15, "objects are as good as empty: {sizes}");
    }

    #[test]
    fn equal_seeds_make_equal_objects() {
        let message = schema::kind("", "v1", "Pod").unwrap();
        let pod = |seed| Maker::default().object(&mut Dice::new(seed), "", "v1", "Pod", message);
        assert_eq!(pod(1), pod(1));
        assert_ne!(pod(1), pod(2));
    }
}
