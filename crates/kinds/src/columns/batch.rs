//! Jobs and cron jobs.

use api::Value;

use super::format::{
    age, condition_true, containers, deleting, human_duration, int, name, pointer_or, seconds_of, selector,
    since,
};
use super::sheet::{AGE, CONTAINERS, IMAGES, NAME, Sheet, boolean, field, integer, string, text, wide};

/// The sheet of a kind of this file.
pub fn sheet(kind: &str) -> Option<&'static Sheet> {
    match kind {
        "CronJob" => Some(&CRON_JOB),
        "Job" => Some(&JOB),
        _ => None,
    }
}

macro_rules! batch {
    ($name:literal) => {
        concat!("io.k8s.api.batch.v1.", $name)
    };
}

static JOB: Sheet = Sheet {
    columns: &[
        NAME,
        string("Status", text("Where the job stands.")),
        string("Completions", field(batch!("JobStatus"), "succeeded")),
        string("Duration", text("How long the job ran, or has been running.")),
        AGE,
        CONTAINERS,
        IMAGES,
        wide("Selector", field(batch!("JobSpec"), "selector")),
    ],
    cells: |o, now| {
        let [names, images] = containers(o.at(&["spec", "template", "spec"]));
        vec![
            name(o),
            job_status(o).into(),
            completions(o).into(),
            running_time(o, now).into(),
            age(o, now),
            names,
            images,
            selector(o.at(&["spec", "selector"])).into(),
        ]
    },
    ..Sheet::BARE
};

/// The conditions that make a job's status, the most final first; deletion comes between the two halves.
const ENDED: [&str; 2] = ["Complete", "Failed"];
const UNDER_WAY: [&str; 3] = ["Suspended", "FailureTarget", "SuccessCriteriaMet"];

fn job_status(o: &Value) -> &'static str {
    let holds = |ty: &&&'static str| condition_true(o, ty);
    let deletion = deleting(o).then_some(&"Terminating");
    ENDED.iter().find(holds).or(deletion).or_else(|| UNDER_WAY.iter().find(holds)).unwrap_or(&"Running")
}

fn completions(o: &Value) -> String {
    let succeeded = int(o, &["status", "succeeded"]);
    match (o.at(&["spec", "completions"]).as_i64(), int(o, &["spec", "parallelism"])) {
        (Some(wanted), _) => format!("{succeeded}/{wanted}"),
        (None, parallelism) if parallelism > 1 => format!("{succeeded}/1 of {parallelism}"),
        (None, _) => format!("{succeeded}/1"),
    }
}

fn running_time(o: &Value, now: i64) -> String {
    let Some(start) = seconds_of(o.at(&["status", "startTime"])) else { return String::new() };
    let end = seconds_of(o.at(&["status", "completionTime"])).unwrap_or(now);
    human_duration(end.saturating_sub(start))
}

static CRON_JOB: Sheet = Sheet {
    columns: &[
        NAME,
        string("Schedule", field(batch!("CronJobSpec"), "schedule")),
        string("Timezone", field(batch!("CronJobSpec"), "timeZone")),
        boolean("Suspend", field(batch!("CronJobSpec"), "suspend")),
        integer("Active", field(batch!("CronJobStatus"), "active")),
        string("Last Schedule", field(batch!("CronJobStatus"), "lastScheduleTime")),
        AGE,
        CONTAINERS,
        IMAGES,
        wide("Selector", field(batch!("JobSpec"), "selector")),
    ],
    cells: |o, now| {
        let job = o.at(&["spec", "jobTemplate", "spec"]);
        let [names, images] = containers(job.at(&["template", "spec"]));
        vec![
            name(o),
            o.str_at(&["spec", "schedule"]).into(),
            pointer_or(o, &["spec", "timeZone"], "<none>").into(),
            suspended(o).into(),
            super::count(o, &["status", "active"]),
            last_schedule(o, now).into(),
            age(o, now),
            names,
            images,
            selector(job.at(&["selector"])).into(),
        ]
    },
    ..Sheet::BARE
};

fn suspended(o: &Value) -> &'static str {
    match o.at(&["spec", "suspend"]).as_bool() {
        Some(true) => "True",
        Some(false) => "False",
        None => "<unset>",
    }
}

fn last_schedule(o: &Value, now: i64) -> String {
    let time = o.at(&["status", "lastScheduleTime"]);
    if time.is_null() { "<none>".to_owned() } else { since(time, now) }
}
