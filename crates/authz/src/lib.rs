//! May you: who may do what, and why.
//!
//! The question is [`Attributes`], the answer a [`Verdict`]; every way of deciding is an [`Authorizer`], and a
//! [`Union`] asks them in the order of `--authorization-mode`.  Everything here is pure: no I/O, no clock.

pub mod abac;
pub mod access;
mod authorizer;
pub mod bootstrap;
mod builtin;
pub mod explain;
mod forbidden;
mod impersonate;
pub mod node;
pub mod rbac;
pub mod review;
mod spec;
mod union;

pub use authorizer::{
    Attributes, Authorizer, Decision, Reason, ResourceTarget, Rules, Selectors, Target, Verdict,
};
pub use builtin::{AlwaysAllow, AlwaysDeny, PrivilegedGroup, Unavailable};
pub use forbidden::{forbidden, forbidden_message};
pub use impersonate::{Impersonated, impersonate};
pub use spec::review_spec;
pub use union::{Mode, Union};
