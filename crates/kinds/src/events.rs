//! `events.k8s.io`: the newer face of events.

pub(crate) mod convert;
pub(crate) mod event;
