//! Delete: at once, gracefully, or after the finalizers.

use std::sync::Arc;

use admission::Operation;
use api::{ApiError, GroupResource, Value, object, time::Timestamp};
use store::{CommitError, Condition, Object};

use super::{Call, Written, encode, errors, finalizers, meta, namespaces};
use crate::http::options::DeleteOptions;

const ATTEMPTS: usize = 64;

/// Resources whose DELETE answers the object rather than a Status (upstream's `ReturnDeletedObject`).
const ANSWER_OBJECT: &[(&str, &str)] = &[
    ("", "namespaces"),
    ("", "persistentvolumeclaims"),
    ("", "persistentvolumes"),
    ("", "pods"),
    ("", "podtemplates"),
    ("", "resourcequotas"),
    ("", "serviceaccounts"),
    ("", "services"),
    ("resource.k8s.io", "deviceclasses"),
    ("resource.k8s.io", "resourceclaims"),
    ("resource.k8s.io", "resourceclaimtemplates"),
    ("resource.k8s.io", "resourceslices"),
    ("storage.k8s.io", "csidrivers"),
    ("storage.k8s.io", "csinodes"),
    ("storage.k8s.io", "storageclasses"),
    ("storage.k8s.io", "volumeattachments"),
    ("storage.k8s.io", "volumeattributesclasses"),
];

/// What a delete did.
#[derive(Debug)]
pub(crate) struct Deleted {
    /// The object as it is now, or as it was last.
    pub written: Written,
    /// True when it is gone; false when it waits for its grace period or its finalizers.
    pub gone: bool,
    /// True when the answer is the object, false when it is a Status about it.
    pub answer_object: bool,
}

/// What a delete has to do next.
pub(super) enum Step {
    /// Nothing: deletion is under way already.
    Wait,
    /// Write this state, then go on when the flag says so.
    Mark(Value, bool),
    /// Remove the object.
    Remove,
}

