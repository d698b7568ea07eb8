//! Objects in and out of the store, the same way for every kind and every caller: requests, bootstrap, controllers.
//!
//! Entry points: [`Call`] is one write with all that is known of it; [`Call::create`], [`Call::update`] and
//! [`Call::delete`] carry it out.  The order inside is upstream's (`registry/generic/registry/store.go`).

mod access_rules;
mod accounts;
mod create;
mod delete;
mod encode;
mod errors;
mod escalation;
mod finalizers;
pub(crate) mod meta;
mod namespaces;
mod track;
mod update;
mod world;

use std::sync::Arc;

use admission::Operation;
use api::{ApiError, UserInfo, Value, time::Timestamp};
use authz::Authorizer;
use store::Object;

use crate::app::App;
use crate::catalog::Served;

pub(crate) use delete::{Deleted, status_details};
pub(crate) use encode::{convert, heads, parse};
pub(crate) use errors::{conflict_in_storage, storage};
pub(crate) use finalizers::{FOREGROUND, ORPHAN};
use world::World;

/// One write: to what, by whom, how.
#[derive(Clone, Debug)]
pub(crate) struct Call<'a> {
    /// The server.
    pub app: &'a App,
    /// The resource, in the version of the request.
    pub served: &'a Served,
    /// Subresource, `""` for the object itself.
    pub subresource: &'a str,
    /// Namespace, `""` for cluster-wide kinds.
    pub namespace: &'a str,
    /// Name, `""` while it is to be generated.
    pub name: &'a str,
    /// Who writes.
    pub user: &'a UserInfo,
    /// The field manager.
    pub manager: &'a str,
    /// Everything but the commit.
    pub dry_run: bool,
    /// Admission is asked.  Off only for the server's own bootstrap.
    pub admission: bool,
    /// A controller of this server writes, which nobody has to allow it.
    pub own: bool,
    /// Now.
    pub now: Timestamp,
    /// Texts for `Warning` headers.
    pub warnings: crate::http::Warnings,
}

impl Call<'_> {
    /// When what is written now is to be removed, in seconds since the Unix epoch; 0 for never.
    fn expires(&self) -> u64 {
        let lifetime = self.app.config.event_ttl.as_secs();
        // Events of both groups are stored as those of the core group.
        let is_event = self.served.table.plural == "events" && self.served.table.storage.0.is_empty();
        if lifetime == 0 || !is_event {
            return 0;
        }
        u64::try_from(self.now.seconds()).unwrap_or(0).saturating_add(lifetime)
    }
}

/// An object as a write left it.
#[derive(Clone, Debug)]
pub(crate) enum Written {
    /// In the store.
    Stored(Arc<Object>),
    /// Not in the store: the outcome of a dry run or the last state of something gone, in the stored version.
    Value(Value),
}

impl Written {
    /// The object as a value in its stored version.
    pub(crate) fn value(&self) -> Result<Value, ApiError> {
        match self {
            Self::Stored(object) => parse(object),
            Self::Value(value) => Ok(value.clone()),
        }
    }
}

impl Call<'_> {
    fn context(&self) -> kinds::Context<'_> {
        kinds::Context {
            namespace: self.namespace,
            user: &self.user.name,
            user_uid: &self.user.uid,
            groups: &self.user.groups,
            // A scale is written as its workload is.
            subresource: if self.subresource == "scale" { "" } else { self.subresource },
            now: self.now.seconds(),
            allow_privileged: self.app.config.allow_privileged,
        }
    }

    fn attributes<'b>(&'b self, operation: Operation, name: &'b str) -> admission::Attributes<'b> {
        let kind = match self.served.subresource(self.subresource) {
            Some(sub) => sub.kind,
            None => self.served.table.kind,
        };
        admission::Attributes {
            operation,
            group: self.served.table.group,
            version: self.served.table.version,
            resource: self.served.table.plural,
            subresource: self.subresource,
            kind,
            namespace: self.namespace,
            name,
            user: self.user,
            dry_run: self.dry_run,
            now: self.now.seconds(),
        }
    }

    pub(crate) fn mutate(
        &self,
        operation: Operation,
        object: &mut Value,
        old: Option<&Value>,
    ) -> Result<(), ApiError> {
        if !self.admission {
            return Ok(());
        }
        let name = if self.name.is_empty() {
            object.str_at(&["metadata", "name"]).to_owned()
        } else {
            self.name.to_owned()
        };
        self.app.admission.mutate(
            &self.attributes(operation, &name),
            object,
            old,
            &World { call: self, authorizer: None },
        )
    }

    pub(crate) fn validate(
        &self,
        operation: Operation,
        object: Option<&Value>,
        old: Option<&Value>,
    ) -> Result<(), ApiError> {
        self.validate_asking(operation, object, old, None)
    }

    /// The same for an update, whose plug-ins may ask what the user may do.
    pub(super) async fn validate_update(&self, object: &Value, old: &Value) -> Result<(), ApiError> {
        let warnings = self.warnings.len();
        let validate = |authorizer: &dyn Authorizer| {
            // What a run before this one has said it says again.
            self.warnings.truncate(warnings);
            self.validate_asking(Operation::Update, Some(object), Some(old), Some(authorizer))
        };
        self.app.authorization.union().settle(validate).await
    }

    fn validate_asking(
        &self,
        operation: Operation,
        object: Option<&Value>,
        old: Option<&Value>,
        authorizer: Option<&dyn Authorizer>,
    ) -> Result<(), ApiError> {
        if !self.admission {
            return Ok(());
        }
        let named = object.or(old).map_or("", |o| o.str_at(&["metadata", "name"]));
        let name = if self.name.is_empty() { named } else { self.name };
        let world = World { call: self, authorizer };
        self.app.admission.validate(&self.attributes(operation, name), object, old, &world)
    }

    /// Waits until the rest of the server knows of a write to this resource.
    pub(super) async fn settled(&self, revision: u64) {
        if [authz::rbac::GROUP, authz::access::GROUP].contains(&self.served.table.group) {
            self.app.authorization.known.wait(self.served.table.plural, revision).await;
        }
    }

    fn invalid(&self, name: &str, errors: &api::field::Errors) -> ApiError {
        ApiError::invalid(self.served.table.storage.0, self.served.table.kind, name, errors)
    }
}
