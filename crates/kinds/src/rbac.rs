//! `rbac.authorization.k8s.io`: who may do what.

pub(crate) mod bindings;
pub(crate) mod roles;

/// The API group of this folder.
pub(crate) const GROUP: &str = "rbac.authorization.k8s.io";
