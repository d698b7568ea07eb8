//! Group `batch`: workloads that run to an end.

pub(crate) mod cron_job;
pub(crate) mod job;
