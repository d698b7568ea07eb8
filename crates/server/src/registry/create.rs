//! Create.

use admission::Operation;
use api::{ApiError, Value};
use store::{CommitError, Condition};

use super::{Call, Written, encode, errors, meta};

/// How often a generated name is tried (upstream's limit).
const NAME_ATTEMPTS: usize = 8;

impl Call<'_> {
    /// Creates an object that is decoded, defaulted and in the version of the request.
    ///
    /// # Errors
    /// The refusal of any stage; nothing is written then.
    pub(crate) async fn create(&mut self, mut object: Value) -> Result<Written, ApiError> {
        meta::wipe_system_fields(&mut object);
        meta::ensure_namespace(&mut object, self.object_namespace())?;
        let twice = meta::dedup_owner_references(&mut object);
        self.warnings.extend(meta::owner_warning(&twice));
        self.track(None, &mut object);
        self.await_default_account(&object).await;
        self.mutate(Operation::Create, &mut object, None)?;
        meta::dedup_owner_references(&mut object);
        let object = encode::convert(self.served, object, &self.served.strategy_version())?;
        self.create_stored(object).await
    }

    /// The namespace that the object itself carries; a Namespace carries none though its requests are in it.
    pub(super) fn object_namespace(&self) -> &str {
        if self.served.table.namespaced { self.namespace } else { "" }
    }

    /// The later half of a create, on the stored version: names, preparation, validation, commit.
    pub(super) async fn create_stored(&mut self, object: Value) -> Result<Written, ApiError> {
        let prefix = object.str_at(&["metadata", "generateName"]).to_owned();
        let generated = !prefix.is_empty() && object.str_at(&["metadata", "name"]).is_empty();
        let mut attempts = if generated { NAME_ATTEMPTS } else { 1 };
        loop {
            let mut attempt = object.clone();
            if generated {
                attempt.set_at(&["metadata", "name"], meta::generate_name(&prefix));
            }
            attempts -= 1;
            match self.create_once(attempt, !prefix.is_empty()).await {
                Err(error) if error.reason == api::Reason::AlreadyExists && attempts > 0 => {}
                outcome => return outcome,
            }
        }
    }

    async fn create_once(&mut self, mut object: Value, generated: bool) -> Result<Written, ApiError> {
        let served = self.served;
        meta::fill_system_fields(&mut object, self.now);
        served.strategy.prepare_create(&mut object, &self.context());
        self.check_escalation(&object, None).await?;
        self.check_access_rule(&object, None)?;
        let held = self.app.allocate_for_create(self, &mut object)?;
        let name = object.str_at(&["metadata", "name"]).to_owned();
        let problems =
            kinds::check_create(served.strategy, &object, served.table.namespaced, &self.context());
        if !problems.is_empty() {
            return Err(self.invalid(&name, &problems));
        }
        let warnings = served.strategy.warnings(&object, None, &self.context());
        self.warnings.extend(warnings);
        self.validate(Operation::Create, Some(&object), None)?;
        let key = served.key(self.namespace, &name);
        let given_revision = meta::resource_version(&object).unwrap_or(0);
        let draft = encode::draft(served, &mut object)?.expiring(self.expires());
        if self.dry_run {
            return match self.app.store.get(&key) {
                Some(_) => Err(self.exists(&name, generated, false)),
                None => Ok(Written::Value(object)),
            };
        }
        if given_revision != 0 {
            return Err(ApiError::unclassified("resourceVersion should not be set on objects to be created"));
        }
        match self.app.store.put(key, Condition::Absent, draft).await {
            Ok(stored) => {
                held.keep();
                self.settled(stored.revision()).await;
                Ok(Written::Stored(stored))
            }
            Err(CommitError::Conflict(conflict)) => {
                let current = conflict.current.as_deref().map(encode::parse).transpose()?;
                Err(self.exists(&name, generated, current.as_ref().is_some_and(meta::is_deleting)))
            }
            Err(error) => Err(errors::storage(error)),
        }
    }

    fn exists(&self, name: &str, generated: bool, deleting: bool) -> ApiError {
        let resource = self.served.group_resource();
        let mut error = if generated {
            ApiError::generate_name_conflict(&resource, name)
        } else {
            ApiError::already_exists(&resource, name)
        };
        if deleting {
            error.message = format!("object is being deleted: {}", error.message);
        }
        error
    }
}
