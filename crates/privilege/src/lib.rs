//! What rights are needed, and where rights lead.
//!
//! Entry points: [`least`] turns an audit log into the smallest sensible policy and proves it; [`escalation`] finds who
//! can become cluster-admin.  Both judge with the authorizer the server runs, over a [`Policy`] that remembers where
//! each object was found.

pub mod escalation;
pub mod least;
mod policy;

pub use policy::{BindingEntry, Policy, RBAC_KINDS, RoleEntry};
