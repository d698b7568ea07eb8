//! Server-side apply: a manager's configuration is laid over the live object, what it applied before and no longer
//! does goes, and what others own is not touched unless it is forced.
//!
//! Entry point: [`apply`].

use std::collections::BTreeMap;

use api::{ApiError, GroupVersionKind, Str, Value};

use super::{
    conflict::Conflicts,
    element::same,
    entries::{Entry, Managed, Manager, Operation, put, take},
    last_applied,
    merge::merge,
    remove::remove,
    set::FieldSet,
    to_set::field_set,
    track::{Differences, Found, NEVER_TRACKED, Request, Versions},
    validate::{join_errors, validate},
    view::TypeView,
};
use crate::plain_error;

/// The manager of what was there before an object was first applied to.
const BEFORE_FIRST_APPLY: &str = "before-first-apply";

/// An apply request.
pub struct Apply<'a, V> {
    /// Who applies, and where.
    pub request: Request<'a>,
    /// The kind that is applied to.
    pub kind: &'a GroupVersionKind,
    /// Its type.
    pub view: V,
    /// How to see its objects in other versions.
    pub versions: &'a dyn Versions<V>,
    /// True to take fields over from others.
    pub force: bool,
}

/// Applies `config` to `live` (`None` when the object is made by it) and sets `metadata.managedFields`.
///
/// `round_trip` turns the merged object into what a decoder would have made of it: types checked, nulls and unknown
/// members dropped, defaults filled in, encoded.
///
/// # Errors
/// 400 for a configuration of another kind or with managed fields, 409 with the contested fields, and 500 with
/// upstream's text when the configuration does not conform to the schema or `round_trip` fails.
pub fn apply<V: TypeView>(
    live: Option<&Value>,
    config: &Value,
    apply: &Apply<V>,
    round_trip: &mut dyn FnMut(Value) -> Result<Value, String>,
) -> Result<Value, ApiError> {
    apply.check(config)?;
    let mut live = live.cloned().unwrap_or_else(|| apply.view.zero_object());
    let stored = take(&mut live).unwrap_or_default();
    let decoded = Managed::decode(&stored);
    let mut managed = decoded.map_err(|e| plain_error(format!("failed to decode managed fields: {e}")))?;
    if managed.entries.is_empty() {
        apply.claim_existing(&live, &mut managed)?;
    }
    let outcome = apply.settle(&live, config, managed)?;
    let mut object = match outcome.merged {
        None => live,
        Some(merged) => round_trip(merged).map_err(|e| {
            plain_error(format!(
                "failed to convert new object ({}) to proper version: {e}",
                apply.describe(config)
            ))
        })?,
    };
    take(&mut object);
    put(&mut object, outcome.managed);
    if apply.request.manager == last_applied::KUBECTL {
        last_applied::refresh(&mut object, config.clone());
    }
    Ok(object)
}

/// What comes out of an apply.
struct Outcome {
    /// The merged object; `None` when it equals the live one.
    merged: Option<Value>,
    managed: Managed,
}

/// Why an apply came to nothing.
enum Failure {
    Conflicts(Conflicts),
    Other(String),
}

impl From<String> for Failure {
    fn from(text: String) -> Self {
        Self::Other(text)
    }
}

impl From<Failure> for ApiError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Conflicts(conflicts) => conflicts.into_error(),
            Failure::Other(text) => plain_error(text),
        }
    }
}

