//! Access rules: deny and allow under conditions, for a time, before or beside the modes that can only add rights.
//!
//! Entry points: [`file::parse`] for a file of rules, [`AccessRule::compile`] for one object of the kind `AccessRule`,
//! [`AccessRules`] for the authorizer.
//!
//! Of the rules that hold for a request the strongest effect decides: deny before no opinion before allow; where none
//! holds there is no opinion.  That, and that a rule whose condition cannot be evaluated counts as holding unless it
//! allows, is how KEP-5681 puts sets of conditions together; so a rule whose condition needs the object of a write can
//! later be handed on to admission as a condition of such a set, with its effect.

mod explain;
mod facts;
pub mod file;
mod index;
mod matching;
mod rule;
mod source;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use api::Value;
use api::field::{Errors, go_quote};
use api::time::Timestamp;
use api::user::UserInfo;
use arc_swap::ArcSwap;

use crate::authorizer::{Attributes, Authorizer, Decision, Reason, Rules, Verdict};
use crate::explain::{AllHeld, Explanation, Holders};
use crate::union::Mode;

pub use index::{Outcome, RuleSet};
pub use matching::MatchRule;
pub use rule::{AccessRule, Condition, Effect};
pub use source::Source;

/// API group of the objects.
pub const GROUP: &str = "authz.sumun.io";
/// Version of the objects.
pub const VERSION: &str = "v1alpha1";
/// Plural resource name of the objects.
pub const RESOURCE: &str = "accessrules";
/// Their kind.
pub const KIND: &str = "AccessRule";

/// Tells the time; this crate has no clock of its own.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The authorizer of type `AccessRules`: the rules of a file, or objects, of which it is told as they change.
///
/// INVARIANT: `current` holds what is in `rules`.
pub struct AccessRules {
    clock: Clock,
    current: ArcSwap<RuleSet>,
    rules: Mutex<BTreeMap<String, Arc<AccessRule>>>,
}

impl fmt::Debug for AccessRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessRules").field("current", &self.current).finish_non_exhaustive()
    }
}

impl AccessRules {
    /// Has no rule, and so no opinion.
    pub fn new(clock: Clock) -> Self {
        Self { clock, current: ArcSwap::default(), rules: Mutex::default() }
    }

    /// Answers by these rules and no others from now on.
    pub fn replace(&self, rules: impl IntoIterator<Item = AccessRule>) {
        self.change(|held| *held = rules.into_iter().map(|r| (r.name.to_string(), Arc::new(r))).collect());
    }

    /// Takes in objects that were created or changed.
    ///
    /// # Errors
    /// What is wrong with an object, by its name; what it said before stays in force.
    pub fn upsert<'a>(&self, objects: impl IntoIterator<Item = &'a Value>) -> Vec<(String, Errors)> {
        let (mut good, mut bad) = (Vec::new(), Vec::new());
        for object in objects {
            match AccessRule::compile(object) {
                Ok(rule) => good.push(rule),
                Err(errors) => bad.push((object.str_at(&["metadata", "name"]).to_owned(), errors)),
            }
        }
        self.change(|held| held.extend(good.into_iter().map(|r| (r.name.to_string(), Arc::new(r)))));
        bad
    }

    /// Forgets rules.
    pub fn remove<'a>(&self, names: impl IntoIterator<Item = &'a str>) {
        self.change(|held| {
            for name in names {
                held.remove(name);
            }
        });
    }

    /// The rules of this moment.
    pub fn rule_set(&self) -> Arc<RuleSet> {
        self.current.load_full()
    }

    /// What time it is for the rules.
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    fn change(&self, change: impl FnOnce(&mut BTreeMap<String, Arc<AccessRule>>)) {
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut rules);
        self.current.store(Arc::new(RuleSet::new(rules.values().map(Arc::clone))));
    }
}

impl Authorizer for AccessRules {
    fn authorize(&self, attributes: &Attributes) -> Verdict {
        let rules = self.current.load();
        if rules.is_empty() {
            return Verdict::no_opinion("");
        }
        rules.decide(attributes, self.now()).verdict()
    }

    /// The rules that allow something without a condition.  Incomplete as soon as another concerns the user.
    fn rules(&self, user: &UserInfo, namespace: &str) -> Rules {
        let mut rules = Rules::default();
        let (set, now) = (self.current.load(), self.now());
        for rule in set.rules().iter().filter(|r| r.is_for(user) && r.is_current(now)) {
            if rule.effect == Effect::Allow && rule.conditions.is_empty() {
                let listed = rule.listed(namespace);
                rules.resource.extend(listed.0.map(Arc::new));
                rules.non_resource.extend(listed.1.map(Arc::new));
            } else {
                rules.incomplete = true;
            }
        }
        rules
    }

    fn name(&self) -> &str {
        Mode::AccessRules.name()
    }

    fn explain(&self, attributes: &Attributes) -> Explanation {
        let (set, now) = (self.current.load(), self.now());
        let mut explanation = Explanation::of(self.name(), set.decide(attributes, now).verdict());
        explain::misses(&set, attributes, now, &mut explanation);
        explanation
    }

    fn holders(&self, attributes: &Attributes) -> Holders {
        explain::holders(&self.current.load(), attributes, self.now(), self.name())
    }

    fn held(&self, user: &UserInfo) -> AllHeld {
        explain::held(&self.current.load(), user, self.now(), self.name())
    }
}

impl Outcome {
    /// As an authorizer answers.
    pub fn verdict(&self) -> Verdict {
        let decision = match self.rule.as_ref().map(|r| r.effect) {
            Some(Effect::Allow) => Decision::Allow,
            Some(Effect::Deny) => Decision::Deny,
            Some(Effect::NoOpinion) | None => Decision::NoOpinion,
        };
        Verdict { decision, reason: Reason::text(self.reason()), error: None }
    }

    /// Which rule decided and why, or which rules would have allowed but could not be evaluated.
    fn reason(&self) -> String {
        let Some(rule) = &self.rule else {
            let failed = |(rule, why): &(Arc<AccessRule>, String)| {
                format!("access rule {} does not allow: {why}", go_quote(&rule.name))
            };
            return self.failures.iter().map(failed).collect::<Vec<_>>().join("; ");
        };
        let verb = match rule.effect {
            Effect::Allow => "allowed",
            Effect::Deny => "denied",
            Effect::NoOpinion => return String::new(),
        };
        let because = self.failures.iter().find(|(r, _)| r.name == rule.name).map(|(_, why)| why.as_str());
        let mut text = format!("{verb} by access rule {}", go_quote(&rule.name));
        for part in [rule.reason.as_str(), because.unwrap_or("")].into_iter().filter(|p| !p.is_empty()) {
            text.push_str(": ");
            text.push_str(part);
        }
        text
    }
}

#[cfg(test)]
mod tests;
