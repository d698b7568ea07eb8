//! `coordination.k8s.io`: who leads.

pub(crate) mod lease;
