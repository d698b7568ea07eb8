//! Several authorizers asked in order; the first that says yes or no decides.
//!
//! Entry points: [`Mode::parse_list`] for the flag, [`Union::new`].

use std::fmt;
use std::sync::Arc;

use api::user::{SYSTEM_MASTERS, UserInfo};

use crate::authorizer::{Attributes, Authorizer, Decision, Rules, Verdict};
use crate::builtin::PrivilegedGroup;
use crate::explain::{AllHeld, Asked, Explanation, Holders};

/// An entry of `--authorization-mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Every request is allowed.
    AlwaysAllow,
    /// Every request is denied.
    AlwaysDeny,
    /// Attribute-based policy file.
    Abac,
    /// A remote service is asked.
    Webhook,
    /// Roles and bindings.
    Rbac,
    /// What a kubelet may do follows from the pods on its node.
    Node,
    /// Rules that deny and allow under conditions; a mode of ours.
    AccessRules,
}

/// A list of modes that does not make sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModeError {
    /// The list is empty.
    Empty,
    /// There is no such mode.
    Unknown(String),
    /// A mode stands there twice.
    Repeated(Mode),
}

impl Mode {
    /// Every mode, in upstream's order, then ours.
    pub const ALL: [Mode; 7] = [
        Mode::AlwaysAllow,
        Mode::AlwaysDeny,
        Mode::Abac,
        Mode::Webhook,
        Mode::Rbac,
        Mode::Node,
        Mode::AccessRules,
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::AlwaysAllow => "AlwaysAllow",
            Self::AlwaysDeny => "AlwaysDeny",
            Self::Abac => "ABAC",
            Self::Webhook => "Webhook",
            Self::Rbac => "RBAC",
            Self::Node => "Node",
            Self::AccessRules => "AccessRules",
        }
    }

    /// Reads a comma-separated list; order counts, every mode at most once.
    pub fn parse_list(text: &str) -> Result<Vec<Mode>, ModeError> {
        let mut modes = Vec::new();
        for name in text.split(',').filter(|s| !s.is_empty()) {
            let mode = Self::ALL.into_iter().find(|m| m.name() == name);
            let mode = mode.ok_or_else(|| ModeError::Unknown(name.to_owned()))?;
            if modes.contains(&mode) {
                return Err(ModeError::Repeated(mode));
            }
            modes.push(mode);
        }
        if modes.is_empty() { Err(ModeError::Empty) } else { Ok(modes) }
    }
}

/// Authorizers in the order they are asked; `system:masters` always comes first.
#[derive(Clone)]
pub struct Union {
    members: Vec<Arc<dyn Authorizer>>,
}

impl Union {
    /// The privileged group, then these.
    pub fn new(members: impl IntoIterator<Item = Arc<dyn Authorizer>>) -> Self {
        let masters: Arc<dyn Authorizer> = Arc::new(PrivilegedGroup(SYSTEM_MASTERS));
        Self { members: std::iter::once(masters).chain(members).collect() }
    }
}

impl Authorizer for Union {
    fn authorize(&self, attributes: &Attributes) -> Verdict {
        self.decide(|member| member.authorize(attributes))
    }

    fn name(&self) -> &str {
        "union"
    }

    fn explain(&self, attributes: &Attributes) -> Explanation {
        let mut members = Vec::with_capacity(self.members.len());
        let verdict = self.decide(|member| {
            let explanation = member.explain(attributes);
            let verdict = explanation.verdict.clone();
            members.push(explanation);
            verdict
        });
        let rest = self.members.iter().skip(members.len());
        members.extend(rest.map(|member| Explanation::unasked(member.name(), Asked::NotReached)));
        Explanation { members, ..Explanation::of(self.name(), verdict) }
    }

    fn holders(&self, attributes: &Attributes) -> Holders {
        let mut all = Holders::default();
        self.members.iter().for_each(|member| all.extend(member.holders(attributes)));
        all
    }

    fn held(&self, user: &UserInfo) -> AllHeld {
        let mut all = AllHeld::default();
        self.members.iter().for_each(|member| all.extend(member.held(user)));
        all
    }

