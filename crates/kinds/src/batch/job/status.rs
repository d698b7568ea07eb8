//! What a job's controller may write of its status.
//!
//! Entry point: [`update`].  A rule that is stricter than it once was holds only where the status changes that part.

use std::collections::BTreeSet;

use api::field::Errors;
use api::{Value, time::Timestamp};

use super::failure_policy::no_value;
use super::indexes;
use super::validate::has_condition;
use crate::{Cursor, equal, meta, shown};

/// A change of the status, and what it is made of.
struct Change<'a> {
    new: &'a Value,
    old: &'a Value,
}

impl Change<'_> {
    fn is(&self, condition: &str) -> bool {
        has_condition(self.new, condition, "True")
    }

    fn was(&self, condition: &str) -> bool {
        has_condition(self.old, condition, "True")
    }

    fn turned(&self, condition: &str) -> bool {
        self.is(condition) != self.was(condition)
    }

    fn is_finished(&self) -> bool {
        self.is("Complete") || self.is("Failed")
    }

    fn finished_turned(&self) -> bool {
        self.is_finished() != (self.was("Complete") || self.was("Failed"))
    }

    fn changed(&self, member: &str) -> bool {
        !equal::semantic(self.new.at(&["status", member]), self.old.at(&["status", member]))
    }

    fn spec(&self, member: &str) -> &Value {
        self.new.at(&["spec", member])
    }

    fn is_indexed(&self) -> bool {
        self.spec("completionMode").as_str() == Some("Indexed")
    }
}

/// All failures of a changed status.
pub(super) fn update(new: &Value, old: &Value, errors: &mut Errors) {
    let change = Change { new, old };
    let root = Cursor::root(new);
    let status = root.child("status");
    for name in ["active", "succeeded", "failed", "ready", "terminating"] {
        status.child(name).not_negative(errors);
    }
    uncounted(&status.child("uncountedTerminatedPods"), errors);
    contradictions(&status.child("conditions"), &change, errors);
    completion_time(&status, &change, errors);
    missing_conditions(&status.child("conditions"), &change, errors);
    finished(&status, &change, errors);
    index_lists(&status, &change, errors);
    after_the_end(&status, &change, errors);
    success(&status.child("conditions"), &change, errors);
    steps_back(&status, &change, errors);
}

/// Uids of pods, each once in either list.
fn uncounted(pods: &Cursor, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for list in ["succeeded", "failed"] {
        for uid in pods.child(list).items() {
            if uid.is_empty() {
                uid.bad(errors, "", "must not be empty");
            } else if !seen.insert(uid.str()) {
                uid.duplicate(errors);
            }
        }
    }
}

fn contradictions(conditions: &Cursor, change: &Change, errors: &mut Errors) {
    if (change.turned("Complete") || change.turned("Failed")) && change.is("Complete") && change.is("Failed")
    {
        no_value(conditions, "cannot set Complete=True and Failed=true conditions", errors);
    }
    if (change.turned("Complete") || change.turned("FailureTarget"))
        && change.is("Complete")
        && change.is("FailureTarget")
    {
        no_value(conditions, "cannot set Complete=True and FailureTarget=true conditions", errors);
    }
}

fn completion_time(status: &Cursor, change: &Change, errors: &mut Errors) {
    let (end, start) = (status.child("completionTime"), status.child("startTime"));
    if change.turned("Complete") || change.changed("completionTime") {
        if end.is_set() && !change.is("Complete") {
            end.invalid(errors, "cannot set completionTime when there is no Complete=True condition");
        }
        if !end.is_set() && change.is("Complete") {
            end.required(errors, "completionTime is required for Complete jobs");
        }
    }
    let point = |time: &Cursor| Timestamp::parse(time.str()).ok().map(Timestamp::seconds);
    if (change.changed("startTime") || change.changed("completionTime"))
        && start.is_set()
        && end.is_set()
        && point(&end) < point(&start)
    {
        end.invalid(errors, "must be equal to or after `startTime`");
    }
}

fn missing_conditions(conditions: &Cursor, change: &Change, errors: &mut Errors) {
    if (change.turned("Failed") || change.changed("failedIndexes"))
        && change.is("Failed")
        && !change.is("FailureTarget")
    {
        no_value(
            conditions,
            "cannot set Failed=True condition without the FailureTarget=true condition",
            errors,
        );
    }
    if (change.turned("Complete") || change.turned("SuccessCriteriaMet"))
        && change.is("Complete")
        && !change.is("SuccessCriteriaMet")
    {
        let why = "cannot set Complete=True condition without the SuccessCriteriaMet=true condition";
        no_value(conditions, why, errors);
    }
}

