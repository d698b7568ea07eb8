//! What the tests of merging share: kinds, objects as they are (no canonical form), and writes by several managers.

use api::{ApiError, GroupVersionKind, Str, Value, json};
use schema::{Message, Resource};
use sumun_patch::managed::{
    self, Apply, Atom, BuiltIn, List, NoVersions, Object, Request, ResetFields, TypeView,
};

pub const NOW: &str = "2026-01-01T00:00:00Z";

/// A built-in kind whose objects stay as they come, so that what merging does is all that happens.
#[derive(Clone, Copy)]
pub struct AsIs(pub BuiltIn);

impl TypeView for AsIs {
    fn atom(self) -> Atom<Self> {
        let atom = self.0.atom();
        Atom {
            scalar: atom.scalar,
            list: atom.list.map(|l| List { relation: l.relation, item: Self(l.item) }),
            map: atom.map.map(|m| Object { atomic: m.atomic, other: m.other.map(Self), deduced: m.deduced }),
        }
    }
    fn field(self, name: &str) -> Option<Self> {
        self.0.field(name).map(Self)
    }
    fn list_key(self, i: usize) -> Option<Str> {
        self.0.list_key(i)
    }
    fn key_default(self, name: &str) -> Option<Value> {
        self.0.key_default(name)
    }
    fn zero_object(self) -> Value {
        self.0.zero_object()
    }
    fn canonicalize(self, _: &mut Value) {}
    fn holds_empties(self, _: &Value) -> bool {
        false
    }
}

/// A kind of the catalogue.
pub struct Kind {
    pub gvk: GroupVersionKind,
    pub message: &'static Message,
}

impl Kind {
    pub fn of(resource: &Resource) -> Self {
        let gvk = GroupVersionKind::new(resource.group, resource.version, resource.kind);
        Self { gvk, message: resource.message }
    }

    pub fn view(&self) -> AsIs {
        AsIs(BuiltIn::Message(self.message))
    }

    pub fn object(&self, dice: &mut samples::Dice<'_>, maker: &samples::Maker) -> Value {
        let GroupVersionKind { group, version, kind } = &self.gvk;
        let mut object = maker.object(dice, group, version, kind, self.message);
        drop_nulls(&mut object);
        object
    }

    pub fn variant(&self, dice: &mut samples::Dice<'_>, maker: &samples::Maker, of: &Value) -> Value {
        let mut object = maker.vary(dice, of, self.message);
        drop_nulls(&mut object);
        object
    }

    pub fn apply(
        &self,
        live: Option<&Value>,
        config: &Value,
        manager: &str,
        force: bool,
    ) -> Result<Value, ApiError> {
        let api_version = self.gvk.api_version();
        let request = request(manager, &api_version);
        let apply = Apply { request, kind: &self.gvk, view: self.view(), versions: &NoVersions, force };
        managed::apply(live, config, &apply, &mut |mut merged| {
            drop_nulls(&mut merged);
            merged.set_at(&["metadata", "uid"], "u");
            Ok(merged)
        })
    }

    pub fn update(&self, live: Option<&Value>, new: &Value, manager: &str) -> Result<Value, String> {
        let api_version = self.gvk.api_version();
        let mut new = new.clone();
        managed::track(live, &mut new, self.view(), &NoVersions, &request(manager, &api_version))
            .map_err(|e| e.to_string())?;
        Ok(new)
    }
}

fn request<'a>(manager: &'a str, api_version: &'a str) -> Request<'a> {
    Request { manager, api_version, subresource: "", now: NOW, reset: ResetFields::Nothing }
}

/// All kinds that are served.
pub fn kinds() -> Vec<Kind> {
    schema::resources().iter().map(Kind::of).collect()
}

pub fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, value| !value.is_null());
            map.iter_mut().for_each(|(_, value)| drop_nulls(value));
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

/// Drops objects without members: whether such a one is a value or a place for others' members is a corner of its own,
/// which the cases answered by upstream cover.
pub fn drop_empty(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.iter_mut().for_each(|(_, value)| drop_empty(value));
            map.retain(|_, value| value.as_object().is_none_or(|map| !map.is_empty()));
        }
        Value::Array(items) => items.iter_mut().for_each(drop_empty),
        _ => {}
    }
}

pub fn parse(text: &str) -> Value {
    codec::json::parse(text.as_bytes()).unwrap().value
}

/// Two values side by side, for a failing test.
pub fn differ(what: &str, ours: &Value, theirs: &Value) -> String {
    format!("{what}\n  ours   {}\n  theirs {}", json::to_string(ours), json::to_string(theirs))
}
