//! The authorizers that need to know nothing: always yes, always no, and the privileged group.

use std::sync::Arc;

use api::Str;
use api::user::{AUTHENTICATED, UNAUTHENTICATED, UserInfo};

use crate::authorizer::{Attributes, Authorizer, Reason, Rules, Verdict};
use crate::explain::{AllHeld, Asked, Explanation, Held, Holder, Holders};
use crate::rbac::Rule;
use crate::union::Mode;

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

    fn name(&self) -> &str {
        Mode::AlwaysAllow.name()
    }

    fn explain(&self, attributes: &Attributes) -> Explanation {
        Explanation::of(self.name(), self.authorize(attributes)).note("It allows everything to everybody.")
    }

    fn holders(&self, _: &Attributes) -> Holders {
        let everybody = [AUTHENTICATED, UNAUTHENTICATED];
        let list =
            everybody.map(|group| Holder::group(self.name(), group, "everything is allowed to everybody"));
        Holders { list: list.into(), notes: Vec::new() }
    }

    fn held(&self, _: &UserInfo) -> AllHeld {
        AllHeld { list: everything(self.name(), "everything is allowed to everybody"), notes: Vec::new() }
    }
}

/// Every verb on every resource and path.
fn everything(authorizer: &str, source: &str) -> Vec<Held> {
    let rules = [Rule::resources("*", "*", "*"), Rule::urls("*", "*")];
    let held = rules.into_iter().enumerate().map(|(position, rule)| Held {
        authorizer: authorizer.to_owned(),
        namespace: Str::default(),
        binding: None,
        role: None,
        rule: Some((position, Arc::new(rule))),
        is_missing: false,
        source: source.to_owned(),
    });
    held.collect()
}

/// Stands for an authorizer that cannot be asked from here, such as a webhook where there is no network.
#[derive(Clone, Debug)]
pub struct Unavailable(pub String);

impl Authorizer for Unavailable {
    fn authorize(&self, _: &Attributes) -> Verdict {
        Verdict::no_opinion("")
    }

    fn rules(&self, _: &UserInfo, _: &str) -> Rules {
        Rules { incomplete: true, ..Rules::default() }
    }

    fn name(&self) -> &str {
        &self.0
    }

    fn explain(&self, _: &Attributes) -> Explanation {
        Explanation::unasked(self.name(), Asked::Unavailable)
    }

    fn holders(&self, _: &Attributes) -> Holders {
        Holders::unknown(format!("{} was not asked", self.0))
    }

    fn held(&self, _: &UserInfo) -> AllHeld {
        AllHeld { list: Vec::new(), notes: vec![format!("{} was not asked", self.0)] }
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

    fn name(&self) -> &str {
        Mode::AlwaysDeny.name()
    }

    fn holders(&self, _: &Attributes) -> Holders {
        Holders::default()
    }

    fn held(&self, _: &UserInfo) -> AllHeld {
        AllHeld::default()
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

    fn name(&self) -> &str {
        self.0
    }

    fn explain(&self, attributes: &Attributes) -> Explanation {
        let explanation = Explanation::of(self.name(), self.authorize(attributes));
        if explanation.allowed() {
            return explanation.note(format!(
                "Members of the group {} may do everything; nothing can take it away.",
                self.0
            ));
        }
        explanation
    }

    fn holders(&self, _: &Attributes) -> Holders {
        let member = Holder::group(self.name(), self.0, "its members may do everything");
        Holders { list: vec![member], notes: Vec::new() }
    }

    fn held(&self, user: &UserInfo) -> AllHeld {
        let list =
            if user.in_group(self.0) { everything(self.name(), "member of the group") } else { Vec::new() };
        AllHeld { list, notes: Vec::new() }
    }
}
