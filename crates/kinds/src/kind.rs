//! A kind as data: what most kinds differ in is a handful of flags and a few functions.
//!
//! Entry point: [`Kind`], which implements [`Strategy`] from its members.  A kind's file holds one `static` of it.

use api::time::Timestamp;
use api::{Map, Str, Value, field};

use crate::names::{self, Faults};
use crate::{Context, MetaCheck, NameRule, Strategy, equal};

/// The parts of an object whose change raises `metadata.generation`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Generation {
    /// The kind does not count; whatever the client wrote on create stays.
    Ignored,
    /// 1 on create, never raised.
    First,
    /// 1 on create, plus one whenever one of these members changes.
    Of(&'static [&'static str]),
    /// 1 on create, plus one whenever this says that the new object (first) differs from the old one.
    When(fn(&Value, &Value) -> bool),
    /// Not set on create, plus one whenever one of these members changes.
    OnUpdate(&'static [&'static str]),
}

/// Who writes `status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// The kind has no status, or one that any write may set.
    Free,
    /// Only the `status` subresource, which leaves `spec` alone.
    Own,
    /// As [`Status::Own`], and that subresource leaves most of the metadata alone, too.
    OwnWithoutMetadata,
}

type Prepare = fn(&mut Value, &Context);
type PrepareUpdate = fn(&mut Value, &Value, &Context);
type Validate = fn(&Value, &Context, &mut field::Errors);
type ValidateUpdate = fn(&Value, &Value, &Context, &mut field::Errors);

/// What one kind means, as data.  Start from [`Kind::PLAIN`] and name what differs.
pub(crate) struct Kind {
    /// The rule for `metadata.name`.
    pub name_rule: NameRule,
    /// Faults of a name (or of a prefix) under [`NameRule::Custom`].
    pub name_faults: fn(&str, bool) -> Faults,
    /// The kind checks its metadata on create; else only the common path does.
    pub checks_metadata: bool,
    /// Checks of the metadata that upstream repeats on update.
    pub update_checks: &'static [MetaCheck],
    /// The same for a write of a subresource.
    pub subresource_checks: &'static [MetaCheck],
    /// The kind's own checks of the metadata accept bare finalizers only if Kubernetes knows them.
    pub knows_finalizers: bool,
    /// A PUT may create.
    pub create_on_update: bool,
    /// A PUT without `resourceVersion` may overwrite.
    pub unconditional_update: bool,
    /// How `metadata.generation` moves.
    pub generation: Generation,
    /// Who writes `status`.
    pub status: Status,
    /// Defaults for the version named.
    pub default: fn(&mut Value, &str),
    /// What [`Kind::status`] and [`Kind::generation`] do not say about a new object.
    pub prepare_create: Prepare,
    /// What they do not say about a changed one, on any subresource; runs before generation is counted.
    pub prepare_update: PrepareUpdate,
    /// Failures of a new object.
    pub validate: Validate,
    /// Failures of a changed object, on any subresource.
    pub validate_update: ValidateUpdate,
    /// Texts for `Warning` headers.
    pub warnings: fn(&Value, Option<&Value>, &Context) -> Vec<String>,
    /// Other names of selectable fields.
    pub field_aliases: &'static [(&'static str, &'static str)],
    /// Selectable fields.
    pub fields: fn(&Value) -> Vec<(&'static str, Str)>,
    /// Whether dependents are orphaned unless the client says otherwise, for the version named.
    pub orphans: fn(&str) -> bool,
}

impl Kind {
    /// Upstream's most common choices: a name that is a subdomain, no status, no generation.
    pub(crate) const PLAIN: Kind = Kind {
        name_rule: NameRule::Subdomain,
        name_faults: |_, _| Faults::new(),
        checks_metadata: true,
        update_checks: &[MetaCheck::Change],
        subresource_checks: &[MetaCheck::Change],
        knows_finalizers: true,
        create_on_update: false,
        unconditional_update: true,
        generation: Generation::Ignored,
        status: Status::Free,
        default: |_, _| {},
        prepare_create: |_, _| {},
        prepare_update: |_, _, _| {},
        validate: |_, _, _| {},
        validate_update: |_, _, _, _| {},
        warnings: |_, _, _| Vec::new(),
        field_aliases: &[],
        fields: |_| Vec::new(),
        orphans: |_| false,
    };

    /// [`Kind::PLAIN`] with generation and a status of its own.
    pub(crate) const WITH_STATUS: Kind =
        Kind { generation: Generation::Of(&["spec"]), status: Status::Own, ..Kind::PLAIN };

    /// True when the change raises the generation.
    fn counts(&self, new: &Value, old: &Value) -> bool {
        match self.generation {
            Generation::Ignored | Generation::First => false,
            Generation::When(changed) => changed(new, old),
            Generation::Of(members) | Generation::OnUpdate(members) => {
                members.iter().any(|member| !equal::semantic(new.at(&[member]), old.at(&[member])))
            }
        }
    }

    fn keep_status(&self, new: &mut Value, old: &Value, cx: &Context) {
        match (self.status, cx.subresource) {
            (Status::Free, _) => {}
            (_, "") => carry_over(new, old, "status"),
            (Status::Own, "status") => carry_over(new, old, "spec"),
            (Status::OwnWithoutMetadata, "status") => {
                carry_over(new, old, "spec");
                keep_metadata(new, old);
            }
            _ => {}
        }
    }
}

impl Strategy for Kind {
    fn default(&self, object: &mut Value, version: &str) {
        (self.default)(object, version);
    }

