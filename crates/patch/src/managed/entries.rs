//! The entries of `metadata.managedFields`: read, told apart, put in order, written.
//!
//! Entry points: [`Managed::decode`], [`Managed::encode`].

use std::fmt::Write as _;

use api::{Map, Str, Value, field::go_quote, json};

use super::set::FieldSet;

/// How a manager came to its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Operation {
    /// By server-side apply.
    Apply,
    /// By any other write.
    Update,
}

impl Operation {
    fn as_str(self) -> &'static str {
        match self {
            Self::Apply => "Apply",
            Self::Update => "Update",
        }
    }
}

/// Who an entry belongs to.  Appliers keep their entry whatever version they write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Manager {
    pub name: Str,
    pub operation: Operation,
    /// The version of updates; empty for appliers.
    pub api_version: Str,
    pub subresource: Str,
}

impl Manager {
    pub fn new(name: &str, operation: Operation, api_version: &str, subresource: &str) -> Self {
        let api_version = if operation == Operation::Apply { "" } else { api_version };
        Self {
            name: name.into(),
            operation,
            api_version: api_version.into(),
            subresource: subresource.into(),
        }
    }

    /// The text upstream tells managers apart by; it decides their order in messages.
    pub fn identifier(&self) -> String {
        let mut map = Map::new();
        let members = [
            ("manager", self.name.as_str()),
            ("operation", self.operation.as_str()),
            ("apiVersion", &self.api_version),
            ("subresource", &self.subresource),
        ];
        for (name, text) in members.into_iter().filter(|(_, text)| !text.is_empty()) {
            map.insert(name, text.into());
        }
        json::to_string(&map.into())
    }

    /// As messages of conflicts show it: `"kubectl" with subresource "status" using v1`.
    pub fn describe(&self) -> String {
        let mut out = go_quote(&self.name);
        if !self.subresource.is_empty() {
            let _ = write!(out, " with subresource {}", go_quote(&self.subresource));
        }
        if self.operation == Operation::Update {
            let _ = write!(out, " using {}", self.api_version);
        }
        out
    }
}

/// One entry.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub manager: Manager,
    /// The version its field names are those of.
    pub api_version: Str,
    /// When it last changed, as written; `None` when that is not known.
    pub time: Option<Str>,
    pub fields: FieldSet,
}

/// All entries of an object.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Managed {
    /// INVARIANT: no two of the same manager.
    pub entries: Vec<Entry>,
}

/// Checks `metadata.managedFields` as they come out of an admission plug-in.
///
/// # Errors
/// Upstream's text of what is wrong.
pub fn check_entries(managed_fields: &Value) -> Result<(), String> {
    Managed::decode(managed_fields).map(drop)
}

impl Managed {
    /// Reads `metadata.managedFields`.
    ///
    /// # Errors
    /// Upstream's text of what is wrong with the first entry that cannot be read.
    pub fn decode(managed_fields: &Value) -> Result<Self, String> {
        let mut managed = Self::default();
        for (i, entry) in managed_fields.as_array().unwrap_or(&[]).iter().enumerate() {
            managed.set(Entry::decode(i, entry)?);
        }
        Ok(managed)
    }

    /// The value for `metadata.managedFields` in upstream's order; `None` when there are no entries.
    pub fn encode(mut self) -> Option<Value> {
        self.entries.sort_by(|a, b| {
            let key = |e: &Entry| (e.manager.operation, e.seconds());
            key(a).cmp(&key(b)).then_with(|| {
                let key = |e: &Entry| {
                    (e.manager.name.clone(), e.api_version.clone(), e.manager.subresource.clone())
                };
                key(a).cmp(&key(b))
            })
        });
        let values: Vec<Value> = self.entries.into_iter().map(Entry::encode).collect();
        (!values.is_empty()).then_some(Value::Array(values))
    }

    pub fn get(&self, manager: &Manager) -> Option<&Entry> {
        self.entries.iter().find(|e| e.manager == *manager)
    }

    /// Adds an entry in place of the one of the same manager.
    pub fn set(&mut self, entry: Entry) {
        match self.entries.iter_mut().find(|e| e.manager == entry.manager) {
            Some(slot) => *slot = entry,
            None => self.entries.push(entry),
        }
    }

    /// Drops the entries without fields.
    pub fn sweep(&mut self) {
        self.entries.retain(|e| !e.fields.is_empty());
    }
}

impl Entry {
    fn decode(i: usize, value: &Value) -> Result<Self, String> {
        let operation = match value.str_at(&["operation"]) {
            "Apply" => Operation::Apply,
            "Update" => Operation::Update,
            _ => return Err("operation must be `Apply` or `Update`".to_owned()),
        };
        let api_version = value.str_at(&["apiVersion"]);
        if api_version.is_empty() {
            return Err("apiVersion must not be empty".to_owned());
        }
        match value.str_at(&["fieldsType"]) {
            "FieldsV1" => {}
            "" => return Err(format!("missing fieldsType in managed fields entry {i}")),
            other => {
                return Err(format!("invalid fieldsType {} in managed fields entry {i}", go_quote(other)));
            }
        }
        let name = value.str_at(&["manager"]);
        let fields = FieldSet::from_fields_v1(value.at(&["fieldsV1"])).map_err(|e| {
            format!("error decoding versioned set of {}: error decoding set: {e}", go_quote(name))
        })?;
        Ok(Self {
            manager: Manager::new(name, operation, api_version, value.str_at(&["subresource"])),
            api_version: api_version.into(),
            time: value.at(&["time"]).as_str().map(Into::into),
            fields,
        })
    }

    fn encode(self) -> Value {
        let mut map = Map::with_capacity(7);
        let mut text = |name: &str, text: Str| {
            if !text.is_empty() {
                map.insert(name, Value::String(text));
            }
        };
        text("manager", self.manager.name);
        text("operation", self.manager.operation.as_str().into());
        text("apiVersion", self.api_version);
        text("time", self.time.unwrap_or_default());
        text("fieldsType", "FieldsV1".into());
        map.insert("fieldsV1", self.fields.to_fields_v1());
        if !self.manager.subresource.is_empty() {
            map.insert("subresource", Value::String(self.manager.subresource));
        }
        Value::Object(map)
    }

    /// The time in seconds since 1970, 0 when it is not known.
    pub fn seconds(&self) -> i64 {
        let time = self.time.as_deref().and_then(|text| api::time::Timestamp::parse(text).ok());
        time.map_or(0, api::time::Timestamp::seconds)
    }
}

/// Takes `metadata.managedFields` out of an object.
pub(super) fn take(object: &mut Value) -> Option<Value> {
    object.get_mut("metadata")?.as_object_mut()?.remove("managedFields")
}

/// Puts entries into an object, after the other members of `metadata`, where upstream's order has them.
pub(super) fn put(object: &mut Value, managed: Managed) {
    if let Some(value) = managed.encode() {
        object.object_at_mut(&["metadata"]).insert("managedFields", value);
    }
}
