//! The authorizers that need to know nothing: always yes, always no, and the privileged group.

use std::sync::Arc;

use api::user::UserInfo;

use crate::authorizer::{Attributes, Authorizer, Reason, Rules, Verdict};
use crate::rbac::Rule;

/// Allows everything.
#[derive(Clone, Copy, Debug)]
pub struct AlwaysAllow;

/// Allows nothing.
#[derive(Clone, Copy, Debug)]
pub struct AlwaysDeny;

/// Allows everything to the members of one group, and says nothing about others.
#[derive(Clone, Copy, Debug)]
pub struct PrivilegedGroup(pub &'static str);

impl Authorizer for AlwaysAllow {
    fn authorize(&self, _: &Attributes) -> Verdict {
        Verdict::allow(Reason::None)
    }

    fn rules(&self, _: &UserInfo, _: &str) -> Rules {
        Rules {
            resource: vec![Arc::new(Rule::resources("*", "*", "*"))],
            non_resource: vec![Arc::new(Rule::urls("*", "*"))],
            ..Rules::default()
        }
    }
}

/// As upstream's it has no opinion rather than a veto, so that the privileged group keeps its rights.
impl Authorizer for AlwaysDeny {
    fn authorize(&self, _: &Attributes) -> Verdict {
        Verdict::no_opinion("Everything is forbidden.")
    }

    fn rules(&self, _: &UserInfo, _: &str) -> Rules {
        Rules::default()
    }
}

impl Authorizer for PrivilegedGroup {
    fn authorize(&self, attributes: &Attributes) -> Verdict {
        if attributes.user.in_group(self.0) { Verdict::allow(Reason::None) } else { Verdict::no_opinion("") }
    }

    /// Nothing: what the group may do is listed by its binding to `cluster-admin`.
    fn rules(&self, _: &UserInfo, _: &str) -> Rules {
        Rules::default()
    }
}
