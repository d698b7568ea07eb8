//! Cron jobs.

mod schedule;

use api::Value;
use api::field::Errors;

use super::job;
use crate::core::pod_spec::{defaults, prepare::drop_disabled};
use crate::kind::{Kind, default_member, default_text};
use crate::{Context, Cursor, workload};

/// The kind `CronJob`.
pub(crate) static CRON_JOB: Kind = Kind {
    subresource_checks: &[],
    default,
    prepare_create: |object, _| drop_disabled(object, None, &POD_SPEC),
    prepare_update: |new, old, _| drop_disabled(new, Some(old), &POD_SPEC),
    validate: |object, cx, errors| {
        validate(object, None, cx, errors);
        name_length(object, errors);
    },
    validate_update: |new, old, cx, errors| {
        if cx.subresource.is_empty() {
            validate(new, Some(old), cx, errors);
        }
    },
    warnings,
    orphans: |version| version == "v1beta1",
    ..Kind::WITH_STATUS
};

/// Where the spec of the pods is.
const POD_SPEC: [&str; 5] = ["spec", "jobTemplate", "spec", "template", "spec"];

/// Longest name, in bytes: a job's name has 11 bytes more.
const NAME_MAX: usize = 52;

fn default(object: &mut Value, _version: &str) {
    let job = object.object_at_mut(&["spec", "jobTemplate", "spec"]);
    defaults::pod_template(job.entry("template"));
    job::pod_conditions(object, &["spec", "jobTemplate", "spec"]);
    let spec = object.object_at_mut(&["spec"]);
    default_text(spec, "concurrencyPolicy", "Allow");
    default_member(spec, "suspend", false);
    default_member(spec, "successfulJobsHistoryLimit", 3);
    default_member(spec, "failedJobsHistoryLimit", 1);
}

fn name_length(object: &Value, errors: &mut Errors) {
    let root = Cursor::root(object);
    let metadata = root.child("metadata");
    let name = metadata.child("name");
    if name.str().len() > NAME_MAX {
        name.bad(errors, name.str(), &format!("must be no more than {NAME_MAX} characters"));
    }
}

fn validate(object: &Value, old: Option<&Value>, cx: &Context, errors: &mut Errors) {
    let options = workload::options(old.map(|old| old.at(&["spec", "jobTemplate", "spec", "template"])), cx);
    let root = Cursor::root(object);
    let spec = root.child("spec");
    let when = spec.child("schedule");
    if when.is_empty() {
        when.required(errors, "");
    } else {
        let had_zone = old.is_some_and(|old| old.str_at(&["spec", "schedule"]).contains("TZ"));
        schedule::check(&when, had_zone, spec.has("timeZone"), errors);
    }
    spec.child("startingDeadlineSeconds").not_negative(errors);
    let zone = spec.child("timeZone");
    if zone.is_set() && old.is_none_or(|old| old.at(&["spec", "timeZone"]) != zone.value()) {
        schedule::zone(&zone, errors);
    }
    let policy = spec.child("concurrencyPolicy");
    if policy.is_empty() {
        policy.required(errors, "");
    } else {
        policy.one_of(errors, &["Allow", "Forbid", "Replace"]);
    }
    let template = spec.child("jobTemplate");
    let job = template.child("spec");
    job::check_spec(&job, &options, errors);
    if job.has("selector") {
        job.child("selector").invalid(errors, "`selector` will be auto-generated");
    }
    if job.flag("manualSelector") {
        errors.not_supported(&job.child("manualSelector").path(), &true.into(), &["nil", "false"]);
    }
    spec.child("successfulJobsHistoryLimit").not_negative(errors);
    spec.child("failedJobsHistoryLimit").not_negative(errors);
}

fn warnings(object: &Value, old: Option<&Value>, cx: &Context) -> Vec<String> {
    let spec = Cursor::at("spec.jobTemplate.spec", object.at(&["spec", "jobTemplate", "spec"]));
    let Some(old) = old else {
        let name = workload::host_name_warning("Pod names and hostnames", object);
        return name.into_iter().chain(job::spec_warnings(&spec)).collect();
    };
    let mut texts = Vec::new();
    if cx.subresource == "status" {
        return texts;
    }
    if workload::is_new_generation(object, old, cx) {
        texts.extend(job::spec_warnings(&spec));
    }
    if object.str_at(&["spec", "schedule"]).contains("TZ") {
        let page = "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/";
        texts.push(format!(
            "cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see {page} for more details"
        ));
    }
    texts
}
