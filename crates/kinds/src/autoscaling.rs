//! `autoscaling`: replica counts that follow a metric.

pub(crate) mod convert;
pub(crate) mod horizontal;
mod metrics;
mod validate;