    fn name_rule(&self) -> NameRule {
        self.name_rule
    }

    fn name_faults(&self, name: &str, prefix: bool) -> Faults {
        match self.name_rule {
            NameRule::Custom => (self.name_faults)(name, prefix),
            rule => names::object_name(rule, name, prefix),
        }
    }

    fn checks_metadata_on_create(&self) -> bool {
        self.checks_metadata
    }

    fn metadata_checks(&self, cx: &Context) -> &'static [MetaCheck] {
        if cx.subresource.is_empty() { self.update_checks } else { self.subresource_checks }
    }

    fn knows_finalizers(&self) -> bool {
        self.knows_finalizers
    }

    fn prepare_create(&self, object: &mut Value, cx: &Context) {
        if self.status != Status::Free {
            object.remove_at(&["status"]);
        }
        if matches!(self.generation, Generation::First | Generation::Of(_) | Generation::When(_)) {
            object.set_at(&["metadata", "generation"], 1);
        }
        (self.prepare_create)(object, cx);
    }

    fn prepare_update(&self, new: &mut Value, old: &Value, cx: &Context) {
        let generation = old.at(&["metadata", "generation"]).as_i64();
        set_generation(new, generation);
        self.keep_status(new, old, cx);
        (self.prepare_update)(new, old, cx);
        if cx.subresource.is_empty() && self.counts(new, old) {
            set_generation(new, Some(generation.unwrap_or(0).saturating_add(1)));
        }
    }

    fn validate_create(&self, object: &Value, cx: &Context, errors: &mut field::Errors) {
        (self.validate)(object, cx, errors);
    }

    fn validate_update(&self, new: &Value, old: &Value, cx: &Context, errors: &mut field::Errors) {
        (self.validate_update)(new, old, cx, errors);
    }

    fn warnings(&self, object: &Value, old: Option<&Value>, cx: &Context) -> Vec<String> {
        (self.warnings)(object, old, cx)
    }

    fn field_aliases(&self) -> &'static [(&'static str, &'static str)] {
        self.field_aliases
    }

    fn selectable_fields(&self, object: &Value) -> Vec<(&'static str, Str)> {
        (self.fields)(object)
    }

    fn orphans_by_default(&self, version: &str) -> bool {
        (self.orphans)(version)
    }

    fn allow_create_on_update(&self) -> bool {
        self.create_on_update
    }

    fn allow_unconditional_update(&self) -> bool {
        self.unconditional_update
    }
}

/// Makes the member `key` of `new` what it is in `old`, missing included.
pub(crate) fn carry_over(new: &mut Value, old: &Value, key: &str) {
    match old.get(key) {
        Some(kept) => {
            new.make_object().insert(key, kept.clone());
        }
        None => {
            new.remove_at(&[key]);
        }
    }
}

/// Keeps what a status write may not change of the metadata (upstream's `ResetObjectMetaForStatus`).
pub(crate) fn keep_metadata(new: &mut Value, old: &Value) {
    let kept = [
        "deletionTimestamp",
        "generation",
        "selfLink",
        "labels",
        "annotations",
        "finalizers",
        "ownerReferences",
    ];
    let old_meta = old.at(&["metadata"]);
    let meta = new.make_object().entry("metadata");
    kept.into_iter().for_each(|key| carry_over(meta, old_meta, key));
}

fn set_generation(object: &mut Value, generation: Option<i64>) {
    match generation {
        Some(generation) => object.set_at(&["metadata", "generation"], generation),
        None => {
            object.remove_at(&["metadata", "generation"]);
        }
    }
}

/// Sets the member `key` unless it is there.
pub(crate) fn default_member(map: &mut Map, key: &str, value: impl Into<Value>) {
    if map.get(key).is_none_or(Value::is_null) {
        map.insert(key, value.into());
    }
}

/// Sets the text member `key` unless it is there and not empty (Go's zero value of a plain string).
pub(crate) fn default_text(map: &mut Map, key: &str, value: &str) {
    if map.get(key).and_then(Value::as_str).is_none_or(str::is_empty) {
        map.insert(key, value.into());
    }
}

/// Sets the number member `key` unless it is there and not 0.
pub(crate) fn default_number(map: &mut Map, key: &str, value: i64) {
    if map.get(key).and_then(Value::as_i64).is_none_or(|n| n == 0) {
        map.insert(key, value.into());
    }
}

/// Calls `change` for the objects of the list at `path`; a `null` item is an empty object.
pub(crate) fn each(object: &mut Value, path: &[&str], mut change: impl FnMut(&mut Map)) {
    let found = path.iter().try_fold(object, |value, key| value.get_mut(key));
    if let Some(items) = found.and_then(Value::as_array_mut) {
        items.iter_mut().for_each(|item| change(item.make_object()));
    }
}

/// Calls `change` with the object at `path`, when there is one.
pub(crate) fn inside(object: &mut Value, path: &[&str], change: impl FnOnce(&mut Map)) {
    let found = path.iter().try_fold(object, |value, key| value.get_mut(key));
    if let Some(map) = found.and_then(Value::as_object_mut) {
        change(map);
    }
}

/// A point in time, in seconds since the Unix epoch, as the API writes it.
pub(crate) fn instant(seconds: i64) -> Value {
    Timestamp::new(seconds, 0).text().into()
}

/// The text at `path` as the value of a selectable field.
pub(crate) fn text_field(object: &Value, path: &[&str]) -> Str {
    object.str_at(path).into()
}
