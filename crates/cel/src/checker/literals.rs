//! The types of list, map and object literals.

use super::Checker;
use crate::ast::{Element, Entry, Expr, Struct};
use crate::types::Type;

impl Checker<'_> {
    pub(super) fn check_list(&mut self, id: u32, items: &mut [Element]) {
        let mut all = None;
        for item in items {
            self.check(&mut item.value);
            let ty = self.literal_part(&item.value, item.optional);
            all = Some(self.join(all, ty));
        }
        let of = all.unwrap_or_else(|| self.substitution.fresh());
        self.set_type(id, Type::list(of));
    }

    pub(super) fn check_map(&mut self, id: u32, entries: &mut [Entry]) {
        let (mut keys, mut values) = (None, None);
        for entry in entries {
            self.check(&mut entry.key);
            let ty = self.type_of(entry.key.id);
            keys = Some(self.join(keys, ty));
            self.check(&mut entry.value);
            let ty = self.literal_part(&entry.value, entry.optional);
            values = Some(self.join(values, ty));
        }
        let key = keys.unwrap_or_else(|| self.substitution.fresh());
        let value = values.unwrap_or_else(|| self.substitution.fresh());
        self.set_type(id, Type::map(key, value));
    }

    pub(super) fn check_struct(&mut self, id: u32, s: &mut Struct) {
        let candidates = self.env.candidates(&s.type_name);
        let named = candidates.iter().find_map(|c| {
            let ty = Type::named(c).or_else(|| self.env.has_type(c).then(|| Type::object(c)))?;
            Some((c.clone(), ty))
        });
        let Some((name, ty)) = named else {
            let name = s.type_name.clone();
            self.undeclared(id, &name);
            return;
        };
        s.type_name = name.as_str().into();
        let known = matches!(ty, Type::Struct(_) | Type::Timestamp | Type::Duration);
        if known {
            self.set_type(id, ty);
        } else {
            self.report(id, format!("'{}' is not a message type", ty.runtime_name()));
            self.set_type(id, Type::Error);
        }
        for field in &mut s.fields {
            self.check(&mut field.value);
            let wanted = self.field_type(field.id, &name, &field.name).unwrap_or(Type::Error);
            let found = self.literal_part(&field.value, field.optional);
            if !self.substitution.assign(&wanted, &found) {
                let message = format!(
                    "expected type of field '{}' is '{wanted}' but provided type is '{found}'",
                    field.name
                );
                self.report(field.id, message);
            }
        }
    }

    /// The type of a part of a literal, unwrapped when it is an optional one.
    fn literal_part(&mut self, value: &Expr, optional: bool) -> Type {
        let ty = self.type_of(value.id);
        if !optional {
            return ty;
        }
        if let Some(inner) = ty.unwrap_optional() {
            return inner.clone();
        }
        if !ty.is_dyn() {
            self.report(value.id, format!("expected type '{}' but found '{ty}'", Type::optional(ty.clone())));
        }
        ty
    }

    fn join(&mut self, before: Option<Type>, now: Type) -> Type {
        match before {
            None => now,
            Some(before) if self.substitution.assign(&before, &now) => {
                self.substitution.most_general(before, now)
            }
            Some(_) => Type::Dyn,
        }
    }
}