    fn rules(&self, user: &UserInfo, namespace: &str) -> Rules {
        let mut all = Rules::default();
        for member in &self.members {
            let rules = member.rules(user, namespace);
            all.resource.extend(rules.resource);
            all.non_resource.extend(rules.non_resource);
            all.incomplete |= rules.incomplete;
            all.errors.extend(aggregate(rules.errors));
        }
        all
    }
}

impl Union {
    /// Asks one member after the other, in whatever way `ask` does, until one decides.
    fn decide(&self, mut ask: impl FnMut(&dyn Authorizer) -> Verdict) -> Verdict {
        let mut reasons = Vec::new();
        let mut errors = Vec::new();
        for member in &self.members {
            let verdict = ask(member.as_ref());
            if verdict.decision != Decision::NoOpinion {
                return verdict;
            }
            if !verdict.reason.is_empty() {
                reasons.push(verdict.reason.to_string());
            }
            errors.extend(verdict.error);
        }
        Verdict { error: aggregate(errors), ..Verdict::no_opinion(reasons.join("\n")) }
    }
}

/// Several errors as upstream's aggregate prints them: one as it is, more in brackets, each text once.
pub(crate) fn aggregate(errors: Vec<String>) -> Option<String> {
    let mut seen: Vec<String> = Vec::new();
    for error in errors {
        if !seen.contains(&error) {
            seen.push(error);
        }
    }
    match seen.as_slice() {
        [] => None,
        [one] => Some(one.clone()),
        many => Some(format!("[{}]", many.join(", "))),
    }
}

impl fmt::Display for ModeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("at least one authorization mode must be passed"),
            Self::Unknown(name) => {
                let known = Mode::ALL.map(Mode::name).join(", ");
                write!(f, "authorization mode `{name}` is not known; the modes are {known}")
            }
            Self::Repeated(mode) => write!(f, "authorization mode `{}` is given more than once", mode.name()),
        }
    }
}

impl std::error::Error for ModeError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authorizer::{Reason, Target};
    use crate::builtin::{AlwaysAllow, AlwaysDeny};

    struct Fixed(Decision, &'static str, Option<&'static str>);

    impl Authorizer for Fixed {
        fn authorize(&self, _: &Attributes) -> Verdict {
            Verdict { decision: self.0, reason: Reason::text(self.1), error: self.2.map(str::to_owned) }
        }
        fn rules(&self, _: &UserInfo, _: &str) -> Rules {
            Rules { errors: self.2.map(str::to_owned).into_iter().collect(), ..Rules::default() }
        }
    }

    fn ask(user: &UserInfo, members: Vec<Arc<dyn Authorizer>>) -> (Decision, String, Option<String>) {
        let v = Union::new(members).authorize(&Attributes { user, verb: "get", target: Target::Path("/") });
        (v.decision, v.reason.to_string(), v.error)
    }

    #[test]
    fn first_opinion_wins() {
        let bob = UserInfo::new("bob", ["dev"]);
        let quiet = || Arc::new(Fixed(Decision::NoOpinion, "a", Some("e"))) as Arc<dyn Authorizer>;
        let (d, r, e) =
            ask(&bob, vec![quiet(), Arc::new(Fixed(Decision::Deny, "b", None)), Arc::new(AlwaysAllow)]);
        assert_eq!((d, r.as_str(), e), (Decision::Deny, "b", None));
        let (d, r, e) = ask(&bob, vec![quiet(), Arc::new(AlwaysDeny), quiet()]);
        assert_eq!(
            (d, r.as_str(), e.as_deref()),
            (Decision::NoOpinion, "a\nEverything is forbidden.\na", Some("e"))
        );
    }

    #[test]
    fn masters_always_pass() {
        let root = UserInfo::new("root", [SYSTEM_MASTERS]);
        let (d, r, _) = ask(&root, vec![Arc::new(Fixed(Decision::Deny, "b", None))]);
        assert_eq!((d, r.as_str()), (Decision::Allow, ""));
    }

    #[test]
    fn modes() {
        assert_eq!(Mode::parse_list("Node,RBAC"), Ok(vec![Mode::Node, Mode::Rbac]));
        assert_eq!(Mode::parse_list(""), Err(ModeError::Empty));
        assert_eq!(Mode::parse_list("rbac"), Err(ModeError::Unknown("rbac".into())));
        assert_eq!(Mode::parse_list("RBAC,RBAC"), Err(ModeError::Repeated(Mode::Rbac)));
    }
}
