//! `policy`: what may be disrupted.

pub(crate) mod disruption_budget;
