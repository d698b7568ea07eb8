//! May you: who may do what, and why.
//!
//! The question is [`Attributes`], the answer a [`Verdict`]; every way of deciding is an [`Authorizer`], or a
//! [`RemoteAuthorizer`] when somebody elsewhere has to be asked, and a [`Union`] asks them in the order of a
//! [`configuration`] or of `--authorization-mode`.  Everything here is pure: no I/O, no clock.

pub mod abac;
pub mod access;
mod authorizer;
pub mod bootstrap;
mod builtin;
pub mod configuration;
pub mod explain;
mod forbidden;
mod impersonate;
pub mod node;
pub mod rbac;
mod remote;
pub mod review;
mod spec;
mod union;
pub mod webhook;

pub use authorizer::{
    Attributes, Authorizer, Decision, Reason, ResourceTarget, Rules, Selectors, Target, Verdict,
};
pub use builtin::{AlwaysAllow, AlwaysDeny, PrivilegedGroup, Unavailable};
pub use forbidden::{forbidden, forbidden_message};
pub use impersonate::{Impersonated, LastModes, impersonate};
pub use remote::{Member, RemoteAuthorizer, VerdictFuture};
pub use spec::review_spec;
pub use union::{Mode, Union};