impl Call<'_> {
    /// Deletes an object, or begins to.
    ///
    /// # Errors
    /// The refusal of any stage; nothing is written then.
    pub(crate) async fn delete(&mut self, mut options: DeleteOptions) -> Result<Deleted, ApiError> {
        // Upstream takes a negative grace period for one second.
        options.grace_period_seconds = options.grace_period_seconds.map(|s| if s < 0 { 1 } else { s });
        let key = self.served.key(self.namespace, self.name);
        for attempt in 0..ATTEMPTS {
            let Some(current) = self.app.store.get(&key) else {
                return Err(ApiError::not_found(&self.served.group_resource(), self.name));
            };
            let old = encode::parse(&current)?;
            self.check_preconditions(&options, &old)?;
            if attempt == 0 {
                self.validate(Operation::Delete, None, Some(&old))?;
            }
            let step = if namespaces::is_namespace(self.served) {
                namespaces::step(&old, self.now)
            } else {
                self.step(&options, &old)
            };
            if let Some(deleted) = self.take(step, &current, old, &mut options).await? {
                return Ok(deleted);
            }
        }
        Err(ApiError::stale(&self.served.group_resource(), self.name))
    }

    /// Carries a step out; `None` when there is another one or somebody else was faster.
    async fn take(
        &self,
        step: Step,
        current: &Arc<Object>,
        old: Value,
        options: &mut DeleteOptions,
    ) -> Result<Option<Deleted>, ApiError> {
        let (mut state, goes_on) = match step {
            Step::Wait => return Ok(Some(self.deleted(Written::Value(old), false))),
            Step::Remove => return self.remove(current, old).await,
            Step::Mark(state, goes_on) => (state, goes_on),
        };
        let draft = encode::draft(self.served, &mut state)?.expiring(current.head().expires);
        if self.dry_run {
            state.set_at(&["metadata", "resourceVersion"], current.revision().to_string());
            schema::canonicalize(&mut state, self.served.stored_message);
            return Ok(Some(Deleted { answer_object: true, ..self.deleted(Written::Value(state), goes_on) }));
        }
        if current.same_content(&draft) {
            if goes_on {
                return self.remove(current, old).await;
            }
            return Ok(Some(Deleted {
                answer_object: true,
                ..self.deleted(Written::Stored(current.clone()), false)
            }));
        }
        let condition = Condition::Revision(current.revision());
        match self.app.store.put(current.key().clone(), condition, draft).await {
            Ok(_) if goes_on => {
                // The write was our own: it may not fail the precondition on the revision.
                options.resource_version = None;
                Ok(None)
            }
            Ok(stored) => {
                Ok(Some(Deleted { answer_object: true, ..self.deleted(Written::Stored(stored), false) }))
            }
            Err(CommitError::Conflict(_)) => Ok(None),
            Err(error) => Err(errors::storage(error)),
        }
    }

    async fn remove(&self, current: &Arc<Object>, old: Value) -> Result<Option<Deleted>, ApiError> {
        if self.dry_run {
            return Ok(Some(self.deleted(Written::Value(old), true)));
        }
        let condition = Condition::Revision(current.revision());
        match self.app.store.delete(current.key().clone(), condition, current.draft()).await {
            Ok(tombstone) => {
                self.app.after_delete(self.served, &tombstone);
                self.settled(tombstone.revision()).await;
                Ok(Some(self.deleted(Written::Value(old), true)))
            }
            Err(CommitError::Conflict(_)) => Ok(None),
            Err(error) => Err(errors::storage(error)),
        }
    }

    fn deleted(&self, written: Written, gone: bool) -> Deleted {
        let answer_object = ANSWER_OBJECT.contains(&(self.served.table.group, self.served.table.plural));
        Deleted { written, gone, answer_object }
    }

    fn step(&self, options: &DeleteOptions, old: &Value) -> Step {
        let mut state = old.clone();
        let grace = match self.grace(&mut state, options) {
            Grace::Pending => return Step::Wait,
            Grace::None => None,
            Grace::Seconds(seconds) => Some(seconds),
        };
        let orphans = self.served.strategy.orphans_by_default(self.served.table.version);
        finalizers::settle(&mut state, options, orphans);
        let held = meta::finalizers(&state).next().is_some();
        match grace {
            None if held => {
                mark_as_deleting(&mut state, self.now);
                Step::Mark(state, false)
            }
            None => Step::Remove,
            Some(seconds) => Step::Mark(state, seconds == 0 && !held),
        }
    }

    /// Begins or shortens a grace period (upstream's `BeforeDelete`).
    fn grace(&self, state: &mut Value, options: &DeleteOptions) -> Grace {
        let requested = options.grace_period_seconds;
        let Some(seconds) = self.served.strategy.grace_period(state, requested) else { return Grace::None };
        if !meta::is_deleting(state) {
            set_deletion(state, self.now.plus_seconds(seconds), seconds);
            bump_generation(state);
            return Grace::Seconds(seconds);
        }
        let running = state.at(&["metadata", "deletionGracePeriodSeconds"]).as_i64().unwrap_or(0);
        match requested {
            _ if running == 0 => Grace::None,
            Some(shorter) if shorter < running => {
                let end =
                    Timestamp::parse(state.str_at(&["metadata", "deletionTimestamp"])).unwrap_or(self.now);
                let end = end.plus_seconds(shorter - running);
                let (end, shorter) = if end < self.now { (self.now, shorter.min(1)) } else { (end, shorter) };
                set_deletion(state, end, shorter);
                Grace::Seconds(shorter)
            }
            _ => Grace::Pending,
        }
    }

    /// Refuses an object that is not the one meant.
    ///
    /// # Errors
    /// 409.
    pub(crate) fn check_preconditions(&self, options: &DeleteOptions, old: &Value) -> Result<(), ApiError> {
        let kind = GroupResource::new(self.served.table.group, self.served.table.kind);
        let check = |what: &str, wanted: &Option<String>, have: &str, hint: &str| match wanted {
            Some(wanted) if wanted != have => {
                let why = format!(
                    "the {what} in the precondition ({wanted}) does not match the {what} in record ({have}). \
                     The object might have been {hint}"
                );
                Err(ApiError::conflict(&kind, self.name, why))
            }
            _ => Ok(()),
        };
        check("UID", &options.uid, old.str_at(&["metadata", "uid"]), "deleted and then recreated")?;
        check(
            "ResourceVersion",
            &options.resource_version,
            old.str_at(&["metadata", "resourceVersion"]),
            "modified",
        )
    }
}

enum Grace {
    /// The kind knows no grace, or it is over.
    None,
    /// It runs and is not to be shortened.
    Pending,
    /// It runs for so many seconds from now on.
    Seconds(i64),
}

fn set_deletion(state: &mut Value, at: Timestamp, seconds: i64) {
    state.set_at(&["metadata", "deletionTimestamp"], at.text());
    state.set_at(&["metadata", "deletionGracePeriodSeconds"], seconds);
}

fn mark_as_deleting(state: &mut Value, now: Timestamp) {
    let end = Timestamp::parse(state.str_at(&["metadata", "deletionTimestamp"])).ok();
    if end.is_none() {
        bump_generation(state);
    }
    let at = end.filter(|end| *end <= now).unwrap_or(now);
    set_deletion(state, at, 0);
}

fn bump_generation(state: &mut Value) {
    if let Some(generation) = state.at(&["metadata", "generation"]).as_i64().filter(|g| *g > 0) {
        state.set_at(&["metadata", "generation"], generation + 1);
    }
}

/// The details of the Status that answers a deletion.
pub(crate) fn status_details(call: &Call<'_>, object: &Value) -> Value {
    let mut details = object! { "name" => object.str_at(&["metadata", "name"]) };
    let map = details.make_object();
    if !call.served.table.group.is_empty() {
        map.insert("group", call.served.table.group.into());
    }
    map.insert("kind", call.served.table.plural.into());
    map.insert("uid", object.str_at(&["metadata", "uid"]).into());
    details
}
