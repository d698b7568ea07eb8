//! Update: read, change, check, compare-and-swap, again when somebody else was faster.

use std::sync::Arc;

use admission::Operation;
use api::field::{Errors, Path};
use api::{ApiError, Reason, Value};
use store::{CommitError, Condition, Object};

use super::{Call, Written, encode, errors, meta};

/// How often a write that lost a race is tried again before the client is told.
const ATTEMPTS: usize = 64;

/// The present object, as a change sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Live<'a> {
    /// In the version of the request; `None` when there is no object and the write may create it.
    pub value: Option<&'a Value>,
}

/// What an update did.
#[derive(Debug)]
pub(crate) struct Updated {
    /// The object.
    pub written: Written,
    /// True when it did not exist before.
    pub created: bool,
}

impl Call<'_> {
    /// Changes an object.  `change` gets the present state in the version of the request (`None` when there is none and
    /// `may_create`) and answers the new one, decoded and defaulted; it may be called more than once.
    ///
    /// # Errors
    /// The refusal of any stage; nothing is written then.
    pub(crate) async fn update(
        &mut self,
        may_create: bool,
        mut change: impl FnMut(&mut Self, Live<'_>) -> Result<Value, ApiError>,
    ) -> Result<Updated, ApiError> {
        let key = self.served.key(self.namespace, self.name);
        for _ in 0..ATTEMPTS {
            let warnings = self.warnings.len();
            let outcome = match self.app.store.get(&key) {
                Some(current) => self.update_once(&current, &mut change).await?,
                None if may_create => self.create_by_update(&mut change).await?,
                None => return Err(ApiError::not_found(&self.served.group_resource(), self.name)),
            };
            match outcome {
                Some(updated) => return Ok(updated),
                None => self.warnings.truncate(warnings),
            }
        }
        Err(ApiError::stale(&self.served.group_resource(), self.name))
    }

    /// Changes an object in its stored version past strategy, validation and admission, for writes that are checked
    /// elsewhere: bindings and the status of disruption budgets.  Who owns what is left as it is unless `change` notes
    /// it.
    ///
    /// # Errors
    /// What `change` refuses; 404 when the object is not there.
    pub(crate) async fn amend(
        &self,
        mut change: impl FnMut(&Self, &mut Value) -> Result<(), ApiError>,
    ) -> Result<Written, ApiError> {
        let key = self.served.key(self.namespace, self.name);
        for _ in 0..ATTEMPTS {
            let Some(current) = self.app.store.get(&key) else {
                return Err(ApiError::not_found(&self.served.group_resource(), self.name));
            };
            let old = encode::parse(&current)?;
            let mut object = old.clone();
            change(self, &mut object)?;
            let draft = encode::draft(self.served, &mut object)?.expiring(self.expires());
            if self.dry_run {
                return Ok(Written::Value(object));
            }
            match self.app.store.put(key.clone(), Condition::Revision(current.revision()), draft).await {
                Ok(stored) => return Ok(Written::Stored(stored)),
                Err(CommitError::Conflict(_)) => {}
                Err(error) => return Err(errors::storage(error)),
            }
        }
        Err(ApiError::stale(&self.served.group_resource(), self.name))
    }

    async fn create_by_update(
        &mut self,
        change: &mut impl FnMut(&mut Self, Live<'_>) -> Result<Value, ApiError>,
    ) -> Result<Option<Updated>, ApiError> {
        let mut object = change(self, Live { value: None })?;
        // Nothing is overwritten, so nothing stale either.
        object.remove_at(&["metadata", "resourceVersion"]);
        meta::ensure_namespace(&mut object, self.object_namespace())?;
        self.mutate(Operation::Create, &mut object, None)?;
        let object = encode::convert(self.served, object, &self.served.strategy_version())?;
        match self.create_stored(object).await {
            Ok(written) => Ok(Some(Updated { written, created: true })),
            Err(error) if error.reason == Reason::AlreadyExists => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// One attempt; `None` when somebody else changed the object meanwhile.
    async fn update_once(
        &mut self,
        current: &Arc<Object>,
        change: &mut impl FnMut(&mut Self, Live<'_>) -> Result<Value, ApiError>,
    ) -> Result<Option<Updated>, ApiError> {
        let served = self.served;
        let stored = encode::parse(current)?;
        let mut live = encode::convert(served, stored.clone(), &served.group_version())?;
        if !served.stored_as_served() {
            schema::canonicalize(&mut live, served.table.message);
        }
        let old = encode::convert(served, stored.clone(), &served.strategy_version())?;
        let mut object = change(self, Live { value: Some(&live) })?;
        meta::ensure_namespace(&mut object, self.object_namespace())?;
        self.mutate(Operation::Update, &mut object, Some(&live))?;
        meta::dedup_owner_references(&mut object);
        let mut object = encode::convert(served, object, &served.strategy_version())?;
        self.check_version(&mut object, current)?;
        self.prepare(&mut object, &old);
        self.check_escalation(&object, Some(&old)).await?;
        self.check_access_rule(&object, Some(&old))?;
        let held = self.app.allocate_for_update(self, &mut object, &old)?;
        let problems =
            kinds::check_update(served.strategy, &object, &old, served.table.namespaced, &self.context());
        if !problems.is_empty() {
            return Err(self.invalid(self.name, &problems));
        }
        let warnings = served.strategy.warnings(&object, Some(&old), &self.context());
        self.warnings.extend(warnings);
        self.validate_update(&object, &old).await?;
        if should_delete(&object, &old) {
            return self.delete_emptied(current, object).await;
        }
        // A write that changes nothing does not prolong the object's life.
        let lives_until = current.head().expires;
        let mut draft = encode::draft(served, &mut object)?.expiring(lives_until);
        if !current.same_content(&draft) {
            // What changed may be the times of field owners and nothing else: then nothing changed.
            patch::managed::keep_times(&unversioned(&stored), &mut object);
            draft = encode::draft(served, &mut object)?.expiring(lives_until);
        }
        if current.same_content(&draft) {
            return Ok(Some(Updated { written: Written::Stored(current.clone()), created: false }));
        }
        if self.dry_run {
            object.set_at(&["metadata", "resourceVersion"], current.revision().to_string());
            schema::canonicalize(&mut object, served.stored_message);
            return Ok(Some(Updated { written: Written::Value(object), created: false }));
        }
        let draft = draft.expiring(self.expires());
        match self.app.store.put(current.key().clone(), Condition::Revision(current.revision()), draft).await
        {
            Ok(stored) => {
                held.keep();
                self.settled(stored.revision()).await;
                Ok(Some(Updated { written: Written::Stored(stored), created: false }))
            }
            Err(CommitError::Conflict(_)) => Ok(None),
            Err(error) => Err(errors::storage(error)),
        }
    }

    /// A uid in the state that a PUT sends is a precondition; in a patch it is a change, which validation refuses.
    ///
    /// # Errors
    /// 409 when it is another object's.
    pub(crate) fn check_identity(&self, object: &Value, old: &Value) -> Result<(), ApiError> {
        let (wanted, have) = (object.str_at(&["metadata", "uid"]), old.str_at(&["metadata", "uid"]));
        if wanted.is_empty() || wanted == have {
            return Ok(());
        }
        let why = format!("Precondition failed: UID in precondition: {wanted}, UID in object meta: {have}");
        Err(errors::conflict_in_storage(self, &why))
    }

    /// A resourceVersion in the new state must be the present one; without one the kind must allow overwriting, and the
    /// new state gets the present one.
    fn check_version(&self, object: &mut Value, current: &Object) -> Result<(), ApiError> {
        let wanted = meta::resource_version(object).map_err(ApiError::internal)?;
        if wanted == 0 && self.served.strategy.allow_unconditional_update() {
            object.set_at(&["metadata", "resourceVersion"], current.revision().to_string());
            return Ok(());
        }
        if wanted == current.revision() {
            return Ok(());
        }
        if wanted != 0 {
            return Err(ApiError::stale(&self.served.group_resource(), self.name));
        }
        let mut errors = Errors::new();
        errors.invalid(&Path::new("metadata.resourceVersion"), &0.into(), "must be specified for an update");
        let resource = self.served.group_resource();
        Err(ApiError::invalid(&resource.group, &resource.resource, self.name, &errors))
    }

    /// Upstream's `BeforeUpdate`: what an update can never change.
    fn prepare(&self, object: &mut Value, old: &Value) {
        object.remove_at(&["metadata", "selfLink"]);
        keep(object, old, "generation", true);
        self.served.strategy.prepare_update(object, old, &self.context());
        if object.str_at(&["metadata", "uid"]).is_empty() {
            keep(object, old, "uid", true);
        }
        keep(object, old, "creationTimestamp", false);
        keep(object, old, "deletionTimestamp", false);
        if object.at(&["metadata", "deletionGracePeriodSeconds"]).is_null() {
            keep(object, old, "deletionGracePeriodSeconds", false);
        }
    }

    /// The update took the last finalizer of an object that is to go: it goes.
    async fn delete_emptied(
        &self,
        current: &Arc<Object>,
        mut object: Value,
    ) -> Result<Option<Updated>, ApiError> {
        let revision = current.revision();
        object.set_at(&["metadata", "resourceVersion"], revision.to_string());
        schema::canonicalize(&mut object, self.served.stored_message);
        let updated = Updated { written: Written::Value(object), created: false };
        if self.dry_run {
            return Ok(Some(updated));
        }
        match self
            .app
            .store
            .delete(current.key().clone(), Condition::Revision(revision), current.draft())
            .await
        {
            Ok(tombstone) => {
                self.app.after_delete(self.served, &tombstone);
                Ok(Some(updated))
            }
            Err(CommitError::Conflict(_)) => Ok(None),
            Err(error) => Err(errors::storage(error)),
        }
    }
}

/// The object without the member that `encode::draft` takes away.
fn unversioned(object: &Value) -> Value {
    let mut object = object.clone();
    object.remove_at(&["metadata", "resourceVersion"]);
    object
}

/// Copies a member of `metadata` from the old state; a member the old state lacks is removed when `exact`.
fn keep(object: &mut Value, old: &Value, member: &str, exact: bool) {
    match old.at(&["metadata", member]) {
        Value::Null if exact => {
            object.remove_at(&["metadata", member]);
        }
        Value::Null => {}
        value => object.set_at(&["metadata", member], value.clone()),
    }
}

/// True when nothing holds an object back any more whose deletion was asked for.
fn should_delete(object: &Value, old: &Value) -> bool {
    meta::finalizers(object).next().is_none()
        && meta::is_deleting(old)
        && old.at(&["metadata", "deletionGracePeriodSeconds"]).as_i64().unwrap_or(0) == 0
        && !holds_itself(object)
}

/// A namespace stays while its own finalizers do.
fn holds_itself(object: &Value) -> bool {
    object.str_at(&["kind"]) == "Namespace" && !object.array_at(&["spec", "finalizers"]).is_empty()
}