impl<V: TypeView> Apply<'_, V> {
    fn check(&self, config: &Value) -> Result<(), ApiError> {
        let api_version = config.str_at(&["apiVersion"]);
        let kind = config.str_at(&["kind"]);
        if api_version != self.request.api_version || kind != self.kind.kind {
            let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
            let sent = GroupVersionKind::new(group, version, kind);
            return Err(ApiError::bad_request(format!("invalid object type: {sent}")));
        }
        if config.at(&["metadata", "managedFields"]).as_array().is_some() {
            return Err(ApiError::bad_request("metadata.managedFields must be nil"));
        }
        let errors = validate(self.view, config);
        if !errors.is_empty() {
            let (who, why) = (self.describe(config), join_errors(&errors));
            return Err(plain_error(format!("failed to create typed patch object ({who}): {why}")));
        }
        Ok(())
    }

    /// `namespace/name; apps/v1, Kind=Deployment`, as upstream's errors name an object.
    fn describe(&self, object: &Value) -> String {
        let [namespace, name] = ["namespace", "name"].map(|member| object.str_at(&["metadata", member]));
        format!("{namespace}/{name}; {}", self.kind)
    }

    fn differences<'b>(&'b self, live: &'b Value, new: &'b Value) -> Differences<'b, V> {
        Differences { live, new, view: self.view, versions: self.versions, request: &self.request }
    }

    /// Gives what is there to a manager of its own, when nobody was tracked so far.
    fn claim_existing(&self, live: &Value, managed: &mut Managed) -> Result<(), ApiError> {
        let zero = self.view.zero_object();
        let differences = self.differences(&zero, live);
        let claimed =
            differences.here().and_then(|here| differences.assign(here, managed, BEFORE_FIRST_APPLY));
        claimed.map_err(|e| plain_error(format!("failed to create manager for existing fields: {e}")))
    }

    /// Applies; a `kubectl` that used to apply on the client's side may take over what it left there.
    fn settle(&self, live: &Value, config: &Value, managed: Managed) -> Result<Outcome, ApiError> {
        match self.merge(live, config, managed.clone(), self.force) {
            Err(Failure::Conflicts(conflicts)) if self.request.manager == last_applied::KUBECTL => {
                match last_applied::allowed_conflicts(self.view, live, self.request.api_version) {
                    None => Err(conflicts.into_error()),
                    Some(allowed) => {
                        let left = conflicts.without(&allowed);
                        if !left.is_empty() {
                            return Err(left.into_error());
                        }
                        Ok(self.merge(live, config, managed, true)?)
                    }
                }
            }
            outcome => Ok(outcome?),
        }
    }

    fn merge(
        &self,
        live: &Value,
        config: &Value,
        mut managed: Managed,
        force: bool,
    ) -> Result<Outcome, Failure> {
        self.differences(live, live).reconcile(&mut managed);
        let merged = merge(self.view, live, config).map_err(|e| format!("failed to merge config: {e}"))?;
        let me = self.request.manager(self.request.manager, Operation::Apply);
        let last = managed.get(&me).cloned();
        let fields = self.request.reset.filter(field_set(self.view, config));
        let time = last.as_ref().and_then(|entry| entry.time.clone());
        managed.set(Entry {
            manager: me.clone(),
            api_version: self.request.api_version.into(),
            time,
            fields,
        });
        let merged = self.prune(merged, &managed, last);
        self.take_over(live, &merged, &mut managed, &me, force)?;
        let changed = !same(live, &merged);
        if let Some(entry) = managed.entries.iter_mut().find(|e| e.manager == me) {
            entry.fields = std::mem::take(&mut entry.fields).difference(&NEVER_TRACKED);
            if changed {
                entry.time = Some(self.request.now.into());
            }
        }
        managed.sweep();
        Ok(Outcome { merged: changed.then_some(merged), managed })
    }

    /// Takes what the apply changes from everybody else; a conflict unless `force`.
    fn take_over(
        &self,
        live: &Value,
        merged: &Value,
        managed: &mut Managed,
        me: &Manager,
        force: bool,
    ) -> Result<(), Failure> {
        let differences = self.differences(live, merged);
        let mut found: Found = vec![(self.request.api_version.into(), Some(differences.here()?))];
        let mut conflicts = Vec::new();
        let mut kept = Vec::with_capacity(managed.entries.len());
        for mut entry in std::mem::take(&mut managed.entries) {
            if entry.manager != *me {
                let Some(comparison) = differences.at(&entry.api_version, &mut found)? else { continue };
                conflicts.push((entry.manager.clone(), entry.fields.intersection(&comparison.changed)));
                entry.fields = entry.fields.difference(&comparison.changed).difference(&comparison.removed);
            }
            kept.push(entry);
        }
        let conflicts = Conflicts::new(conflicts);
        if !force && !conflicts.is_empty() {
            return Err(Failure::Conflicts(conflicts));
        }
        managed.entries = kept;
        managed.sweep();
        Ok(())
    }

    /// Removes what the manager applied last time, does not apply now, and nobody else owns.
    fn prune(&self, merged: Value, managed: &Managed, last: Option<Entry>) -> Value {
        let Some(last) = last.filter(|entry| !entry.fields.is_empty()) else { return merged };
        let Some(all) = self.versioned(&merged, &last.api_version) else { return merged };
        let gone = last.fields.clone().with_named_fields(all.view);
        let pruned = Versioned { value: remove(all.view, all.value.clone(), &gone), ..all.clone() };
        let pruned = self.add_back_owned(all.clone(), pruned, managed);
        let Some(pruned) = self.versioned(&pruned.value, &last.api_version) else { return merged };
        let pruned = all.without_dangling(&pruned, last.fields);
        let here = self.versioned(&pruned.value, self.request.api_version);
        here.map_or(merged, |here| here.value)
    }

    /// Puts back what was pruned but any manager owns, in its version.
    fn add_back_owned(
        &self,
        mut all: Versioned<V>,
        mut pruned: Versioned<V>,
        managed: &Managed,
    ) -> Versioned<V> {
        let mut owned: BTreeMap<Str, FieldSet> = BTreeMap::new();
        for entry in &managed.entries {
            let set = owned.entry(entry.api_version.clone()).or_default();
            *set = std::mem::take(set).union(entry.fields.clone());
        }
        // The pruned version first, because an object may need these fields to be converted.
        let first = owned.remove_entry(pruned.version.as_str());
        for (version, owned) in first.into_iter().chain(owned) {
            let (Some(all_there), Some(pruned_there)) =
                (self.versioned(&all.value, &version), self.versioned(&pruned.value, &version))
            else {
                continue;
            };
            pruned = all_there.with_owned(&pruned_there, owned);
            all = all_there;
        }
        pruned
    }

    /// An object of this kind in a version; `None` when that is not served.
    fn versioned(&self, object: &Value, version: &str) -> Option<Versioned<V>> {
        if object.str_at(&["apiVersion"]) == version {
            let view = if version == self.request.api_version { Some(self.view) } else { None };
            if let Some(view) = view {
                return Some(Versioned { version: version.into(), value: object.clone(), view });
            }
        }
        let (value, view) = self.versions.convert(object, version)?;
        Some(Versioned { version: version.into(), value, view })
    }
}

/// An object in one version.
#[derive(Clone)]
struct Versioned<V> {
    version: Str,
    value: Value,
    view: V,
}

impl<V: TypeView> Versioned<V> {
    /// This object without what neither `pruned` has nor `owned` names.
    fn with_owned(&self, pruned: &Self, owned: FieldSet) -> Self {
        let named = |set: FieldSet| set.with_named_fields(self.view);
        let kept = named(field_set(self.view, &pruned.value)).union(named(owned));
        let gone = named(field_set(self.view, &self.value)).difference(&kept);
        Self { value: remove(self.view, self.value.clone(), &gone), ..self.clone() }
    }

    /// This object without what `pruned` lacks and the manager had applied.
    fn without_dangling(&self, pruned: &Self, last: FieldSet) -> Self {
        let named = |set: FieldSet| set.with_named_fields(self.view);
        let gone =
            named(field_set(self.view, &self.value)).difference(&named(field_set(self.view, &pruned.value)));
        let gone = gone.intersection(&named(last));
        Self { value: remove(self.view, self.value.clone(), &gone), ..self.clone() }
    }
}
