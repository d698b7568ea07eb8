//! Field ownership: noted on every write, decided on by server-side apply (KEP-555).

use api::field::Errors;
use api::{ApiError, GroupVersion, GroupVersionKind, Value};
use patch::managed::{self, Apply, BuiltIn, Request, Versions};
use schema::Message;

use super::Call;
use crate::catalog::Served;
use crate::decode::{self, Target};

const MANAGED: [&str; 2] = ["metadata", "managedFields"];
const REPLICAS: &[&str] = &["spec", "replicas"];
const SCALE_VERSION: &str = "autoscaling/v1";

/// A kind in its other served versions.
struct OtherVersions<'a>(&'a Served);

impl Versions<BuiltIn> for OtherVersions<'_> {
    fn convert(&self, object: &Value, api_version: &str) -> Option<(Value, BuiltIn)> {
        let from = GroupVersion::parse(object.str_at(&["apiVersion"]))?;
        let to = GroupVersion::parse(api_version)?;
        let kind = self.0.table.kind;
        let message = schema::kind(&to.group, &to.version, kind)?;
        schema::resource(&to.group, &to.version, self.0.table.plural)?;
        let mut object = kinds::convert(object.clone(), &from, &to, kind);
        schema::canonicalize(&mut object, message);
        Some((object, BuiltIn::Message(message)))
    }
}

impl Call<'_> {
    /// Notes in the new state which fields this write changed.  What cannot be tracked has no owners, as upstream.
    pub(crate) fn track(&self, live: Option<&Value>, object: &mut Value) {
        let message = self.served.table.message;
        let now = self.now.text();
        let api_version = self.served.group_version().to_string();
        let request = self.tracked(&api_version, &now);
        let versions = OtherVersions(self.served);
        if let Err(why) = managed::track(live, object, BuiltIn::Message(message), &versions, &request) {
            tracing::info!(%why, resource = ?self.served, name = self.name, "a write is not tracked");
        }
    }

    /// The outcome of a server-side apply, decoded and defaulted.
    ///
    /// # Errors
    /// 409 for fields of others, 400 for a configuration of another kind.
    pub(crate) fn apply(
        &self,
        live: Option<&Value>,
        config: &Value,
        force: bool,
        findings: &mut Vec<String>,
    ) -> Result<Value, ApiError> {
        let target = Target::of_resource(self.served);
        let now = self.now.text();
        let api_version = self.served.group_version().to_string();
        let kind = GroupVersionKind::new(target.group, target.version, target.kind);
        let apply = Apply {
            request: self.tracked(&api_version, &now),
            kind: &kind,
            view: BuiltIn::Message(target.message),
            versions: &OtherVersions(self.served),
            force,
        };
        let mut round_trip =
            |merged: Value| decode::value(merged, &target, findings).map_err(|error| error.to_string());
        managed::apply(live, config, &apply, &mut round_trip)
    }

    /// The outcome of a server-side apply to a scale, decoded and defaulted.
    ///
    /// # Errors
    /// 409 for replicas of others, 400 for a configuration of another kind.
    pub(crate) fn apply_scale(
        &self,
        live: &Value,
        parent: &Value,
        config: &Value,
        force: bool,
        target: &Target,
    ) -> Result<Value, ApiError> {
        let mut live = live.clone();
        let api_version = self.served.group_version().to_string();
        let of_parent = parent.at(&MANAGED).clone();
        if let Ok(Some(entries)) = managed::entries_of_scale(&of_parent, &[(api_version.as_str(), REPLICAS)])
        {
            live.set_at(&MANAGED, entries);
        }
        let now = self.now.text();
        let kind = GroupVersionKind::new(target.group, target.version, target.kind);
        let apply = Apply {
            request: Request { reset: managed::ResetFields::Nothing, ..self.tracked(SCALE_VERSION, &now) },
            kind: &kind,
            view: BuiltIn::Message(target.message),
            versions: &managed::NoVersions,
            force,
        };
        let mut findings = Vec::new();
        let mut round_trip =
            |merged: Value| decode::value(merged, target, &mut findings).map_err(|error| error.to_string());
        managed::apply(Some(&live), config, &apply, &mut round_trip)
    }

    fn tracked<'b>(&'b self, api_version: &'b str, now: &'b str) -> Request<'b> {
        let table = self.served.table;
        Request {
            manager: self.manager,
            api_version,
            subresource: self.subresource,
            now,
            reset: managed::reset_fields(table.group, table.plural, self.subresource),
        }
    }

    /// Notes who owns the replicas of `object` when its scale was changed from `before` to `after`; with `applied`,
    /// `after` says so already.
    pub(crate) fn track_scale(
        &self,
        before: &mut Value,
        after: &mut Value,
        message: &'static Message,
        object: &mut Value,
        applied: bool,
    ) {
        let api_version = self.served.group_version().to_string();
        let paths = [(api_version.as_str(), REPLICAS)];
        let of_parent = object.at(&MANAGED).clone();
        if let Ok(Some(entries)) = managed::entries_of_scale(&of_parent, &paths) {
            before.set_at(&MANAGED, entries);
        }
        let now = self.now.text();
        let request = Request {
            manager: self.manager,
            api_version: SCALE_VERSION,
            subresource: self.subresource,
            now: &now,
            reset: managed::ResetFields::Nothing,
        };
        let view = BuiltIn::Message(message);
        // An apply has settled the owners already.
        let tracked = match applied {
            true => Ok(()),
            false => managed::track(Some(before), after, view, &managed::NoVersions, &request),
        };
        let of_scale = after.at(&MANAGED).clone();
        let entries = managed::entries_of_parent(&of_parent, &of_scale, &api_version, &paths);
        match (tracked, entries) {
            (Ok(()), Ok(Some(entries))) => object.set_at(&MANAGED, entries),
            (Ok(()), Ok(None)) => drop(object.remove_at(&MANAGED)),
            (Err(why), _) => tracing::info!(%why, "a scale is not tracked"),
            (_, Err(why)) => tracing::info!(%why, "a scale is not tracked"),
        }
    }

    /// Notes who wrote the fields of the body of a subresource that is no object of the resource.
    pub(crate) fn track_body(&self, subresource: &schema::Subresource, body: &mut Value) {
        let Some(message) = subresource.message else { return };
        let api_version = body.str_at(&["apiVersion"]).to_owned();
        let now = self.now.text();
        let request = Request { reset: managed::ResetFields::Nothing, ..self.tracked(&api_version, &now) };
        if let Err(why) =
            managed::track(None, body, BuiltIn::Message(message), &managed::NoVersions, &request)
        {
            tracing::info!(%why, "the body of a subresource is not tracked");
        }
    }

    /// Checks the body of a subresource that is no object of the resource, such as a Binding.
    ///
    /// # Errors
    /// All failures at once.
    pub(crate) fn check_body(&self, group: &str, kind: &str, body: &Value) -> Result<(), Errors> {
        let problems = kinds::check_create(kinds::strategy(group, kind), body, true, &self.context());
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }
}
