//! What policies together say of traffic that some of their rules fit.

use evidence::Object;

use super::policy::{Action, Direction, Policy, Rule, RuleName};

/// Whether traffic passes, and because of what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Verdict<'a> {
    pub allowed: bool,
    /// `None` when nothing is in the way.
    pub because: Option<Because<'a>>,
}

/// The policy that decided, and its rule: without one it denies whatever it does not name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Because<'a> {
    pub policy: &'a Object,
    pub rule: Option<RuleName>,
}

/// The first rule that fits; when none does, what the tier does otherwise as soon as one of its policies isolates.
pub(super) fn first<'r, 'a: 'r>(
    policies: impl Iterator<Item = &'r Policy<'a>> + Clone,
    direction: Direction,
    fits: impl Fn(&Rule) -> bool,
) -> Option<Verdict<'r>> {
    let mut rules =
        policies.clone().flat_map(|policy| policy.side(direction).rules.iter().map(move |r| (policy, r)));
    let Some((policy, rule)) = rules.find(|(_, rule)| fits(rule)) else {
        let mut isolating = policies.filter(|policy| policy.side(direction).isolates);
        let policy = isolating.next().filter(|policy| policy.tier.otherwise == Action::Deny)?;
        return Some(Verdict {
            allowed: false,
            because: Some(Because { policy: policy.object, rule: None }),
        });
    };
    let because = Some(Because { policy: policy.object, rule: Some(rule.name) });
    match rule.action {
        Action::Allow => Some(Verdict { allowed: true, because }),
        Action::Deny => Some(Verdict { allowed: false, because }),
        Action::Pass => None,
    }
}

/// Whatever one of them allows, unless one denies it; `None` when none of them isolates.
pub(super) fn together<'r, 'a: 'r>(
    policies: impl Iterator<Item = &'r Policy<'a>>,
    direction: Direction,
    fits: impl Fn(&Rule) -> bool,
) -> Option<Verdict<'r>> {
    let (mut isolating, mut allowing) = (None, None);
    for policy in policies {
        let side = policy.side(direction);
        if side.isolates && isolating.is_none() {
            isolating = Some(Because { policy: policy.object, rule: None });
        }
        for rule in &side.rules {
            let is_new = rule.action == Action::Deny || allowing.is_none();
            if !is_new || !fits(rule) {
                continue;
            }
            let because = Because { policy: policy.object, rule: Some(rule.name) };
            if rule.action == Action::Deny {
                return Some(Verdict { allowed: false, because: Some(because) });
            }
            allowing = Some(because);
        }
    }
    isolating?;
    Some(Verdict { allowed: allowing.is_some(), because: allowing.or(isolating) })
}
