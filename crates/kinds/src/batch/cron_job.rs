//! Cron jobs.

use api::Value;

use super::job;
use crate::core::pod_spec::{defaults, prepare::drop_disabled};
use crate::kind::{Kind, default_member, default_text};

/// The kind `CronJob`.
pub(crate) static CRON_JOB: Kind = Kind {
    default,
    prepare_create: |object, _| drop_disabled(object, None, &POD_SPEC),
    prepare_update: |new, old, _| drop_disabled(new, Some(old), &POD_SPEC),
    orphans: |version| version == "v1beta1",
    ..Kind::WITH_STATUS
};

/// Where the spec of the pods is.
const POD_SPEC: [&str; 5] = ["spec", "jobTemplate", "spec", "template", "spec"];

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
