//! `autoscaling`: replica counts that follow a metric.

pub(crate) mod horizontal;