fn finished(status: &Cursor, change: &Change, errors: &mut Errors) {
    if !change.is_finished() {
        return;
    }
    let (active, start, pods) =
        (status.child("active"), status.child("startTime"), status.child("uncountedTerminatedPods"));
    if (change.finished_turned() || change.changed("active")) && active.int() > 0 {
        active.bad(errors, active.int(), "active>0 is invalid for finished job");
    }
    let never_ran =
        change.spec("suspend").as_bool() == Some(true) && change.spec("completions").as_i64() == Some(0);
    if (change.finished_turned() || change.changed("startTime")) && !never_ran && !start.is_set() {
        start.required(errors, "startTime is required for finished job");
    }
    let left = ["failed", "succeeded"].iter().any(|list| !pods.child(list).is_empty());
    if (change.finished_turned() || change.changed("uncountedTerminatedPods")) && left {
        let shown = shown::of_type(pods.value(), "UncountedTerminatedPods");
        pods.bad(errors, shown, "must be empty for finished job");
    }
}

fn index_lists(status: &Cursor, change: &Change, errors: &mut Errors) {
    let (completed, failed) = (status.child("completedIndexes"), status.child("failedIndexes"));
    let completions = change.spec("completions").as_i64();
    let per_index = !change.spec("backoffLimitPerIndex").is_null();
    let (completed_changed, failed_changed) =
        (change.changed("completedIndexes"), change.changed("failedIndexes"));
    let unreadable = |list: &Cursor, name: &str, errors: &mut Errors| {
        let faults = completions.and_then(|completions| indexes::count(list.str(), completions).err());
        if let Some(why) = faults {
            list.bad(errors, list.str(), &format!("error parsing {name}: {why}"));
        }
    };
    if completed_changed {
        unreadable(&completed, "completedIndexes", errors);
    }
    if failed_changed && per_index && failed.is_set() {
        unreadable(&failed, "failedIndexes", errors);
    }
    if completed_changed && !completed.is_empty() && !change.is_indexed() {
        let why = "cannot set non-empty completedIndexes when non-indexed completion mode";
        completed.bad(errors, completed.str(), why);
    }
    if failed_changed && !per_index && failed.is_set() {
        let why = "cannot set non-null failedIndexes when backoffLimitPerIndex is null";
        failed.bad(errors, failed.str(), why);
    }
    if let Some(completions) = completions
        && (failed_changed || completed_changed)
        && let Some(index) = indexes::overlap(completed.str(), failed.str(), completions)
    {
        let why = format!("failedIndexes and completedIndexes overlap at index: {index}");
        failed.bad(errors, failed.str(), &why);
    }
}

fn after_the_end(status: &Cursor, change: &Change, errors: &mut Errors) {
    let (terminating, ready) = (status.child("terminating"), status.child("ready"));
    if (change.finished_turned() || change.changed("terminating"))
        && change.is_finished()
        && terminating.int() > 0
    {
        terminating.bad(errors, terminating.int(), "terminating>0 is invalid for finished job");
    }
    if (change.changed("ready") || change.changed("active")) && ready.int() > status.child("active").int() {
        ready.bad(errors, ready.int(), "cannot set more ready pods than active");
    }
}

fn success(conditions: &Cursor, change: &Change, errors: &mut Errors) {
    let met = change.is("SuccessCriteriaMet");
    if met && change.is("Failed") {
        no_value(conditions, "cannot set SuccessCriteriaMet=True and Failed=true conditions", errors);
    }
    if met && change.is("FailureTarget") {
        no_value(conditions, "cannot set SuccessCriteriaMet=True and FailureTarget=true conditions", errors);
    }
    if !change.spec("successPolicy").is_null() && !met && change.is("Complete") {
        let why = "cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True";
        no_value(conditions, why, errors);
    }
}

/// What has been reached stays.
fn steps_back(status: &Cursor, change: &Change, errors: &mut Errors) {
    let conditions = status.child("conditions");
    for condition in ["Failed", "Complete", "FailureTarget"] {
        if change.was(condition) && !change.is(condition) {
            no_value(&conditions, &format!("cannot disable the terminal {condition}=True condition"), errors);
        }
    }
    let resizable = change.is_indexed() && change.spec("completions") == change.spec("parallelism");
    for (name, holds) in [("failed", true), ("succeeded", !resizable)] {
        let number = status.child(name);
        if holds && number.int() < change.old.at(&["status", name]).as_i64().unwrap_or(0) {
            number.bad(errors, number.int(), &format!("cannot decrease the {name} counter"));
        }
    }
    let (end, start) = (status.child("completionTime"), status.child("startTime"));
    if end.is_set()
        && !change.old.at(&["status", "completionTime"]).is_null()
        && change.changed("completionTime")
    {
        end.invalid(errors, meta::IMMUTABLE);
    }
    let resuming =
        has_condition(change.old, "Suspended", "True") && has_condition(change.new, "Suspended", "False");
    let suspended = change.spec("suspend").as_bool() == Some(true);
    let had_start = !change.old.at(&["status", "startTime"]).is_null();
    if change.changed("startTime") && had_start && !resuming && !suspended {
        start.invalid(errors, "field is immutable for unsuspended job once set");
    }
    if change.was("SuccessCriteriaMet") && !change.is("SuccessCriteriaMet") {
        no_value(&conditions, "cannot disable the SuccessCriteriaMet=True condition", errors);
    }
    if change.was("Complete") && !change.was("SuccessCriteriaMet") && change.is("SuccessCriteriaMet") {
        let why = "cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions";
        no_value(&conditions, why, errors);
    }
}
