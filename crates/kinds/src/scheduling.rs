//! `scheduling.k8s.io`: what goes first.

pub(crate) mod priority_class;
