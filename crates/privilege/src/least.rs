//! The smallest sensible roles and bindings for what an audit log shows.
//!
//! The way: [`Observed`] takes events and keeps distinct questions; [`plan`] turns them into a [`Plan`] of roles and
//! bindings; [`prove`] asks every question again against the plan; [`compare`] says what present grants have that
//! nobody used.

mod compare;
mod grants;
mod names;
mod observed;
mod plan;
mod proof;
mod questions;
mod report;

pub use compare::{BindingUse, Comparison, RuleUse, compare};
pub use observed::{Aside, Kept, Observed};
pub use plan::{Grantee, Plan, PlannedBinding, PlannedRole, plan};
pub use proof::{Excess, Proof, Why, prove};
pub use questions::{Ask, Question, Subject, SubjectClass};
pub use report::Report;

/// How a plan is made.
#[derive(Clone, Debug)]
pub struct Options {
    /// Nothing but what was seen: every name is pinned, verbs are not grouped.
    pub exact: bool,
    /// Objects are named in a rule when a subject asked for no more than so many different ones; 0 for never.
    pub most_names: usize,
    /// Rules that a subject needs in so many namespaces are granted in the whole cluster; `None` for never.
    pub cluster_wide_from: Option<usize>,
    /// Users are represented by the group that most of them share.
    pub by_group: bool,
    /// What the bindings of every cluster already allow is left out.
    pub use_defaults: bool,
    /// What the names of roles and bindings begin with.
    pub prefix: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            exact: false,
            most_names: 3,
            cluster_wide_from: None,
            by_group: false,
            use_defaults: true,
            prefix: "least:".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
