//! Several authorizers asked in order; the first that says yes or no decides.
//!
//! Entry points: [`Union::of`], then [`Union::ask`]; [`Union::settle`] for code that asks many questions, and
//! [`Authorizer::authorize`] for those who cannot wait.  [`Mode::parse_list`] is for the flag.

mod settle;

use std::fmt;
use std::sync::Arc;

use api::user::{SYSTEM_MASTERS, UserInfo};

use crate::authorizer::{Attributes, Authorizer, Decision, Rules, Verdict};
use crate::builtin::PrivilegedGroup;
use crate::explain::{AllHeld, Asked, Explanation, Holders};
use crate::remote::Member;

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
    members: Vec<Member>,
}

impl Union {
    /// The privileged group, then these, which answer at once.
    pub fn new(members: impl IntoIterator<Item = Arc<dyn Authorizer>>) -> Self {
        Self::of(members.into_iter().map(Member::Local))
    }

    /// The privileged group, then these.
    pub fn of(members: impl IntoIterator<Item = Member>) -> Self {
        let masters = Member::Local(Arc::new(PrivilegedGroup(SYSTEM_MASTERS)));
        Self { members: std::iter::once(masters).chain(members).collect() }
    }

    /// True when every question is answered at once.
    pub fn is_local(&self) -> bool {
        self.members.iter().all(|member| matches!(member, Member::Local(_)))
    }

    /// May the user do this?  Nothing is allocated for the wait where nobody has to be waited for.
    pub async fn ask(&self, attributes: &Attributes<'_>) -> Verdict {
        let mut said = Said::default();
        for member in &self.members {
            let verdict = match member.at_once(attributes) {
                Ok(verdict) => verdict,
                Err(remote) => remote.authorize(attributes).await,
            };
            if let Some(decided) = said.take(verdict) {
                return decided;
            }
        }
        said.nobody()
    }

    /// The same as [`Union::ask`], explained.
    pub async fn ask_explained(&self, attributes: &Attributes<'_>) -> Explanation {
        let mut said = Said::default();
        let mut members = Vec::with_capacity(self.members.len());
        let mut decided = None;
        for member in &self.members {
            if decided.is_some() {
                members.push(Explanation::unasked(member.name(), Asked::NotReached));
                continue;
            }
            let explanation = match member.at_once(attributes) {
                Ok(_) => member.explain(attributes),
                Err(remote) => Explanation::of(member.name(), remote.authorize(attributes).await),
            };
            decided = said.take(explanation.verdict.clone());
            members.push(explanation);
        }
        let verdict = decided.unwrap_or_else(|| said.nobody());
        Explanation { members, ..Explanation::of(self.name(), verdict) }
    }

    /// Asks one member after the other, in whatever way `ask` does, until one decides.
    fn decide(&self, mut ask: impl FnMut(usize, &Member) -> Verdict) -> Verdict {
        let mut said = Said::default();
        for (at, member) in self.members.iter().enumerate() {
            if let Some(decided) = said.take(ask(at, member)) {
                return decided;
            }
        }
        said.nobody()
    }
}

/// What those who had no opinion said.
#[derive(Default)]
struct Said {
    reasons: Vec<String>,
    errors: Vec<String>,
}

impl Said {
    /// The verdict if it decides; else what it says is kept.
    fn take(&mut self, verdict: Verdict) -> Option<Verdict> {
        if verdict.decision != Decision::NoOpinion {
            return Some(verdict);
        }
        if !verdict.reason.is_empty() {
            self.reasons.push(verdict.reason.to_string());
        }
        self.errors.extend(verdict.error);
        None
    }

    fn nobody(self) -> Verdict {
        Verdict { error: aggregate(self.errors), ..Verdict::no_opinion(self.reasons.join("\n")) }
    }
}

/// Asks only what answers at once.  A member that would have to wait has no opinion here and says so: whoever can wait
/// uses [`Union::ask`] or [`Union::settle`].
impl Authorizer for Union {
    fn authorize(&self, attributes: &Attributes) -> Verdict {
        self.decide(|_, member| member.here(attributes))
    }

    fn name(&self) -> &str {
        "union"
    }

    fn explain(&self, attributes: &Attributes) -> Explanation {
        let mut members = Vec::with_capacity(self.members.len());
        let verdict = self.decide(|_, member| {
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
    use crate::remote::RemoteAuthorizer;

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

    /// Allows one verb, after a while, and counts.
    struct Far(&'static str, std::sync::atomic::AtomicUsize);

    impl RemoteAuthorizer for Far {
        fn name(&self) -> &str {
            "far"
        }
        fn known(&self, attributes: &Attributes) -> Option<Verdict> {
            (attributes.verb == "known").then(|| Verdict::allow(Reason::None))
        }
        fn authorize<'a>(&'a self, attributes: &'a Attributes<'a>) -> crate::VerdictFuture<'a> {
            Box::pin(async move {
                self.1.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                if attributes.verb == self.0 {
                    Verdict::allow(Reason::None)
                } else {
                    Verdict::no_opinion(format!("not {}", attributes.verb))
                }
            })
        }
        fn rules(&self, _: &UserInfo, _: &str) -> Rules {
            Rules { incomplete: true, ..Rules::default() }
        }
    }

    #[test]
    fn code_that_asks_much_need_not_know_who_is_far_away() {
        use futures_util::FutureExt as _;
        let bob = UserInfo::new("bob", ["dev"]);
        let far = Arc::new(Far("watch", 0.into()));
        let list = Arc::new(Fixed(Decision::NoOpinion, "here", None));
        let union = Union::of([Member::Local(list), Member::Remote(far.clone())]);
        let question = |verb| Attributes { user: &bob, verb, target: Target::Path("/") };
        let runs = std::cell::Cell::new(0);
        let settled = union
            .settle(|authorizer| {
                runs.set(runs.get() + 1);
                ["watch", "known", "get", "watch"]
                    .map(|verb| authorizer.authorize(&question(verb)).reason.to_string())
            })
            .now_or_never();
        assert_eq!(settled.unwrap(), ["", "", "here\nnot get", ""]);
        assert_eq!((runs.get(), far.1.load(std::sync::atomic::Ordering::SeqCst)), (3, 2));
        assert!(union.ask(&question("watch")).now_or_never().unwrap().allowed());
        let offline = union.authorize(&question("watch"));
        assert_eq!(offline.error.as_deref(), Some("authorizer `far` cannot be asked from here"));
        assert!(union.authorize(&question("known")).allowed());
        assert!(union.rules(&bob, "a").incomplete);
    }

    #[test]
    fn a_run_without_end_is_ended() {
        use futures_util::FutureExt as _;
        let bob = UserInfo::new("bob", ["dev"]);
        let far = Member::Remote(Arc::new(Far("none", 0.into())));
        let union = Union::of([far]);
        let verbs: Vec<String> = (0..2000).map(|i| format!("v{i}")).collect();
        let settled = union.settle(|authorizer| {
            let ask =
                |verb| authorizer.authorize(&Attributes { user: &bob, verb, target: Target::Path("/") });
            verbs.iter().map(|verb| ask(verb)).find(|verdict| verdict.decision == Decision::Deny)
        });
        let denied = settled.now_or_never().unwrap().unwrap();
        assert_eq!(denied.error.as_deref(), Some("too many questions to authorizers elsewhere"));
    }

    #[test]
    fn modes() {
        assert_eq!(Mode::parse_list("Node,RBAC"), Ok(vec![Mode::Node, Mode::Rbac]));
        assert_eq!(Mode::parse_list(""), Err(ModeError::Empty));
        assert_eq!(Mode::parse_list("rbac"), Err(ModeError::Unknown("rbac".into())));
        assert_eq!(Mode::parse_list("RBAC,RBAC"), Err(ModeError::Repeated(Mode::Rbac)));
    }
}
